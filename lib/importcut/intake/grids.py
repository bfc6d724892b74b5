"""Workbooks, JSON, pages and Parquet as rows of text, and tables whose columns are periods turned into rows."""

import json
from pathlib import Path

import pyarrow as pa

from importcut.intake.formats import Format, period_headers
from importcut.intake.text import GAP, encoding_of
from importcut.intake.values import exact
from importcut.intake.workbook import read_workbook
from importcut.schema import DataError

Rows = list[list[str | None]]
MOST_SPANNED = 1000  # columns or rows of one cell; browsers believe no more


def book_rows(path: Path, source_file: str) -> dict[str, Rows]:
    """The sheets of a workbook that hold anything, as rows of text by name, or DataError."""
    book = read_workbook(path, source_file).items()
    sheets = {name: [[_text(cell) for cell in row] for row in rows] for name, rows in book}
    return {name: rows for name, rows in sheets.items() if any(value for row in rows for value in row)}


def records_of(path: Path, source_file: str, formats: list[Format]) -> Rows:
    """The records of a JSON file as rows below a header: a list of them, or where a format says they stand; or rows.

    Raises DataError if it is no JSON, is cut off, or holds no records.
    """
    try:
        content = json.loads(path.read_bytes().decode("utf-8-sig"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise DataError(f"{source_file}: is no whole JSON file ({error}) — fetch or export it again") from None
    if isinstance(content, list) and content and all(isinstance(row, list) for row in content):
        return [[_text(cell) for cell in row] for row in content]
    places = ["", *dict.fromkeys(f.records for f in formats if f.records)]
    records = next((r for p in places if (r := _records(content, p))), None)
    if records is None:
        shape = ", ".join(map(str, content))[:120] if isinstance(content, dict) else type(content).__name__
        remedy = "say where they stand, `records`, in its format"
        raise DataError(f"{source_file}: holds no list of records (seen: {shape}) — {remedy}")
    about = next((common for f in formats if f.about and (common := _about(content, f.about))), {})
    records = [{**record, **about} for record in records]
    header = list(dict.fromkeys(key for record in records for key in record))
    return [header, *([_text(record.get(key)) for key in header] for record in records)]


def entry_at(content, place: str):
    """What stands at a place of a JSON document, such as `data` or `0.data`; LookupError if there is no such place."""
    for step in filter(None, place.split(".")):
        try:
            content = content[int(step) if isinstance(content, list) else step]
        except (TypeError, ValueError):
            raise LookupError(place) from None
    return content


def _records(content, place: str) -> list[dict]:
    """The records at a place, if there are any; what stands at the top and has lists in it is none."""
    try:
        rows = entry_at(content, place)
    except LookupError:
        return []
    listed = isinstance(rows, list) and all(isinstance(row, dict) for row in rows)
    nested = listed and not place and any(isinstance(value, list) for row in rows[:1] for value in row.values())
    return rows if listed and not nested else []


def _about(content, about: dict) -> dict:
    """What a JSON file says of all its records, by name."""
    entries = _records(content, about["records"])
    return {entry[about["name"]]: entry.get(about["value"]) for entry in entries if about["name"] in entry}


def page_rows(path: Path, source_file: str) -> Rows:
    """The largest table of a page, as portals save it under the name of a workbook, its cells as written."""
    from bs4 import BeautifulSoup

    page = path.read_bytes()
    declared = b"charset" in page[:4096].lower()
    soup = BeautifulSoup(page, "lxml", from_encoding=None if declared else encoding_of(path, source_file))
    innermost = [table.find_all("tr") for table in soup.find_all("table") if not table.table]
    tables = [[[*row.find_all(["td", "th"])] for row in rows] for rows in innermost]
    if not any(cell for rows in tables for cell in rows):
        raise DataError(f"{source_file}: the page holds no table — save it as CSV, UTF-8")
    largest = max(tables, key=lambda rows: sum(map(len, rows)))
    grid, reach = [], {}  # column: the row down to which a cell above stands in it
    for n, cells in enumerate(largest):
        row = []
        for cell in cells:
            while reach.get(len(row), 0) > n:
                row.append(None)
            across, down = _span(cell, "colspan"), _span(cell, "rowspan")
            reach |= dict.fromkeys(range(len(row), len(row) + across), n + down)
            row += [" ".join(cell.get_text().split()) or None, *[None] * (across - 1)]
        grid.append(row)
    return grid


def _span(cell, direction: str) -> int:
    """How many columns or rows a cell of a page stands in, as browsers have it."""
    written = str(cell.get(direction, "")).strip()
    return min(max(int(written), 1), MOST_SPANNED) if written.isdecimal() else 1


def long_rows(header: list[str], rows: Rows, wide: dict) -> dict[str, Rows]:
    """For each period of a wide table its rows under `formats.long_header`, a gap where a cell is empty.

    Cumulative figures become those of each month alone.
    """
    written = period_headers(header, wide)
    others, order = [n for n in range(len(header)) if n not in written], sorted(written, key=written.get)
    long = {written[n]: [] for n in order}
    for row in ([*row, *[None] * (len(header) - len(row))] for row in rows):
        sofar = {written[n]: row[n] for n in order if row[n] is not None}
        for period, table in long.items():
            value = sofar.get(period)
            alone = _alone(value, period, sofar) if value is not None and wide.get("cumulative") else value
            table.append([GAP if value is None else period, alone, *(row[k] for k in others)])
    return {period: table for period, table in long.items() if any(row[0] != GAP for row in table)}


def parquet_rows(path: Path, source_file: str) -> tuple[list[str], pa.Table]:
    """Header and columns c0, c1 … of a Parquet file as text, empty where it holds lists or records; or DataError."""
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{source_file}: is no whole Parquet file ({error}) — fetch or export it again") from None
    empty = pa.nulls(len(table), pa.string())
    texts = [empty if pa.types.is_nested(c.type) else c.cast(pa.string()) for c in table.columns]
    return table.column_names, pa.table({f"c{n}": text for n, text in enumerate(texts)})


def as_arrow(rows: Rows, width: int) -> pa.Table:
    """Rows of text as columns c0, c1 …."""
    columns = [[row[n] if n < len(row) else None for row in rows] for n in range(width)]
    return pa.table({f"c{n}": pa.array(values, pa.string()) for n, values in enumerate(columns)})


def _text(value) -> str | None:
    """A cell as text, blanks around it too: whole numbers without a point, dates as 2026-09-30; None if empty."""
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return (value if isinstance(value, str) else exact(value)) or None


def _alone(value: str, period: str, sofar: dict[str, str]) -> str:
    """The figure of a month without the months before it in the same year; text that is no number if these lack."""
    year, _, month = period.partition("-")
    if not month or int(month) == 1:
        return value
    before = f"{year}-{int(month) - 1:02}"
    try:
        return repr(round(float(value) - float(sofar[before]), 6))
    except KeyError:
        return f"{value} up to this month, {before} is missing"
    except ValueError:
        return value  # what is no number is set aside when it is read as one
