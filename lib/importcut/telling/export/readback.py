"""Reads back what was handed out: all that can be read in a file, notes included."""

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree
from zipfile import ZipFile

OOXML = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def text_of(file: Path) -> str:
    """The text of a report or deck: .html, .pdf, .docx or .pptx."""
    return "\n".join({".html": _page, ".pdf": _pdf, ".docx": _document, ".pptx": _slides}[file.suffix](file))


def _page(file: Path) -> Iterator[str]:
    from bs4 import BeautifulSoup

    yield BeautifulSoup(file.read_text(encoding="utf-8"), "html.parser").get_text(" ")


def _pdf(file: Path) -> Iterator[str]:
    from pypdf import PdfReader

    yield from (page.extract_text() for page in PdfReader(file).pages)


def _document(file: Path) -> Iterator[str]:
    with ZipFile(file) as parts:
        tree = ElementTree.fromstring(parts.read("word/document.xml"))
    for paragraph in tree.iter(f"{OOXML}p"):
        yield "".join(node.text or "" for node in paragraph.iter(f"{OOXML}t"))


def _slides(file: Path) -> Iterator[str]:
    from pptx import Presentation

    for slide in Presentation(file).slides:
        for shape in slide.shapes:
            if shape.has_text_frame:
                yield shape.text_frame.text
            if shape.has_table:
                yield from (cell.text for row in shape.table.rows for cell in row.cells)
            if shape.has_chart:
                yield from (value.text or "" for value in shape.chart._chartSpace.xpath(".//c:v"))
        yield slide.notes_slide.notes_text_frame.text
