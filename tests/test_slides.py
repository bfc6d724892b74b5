"""The deck in a browser: one page that needs no net, says everything in every script, and turns with the keys."""

import io
import re
from importlib.resources import files

import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_notebook, new_output
from pypdf import PdfReader

from importcut.telling.drawing import PLOT, SVG
from importcut.telling.export.content import language_words
from importcut.telling.export.layout import (
    BOTTOM,
    LEADING,
    MARGIN,
    READABLE,
    WIDE,
    Box,
    Grid,
    _below,
    lines,
    pages,
    sentences,
)
from importcut.telling.export.slides import to_slides
from importcut.telling.finding import COVER, FINDING, TABLE
from test_export import ADDRESSES

LANGUAGES = ("en", "ru", "uz-Cyrl", "uz-Latn")
SAID = {
    "en": "PP compound (Shurtan) cut the most imports: $1.42 million net. The range is $1.33–1.48 million",
    "ru": "Больше всего импорт сократил проект «Полипропилен»: 1,42 млн долл. Диапазон 1,33–1,48 млн долл.",
    "uz-Cyrl": "Импортни энг кўп қисқартирган лойиҳа — Полипропилен компаунди (Шўртан). Соф қисқариш 1,42 млн доллар",
    "uz-Latn": "Importni eng ko‘p qisqartirgan loyiha — Polipropilen kompaundi (Sho‘rtan). Sof qisqarish 1,4 mln",
}
PLACED = """slides => slides.map(slide => [[slide.offsetWidth, slide.offsetHeight],
    [...slide.querySelectorAll(":scope > [style]")].map(part => getComputedStyle(part).position === "absolute"
        && Math.abs(part.offsetLeft - parseFloat(getComputedStyle(part).left)) < 2)])"""
MARKS = {
    "en": "Illustrative data",
    "ru": "Условные данные",
    "uz-Cyrl": "Намунавий (шартли) маълумотлар",
    "uz-Latn": "Namunaviy (shartli) ma’lumotlar",
}


def shown(kind, data, slide="slide", **metadata):
    """A code cell that showed something, and stands in the deck so."""
    output = new_output("display_data", data={kind: data}, metadata=metadata)
    return new_code_cell("1", outputs=[output], metadata={"slideshow": {"slide_type": slide}})


def cover(language, title="Imports & <cuts>", headline=None):
    told = {"title": title, "subtitle": f"Chemicals · {language}", "headline": headline or SAID[language]}
    return shown(COVER, told | {"mark": MARKS[language]}, slide="skip")


def finding(title, text, reading):
    return shown(FINDING, {"title": title, "text": text, "reading": reading})


def chart(title, language, *, high=300):
    """A drawing of 8 inches with something to see, which is that high (72 dots an inch)."""
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="576pt" height="{high}pt" viewBox="0 0 576 {high}">'
        f'<rect x="20" y="20" width="500" height="{high - 40}" fill="#0072B2"/></svg>'
    )
    told = {"title": title, "unit": f"million US dollars, {language}", "alt": f"a bar, {title}", "name": "bar"}
    told["note"] = f"Source: {language}. {MARKS[language]}."
    cell = shown(SVG, svg, **{SVG: {"alt": told["alt"], "name": "bar"}})
    cell.outputs[0]["data"][PLOT] = told | {"svg": svg}
    cell.metadata.slideshow.slide_type = "fragment"
    return cell


def table(rows=12):
    told = {"caption": "What changed, thousand US dollars", "columns": ["Project", "Before", "Now"]}
    body = [[f"лойиҳа {n} <b>", "0,0", f"{n}\u00a0000,5"] for n in range(1, rows + 1)]
    return shown(TABLE, told | {"rows": body, "numeric": [False, True, True]}, slide="fragment")


def report(language, **about):
    """An executed report with a wide, a tall and a square chart, a table alone, and a title that comes twice."""
    said, cells = SAID[language], [cover(language, **about)]
    for title, high in ((said[:60], 110), ("<script>alert(1)</script>", 360), ("Twice", 560), ("Twice", 200)):
        cells += [finding(title, f"{said}\n\nGrade: <i>measured</i> {title}.", said), chart(title, language, high=high)]
    cells += [finding("What changed", "Ranks moved.", said), table()]
    return new_notebook(cells=cells)


@pytest.fixture(scope="module", params=LANGUAGES)
def page(request):
    """The deck of a report in each language, read back; with the language."""
    text = to_slides(report(request.param), language=request.param)
    return BeautifulSoup(text, "html.parser"), request.param


def test_a_deck_says_everything_in_every_script(page):
    soup, language = page
    sections = soup.select(".slides > section")
    assert soup.html["lang"] == language and soup.title.text == "Imports & <cuts>"
    assert sections[0].h1.text == "Imports & <cuts>"
    assert f"Chemicals · {language}" in sections[0].text
    assert [section.h2.text for section in sections[1:]] == [
        SAID[language][:60], "<script>alert(1)</script>", "Twice", "Twice (2)", "What changed",
    ]  # fmt: skip
    for section in sections:
        assert " ".join(p.text for p in section.select(".reading p")) == SAID[language]
        assert section.select_one(".mark").text == MARKS[language]
    for section in sections[1:5]:
        assert section.select_one(".unit").text == f"million US dollars, {language}"
        assert section.select_one(".source").text == f"Source: {language}."


def test_notes_hold_the_whole_text_and_every_cell_of_the_table(page):
    soup, language = page
    notes = [section.select_one("aside.notes") for section in soup.select(".slides > section")]
    assert SAID[language] in notes[1].text and "Grade: <i>measured</i>" in notes[1].text
    cells = [cell.text for cell in notes[-1].select("td")]
    assert len(cells) == 36 and cells[-3:] == ["лойиҳа 12 <b>", "0,0", "12\u00a0000,5"]
    slide = soup.select(".slides > section")[-1]
    assert len(slide.select(":scope > table tbody tr")) == 8
    assert slide.select_one(".unit").text == "What changed, thousand US dollars · 1–8 / 12"
    assert [cell.get("class") for cell in slide.select_one("tbody tr").select("td")] == [None, ["number"], ["number"]]


def test_every_picture_has_a_description(page):
    pictures = page[0].find_all("img")
    assert len(pictures) == 4 and all(picture["alt"].startswith("a bar, ") for picture in pictures)


def test_a_deck_names_no_address_outside_itself(page):
    soup, _ = page
    for element in soup.find_all(True):
        for name, value in element.attrs.items():
            assert not name.startswith("on"), element.name
            if name in ADDRESSES:
                assert value.startswith("data:image/"), value
    assert soup.find_all(["link", "iframe", "object", "base"]) == []
    assert not any(re.search(r"@import|url\((?![\"']?data:)|//\w", style.text) for style in soup.find_all("style"))
    assert not re.search(r"https?://(?!www\.w3\.org/)\w|//cdn", str(soup))
    policy = soup.find("meta", attrs={"http-equiv": "Content-Security-Policy"})["content"]
    assert policy.startswith("default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:")


def test_the_same_notebook_gives_the_same_deck_and_a_small_one():
    text = to_slides(report("uz-Cyrl"), language="uz-Cyrl")
    assert to_slides(report("uz-Cyrl"), language="uz-Cyrl") == text
    assert len(text.encode()) < 5_000_000


def test_real_data_are_not_marked():
    notebook = report("en")
    notebook.cells[0].outputs[0]["data"][COVER]["mark"] = ""
    assert 'class="mark"' not in to_slides(notebook, language="en")


def test_a_deck_has_nine_slides_at_most():
    cells = [cover("en")]
    for n in range(8):
        cells += [finding(f"Claim {n}", "Text.", "Reading."), chart(f"Claim {n}", "en")]
    assert len(pages(new_notebook(cells=cells))[1]) == 9
    with pytest.raises(ValueError, match="marks 9 slides, a deck holds 8: give some of their cells"):
        pages(new_notebook(cells=[*cells, finding("Claim 9", "Text.", "Reading."), table()]))


@pytest.mark.parametrize("times", [1, 3, 5])
@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_on_a_slide_overlaps_and_letters_are_readable(language, times):
    notebook = report(language, headline=" ".join([SAID[language]] * times))
    for cell in notebook.cells[1:]:
        if told := cell.outputs[0]["data"].get(FINDING):
            told["reading"] = " ".join([SAID[language]] * times)
    _, deck = pages(notebook)
    for page in deck[1:]:
        title, unit, place, reading = page.title.box, page.unit.box, page.place, page.reading.box
        assert page.title.size >= 26 and page.unit.size >= 14
        assert page.reading.size >= READABLE or times > 3
        assert title.bottom < unit.top and unit.bottom < place.top
        assert reading.top > place.bottom or reading.left > place.left + place.width
        for box in (title, place, reading):
            assert box.left >= MARGIN and box.left + box.width <= WIDE - MARGIN + 0.01
            assert box.bottom <= BOTTOM + 0.01
        if not isinstance(page.figure, Grid):
            high = float(re.search(r'height="(\d+)pt', page.figure.plot)[1])
            assert place.height / place.width == pytest.approx(high / 576)


@pytest.mark.parametrize("words", [3, 10])
def test_a_unit_has_the_room_that_was_measured_for_it_above_a_chart_narrower_than_the_slide(words):
    about, zone = " ".join(["unit"] * words * 2), Box(MARGIN, 2, WIDE - 2 * MARGIN, 4)
    unit, chart, _ = _below(zone, 0.5, about, ["Reading."], READABLE)
    assert chart.width < zone.width
    assert lines(about, unit.size, unit.box.width) * LEADING * unit.size / 72 <= unit.box.height + 0.001
    assert unit.box.bottom <= chart.top
    assert (unit.box.left == chart.left) == (words == 3)


def test_text_is_measured_as_wide_as_dejavu_sans_draws_it():
    assert lines("а" * 10, 72, 6.4) == 1 and lines("а" * 10, 72, 6.0) > 90  # ten letters of 0.61 em
    assert lines("one two three", 10, 0.7) == 2 and lines("", 10, 1) == 1


def test_a_paragraph_ends_with_a_sentence_and_not_with_an_abbreviation():
    assert sentences("Import dropped. Project B (Navoi). Then 1.5 more") == [
        "Import dropped.", "Project B (Navoi).", "Then 1.5 more",
    ]  # fmt: skip
    assert sentences("До 2026 г. Проект А и 5 млн долл. США") == ["До 2026 г. Проект А и 5 млн долл. США"]


@pytest.mark.browser
@pytest.mark.parametrize("language", LANGUAGES)
def test_keys_turn_the_slides_with_the_net_off_and_s_opens_the_notes(browser, tmp_path, language):
    file, wrong = tmp_path / "slides.html", []
    file.write_text(to_slides(report(language), language=language), encoding="utf-8")
    with browser.new_context(viewport={"width": 1280, "height": 720}) as context:
        context.set_offline(True)
        tab = context.new_page()
        context.on("requestfailed", lambda request: wrong.append(request.url))
        context.on("console", lambda said: wrong.append(said.text) if said.type in ("error", "warning") else None)
        tab.on("pageerror", lambda error: wrong.append(str(error)))
        tab.goto(file.as_uri())
        assert tab.locator("section.present h1").is_visible()
        tab.keyboard.press("ArrowRight")
        assert tab.locator("section.present h2").inner_text() == SAID[language][:60]
        assert tab.locator("section.present img").evaluate("image => image.naturalWidth") > 0
        tab.wait_for_url("**#/1")  # written a moment later
        assert tab.locator(".slide-number").inner_text() == "2 / 6"
        spilt = "all => all.filter(e => e.scrollHeight > e.clientHeight + 6 || e.scrollWidth > e.clientWidth).length"
        for _ in range(5):
            assert tab.locator("section.present").locator("h2, .unit, .reading, .source").evaluate_all(spilt) == 0
            tab.keyboard.press("ArrowRight")
        with tab.expect_popup() as opened:
            tab.keyboard.press("s")
        opened.value.locator(".speaker-controls-notes .value", has_text="Ranks moved.").wait_for()
        for preview in ("current", "upcoming"):
            opened.value.frame_locator(f"#{preview}-slide iframe").locator("section.present h2").wait_for()
        words = language_words(language).get("presenter", {"Upcoming": "Upcoming"})
        said = opened.value.locator("body").inner_text()
        assert words["Upcoming"].lower() in said.lower()
        assert [word for text, word in words.items() if text != word and text in said] == [], "in the reader's language"
    assert wrong == []


def test_everything_that_the_presenters_page_says_is_translated():
    page = (files("sphinx_revealjs") / "_static" / "revealjs" / "plugin" / "notes" / "notes.js").read_text("utf-8")
    for language in LANGUAGES:
        assert [text for text in language_words(language).get("presenter", {}) if text not in page] == []
    assert to_slides(report("en"), language="en").count(">Upcoming<") == 1
    assert ">Upcoming<" not in to_slides(report("ru"), language="ru")


@pytest.mark.browser
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_printed_deck_has_a_whole_slide_on_each_page(offline, tmp_path, language):
    file = tmp_path / "slides.html"
    file.write_text(to_slides(report(language), language=language), encoding="utf-8")
    tab = offline(file.as_uri(), 1280)
    tab.emulate_media(media="print")
    printed = tab.locator(".slides > section").evaluate_all(PLACED)
    assert len(printed) == 6 and all(size == [1280, 720] and parts and all(parts) for size, parts in printed)
    sheets = PdfReader(io.BytesIO(tab.pdf(prefer_css_page_size=True))).pages
    assert len(sheets) == len(printed) and {(*sheet.mediabox[2:],) for sheet in sheets} == {(960, 540)}
    assert tab.faults == []


def test_a_table_of_long_cells_shows_as_many_rows_as_fit():
    cells = [f"{SAID['ru']} {n}" for n in range(8)]
    told = {"caption": "Measures", "columns": ["Measure", "Project", "Owner"], "numeric": [False] * 3}
    listing = shown(TABLE, told | {"rows": [[cell] * 3 for cell in cells]}, slide="fragment")
    notebook = new_notebook(cells=[cover("ru"), finding("No measure is overdue", "…", SAID["ru"]), listing])
    page = pages(notebook)[1][1]
    shown_rows = len(page.figure.table.rows)
    assert 1 <= shown_rows < 8 and page.unit.paragraphs == [f"Measures · 1–{shown_rows} / 8"]
    assert page.place.bottom <= page.reading.box.top and page.reading.box.bottom <= BOTTOM
    assert len(page.tables[0].rows) == 8, "the notes hold all of them"
