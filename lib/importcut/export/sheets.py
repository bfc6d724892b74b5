"""Tables as CSV and as one workbook."""

import datetime
from pathlib import Path

import pandas as pd

from importcut.schema import tables

LONGEST_SHEET = 100_000  # rows; a longer table is opened from its CSV
FORMATS = {"integer": "0", "USD": "#,##0.00", "kg": "#,##0.000", "date": "yyyy-mm-dd"}


def rounded(table: pd.DataFrame) -> pd.DataFrame:
    """The table without the last digits of its floating-point numbers, which differ from machine to machine.

    Amounts and weights keep six decimals, so that sums of rows still agree to the cent; ratios keep 12 digits.
    """
    numbers = table.select_dtypes("floating")
    return table.assign(**{name: _rounded(numbers[name]) for name in numbers})


def to_csv(table: pd.DataFrame, path: Path) -> None:
    """Write one table: UTF-8, line feeds, dates as 2026-09-30, empty where a value is not known."""
    rounded(table).to_csv(path, index=False, lineterminator="\n", date_format="%Y-%m-%d")


def to_xlsx(named: dict[str, pd.DataFrame], path: Path, *, mark: str = "") -> None:
    """Write a workbook of a sheet a table; text stays text, whatever sign it begins with.

    Parameters
    ----------
    mark : printed above every page, "" for none.
    """
    import xlsxwriter

    as_they_are = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(path, as_they_are) as book:
        book.set_properties({"created": datetime.datetime(2000, 1, 1), "comments": mark})
        formats = {kind: book.add_format({"num_format": code}) for kind, code in FORMATS.items()}
        head = book.add_format({"bold": True, "bottom": 1})
        for name, table in named.items():
            sheet = book.add_worksheet(name)
            sheet.write_row(0, 0, list(table), head)
            sheet.freeze_panes(1, 0)
            sheet.set_landscape()
            sheet.repeat_rows(0)
            sheet.set_header("&C" + mark.replace("&", "&&"))
            if len(table) > LONGEST_SHEET:
                sheet.write_string(1, 0, f"{len(table)} rows, too many for a sheet: open tables/{name}.csv")
                continue
            sheet.autofilter(0, 0, len(table), len(table.columns) - 1)
            units = {c.name: c.unit for c in tables()[name].columns} if name in tables() else {}
            for place, (column, values) in enumerate(rounded(table).items()):
                _write_column(sheet, place, values, formats, units.get(column, ""))


def _write_column(sheet, place: int, values: pd.Series, formats: dict, unit: str) -> None:
    kind = "integer" if pd.api.types.is_integer_dtype(values) else unit
    if pd.api.types.is_bool_dtype(values):
        kind, write = "", sheet.write_boolean
    elif pd.api.types.is_numeric_dtype(values):
        write = sheet.write_number
    elif pd.api.types.is_datetime64_any_dtype(values):
        kind, write = "date", sheet.write_datetime
    else:
        kind, write = "", sheet.write_string
    for row, value in enumerate(values, start=1):
        if not pd.isna(value):
            write(row, place, value, formats.get(kind))
    longest = max((len(str(value)) for value in values.dropna()), default=0)
    sheet.set_column(place, place, min(max(longest, len(values.name) + 4), 45))


def _rounded(values: pd.Series) -> pd.Series:
    if values.name.endswith(("_usd", "_kg")):
        return values.round(6) + 0.0  # no minus zero
    return values.map("{:.12g}".format, na_action="ignore").astype("float64") + 0.0
