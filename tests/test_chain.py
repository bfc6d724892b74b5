"""A closed chain from the raw files to the report: nothing between may change unnoticed, and what is lost is remade."""

import json
import os
import shutil
import subprocess
import sys

import nbformat
import pandas as pd
import psutil
import pytest

from importcut import dataset
from importcut.app import kernel, publish, run, supposition
from importcut.app.check import examination
from importcut.app.desk import basis
from importcut.app.index import finished_tables, write_index
from importcut.app.publish import publish_tables
from importcut.app.run import make_report
from importcut.dataset import digests, memory_of, processed_folder, remember
from importcut.intake.opening import open_dataset
from importcut.intake.publication import last_published
from importcut.schema import DataError, RunError, load, whole
from workshop import contents, write_notebook

RAW = "imports/hs6_annual.csv"
CHANGED = """
from pathlib import Path
file = Path(dataset) / "imports" / "hs6_annual.csv"
file.write_text(file.read_text().rstrip("\\n") + "\\n\\n")
"""


@pytest.fixture
def replay(shop, monkeypatch):
    """Notebooks give what they gave when the report was made, without a kernel; the names of those that ran."""
    former, tables, names = shutil.copytree(shop.report, shop.root / "former"), shop.made / "2024", []
    saved = shutil.copytree(tables, shop.root / "saved")

    def run_notebook(notebook, *_, **__):
        names.append(notebook.stem)
        if notebook.stem == "04_planned_cuts":
            shutil.copytree(saved, tables, dirs_exist_ok=True)
        folder = "en" if notebook.stem == "05_quarterly_report" else "notebooks"
        return nbformat.read(former / folder / notebook.name, as_version=4)

    monkeypatch.setattr(kernel, "run_notebook", run_notebook)
    return names


def test_a_raw_file_that_changes_while_the_report_is_made_is_named_and_nothing_is_published(shop):
    before = contents(shop.report)
    shop.rewrite("02_import_profile", CHANGED)
    with pytest.raises(RunError, match=r"^hs6_annual\.csv: changed while the report was made — run this again"):
        shop.make()
    assert contents(shop.report) == before
    shop.rewrite("02_import_profile", "print(period)")
    shop.make()
    [digest] = digests([shop.dataset / RAW]).values()
    assert json.loads((shop.report / "manifest.json").read_text())["inputs"][RAW] == digest


def test_a_raw_file_that_changes_while_it_is_read_is_not_remembered_as_what_it_was(shop, monkeypatch):
    from importcut.intake import declarations

    file, read = shop.dataset / RAW, declarations.tables_of
    file.write_text(file.read_text().rstrip("\n"))
    whole_text = file.read_text()

    def reading(*how):
        tables = read(*how)
        file.write_text(whole_text.rpartition("\n")[0])
        return tables

    monkeypatch.setattr(declarations, "tables_of", reading)
    with pytest.raises(DataError, match=r"hs6_annual\.csv: was changed while it was read — run this again"):
        shop.make()


def test_a_table_changed_by_another_hand_while_the_report_is_made_is_not_published(shop, replay, monkeypatch):
    before, answer = contents(shop.report), kernel.run_notebook

    def run_notebook(notebook, *how, **options):
        if notebook.stem == "05_quarterly_report":
            table = shop.made / "2024" / "target.parquet"
            pd.DataFrame({"year": [2030]}).to_parquet(table.with_suffix(".part"))
            table.with_suffix(".part").replace(table)  # whole, for what reads it meanwhile
        return answer(notebook, *how, **options)

    shop.add_donor_line()
    with monkeypatch.context() as patch, pytest.raises(RunError, match=r"(tables|05_quarterly\S+), .*changed while"):
        patch.setattr(kernel, "run_notebook", run_notebook)
        shop.make()
    assert contents(shop.report) == before
    assert "en/05_quarterly_report.ipynb" in shop.make().new, "it was made from what does not hold"
    assert "2030" not in (shop.report / "tables" / "target.csv").read_text()


CLEANED = ["cells", *(pytest.param(name, marks=pytest.mark.ci) for name in ("lines", "quarantine", "rules"))]


@pytest.mark.parametrize("name", CLEANED)
def test_a_value_changed_in_the_cleaned_imports_is_cleaned_and_told_anew(shop, replay, name):
    file = shop.made / "cleaned" / "2024" / f"{name}.parquet"
    before = pd.read_parquet(file)
    column = before.select_dtypes("number").columns[-1]
    before.assign(**{column: before[column].fillna(1) * 10}).to_parquet(file)
    shop.make()


def test_two_datasets_of_one_name_share_no_table_no_lock_and_no_folder_of_reports(shop, replay):
    other = shutil.copytree(shop.dataset, shop.root / "elsewhere" / "tiny")
    (other / "donors.csv").write_text((other / "donors.csv").read_text() + "\n")
    assert processed_folder(other) != processed_folder(shop.dataset)
    before = contents(shop.report)
    with publish.alone(processed_folder(shop.dataset)):
        with pytest.raises(RunError, match=r"tiny holds the reports of another dataset, \S+/tiny — give"):
            make_report(other, out=shop.out, notebooks=shop.notebooks, formats=["html"])
        with pytest.raises(RunError, match="holds the reports of another dataset"):
            publish_tables(other, out=shop.out)
        with pytest.raises(RunError, match="holds the reports of another dataset"):
            finished_tables(open_dataset(other, period="2024"), out=shop.out)
    assert contents(shop.report) == before
    shutil.rmtree(other)
    assert shop.make().new == (), "the reports are still its own"


def test_a_dataset_under_two_paths_is_one(shop, no_kernel):
    link = shop.root / "link"
    link.symlink_to(shop.root, target_is_directory=True)
    assert make_report(link / "tiny", out=shop.out, notebooks=shop.notebooks, formats=["html", "xlsx"]).new == ()


def test_reports_and_dataset_that_move_together_stay_together(shop, no_kernel, monkeypatch):
    moved = shop.root.rename(shop.root.with_name("moved"))
    monkeypatch.setenv("IMPORTCUT_PROCESSED", str(moved / "processed"))
    [former] = (moved / "processed").iterdir()
    former.rename(processed_folder(moved / "tiny"))
    again = make_report(moved / "tiny", out=moved / "reports", notebooks=moved / "notebooks", formats=["html", "xlsx"])
    assert again.new == ()


def test_a_second_folder_of_reports_gets_the_same_report_without_a_notebook_run_again(shop, no_kernel):
    second = make_report(shop.dataset, out=shop.root / "second", notebooks=shop.notebooks, formats=["html", "xlsx"])
    assert second.new == () and contents(second.folder) == contents(shop.report)


def test_one_dataset_is_worked_on_by_one_at_a_time(shop):
    message = "^a report, check or publication of tiny is at work — wait until it is done$"
    with publish.alone(shop.made):
        for other in (lambda: examination(shop.dataset), lambda: publish_tables(shop.dataset, out=shop.out), shop.make):
            with pytest.raises(RunError, match=message):
                other()


STATES = (
    "lock", "digests.json", "coverage.json", "work/2024/steps.json", "work/2024/tables.json", "declarations/*.json",
    "declarations/*.parquet", "cleaned/2024/imports.json", "cleaned/2024/cleaned.json", "cleaned/2024/cells.parquet",
    "cleaned/2024/lines.parquet", "cleaned/2024/quarantine.parquet", "cleaned/2024/rules.parquet",
    "2024/target.parquet",
)  # fmt: skip


@pytest.mark.parametrize("name", [STATES[0], *(pytest.param(name, marks=pytest.mark.ci) for name in STATES[1:])])
def test_a_state_or_table_that_cannot_be_read_counts_as_absent(shop, replay, monkeypatch, name):
    before = contents(shop.report)
    if name == "digests.json":  # which holds those of large files alone
        monkeypatch.setattr(dataset, "LARGE", 0)
        monkeypatch.setattr(dataset, "SETTLED", 0)
        shop.make()
    files = [*shop.made.glob(name)]
    assert files, "there is such a file"
    for damage in (
        lambda b: b"",
        lambda b: b[: len(b) // 2] or b"cut",
        lambda b: b'{"key": 1, "files": []}',
        lambda b: b"[1]",
    ):
        for file in files:
            file.write_bytes(damage(file.read_bytes()))
        shop.make()
        assert contents(shop.report) == before
    examination(shop.dataset)


@pytest.mark.parametrize("content", ["", '{"files": ', "[]", '{"files": [], "languages": 5}', "{}"])
def test_a_manifest_that_cannot_be_read_counts_as_absent(shop, no_kernel, content):
    before, manifest = contents(shop.report), shop.report / "manifest.json"
    manifest.write_text(content)
    with pytest.raises(RunError, match="are not those of the report — run `importcut report"):
        publish_tables(shop.dataset, out=shop.out)
    write_index(shop.out)
    assert shop.make().new == ()
    assert contents(shop.report) == before


def test_a_processed_table_that_cannot_be_read_is_named_with_what_makes_it(shop):
    file = shop.made / "2024" / "target.parquet"
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(DataError, match=r"^target\.parquet cannot be read .* run `importcut report --dataset tiny"):
        load("target", open_dataset(shop.dataset, period="2024"))


def test_a_state_is_read_only_as_it_was_written(tmp_path):
    file = tmp_path / "state.json"
    remember(file, {"a": [1, "я"]})
    assert memory_of(file) == {"a": [1, "я"]}
    file.write_text(file.read_text().replace("1", "2"))
    assert memory_of(file) == {}


def test_between_two_renames_the_former_report_stands_for_every_reader(shop, no_kernel):
    cut = lambda folder: folder.rename(folder.with_name(f".{folder.name}.former"))  # noqa: E731
    page = write_index(shop.out).read_bytes()
    cut(shop.report)
    assert write_index(shop.out).read_bytes() == page
    cut(shop.report)
    assert "target" in finished_tables(open_dataset(shop.dataset, period="2024"), out=shop.out)
    done = publish_tables(shop.dataset, out=shop.out)[0]
    done = done.rename(done.with_name("2023"))
    cut(done)
    assert last_published(open_dataset(shop.dataset, period="2024")) == done


def test_a_reader_that_puts_the_former_report_back_does_not_stop_the_one_who_publishes(shop, monkeypatch):
    rename, calls = type(shop.report).rename, []

    def reading_between(self, to):
        done = rename(self, to)
        calls.append(to.name)
        if len(calls) == 1:
            write_index(shop.out)
        return done

    monkeypatch.setattr(type(shop.report), "rename", reading_between)
    (shop.report / "tables.xlsx").unlink()
    shop.make()
    assert (shop.report / "tables.xlsx").exists() and not [*shop.report.parent.glob(".*")]


def test_what_killed_runs_left_is_swept_out_and_what_others_write_is_not(shop, no_kernel):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    living, left = os.getppid(), []
    for process, into in ((ended.pid, left), (living, living_files := [])):
        into += [
            shop.made / f".cells.parquet.{process}-140.part",
            shop.made / "declarations" / f".reading-{process}-ab_c",
        ]
        into += [shop.made / f".cleaning-{process}-x1", shop.out / f".index.html.{process}-140.part"]
        into += [shop.made / "work" / "2024" / "build" / f".tables.xlsx.{process}-7.part"]
    left += [shop.out / "tiny" / ".2023.part", shop.made / "work" / "2024" / "failed" / "old.ipynb"]
    for path in [*left, *living_files]:
        path.mkdir(parents=True) if path.suffix != ".part" or path.parent == shop.out / "tiny" else path.write_text("")
    shop.make()
    assert [path for path in left if path.exists()] == []
    assert [path for path in living_files if not path.exists()] == []


def test_what_replaces_a_file_is_on_the_disk_before_it_does(tmp_path, monkeypatch):
    from importcut import schema

    flushed, file = [], tmp_path / "table.csv"
    monkeypatch.setattr(schema, "flush", lambda part: flushed.append((part.read_text(), file.read_text())))
    for text in ("former", "new"):
        with whole(file) as part:
            part.write_text(text)
    assert flushed == [("new", "former")]


def test_an_older_file_of_the_same_size_is_a_changed_input(shop, replay):
    file = shop.dataset / RAW
    file.write_text(file.read_text().replace(",23629911,", ",93629911,"))
    os.utime(file, (1, 1))
    assert "notebooks/01_prepare_imports.ipynb" in shop.make().new


def test_a_change_that_no_line_shows_is_in_the_manifest_and_runs_nothing(shop, no_kernel):
    file = shop.dataset / RAW
    file.write_text(file.read_text().replace("UN Comtrade", "UN COMTRADE"))
    assert shop.make().new == ()
    inputs = json.loads((shop.report / "manifest.json").read_text())["inputs"]
    assert inputs[RAW] == digests([file])[file]


def add_file(shop, *years):
    """A raw file with a line of each of these years."""
    header, line = (shop.dataset / RAW).read_text().splitlines()[:2]
    lines = [line.replace(",2017,", f",{year},") for year in years]
    (shop.dataset / "imports" / "later.csv").write_text("\n".join([header, *lines]) + "\n")


def test_a_later_file_leaves_the_reports_of_earlier_periods_as_they_are(shop, no_kernel):
    before = contents(shop.report)
    add_file(shop, 2025)
    assert shop.make(period="2024").new == ()
    assert contents(shop.report) == before, "also its manifest, which names what holds lines up to its period"
    with pytest.raises(AssertionError, match="a kernel was started"):
        shop.make()  # 2025 is the latest now


def test_what_registers_record_of_later_periods_leaves_the_reports_of_earlier_ones_as_they_are(shop, no_kernel):
    tables = contents(shop.report / "tables")
    output = shop.dataset / "output.csv"
    output.write_text(output.read_text().rstrip("\n") + "\n2025,angren_tyres,tyres_car,900000,tyres,\n")
    assert shop.make(period="2024").new == ()
    assert contents(shop.report / "tables") == tables
    output.write_text(output.read_text().replace("2023,", "2024,"))
    with pytest.raises(AssertionError, match="a kernel was started"):
        shop.make(period="2024")


def test_a_report_stands_as_it_was_given_out_until_its_data_are_corrected(shop, replay):
    publish_tables(shop.dataset, out=shop.out)
    before = contents(shop.report)
    assert shop.make().new == () and contents(shop.report) == before, "also its manifest and its number"
    add_file(shop, 2024)
    assert "notebooks/04_planned_cuts.ipynb" in shop.make().new
    given = {name for name in json.loads((shop.report / "manifest.json").read_text())["inputs"] if "published" in name}
    assert {"published/2024/manifest.json", "published/2024/target.csv"} <= given, "it is compared with these"


def test_a_later_file_that_holds_a_line_of_an_earlier_period_makes_its_report_anew(shop, replay):
    add_file(shop, 2024, 2025)
    assert "notebooks/01_prepare_imports.ipynb" in shop.make(period="2024").new
    assert "imports/later.csv" in json.loads((shop.report / "manifest.json").read_text())["inputs"]


def test_the_path_of_a_dataset_never_enters_its_report(shop, monkeypatch):
    """Also where notebooks have to be given it, since a dataset of that name came with the project."""
    monkeypatch.setattr(run, "_as_parameter", lambda ds: os.fspath(ds.path))
    shop.rewrite("02_import_profile", "1 + 1")
    shop.add_donor_line()
    shop.make()
    for name, content in contents(shop.report).items():
        assert str(shop.root).encode() not in content, name


def test_a_cell_that_is_at_work_too_long_is_named_and_its_kernel_stopped(tmp_path, monkeypatch):
    monkeypatch.setenv("IMPORTCUT_CELL_MINUTES", "0.05")
    mark = tmp_path / "kernel"
    code = f"import os, pathlib, time\npathlib.Path({str(mark)!r}).write_text(str(os.getpid()))\ntime.sleep(60)"
    notebook = write_notebook(tmp_path / "slow.ipynb", code)
    with pytest.raises(RunError, match=r"^slow\.ipynb cell 3: stopped after 0\.05 minutes — .*--cell-minutes"):
        kernel.run_notebook(notebook, {"period": "x"}, folder=tmp_path, failed=tmp_path / "failed.ipynb")
    assert not psutil.pid_exists(int(mark.read_text()))


def test_a_line_separator_in_a_cell_breaks_no_line_of_what_is_wrong(repository, tmp_path, monkeypatch):
    monkeypatch.setenv("IMPORTCUT_PROCESSED", str(tmp_path / "processed"))
    folder = shutil.copytree(repository / "tests" / "cases" / "small", tmp_path / "small")
    (folder / "declarations").mkdir()
    (folder / "declarations" / "a\u2028b.csv").write_text("no,header\n1,2\n")
    texts = [defect.text for defect in examination(folder).defects]
    assert any("a\u2028b.csv" in text for text in texts)


def test_the_desk_asks_the_digests_that_the_report_asks(shop, monkeypatch):
    def value():
        return basis._cells.__wrapped__(str(shop.dataset), "2024")["value_usd"].sum()

    with monkeypatch.context() as patch:
        patch.setattr(supposition, "clean_imports", None)  # nothing is cleaned again
        before = value()
    file = shop.dataset / RAW
    file.write_text(file.read_text().replace(",23629911,", ",93629911,"))
    os.utime(file, (1, 1))
    assert value() == before + 70_000_000
