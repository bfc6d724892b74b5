"""Puts a finished report where readers find it: whole, or not at all."""

import json
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from importcut.dataset import ROOT, digests, write_whole
from importcut.schema import RunError

MANIFEST = "manifest.json"


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Only one run at a time works where this lock lies; it is free again however the run ends.

    Raises RunError if another one is at work.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(lock, timeout=0)) as holder:
        try:
            holder.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            raise RunError(f"a report of {lock.parent.name} is being made already — wait until it is done") from None
        yield


def published(target: Path) -> dict:
    """The manifest of the report that stands there, empty if there is none; a swap that was cut short is undone."""
    staging, former = _beside(target)
    if former.exists() and not target.exists():
        former.rename(target)
    for left in (staging, former):
        shutil.rmtree(left, ignore_errors=True)
    file = target / MANIFEST
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def is_published(files: dict[str, str], target: Path, cache: Path) -> bool:
    """Whether exactly these files (digest by name) stand in the report."""
    if not (target / MANIFEST).exists():
        return False
    standing = digests((f for f in target.rglob("*") if f.is_file() and f != target / MANIFEST), cache)
    return files == {f.relative_to(target).as_posix(): digest for f, digest in standing.items()}


def publish(files: dict[str, str], manifest: dict, *, build: Path, target: Path) -> None:
    """Fill a folder beside the report with the files of `build`, then let the two change places.

    Raises RunError if another program holds a file of the report open; the report then stays as it was.
    """
    staging, former = _beside(target)
    try:
        for name in sorted(files):
            copy = staging / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(build / name, copy)
        write_whole(staging / MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True) + "\n")
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
        if target.exists():
            target.rename(former)
        staging.rename(target)
    finally:
        if former.exists() and not target.exists():
            former.rename(target)
        shutil.rmtree(former, ignore_errors=True)


def _why_not(target: Path, error: PermissionError) -> str:
    """The file of the report that another program holds open; else what the system says."""
    for file in (f for f in sorted(target.rglob("*")) if f.is_file()):
        try:
            file.open("r+b").close()
        except PermissionError:
            return f"{file} is open in another program — close it there, then run this again; the report is as it was"
    return f"{target} cannot be replaced ({error}) — close what is open there, then run this again"


def _beside(target: Path) -> tuple[Path, Path]:
    return target.with_name(f".{target.name}.part"), target.with_name(f".{target.name}.former")
