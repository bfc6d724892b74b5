"""The workbook in which people fill in registers: a sheet a register, with drop-downs, checks, notes and examples.

`make registers` writes it into the template that `importcut new` copies, whenever registers.toml has changed.
"""

import datetime
from pathlib import Path

import pandas as pd
import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

from importcut.dataset import ROOT
from importcut.intake.opening import TEMPLATE
from importcut.intake.spreadsheet import OWN, WORKBOOK
from importcut.intake.values import WRITTEN
from importcut.schema import Column, Table, tables

ROWS = 2000  # below the header; so far down reach drop-downs and checks
EXAMPLES = ROOT / "data" / "raw" / "sample"
LOOKS = {
    "required": {"bold": True, "bg_color": "#1F4E79", "font_color": "#FFFFFF", "bottom": 1},
    "optional": {"bg_color": "#D6E3F0", "bottom": 1},
    "title": {"bold": True, "font_size": 14},
    "bold": {"bold": True},
    "text": {"num_format": 49},  # @
    "date": {"num_format": "yyyy-mm-dd"},
    "number": {},
}
HOW = (
    "Each sheet is a register. Its first row names the columns; fill in below, one row as the list here says.",
    "Columns with a dark header must be filled in; light ones may stay empty or be deleted. A header's note tells how.",
    "Begin with products. All other sheets may stay empty; plants tell importers apart, projects make a ranking.",
    f"The sheet {OWN}examples shows rows of the sample dataset. Sheets whose name begins with {OWN} are never read.",
    "Formulas are read as the value that Excel saved. Do not rename the sheets or the headers.",
    "Then run: importcut check FOLDER; it lists everything that is missing or wrong.",
)


def write_workbook(file: Path) -> None:
    """Write the empty registers, with a sheet of help and one of examples before them."""
    with xlsxwriter.Workbook(file, {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        book.set_properties({"created": datetime.datetime(2000, 1, 1), "title": "Registers"})
        looks = {name: book.add_format(look) for name, look in LOOKS.items()}
        registers = tables("registers.toml")
        _write_help(book.add_worksheet(f"{OWN}help"), registers, looks)
        _write_examples(book.add_worksheet(f"{OWN}examples"), registers, looks)
        for table in registers.values():
            _write_register(book.add_worksheet(table.name), table, looks)
        book.get_worksheet_by_name(f"{OWN}help").activate()


def _write_register(sheet, table: Table, looks: dict) -> None:
    sheet.freeze_panes(1, len(table.key) if len(table.key) < 3 else 1)
    sheet.set_comments_author("importcut")
    if table.name == "products":
        sheet.set_tab_color("#1F4E79")
    for at, column in enumerate(table.columns):
        kept = "date" if column.type == "date" else "number" if column.type in ("number", "integer") else "text"
        sheet.set_column(at, at, max(12, min(34, len(column.name) + 3)), looks[kept])
        sheet.write_string(0, at, column.name, looks["optional" if column.optional else "required"])
        sheet.write_comment(0, at, _note(column), {"x_scale": 2, "y_scale": 1.2})
        if rule := _rule(column):
            words = f"{column.name}: {_how(column)}"[:255]
            sheet.data_validation(1, at, ROWS, at, {**rule, "error_title": table.name, "error_message": words})


def _rule(column: Column) -> dict | None:
    """What Excel allows in the column; nothing where it cannot tell."""
    number = {"validate": "integer" if column.type == "integer" else "decimal"}
    match column.type, column.check:
        case _, check if check.startswith("-> "):
            target, key = check.removeprefix("-> ").split(".")
            at = xl_col_to_name([c.name for c in tables("registers.toml")[target].columns].index(key))
            filled = f"MAX(1,COUNTA({target}!${at}$2:${at}${ROWS + 1}))"
            return {"validate": "list", "source": f"=OFFSET({target}!${at}$2,0,0,{filled},1)"}
        case _, check if "|" in check:
            return {"validate": "list", "source": check.split("|")}
        case _, "share":
            return {**number, "criteria": "between", "minimum": 0, "maximum": 1}
        case _, ">= 0" | "> 0":
            return {**number, "criteria": column.check.split()[0], "value": 0}
        case (("number" | "integer"), _):
            return {**number, "criteria": "between", "minimum": -(10**12), "maximum": 10**12}
        case "date", _:
            return {"validate": "date", "criteria": ">=", "value": datetime.date(1991, 1, 1)}
        case "period", _:
            return {"validate": "length", "criteria": "between", "minimum": 4, "maximum": 6}
        case _, "month":
            return {"validate": "length", "criteria": "==", "value": 7}
    return None


def _how(column: Column) -> str:
    """How a value is written, in words."""
    check = column.check
    if check.startswith("-> "):
        return f"choose one of the sheet {check.removeprefix('-> ').split('.')[0]}"
    words = {"share": "from 0 to 1", ">= 0": "0 or more", "> 0": "more than 0"}
    kinds = {"number": "a number", "integer": "a whole number", "date": "a date", "period": "2026Q3, or 2024"}
    written = check.replace("|", ", ") if "|" in check else words.get(check) or WRITTEN.get(check, {}).get("words", "")
    return ", ".join(part for part in (kinds.get(column.type), written) if part) or "text"


def _note(column: Column) -> str:
    unit = f" ({column.unit})" if column.unit else ""
    need = "May stay empty." if column.optional else "Must be filled in."
    return f"{column.meaning[0].upper()}{column.meaning[1:]}{unit}.\n{need}\nHow: {_how(column)}."


def _write_help(sheet, registers: dict[str, Table], looks: dict) -> None:
    for at, width in enumerate((28, 28, 10, 16, 80, 120)):
        sheet.set_column(at, at, width)
    sheet.write_string(0, 0, "Registers of the dataset", looks["title"])
    for at, line in enumerate(HOW, start=1):
        sheet.write_string(at, 0, line)
    row = len(HOW) + 2
    for table in registers.values():
        sheet.write_string(row, 0, table.name, looks["bold"])
        sheet.write_string(row, 1, f"one row: {table.row}")
        sheet.write_row(row + 1, 0, ["", "column", "needed", "unit", "meaning", "how to write"], looks["optional"])
        for row, column in enumerate(table.columns, start=row + 2):  # noqa: B020 - goes on below the table before
            need = "" if column.optional else "yes"
            for at, text in enumerate((column.name, need, column.unit, column.meaning, _how(column)), start=1):
                sheet.write_string(row, at, text)
        row += 2


def _write_examples(sheet, registers: dict[str, Table], looks: dict) -> None:
    """The first rows of the sample's registers."""
    sheet.set_column(0, 20, 18)
    sheet.write_string(
        0, 0, "Examples: rows of the sample dataset (illustrative). Nothing here is read.", looks["title"]
    )
    row = 2
    for name in registers:
        file = EXAMPLES / f"{name}.csv"
        if file.exists():
            rows = pd.read_csv(file, dtype=str, keep_default_na=False, nrows=2)
            sheet.write_string(row, 0, name, looks["bold"])
            for at, cells in enumerate([[*rows.columns], *rows.to_numpy().tolist()], start=row + 1):
                for column, cell in enumerate(cells):
                    sheet.write_string(at, column, cell, looks["optional" if at == row + 1 else "text"])
            row += len(rows) + 3


if __name__ == "__main__":
    write_workbook(TEMPLATE / WORKBOOK)
