"""The command line: what it prints, where, and its exit codes."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from importcut.app import run as report
from importcut.app.cli import app
from importcut.schema import DataError, RunError, UsageError


@pytest.fixture
def made(monkeypatch, tmp_path):
    """`make_report` stood in for: what it was asked, and a finished report."""
    asked = {}

    def make_report(dataset, **options):
        asked.update(options, dataset=dataset)
        options["progress"]("en/report.html", 1, 1)
        return report.Report(tmp_path / "sample" / "2026Q3", "A cut the most.", ("en/report.html",), ())

    monkeypatch.setattr(report, "make_report", make_report)
    monkeypatch.chdir(tmp_path)
    return asked


def call(*words):
    return CliRunner().invoke(app, words)


def run(*words, **variables):
    """The command as a process of its own."""
    command = [sys.executable, "-c", "from importcut.app.cli import main; main()", *words]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ | variables, timeout=60)


def test_a_report_ends_with_where_it_lies_and_its_headline(made):
    done = call("report")
    page = Path("sample", "2026Q3", "en", "report.html")
    assert (done.exit_code, done.stdout) == (0, f"Report: {page}\nA cut the most.\n")
    assert done.stderr == "", "no bar where nobody watches"
    assert (made["dataset"], made["period"], made["scenario"], made["jobs"]) == ("sample", None, "base", 2)


def test_a_bar_can_be_asked_for_and_silence_too(made):
    assert "1/1" in call("report", "--progress").stderr
    quiet = call("report", "--quiet")
    assert (quiet.exit_code, quiet.output) == (0, "")


def test_all_languages_are_those_the_project_speaks(made, monkeypatch):
    monkeypatch.setattr("importcut.language.languages", lambda: ["en", "uz-Cyrl"])
    call("report", "--language", "all")
    assert made["languages"] == ["en", "uz-Cyrl"]
    call("report", "--language", "uz-Cyrl", "--language", "en")
    assert made["languages"] == ["uz-Cyrl", "en"]
    call("report", "--language", "en, uz-Cyrl")
    assert made["languages"] == ["en", "uz-Cyrl"]


def test_of_all_datasets_one_that_fails_keeps_no_other_from_its_report(made, monkeypatch, tmp_path):
    asked = []

    def make_report(dataset, **options):
        asked.append(dataset)
        if dataset == "b":
            raise DataError("b: no imports")
        return report.Report(tmp_path / dataset, f"{dataset} leads.", (), ())

    monkeypatch.setattr(report, "make_report", make_report)
    monkeypatch.setattr("importcut.intake.opening.datasets", lambda: ["a", "b", "c"])
    done = call("report", "--all-datasets")
    assert (asked, done.exit_code, done.stderr) == (["a", "b", "c"], 1, "importcut: b: no imports\n")
    assert "a leads." in done.stdout and "c leads." in done.stdout


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (DataError("plants.csv row 3: no"), 1),
        (RunError("03_realised_cuts.ipynb cell 3: no"), 1),
        (PermissionError("no"), 1),
        (UsageError("language fr: no"), 2),
    ],
)
def test_exit_codes_tell_wrong_data_from_wrong_use(monkeypatch, error, code):
    def make_report(*_, **__):
        raise error

    monkeypatch.setattr(report, "make_report", make_report)
    failed = call("report")
    assert (failed.exit_code, failed.stdout, failed.stderr) == (code, "", f"importcut: {error}\n")
    assert call("report", "--debug").exception is error


@pytest.mark.parametrize("command", ["report", "publish", "check", "new"])
def test_help_has_an_example(command):
    helped = call(command, "--help")
    assert helped.exit_code == 0
    assert f"Example: importcut {command} " in helped.output


LONGER = pytest.mark.ci


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["report", "--dataset", "uzbekistan", "--period", "1887"], 1, "period 1887 is not in dataset uzbekistan"),
        pytest.param(["report", "--dataset", "uzbekistan", "--period", "late"], 2, "write it as 2024", marks=LONGER),
        (["report", "--dataset", "uzbekistan", "--language", "xx"], 2, "choose from en"),
        pytest.param(["report", "--dataset", "uzbekistan", "--scenario", "dream"], 2, "scenario dream", marks=LONGER),
        (["report", "--dataset", "nowhere"], 2, "no such dataset"),
        (["report", "--jobs", "0"], 2, "--jobs"),
        (["report", "--colour"], 2, "--colour"),
        pytest.param(["publish", "--dataset", "nowhere"], 2, "no such dataset", marks=LONGER),
        (["publish", "--dataset", "uzbekistan", "--period", "1887"], 1, "run `importcut report --dataset uzbekistan"),
        (["give"], 2, "give"),
    ],
)
def test_what_is_wrong_is_said_on_stderr_without_a_traceback(tmp_path, words, code, said):
    where = ["--out", str(tmp_path / "reports")] if words[0] in ("report", "publish") else []
    failed = run(*words, *where, IMPORTCUT_PROCESSED=str(tmp_path / "processed"))
    assert (failed.returncode, failed.stdout) == (code, "")
    assert said in failed.stderr
    assert "Traceback" not in failed.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["reprot"], "No such command 'reprot'. Did you mean 'report'? — see `importcut --help`"),
        (["report", "--langage", "en"], "No such option: --langage. Did you mean '--language'? — see "),
        (["new"], "Missing argument 'folder' — see `importcut new --help`"),
        (["report", "--jobs", "two"], "Invalid value for '--jobs': "),
    ],
)
def test_a_slip_of_the_finger_is_one_line_with_the_nearest_and_where_help_is(words, said):
    failed = run(*words)
    assert (failed.returncode, failed.stdout, failed.stderr.count("\n")) == (2, "", 1)
    assert failed.stderr.startswith(f"importcut: {said}")


def test_without_a_word_it_helps_and_it_knows_its_version(repository):
    helped, told, group = run(), run("--version"), run("fetch")
    assert (group.returncode, group.stderr) == (2, "") and "comtrade" in group.stdout
    assert (helped.returncode, told.returncode) == (0, 0)
    assert "publish" in helped.stdout and "Example: importcut report --" in helped.stdout
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert told.stdout == f"importcut {project['version']}\n"


def commands(group, path=()):
    """Every command with what is typed to call it, also those of groups."""
    for name, told in group.commands.items():
        if hasattr(told, "commands"):
            yield from commands(told, (*path, name))
        else:
            yield " ".join((*path, name)), told


def test_every_command_says_what_it_is_for_and_gives_an_example():
    for name, told in commands(typer.main.get_command(app)):
        assert told.help.splitlines()[0].endswith("."), name
        assert told.epilog.startswith(f"Example: importcut {name}"), name


def completed(line, shell="bash"):
    """What the shell is told to offer at the end of the line."""
    words = line.split(" ")
    asked = {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1), "_TYPER_COMPLETE_ARGS": line}
    asked |= {"_TYPER_COMPLETE_WORD_TO_COMPLETE": words[-1], "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    told = CliRunner().invoke(app, prog_name="importcut", env=asked | {"_IMPORTCUT_COMPLETE": f"complete_{shell}"})
    assert told.exit_code == 0
    return told.stdout.split()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell", "pwsh"])
def test_every_shell_completes_a_command_and_has_a_script_for_it(shell):
    assert any("publish" in word for word in completed("importcut pub", shell))
    wanted = {"_IMPORTCUT_COMPLETE": f"source_{shell}"}
    script = CliRunner().invoke(app, prog_name="importcut", env=wanted).stdout
    assert "_IMPORTCUT_COMPLETE" in script and f"complete_{shell}".replace("pwsh", "powershell") in script


def test_commands_and_options_are_completed():
    assert completed("importcut rep") == ["report"]
    assert completed("importcut fetch com") == ["comtrade"]
    assert completed("importcut report --scen") == ["--scenario"]


def test_help_names_every_format_and_the_command_line_begins_without_the_library():
    told = commands(typer.main.get_command(app))
    [formats] = [
        option for name, told in told if name == "report" for option in told.params if option.name == "formats"
    ]
    assert f"Of {', '.join(report.EXPORTS)}, or all." == formats.help
    heavy = "import sys, importcut.app.cli; assert not {'pandas', 'babel', 'importcut.app.run'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", heavy], check=True)


def test_what_nobody_foresaw_is_one_line_and_exit_code_1():
    broken = "from importcut.app import cli, run; run.make_report = lambda *_, **__: 1 / 0; cli.main()"
    for words, traceback in [((), False), (("--debug",), True)]:
        failed = subprocess.run([sys.executable, "-c", broken, "report", *words], capture_output=True, text=True)
        assert failed.returncode == 1
        assert "ZeroDivisionError: division by zero" in failed.stderr
        assert ("Traceback" in failed.stderr) is traceback
