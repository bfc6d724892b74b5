"""The deck for PowerPoint, read back: everything in every script, native titles and tables, same bytes twice."""

import io
import re
import shutil
import subprocess
import zipfile

import pytest
from nbformat.v4 import new_notebook
from openpyxl import load_workbook
from pptx import Presentation
from pptx.dml.color import RGBColor
from pptx.enum.text import PP_ALIGN
from pypdf import PdfReader

from economy import office_templates
from importcut.telling.drawing import PLOT
from importcut.telling.export.content import TEMPLATES
from importcut.telling.export.powerpoint import to_pptx
from test_slides import LANGUAGES, MARKS, SAID, chart, cover, finding, report

CODES = {"en": "en-US", "ru": "ru-RU", "uz-Cyrl": "uz-Cyrl-UZ", "uz-Latn": "uz-Latn-UZ"}


@pytest.fixture(scope="module", params=LANGUAGES)
def made(request):
    """The file of a report in each language, with the language."""
    return to_pptx(report(request.param), language=request.param), request.param


@pytest.fixture
def deck(made):
    """The deck read back, with its language."""
    return Presentation(io.BytesIO(made[0])), made[1]


def texts(slide):
    """The paragraphs of a slide's shapes, a text a shape."""
    return [" ".join(p.text for p in shape.text_frame.paragraphs) for shape in slide.shapes if shape.has_text_frame]


def test_a_slide_has_its_claim_as_title_and_the_reading_as_text(deck):
    file, language = deck
    titles = [slide.shapes.title.text for slide in file.slides]
    assert titles == [
        "Imports & <cuts>", SAID[language][:60], "<script>alert(1)</script>", "Twice", "Twice (2)", "What changed",
    ]  # fmt: skip
    for slide in file.slides:
        said = texts(slide)
        assert SAID[language] in said and MARKS[language] in said
        assert min(run.font.size.pt for run in slide.shapes.title.text_frame.paragraphs[0].runs) >= 26
    for slide in list(file.slides)[1:5]:
        assert f"million US dollars, {language}" in texts(slide) and f"Source: {language}." in texts(slide)
        reading = slide.placeholders[2].text_frame
        assert " ".join(p.text for p in reading.paragraphs) == SAID[language]
        assert all(run.font.size.pt >= 18 for p in reading.paragraphs for run in p.runs)
    assert f"Chemicals · {language}" in texts(file.slides[0])


def test_slides_are_numbered_and_wide(deck):
    file, _ = deck
    assert file.slide_width / file.slide_height == pytest.approx(16 / 9, rel=1e-3)
    for number, slide in enumerate(file.slides, start=1):
        assert str(number) in texts(slide)
        assert slide._element.xpath(".//a:fld[@type='slidenum']")
        names = slide._element.xpath(".//p:cNvPr/@id")
        assert len(names) == len(set(names))


def test_a_chart_has_a_description_and_its_own_proportions(deck):
    for slide, high in zip(list(deck[0].slides)[1:5], (110, 360, 560, 200), strict=True):
        (picture,) = (shape for shape in slide.placeholders if shape.placeholder_format.idx == 1)
        assert picture._element.nvPicPr.cNvPr.get("descr").startswith("a bar, ")
        assert picture.height / picture.width == pytest.approx(high / 576, rel=1e-3)
        assert picture.crop_left == picture.crop_right == picture.crop_top == picture.crop_bottom == 0
        assert picture.image.content_type == "image/png"


@pytest.mark.parametrize("language", LANGUAGES)
def test_bars_are_a_chart_that_can_be_edited_with_its_figures_in_the_notes(language):
    net = {"name": "net <b>", "colour": ["#0072B2", "#8AA0AD"], "usd": [1.42e6, -0.5e6], "texts": ["1,42", "−0,50"]}
    gross = {"name": SAID[language][:20], "colour": "#DDDDDD", "usd": [2.26e6, None], "texts": ["2,26", ""]}
    picture = chart("Bars", language)
    ends = {"low_usd": [1.3e6, -0.6e6], "high_usd": [1.53e6, -0.5e6]}
    picture.outputs[0]["data"][PLOT]["bars"] = {"rows": ["Шўртан & <i>", "Two"], "series": [net | ends, gross]}
    notebook = new_notebook(cells=[cover(language), finding("Claim", "In full.", "In short."), picture])
    data = to_pptx(notebook, language=language)
    assert to_pptx(notebook, language=language) == data, "the workbook behind the chart has no hour"
    slide = Presentation(io.BytesIO(data)).slides[1]
    (frame,) = (shape for shape in slide.shapes if shape.has_chart)
    drawn = frame.chart.plots[0]
    assert [*drawn.categories] == ["Шўртан & <i>", "Two"]
    assert {s.name: s.values for s in drawn.series} == {"net <b>": (1.42, -0.5), gross["name"]: (2.26, None)}
    lines = drawn.series[0]._element.xpath("c:errBars//c:v")
    assert [float(each.text) for each in lines] == pytest.approx([0.11, 0, 0.12, 0.1])
    assert drawn.series[0].points[0].format.fill.fore_color.rgb == RGBColor.from_string("0072B2")
    assert frame._element.nvGraphicFramePr.cNvPr.get("descr") == "a bar, Bars"
    assert "\tnet <b>" in slide.notes_slide.notes_text_frame.text
    assert "Шўртан & <i>\t1,42\t2,26\nTwo\t−0,50\t" in slide.notes_slide.notes_text_frame.text
    assert "In short." in texts(slide) and not any("picture" in shape.name.lower() for shape in slide.placeholders)
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        behind = load_workbook(io.BytesIO(parts.read("ppt/embeddings/Microsoft_Excel_Sheet1.xlsx"))).active
    assert list(behind.iter_rows(min_row=2, values_only=True)) == [
        ("Шўртан & <i>", 1.42, 2.26), ("Two", -0.5, None),
    ]  # fmt: skip


def test_a_table_is_native_with_eight_rows_and_numbers_on_the_right(deck):
    slide = deck[0].slides[5]
    (frame,) = (shape for shape in slide.shapes if shape.has_table)
    rows = [[cell.text for cell in row.cells] for row in frame.table.rows]
    assert rows[0] == ["Project", "Before", "Now"] and len(rows) == 9
    assert rows[8] == ["лойиҳа 8 <b>", "0,0", "8\u00a0000,5"]
    sides = [cell.text_frame.paragraphs[0].alignment for cell in frame.table.rows[1].cells]
    assert sides == [None, PP_ALIGN.RIGHT, PP_ALIGN.RIGHT]
    assert frame._element.nvGraphicFramePr.cNvPr.get("descr") == "What changed, thousand US dollars"
    assert "What changed, thousand US dollars · 1–8 / 12" in texts(slide)


def test_notes_hold_the_whole_text_and_tables_with_tabs_between_cells(deck):
    file, language = deck
    notes = [slide.notes_slide.notes_text_frame.text for slide in file.slides]
    assert notes[0] == SAID[language]
    assert f"{SAID[language]}\nGrade: <i>measured</i> {SAID[language][:60]}." in notes[1]
    assert "Project\tBefore\tNow\n" in notes[5] and notes[5].endswith("лойиҳа 12 <b>\t0,0\t12\u00a0000,5")


def test_every_text_says_its_language_and_the_file_its_title(deck):
    file, language = deck
    for slide in file.slides:
        for part in (slide, slide.notes_slide):
            runs = part._element.xpath(".//a:r")
            assert runs and {run.rPr.get("lang") for run in runs} == {CODES[language]}
    told = file.core_properties
    assert (told.title, told.language) == ("Imports & <cuts>", CODES[language])
    assert told.created == told.modified and told.created.year == 2000


def test_no_text_stands_in_another_or_outside_the_slide(deck):
    file, _ = deck
    for slide in file.slides:
        boxes = [s for s in slide.shapes if (s.has_text_frame and s.text_frame.text) or not s.has_text_frame]
        for n, one in enumerate(boxes):
            assert one.left >= 0 and one.top >= 0
            assert one.left + one.width <= file.slide_width and one.top + one.height <= file.slide_height
            for other in boxes[n + 1 :]:
                aside = one.left + one.width <= other.left or other.left + other.width <= one.left
                assert aside or one.top + one.height <= other.top or other.top + other.height <= one.top


def test_the_same_notebook_gives_the_same_bytes_and_few(made):
    data, language = made
    assert to_pptx(report(language), language=language) == data
    assert len(data) < 5_000_000
    assert {part.date_time for part in zipfile.ZipFile(io.BytesIO(data)).infolist()} == {(2000, 1, 1, 0, 0, 0)}


def test_a_file_points_to_nothing_outside_itself(made):
    parts = zipfile.ZipFile(io.BytesIO(made[0]))
    links = [parts.read(name).decode() for name in parts.namelist() if name.endswith(".rels")]
    assert not any("TargetMode" in link for link in links)
    assert not [name for name in parts.namelist() if re.search("thumbnail|printerSettings", name)]


@pytest.mark.ci
@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_libreoffice_opens_every_slide(tmp_path):
    decks = [tmp_path / f"{language}.pptx" for language in LANGUAGES]
    for deck in decks:
        deck.write_bytes(to_pptx(report(deck.stem), language=deck.stem))
    home = f"-env:UserInstallation={(tmp_path / 'home').as_uri()}"
    call = ["soffice", home, "--headless", "--convert-to", "pdf", "--outdir", tmp_path, *decks]
    subprocess.run(call, check=True, capture_output=True, timeout=240)
    assert [len(PdfReader(deck.with_suffix(".pdf")).pages) for deck in decks] == [6] * len(LANGUAGES)


def test_the_carried_deck_without_slides_is_the_one_that_is_made_for_it():
    def layouts(deck):
        file = Presentation(io.BytesIO(deck))
        places = [
            (s.name, s.left, s.top, s.width, s.height) for layout in file.slide_layouts for s in layout.placeholders
        ]
        return len(file.slides), file.slide_width, [layout.name for layout in file.slide_layouts], places

    carried = layouts((TEMPLATES / "slides" / "template.pptx").read_bytes())
    assert carried == layouts(office_templates.presentation())
    assert carried[2] == ["Title Slide", "Title and Content", "Picture with Caption"]
