"""Raw files → typed declarations: one Parquet file for each table received, and what could not be read beside it."""

import glob
import json
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa

from importcut.dataset import digests, fingerprint_of, write_whole
from importcut.intake.corrections import line_corrections, patched, without_file
from importcut.intake.files import Part, parts
from importcut.intake.formats import FORMATS, Fit, Format, detected, forced, known_formats, long_header, matched, unused
from importcut.intake.grids import (
    Rows,
    as_arrow,
    long_rows,
    page_rows,
    parquet_rows,
    records_of,
    sheets_of,
)
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
from importcut.schema import DataError

BEGINNING = 250_000  # bytes of a text file among which its header is looked for
HEADER_ROWS = 20  # rows of a sheet among which its header is looked for
MALFORMED = {"line": "int64", "reason": "str", "value": "str", "raw": "str"}
FOLDERS = ("declarations", "imports")
MOST_ERRORS = 40  # lines
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

    ds: object
    formats: list[Format]
    corrections: pd.DataFrame
    scratch: Path


def read_declarations(ds) -> list[RawFile]:
    """Every raw file of the dataset as typed Parquet, read once for each content, with its lines as corrected.

    Raises DataError that lists the files which are empty, of no known format, or lead out of the dataset.
    """
    paths, wrong = _received(ds)
    if not paths and not wrong:
        raise DataError(f"{ds.name}: no raw files — put them into {' or '.join(f'{f}/' for f in FOLDERS)}")
    code = [*sorted(Path(__file__).parent.glob("*.py")), *sorted(FORMATS.glob("*.toml"))]
    known = digests([*paths, *code], ds.processed / "digests.json")
    formats = known_formats(ds)
    corrections = line_corrections(ds)
    described = _plain([[asdict(f) for f in formats], ds.files])
    shared = fingerprint_of(code=[known[f] for f in code], described=described)

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
        found = [*pool.map(tables, paths)]
    finally:
        pool.shutdown(cancel_futures=True)
    read = [file for made in found if not isinstance(made, str) for file in made]
    wrong += [told for told in found if isinstance(told, str)]
    wrong = wrong or unused(ds, [file.source_file for file in read]) + without_file(ds, read)
    if wrong:
        more = [f"… and {len(wrong) - MOST_ERRORS} more"] * (len(wrong) > MOST_ERRORS)
        raise DataError("\n".join([*wrong[:MOST_ERRORS], *more]))
    return read


def periods(files: list[RawFile], frequency: str) -> pd.PeriodIndex:
    """The periods that the files cover, from the first to the last one, without reading the lines again."""
    paths = [glob.escape(str(file.declarations)) for file in files]
    span = "min(stats_min_value::DATE), max(stats_max_value::DATE)"  # of each row group: no line is read
    query = f"SELECT {span} FROM parquet_metadata(?) WHERE path_in_schema = 'date'"
    with duckdb.connect() as connection:
        first, last = connection.execute(query, [paths]).fetchone()
    if first is None:
        raise DataError("no raw file has a readable line — see the quarantine of notebooks/01_prepare_imports.ipynb")
    return pd.period_range(first, last, freq=frequency)


def _received(ds) -> tuple[list[Path], list[str]]:
    """The files in the dataset's folders, and what is wrong with those that are none of it, one sentence each."""
    found = sorted(p for folder in FOLDERS for p in (ds.path / folder).rglob("*") if not p.name.startswith((".", "~")))
    home = ds.path.resolve()
    odd = {p for p in found if not p.resolve().is_relative_to(home) or (p.is_symlink() and not p.is_file())}
    remedy = "leads out of the dataset folder, or to no file — put a copy there"
    wrong = [f"{p.relative_to(ds.path).as_posix()}: {remedy}" for p in found if p in odd]
    return [p for p in found if p.is_file() and p.stem.upper() != "README" and p not in odd], wrong


def _read(path: Path, source_file: str, how: Reading, key: str) -> list[RawFile]:
    """The tables of one received file, from what is known of it or by reading it."""
    name = source_file.replace("/", "-").encode()[-LONGEST_NAME:].decode(errors="ignore")
    folder, stem = how.scratch, f"{name}-{key}"
    note = folder / f"{stem}.json"
    if not note.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".reading-") as scratch:
            made, how = [], replace(how, scratch=Path(scratch))
            for part in parts(path, source_file, how.scratch):
                made += tables_of(part, how, f"{folder / stem}.{len(made)}")
        write_whole(note, json.dumps([asdict(m) for m in made], default=lambda path: path.name))
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
            found = detected([*header, *_added(said)], formats, part.source_file, said.get("format"))
            for value in _added(said).values():
                table = table.append_column(f"c{table.num_columns}", pa.array([value] * len(table), pa.string()))
            return [_from_table(part.source_file, "parquet", found, table, 0, said, stem)]
        case "excel":
            sheets = dict(sheets_of(part.path, part.source_file))
            asked = said.get("sheet", [*sheets])
            asked = [asked] if isinstance(asked, str) else asked
            if not asked or set(asked) - set(sheets):
                lacking, there = ", ".join(set(asked) - set(sheets)), ", ".join(sheets) or "none with anything in it"
                raise DataError(f"{part.source_file}: no sheet {lacking} (there are: {there}) — correct [[files]]")
            places = {f"{part.source_file}#{n}" if len(asked) > 1 else part.source_file: sheets[n] for n in asked}
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
    found = detected([*head.fields, *_added(said)], formats, f"{name} row {max(1, head.top)}", said.get("format"))
    if found.format.wide:
        rows = [[field or None for field in row] for row in rows_of(decoded(path, name)[0], head.separator, name)]
        return _from_rows(name, encoding, rows, said, formats, stem, head.separator)
    loose = bool(head.rows) and len(head.rows[0]) == len(head.fields) + 1 and not head.rows[0][-1]
    names = [f"c{n}" for n in range(len(head.fields))] + ["loose"] * loose  # a separator at the end of each line
    width, target = len(names), Path(f"{stem}.parquet")
    numbers = [n for c, n in found.position.items() if found.format.columns[c].get("type") in ("number", "integer")]
    shown = (row[n] for row in head.rows for n in numbers if n < len(row))
    decimal = said.get("decimal") or decimal_of(shown, head.separator)
    added = [(f"c{len(head.fields) + n}", value) for n, value in enumerate(_added(said).values())]
    shape = {"source_file": name, "top": head.top, "names": names, "added": added, "decimal": decimal}
    lines, about = physical_lines(path) - head.top, (name, found, encoding, head.separator)
    try:
        if head.top == 1 and write_declarations(target, found, text=(path, head.separator, True), **shape) == lines:
            return _noted(*about, lines, 0, [], target, stem)
    except duckdb.Error:
        pass  # a line somewhere is no record: the lines are looked at one by one
    for quoted in (False, True):
        fixed = mended(path, scratch / "mended", width=width, top=head.top, separator=head.separator, quoted=quoted)
        try:
            lines = write_declarations(target, found, text=(fixed.path, head.separator, False), **shape)
        except duckdb.Error as error:
            told = str(error).splitlines()[0][:200]
            continue
        return _noted(*about, lines, fixed.gaps, fixed.malformed, target, stem)
    raise DataError(f"{name}: cannot be read ({told}) — save it as CSV, UTF-8")


def _from_rows(
    name: str, kind: str, rows: Rows, said: dict, formats: list[Format], stem: str, separator: str = ""
) -> RawFile:
    """A table given as rows, the header among the first of them."""
    heads = [[" ".join(str(cell or "").split()) for cell in row] for row in rows[:HEADER_ROWS]]
    at = max(range(len(heads)), key=lambda n: (matched(heads[n], formats), -n), default=0)
    header, below, added = heads[at] if heads else [], rows[at + 1 :], _added(said)
    found = detected([*header, *added], formats, f"{name} row {at + 1}", said.get("format"))
    if long := [row for row in below if any(row[len(header) :])]:
        raise DataError(
            f"{name}: row {below.index(long[0]) + at + 2} is longer than the header — give every column one"
        )
    if added:
        below = [[*row, *[None] * (len(header) - len(row)), *added.values()] for row in below]
        header = [*header, *added]
    if found.format.wide:
        below, header = long_rows(header, below, found.format.wide), long_header(header, found.format.wide)
    return _from_table(name, kind, found, as_arrow(below, len(header)), at + 1, said, stem, separator)


def _from_table(
    name: str, kind: str, found: Fit, table: pa.Table, top: int, said: dict, stem: str, separator: str = ""
) -> RawFile:
    target, decimal = Path(f"{stem}.parquet"), said.get("decimal", ".")
    lines = write_declarations(target, found, source_file=name, top=top, decimal=decimal, rows=table)
    return _noted(name, found, kind, separator, lines, 0, [], target, stem)


def _noted(source_file, found, encoding, separator, lines, gaps, malformed, target, stem) -> RawFile:
    """What is known of a table that has been read, once its malformed lines are written too.

    Raises DataError if there is nothing below its header.
    """
    if not lines or (len(malformed) == lines and not any(line["raw"].strip() for line in malformed)):
        remedy = "put the file received there, or take it away"
        raise DataError(f"{source_file}: the file has no lines below its header — {remedy}")
    aside = Path(f"{stem}.malformed.parquet")
    pd.DataFrame(malformed, columns=[*MALFORMED]).astype(MALFORMED).to_parquet(aside, index=False)
    return RawFile(source_file, found.format.name, encoding, separator, lines, gaps, target, aside, found.unread)


def _added(said: dict) -> dict[str, str]:
    """Columns that [[files]] says of a file which does not say them itself: header, and the text on every row."""
    return {header: str(text) for header, text in said.get("add", {}).items()}


def _plain(settings) -> str:
    return json.dumps(settings, default=lambda held: dict(held), sort_keys=True)
