"""What a shell offers to complete; found in the names of files, since importing the library would take a second."""

import json
import re
from pathlib import Path

import typer

import importcut

LIBRARY = Path(importcut.__file__).parent  # that of schema costs the import of pandas
ROOT = LIBRARY.parents[1]
FORMATS = ("html", "pdf", "docx", "slides", "pptx", "xlsx")


def datasets(incomplete: str) -> list[str]:
    """Names of the datasets in data/raw."""
    return _begun(incomplete, (f.parent.name for f in (ROOT / "data" / "raw").glob("*/dataset.toml")))


def periods(ctx: typer.Context, incomplete: str) -> list[str]:
    """Periods of the dataset on the line: those that its last report covered, or that its raw files are named after."""
    folder = _dataset(ctx)
    noted = ROOT / "reports" / ".work" / folder.name / "coverage.json"
    if noted.exists():
        return _begun(incomplete, _from_to(*json.loads(noted.read_text(encoding="utf-8"))["covered"]))
    named = (f.stem for kind in ("declarations", "imports") for f in (folder / kind).glob("*"))
    return _begun(incomplete, (name for name in named if re.fullmatch(r"\d{4}(Q[1-4])?", name)))


def scenarios(ctx: typer.Context, incomplete: str) -> list[str]:
    """Scenarios of the dataset on the line."""
    return _begun(incomplete, {"base", *(f.stem for f in (_dataset(ctx) / "scenarios").glob("*.toml"))})


def languages(incomplete: str) -> list[str]:
    """Languages that have a catalogue, English, and all."""
    spoken = (f.parents[1].name for f in (LIBRARY / "locale").glob("*/LC_MESSAGES/importcut.po"))
    return _begun(incomplete, {"en", "all", *spoken})


def formats(incomplete: str) -> list[str]:
    """Formats that can still be added to a list with commas."""
    given, comma, last = incomplete.rpartition(",")
    left = [name for name in FORMATS if name not in given.split(",")]
    return [given + comma + name for name in _begun(last, left if given else ["all", *left])]


def _dataset(ctx: typer.Context) -> Path:
    """Folder of the dataset on the line, or of the default one."""
    name = ctx.params.get("dataset") or "sample"
    shipped = ROOT / "data" / "raw" / name
    return shipped if shipped.is_dir() else Path(name).expanduser().resolve()


def _from_to(first: str, last: str) -> list[str]:
    years = [str(year) for year in range(int(first[:4]), int(last[:4]) + 1)]
    known = [f"{year}Q{quarter}" for year in years for quarter in range(1, 5)] if "Q" in first else years
    return [period for period in known if first <= period <= last]


def _begun(incomplete: str, names) -> list[str]:
    return sorted(name for name in names if name.startswith(incomplete))
