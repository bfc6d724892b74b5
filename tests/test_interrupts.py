"""What is stopped, or finds a file open in another program, leaves what stood there, and nothing half made."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pandas as pd
import pytest

import economy
from importcut import schema
from importcut.app import publish
from importcut.app.steps import Step, run_steps
from importcut.dataset import write_whole
from importcut.intake.opening import open_dataset
from importcut.schema import DataError, RunError

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")


def listed(folder):
    return sorted(f.relative_to(folder).as_posix() for f in folder.rglob("*") if f.is_file())


@pytest.fixture
def report(tmp_path):
    """A published report of one file, and what is needed to publish the next one."""
    build, target = tmp_path / "build", tmp_path / "reports" / "2026Q3"
    build.mkdir()
    (build / "tables.xlsx").write_text("former")
    publish.put_in_place({"tables.xlsx": "1"}, {"made": 1}, build=build, target=target)
    (build / "tables.xlsx").write_text("new")
    return target, lambda: publish.put_in_place({"tables.xlsx": "2"}, {"made": 2}, build=build, target=target)


def refuse_rename(monkeypatch, number, error):
    """The rename of that number fails, as on Windows while a file in the folder is open; all others work."""
    rename, calls = Path.rename, []

    def refusing(self, to):
        calls.append(self)
        if len(calls) == number:
            raise error
        return rename(self, to)

    monkeypatch.setattr(Path, "rename", refusing)


def open_elsewhere(monkeypatch, name):
    opened = Path.open

    def refusing(self, mode="r", *rest, **options):
        if self.name == name and "+" in mode:
            raise PermissionError(13, "The process cannot access the file", str(self))
        return opened(self, mode, *rest, **options)

    monkeypatch.setattr(Path, "open", refusing)


@pytest.mark.parametrize("number", [1, 2], ids=["the former does not move", "the new one does not"])
def test_a_report_whose_file_is_open_in_excel_stays_whole_and_the_file_is_named(report, monkeypatch, number):
    target, again = report
    refuse_rename(monkeypatch, number, PermissionError(13, "Access is denied", str(target)))
    open_elsewhere(monkeypatch, "tables.xlsx")
    with pytest.raises(RunError, match=r"^\S*tables.xlsx is open in another program — close it there.*as it was$") as e:
        again()
    assert "\n" not in str(e.value)
    assert (target / "tables.xlsx").read_text() == "former"
    assert listed(target.parent) == ["2026Q3/manifest.json", "2026Q3/tables.xlsx"]
    again()
    assert (target / "tables.xlsx").read_text() == "new", "once it is closed"


def test_where_no_open_file_is_found_the_folder_is_named_with_what_the_system_says(report, monkeypatch):
    refuse_rename(monkeypatch, 1, PermissionError(13, "Access is denied"))
    with pytest.raises(RunError, match=r"2026Q3 cannot be replaced \(\[Errno 13\] Access is denied\)"):
        report[1]()


@pytest.mark.parametrize("number", [1, 2])
def test_an_interrupt_in_the_midst_of_publishing_leaves_one_whole_report(report, monkeypatch, number):
    target, again = report
    refuse_rename(monkeypatch, number, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        again()
    assert (target / "tables.xlsx").read_text() == "former"
    assert listed(target.parent) == ["2026Q3/manifest.json", "2026Q3/tables.xlsx"]


def test_a_processed_table_that_is_open_elsewhere_is_named_and_stays(repository, tmp_path, monkeypatch):
    monkeypatch.setenv("IMPORTCUT_PROCESSED", str(tmp_path))
    ds = open_dataset(repository / "tests" / "cases" / "small", period="2025Q4")
    schema.save(schema.empty("target", ds), "target", ds)
    before = (ds.tables / "target.parquet").read_bytes()

    def replace(self, to):
        raise PermissionError(13, "The process cannot access the file", str(to))

    monkeypatch.setattr(Path, "replace", replace)
    for write in (
        lambda: schema.save(schema.empty("target", ds), "target", ds),
        lambda: write_whole(ds.tables / "target.parquet", "new"),
    ):
        with pytest.raises(DataError, match=r"target.parquet is open in another program — close it there, then run"):
            write()
        assert listed(ds.tables) == ["target.parquet"]
        assert (ds.tables / "target.parquet").read_bytes() == before


@posix
def test_an_interrupted_run_lets_what_is_at_work_finish_and_begins_nothing_more(tmp_path):
    """The first step is about to write when the interrupt comes; the second one waits for it."""
    begun, stopped = [], threading.Event()

    def first():
        begun.append("first")
        os.kill(os.getpid(), signal.SIGINT)
        assert stopped.wait(20)
        write_whole(tmp_path / "first.txt", "whole")
        return ["first.txt"], {}

    def second():
        begun.append("second")
        return [], {}

    steps = [Step("first", (), "1", first), Step("second", ("first",), "2", second)]
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            run_steps(steps, build=tmp_path, memory=tmp_path / "m", cache=tmp_path / "c", jobs=2, stop=stopped.set)
    finally:
        signal.signal(signal.SIGINT, handler)
    assert begun == ["first"]
    assert (tmp_path / "first.txt").read_text() == "whole"


def test_a_sample_that_fails_halfway_leaves_the_dataset_that_stood_there(tmp_path, monkeypatch):
    out, lines = tmp_path / "mine", economy.declarations
    economy.write(out, rows=200, seed=1, truth=tmp_path / "truth.csv")
    before = {name: (out / name).read_bytes() for name in listed(out)}

    def interrupted(*how):
        yield next(lines(*how))
        raise KeyboardInterrupt

    monkeypatch.setattr(economy, "declarations", interrupted)
    with pytest.raises(KeyboardInterrupt):
        economy.write(out, rows=300, seed=2, truth=tmp_path / "truth.csv")
    assert {name: (out / name).read_bytes() for name in listed(out)} == before
    assert sorted(f.name for f in tmp_path.iterdir()) == ["mine", "truth.csv"]


@posix
def test_the_end_of_a_batch_job_stops_a_command_as_ctrl_c_does(tmp_path):
    command = [sys.executable, "-c", "from importcut.app.cli import main; main()", "report", "--quiet"]
    processed, out = tmp_path / "processed", tmp_path / "reports"
    run = subprocess.Popen(
        [*command, "--out", str(out)],
        env=os.environ | {"IMPORTCUT_PROCESSED": str(processed)},
        stderr=subprocess.PIPE,
        text=True,
    )
    end = time.monotonic() + 60
    while not any(processed.rglob("*.parquet")):
        assert run.poll() is None and time.monotonic() < end, "it has not begun to write"
        time.sleep(0.05)
    run.send_signal(signal.SIGTERM)
    _, said = run.communicate(timeout=60)
    assert (run.returncode, said) == (130, "importcut: stopped; nothing half made is left\n")
    assert [f for f in out.rglob("*") if f.is_file()] == []


def test_a_table_is_never_seen_half_written(tmp_path):
    file = tmp_path / "table.csv"
    file.write_text("former")
    with pytest.raises(KeyboardInterrupt), schema.whole(file) as part:
        pd.DataFrame({"a": [1]}).to_csv(part)
        assert file.read_text() == "former"
        raise KeyboardInterrupt
    assert [f.name for f in tmp_path.iterdir()] == ["table.csv"]
    assert file.read_text() == "former"
