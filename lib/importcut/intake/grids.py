"""Workbooks, JSON, pages and Parquet as rows of text, and tables whose columns are periods turned into rows."""

import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from importcut.intake.formats import Format, period_headers
from importcut.intake.text import encoding_of
from importcut.intake.values import exact
from importcut.intake.workbook import read_workbook
from importcut.schema import DataError

Rows = list[list[str | None]]


def sheets_of(path: Path, source_file: str) -> Iterator[tuple[str, Rows]]:
    """The sheets of a workbook that hold anything: name, rows of text; an error value stands as Excel writes it.

    Raises DataError if it cannot be opened.
    """
    for name, cells in read_workbook(path, source_file).items():
        rows = [[_text(cell) for cell in row] for row in cells]
        if any(value for row in rows for value in row):
            yield name, rows


def records_of(path: Path, source_file: str, formats: list[Format]) -> Rows:
    """The records of a JSON file as rows below a header: a list of them, or where a format says they stand.

    Raises DataError if it is no JSON, is cut off, or holds no records.
    """
    try:
        content = json.loads(path.read_bytes().decode("utf-8-sig"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise DataError(f"{source_file}: is no whole JSON file ({error}) — fetch or export it again") from None
    places = ["", *dict.fromkeys(f.records for f in formats if f.records)]
    records = next((r for p in places if (r := _at(content, p)) is not None), None)
    if records is None:
        shape = ", ".join(map(str, content))[:120] if isinstance(content, dict) else type(content).__name__
        raise DataError(
            f"{source_file}: holds no list of records (seen: {shape}) — say where they stand, `records`, in its format"
        )
    about = next((common for f in formats if f.about and (common := _about(content, f.about))), {})
    records = [{**record, **about} for record in records]
    header = list(dict.fromkeys(key for record in records for key in record))
    return [header, *([_text(record.get(key)) for key in header] for record in records)]


def _about(content, about: dict) -> dict:
    """What a JSON file says of all its records, by name."""
    entries = _at(content, about["records"]) or []
    return {entry[about["name"]]: entry.get(about["value"]) for entry in entries if about["name"] in entry}


def page_rows(path: Path, source_file: str) -> Rows:
    """The largest table of a page, as portals save it under the name of a workbook; its cells as they are written.

    Raises DataError if there is none.
    """
    from bs4 import BeautifulSoup

    page = path.read_bytes()
    declared = b"charset" in page[:4096].lower()
    soup = BeautifulSoup(page, "lxml", from_encoding=None if declared else encoding_of(path, source_file))
    tables = [
        [[*row.find_all(["td", "th"])] for row in t.find_all("tr")] for t in soup.find_all("table") if not t.table
    ]
    if not any(cell for rows in tables for cell in rows):
        raise DataError(f"{source_file}: the page holds no table — save it as CSV, UTF-8")
    largest = max(tables, key=lambda rows: sum(map(len, rows)))
    return [[" ".join(cell.get_text().split()) or None for cell in row] for row in largest]


def long_rows(header: list[str], rows: Rows, wide: dict) -> Rows:
    """The rows of a table whose headers are periods as one row a period, under `formats.long_header`.

    Cumulative figures become those of each month alone.
    """
    written = period_headers(header, wide)
    others, order = [n for n in range(len(header)) if n not in written], sorted(written, key=written.get)
    long = []
    for row in ([*row, *[None] * (len(header) - len(row))] for row in rows):
        sofar = {written[n]: row[n] for n in order if row[n] is not None}
        for period, value in sofar.items():
            alone = _alone(value, period, sofar) if wide.get("cumulative") else value
            long.append([period, alone, *(row[k] for k in others)])
    return long


def parquet_rows(path: Path, source_file: str) -> tuple[list[str], pa.Table]:
    """Header and columns c0, c1 … of text of a Parquet file; what holds lists or records is no text and empty.

    Raises DataError if it is no whole Parquet file.
    """
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{source_file}: is no whole Parquet file ({error}) — fetch or export it again") from None
    empty = pa.nulls(len(table), pa.string())
    texts = [empty if pa.types.is_nested(c.type) else c.cast(pa.string()) for c in table.columns]
    return table.column_names, pa.table({f"c{n}": text for n, text in enumerate(texts)})


def as_arrow(rows: Rows, width: int) -> pa.Table:
    """Rows of text as columns c0, c1 …; blank rows at the end are none."""
    while rows and not any(rows[-1]):
        rows.pop()
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


def _at(content, place: str) -> list[dict] | None:
    """The list of records at a place such as `data` or `0.data`, if there is one."""
    for key in filter(None, place.split(".")):
        if isinstance(content, dict):
            content = content.get(key)
        elif isinstance(content, list) and key.isdigit() and int(key) < len(content):
            content = content[int(key)]
        else:
            return None
    listed = isinstance(content, list) and content and all(isinstance(record, dict) for record in content)
    nested = listed and not place and any(isinstance(v, list) for v in content[0].values())
    return content if listed and not nested else None
