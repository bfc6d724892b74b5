"""Excel workbooks (.xlsx, .xls) as rows of cells, with what readers of workbooks pass over: error values.

References
----------
ECMA-376, part 1, 18.3.1.4 (cells); [MS-CFB], [MS-XLS] 2.4.24 (BoolErr), 2.4.127 (Formula).
"""

import io
import re
import struct
import sys
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree

from xlsxwriter.utility import xl_cell_to_rowcol

from importcut.schema import DataError

ROOMY = 100_000_000  # bytes that a small one may unpack to
MOST_RATIO = 200  # times its size beyond that; a bomb has a thousand
BLOCK = 10_000_000  # bytes looked at in one go
ROOM = 20_000_000  # cells that a sheet may span
MOST_SPARSE = 20  # times as many cells as have something in them, beyond that
PLACE = re.compile(rb"""\sr\s*=\s*["']([A-Z]{1,3})(\d{1,7})["']""")
NOT_STORED = "#formula without its value"  # some programs save formulas uncalculated
LARGEST = 500_000_000  # bytes that a workbook may unpack to
XLS_ERRORS = {0: "#NULL!", 7: "#DIV/0!", 15: "#VALUE!", 23: "#REF!", 29: "#NAME?", 36: "#NUM!", 42: "#N/A"}
BOUND_SHEET, FORMULA, BOOL_ERROR, BEGIN, END = 0x85, 0x06, 0x205, 0x809, 0x0A  # records of .xls
Errors = dict[tuple[int, int], str]  # by row and column from 0


def read_workbook(file: Path, name: str = "") -> dict[str, list[list]]:
    """The rows of each sheet from its first cell on: texts, numbers, dates, true or false; errors as Excel writes them.

    A formula is its stored value; NOT_STORED where there is none. Nothing is evaluated.

    Parameters
    ----------
    name : what the file is called in errors, if not by its own name

    Raises DataError if it cannot be read, or unpacks to far more than tables are.
    """
    from python_calamine import CalamineError, load_workbook

    packed = zipfile.is_zipfile(file)
    try:
        if packed:
            _look_through(file, name or file.name)
        errors = _xlsx_errors(file) if packed else _xls_errors(file.read_bytes())
        book, sheets = load_workbook(file), {}
        for sheet in book.sheet_names:
            sheets[sheet] = book.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
            for (row, column), text in errors.get(sheet, {}).items():
                sheets[sheet][row][column] = text
    except (
        zipfile.BadZipFile, zipfile.LargeZipFile, CalamineError, ElementTree.ParseError, struct.error, KeyError,
        IndexError, UnicodeDecodeError, EOFError, zlib.error, NotImplementedError, RuntimeError,
    ) as error:  # fmt: skip
        raise DataError(
            f"{name or file.name}: cannot be read ({error}) — save it anew in Excel, without a password"
        ) from None
    return sheets


def _look_through(file: Path, name: str) -> None:
    """Unpack a workbook part by part, before a reader takes it whole into memory: what its parts say they are may lie.

    Raises DataError if it unpacks to far too much, declares entities, or a sheet spans far more cells than it has.
    """
    most = min(LARGEST, max(ROOMY, MOST_RATIO * file.stat().st_size))
    left = most
    with zipfile.ZipFile(file) as book:
        for part in book.infolist():
            part.file_size, part.CRC = sys.maxsize, None  # read to its end, wherever it says that is
            with book.open(part) as packed:
                content = packed.read(left + 1)
            left -= len(content)
            if left < 0:
                raise DataError(f"{name}: unpacks to more than {most // 10**6} MB — save its tables as CSV")
            if part.filename.endswith((".xml", ".rels")) and b"<!DOCTYPE" in _plain_signs(content):
                raise DataError(f"{name}: {part.filename} declares entities, as no workbook does — save it anew")
            _not_too_wide(content, name, part.filename)


def _plain_signs(content: bytes) -> bytes:
    return content.replace(b"\0", b"") if b"\0" in content[:4] else content  # UTF-16


def _not_too_wide(content: bytes, name: str, sheet: str) -> None:
    rows, columns, cells = 0, set(), 0
    for at in range(0, len(content), BLOCK):
        places = PLACE.findall(content, at, at + BLOCK + 40)  # one that stands across two of these is found twice
        rows, cells = max([rows, *(int(row) for _, row in places)]), cells + len(places)
        columns |= {letters for letters, _ in places}
    widest = max((xl_cell_to_rowcol(f"{letters.decode()}1")[1] + 1 for letters in columns), default=0)
    if rows * widest > max(ROOM, MOST_SPARSE * cells):
        raise DataError(
            f"{name}: {sheet} spans {rows} rows and {widest} columns for {cells} cells — "
            f"delete what stands far below or beside the table"
        )


def _xlsx_errors(file: Path) -> dict[str, Errors]:
    """Errors and formulas without a value, by sheet."""
    with zipfile.ZipFile(file) as parts:
        links = ElementTree.fromstring(parts.read("xl/_rels/workbook.xml.rels"))
        targets = {link.get("Id"): link.get("Target") for link in links}
        found = {}
        for sheet in ElementTree.fromstring(parts.read("xl/workbook.xml")).findall(".//{*}sheet"):
            [link] = [value for key, value in sheet.attrib.items() if key.endswith("}id")]
            xml = parts.read(str(PurePosixPath("/xl", targets[link])).lstrip("/"))
            suspect = b'"e"' in xml or b"'e'" in xml or b"<f" in xml or b":f" in xml  # most sheets need no second look
            cells = _xlsx_cells(io.BytesIO(xml)) if suspect else ()
            found[sheet.get("name")] = dict(filter(None, map(_xlsx_error, cells)))
    return found


def _xlsx_cells(xml) -> Iterator[ElementTree.Element]:
    """The cells of a sheet, a row forgotten when the next one comes."""
    for _, element in ElementTree.iterparse(xml):
        if element.tag.endswith("}c"):
            yield element
        elif element.tag.endswith("}row"):
            element.clear()


def _xlsx_error(cell: ElementTree.Element) -> tuple[tuple[int, int], str] | None:
    value, kind = cell.findtext("{*}v"), cell.get("t")
    if kind != "e" and (value or kind == "str" or cell.find("{*}f") is None):
        return None
    return xl_cell_to_rowcol(cell.get("r")), value if kind == "e" else NOT_STORED


def _xls_errors(raw: bytes) -> dict[str, Errors]:
    """Error values by sheet, from the records of the stream that holds the workbook."""
    stream, names, found = _xls_stream(raw), {}, {}
    for _, kind, record in _xls_records(stream, 0):
        if kind == BOUND_SHEET:
            wide, name = record[7] & 1, record[8:]
            names[struct.unpack_from("<I", record)[0]] = name.decode("utf-16-le" if wide else "latin-1")
    for start, name in names.items():
        found[name], depth = {}, 0
        for _, kind, record in _xls_records(stream, start):
            depth += (kind == BEGIN) - (kind == END)
            if not depth:
                break
            formula = kind == FORMULA and record[6] == 2 and record[12:14] == b"\xff\xff"
            if formula or (kind == BOOL_ERROR and record[7]):
                found[name][struct.unpack_from("<HH", record)] = XLS_ERRORS[record[8] if formula else record[6]]
    return found


def _xls_records(stream: bytes, at: int) -> Iterator[tuple[int, int, bytes]]:
    while at + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, at)
        yield at, kind, stream[at + 4 : at + 4 + length]
        at += 4 + length


def _xls_stream(raw: bytes) -> bytes:
    """The stream Workbook of a compound file: sectors chained by a table of which sector follows which."""
    size = 1 << struct.unpack_from("<H", raw, 30)[0]

    def sector(n: int) -> bytes:
        return raw[(n + 1) * size : (n + 2) * size]

    def chained(start: int, follows: tuple) -> list[int]:
        chain = []
        while start < len(follows) and len(chain) <= len(follows):
            chain.append(start)
            start = follows[start]
        return chain

    tables, more = [*struct.unpack_from("<109I", raw, 76)], struct.unpack_from("<I", raw, 68)[0]
    for _ in range(struct.unpack_from("<I", raw, 72)[0]):
        *listed, more = struct.unpack(f"<{size // 4}I", sector(more))
        tables += listed
    follows = tuple(n for t in tables if t < len(raw) // size for n in struct.unpack(f"<{size // 4}I", sector(t)))
    folder = b"".join(map(sector, chained(struct.unpack_from("<I", raw, 48)[0], follows)))
    entries = {}
    for at in range(0, len(folder), 128):
        name = folder[at : at + max(0, struct.unpack_from("<H", folder, at + 64)[0] - 2)].decode("utf-16-le")
        entries[name] = struct.unpack_from("<II", folder, at + 116)
    start, length = entries["Workbook"]
    if length >= 4096:
        return b"".join(map(sector, chained(start, follows)))[:length]
    shorts = b"".join(map(sector, chained(struct.unpack_from("<I", raw, 60)[0], follows)))
    small = b"".join(map(sector, chained(entries["Root Entry"][0], follows)))
    chain = chained(start, struct.unpack(f"<{len(shorts) // 4}I", shorts))
    return b"".join(small[n * 64 : n * 64 + 64] for n in chain)[:length]
