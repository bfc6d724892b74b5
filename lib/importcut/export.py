"""What is handed out: HTML and figures of an executed notebook, tables as CSV and as one workbook."""

import base64
import datetime
import re
from pathlib import Path

import pandas as pd

from importcut.schema import tables

HEADLINE = "application/vnd.importcut.headline+json"
SVG = "image/svg+xml"
TEMPLATES = Path(__file__).parent / "templates"
AUTHOR = "author"  # tag of cells that are for whoever edits the notebook
LONGEST_SHEET = 100_000  # rows; a longer table is opened from its CSV
FORMATS = {"integer": "0", "USD": "#,##0.00", "kg": "#,##0.000", "date": "yyyy-mm-dd"}
OUTWARD = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?//|@import", re.IGNORECASE)
ADDRESSES = ("src", "srcset", "href", "xlink:href", "action", "formaction", "poster", "data", "background", "ping")
ACTIVE = ("script", "link", "iframe", "object", "embed", "base", "form", "noscript")


def headline(notebook: dict) -> dict | None:
    """What the notebook displayed as its headline: headline, title, illustrative, mark; nothing if it did not."""
    found = [bundle[HEADLINE] for _, bundle in _bundles(notebook) if HEADLINE in bundle]
    return found[0] if found else None


def figures(notebook: dict) -> dict[str, bytes]:
    """The figures of an executed notebook as SVG files, in order, by file name."""
    drawn = [(output, bundle[SVG]) for output, bundle in _bundles(notebook) if SVG in bundle]
    names = [output["metadata"].get(SVG, {}).get("name", "figure") for output, _ in drawn]
    return {
        f"{n:02}-{re.sub(r'[^a-z0-9]+', '-', name.lower()).strip('-')}.svg": _plain_svg(svg).encode()
        for n, (name, (_, svg)) in enumerate(zip(names, drawn, strict=True), start=1)
    }


def to_html(notebook: dict, *, language: str, title: str = "importcut", mark: str = "") -> str:
    """The executed notebook as one page that needs nothing outside itself and runs nothing.

    Parameters
    ----------
    notebook : executed notebook; code and cells tagged `author` are left out.
    mark : what stands on every page, "" for none.
    """
    import mistune
    import nbformat
    from nbconvert import HTMLExporter

    shown = nbformat.from_dict(notebook)
    shown.cells = [cell for cell in shown.cells if AUTHOR not in cell.metadata.get("tags", ())]
    for cell in shown.cells:
        cell.outputs = [o for o in cell.get("outputs", []) if set(o.get("data", {})) != {HEADLINE}]
    exporter = HTMLExporter(
        template_name="report",
        extra_template_basedirs=[str(TEMPLATES)],
        exclude_input=True,
        filters={
            # nbconvert's own Markdown takes the text between two dollar signs for a formula
            "prose": mistune.create_markdown(escape=False, plugins=["table"]),
            "data_uri": lambda svg: "data:image/svg+xml;base64," + base64.b64encode(_plain_svg(svg).encode()).decode(),
            "css_string": lambda text: '"' + re.sub(r'["\\\n<]', " ", text) + '"',
        },
    )
    page, _ = exporter.from_notebook_node(shown, {"report": {"language": language, "title": title, "mark": mark}})
    return _sealed(page)


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


def _bundles(notebook: dict):
    """Each output that shows data, with its data by mimetype, in order; those of the author's cells left out."""
    for cell in notebook["cells"]:
        if AUTHOR not in cell["metadata"].get("tags", ()):
            for output in cell.get("outputs", ()):
                if "data" in output:
                    yield output, {kind: _text(data) for kind, data in output["data"].items()}


def _text(data):
    """Data of an output; a file holds texts as lists of lines."""
    return "".join(data) if isinstance(data, list) else data


def _plain_svg(svg: str) -> str:
    """The drawing without the program's note about itself and without the address of a document type."""
    return re.sub(r"<metadata>.*?</metadata>\s*|<!DOCTYPE[^>]*>\s*", "", svg, flags=re.DOTALL)


def _sealed(page: str) -> str:
    """The page with everything taken out that would run or that names an address outside the page."""
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(page, features="html.parser")
    for element in soup.find_all(ACTIVE):
        element.decompose()
    for element in soup.find_all(True):
        for name, value in list(element.attrs.items()):
            outward = name in ADDRESSES and not str(value).startswith(("#", "data:image/"))
            if outward or name.startswith("on") or (name == "style" and OUTWARD.search(str(value))):
                del element[name]
    for style in soup.find_all("style"):
        if OUTWARD.search(style.text):
            style.decompose()
    return str(soup)
