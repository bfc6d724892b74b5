"""Raw files → typed declarations: one Parquet file for each table received, and what could not be read beside it."""

import fnmatch
import json
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from importcut.digest import digests, fingerprint_of, write_whole
from importcut.schema import DataError
from importcut.sources.convert import write_declarations
from importcut.sources.formats import FORMATS, Fit, Format, detected, known_formats, long_header, matched
from importcut.sources.grids import (
    Rows,
    as_arrow,
    long_rows,
    page_rows,
    parquet_rows,
    records_of,
    sheets_of,
    text_rows,
)
from importcut.sources.lines import mended, physical_lines
from importcut.sources.received import Part, parts
from importcut.sources.repairs import patched, read_repairs, repair, with_raw
from importcut.sources.text import decimal_of, encoding_of, header_of, utf8

__all__ = ["RawFile", "periods", "read_declarations", "repair", "with_raw"]
FOLDERS = ("declarations", "imports")
MOST_ERRORS = 40  # lines
FORCED = {"match", "format", "encoding", "separator", "decimal", "sheet"}
AT_ONCE = 2  # files: while one is looked at by its signs, another one is cast
HEADER_ROWS = 20  # rows of a sheet among which its header is looked for
MALFORMED = {"line": "int64", "reason": "str", "value": "str", "raw": "str"}


@dataclass(frozen=True)
class RawFile:
    """A table that has been read.

    lines : physical lines (rows, records) below the header; carried_on : of these, those that a record before them
    takes up; declarations : typed lines as Parquet; malformed : the lines that are no records, as Parquet.
    """

    source_file: str
    format: str
    encoding: str
    separator: str
    lines: int
    carried_on: int
    declarations: Path
    malformed: Path


@dataclass(frozen=True)
class Reading:
    """How the files of a dataset are read: formats known, lines repaired, and a folder for what is unpacked."""

    ds: object
    formats: list[Format]
    repairs: pd.DataFrame
    scratch: Path


def read_declarations(ds, *, repairs: pd.DataFrame | None = None) -> list[RawFile]:
    """Every raw file of the dataset as typed Parquet, read once for each content; `repairs` as in repairs.csv.

    Raises DataError that lists the files which are empty, of no known format, or lead out of the dataset.
    """
    found = sorted(p for folder in FOLDERS for p in (ds.path / folder).rglob("*") if p.is_file())
    paths = [p for p in found if not p.name.startswith((".", "~")) and p.stem.upper() != "README"]
    if not paths:
        raise DataError(f"{ds.name}: no raw files — put them into {' or '.join(f'{f}/' for f in FOLDERS)}")
    code = [*sorted(Path(__file__).parent.glob("*.py")), *sorted(FORMATS.glob("*.toml"))]
    known = digests([*paths, *code], ds.processed / "digests.json")
    formats = known_formats(ds)
    repairs = read_repairs(ds) if repairs is None else repairs
    shared = fingerprint_of(code=[known[f] for f in code], formats=_plain(ds.formats), files=_plain(ds.files))

    def tables(path: Path) -> list[RawFile] | str:
        name = path.relative_to(ds.path).as_posix()
        mine = repairs[repairs["source_file"].str.startswith(name)]
        key = fingerprint_of(shared=shared, content=known[path], name=name, repairs=mine.to_csv())
        try:
            return _read(path, name, Reading(ds, formats, mine, ds.processed / "declarations"), key[:16])
        except DataError as error:
            return str(error)

    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        read = [*pool.map(tables, paths)]
    finally:
        pool.shutdown(cancel_futures=True)
    wrong = [found for found in read if isinstance(found, str)]
    if wrong:
        more = [f"… and {len(wrong) - MOST_ERRORS} more"] * (len(wrong) > MOST_ERRORS)
        raise DataError("\n".join([*wrong[:MOST_ERRORS], *more]))
    return [file for found in read for file in found]


def periods(files: list[RawFile], frequency: str) -> pd.PeriodIndex:
    """The periods that the files cover, from the first to the last one, without reading the lines again."""
    spans = []
    for file in files:
        about = pq.ParquetFile(file.declarations)
        date = about.schema_arrow.names.index("date")
        spans += [about.metadata.row_group(g).column(date).statistics for g in range(about.metadata.num_row_groups)]
    known = [s for s in spans if s is not None and s.has_min_max]
    if not known:
        raise DataError("no raw file has a readable line — see the quarantine of notebooks/01_prepare_imports.ipynb")
    return pd.period_range(min(s.min for s in known), max(s.max for s in known), freq=frequency)


def _plain(settings) -> str:
    return json.dumps(settings, default=lambda held: dict(held), sort_keys=True)


def _read(path: Path, source_file: str, how: Reading, key: str) -> list[RawFile]:
    """The tables of one received file, from what is known of it or by reading it."""
    if not path.resolve().is_relative_to(how.ds.path.resolve()):
        raise DataError(f"{source_file}: leads out of the dataset folder — put a copy there")
    folder, stem = how.scratch, f"{source_file.replace('/', '-')}-{key}"
    note = folder / f"{stem}.json"
    if not note.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".reading-") as scratch:
            made, how = [], replace(how, scratch=Path(scratch))
            for part in parts(path, source_file, how.scratch):
                made += _tables(part, how, f"{folder / stem}.{len(made)}")
        write_whole(note, json.dumps([asdict(m) for m in made], default=lambda path: path.name))
    known = json.loads(note.read_text())
    return [RawFile(**about | {k: folder / about[k] for k in ("declarations", "malformed")}) for about in known]


def _tables(part: Part, how: Reading, stem: str) -> list[RawFile]:
    """The tables of one file: a text file has one, a workbook one for each sheet."""
    forced, formats = _forced(part.source_file, how.ds), how.formats
    match part.kind:
        case "text":
            return [_from_text(part, forced, how, stem)]
        case "parquet":
            header, table = parquet_rows(part.path)
            found = detected(header, formats, part.source_file, forced.get("format"))
            return [_from_table(part.source_file, "parquet", found, table, 0, forced, stem)]
        case "excel":
            sheets = dict(sheets_of(part.path, part.source_file))
            asked = {name: rows for name, rows in sheets.items() if name == forced.get("sheet", name)}
            if not asked:
                there = ", ".join(sheets) or "none with anything in it"
                raise DataError(
                    f"{part.source_file}: no sheet {forced.get('sheet', '')} (there are: {there}) — correct [[files]]"
                )
            places = {f"{part.source_file}#{n}" if len(asked) > 1 else part.source_file: r for n, r in asked.items()}
        case "json":
            places = {part.source_file: records_of(part.path, part.source_file, formats)}
        case _:
            places = {part.source_file: page_rows(part.path, part.source_file)}
    read = enumerate(places.items())
    return [_from_rows(name, part.kind, rows, forced, formats, f"{stem}.{n}") for n, (name, rows) in read]


def _from_text(part: Part, forced: dict, how: Reading, stem: str) -> RawFile:
    name, formats, scratch = part.source_file, how.formats, how.scratch
    encoding = forced.get("encoding") or encoding_of(part.path, name)
    path = utf8(part.path, encoding, scratch / "utf-8", name)
    if len(mine := how.repairs[how.repairs["source_file"].eq(name)]):
        path = patched(path, mine, scratch / "repaired")
    head = header_of(path, formats, forced.get("separator"))
    found = detected(head.fields, formats, f"{name} row {max(1, head.top)}", forced.get("format"))
    if found.format.wide:
        return _from_rows(name, encoding, text_rows(path, head.separator, name), forced, formats, stem, head.separator)
    loose = bool(head.rows) and len(head.rows[0]) == len(head.fields) + 1 and not head.rows[0][-1]
    width, target = len(head.fields) + loose, Path(f"{stem}.parquet")  # loose: a separator at the end of each line
    numbers = [n for c, n in found.position.items() if found.format.columns[c].get("type") in ("number", "integer")]
    shown = (row[n] for row in head.rows for n in numbers if n < len(row))
    decimal = forced.get("decimal") or decimal_of(shown, head.separator)
    shape = {"source_file": name, "top": head.top, "width": width, "decimal": decimal}
    lines, about = physical_lines(path) - head.top, (name, found.format.name, encoding, head.separator)
    try:
        if head.top == 1 and write_declarations(target, found, text=(path, head.separator, True), **shape) == lines:
            return _noted(*about, lines, 0, [], target, stem)
    except duckdb.Error:
        pass  # a line somewhere is no record: the lines are looked at one by one
    for quoted in (False, True):
        fixed = mended(path, scratch / "mended", width=width, top=head.top, separator=head.separator, quoted=quoted)
        try:
            lines = write_declarations(target, found, text=(fixed.path, head.separator, False), **shape)
        except duckdb.Error:
            if quoted:
                raise
            continue
        return _noted(*about, lines, fixed.gaps, fixed.malformed, target, stem)
    raise AssertionError


def _from_rows(
    name: str, kind: str, rows: Rows, forced: dict, formats: list[Format], stem: str, separator: str = ""
) -> RawFile:
    """A table given as rows, the header among the first of them."""
    heads = [[" ".join(str(cell or "").split()) for cell in row] for row in rows[:HEADER_ROWS]]
    at = max(range(len(heads)), key=lambda n: (matched(heads[n], formats), -n), default=0)
    header, below = heads[at] if heads else [], rows[at + 1 :]
    found = detected(header, formats, f"{name} row {at + 1}", forced.get("format"))
    if long := [row for row in below if any(row[len(header) :])]:
        raise DataError(
            f"{name}: row {below.index(long[0]) + at + 2} is longer than the header — give every column one"
        )
    if found.format.wide:
        below, header = long_rows(header, below, found.format.wide), long_header(header, found.format.wide)
    return _from_table(name, kind, found, as_arrow(below, len(header)), at + 1, forced, stem, separator)


def _from_table(
    name: str, kind: str, found: Fit, table: pa.Table, top: int, forced: dict, stem: str, separator: str = ""
) -> RawFile:
    target, decimal = Path(f"{stem}.parquet"), forced.get("decimal", ".")
    lines = write_declarations(target, found, source_file=name, top=top, width=0, decimal=decimal, rows=table)
    return _noted(name, found.format.name, kind, separator, lines, 0, [], target, stem)


def _noted(source_file, format, encoding, separator, lines, gaps, malformed, target, stem) -> RawFile:
    """What is known of a table that has been read, once its malformed lines are written too.

    Raises DataError if there is nothing below its header.
    """
    if not lines or (len(malformed) == lines and not any(found["raw"].strip() for found in malformed)):
        remedy = "put the file received there, or take it away"
        raise DataError(f"{source_file}: the file has no lines below its header — {remedy}")
    aside = Path(f"{stem}.malformed.parquet")
    pd.DataFrame(malformed, columns=[*MALFORMED]).astype(MALFORMED).to_parquet(aside, index=False)
    return RawFile(source_file, format, encoding, separator, lines, gaps, target, aside)


def _forced(source_file: str, ds) -> dict:
    """What dataset.toml says of a file in [[files]]; the first entry whose `match` fits it.

    Raises DataError if it says something that cannot be said.
    """
    for about in ds.files:
        if unknown := sorted(set(about) - FORCED):
            raise DataError(
                f"dataset.toml: [[files]] has {', '.join(unknown)} — it may hold {', '.join(sorted(FORCED))}"
            )
        if fnmatch.fnmatch(source_file, about.get("match", "*")):
            return about
    return {}
