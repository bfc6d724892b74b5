"""Registers as spreadsheets save them: CSV files, or the sheets of one workbook."""

import re
from dataclasses import dataclass
from pathlib import Path

from importcut.intake.text import SEPARATORS, decoded, header_of, rows_of
from importcut.intake.values import Fault
from importcut.intake.workbook import read_workbook
from importcut.schema import DataError, choice

WORKBOOK, OLD_WORKBOOK = "registers.xlsx", "registers.xls"
OWN = "_"  # sheets whose name begins so are the reader's: help, examples, notes


@dataclass(frozen=True)
class Sheet:
    """A register as it was saved: its header, and its filled rows by the number that a spreadsheet shows.

    Cells are texts, or in a workbook what Excel made of them: numbers, dates, true or false.
    """

    place: str
    header: tuple[str, ...]
    rows: dict[str, list]
    separator: str = ""
    encoding: str = ""


def sheets_of(path: Path, names: dict[str, set[str]]) -> tuple[dict[str, Sheet], dict[str, str], list[Fault]]:
    """The registers in a folder, by name and columns; where each stands or would stand; what cannot be read."""
    files = {name: path / f"{name}.csv" for name in names if (path / f"{name}.csv").exists()}
    read = {name: read_csv(file, names[name]) for name, file in files.items()}
    places = {name: f"{name}.csv" for name in names}
    books = [path / book for book in (WORKBOOK, OLD_WORKBOOK) if (path / book).exists()]
    faults = [Fault(book.name, (), f"stands beside {WORKBOOK} — keep one of them") for book in books[1:]]
    for book in books[:1]:
        sheets, wrong = _read_sheets(book)
        faults += wrong
        places |= {name: f"{book.name} sheet {name}" for name in names if name not in files}
        own = f"({OWN} before its name: a sheet of your own)"
        strange = {name: sheet.place for name, sheet in sheets.items() if name not in names}
        faults += [Fault(place, (), f"is no register — {choice(n, names)} {own}") for n, place in strange.items()]
        twice = [name for name in files if name in sheets and sheets[name].rows]
        faults += [Fault(sheets[name].place, (), f"stands as {name}.csv too — keep one of them") for name in twice]
        read = {name: sheet for name, sheet in (sheets | read).items() if name in names}
    faults += [sheet for sheet in read.values() if isinstance(sheet, Fault)]
    sheets = {name: sheet for name, sheet in read.items() if isinstance(sheet, Sheet)}
    return sheets, places | {name: sheet.place for name, sheet in sheets.items()}, faults


def read_csv(file: Path, columns: set[str]) -> Sheet | Fault:
    """The rows of a CSV file in any encoding and with any separator that Excel writes."""
    try:
        text, encoding = decoded(file, file.name)
        named = re.match(r"sep=(.)\r?\n", text)  # Excel's own line, which it does not show
        text = text[named.end() :] if named else text
        head = header_of(text, lambda row: len(columns & {*row}), named[1] if named else SEPARATORS, rows=1)
        rows = rows_of(text, head.separator, file.name)
    except DataError as error:
        return Fault(file.name, (), str(error).removeprefix(f"{file.name}: "))
    return _sheet(file.name, rows, head.separator, encoding)


def _sheet(place: str, lines: list[list], separator: str = "", encoding: str = "") -> Sheet:
    header, *rows = lines or [[]]
    filled = {f"row {n}": row for n, row in enumerate(rows, start=2) if any(str(cell).strip() for cell in row)}
    return Sheet(place, tuple(str(name).strip() for name in header), filled, separator, encoding)


def _read_sheets(file: Path) -> tuple[dict[str, Sheet], list[Fault]]:
    """The sheets of a workbook that are not the reader's own, by their names, and what cannot be read."""
    try:
        sheets = {name: rows for name, rows in read_workbook(file).items() if not name.startswith(OWN)}
    except DataError as error:
        return {}, [Fault(file.name, (), str(error).removeprefix(f"{file.name}: "))]
    return {name.strip().lower(): _sheet(f"{file.name} sheet {name}", rows) for name, rows in sheets.items()}, []
