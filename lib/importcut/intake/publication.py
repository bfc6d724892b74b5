"""Tables of reports that were given out, as the next report reads them."""

import operator
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from importcut.dataset import PUBLISHED, Dataset, json_object, stand_again
from importcut.intake.values import read_column
from importcut.schema import PERIODS, DataError, Table, listed, tables


@dataclass(frozen=True)
class Publication:
    """What was given out as of a period: its tables by name, typed; a column that they lack is empty."""

    period: pd.Period
    tables: MappingProxyType


def published(ds: Dataset, *, own: bool = False) -> Publication | None:
    """The latest publication of a period before `ds.period`, or that of its own period, if there is one.

    Raises DataError if a file of it was altered or cannot be read.
    """
    folder = last_published(ds, own=own)
    if folder is None:
        return None
    read, errors = {}, _altered(folder)
    for file in sorted(folder.glob("*.csv")):
        if file.stem in tables():
            name = file.relative_to(ds.path).as_posix()
            read[file.stem], wrong = _read(file, name, tables()[file.stem], ds.frequency)
            errors += wrong
    if not read and not errors:
        errors.append(f"{PUBLISHED}/{folder.name} holds no table")
    if errors:
        raise DataError(f"{listed(errors)}\nPut back the files that were given out, or publish {folder.name} again")
    return Publication(pd.Period(folder.name, freq=ds.frequency), MappingProxyType(read))


def last_published(ds: Dataset, *, own: bool = False) -> Path | None:
    """Folder of the latest publication of a period before `ds.period`, or of its own; DataError if one is none.

    What is given out is of the base scenario, and figures are compared within one scenario.
    """
    stand_again(ds.path / PUBLISHED)
    folders = [f for f in (ds.path / PUBLISHED).glob("*") if f.is_dir() and not f.name.startswith(".")]
    odd = [f.name for f in folders if not pd.Series([f.name]).str.fullmatch(PERIODS[ds.frequency]).item()]
    if odd:
        raise DataError(f"{PUBLISHED}/{min(odd)} is not a period — rename it as 2026Q3 or 2024, or remove it")
    folders = folders if ds.scenario["name"] == "base" else []
    fits = operator.eq if own else operator.lt
    fitting = [f for f in folders if ds.period is not None and fits(pd.Period(f.name, freq=ds.frequency), ds.period)]
    return max(fitting, key=lambda f: f.name, default=None)


def _altered(folder: Path) -> list[str]:
    """Files that are not, or no longer, as they were given out; nothing where no manifest tells."""
    manifest = folder / "manifest.json"
    digests = json_object(manifest).get("files") if manifest.exists() else {}
    if not isinstance(digests, dict):
        return [f"{PUBLISHED}/{folder.name}/{manifest.name}: cannot be read"]
    return [
        f"{PUBLISHED}/{folder.name}/{name}: is not the file that was given out"
        for name, digest in digests.items()
        if not (folder / name).is_file() or sha256((folder / name).read_bytes()).hexdigest() != digest
    ]


def _read(file: Path, name: str, table: Table, frequency: str) -> tuple[pd.DataFrame, list[str]]:
    """The table with all its columns, whatever was allowed in them then, and what is wrong with the file."""
    try:
        written = pd.read_csv(file, dtype="str", keep_default_na=False, encoding="utf-8-sig")
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        return pd.DataFrame(), [f"{name}: cannot be read ({str(error).strip()})"]
    written = written.reindex(columns=[c.name for c in table.columns], fill_value="")
    written.index = [f"row {n}" for n in range(2, len(written) + 2)]
    read, errors = {}, []
    for column in table.columns:
        free = replace(column, optional=True, check="", type="text" if column.type == "flag" else column.type)
        read[column.name], wrong = read_column(written[column.name], free, name, frequency)
        errors += wrong
        if column.type == "flag":
            read[column.name] = read[column.name].eq("True")
    return pd.DataFrame(read).reset_index(drop=True), errors
