"""Puts a finished report where readers find it, whole or not at all, and its tables where later reports find them."""

import json
import os
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import date as Date
from pathlib import Path

from importcut.app.index import MANIFEST, dataset_as_of, finished_report, remedy, reports_of
from importcut.dataset import DIGESTS, PUBLISHED, ROOT, digests, json_object, stand_again, write_whole
from importcut.schema import REMADE, RunError, flush

HOLD = "BEGIN EXCLUSIVE"  # a lock that the system takes back from whoever ends
LEFT = re.compile(r"\..*[.-](\d+)-\w+(\.part)?")  # names of what is being written, with the number of the process
SHAPE = {"files": dict, "inputs": dict, "headlines": dict, "languages": list, "formats": list}  # in a manifest
OF_MANIFEST = ("dataset", "period", "illustrative", "headlines", "inputs", "origin", "seal")  # that goes along


def publish_tables(
    dataset: str | Path,
    *,
    period: str | None = None,
    date: Date | None = None,
    replace: bool = False,
    out: Path | str | None = None,
) -> tuple[Path, bool]:
    """Copy the tables of a finished report, scenario base, whole to `published/<period>/`; whether they were there.

    Parameters
    ----------
    period : None for the latest report that has been made
    date : day on which it was given out; noted beside the tables
    replace : put it in the place of other tables that were given out for this period
    out : folder of the reports, by default reports/ of the project

    Raises
    ------
    UsageError : no such dataset, or the period is written wrongly.
    RunError : there is no such report, its files were changed, or other tables were given out for this period.
    """
    ds = dataset_as_of(dataset, period)
    with alone(ds.processed):
        report = finished_report(reports_of(ds, out), ds.name, period)
        about, cache = manifest(report), ds.processed / DIGESTS
        if not about.keys() >= {*OF_MANIFEST, "files"} or not stands(about["files"], report, cache):
            raise RunError(f"the files in {report} are not those of the report — {remedy(ds.name, report.name)}")
        tables = [f for f in sorted((report / "tables").glob("*.csv")) if f.stem not in REMADE]
        files = {f.name: digest for f, digest in digests(tables, cache).items()}
        target = ds.path / PUBLISHED / report.name
        if manifest(target) and not replace:
            if stands(files, target, cache):
                return target, True
            raise RunError(
                f"{PUBLISHED}/{report.name} of {ds.name} holds other tables, and what was given out is kept — "
                f"give --replace to put these in their place"
            )
        about = {name: about[name] for name in OF_MANIFEST} | {"files": files}
        about |= {"date": date.isoformat()} if date else {}
        put_in_place(files, about, build=report / "tables", target=target)
    return target, False


@contextmanager
def alone(processed: Path) -> Iterator[None]:
    """Only one run at a time writes where a dataset's tables lie, and it first sweeps out what killed ones left there.

    Raises RunError if another one is at work.
    """
    lock, name = processed / "lock", processed.name.rpartition("-")[0]
    lock.parent.mkdir(parents=True, exist_ok=True)
    if lock.exists() and not os.access(lock, os.W_OK):  # of what it may only read, SQLite holds nothing
        raise RunError(f"{lock} may only be read — let this user write there")
    with closing(sqlite3.connect(lock, timeout=0)) as holder:
        try:
            holder.execute(HOLD)
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
                raise RunError(f"a report, check or publication of {name} is at work — wait until it is done") from None
            if error.sqlite_errorcode != sqlite3.SQLITE_NOTADB:
                raise RunError(f"{lock}: {error} — let this user write there") from None
            lock.write_bytes(b"")  # what stood in it is nobody's
            holder.execute(HOLD)
        sweep(processed.rglob(".*"))
        yield


def sweep(paths: Iterable[Path]) -> None:
    """Remove those of some files and folders that carry the number of a process which is no more, or of this one."""
    for path, process in [(path, number) for path in paths if (number := LEFT.fullmatch(path.name))]:
        import psutil

        if int(process[1]) == os.getpid() or not psutil.pid_exists(int(process[1])):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def sweep_reports(reports: Path) -> None:
    """Remove what killed runs left among a dataset's reports, once what stood there stands again."""
    stand_again(reports)
    sweep(reports.parent.glob(".*"))
    for left in [*reports.glob(".*.part"), *reports.glob(".*.former")]:
        shutil.rmtree(left, ignore_errors=True)


def manifest(target: Path) -> dict:
    """The manifest of the report that stands there; empty if there is none, or not one that can be read."""
    stand_again(target.parent)
    about = json_object(target / MANIFEST)
    return about if all(isinstance(about.get(key, kind()), kind) for key, kind in SHAPE.items()) else {}


def stands(files: dict[str, str], target: Path, cache: Path) -> bool:
    """Whether exactly these files (digest by name) stand in the report."""
    if not (target / MANIFEST).exists():
        return False
    standing = digests((f for f in target.rglob("*") if f.is_file() and f != target / MANIFEST), cache)
    return files == {f.relative_to(target).as_posix(): digest for f, digest in standing.items()}


def put_in_place(files: dict[str, str], about: dict, *, build: Path, target: Path) -> None:
    """Fill a folder beside the report with the files of `build`, then let the two change places.

    Raises RunError if another program holds a file of the report open; the report then stays as it was.
    """
    staging, former = (target.with_name(f".{target.name}.{what}") for what in ("part", "former"))
    for left in (staging, former):
        shutil.rmtree(left, ignore_errors=True)
    try:
        for name in sorted(files):
            copy = staging / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(build / name, copy)
            flush(copy)
        write_whole(staging / MANIFEST, json.dumps(about, ensure_ascii=False, indent=1, sort_keys=True) + "\n")
        _swap(staging, target, former)
    except PermissionError as error:  # on Windows a folder stays where it is while a file in it is open
        raise RunError(_why_not(target, error)) from None
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def code_state() -> dict | None:
    """The git commit of this checkout and whether files differ from it; nothing if it is no checkout."""
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        return None
    git = ["git", "-C", str(ROOT)]
    commit = subprocess.run([*git, "rev-parse", "--verify", "HEAD"], capture_output=True, text=True, check=False)
    changes = subprocess.run([*git, "status", "--porcelain"], capture_output=True, text=True, check=False)
    return {"commit": commit.stdout.strip() or None, "changed": bool(changes.stdout.strip())}


def _swap(staging: Path, target: Path, former: Path) -> None:
    """Let the new folder take the place of the one that stands there, or leave that one where it is."""
    try:
        while True:
            if target.exists():
                target.rename(former)
            try:
                staging.rename(target)
                break
            except OSError:
                if not target.exists():
                    raise  # else a reader found no report there just now, and put the former one back
    finally:
        stand_again(target.parent)
        shutil.rmtree(former, ignore_errors=True)


def _why_not(target: Path, error: PermissionError) -> str:
    """The file of the report that another program holds open; else what the system says."""
    for file in (f for f in sorted(target.rglob("*")) if f.is_file()):
        try:
            file.open("r+b").close()
        except PermissionError:
            return f"{file} is open in another program — close it there, then run this again; the report is as it was"
    return f"{target} cannot be replaced ({error}) — close what is open there, then run this again"
