"""Registers as spreadsheets save them: CSV files, or the sheets of one workbook."""

import csv
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree

from importcut.dataset.columns import NOT_STORED, Fault

WORKBOOK = "registers.xlsx"
OTHER_WORKBOOKS = ("registers.xls", "registers.xlsm", "registers.xlsb", "registers.ods")
OWN = "_"  # sheets whose name begins so are the reader's: help, examples, notes
LARGEST = 500_000_000  # bytes that a workbook may unpack to
MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
SEPARATORS = ",;\t"


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
    """The registers that stand in a dataset's folder, where each stands or would stand, and what cannot be read.

    Parameters
    ----------
    names : the columns of each register
    """
    files = {name: path / f"{name}.csv" for name in names if (path / f"{name}.csv").exists()}
    read = {name: _read_csv(file, names[name]) for name, file in files.items()}
    remedy = f"is not read, for its error cells would pass as empty ones — save it in Excel as {WORKBOOK}"
    faults = [Fault(other, (), remedy) for other in OTHER_WORKBOOKS if (path / other).exists()]
    places = {name: f"{name}.csv" for name in names}
    if (path / WORKBOOK).exists():
        book, wrong = _read_workbook(path / WORKBOOK)
        places |= {name: f"{WORKBOOK} sheet {name}" for name in names if name not in files}
        remedy = f"is no register — rename it to one of {', '.join(names)}, or let it begin with {OWN}"
        faults += wrong + [Fault(sheet.place, (), remedy) for name, sheet in book.items() if name not in names]
        faults += [
            Fault(book[name].place, (), f"stands as {name}.csv too — keep one of them")
            for name in files
            if name in book and book[name].rows
        ]
        read = {**{name: sheet for name, sheet in book.items() if name in names}, **read}
    faults += [sheet for sheet in read.values() if isinstance(sheet, Fault)]
    sheets = {name: sheet for name, sheet in read.items() if isinstance(sheet, Sheet)}
    return sheets, places | {name: sheet.place for name, sheet in sheets.items()}, faults


def _read_csv(file: Path, columns: set[str]) -> Sheet | Fault:
    """The rows of a CSV file in any encoding and with any separator that Excel writes."""
    try:
        text, encoding = _decoded(file.read_bytes())
        named = re.match(r"sep=(.)\r?\n", text)  # Excel's own line, which it does not show
        text = text[named.end() :] if named else text
        separator = named[1] if named else max(SEPARATORS, key=lambda s: len(columns & {*_header(text, s)}))
        lines = text.splitlines(keepends=True)
        header, *rows = [*csv.reader(lines, delimiter=separator, strict=True, skipinitialspace=True)] or [[]]
    except (UnicodeDecodeError, csv.Error) as error:
        return Fault(file.name, (), f"cannot be read ({error}) — save it as CSV UTF-8")
    return _sheet(file.name, header, rows, separator, encoding)


def _decoded(raw: bytes) -> tuple[str, str]:
    """Text and encoding: by the byte order mark; UTF-8 where the bytes allow it; else CP1251, as Excel saves CSV."""
    for mark, encoding in MARKS.items():
        if raw.startswith(mark):
            return raw.decode(encoding), encoding
    if b"\0" in raw[:100]:
        encoding = "utf-16-be" if raw.startswith(b"\0") else "utf-16-le"
        return raw.decode(encoding), encoding
    try:
        return raw.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return raw.decode("cp1251"), "cp1251"


def _header(text: str, separator: str) -> list[str]:
    return [name.strip() for name in next(csv.reader(text.splitlines()[:1], delimiter=separator), [])]


def _sheet(place: str, header: list, rows: list[list], separator: str = "", encoding: str = "") -> Sheet:
    filled = {f"row {n}": row for n, row in enumerate(rows, start=2) if any(str(cell).strip() for cell in row)}
    return Sheet(place, tuple(str(name).strip() for name in header), filled, separator, encoding)


def _read_workbook(file: Path) -> tuple[dict[str, Sheet], list[Fault]]:
    """The sheets of a workbook that are not the reader's own, by their names, and what cannot be read."""
    from python_calamine import CalamineError, load_workbook

    try:
        with zipfile.ZipFile(file) as parts:
            if sum(part.file_size for part in parts.infolist()) > LARGEST:
                remedy = "leave only the registers in it"
                return {}, [Fault(file.name, (), f"unpacks to more than {LARGEST // 10**6} MB — {remedy}")]
            lost = _lost_cells(parts)
        book, sheets = load_workbook(file), {}
        for name in (name for name in book.sheet_names if not name.startswith(OWN)):
            grid = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
            for (row, column), text in lost.get(name, {}).items():
                grid[row][column] = text
            header, *rows = grid or [[]]
            sheets[name.strip().lower()] = _sheet(f"{file.name} sheet {name}", header, rows)
    except (zipfile.BadZipFile, CalamineError, ElementTree.ParseError, KeyError, IndexError) as error:
        return {}, [Fault(file.name, (), f"cannot be read ({error}) — save it in Excel as .xlsx, without a password")]
    return sheets, []


def _lost_cells(parts: zipfile.ZipFile) -> dict[str, dict[tuple[int, int], str]]:
    """By sheet, row and column from 0: the cells that calamine gives as empty, errors and formulas without a value."""
    targets = {
        link.get("Id"): link.get("Target") for link in ElementTree.fromstring(parts.read("xl/_rels/workbook.xml.rels"))
    }
    lost = {}
    for sheet in ElementTree.fromstring(parts.read("xl/workbook.xml")).iter():
        if _tag(sheet) == "sheet":
            [link] = [value for key, value in sheet.attrib.items() if key.endswith("}id")]
            inside = str(PurePosixPath("/xl", targets[link])).lstrip("/")
            with parts.open(inside) as xml:
                lost[sheet.get("name")] = dict(filter(None, map(_lost, _cells(xml))))
    return lost


def _cells(xml):
    """The cells of a sheet, each forgotten when the next one comes."""
    for _, element in ElementTree.iterparse(xml):
        if _tag(element) == "c":
            yield element
        elif _tag(element) == "row":
            element.clear()


def _lost(cell) -> tuple[tuple[int, int], str] | None:
    value = next((part.text for part in cell if _tag(part) == "v"), None)
    formula = any(_tag(part) == "f" for part in cell)
    if cell.get("t") != "e" and not (formula and value is None and cell.get("t") != "str"):
        return None
    letters, row = re.fullmatch(r"([A-Z]+)(\d+)", cell.get("r")).groups()
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - 64
    return (int(row) - 1, column - 1), value if cell.get("t") == "e" else NOT_STORED


def _tag(element) -> str:
    return element.tag.rpartition("}")[2]
