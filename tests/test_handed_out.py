"""What is handed out: the figures of the tables in every format and language; pages that a browser shows offline."""

import io
import re
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from pptx import Presentation
from pypdf import PdfReader
from python_calamine import CalamineWorkbook

from importcut.language import languages

pytestmark = [pytest.mark.long, pytest.mark.ci]

PAGES = {
    "sample in Russian": "sample/2026Q3/ru/report.html",
    "sample in Uzbek Latin": "sample/2026Q3/uz-Latn/report.html",
    "sample": "sample/2026Q3/en/report.html",
    "sample in Uzbek": "sample/2026Q3/uz-Cyrl/report.html",
    "uzbekistan": "uzbekistan/2024/en/report.html",
    "index": "index.html",
    "index in Uzbek": "index.html#uz-Cyrl",
}
WIDTHS = {"phone": 390, "desk": 1440}
TALL_ENOUGH = 44  # pixels that a finger hits
EACH_LINK = "links => links.filter(a => a.offsetParent).map(a => [a.textContent, a.getBoundingClientRect().height])"


@pytest.fixture(scope="module")
def out(published_reports):
    return published_reports[0]


@pytest.fixture
def visit(offline, out):
    """Opens a page offline, from its file; what went wrong is in `page.faults`."""

    def visit(name, width, **options):
        file, _, section = PAGES[name].partition("#")
        return offline((out / file).as_uri() + (f"#{section}" if section else ""), WIDTHS[width], **options)

    return visit


def resized(page, width):
    page.set_viewport_size({"width": WIDTHS[width], "height": 900})
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_no_serious_barrier(visit, name, scheme):
    from axe_playwright_python.sync_playwright import Axe

    # the checker is a script, which the page itself forbids
    page = visit(name, "phone", color_scheme=scheme, bypass_csp=True)
    serious = [
        (width, rule["id"], node["html"][:200])
        for width in WIDTHS
        for rule in Axe().run(resized(page, width)).response["violations"]
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
    ]
    assert serious == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_whole_without_a_network_and_no_wider_than_a_phone(visit, name):
    page = visit(name, "phone")
    assert page.evaluate("document.documentElement.scrollWidth") <= WIDTHS["phone"]
    for width in WIDTHS:
        for image in resized(page, width).locator("img:visible").all():
            image.scroll_into_view_if_needed()
            page.wait_for_function("image => image.complete", arg=image.element_handle())
            assert image.evaluate("image => image.naturalWidth") > 0, image.get_attribute("alt")
    assert page.faults == []


@pytest.mark.parametrize("name", ["sample", "uzbekistan"])
def test_the_contents_name_every_claim_at_every_width(visit, name):
    page = visit(name, "desk")
    assert page.locator("nav[aria-labelledby] a").all_inner_texts() == page.locator("main h2").all_inner_texts()
    assert all(resized(page, width).locator("nav[aria-labelledby]").is_visible() for width in WIDTHS)


@pytest.mark.parametrize("name", ["sample", "sample in Russian", "sample in Uzbek", "sample in Uzbek Latin"])
def test_the_first_screen_says_who_and_whether_on_course(visit, name):
    for width, height in (("desk", 900), ("phone", 844)):
        page = visit(name, width)
        page.set_viewport_size({"width": WIDTHS[width], "height": height})
        bottom = page.locator(".also a").bounding_box()
        assert page.locator(".also a").inner_text() == page.locator("main h2").nth(1).inner_text()
        assert bottom["y"] + bottom["height"] <= height


def test_a_page_leads_to_files_that_lie_beside_it(visit):
    page = visit("sample in Uzbek", "desk")
    links = page.eval_on_selector_all(".bar a", "links => links.map(a => decodeURIComponent(a.pathname))")
    assert len(links) == 4 + 6 and [link for link in links if not Path(link).is_file()] == []
    page.locator('.bar a[lang="ru"]').click()
    assert page.locator("html").get_attribute("lang") == "ru" and page.faults == []


@pytest.mark.parametrize(("name", "language"), [("sample", "en"), ("sample in Russian", "ru")])
def test_tables_sort_as_numbers_both_ways_and_by_keyboard_and_are_searched(visit, name, language):
    page = visit(name, "desk")
    table = page.locator("main .table table").filter(has=page.locator("tbody tr:nth-child(8)")).first
    heads, rows = table.locator("thead th"), table.locator("tbody tr")
    place = next(n for n, head in enumerate(heads.all()) if "number" in (head.get_attribute("class") or "") and n > 1)

    def numbers():
        thousands, decimals = MARKS[language]
        texts = [squeezed(row.locator("td").nth(place).inner_text()) for row in rows.all()]
        return [float(text.replace(thousands, "").replace(decimals, ".").replace("−", "-")) for text in texts]

    before = numbers()
    heads.nth(place).locator("button").press("Enter")
    assert numbers() == sorted(before, reverse=True) and heads.nth(place).get_attribute("aria-sort") == "descending"
    heads.nth(place).locator("button").click()
    assert numbers() == sorted(before) and heads.nth(place).get_attribute("aria-sort") == "ascending"
    sought = rows.nth(3).locator("td").nth(1).inner_text()
    page.locator(".find").first.fill(sought.upper())
    assert [row.locator("td").nth(1).inner_text() for row in rows.all() if row.is_visible()] == [sought]
    page.locator(".find").first.fill("")
    assert sum(row.is_visible() for row in rows.all()) == len(before) and page.faults == []


def test_a_chart_of_the_page_is_saved_and_its_figures_unfold(visit, tmp_path):
    page = visit("sample", "desk")
    with page.expect_download() as saved:
        page.locator("figure .files a").first.click()
    saved.value.save_as(tmp_path / saved.value.suggested_filename)
    assert saved.value.suggested_filename == "ranking.svg" and "<svg" in (tmp_path / "ranking.svg").read_text()
    page.locator("summary").first.click()
    figures = page.locator("details tbody tr").first.inner_text().split("\t")
    assert figures == ["PP compound (Shurtan)", "1.4", "2.3"]


@pytest.mark.parametrize("name", [name for name in PAGES if "index" not in name])
def test_a_page_prints_on_fourteen_pages_at_most(visit, name):
    page = visit(name, "desk")
    page.emulate_media(media="print")
    assert len(PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True))).pages) <= 14


def test_every_link_of_the_index_is_large_enough_for_a_finger(visit):
    heights = visit("index", "phone").eval_on_selector_all("a", EACH_LINK)
    assert heights and [link for link in heights if link[1] < TALL_ENOUGH] == []


def test_the_index_shows_one_language_at_a_time_and_switches_without_a_script(visit):
    page = visit("index", "phone", java_script_enabled=False)
    assert page.locator("h1:visible").count() == 1 and page.locator("#en").is_visible()
    page.locator('nav a[href="#uz-Cyrl"]').click()
    assert page.locator("#uz-Cyrl").is_visible() and not page.locator("#en").is_visible()


def test_every_link_of_the_index_leads_to_a_page_or_a_file(visit):
    page = visit("index", "desk")
    links = page.eval_on_selector_all("article a", "links => links.map(a => decodeURIComponent(a.pathname))")
    assert links and [link for link in links if not Path(link).is_file()] == []
    page.locator("#en h3 a").first.click()
    assert page.locator("h1").inner_text() and page.faults == []


MARKS = {"en": (",", "."), "ru": ("", ","), "uz-Cyrl": ("", ","), "uz-Latn": ("", ",")}  # of thousands, of decimals
UNITS = {  # million, thousand, as they stand behind a figure
    "en": ("million", "thousand"),
    "ru": ("млн", "тыс."),
    "uz-Cyrl": ("млн", "минг"),
    "uz-Latn": ("mln", "ming"),
}
LARGEST = 5_000_000  # bytes of a deck


def squeezed(text):
    """Without blanks of any kind, which each format breaks lines with in its own way."""
    return re.sub(r"[\s\u00a0\u00ad\u200b]+", "", text)


def written(value, digits, language):
    """A number as the language writes it, found without Babel."""
    thousands, decimals = MARKS[language]
    text = f"{abs(value):,.{digits}f}".replace(",", "\0").replace(".", decimals).replace("\0", thousands)
    return ("−" if round(value, digits) < 0 else "") + text


def amount(usd, language):
    """An amount of dollars as a sentence has it."""
    million, thousand = UNITS[language]
    if abs(usd) >= 999_950:
        return written(usd / 1e6, 1, language) + million
    return written(usd / 1e3, 1, language) + thousand


def text_of(file):
    """All that can be read in a file, notes included."""
    match file.suffix:
        case ".html":
            return BeautifulSoup(file.read_text(encoding="utf-8"), "html.parser").get_text(" ")
        case ".pdf":
            return "\n".join(page.extract_text() for page in PdfReader(file).pages)
        case ".docx":
            with zipfile.ZipFile(file) as parts:
                tree = ElementTree.parse(io.BytesIO(parts.read("word/document.xml")))
            return " ".join(node.text or "" for node in tree.iter() if node.tag.endswith("}t"))
        case ".pptx":
            told = []
            for slide in Presentation(file).slides:
                frames = [shape.text_frame.text for shape in slide.shapes if shape.has_text_frame]
                cells = [c.text for s in slide.shapes if s.has_table for row in s.table.rows for c in row.cells]
                told += [*frames, *cells, slide.notes_slide.notes_text_frame.text]
            return "\n".join(told)


@pytest.fixture(scope="module")
def tables(out):
    """The tables of the sample's report, as they are given out."""
    return {f.stem: pd.read_csv(f) for f in (out / "sample" / "2026Q3" / "tables").glob("*.csv")}


@pytest.fixture(scope="module")
def told(out):
    """What each file says, by language and name."""
    folder = out / "sample" / "2026Q3"
    files = [f for language in languages() for f in (folder / language).iterdir() if f.stem in ("report", "slides")]
    return {(f.parent.name, f.name): squeezed(text_of(f)) for f in files}


def story(tables, language):
    """The figures of the deck's claims and readings, computed from the tables."""
    ranked = tables["ranking"].query("basis == 'realised_to_date' and rank == 1").iloc[0]
    expected, target = tables["counterfactual"], tables["target"].query("leading").iloc[0]
    moved = tables["bridge"].query("comparison == 'base'").groupby("effect")["value_usd"].sum()
    gap = expected["counterfactual_usd"].sum() - expected["actual_usd"].sum()
    money = [ranked["net_usd"], ranked["gross_usd"], gap, abs(moved.drop("base").sum()), -moved["project"]]
    money += [*target[["target_usd", "realised_usd", "planned_to_date_usd", "on_course_high_usd"]]]
    return [squeezed(amount(usd, language)) for usd in money]


def annex(tables, language, *, page=True):
    """The figures that reports tell besides: the plan, and of every ranked project its cuts and cost (thousand USD).

    Prints leave out the ranking of the target year, which the page and the workbook have.
    """
    new = tables["cuts_realised"].query("period == '2026Q3'")["gross_usd"].sum()
    money = [*tables["cuts_planned"][["gross_usd", "net_usd"]].sum(), new]
    ranked = tables["ranking"].dropna(subset="rank")
    ranked = ranked if page else ranked[ranked["basis"].ne("target_year")]
    figures = ranked[["net_usd", "gross_usd", "cost_usd"]].stack()
    return [squeezed(amount(usd, language)) for usd in money] + [written(usd / 1e3, 1, language) for usd in figures]


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("name", ["report.html", "report.pdf", "report.docx", "slides.html", "slides.pptx"])
def test_every_file_tells_the_figures_of_the_tables_as_its_language_writes_them(name, language, told, tables):
    text = told[language, name]
    rest = annex(tables, language, page=name.endswith(".html")) if name.startswith("report") else []
    wanted = story(tables, language) + rest
    assert [figure for figure in wanted if figure not in text] == []
    others = {written(1234567.8, 1, other) for other in languages()} - {written(1234567.8, 1, language)}
    assert written(tables["ranking"]["cost_usd"].max() / 1e3, 1, language) not in others


def test_figures_that_were_changed_would_not_be_found(told, tables):
    wrong = tables | {"ranking": tables["ranking"].assign(net_usd=tables["ranking"]["net_usd"] * 1.01)}
    for (language, name), text in told.items():
        figures = story(wrong, language) + annex(wrong, language)
        assert [figure for figure in figures if figure not in text], name


def test_the_workbook_holds_the_tables(out, tables):
    book = CalamineWorkbook.from_path(out / "sample" / "2026Q3" / "tables.xlsx")
    for name, table in tables.items():
        rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
        head = rows.index(next(row for row in rows if table.columns[0] in row))
        found = pd.DataFrame(rows[head + 1 :], columns=rows[head])
        if len(table) == len(found):  # a longer table says where it is
            numbers = table.select_dtypes("number").columns
            same = found[numbers].apply(pd.to_numeric, errors="coerce")
            assert same.to_numpy() == pytest.approx(table[numbers].to_numpy(), nan_ok=True, abs=1e-6), name


def test_the_workbook_answers_in_each_language_with_the_figures_of_the_table(out, tables):
    book = CalamineWorkbook.from_path(out / "sample" / "2026Q3" / "tables.xlsx")
    assert book.sheet_names[:4] == ["Answer", "Ответ", "Жавоб", "Javob"]
    rows = tables["ranking"].query("basis == 'realised_to_date' and rank.notna()").sort_values("rank")
    thousands = rows["net_usd"].div(1e3).round(1).tolist()
    for name in book.sheet_names[:4]:
        cells = book.get_sheet_by_name(name).to_python()
        numbers = [[cell for cell in row if isinstance(cell, float)] for row in cells]
        assert [row[:2] for row in numbers if len(row) >= 4 and row[0] <= len(rows)] == [
            [rank, usd] for rank, usd in enumerate(thousands, start=1)
        ]


@pytest.mark.parametrize("language", languages())
def test_a_deck_has_nine_slides_at_most_and_fits_into_a_mail(language, out):
    folder = out / "sample" / "2026Q3" / language
    assert len(Presentation(folder / "slides.pptx").slides) <= 9
    assert all((folder / name).stat().st_size < LARGEST for name in ("slides.html", "slides.pptx"))
