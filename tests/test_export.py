"""What is handed out: a page that needs nothing outside itself, figures, tables as CSV and as a workbook."""

import base64
import csv
import hashlib
import re
import shutil
import subprocess
import zipfile
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from importcut.intake.opening import open_dataset
from importcut.language import Voice
from importcut.schema import tables
from importcut.telling import export
from importcut.telling.drawing import PLOT
from importcut.telling.finding import COVER, TABLE

EACH_SHEET = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1"
MARK = "Намунавий (шартли) маълумотлар"
DRAWING = (
    '<?xml version="1.0"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/svg11.dtd">'
    '<svg xmlns="http://www.w3.org/2000/svg"><metadata>made by</metadata><defs><path id="a"/></defs></svg>'
)
ADDRESSES = ("src", "srcset", "href", "xlink:href", "action", "formaction", "poster", "data", "background", "ping")
HEADLINE = {"headline": "A cut the most", "title": "Импорт & <қисқариш>", "subtitle": "S", "mark": MARK}


def shown(data, tags=(), **metadata):
    """A code cell that showed something."""
    output = new_output("display_data", data=data, metadata=metadata)
    return new_code_cell("secret = 1", outputs=[output], metadata={"tags": list(tags)})


@pytest.fixture
def notebook():
    """An executed report with everything that might go wrong in a page."""
    return new_notebook(
        cells=[
            new_markdown_cell("# Title"),
            new_markdown_cell("For the author", metadata={"tags": ["author"]}),
            shown({COVER: HEADLINE}),
            shown(
                {"text/markdown": "## Costs\n\nA cut $4.1 **million**, B $2.9; ўзгариш\n\n![x](https://x.org/a.png)"}
            ),
            shown({"text/markdown": "## Costs\n\n<script>run()</script>\n\n[there](https://x.org)"}),
            shown({"image/svg+xml": DRAWING}, **{"image/svg+xml": {"alt": 'a "red" bar', "name": "Main Chart"}}),
            shown({"image/svg+xml": DRAWING}, **{"image/svg+xml": {"alt": "again"}}),
            shown({"image/svg+xml": DRAWING}, tags=["author"]),
            shown(
                {"text/html": "<style>@import url(//x.org/a.css);</style><table onclick='run()'><tr><td>1</td></table>"}
            ),
            shown({"text/html": "<p style='background:url(https://x.org/b)'>p</p><a href='javascript:run()'>q</a>"}),
        ]
    )


@pytest.fixture
def page(notebook):
    """The report as a page."""
    return export.to_html(notebook, language="uz-Cyrl")


def test_a_page_names_no_address_outside_itself_and_runs_its_own_script_alone(page):
    soup = BeautifulSoup(page, "html.parser")
    assert soup.find_all(["link", "iframe", "object"]) == []
    [script] = soup.find_all("script")
    digest = base64.b64encode(hashlib.sha256(script.string.encode()).digest()).decode()
    [rules] = [meta["content"] for meta in soup.find_all("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    assert rules.split("; ")[0] == "default-src 'none'" and rules.split("; ")[-1] == f"script-src 'sha256-{digest}'"
    for element in soup.find_all(True):
        for name, value in element.attrs.items():
            assert not name.startswith("on"), element.name
            if name in ADDRESSES:
                assert value.startswith(("#", "data:image/", "data:text/csv;")), value
    assert "x.org" not in page
    assert not re.search(r"https?://|@import|url\((?!data:)|javascript:", page)


def test_a_page_leads_to_its_other_languages_and_files(notebook):
    given = export.sealed(notebook, "3f2a91bc", languages=["en", "uz-Cyrl"], formats=["html", "slides", "xlsx"])
    bar = BeautifulSoup(export.to_html(given, language="uz-Cyrl"), "html.parser").find(class_="bar")
    assert [(a.text, a["href"]) for a in bar.find_all("a")] == [
        ("English", "../en/report.html"),
        ("Ўзбекча", "../uz-Cyrl/report.html"),
        ("Жадвалларни интерактив кўриш", "../explore.html#lang=uz-Cyrl"),
        ("Слайдлар", "slides.html"),
        ("Excel", "../tables.xlsx"),
    ]
    assert [a["lang"] for a in bar.find_all("a", attrs={"aria-current": "page"})] == ["uz-Cyrl"]


def test_a_page_says_its_language_title_and_letters(page):
    soup = BeautifulSoup(page, "html.parser")
    assert page.startswith("<!DOCTYPE html>")
    assert soup.html["lang"] == "uz-Cyrl"
    assert soup.title.text == "Импорт & <қисқариш>"
    assert soup.meta["charset"] == "utf-8"


def test_the_mark_of_illustrative_data_stands_on_the_page_and_on_each_printed_one(page, notebook):
    soup = BeautifulSoup(page, "html.parser")
    assert soup.find(class_="mark").text == MARK
    assert re.search(r'@page \{ @top-center \{ content: "' + re.escape(MARK), soup.style.text)
    notebook.cells[2] = shown({COVER: HEADLINE | {"mark": ""}})
    real = export.to_html(notebook, language="en")
    assert MARK not in real and "@top-center" not in real


def test_a_page_shows_results_and_neither_code_nor_the_authors_cells(page):
    assert "secret" not in page
    assert "For the author" not in page
    assert page.count("<figure") == 2


def test_text_between_two_dollar_signs_is_text(page):
    assert "A cut $4.1 <strong>million</strong>, B $2.9; ўзгариш" in page


def test_the_first_page_has_the_title_and_the_mark_once(page, notebook):
    notebook.cells[2] = shown({COVER: HEADLINE, "text/html": "<h1>Again</h1><p>S</p><p>marked</p>"})
    soup = BeautifulSoup(export.to_html(notebook, language="en"), "html.parser")
    assert soup.select_one(".cover").get_text("|", strip=True) == f"{HEADLINE['title']}|S"
    assert len(soup.find_all(string=MARK)) == 1


def test_a_figure_is_captioned_with_text_and_does_not_repeat_the_claim_above_it():
    def drawn(title):
        plot = {"name": "n", "alt": "a", "svg": DRAWING, "title": title, "unit": "million", "note": "Source: <b>"}
        return shown({"image/svg+xml": DRAWING, PLOT: plot}, **{"image/svg+xml": {"alt": "a"}})

    claim = shown({"text/markdown": "## A cut *the* most"})
    page = export.to_html(new_notebook(cells=[claim, drawn("A cut the most"), drawn("Other")]), language="en")
    figures = BeautifulSoup(page, "html.parser").find_all("figure")
    assert [figure.figcaption.get_text(" ", strip=True) for figure in figures] == ["million", "Other million"]
    assert {figure.select_one(".note").text for figure in figures} == {"Source: <b>"}


def test_a_table_can_be_scrolled_by_keyboard_and_names_its_columns():
    rows = "<table><caption>C</caption><thead><tr><th>A</th></tr></thead><tbody><tr><td>1</td></tr></tbody></table>"
    told = {"caption": 'C & "D"', "columns": ["A"], "rows": [["1"]], "numeric": [True]}
    page = export.to_html(new_notebook(cells=[shown({"text/html": rows, TABLE: told})]), language="en")
    region = BeautifulSoup(page, "html.parser").select_one(".table")
    assert (region["tabindex"], region["aria-label"], region.th["scope"]) == ("0", 'C & "D"', "col")


def test_a_table_is_carried_along_as_csv_in_which_no_text_runs():
    told = {"caption": "C", "columns": ["A", "A"], "rows": [["1", "=2+3"], ["қ", 'say "x"']], "numeric": [True, False]}
    page = export.to_html(new_notebook(cells=[shown({"text/html": "<table></table>", TABLE: told})]), language="en")
    link = BeautifulSoup(page, "html.parser").select_one(".files a")
    content = base64.b64decode(link["href"].removeprefix("data:text/csv;charset=utf-8;base64,")).decode("utf-8-sig")
    assert link["download"] == "C.csv"
    assert [*csv.reader(content.splitlines())] == [["A", "A"], ["1", "'=2+3"], ["қ", 'say "x"']]


def test_many_claims_have_a_list_of_contents_that_leads_to_each():
    def contents(n):
        claims = [shown({"text/markdown": f"## Claim *{k}*"}) for k in range(n)]
        page = export.to_html(new_notebook(cells=[new_markdown_cell("# T"), *claims]), language="en")
        return BeautifulSoup(page, "html.parser")

    assert contents(3).nav is None
    page = contents(4)
    assert [link.text for link in page.nav.find_all("a")] == [f"Claim {k}" for k in range(4)]
    assert [page.find(id=link["href"][1:]).text for link in page.nav.find_all("a")] == [f"Claim {k}" for k in range(4)]
    assert page.find(id=page.nav["aria-labelledby"]).text == "T"


def test_figures_have_a_description_and_share_no_names_with_the_page(page):
    soup = BeautifulSoup(page, "html.parser")
    assert [figure.img["alt"] for figure in soup.find_all("figure")] == ['a "red" bar', "again"]
    names = [element["id"] for element in soup.find_all(id=True)]
    assert len(names) == len(set(names))


def test_the_same_notebook_gives_the_same_page(page, notebook):
    assert export.to_html(notebook, language="uz-Cyrl") == page


def test_figures_are_numbered_in_order_and_plain(notebook):
    files = export.figures(notebook)
    assert list(files) == ["01-main-chart.svg", "01-main-chart.png", "02-figure.svg", "02-figure.png"]
    assert all(b"metadata" not in content and b"DOCTYPE" not in content for content in files.values())
    assert all(files[name].startswith(b"\x89PNG") for name in files if name.endswith(".png"))


def test_the_headline_is_what_the_notebook_displayed(notebook):
    assert vars(export.cover(notebook)) == HEADLINE
    assert export.cover(new_notebook(cells=[new_markdown_cell("# Title")])) is None


class Workbook:
    """A workbook as its file says: no library that reads one is a dependency of the project."""

    def __init__(self, path):
        self.parts = zipfile.ZipFile(path)
        self.sheets = [sheet.get("name") for sheet in self.tree("xl/workbook.xml").iter("sheet")]
        self.strings = ["".join(item.itertext()) for item in self.tree("xl/sharedStrings.xml").iter("si")]

    def tree(self, part):
        return ElementTree.fromstring(re.sub(r' xmlns="[^"]+"', "", self.parts.read(part).decode()))

    def sheet(self, name):
        return self.tree(f"xl/worksheets/sheet{self.sheets.index(name) + 1}.xml")

    def cells(self, name):
        """Type (s text, b flag, n number) and value of each cell that is filled, by its place."""
        filled = [cell for cell in self.sheet(name).iter("c") if len(cell)]
        assert all(child.tag == "v" for cell in filled for child in cell), "a formula"
        return {cell.get("r"): self._cell(cell.get("t", "n"), cell.findtext("v")) for cell in filled}

    def _cell(self, kind, value):
        return kind, self.strings[int(value)] if kind == "s" else float(value)


@pytest.fixture
def table():
    """A table of every type, with values that spreadsheets take for something else."""
    return pd.DataFrame(
        {
            "project_id": ["=1+1", "+7 998", "-x", "@SUM(A1)", "https://x.org", "12", None],
            "net_usd": [0.1 + 0.2, -1e-9, 1234567.8912345678, np.nan, 0.0, 1e9, 2.0],
            "share": [1 / 3, 2e-12 / 3, 0.0, np.nan, 1.0, -1 / 7, 1e-300],
            "rank": pd.array([1, None, 3, 4, 5, 6, 7], dtype="Int64"),
            "identified": [True, False] * 3 + [True],
            "date": pd.to_datetime(["2026-09-30", None] * 3 + ["2026-01-01"]),
        }
    )


def test_text_that_looks_like_a_formula_stays_text_in_the_workbook(table, tmp_path):
    export.to_xlsx({"ranking": table}, tmp_path / "t.xlsx")
    book = Workbook(tmp_path / "t.xlsx")
    assert [book.cells("ranking")[f"A{row}"] for row in range(3, 9)] == [("s", v) for v in table["project_id"][:6]]
    assert not list(book.sheet("ranking").iter("hyperlink"))


def test_a_workbook_has_a_sheet_a_table_with_typed_cells_and_empty_where_nothing_is_known(table, tmp_path):
    export.to_xlsx({"ranking": table, "ledger": table.iloc[:0]}, tmp_path / "t.xlsx", mark=MARK)
    book = Workbook(tmp_path / "t.xlsx")
    cells, sheet = book.cells("ranking"), book.sheet("ranking")
    assert book.sheets == ["ranking", "ledger", "about"]
    assert [cells[f"{column}2"] for column in "ABCDEF"] == [("s", name) for name in table]
    assert [cells[f"{column}3"][0] for column in "ABCDEF"] == ["s", "n", "n", "n", "b", "n"]
    assert cells["B3"] == ("n", 0.3) and cells["F3"] == ("n", 46295)  # the serial of 30 September 2026
    assert not {"A9", "B6", "D4", "F4"} & cells.keys()
    assert sheet.find("headerFooter/oddHeader").text == f"&C{MARK}"
    assert [value for kind, value in book.cells("ledger").values() if kind == "s"] == list(table)


def test_units_stand_above_the_names_that_filters_take_and_both_stay_in_sight(table, tmp_path):
    export.to_xlsx({"ranking": table}, tmp_path / "t.xlsx")
    book = Workbook(tmp_path / "t.xlsx")
    cells, sheet = book.cells("ranking"), book.sheet("ranking")
    assert {place: cells[place] for place in cells if re.fullmatch("[A-F]1", place)} == {"B1": ("s", "USD")}
    assert sheet.find(".//pane").get("topLeftCell") == "A3"
    assert sheet.find("autoFilter").get("ref") == "A2:F9"


def displayed(kind, about, **cell):
    return {"metadata": cell, "outputs": [{"data": {f"application/vnd.importcut.{kind}+json": about}}]}


@pytest.mark.parametrize(
    ("language", "texts", "names"),
    [("en", ("1,234.5", "2024"), ["Answer"]), ("ru", ("1\xa0234,5", "2024"), ["Ответ"])],
)
def test_the_answer_stands_on_the_first_sheet_with_figures_that_can_be_added(language, texts, names, tmp_path):
    listing = {"caption": "The ranking", "columns": ["Rank", "Project", "Net cut"], "numeric": [True, False, True]}
    slide = {"slideshow": {"slide_type": "slide"}}
    cells = [
        displayed("headline", {"title": "Who?", "subtitle": "2024", "mark": "Invented"}, **slide),
        displayed("finding", {"title": "Soda leads", "text": "In full.", "reading": "In short."}, **slide),
        displayed("finding", {"title": "Left out", "text": "…", "reading": "…"}),
        displayed("table", listing | {"rows": [["1", "Soda", texts[0]], ["2", "PVC", texts[1]]]}, tags=["answer"]),
        displayed("table", listing | {"rows": [["1", "No tag", "7"]]}),
    ]
    export.to_xlsx({}, tmp_path / "t.xlsx", answers={language: {"cells": cells}})
    book = Workbook(tmp_path / "t.xlsx")
    assert book.sheets == [names[0], "about"]
    cells = {place: text for place, (_, text) in book.cells(names[0]).items()}
    texts = ["Who?", "2024", "Soda leads", "In short.", "The ranking", "Project"]
    assert [cells[f"A{n}"] for n in range(1, 7)] == texts
    assert [cells[f"{column}7"] for column in "ABC"] == ["Soda", 1.0, 1234.5]
    assert [cells[f"{column}8"] for column in "ABC"] == ["PVC", 2.0, 2024.0]
    assert "Left out" not in cells.values() and "No tag" not in cells.values()
    page = book.sheet(names[0]).find("pageSetup")
    assert (page.get("paperSize"), page.get("fitToHeight", "1")) == ("9", "1")


def test_names_stand_beside_ids_and_machine_tables_last(tmp_path, repository):
    ds = open_dataset(repository / "data" / "raw" / "sample", period="2026Q3")
    ids = pd.DataFrame({"project_id": ["pp_compound_shurtan", "unknown"], "value_usd": [1.0, 2.0]})
    named = {"quarantine": ids, "bridge": ids, "target": ids, "ranking": ids}
    export.to_xlsx(named, tmp_path / "t.xlsx", say=Voice("ru", ds))
    book = Workbook(tmp_path / "t.xlsx")
    assert book.sheets == ["ranking", "target", "bridge", "about", "quarantine"]
    cells = {place: text for place, (_, text) in book.cells("ranking").items()}
    assert [cells[place] for place in ("A2", "B2", "C2")] == ["project_id", "project", "value_usd"]
    assert cells["B3"] == "Компаунд полипропилена (Шуртан)" and "B4" not in cells
    assert [*ids] == ["project_id", "value_usd"], "the table itself is not changed"


def test_the_first_sheet_tells_sources_and_what_every_column_means(table, tmp_path, repository):
    ds = open_dataset(repository / "data" / "raw" / "sample", period="2026Q3")
    export.to_xlsx({"ranking": table, "unknown": table}, tmp_path / "t.xlsx", mark=MARK, say=Voice("en", ds))
    cells = Workbook(tmp_path / "t.xlsx").cells("about")
    rows = [[cells.get(f"{column}{row}", ("s", ""))[1] for column in "ABCDE"] for row in range(1, 200)]
    assert rows[0] == ["dataset", *next(iter(ds.title.items())), "", ""]
    assert ["period", "", "2026Q3", "", ""] in rows and ["mark", "", MARK, "", ""] in rows
    for n, source in enumerate(ds.sources, start=1):
        for language, text in source.items():
            assert [f"source {n}", language, text, "", ""] in rows
    told = [row for row in rows if row[0] == "ranking"]
    described = tables()["ranking"]
    assert told[0][2] == f"one row: {described.row}; key: {', '.join(described.key)}"
    assert [(row[1], row[2], row[4]) for row in told[1:]] == [(c.name, c.meaning, c.unit) for c in described.columns]


def test_a_spreadsheet_program_reads_back_what_was_written(table, tmp_path):
    export.to_xlsx({"ranking": table}, tmp_path / "t.xlsx", mark="=A & B")
    read = pd.read_excel(tmp_path / "t.xlsx", sheet_name="ranking", header=1, engine="calamine")
    assert list(read) == list(table)
    assert list(read["project_id"].dropna().astype("str")) == list(table["project_id"].dropna())
    assert read["net_usd"].dropna().tolist() == export.rounded(table)["net_usd"].dropna().tolist()


@pytest.mark.skipif(shutil.which("soffice") is None, reason="no LibreOffice here")
def test_libreoffice_opens_the_workbook(table, tmp_path):
    export.to_xlsx({"ranking": table}, tmp_path / "t.xlsx", mark=MARK)
    words = ["--headless", f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}", "--convert-to", EACH_SHEET]
    subprocess.run(["soffice", *words, "--outdir", tmp_path, tmp_path / "t.xlsx"], check=True, timeout=120)
    lines = (tmp_path / "t-ranking.csv").read_text(encoding="utf-8").splitlines()
    assert lines[1] == ",".join(table) and lines[2].startswith("=1+1,0.3,")


def test_a_workbook_is_the_same_each_time(table, tmp_path):
    for name in ("a.xlsx", "b.xlsx"):
        export.to_xlsx({"ranking": table}, tmp_path / name)
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()
    assert b"2000-01-01" in zipfile.ZipFile(tmp_path / "a.xlsx").read("docProps/core.xml")


def test_a_table_too_long_for_a_sheet_says_where_it_is(table, tmp_path, monkeypatch):
    monkeypatch.setattr("importcut.telling.export.sheets.LONGEST_SHEET", 3)
    export.to_xlsx({"quarantine": table}, tmp_path / "t.xlsx")
    cells = Workbook(tmp_path / "t.xlsx").cells("quarantine")
    assert cells["A3"] == ("s", "7 rows, too many for a sheet: open tables/quarantine.csv")


def test_csv_has_text_that_runs_nowhere_line_feeds_and_nothing_where_nothing_is_known(table, tmp_path):
    export.to_csv(table, tmp_path / "t.csv")
    lines = (tmp_path / "t.csv").read_bytes().decode("utf-8").split("\n")
    assert lines[:3] == [
        "project_id,net_usd,share,rank,identified,date",
        "'=1+1,0.3,0.333333333333,1,True,2026-09-30",
        "'+7 998,0.0,6.66666666667e-13,,False,",
    ]
    assert lines[7] == ",2.0,1e-300,7,True,2026-01-01"
    assert lines[4] == "'@SUM(A1),,,4,False,"
    assert lines[-1] == ""


def test_an_empty_table_has_a_header_only(table, tmp_path):
    export.to_csv(table.iloc[:0], tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text() == ",".join(table) + "\n"


def test_rounding_keeps_sums_to_the_cent_and_values_to_twelve_digits():
    values = np.random.default_rng(1).lognormal(10, 3, 10_000)
    table = pd.DataFrame({"gross_usd": values, "ratio": values})
    kept = export.rounded(table)
    assert abs(kept["gross_usd"].sum() - values.sum()) < 0.005
    assert np.allclose(kept["ratio"], values, rtol=1e-11, atol=0)
    assert all(f"{a:.12g}" == f"{b:.12g}" for a, b in zip(kept["ratio"].head(500), values, strict=False))
