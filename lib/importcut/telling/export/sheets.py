"""Tables as CSV and as one workbook."""

import datetime
from pathlib import Path

import pandas as pd

from importcut.dataset import Dataset
from importcut.letters import as_cell
from importcut.schema import Table, tables

LONGEST_SHEET = 100_000  # rows; a longer table is opened from its CSV
NUMBER_FORMATS = {"integer": "0", "USD": "#,##0.00", "kg": "#,##0.000"}
LOOKS = {
    "head": {"bold": True, "bottom": 1, "valign": "top"},
    "muted": {"italic": True, "font_color": "#5B6470"},
    "top": {"valign": "top"},
    "wrapped": {"valign": "top", "text_wrap": True},
}
ABOUT = "about"
HEADER = 2  # rows of a table's sheet above the data: units, names
WIDEST_COLUMN = 45  # characters
WIDE = 90  # characters of a column of sentences
LINE = 15  # points


def rounded(table: pd.DataFrame) -> pd.DataFrame:
    """The table without the last digits of its floats, which differ from machine to machine."""
    numbers = table.select_dtypes("floating")
    return table.assign(**{name: _rounded(numbers[name]) for name in numbers})


def to_csv(table: pd.DataFrame, path: Path | None = None) -> str | None:
    """One table as text, or in a file: dates as 2026-09-30, empty where nothing is known; no text runs as a formula."""
    texts = table.select_dtypes(["object", "string", "category"])
    cells = {name: texts[name].astype("object").map(as_cell) for name in texts}
    return rounded(table.assign(**cells)).to_csv(path, index=False, lineterminator="\n", date_format="%Y-%m-%d")


def to_xlsx(
    named: dict[str, pd.DataFrame], path: Path, *, mark: str = "", ds: Dataset | None = None, seal: str = ""
) -> None:
    """Write a workbook: a sheet about the data and the columns, then a sheet a table; text stays text.

    mark : printed above every page, "" for none.
    ds : dataset, whose title, period and sources are told in all their languages; None tells of columns alone.
    seal : of the report, "" for none.
    """
    import xlsxwriter

    as_they_are = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(path, as_they_are | {"default_date_format": "yyyy-mm-dd"}) as book:
        book.set_properties({"created": datetime.datetime(2000, 1, 1), "comments": mark})
        formats = {kind: book.add_format({"num_format": code}) for kind, code in NUMBER_FORMATS.items()}
        formats |= {look: book.add_format(how) for look, how in LOOKS.items()}
        about = [*_origin(ds), *([("mark", "", mark)] * bool(mark)), *([("seal", "", seal)] * bool(seal))]
        _write_about(_sheet(book, ABOUT, mark), named, about, formats)
        for name, table in named.items():
            sheet = _sheet(book, name, mark)
            units = {c.name: c.unit for c in tables()[name].columns} if name in tables() else {}
            # units above, so that filters and pivot tables take the names
            sheet.write_row(0, 0, [units.get(column, "") for column in table], formats["muted"])
            sheet.write_row(1, 0, list(table), formats["head"])
            sheet.freeze_panes(HEADER, 0)
            sheet.repeat_rows(0, HEADER - 1)
            if len(table) > LONGEST_SHEET:
                sheet.write_string(HEADER, 0, f"{len(table)} rows, too many for a sheet: open tables/{name}.csv")
                continue
            sheet.autofilter(HEADER - 1, 0, HEADER - 1 + max(len(table), 1), len(table.columns) - 1)
            for place, (column, values) in enumerate(rounded(table).items()):
                _write_column(sheet, place, values, formats, units.get(column, ""))


def _sheet(book, name: str, mark: str):
    sheet = book.add_worksheet(name)
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.set_header("&C" + mark.replace("&", "&&"))
    return sheet


def _write_about(sheet, named: dict[str, pd.DataFrame], origin: list[tuple[str, str, str]], formats: dict) -> None:
    """What the data are, each line in each of their languages; then every column: meaning, type, unit."""
    sheet.set_column(0, 1, 24)
    sheet.set_column(2, 2, WIDE)
    sheet.set_column(3, 4, 20)
    first = len(origin) + bool(origin)
    sheet.write_row(first, 0, ["table", "column", "meaning", "type", "unit"], formats["head"])
    columns = [row for name in named if name in tables() for row in _meanings(tables()[name])]
    for row, cells in [*enumerate(origin), *enumerate(columns, start=first + 1)]:
        sheet.write_row(row, 0, cells, formats["top"])
        sheet.write_string(row, 2, cells[2], formats["wrapped"])
        sheet.set_row(row, LINE * -(-len(cells[2]) // (WIDE - 4)))  # LibreOffice does not find the height by itself
    sheet.autofilter(first, 0, first + max(len(columns), 1), 4)


def _origin(ds: Dataset | None) -> list[tuple[str, str, str]]:
    """Item, language and text: title, period, scenario, sources."""
    if ds is None:
        return []
    scenario = {"": ds.scenario["name"]} | ds.scenario.get("title", {})
    texts = {"dataset": ds.title, "period": {"": str(ds.period)}, "scenario": scenario}
    texts |= {f"source {n}": source for n, source in enumerate(ds.sources, start=1)}
    return [(item, language, text) for item in texts for language, text in texts[item].items()]


def _meanings(table: Table) -> list[tuple[str, ...]]:
    about = f"one row: {table.row}; key: {', '.join(table.key)}"
    columns = [(c.name, c.meaning, c.type + ", may be empty" * c.optional, c.unit) for c in table.columns]
    return [(table.name, "", about, "", ""), *((table.name, *column) for column in columns)]


def _write_column(sheet, place: int, values: pd.Series, formats: dict, unit: str) -> None:
    kind = "integer" if pd.api.types.is_integer_dtype(values) else unit
    for row, value in enumerate(values, start=HEADER):
        if isinstance(value, str):
            sheet.write_string(row, place, value)
        elif not pd.isna(value):
            sheet.write(row, place, value, formats.get(kind))
    longest = max((len(str(value)) for value in values.dropna()), default=0)
    sheet.set_column(place, place, min(max(longest, len(unit), len(values.name) + 4), WIDEST_COLUMN))


def _rounded(values: pd.Series) -> pd.Series:
    if values.name.endswith(("_usd", "_kg")):
        return values.round(6) + 0.0  # sums of rows still agree to the cent; no minus zero
    return values.map("{:.12g}".format, na_action="ignore").astype("float64") + 0.0
