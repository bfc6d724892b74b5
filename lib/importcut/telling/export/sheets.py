"""Tables as CSV and as one workbook."""

import datetime
from pathlib import Path
from textwrap import wrap

import pandas as pd

from importcut.language import Voice, number_in
from importcut.letters import as_cell
from importcut.schema import REMADE, Table, tables
from importcut.telling.export.content import Table as ReadTable
from importcut.telling.export.content import blocks, cover, language_words
from importcut.telling.finding import Finding

LONGEST_SHEET = 100_000  # rows; a longer table is opened from its CSV
ONE_PAGE = 60  # rows of a sheet that still prints on one
NUMBER_FORMATS = {
    "integer": "0", "USD": "#,##0", "USD a year": "#,##0", "USD a period": "#,##0", "kg": "#,##0",
    "USD per kg": "0.00", "USD per USD": "0.00", "ratio": "0.00", "share": "0.0%", "share a year": "0.0%",
}  # fmt: skip
LEADING = ("ranking", "target")  # sheets behind the answer; REMADE come last
ANSWERS = "answer"  # tag of the cells whose tables the first sheet has
LOOKS = {
    "title": {"bold": True, "font_size": 16, "text_wrap": True, "valign": "top"},
    "claim": {"bold": True, "font_size": 12, "text_wrap": True, "valign": "bottom"},
    "head": {"bold": True, "bottom": 1, "valign": "top"},
    "muted": {"italic": True, "font_color": "#5B6470"},
    "top": {"valign": "top"},
    "wrapped": {"valign": "top", "text_wrap": True},
}
ABOUT = "about"
HEADER = 2  # rows of a table's sheet above the data: units, names
WIDEST_COLUMN = 45  # characters
ANSWER_COLUMN = 18
NAMED = ("products", "plants", "projects", "measures", "purposes")  # registers that name an id
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
    named: dict[str, pd.DataFrame],
    path: Path,
    *,
    answers: dict[str, dict] | None = None,
    say: Voice | None = None,
    mark: str = "",
    seal: str = "",
) -> None:
    """Write a workbook: the answer in each language, a sheet a table, about the data and the columns; text stays text.

    answers : executed answer notebooks by language.
    say : puts names beside ids and tells of the dataset; None tells of columns alone.
    mark : printed above every page, "" for none.
    seal : of the report, "" for none.
    """
    import xlsxwriter

    as_they_are = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    order = [name for name in LEADING if name in named]
    order += [name for name in named if name not in (*LEADING, *REMADE)]
    with xlsxwriter.Workbook(path, as_they_are | {"default_date_format": "yyyy-mm-dd"}) as book:
        book.set_properties({"created": datetime.datetime(2000, 1, 1), "comments": mark})
        formats = {kind: book.add_format({"num_format": code}) for kind, code in NUMBER_FORMATS.items()}
        formats |= {look: book.add_format(how) for look, how in LOOKS.items()}
        for language, notebook in (answers or {}).items():
            _write_answer(book, language, [*answers], notebook, formats)
        about = [*_origin(say), *([("mark", "", mark)] * bool(mark)), *([("seal", "", seal)] * bool(seal))]
        for name in order:
            _write_table(book, name, _with_names(named[name], say), formats, mark)
        _write_about(_sheet(book, ABOUT, mark), named, about, formats)
        for name in (name for name in named if name in REMADE):
            _write_table(book, name, _with_names(named[name], say), formats, mark)


def answer_sheet(language: str, languages: list[str]) -> str:
    """Name of the sheet with the answer in this language; languages without a word of their own have English."""
    word = language_words(language)["answer"]
    alone = [language_words(other)["answer"] for other in languages].count(word) == 1
    return word if alone else f"{word} {language}"


def _write_answer(book, language: str, languages: list[str], notebook: dict, formats: dict) -> None:
    """The first sheet: the cover, the claims of the deck, the tables of tagged cells, with figures as numbers."""
    front, parts, wide = cover(notebook), [], 2
    for cell, kind, block in blocks(notebook):
        if isinstance(block, Finding) and kind == "slide":
            parts += [("claim", block.title), ("wrapped", block.reading)]
        elif isinstance(block, ReadTable) and ANSWERS in cell["metadata"].get("tags", ()):
            parts += [("claim", block.caption), ("", block)]
            wide = max(wide, len(block.columns))
    sheet, row = _sheet(book, answer_sheet(language, languages), front.mark, pages=1), 0
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, WIDEST_COLUMN)
    sheet.set_column(1, wide - 1, ANSWER_COLUMN)
    for look, part in [("title", front.title), ("muted", front.subtitle), *parts]:
        if isinstance(part, ReadTable):
            row = _write_listing(book, sheet, row, part, language, formats)
            continue
        size = LOOKS[look].get("font_size", 11) / 11
        lines = -(-len(part) * size // (WIDEST_COLUMN + ANSWER_COLUMN * (wide - 1)))
        sheet.merge_range(row, 0, row, wide - 1, part, formats[look])
        sheet.set_row(row, LINE * size * lines + LINE / 2 * (look == "claim"))
        row += 1


def _write_listing(book, sheet, row: int, table: ReadTable, language: str, formats: dict) -> int:
    """A table as it is read, from a row on, names first; the row behind it."""
    order = sorted(range(len(table.columns)), key=lambda place: table.numeric[place])[:1]
    order += [place for place in range(len(table.columns)) if place not in order]
    for n, texts in enumerate([table.columns, *table.rows], start=row):
        for column, place in enumerate(order):
            side = {"align": "right"} if table.numeric[place] else {"indent": int(column > 0)}
            number, form = number_in(texts[place], language) if n > row else (None, "")
            if number is None:
                look = LOOKS["wrapped"] if n > row else LOOKS["head"] | {"text_wrap": True, "valign": "bottom"}
                sheet.write_string(n, column, texts[place], book.add_format(look | side))
            else:
                sheet.write_number(n, column, number, book.add_format({"num_format": form, "valign": "top"}))
        lines = max(len(wrap(text, ANSWER_COLUMN - 1)) for text in (texts[place] for place in order[1:]))
        sheet.set_row(n, LINE * max(lines, 1))
    return row + 1 + len(table.rows)


def _with_names(table: pd.DataFrame, say: Voice | None) -> pd.DataFrame:
    """The table with the name beside each id that a register explains."""
    for column in [c for c in table if say and c.endswith("_id") and c.removesuffix("_id") not in table]:
        if (register := column.replace("_id", "s")) in NAMED:
            names = table[column].map(say.names(register))
            table = table.copy(deep=False)
            table.insert(table.columns.get_loc(column) + 1, column.removesuffix("_id"), names)
    return table


def _write_table(book, name: str, table: pd.DataFrame, formats: dict, mark: str) -> None:
    sheet = _sheet(book, name, mark, pages=int(len(table) <= ONE_PAGE))
    units = {c.name: c.unit for c in tables()[name].columns} if name in tables() else {}
    # units above, so that filters and pivot tables take the names
    sheet.write_row(0, 0, [units.get(column, "") for column in table], formats["muted"])
    sheet.write_row(1, 0, list(table), formats["head"])
    sheet.freeze_panes(HEADER, 0)
    sheet.repeat_rows(0, HEADER - 1)
    if len(table) > LONGEST_SHEET:
        sheet.write_string(HEADER, 0, f"{len(table)} rows, too many for a sheet: open tables/{name}.csv")
        return
    sheet.autofilter(HEADER - 1, 0, HEADER - 1 + max(len(table), 1), len(table.columns) - 1)
    for place, (column, values) in enumerate(rounded(table).items()):
        _write_column(sheet, place, values, formats, units.get(column, ""))


def _sheet(book, name: str, mark: str, *, pages: int = 0):
    """A sheet that prints on A4, as wide as a page and on so many of them; 0: as many as it takes."""
    sheet = book.add_worksheet(name)
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, pages)
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


def _origin(say: Voice | None) -> list[tuple[str, str, str]]:
    """Item, language and text: title, period, scenario, sources."""
    if say is None:
        return []
    ds = say.ds
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
