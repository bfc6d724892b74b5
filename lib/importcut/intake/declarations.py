"""Raw files → typed declarations: one Parquet file for each table received, and what could not be read beside it."""

import glob
import json
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa

from importcut.dataset import Dataset, digests, fingerprint_of, write_whole
from importcut.intake.corrections import line_corrections, patched, without_file
from importcut.intake.files import Part, parts
from importcut.intake.formats import SPECS, Fit, Format, detected, forced, known_formats, long_header, matched, unused
from importcut.intake.grids import Rows, as_arrow, long_rows, page_rows, parquet_rows, records_of, sheets_of
from importcut.intake.parquet import write_declarations
from importcut.intake.text import (
    SEPARATORS,
    decimal_of,
    decoded,
    encoding_of,
    header_of,
    mended,
    physical_lines,
    rows_of,
    utf8,
)
from importcut.schema import DataError, listed

BEGINNING = 250_000  # bytes of a text file among which its header is looked for
HEADER_ROWS = 20  # rows of a sheet among which its header is looked for
MALFORMED = {"line": "int64", "reason": "str", "value": "str", "raw": "str"}
FOLDERS = ("declarations", "imports")
AT_ONCE = 2  # files: while one is looked at by its signs, another one is cast
LONGEST_NAME = 150  # bytes of a file's name in the names of what is made of it; file systems have room for 255


@dataclass(frozen=True)
class RawFile:
    """A table that has been read.

    lines : physical lines (rows, records) below the header; carried_on : of these, those that a record before them
    takes up; declarations : typed lines as Parquet; malformed : the lines that are no records, as Parquet; unread :
    headers of which the format knows nothing.
    """

    source_file: str
    format: str
    encoding: str
    separator: str
    lines: int
    carried_on: int
    declarations: Path
    malformed: Path
    unread: tuple[str, ...]


@dataclass(frozen=True)
class Reading:
    """How the files of a dataset are read: formats known, lines corrected, and a folder for what is unpacked."""

    ds: Dataset
    formats: list[Format]
    corrections: pd.DataFrame
    scratch: Path


def read_declarations(ds: Dataset) -> list[RawFile]:
    """The raw files with lines up to `ds.period`, as typed Parquet, read once for each content, as corrected.

    Raises DataError that lists the files which are empty, of no known format, or lead out of the dataset.
    """
    paths, wrong = _raw_files(ds)
    if not paths and not wrong:
        raise DataError(f"{ds.name}: no raw files — put them into {' or '.join(f'{f}/' for f in FOLDERS)}")
    code = [*sorted(Path(__file__).parent.glob("*.py")), *sorted(SPECS.glob("*.toml"))]
    known = digests([*paths, *code], ds.processed / "digests.json")
    formats = known_formats(ds)
    corrections = line_corrections(ds)
    settings = json.dumps([[asdict(f) for f in formats], ds.files], default=dict, sort_keys=True)
    shared = fingerprint_of(code=[known[f] for f in code], settings=settings)

    def tables(path: Path) -> list[RawFile] | str:
        name = path.relative_to(ds.path).as_posix()
        mine = corrections[corrections["source_file"].str.startswith(name)]
        key = fingerprint_of(shared=shared, content=known[path], name=name, corrections=mine.to_csv())
        try:
            return _read(path, name, Reading(ds, formats, mine, ds.processed / "declarations"), key[:16])
        except DataError as error:
            return str(error)

    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        results = [*pool.map(tables, paths)]
    finally:
        pool.shutdown(cancel_futures=True)
    read = [file for result in results if not isinstance(result, str) for file in result]
    wrong += [result for result in results if isinstance(result, str)]
    wrong = wrong or unused(ds, [file.source_file for file in read]) + without_file(ds, read)
    if wrong:
        raise DataError(listed(wrong))
    return read if ds.period is None else _up_to(read, ds)


def periods(files: list[RawFile], frequency: str) -> pd.PeriodIndex:
    """The periods that the files cover, from the first to the last one, without reading the lines again."""
    spans = _spans(files)
    if not spans:
        raise DataError("no raw file has a readable line — see the quarantine of notebooks/01_prepare_imports.ipynb")
    first, last = zip(*spans.values(), strict=True)
    return pd.period_range(min(first), max(last), freq=frequency)


def _up_to(files: list[RawFile], ds: Dataset) -> list[RawFile]:
    """The files with a line of a period up to the dataset's; one without any readable date may be of each period."""
    spans, end = _spans(files), ds.period.end_time.date()
    early = [file for file in files if spans.get(str(file.declarations), (end, end))[0] <= end]
    if not early:
        raise DataError(f"{ds.name}: no raw file has a line up to {ds.period} — choose a later period")
    return early


def _spans(files: list[RawFile]) -> dict[str, tuple[date, date]]:
    """The first and the last date of each file that has any, by the path of its declarations."""
    paths = [glob.escape(str(file.declarations)) for file in files]
    span = "min(stats_min_value::DATE), max(stats_max_value::DATE)"  # of each row group: no line is read
    query = f"SELECT file_name, {span} FROM parquet_metadata(?) WHERE path_in_schema = 'date' GROUP BY file_name"
    with duckdb.connect() as connection:
        rows = connection.execute(query, [paths]).fetchall()
    return {file: (first, last) for file, first, last in rows if first is not None}


def _raw_files(ds: Dataset) -> tuple[list[Path], list[str]]:
    """The files in the dataset's folders, and what is wrong with those that are none of it, one sentence each."""
    paths = sorted(p for folder in FOLDERS for p in (ds.path / folder).rglob("*") if not p.name.startswith((".", "~")))
    home = ds.path.resolve()
    odd = {p for p in paths if not p.resolve().is_relative_to(home) or (p.is_symlink() and not p.is_file())}
    remedy = "leads out of the dataset folder, or to no file — put a copy there"
    wrong = [f"{p.relative_to(ds.path).as_posix()}: {remedy}" for p in paths if p in odd]
    return [p for p in paths if p.is_file() and p.stem.upper() != "README" and p not in odd], wrong


def _read(path: Path, source_file: str, how: Reading, key: str) -> list[RawFile]:
    """The tables of one received file, from what is known of it or by reading it."""
    name = source_file.replace("/", "-").encode()[-LONGEST_NAME:].decode(errors="ignore")
    folder, stem = how.scratch, f"{name}-{key}"
    note = folder / f"{stem}.json"
    if not note.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".reading-") as scratch:
            tables, how = [], replace(how, scratch=Path(scratch))
            for part in parts(path, source_file, how.scratch):
                tables += tables_of(part, how, f"{folder / stem}.{len(tables)}")
        write_whole(note, json.dumps([asdict(m) for m in tables], default=lambda path: path.name))
    known = json.loads(note.read_text())
    return [RawFile(**about | {k: folder / about[k] for k in ("declarations", "malformed")}) for about in known]


def tables_of(part: Part, how: Reading, stem: str) -> list[RawFile]:
    """The tables of one file: a text file has one, a workbook one for each sheet."""
    said, formats = forced(part.source_file, how.ds), how.formats
    match part.kind:
        case "text":
            return [_from_text(part, said, how, stem)]
        case "parquet":
            header, table = parquet_rows(part.path, part.source_file)
            fit = detected([*header, *_added(said)], formats, part.source_file, said.get("format"))
            for value in _added(said).values():
                table = table.append_column(f"c{table.num_columns}", pa.array([value] * len(table), pa.string()))
            return [_from_table(part.source_file, "parquet", fit, table, 0, said, stem)]
        case "excel":
            sheets = dict(sheets_of(part.path, part.source_file))
            names = said.get("sheet", [*sheets])
            names = [names] if isinstance(names, str) else names
            if not names or set(names) - set(sheets):
                lacking, there = ", ".join(set(names) - set(sheets)), ", ".join(sheets) or "none with anything in it"
                raise DataError(f"{part.source_file}: no sheet {lacking} (there are: {there}) — correct [[files]]")
            places = {f"{part.source_file}#{n}" if len(names) > 1 else part.source_file: sheets[n] for n in names}
        case "json":
            places = {part.source_file: records_of(part.path, part.source_file, formats)}
        case _:
            places = {part.source_file: page_rows(part.path, part.source_file)}
    read = enumerate(places.items())
    return [_from_rows(name, part.kind, rows, said, formats, f"{stem}.{n}") for n, (name, rows) in read]


def _from_text(part: Part, said: dict, how: Reading, stem: str) -> RawFile:
    name, formats, scratch = part.source_file, how.formats, how.scratch
    encoding = said.get("encoding") or encoding_of(part.path, name)
    path = utf8(part.path, encoding, scratch / "utf-8", name)
    if len(mine := how.corrections[how.corrections["source_file"].eq(name)]):
        path = patched(path, mine, scratch / "corrected")
    with path.open("rb") as file:
        begin = file.read(BEGINNING).decode("utf-8-sig", "replace")
    head = header_of(begin, lambda row: matched(row, formats), said.get("separator") or SEPARATORS)
    fit = detected([*head.fields, *_added(said)], formats, f"{name} row {max(1, head.top)}", said.get("format"))
    if fit.format.wide:
        rows = [[field or None for field in row] for row in rows_of(decoded(path, name)[0], head.separator, name)]
        return _from_rows(name, encoding, rows, said, formats, stem, head.separator)
    loose = bool(head.rows) and len(head.rows[0]) == len(head.fields) + 1 and not head.rows[0][-1]
    names = [f"c{n}" for n in range(len(head.fields))] + ["loose"] * loose  # a separator at the end of each line
    width, target = len(names), Path(f"{stem}.parquet")
    numbers = [n for c, n in fit.position.items() if fit.format.columns[c].get("type") in ("number", "integer")]
    sample = (row[n] for row in head.rows for n in numbers if n < len(row))
    decimal = said.get("decimal") or decimal_of(sample, head.separator)
    added = [(f"c{len(head.fields) + n}", value) for n, value in enumerate(_added(said).values())]
    shape = {"source_file": name, "top": head.top, "names": names, "added": added, "decimal": decimal}
    lines, about = physical_lines(path) - head.top, (name, fit, encoding, head.separator)
    try:
        if head.top == 1 and write_declarations(target, fit, text=(path, head.separator, True), **shape) == lines:
            return _raw_file(*about, lines, 0, [], target, stem)
    except duckdb.Error:
        pass  # a line somewhere is no record: the lines are looked at one by one
    for quoted in (False, True):
        fixed = mended(path, scratch / "mended", width=width, top=head.top, separator=head.separator, quoted=quoted)
        try:
            lines = write_declarations(target, fit, text=(fixed.path, head.separator, False), **shape)
        except duckdb.Error as error:
            cause = str(error).splitlines()[0][:200]
            continue
        return _raw_file(*about, lines, fixed.gaps, fixed.malformed, target, stem)
    raise DataError(f"{name}: cannot be read ({cause}) — save it as CSV, UTF-8")


def _from_rows(
    name: str, kind: str, rows: Rows, said: dict, formats: list[Format], stem: str, separator: str = ""
) -> RawFile:
    """A table given as rows, the header among the first of them."""
    heads = [[" ".join(str(cell or "").split()) for cell in row] for row in rows[:HEADER_ROWS]]
    at = max(range(len(heads)), key=lambda n: (matched(heads[n], formats), -n), default=0)
    header, below, added = heads[at] if heads else [], rows[at + 1 :], _added(said)
    fit = detected([*header, *added], formats, f"{name} row {at + 1}", said.get("format"))
    if long := [row for row in below if any(row[len(header) :])]:
        raise DataError(
            f"{name}: row {below.index(long[0]) + at + 2} is longer than the header — give every column one"
        )
    if added:
        below = [[*row, *[None] * (len(header) - len(row)), *added.values()] for row in below]
        header = [*header, *added]
    if fit.format.wide:
        below, header = long_rows(header, below, fit.format.wide), long_header(header, fit.format.wide)
    return _from_table(name, kind, fit, as_arrow(below, len(header)), at + 1, said, stem, separator)


def _from_table(
    name: str, kind: str, fit: Fit, table: pa.Table, top: int, said: dict, stem: str, separator: str = ""
) -> RawFile:
    target, decimal = Path(f"{stem}.parquet"), said.get("decimal", ".")
    lines = write_declarations(target, fit, source_file=name, top=top, decimal=decimal, rows=table)
    return _raw_file(name, fit, kind, separator, lines, 0, [], target, stem)


def _raw_file(source_file, fit, encoding, separator, lines, gaps, malformed, target, stem) -> RawFile:
    """What is known of a table that has been read, once its malformed lines are written too.

    Raises DataError if there is nothing below its header.
    """
    if not lines or (len(malformed) == lines and not any(line["raw"].strip() for line in malformed)):
        remedy = "put the file received there, or take it away"
        raise DataError(f"{source_file}: the file has no lines below its header — {remedy}")
    aside = Path(f"{stem}.malformed.parquet")
    pd.DataFrame(malformed, columns=[*MALFORMED]).astype(MALFORMED).to_parquet(aside, index=False)
    return RawFile(source_file, fit.format.name, encoding, separator, lines, gaps, target, aside, fit.unread)


def _added(said: dict) -> dict[str, str]:
    """Columns that [[files]] says of a file which does not say them itself: header, and the text on every row."""
    return {header: str(text) for header, text in said.get("add", {}).items()}
