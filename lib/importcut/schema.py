"""Every table's columns, units and key; the only door to `data/processed`."""

import os
import tomllib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from threading import get_ident

import pandas as pd
import pyarrow.compute as pc
from pyarrow import ArrowInvalid

LIBRARY = Path(__file__).parent  # where the descriptions lie that come with the library
PERIODS = {"Q": r"\d{4}Q[1-4]", "Y": r"\d{4}"}  # how a period is written, by frequency
MISSPELT = 0.72  # from which likeness on a name is a misspelt one: delivery is deliveries, reports is not imports
MOST_ERRORS = 40  # lines; more of them have one cause, and nobody reads them
GRADES = ("measured", "inferred", "planned", "assumed")  # strongest first
CLEANED = ("lines", "quarantine", "cells", "rules")  # tables that do not depend on the scenario
REMADE = ("profile", "quarantine")  # large, and made again from the raw files; no revision is told of them
EXPORTS = {  # what can be handed out, and the file of each in a language's folder
    "html": "report.html",
    "pdf": "report.pdf",
    "docx": "report.docx",
    "slides": "slides.html",
    "pptx": "slides.pptx",
    "xlsx": "tables.xlsx",
}
PARTS = {"imports": ("lines", "rule")}  # a table that is kept within another one: its rows, where that column is empty
PAIR = ["project_id", "product_id"]  # keys of the tables that several rooms join on
ROW = [*PAIR, "period"]
USE = ["product_id", "plant_id"]
CELL = ["product_id", "plant_id", "origin", "period"]
ITEM = ["product_id", "origin"]
PLACE = ["source_file", "line"]  # where a line of the declarations stands
VOLUME = ["value_usd", "net_kg"]  # of imports
CLOSE = 0.05  # share of the planned cut; a project that is no farther off keeps to its plan
QUARTERS = 4  # of a year
YEAR = {"Q": QUARTERS, "Y": 1}  # periods, by frequency
ENGINES = ("duckdb", "spark")  # that clean the lines
RULES = ("shapley", "dispatched", "proportional", "stand_alone", "marginal")  # of credit
DISPATCH = ("proportional", "merit_order", "first_come")  # whose tonnes flow where supplies exceed what is displaced
NATIONAL = "national"  # the plant of imports whose importer the data do not name
UNTOLD = "not_told"  # the reason of an estimate that did not pass every test
PASSED = ("holds", "not_checked")  # verdicts of a test that does not stand against a claim
TESTS = ("fit", "in_time", "mirror", "diversion", "stocks")  # that a fall must pass before it is told
RANGE = (0.05, 0.95)  # quantiles between which nine in ten draws, or placebos, lie
ROWS_AT_ONCE = 40_960  # rows of a group in Parquet: few enough that a core keeps them at hand while they are written
DTYPES = {
    "text": "str",
    "country": "str",  # ISO 3166, two letters
    "integer": "Int64",
    "number": "float64",
    "flag": "bool",
    "date": "datetime64[us]",
}


class DataError(Exception):
    """Something in the data that only its owner can mend; the message names file, row, value and remedy."""


class RunError(Exception):
    """A report could not be made; the message names the notebook, the cell and the cause."""


class UsageError(Exception):
    """What was asked for does not exist or is written wrongly; the message names what would be right."""


def listed(faults: list) -> str:
    """Faults, one line each; of very many the first ones, and how many there are besides."""
    more = len(faults) - MOST_ERRORS
    return "\n".join([*map(str, faults[:MOST_ERRORS]), *([f"… and {more} more"] if more > 0 else [])])


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that a misspelt one is most like; "" if it is like none."""
    alike = {other.lower(): other for other in known}
    return next((alike[near] for near in get_close_matches(name.lower(), alike, n=1, cutoff=MISSPELT)), "")


def choice(name: str, known: Iterable[str]) -> str:
    """What to do about a name that is none of the known ones."""
    near = nearest(name, known := [*known])
    return f"is {near} meant?" if near else f"choose one of {', '.join(known)}"


def one_of(what: str, name: str, known: Iterable[str]) -> str:
    """The name; UsageError if there is nothing of that name."""
    if name not in (known := [*known]):
        raise UsageError(f"there is no {what} {name} — {choice(name, known)}")
    return name


@dataclass(frozen=True)
class Column:
    """A column: type, unit, meaning, whether it may be empty, and the check on its values."""

    name: str
    type: str
    unit: str
    meaning: str
    optional: bool
    check: str


@dataclass(frozen=True)
class Table:
    """A table: what a row is, its key and its columns."""

    name: str
    row: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]


@cache
def tables(file: str = "tables.toml") -> dict[str, Table]:
    """All tables of `file`, in the order of the data's way."""
    specs = tomllib.loads((LIBRARY / file).read_text(encoding="utf-8"))
    return {name: _table(name, spec) for name, spec in specs.items()}


def conform(table: pd.DataFrame, name: str, *, frequency: str) -> pd.DataFrame:
    """The table with exactly the columns, types, key and order that `name` promises.

    Raises DataError if a column is missing, a value breaks its check or the key is not unique.
    """
    import pandera.pandas as pa
    from pandera.errors import SchemaErrors

    spec, shaped = tables()[name], _shaped(table, name, frequency)
    rules = pa.DataFrameSchema(
        {c.name: pa.Column(nullable=c.optional, checks=_checks(c)) for c in spec.columns}, unique=list(spec.key)
    )
    try:
        rules.validate(shaped, lazy=True)
    except SchemaErrors as error:
        first = error.failure_cases.iloc[0]
        column = next(c for c in spec.columns if c.name == first["column"])
        row = ", ".join(f"{key} {shaped.at[first['index'], key]}" for key in spec.key)
        ill = {
            "not_nullable": "is empty, and may not be",
            "multiple_fields_uniqueness": "stands in two rows of one key",
        }
        text = ill.get(first["check"], f"{first['failure_case']} — must be {column.check}")
        more = f"{len(error.failure_cases)} findings; `importcut check` tells what in the data they may come of"
        raise DataError(f"table {name}, {row}: {column.name} {text} ({more})") from None
    return shaped


def save(table: pd.DataFrame, name: str, ds) -> pd.DataFrame:
    """Write a finished table below `ds.tables` (those of all scenarios: `ds.cleaned`); returns it conformed."""
    shaped = conform(table, name, frequency=ds.frequency)
    path = _path(name, ds)
    with whole(path) as part:
        as_text(shaped).to_parquet(part, index=False)
    return shaped


def load(name: str, ds) -> pd.DataFrame:
    """Read a table that an earlier notebook saved, and that was checked when it was.

    Raises DataError if it has not been made yet, or cannot be read.
    """
    path = _path(one_of("table", name, tables()), ds)
    columns = [c.name for c in tables()[name].columns]
    part = pc.field(PARTS[name][1]).is_null() if name in PARTS else None
    try:
        return _shaped(pd.read_parquet(path, columns=columns, filters=part), name, ds.frequency)
    except (OSError, ArrowInvalid) as error:
        state = "has not been made" if isinstance(error, FileNotFoundError) else "cannot be read and is to be made anew"
        raise DataError(
            f"{path.name} {state} for {ds.name} {ds.period} — "
            f"run `importcut report --dataset {ds.name} --period {ds.period}` or the notebooks before this one"
        ) from None


def empty(name: str, ds) -> pd.DataFrame:
    """The table with its header only."""
    columns = [c.name for c in tables()[name].columns]
    return _shaped(pd.DataFrame(columns=columns, dtype=object), name, ds.frequency)


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A file to write to, which then takes the place of `path`; if anything fails, what stood there still stands.

    Raises DataError if another program holds `path` open.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}-{get_ident()}.part")
    try:
        yield part
        if path.is_file():
            flush(part)
        try:
            part.replace(path)
        except PermissionError:  # on Windows, of an open file
            raise DataError(f"{path} is open in another program — close it there, then run this again") from None
    finally:
        part.unlink(missing_ok=True)


def flush(file: Path) -> None:
    """Have what was written to a file put on the disk, so that it is there also if the power fails after a rename."""
    descriptor = os.open(file, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def as_text(table: pd.DataFrame) -> pd.DataFrame:
    """The table with periods written as text, `2026Q3`, for files."""
    periods = {
        c: table[c].astype("str").where(table[c].notna(), None)
        for c in table
        if isinstance(table[c].dtype, pd.PeriodDtype)
    }
    return table.assign(**periods)


def weakest(grades: pd.Series) -> str | None:
    """The weakest of some evidence grades, which is the grade of what is computed from them."""
    present = set(grades.dropna())
    return max(present, key=GRADES.index) if present else None


def within(periods: pd.PeriodIndex | pd.Series, span: pd.Period) -> "pd.Series":
    """Which periods lie inside a span of the same or a lower frequency (a quarter in a year)."""
    index = pd.PeriodIndex(periods)
    return (index.start_time >= span.start_time) & (index.end_time <= span.end_time)


def _table(name: str, spec: dict) -> Table:
    columns = tuple(
        Column(column, kind.rstrip("?"), unit, meaning, kind.endswith("?"), check[0] if check else "")
        for column, (kind, unit, meaning, *check) in spec["columns"].items()
    )
    return Table(name, spec["row"], tuple(spec.get("key", ())), columns)


def _shaped(table: pd.DataFrame, name: str, frequency: str) -> pd.DataFrame:
    """The table with the columns, types and order of its schema; a kernel that only reads is spared its checks."""
    spec = tables()[name]
    missing = [c.name for c in spec.columns if c.name not in table]
    if missing:
        raise DataError(f"table {name}: no column {', '.join(missing)}")
    return pd.DataFrame({c.name: _typed(table[c.name], c, frequency) for c in spec.columns}).reset_index(drop=True)


def _typed(values: pd.Series, column: Column, frequency: str) -> pd.Series:
    if column.type != "period":
        return values.astype(DTYPES[column.type])
    if isinstance(values.dtype, pd.PeriodDtype):
        return values
    return pd.Series(pd.PeriodIndex(values.astype("str").where(values.notna(), None), freq=frequency), values.index)


def _checks(column: Column) -> list:
    import pandera.pandas as pa

    match column.check:
        case "":
            return []
        case ">= 0":
            return [pa.Check.ge(0)]
        case "> 0":
            return [pa.Check.gt(0)]
        case "share":
            return [pa.Check.in_range(0, 1)]
        case values:
            return [pa.Check.isin(values.split("|"))]


def _path(name: str, ds) -> Path:
    name = PARTS.get(name, [name])[0]
    folder = ds.cleaned if name in CLEANED else ds.tables
    return folder / f"{name}.parquet"
