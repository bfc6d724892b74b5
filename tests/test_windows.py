"""`importcut.cmd` as far as it can be known without Windows: its shape, and the Python in it, which runs here."""

import re
import shutil
import subprocess
import sys

import pytest


@pytest.fixture(scope="module")
def script(repository):
    return (repository / "importcut.cmd").read_bytes()


@pytest.fixture(scope="module")
def lines(script):
    return script.decode("ascii").splitlines()


def test_it_is_plain_ascii_with_the_line_ends_that_cmd_needs_on_every_checkout(script, repository):
    script.decode("ascii")
    assert script.count(b"\n") == script.count(b"\r\n") and script.endswith(b"\r\n")
    assert "*.cmd text eol=crlf" in (repository / ".gitattributes").read_text().splitlines()


def test_it_works_from_any_folder_with_any_letters_and_blanks(lines):
    assert {"chcp 65001 >nul", 'set "PYTHONUTF8=1"', 'set "HERE=%~dp0"'} <= {*lines}
    assert [line for line in lines if re.search("%HERE%|%VPY%", re.sub('"[^"]*"', "", line))] == [], "outside quotes"
    assert [line for line in lines if line.rstrip().endswith("(")] == [], "a folder (2026) would end such a block"
    assert [line for line in lines if re.search(r"^\s*(cd|pushd)\b", line)] == [], "arguments mean the caller's folder"


def test_every_jump_has_a_place_to_land(lines):
    there = {line[1:] for line in lines if line.startswith(":")}
    jumps = set(re.findall(r"(?:goto |call :)(\w+)", "\n".join(lines)))
    assert jumps == there


def test_a_window_that_a_double_click_opened_stays_open_on_an_error(lines):
    failed = lines[lines.index(":failed") :]
    assert failed[2:] == ['if "%~1"=="" pause', "exit /b 1"]


def test_it_installs_what_the_makefile_installs(lines, repository):
    make = (repository / "Makefile").read_text(encoding="utf-8")
    for words in ("--compile-bytecode --require-hashes --requirement", "--no-deps --editable", "-m venv --clear"):
        assert words in make and any(words in line for line in lines)
    assert "sys.version_info < (3, 11)" in "\n".join(lines) and "sys.version_info >= (3, 11)" in make


def test_the_environment_is_built_again_when_it_is_stale_or_was_moved(lines, repository, tmp_path):
    stamp = next(line for line in lines if line.startswith('set "STAMP=')).removeprefix('set "STAMP=')[:-1]
    check, note = (re.search(rf"%STAMP% ({begins}.*?)\"", "\n".join(lines))[1] for begins in ("sys.exit", "s.write"))
    here = tmp_path / "Отчёты за квартал (2026)"
    (here / ".venv").mkdir(parents=True)
    for name in ("pyproject.toml", "requirements.txt"):
        shutil.copy(repository / name, here)

    def run(code, folder=here):
        return subprocess.run([sys.executable, "-S", "-c", f"{stamp} {code}", f"{folder}/."], check=False).returncode

    assert run(check) == 1, "not built yet"
    assert run(note) == 0
    assert run(check) == 0
    moved = here.rename(tmp_path / "moved")
    assert run(check, moved) == 1
    assert (run(note, moved), run(check, moved)) == (0, 0)
    with (moved / "requirements.txt").open("a") as file:
        file.write("\n")
    assert run(check, moved) == 1
