"""Excel workbooks (.xlsx, .xls) as rows of cells, with what a fast reader of workbooks passes over: error values."""

import io
import re
import struct
import sys
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from xlsxwriter.utility import xl_cell_to_rowcol

from importcut.intake.files import MOST_RATIO, ROOMY
from importcut.schema import DataError

SCAN = 10_000_000  # bytes looked at in one go
ROOM = 20_000_000  # cells that a sheet may span
MOST_SPARSE = 20  # times as many cells as have something in them, beyond that
CELL_PLACE = re.compile(rb"""\sr\s*=\s*["']([A-Z]{1,3})(\d{1,7})["']""")
SUSPECT = re.compile(  # an error value, or a formula that nothing follows: most sheets have none
    rb"""["']e["']|(</(\w+:)?f>|<(\w+:)?f\b[^>]*/>)\s*(<(\w+:)?v\s*/>|<(\w+:)?v>\s*</(\w+:)?v>)?\s*</(\w+:)?c>"""
)
NOT_STORED = "#formula without its value"  # some programs save formulas uncalculated
LARGEST_BOOK = 500_000_000  # bytes that a workbook may unpack to


def read_workbook(file: Path, name: str = "") -> dict[str, list[list]]:
    """The rows of each sheet from its first cell on: texts, numbers, dates, true or false; errors as Excel writes them.

    A formula is its stored value; NOT_STORED where there is none. Nothing is evaluated.
    Raises DataError, under `name`, if the file cannot be read, or unpacks to far more than tables are.
    """
    from python_calamine import CalamineError, load_workbook  # ten times as fast as openpyxl, and blind to errors
    from xlrd import XLRDError
    from xlrd.compdoc import CompDocError

    try:
        if zipfile.is_zipfile(file):
            errors = _xlsx_errors(file) if _look_through(file, name or file.name) else ()
        else:
            errors = _xls_errors(file)
        book = load_workbook(file)
        sheets = {s: book.get_sheet_by_name(s).to_python(skip_empty_area=False) for s in book.sheet_names}
        for sheet, row, column, text in errors:
            sheets[sheet][row][column] = text
    except (
        zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, CalamineError, XLRDError, CompDocError, SyntaxError,
        struct.error, LookupError, ValueError, AssertionError, EOFError, RuntimeError,
    ) as error:  # fmt: skip
        remedy = "save it anew in Excel, without a password"
        raise DataError(f"{name or file.name}: cannot be read ({error}) — {remedy}") from None
    return sheets


def _look_through(file: Path, name: str) -> bool:
    """Whether an error, or a formula without its value, may stand in a workbook; DataError if it is no sound one.

    It is unpacked part by part, before a reader takes it whole into memory: what its parts say they are may lie.
    """
    most = min(LARGEST_BOOK, max(ROOMY, MOST_RATIO * file.stat().st_size))
    left, suspect = most, False
    with zipfile.ZipFile(file) as book:
        for part in book.infolist():
            part.file_size, part.CRC = sys.maxsize, None  # read to its end, wherever it says that is
            with book.open(part) as packed:
                content = packed.read(left + 1)
            left -= len(content)
            if left < 0:
                raise DataError(f"{name}: unpacks to more than {most // 10**6} MB — save its tables as CSV")
            if part.filename.endswith((".xml", ".rels")) and b"<!DOCTYPE" in content.replace(b"\0", b""):
                raise DataError(f"{name}: {part.filename} declares entities, as no workbook does — save it anew")
            _not_too_wide(content, name, part.filename)
            suspect = suspect or bool(SUSPECT.search(content))
    return suspect


def _not_too_wide(content: bytes, name: str, sheet: str) -> None:
    rows, columns, cells = 0, set(), 0
    for at in range(0, len(content), SCAN):
        places = CELL_PLACE.findall(content, at, at + SCAN + 40)  # one that stands across two of these is found twice
        rows, cells = max([rows, *(int(row) for _, row in places)]), cells + len(places)
        columns |= {letters for letters, _ in places}
    widest = max((xl_cell_to_rowcol(f"{letters.decode()}1")[1] + 1 for letters in columns), default=0)
    if rows * widest > max(ROOM, MOST_SPARSE * cells):
        remedy = "delete what stands far below or beside the table"
        raise DataError(f"{name}: {sheet} spans {rows} rows and {widest} columns for {cells} cells — {remedy}")


def _xlsx_errors(file: Path) -> Iterator[tuple[str, int, int, str]]:
    """Errors and formulas without a value: sheet, row and column from 0, and what is said of them."""
    from openpyxl import load_workbook

    stored, written = (load_workbook(file, read_only=True, data_only=values) for values in (True, False))
    for values, formulas in zip(stored.worksheets, written.worksheets, strict=True):
        for cells in zip(_filled(values), _filled(formulas), strict=True):
            for value, formula in zip(*cells, strict=True):
                if value.data_type == "e":
                    yield values.title, value.row - 1, value.column - 1, value.value
                elif formula.data_type == "f" and value.value is None and value.data_type != "str":
                    yield values.title, formula.row - 1, formula.column - 1, NOT_STORED


def _filled(sheet) -> Iterator[list]:
    """The cells of each row of a sheet, wherever it says that it ends."""
    sheet.reset_dimensions()
    return ([cell for cell in row if hasattr(cell, "row")] for row in sheet.iter_rows())


def _xls_errors(file: Path) -> Iterator[tuple[str, int, int, str]]:
    import xlrd

    for sheet in xlrd.open_workbook(file, logfile=io.StringIO()).sheets():
        for row in range(sheet.nrows):
            for column in (n for n, kind in enumerate(sheet.row_types(row)) if kind == xlrd.XL_CELL_ERROR):
                yield sheet.name, row, column, xlrd.error_text_from_code[sheet.cell_value(row, column)]
