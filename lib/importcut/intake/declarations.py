"""Raw files → typed declarations: one Parquet file for each table received, and what could not be read beside it."""

import glob
import json
import os
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa

from importcut.dataset import DIGESTS, Dataset, digests, fingerprint_of, memory_of, remember
from importcut.intake import text
from importcut.intake.corrections import line_corrections, patched, without_file
from importcut.intake.files import RAW, parts
from importcut.intake.formats import SPECS, Fit, Format, detected, forced, known_formats, long_header, matched, unused
from importcut.intake.grids import Rows, as_arrow, book_rows, long_rows, page_rows, parquet_rows, records_of
from importcut.intake.parquet import dates_of, read_text, write_declarations
from importcut.schema import DataError, listed

BEGINNING = 250_000  # bytes of a text file among which its header is looked for
MALFORMED = {"line": "int64", "reason": "str", "value": "str", "raw": "str"}
SEVERAL = 5  # lines none of which fits the header, or files of which one lacks a code: of fewer nothing is told
MANY_LINES = 20  # of a code in the middle one of several files: by chance none has none
AT_ONCE = 2  # files: while one is looked at by its signs, another one is cast
FILES = ("declarations", "malformed")  # of a RawFile
LONGEST_NAME = 150  # bytes of a file's name in the names of what is made of it; file systems have room for 255


@dataclass(frozen=True)
class RawFile:
    """A table that has been read.

    lines : physical lines (rows, records) below the header; carried_on : of these, those that a record before them
    takes up; declarations : typed lines as Parquet; malformed : the lines that are no records, as Parquet; unread :
    headers of which the format knows nothing; columns : those of `declarations` that it has; dates : how these are
    written, where the format says it otherwise.
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
    columns: tuple[str, ...]
    dates: Sequence[str]


@dataclass(frozen=True)
class _Source:
    """A table to be read: its name, what dataset.toml says of it, corrected lines, formats known, names of its output.

    encoding : or what it is, if no text.
    """

    source_file: str
    said: dict
    corrections: pd.DataFrame
    formats: list[Format]
    stem: str
    encoding: str
    separator: str = ""

    @property
    def added(self) -> dict[str, str]:
        """Columns that hold one text on every row, by header: what the file does not say itself."""
        return {header: str(value) for header, value in self.said.get("add", {}).items()}

    def fit(self, header: list[str], top: int = 0) -> Fit:
        """The format that a header fits, which ends in row `top` if rows are counted."""
        place = f"{self.source_file} row {top}" if top else self.source_file
        return detected([*header, *self.added], self.formats, place, self.said.get("format"))

    def write(self, fit: Fit, rows: pa.Table | str, *, width: int, top: int, signs: dict | None = None) -> tuple:
        """Write typed lines of so many columns, those added after them; how many, and how dates are written."""
        added = {f"c{width + n}": value for n, value in enumerate(self.added.values())}
        signs = signs or dict.fromkeys(fit.position, self.said.get("decimal", "."))
        target, shape = Path(f"{self.stem}.parquet"), {"source_file": self.source_file, "top": top, "added": added}
        said = self.said.get("dates", [])
        dates = [said] if isinstance(said, str) else said
        lines = write_declarations(target, fit, rows, signs=signs, dates=dates, **shape)
        if not dates and (dates := dates_of(target, lines, self.source_file)):
            write_declarations(target, fit, rows, signs=signs, dates=dates, **shape)
        return lines, dates

    def raw_file(self, fit: Fit, lines: int, dates: Sequence = (), gaps: int = 0, malformed: Sequence = ()) -> RawFile:
        """What is known of the table once it has been read; its malformed lines are written too."""
        if not lines or (len(malformed) == lines and not any(line["raw"].strip() for line in malformed)):
            remedy = "put the file received there, or take it away"
            raise DataError(f"{self.source_file}: the file has no lines below its header — {remedy}")
        if lines >= SEVERAL and sum(line["reason"] == "malformed_line" for line in malformed) == lines:
            what = f"none of its {lines} lines has as many fields as its header"
            raise DataError(f"{self.source_file}: {what} — correct the header, or ask its sender")
        target, aside = Path(f"{self.stem}.parquet"), Path(f"{self.stem}.malformed.parquet")
        pd.DataFrame(malformed, columns=[*MALFORMED]).astype(MALFORMED).to_parquet(aside, index=False)
        kind = fit.format.name, self.encoding, self.separator
        return RawFile(self.source_file, *kind, lines, gaps, target, aside, fit.unread, (*fit.position,), dates[:1])


def read_declarations(ds: Dataset) -> list[RawFile]:
    """The raw files with lines up to `ds.period`, as typed Parquet, read once for each content, as corrected.

    Raises DataError that lists the files which are empty, of no known format, or lead out of the dataset.
    """
    paths, wrong = _raw_files(ds)
    if not paths and not wrong:
        raise DataError(f"{ds.name}: no raw files — put them into {' or '.join(f'{f}/' for f in RAW)}")
    code = [*sorted(Path(__file__).parent.glob("*.py")), *sorted(SPECS.glob("*.toml"))]
    known = digests([*paths, *code], ds.processed / DIGESTS)
    formats, corrections = known_formats(ds), line_corrections(ds)
    settings = json.dumps([[asdict(f) for f in formats], ds.files], default=dict, sort_keys=True)
    shared = fingerprint_of(code=[known[f] for f in code], settings=settings)

    def tables(path: Path) -> list[RawFile] | str:
        name = path.relative_to(ds.path).as_posix()
        mine = corrections[corrections["source_file"].str.startswith(name)]
        key = fingerprint_of(shared=shared, content=known[path], name=name, corrections=mine.to_csv())
        try:
            return _read(path, name, key[:16], ds, formats, mine, known[path])
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
        raise DataError("no raw file has a line with a readable date — `importcut check` shows what stands there")
    first, last = zip(*spans.values(), strict=True)
    return pd.period_range(min(first), max(last), freq=frequency)


def lost_columns(files: list[RawFile]) -> list[str]:
    """The columns that a file lacks and most files of its format have, one sentence for each file."""
    rows = [(file.format, file.source_file, column) for file in files for column in file.columns]
    table = pd.DataFrame(rows, columns=["of", "file", "column"])
    counts = pd.crosstab([table["of"], table["file"]], table["column"])
    lost = counts.eq(0) & counts.groupby("of").transform("mean").gt(0.5)
    lacking = {place: ", ".join(row.index[row]) for place, row in lost.iterrows() if row.any()}
    return [
        f"{f}: has no column {what}, which most files of {of} have — ask for it" for (of, f), what in lacking.items()
    ]


def lost_codes(files: list[RawFile]) -> list[str]:
    """The files of several that alone have no line of commodity codes which the others have many of, as sentences."""
    if len(files) < SEVERAL:
        return []
    query = "SELECT source_file, hs_code, count(*) AS n FROM read_parquet(?) WHERE fault IS NULL GROUP BY ALL"
    with duckdb.connect() as connection:
        counts = connection.execute(query, [[glob.escape(str(file.declarations)) for file in files]]).df()
    table = counts.pivot(index="source_file", columns="hs_code", values="n").fillna(0)
    lost = table.eq(0) & (table.median() >= MANY_LINES) & table.eq(0).sum().eq(1)
    codes = {file: ", ".join(row.index[row][:SEVERAL]) for file, row in lost.iterrows() if row.any()}
    rest = "of which the other files have many — add the lines, or see under which code they stand"
    return [f"{file}: has no line of commodity code {lacking}, {rest}" for file, lacking in codes.items()]


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
    paths = sorted(p for folder in RAW for p in (ds.path / folder).rglob("*") if not p.name.startswith((".", "~")))
    home = ds.path.resolve()
    odd = {p for p in paths if not p.resolve().is_relative_to(home) or (p.is_symlink() and not p.is_file())}
    remedy = "leads out of the dataset folder, or to no file — put a copy there"
    wrong = [f"{p.relative_to(ds.path).as_posix()}: {remedy}" for p in paths if p in odd]
    return [p for p in paths if p.is_file() and p.stem.upper() != "README" and p not in odd], wrong


def _read(
    path: Path, name: str, key: str, ds: Dataset, formats: list[Format], corrections: pd.DataFrame, digest: str
) -> list[RawFile]:
    """The tables of one received file, from what is known of it or by reading it."""
    folder, begin = ds.processed / "declarations", name.replace("/", "-").encode()[-LONGEST_NAME:]
    stem = f"{folder / begin.decode(errors='ignore')}-{key}"
    known = memory_of(Path(f"{stem}.json"))
    if not known or known["files"] != _written(known["tables"], ds):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=f".reading-{os.getpid()}-") as scratch:
            tables = []
            for part in parts(path, name, Path(scratch)):
                said = forced(part.source_file, ds)
                mine = corrections[corrections["source_file"].eq(part.source_file)]
                source = _Source(part.source_file, said, mine, formats, f"{stem}.{len(tables)}", part.kind)
                tables += tables_of(part.path, source, Path(scratch))
        if digests([path])[path] != digest:
            raise DataError(f"{name}: was changed while it was read — run this again once it stays as it is")
        tables = [asdict(m) | {k: getattr(m, k).name for k in FILES} for m in tables]
        known = {"tables": tables, "files": _written(tables, ds)}
        remember(Path(f"{stem}.json"), known)
    return [RawFile(**about | {k: folder / about[k] for k in FILES}) for about in known["tables"]]


def _written(tables: list[dict], ds: Dataset) -> dict[str, str]:
    """Digests of the files that tables were written to."""
    files = [ds.processed / "declarations" / about[k] for about in tables for k in FILES]
    return {f.name: digest for f, digest in digests(filter(Path.exists, files), ds.processed / DIGESTS).items()}


def tables_of(path: Path, source: _Source, scratch: Path) -> list[RawFile]:
    """The tables of one file: a text file has one, a workbook one for each sheet."""
    name = source.source_file
    match source.encoding:
        case "text":
            return _from_text(path, source, scratch)
        case "parquet":
            header, table = parquet_rows(path, name)
            fit = source.fit(header)
            return [source.raw_file(fit, *source.write(fit, table, width=len(header), top=0))]
        case "excel":
            sheets = book_rows(path, name)
            names = source.said.get("sheet", [*sheets])
            names = [names] if isinstance(names, str) else names
            if not names or set(names) - set(sheets):
                lacking, there = ", ".join(set(names) - set(sheets)), ", ".join(sheets) or "none with anything in it"
                raise DataError(f"{name}: no sheet {lacking} (there are: {there}) — correct [[files]]")
            places = {f"{name}#{n}" if len(names) > 1 else name: sheets[n] for n in names}
        case "json":
            places = {name: records_of(path, name, source.formats)}
        case _:
            places = {name: page_rows(path, name)}
    stems = {place: f"{source.stem}.{n}" for n, place in enumerate(places)}
    tables = [_from_rows(rows, replace(source, source_file=p, stem=stems[p])) for p, rows in places.items()]
    return [table for several in tables for table in several]


def _from_text(path: Path, source: _Source, scratch: Path) -> list[RawFile]:
    """The table of a text file: read at once if it is sound throughout, else with its lines looked at one by one."""
    name, said = source.source_file, source.said
    encoding = said.get("encoding") or text.encoding_of(path, name)
    path = text.utf8(path, encoding, scratch / "utf-8", name)
    if len(source.corrections):
        path = patched(path, source.corrections, scratch / "corrected")
    with path.open("rb") as file:
        begin = file.read(BEGINNING).decode("utf-8-sig", "replace")
    head = text.header_of(begin, lambda row: matched(row, source.formats), said.get("separator") or text.SEPARATORS)
    source, fit = replace(source, encoding=encoding, separator=head.separator), source.fit(head.fields, head.top or 1)
    if fit.format.wide:
        rows = text.rows_of(text.decoded(path, name)[0], head.separator, name)
        return _from_rows([[field or None for field in row] for row in rows], source)
    loose = bool(head.rows) and len(head.rows[0]) == len(head.fields) + 1 and not head.rows[0][-1]
    names = [f"c{n}" for n in range(len(head.fields))] + ["loose"] * loose  # a separator at the end of each line
    sample = {c: [row[n].strip() for row in head.rows if n < len(row)] for c, n in fit.numbers.items()}
    signs = text.signs_of(sample, head.separator, name, said.get("decimal", ""))
    write = partial(source.write, fit, width=len(head.fields), top=head.top, signs=signs)
    lines = text.physical_lines(path) - head.top
    try:
        if head.top == 1 and (read := write(read_text(path, head.separator, names, header=True)))[0] == lines:
            return [source.raw_file(fit, *read)]
    except duckdb.Error:
        pass  # a line somewhere is no record
    shape = {"width": len(names), "top": head.top, "separator": head.separator}
    malformed, gaps = text.mended(path, scratch / "mended", **shape)
    try:
        read = write(read_text(scratch / "mended", head.separator, names, header=False))
    except duckdb.Error as error:
        cause = str(error).splitlines()[0][:200]
        raise DataError(f"{name}: cannot be read ({cause}) — save it as CSV, UTF-8") from None
    return [source.raw_file(fit, *read, gaps, malformed)]


def _from_rows(rows: Rows, source: _Source) -> list[RawFile]:
    """A table given as rows, the header among the first of them; of a wide one a table for each period."""
    heads = [[" ".join(str(cell or "").split()) for cell in row] for row in rows[: text.ROWS]]
    header, last, _ = text.heading(heads, lambda row: matched(row, source.formats))
    below, top = rows[last + 1 :], last + 1
    fit = source.fit(header, top)
    if long := [n for n, row in enumerate(below) if any(row[len(header) :])]:
        place = f"{source.source_file}: row {long[0] + top + 1}"
        raise DataError(f"{place} is longer than the header — give every column one")
    while below and not any(below[-1]):
        below.pop()
    if not fit.format.wide:
        table, signs = as_arrow(below, len(header)), _signs(below, fit, source)
        return [source.raw_file(fit, *source.write(fit, table, width=len(header), top=top, signs=signs))]
    width, tables = len(long_header(header, fit.format.wide)), []
    long = long_rows(header, below, fit.format.wide)
    signs = _signs([row for rows in long.values() for row in rows], fit, source)
    for period, table in long.items():
        names = {"source_file": f"{source.source_file}#{period}", "stem": f"{source.stem}.{len(tables)}"}
        part, gaps = replace(source, **names, separator=""), sum(row[0] == text.GAP for row in table)
        read = part.write(fit, as_arrow(table, width), width=width, top=top, signs=signs)
        tables.append(part.raw_file(fit, *read, gaps))
    return tables or [source.raw_file(fit, 0)]


def _signs(rows: Rows, fit: Fit, source: _Source) -> dict[str, str]:
    """The signs of each column of numbers, from `text.signs_of`; none where numbers have a decimal point by nature.

    Of a workbook or JSON file only texts with a comma can tell; a comma alone (52,340) is no decimal sign in any grid.
    """
    decimal, typed = source.said.get("decimal", ""), source.encoding in ("excel", "json")
    if fit.format.wide.get("cumulative") or (typed and decimal == ","):
        return {}
    texts = {c: [row[n].strip() for row in rows if n < len(row) and row[n]] for c, n in fit.numbers.items()}
    texts = {c: [value for value in own if "," in value or not typed] for c, own in texts.items()}
    comma = not typed and any(text.mark_of(value) == "," for own in texts.values() for value in own)
    return text.signs_of(texts, "" if comma else ",", source.source_file, decimal)
