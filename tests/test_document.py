"""The report as PDF and as Word document: the same words in both, nothing lost, nothing read as markup."""

import io
import re
import zipfile
from xml.etree import ElementTree

import pandas as pd
import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_notebook, new_output

from economy import office_templates
from importcut.telling.drawing import Picture
from importcut.telling.export import document
from importcut.telling.finding import Cover, Finding
from importcut.telling.narrate import Listing

LANGUAGES = {"en": "en-US", "ru": "ru-RU", "uz-Cyrl": "uz-Cyrl-UZ", "uz-Latn": "uz-Latn-UZ"}
TEXTS = {  # mark, claim, text, caption, cell
    "en": ("Illustrative data", "A cut $4.1 million", "From $4.1 to $2.9.\n\nGrade: measured.", "Cuts", "Plant A"),
    "ru": ("Условные данные", "Завод сократил импорт", "На 4,1 млн долл.\n\nОценка: измерено.", "Ёмкости", "Объём"),
    "uz-Cyrl": ("Намунавий маълумотлар", "Ўзгариш ҳажми", "Қисқариш 4,1 млн.\n\nҒарб.", "Жадвал ҳақида", "Ўн ҳисса"),
    "uz-Latn": ("Namunaviy ma’lumotlar", "O‘zgarish hajmi", "Qisqarish 4,1 mln.\n\nG‘arb.", "Jadval haqida", "O‘n"),
}
BARE, WHOLE = (
    f'<svg xmlns="http://www.w3.org/2000/svg" width="576pt" height="{height}pt" viewBox="0 0 576 {height}">'
    f'<rect width="576" height="{height}" fill="#0072B2"/></svg>'
    for height in (250, 300)
)
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
ALT = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}docPr"
SIGNS = "aб1 #_*@<>\\$[]|\"'`~-=+/^{}&%.,:;!?()"


def shown(*values, slide="slide", tags=()):
    """A cell of a report that displayed these values."""
    outputs = []
    for value in values:
        bundle = value._repr_mimebundle_()
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        outputs.append(new_output("display_data", data=data, metadata=metadata))
    about = {"tags": list(tags), "slideshow": {"slide_type": slide}}
    return new_code_cell("secret = 1", outputs=outputs, metadata=about)


def finding(title, text):
    return Finding(title, text, pd.DataFrame(), None)


def report(mark, claim, text, caption, cell, *, rows=60, columns=3):
    """A report with one finding that is shown as a slide, one that is not, two pictures and a table."""
    names = [f"{caption} {n}" for n in range(columns - 1)]
    table = pd.DataFrame(
        {caption: [f"{cell} {n}" for n in range(rows)]}
        | {n: [f"1 234,{row % 9}" for row in range(rows)] for n in names}
    )
    chart = Picture(WHOLE, BARE, f"{claim}: chart", "million dollars", "Source: customs.", f"{claim}, drawn", "main")
    return new_notebook(
        cells=[
            shown(Cover(f"{claim}: title", "Dataset · Q3 2026", f"{claim}: headline", mark)),
            shown(finding("For the author", "only"), tags=["author"]),
            shown(finding(claim, text), chart),
            shown(
                finding(f"{claim}: further", text),
                Picture(WHOLE, "", "", "", "", "whole", ""),
                Listing(table, caption),
                slide="skip",
            ),
        ]
    )


def pages(pdf):
    return pypdf.PdfReader(io.BytesIO(pdf)).pages


def squeezed(text):
    """The text without spaces, line breaks and the hyphens at the ends of lines."""
    return re.sub(r"\s|\u200b", "", re.sub(r"[-\u00ad\u2010]\n", "", text))


def pdf_text(pdf):
    return squeezed("\n".join(page.extract_text() for page in pages(pdf)))


class Word:
    """A Word document as its file says."""

    def __init__(self, docx):
        self.parts = zipfile.ZipFile(io.BytesIO(docx))
        self.body = self.tree("word/document.xml")

    def tree(self, part):
        return ElementTree.fromstring(self.parts.read(part))

    def paragraphs(self, style=""):
        """The texts of the paragraphs, or of those in a style."""
        every = [(p.find(f"{W}pPr/{W}pStyle"), p) for p in self.body.iter(f"{W}p")]
        return [text(p) for given, p in every if not style or (given is not None and given.get(f"{W}val") == style)]


def text(element):
    return "".join(part.text or "" for part in element.iter(f"{W}t"))


@pytest.fixture(scope="module", params=LANGUAGES)
def made(request):
    """A report in one language with its PDF and its Word document."""
    notebook = report(*TEXTS[request.param], rows=120)
    pdf, docx = (make(notebook, language=request.param) for make in (document.to_pdf, document.to_docx))
    return request.param, notebook, pdf, Word(docx)


def test_both_hold_every_title_sentence_caption_and_cell(made):
    language, _, pdf, word = made
    mark, claim, told, caption, cell = TEXTS[language]
    said = [claim, f"{claim}: title", f"{claim}: headline", f"{claim}: chart", f"{claim}: further", caption, mark]
    said += ["Dataset · Q3 2026", "million dollars", "Source: customs.", "1 234,5", *told.split("\n\n")]
    said += [f"{cell} {n}" for n in range(60)]
    printed, written = pdf_text(pdf), word.paragraphs()
    assert [words for words in said if squeezed(words) not in printed] == []
    assert [words for words in said if words not in written] == []


def test_code_and_the_authors_cells_are_left_out(made):
    _, _, pdf, word = made
    for hidden in ("secret", "For the author"):
        assert squeezed(hidden) not in pdf_text(pdf)
        assert hidden not in " ".join(word.paragraphs())


def test_every_page_has_title_mark_and_number(made):
    language, _, pdf, word = made
    every = [page.extract_text() for page in pages(pdf)]
    assert len(every) > 2
    for number, page in enumerate(every, start=1):
        assert TEXTS[language][0] in page and "Dataset · Q3 2026" in page
        assert f"{number} / {len(every)}" in page
    header, footer = (word.tree(f"word/{part}1.xml") for part in ("header", "footer"))
    assert text(header) == "Dataset · Q3 2026" + TEXTS[language][0]
    assert [field.text.strip() for field in footer.iter(f"{W}instrText")] == ["PAGE", "NUMPAGES"]
    assert [part.tag for part in word.body.find(f".//{W}sectPr")][:2] == [f"{W}headerReference", f"{W}footerReference"]


def test_real_data_bear_no_mark():
    mark, *rest = TEXTS["en"]
    notebook = report("", *rest, rows=2)
    assert mark not in document.to_pdf(notebook, language="en").decode("latin-1")
    word = Word(document.to_docx(notebook, language="en"))
    assert text(word.tree("word/header1.xml")) == "Dataset · Q3 2026"
    assert word.paragraphs("Mark") == []


def test_headings_are_headings_and_slides_come_before_the_annexes(made):
    language, _, pdf, word = made
    _, claim, *_, caption, _ = TEXTS[language]
    first, second = word.paragraphs("Heading1"), word.paragraphs("Heading2")
    assert (first[0], len(first), second) == (claim, 3, [f"{claim}: further"])
    reader = pypdf.PdfReader(io.BytesIO(pdf))
    marks = [m if isinstance(m, list) else m.title for m in reader.outline]
    nested = [[m.title for m in part] for part in marks if isinstance(part, list)]
    assert [m for m in marks if isinstance(m, str)] == first
    assert nested == [second, [caption]]
    assert word.paragraphs("TOC1") == [], "a list that no program keeps is no table of contents"


def test_both_say_title_and_language(made):
    language, _, pdf, word = made
    reader = pypdf.PdfReader(io.BytesIO(pdf))
    title = f"{TEXTS[language][1]}: title"
    assert reader.metadata.title == title
    assert reader.root_object["/Lang"].startswith(language.partition("-")[0])
    assert reader.root_object["/MarkInfo"]["/Marked"]
    assert word.tree("docProps/core.xml").findtext("{http://purl.org/dc/elements/1.1/}title") == title
    assert {lang.get(f"{W}val") for lang in word.tree("word/styles.xml").iter(f"{W}lang")} == {LANGUAGES[language]}


def test_pictures_have_alternative_texts_and_the_width_of_the_text(made):
    language, _, pdf, word = made
    alts = [f"{TEXTS[language][1]}, drawn", "whole"]
    reader = pypdf.PdfReader(io.BytesIO(pdf))
    objects = [reader.get_object(n) for n in range(1, len(reader.xref[0]) + 1)]
    assert [o["/Alt"] for o in objects if isinstance(o, dict) and "/Alt" in o] == alts
    assert [picture.get("descr") for picture in word.body.iter(ALT)] == alts
    extents = [e for e in word.body.iter() if e.tag.endswith("}extent")]
    assert all(abs(int(extent.get("cx")) / 12700 - document.TEXT_WIDTH) < 2 for extent in extents)
    pictures = [word.parts.read(name) for name in word.parts.namelist() if name.startswith("word/media/")]
    assert [picture[:4] for picture in pictures] == [b"\x89PNG"] * 2
    assert not any(page.images for page in pages(pdf)), "drawn, not photographed"


def test_a_table_repeats_its_header_row_and_sets_numbers_to_the_right(made):
    language, _, pdf, word = made
    caption = TEXTS[language][3]
    holding = [page for page in (squeezed(page.extract_text()) for page in pages(pdf)) if "1234,5" in page]
    assert len(holding) > 1
    assert all(squeezed(f"{caption} 1") in page for page in holding)
    table = word.body.find(f".//{W}tbl")
    assert word.paragraphs("TableCaption") == [caption]
    assert [row.find(f"{W}trPr/{W}tblHeader") is not None for row in table.iter(f"{W}tr")] == [True] + [False] * 120
    sides = [side.get(f"{W}val") for side in table.iter(f"{W}jc")]
    assert sides == ["left", "right", "right"] * 121


def test_money_is_no_formula(made):
    word = made[3]
    assert not [e for e in word.body.iter() if "officeDocument/2006/math" in e.tag]


def test_the_same_report_is_the_same_file(made):
    language, notebook, pdf, word = made
    assert document.to_pdf(notebook, language=language) == pdf
    again = document.to_docx(notebook, language=language)
    assert again == word.parts.fp.getvalue()
    assert {part.date_time[0] for part in word.parts.infolist()} <= {1980, 2000}


def test_a_table_of_fourteen_columns_fits_the_page():
    notebook = report(*TEXTS["uz-Cyrl"], rows=3, columns=14)
    ends = []
    for page in pages(document.to_pdf(notebook, language="uz-Cyrl")):
        page.extract_text(visitor_text=lambda said, cm, tm, font, size: ends.append((said, cm, tm)) if said else None)
    places = [tm[4] * cm[0] + cm[4] for _, cm, tm in ends]
    assert max(places) < 595 - 48 and min(places) >= 0
    grid = [
        int(column.get(f"{W}w"))
        for column in Word(document.to_docx(notebook, language="uz-Cyrl")).body.iter(f"{W}gridCol")
    ]
    assert len(grid) == 14 and sum(grid) <= document.TEXT_WIDTH * 20


def test_a_column_that_says_the_same_in_every_row_is_a_note():
    rows = [["A", "1,5", "measured"], ["B", "2,5", "measured"], ["C", "2,5", "measured"]]
    laid = document._table(document.Table("Cuts", ["Plant", "Cut", "Grade"], rows, [False, True, False]))
    assert (laid["columns"], laid["numeric"], laid["note"]) == (["Plant", "Cut"], [False, True], "Grade: measured")
    assert laid["rows"] == [row[:2] for row in rows]
    two = document._table(document.Table("Cuts", ["Plant", "Cut", "Grade"], rows[:2], [False, True, False]))
    assert two["columns"] == ["Plant", "Cut", "Grade"] and two["note"] == ""


def test_the_body_says_what_may_stand_alone_and_the_annex_the_rest():
    told = Finding("A cut", "First.\n\nSecond. Third.", pd.DataFrame(), lead="First. Second.")
    notebook = new_notebook(cells=[shown(Cover("T", "S", "Headline", "")), shown(told)])
    body, annex = document._outline(notebook, "en")["sections"]
    assert [part["text"] for part in body] == ["A cut", "First. Second."]
    assert [part["text"] for part in annex] == ["Annex 1. Further findings", "A cut", "Third."]


def test_a_wider_table_has_smaller_letters_and_room_for_its_longest_words():
    def laid(columns):
        row = ["1 234 567,8"] * columns
        return document._table(document.Table("", [f"Column{n}" for n in range(columns)], [row], [True] * columns))

    sizes = [laid(columns)["size"] for columns in (2, 8, 10, 14)]
    assert sizes == sorted(sizes, reverse=True) and sizes[0] == 7.5 > sizes[-1]
    assert sum(laid(14)["widths"]) == pytest.approx(1, abs=0.001)


def test_a_notebook_without_cover_is_refused():
    for make in (document.to_pdf, document.to_docx):
        with pytest.raises(ValueError, match="shows no cover"):
            make(new_notebook(), language="en")


def test_a_language_without_words_of_its_own_for_documents_has_the_english_ones():
    made = document._outline(report(*TEXTS["en"]), "tg-Cyrl")
    english = document._outline(report(*TEXTS["en"]), "en")
    assert made == english | {"lang": "tg", "word": "tg-Cyrl"}
    for make in (document.to_pdf, document.to_docx):
        assert make(report(*TEXTS["en"]), language="tg-Cyrl")


words = st.text(SIGNS, min_size=1, max_size=30).map(lambda said: " ".join(said.split())).filter(bool)


@settings(max_examples=25, deadline=None)
@given(st.lists(words, min_size=6, max_size=6))
def test_every_sign_comes_out_as_it_is(said):
    title, claim, told, caption, head, cell = said
    notebook = new_notebook(
        cells=[
            shown(Cover(title, "S", "H", "")),
            shown(finding(claim, told), Listing(pd.DataFrame({head: [cell]}), caption)),
        ]
    )
    written = Word(document.to_docx(notebook, language="uz-Cyrl")).paragraphs()
    assert [words for words in said if words not in written] == []
    printed = "".join(pdf_text(document.to_pdf(notebook, language="uz-Cyrl")).split("-"))
    assert [words for words in said if squeezed(words).replace("-", "") not in printed] == []


def test_the_carried_word_document_is_the_one_that_is_made_from_its_parts():
    carried = (document.FOLDER / "reference.docx").read_bytes()
    assert contents(carried) == contents(office_templates.document())


def contents(office):
    """The parts of an Office file by name."""
    with zipfile.ZipFile(io.BytesIO(office)) as parts:
        return {name: parts.read(name) for name in parts.namelist()}
