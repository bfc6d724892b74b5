"""Reports: only what changed is made again, what is wrong is said before anything runs, nothing half made is shown."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest

from importcut import dataset as digest
from importcut.app import kernel, run
from importcut.app.parameters import checked_parameters, declared_parameters
from importcut.app.publish import alone, publish_tables
from importcut.app.run import make_report
from importcut.app.steps import EXPORTS, Step, run_steps
from importcut.intake import declarations
from importcut.intake.opening import open_dataset
from importcut.schema import DataError, RunError, UsageError
from workshop import ALL, Workshop, contents, take_along, write_notebook

pytestmark = pytest.mark.long


def test_a_report_holds_tables_notebooks_page_figures_and_where_it_comes_from(first_report):
    assert sorted(contents(first_report.report)) == [
        "en/05_quarterly_report.ipynb",
        "en/figures/01-figure.png",
        "en/figures/01-figure.svg",
        "en/report.html",
        "explore.html",
        "manifest.json",
        "notebooks/01_prepare_imports.ipynb",
        "notebooks/02_import_profile.ipynb",
        "notebooks/03_realised_cuts.ipynb",
        "notebooks/04_planned_cuts.ipynb",
        "notebooks/06_method.ipynb",
        "tables.xlsx",
        "tables/quarantine.csv",
        "tables/target.csv",
    ]
    manifest = json.loads((first_report.report / "manifest.json").read_text())
    lines = len((first_report.dataset / "donors.csv").read_text().splitlines())
    assert manifest["headlines"] == {"en": f"en 2024: {lines} lines"}
    assert manifest["inputs"].keys() >= {"dataset.toml", "imports/hs6_annual.csv"}
    assert manifest["parameters"]["en/05_quarterly_report.ipynb"] == {
        "dataset": "tiny",
        "period": "2024",
        "language": "en",
        "scenario": "base",
    }


def test_nothing_in_a_report_tells_the_machine_or_the_time(first_report):
    for name, content in contents(first_report.report).items():
        assert str(first_report.root).encode() not in content, name
        assert not any(word in content for word in (b"start_time", b"iopub", b"output_path")), name


def test_the_latest_period_is_the_default(first_report):
    assert [folder.name for folder in (first_report.out / "tiny").iterdir()] == ["2024"]


def test_with_nothing_changed_nothing_runs_and_the_report_is_left_alone(shop, no_kernel):
    before = shop.report.stat().st_ino
    again = shop.make()
    assert (again.new, len(again.standing)) == ((), ALL)
    assert shop.report.stat().st_ino == before


def test_progress_tells_each_step(shop, no_kernel):
    told = []
    shop.make(progress=lambda name, done, total: told.append((done, total)))
    assert told == [(n, ALL) for n in range(1, ALL + 1)]


def test_a_changed_register_makes_everything_again(shop):
    before = (shop.report / "en" / "report.html").read_bytes()
    shop.add_donor_line()
    again = shop.make()
    assert len(again.new) == ALL
    assert (shop.report / "en" / "report.html").read_bytes() != before


def test_a_changed_line_of_the_library_makes_everything_again(shop, no_kernel, monkeypatch):
    monkeypatch.setattr(run, "library", lambda: [Path(run.__file__)])
    with pytest.raises(AssertionError, match="a kernel was started"):
        shop.make()


def test_a_file_touched_but_not_changed_makes_nothing_again(shop, no_kernel):
    for file in [*shop.dataset.rglob("*.csv"), *shop.notebooks.iterdir()]:
        os.utime(file)
    assert shop.make().new == ()


def test_a_changed_notebook_is_run_again_with_those_behind_it(shop):
    shop.rewrite("02_import_profile", "print('changed')")
    assert set(shop.make().new) == {
        "notebooks/02_import_profile.ipynb",
        "tables",
        "en/05_quarterly_report.ipynb",
        "en/figures",
        "en/report.html",
        "explore.html",
        "tables.xlsx",
    }


def test_tables_that_another_hand_changed_are_made_again(shop):
    table = shop.made / "2024" / "target.parquet"
    pd.DataFrame({"year": [2030]}).to_parquet(table)
    again = shop.make()
    assert "notebooks/04_planned_cuts.ipynb" in again.new
    assert "2030" not in (shop.report / "tables" / "target.csv").read_text()


def test_when_the_first_notebook_runs_again_so_do_all_that_save_tables(shop, monkeypatch):
    tables = shutil.copytree(shop.made / "2024", shop.root / "aside")

    def as_before(notebook, *_, **__):
        if notebook.stem == "04_planned_cuts":
            shutil.copytree(tables, shop.made / "2024", dirs_exist_ok=True)
        return nbformat.read(shop.report / "notebooks" / notebook.name, as_version=4)

    monkeypatch.setattr(kernel, "run_notebook", as_before)
    (shop.made / "work" / "2024" / "build" / "notebooks" / "01_prepare_imports.ipynb").unlink()
    assert sorted(name[10:12] for name in shop.make().new) == ["01", "02", "03", "04"]


def test_running_a_notebook_by_hand_makes_nothing_again(shop, no_kernel):
    notebook = shop.notebooks / "02_import_profile.ipynb"
    read = nbformat.read(notebook, as_version=4)
    read.cells[-1].update(execution_count=7, outputs=[nbformat.v4.new_output("stream", text="2024")])
    nbformat.write(read, notebook)
    assert shop.make().new == ()


def test_two_runs_give_the_same_bytes(first_report, tmp_path, monkeypatch):
    monkeypatch.setenv("IMPORTCUT_PROCESSED", str(tmp_path / "processed"))
    monkeypatch.setattr(run, "library", list)
    same = {"formats": ("html", "xlsx"), "jobs": 1}
    make_report(first_report.dataset, out=tmp_path / "reports", notebooks=first_report.notebooks, **same)
    assert contents(tmp_path / "reports" / "tiny" / "2024") == contents(first_report.report)


def test_a_failing_notebook_leaves_the_former_report_as_it_was_and_is_tried_again(shop, request):
    before = contents(shop.report)
    shop.add_donor_line()
    shop.rewrite("03_realised_cuts", "1 / 0")
    with pytest.raises(
        RunError, match=r"^03_realised_cuts.ipynb cell 3: ZeroDivisionError: division by zero — .*"
    ) as e:
        shop.make()
    assert contents(shop.report) == before
    assert [f.name for f in (shop.out / "tiny").iterdir()] == ["2024"]
    kept = Path(str(e.value).rsplit(": ", 1)[1])
    assert "ZeroDivisionError" in kept.read_text()
    request.getfixturevalue("no_kernel")
    with pytest.raises(AssertionError, match="a kernel was started"):
        shop.make()


def test_what_is_wrong_with_the_data_is_said_without_the_program_around_it(shop):
    shop.rewrite("02_import_profile", "from importcut.schema import DataError\nraise DataError('plants.csv row 3: no')")
    with pytest.raises(DataError, match=r"^plants.csv row 3: no\n"):
        shop.make()


def test_a_report_that_shows_no_headline_is_not_published(shop):
    shop.rewrite("05_quarterly_report", "1")
    with pytest.raises(RunError, match="no headline"):
        shop.make()


def test_another_language_joins_the_report_without_the_first_one_being_made_again(shop):
    before = contents(shop.report / "en")
    joined = shop.make(languages=["uz-Cyrl"])
    assert {name.removeprefix("uz-Cyrl/") for name in joined.new} - {"en/report.html"} == {
        "05_quarterly_report.ipynb", "figures", "report.html", "explore.html", "tables.xlsx"
    }  # fmt: skip
    assert joined.headline.startswith("uz-Cyrl")
    after = contents(shop.report / "en")
    assert {name for name in after if after[name] != before[name]} == {"report.html"}, "it leads to the other one"
    assert b"../uz-Cyrl/report.html" in (shop.report / "en" / "report.html").read_bytes()
    shop.rewrite("02_import_profile", "print('changed')")
    changed = shop.make(languages=["en"])
    assert "uz-Cyrl/report.html" in changed.new, "all languages of a report agree with its tables"
    assert json.loads((shop.report / "manifest.json").read_text())["headlines"].keys() == {"en", "uz-Cyrl"}


def test_where_only_the_library_was_installed_one_line_says_so(shop):
    shutil.rmtree(shop.notebooks)
    with pytest.raises(RunError, match=r"notebooks: no such folder, and .* — run importcut where the project lies"):
        shop.make()


def test_another_format_joins_the_report_and_none_leaves_it(shop, no_kernel):
    (shop.out / "tiny" / "2024" / "tables.xlsx").unlink()
    joined = shop.make(formats=["pdf"])
    assert set(joined.new) == {"en/report.pdf", "en/report.html"}, "the page leads to the other format"
    assert (shop.report / "en" / "report.pdf").read_bytes().startswith(b"%PDF")
    assert (shop.report / "tables.xlsx").exists() and (shop.report / "en" / "report.html").exists()
    assert json.loads((shop.report / "manifest.json").read_text())["formats"] == ["html", "pdf", "xlsx"]
    with pytest.raises(UsageError, match="format odt is not there — choose from html, pdf, docx, slides, pptx, xlsx"):
        shop.make(formats=["odt"])


def test_a_folder_may_have_any_letters_and_blanks(first_report, tmp_path, monkeypatch, no_kernel):
    """Raw files through DuckDB, documents through pandoc and Typst, the deck, and their publication."""
    root = tmp_path / "Отчёты за квартал" / "2026 йил ’"
    moved = Workshop(shutil.copytree(first_report.root, root))
    monkeypatch.setenv("IMPORTCUT_PROCESSED", str(moved.processed))
    take_along(root)
    monkeypatch.setattr(run, "library", list)
    made = moved.make(formats=EXPORTS)
    assert len(made.standing) == ALL - 1 and len(made.new) == len(EXPORTS) - 1, "all but the page is valid here too"
    assert {f.name for f in (moved.report / "en").glob("*.*")} >= {*EXPORTS.values()} - {"tables.xlsx"}
    monkeypatch.setenv("IMPORTCUT_PROCESSED", str(root / "ўқувчи"))
    read = declarations.read_declarations(open_dataset(moved.dataset))
    assert declarations.periods(read, "Y")[-1] == pd.Period("2024")
    assert any((root / "ўқувчи").rglob("*.parquet"))


def test_a_published_file_that_was_lost_or_edited_is_put_back_without_a_kernel(shop, no_kernel):
    before = contents(shop.report)
    (shop.report / "tables.xlsx").unlink()
    (shop.report / "en" / "report.html").write_text("edited")
    assert shop.make().new == ()
    assert contents(shop.report) == before


def test_the_page_that_lists_all_reports_is_put_back_if_it_was_lost(shop, no_kernel):
    index = shop.out / "index.html"
    before = index.read_bytes()
    assert b"tiny/2024/en/report.html" in before
    index.unlink()
    assert shop.make().new == ()
    assert index.read_bytes() == before


def test_a_swap_that_was_cut_short_is_mended(shop, no_kernel):
    before = contents(shop.report)
    shop.report.rename(shop.report.with_name(".2024.former"))
    (shop.out / "tiny" / ".2024.part").mkdir()
    shop.make()
    assert contents(shop.report) == before
    assert [f.name for f in (shop.out / "tiny").iterdir()] == ["2024"]


def test_what_is_given_out_puts_only_the_reports_after_it_out_of_date(shop, no_kernel):
    done, _ = publish_tables(shop.dataset, out=shop.out)
    assert sorted(contents(done)) == ["manifest.json", "target.csv"]
    assert shop.make().new == (), "its own report is as it was"
    done.rename(done.with_name("2023"))
    with pytest.raises(AssertionError, match="a kernel was started"):
        shop.make()


def test_a_scenario_has_a_report_of_its_own(shop, no_kernel):
    (shop.dataset / "scenarios").mkdir()
    (shop.dataset / "scenarios" / "late.toml").write_text("[assumptions]\n")
    assert shop.make().new == (), "a scenario that was not asked for changes nothing"
    with pytest.raises(AssertionError, match="a kernel was started"):
        shop.make(scenario="late")
    assert (shop.made / "work" / "2024-late").exists()


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"period": "2031"}, DataError, r"^period 2031 is not in dataset tiny, which covers \d{4}–2024 — choose one"),
        ({"period": "2024Q1"}, UsageError, "period '2024Q1' is not one — write it as 2024"),
        ({"scenario": "dream"}, UsageError, "there is no scenario dream — .*base"),
        ({"languages": ["fr"]}, UsageError, "language fr .* choose from en, uz-Cyrl"),
    ],
)
def test_what_cannot_be_is_said_in_one_line_before_a_kernel_starts(shop, no_kernel, options, kind, message):
    with pytest.raises(kind, match=message) as error:
        shop.make(**options)
    assert "\n" not in str(error.value)


def test_an_unknown_dataset_is_wrong_use(tmp_path):
    with pytest.raises(UsageError, match="choose one of"):
        make_report("nowhere", out=tmp_path)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ('dataset: str = "a"\nperiode: str = "a"', "no parameter period — it has dataset, periode"),
        ('dataset: str = "a"\nperiod: int = 2024\nlanguage: str = "en"', "period = '2024' is a str — give a int"),
        ("ds = open('x')", "not a parameter"),
    ],
)
def test_a_notebook_that_does_not_take_its_parameters_is_not_started(shop, no_kernel, parameters, message):
    shop.rewrite("04_planned_cuts", "1", parameters)
    with pytest.raises(RunError, match=f"^04_planned_cuts.ipynb: .*{message}"):
        shop.make()


def test_parameters_are_strict(tmp_path):
    types = 'name: str = "a = b"  # a text (= words)\nrows: int = 1\nratio: float = 0.5\nfast: bool = False\n'
    notebook = write_notebook(
        tmp_path / "n.ipynb", "1", types + "parts: list[str] = []\nlate: int | None = None\nn = 3"
    )
    right = {"name": "x", "rows": 2, "ratio": 1, "fast": True, "parts": ["a"], "late": None, "n": 4}
    declared = declared_parameters(json.loads(notebook.read_text())["cells"], notebook.name)
    assert checked_parameters(right, declared, notebook.name) == right
    for name, value in [
        ("nmae", "x"),
        ("name", 1),
        ("rows", True),
        ("rows", "2"),
        ("rows", 2.0),
        ("rows", np.int64(2)),
        ("ratio", float("nan")),
        ("fast", "true"),
        ("fast", 1),
        ("parts", ("a",)),
        ("parts", [Path("a")]),
        ("late", "x"),
        ("n", None),
    ]:
        with pytest.raises(RunError, match=f"^n.ipynb: .*{name}"):
            checked_parameters({name: value}, declared, notebook.name)


def test_the_kernel_is_this_python_whatever_kernelspecs_there_are(tmp_path, monkeypatch):
    spec = tmp_path / "kernels" / "python3" / "kernel.json"
    spec.parent.mkdir(parents=True)
    spec.write_text(json.dumps({"argv": ["/nowhere/python"], "display_name": "other", "language": "python"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    folder = tmp_path / "Отчёты ’ {odd} folder"
    folder.mkdir()
    notebook = write_notebook(folder / "n.ipynb", "import os, sys\nprint(sys.executable, os.getcwd())")
    done = kernel.run_notebook(notebook, {"period": "x"}, folder=folder, failed=folder / "failed.ipynb")
    assert done.cells[-1].outputs[0].text == f"{sys.executable} {folder}\n"
    assert not (folder / "failed.ipynb").exists()


def test_independent_steps_run_side_by_side(tmp_path):
    both = threading.Barrier(2, timeout=10)

    def step(name, make, after=()):
        return Step(name, after, name, make)

    def meet():
        both.wait()
        return [], {}

    steps = [step("a", meet), step("b", meet), step("c", lambda: ([], {}), ("a", "b"))]
    done = run_steps(steps, build=tmp_path, memory=tmp_path / "memory", cache=tmp_path / "cache", jobs=2)
    assert done.new[-1] == "c"


def test_running_steps_leaves_the_streams_alone(tmp_path):
    before = sys.stdout, sys.stderr
    steps = [Step(name, (), name, lambda: ([], {})) for name in "abcd"]
    run_steps(steps, build=tmp_path, memory=tmp_path / "memory", cache=tmp_path / "cache", jobs=4)
    assert (sys.stdout, sys.stderr) == before


def test_two_runs_do_not_work_on_the_same_dataset_at_once(shop, no_kernel):
    with alone(shop.made), pytest.raises(RunError, match="report, check or publication of tiny is at work"):
        shop.make()
    assert shop.make().new == ()


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
@pytest.mark.ci
def test_an_interrupt_leaves_no_kernel_and_no_half_report(shop, tmp_path):
    shop.add_donor_line()
    before, mark = contents(shop.report), tmp_path / "kernel"
    shop.rewrite(
        "01_prepare_imports", f"import os, pathlib, time\npathlib.Path({str(mark)!r}).write_text(str(os.getpid()))\n"
        "time.sleep(60)"
    )  # fmt: skip
    script = (  # a shell that starts tests in the background has its children ignore the signal
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from importcut.app.run import make_report\n"
        f"make_report({str(shop.dataset)!r}, out={str(shop.out)!r}, notebooks={str(shop.notebooks)!r}, "
        "formats=('html',))"
    )
    run = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.PIPE)
    wait_until(lambda: mark.exists() and mark.read_text())
    run.send_signal(signal.SIGINT)
    _, said = run.communicate(timeout=60)
    assert b"KeyboardInterrupt" in said
    wait_until(lambda: not is_running(int(mark.read_text())), seconds=10)
    assert contents(shop.report) == before
    assert [f.name for f in (shop.out / "tiny").iterdir()] == ["2024"]


def wait_until(true, seconds=30):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def is_running(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{process}/stat")
    return not (status.exists() and status.read_text().rsplit(")", 1)[1].split()[0] == "Z")


def test_a_large_file_is_read_again_only_if_it_looks_changed(tmp_path, monkeypatch):
    monkeypatch.setattr(digest, "LARGE", 3)
    monkeypatch.setattr(digest, "SETTLED", 0)
    file, cache = tmp_path / "large.csv", tmp_path / "cache.json"
    file.write_text("abcd")
    first = digest.digests([file], cache)
    monkeypatch.setattr(digest, "_digest", lambda file: "read again")
    assert digest.digests([file], cache) == first
    file.write_text("efgh")
    os.utime(file, ns=(1, 1))
    assert digest.digests([file], cache) == {file: "read again"}
