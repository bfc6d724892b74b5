"""The report as a document: PDF to print, DOCX to edit, both laid out from one outline of plain text."""

import html
import io
import json
import os
import re
import subprocess
import tempfile
import tomllib
import zipfile
from importlib.util import find_spec
from pathlib import Path

from importcut.schema import LIBRARY
from importcut.telling.export.content import Picture, Table, blocks, cover
from importcut.telling.export.png import to_png
from importcut.telling.finding import COVER, Finding

TEMPLATES = LIBRARY / "templates" / "document"
PARTS = {  # of the Word document that carries page, header, footer and styles
    "[Content_Types].xml": "types.xml",
    "_rels/.rels": "package.rels.xml",
    "word/document.xml": "document.xml",
    "word/_rels/document.xml.rels": "document.rels.xml",
    "word/styles.xml": "styles.xml",
    "word/header1.xml": "header.xml",
    "word/footer1.xml": "footer.xml",
}
STAMP = "946684800"  # 1 January 2000: the same report is the same file
TEXT_WIDTH = 498  # points, of an A4 page with margins of 17 mm
CELL_MARGINS = 6  # points
LETTER = 0.64  # width of a letter in DejaVu Sans, in font sizes
BOLD = 1.1  # times as wide
SIZES = (7.5, 7, 6.5, 6, 5.5, 5, 4.5)  # points; Word's styles "Cell 7.5" and so on stand in styles.xml
WIDEST = 40  # letters of a cell, beyond which it takes a second line rather than room from others
UNBROKEN = 24  # letters of a word, beyond which it may be broken anywhere


def to_pdf(notebook: dict, *, language: str) -> bytes:
    """The report as PDF: A4, tagged, findings first, then the annexes.

    Parameters
    ----------
    notebook : executed notebook; code and cells tagged `author` are left out.
    language : en, ru, uz-Cyrl or uz-Latn; KeyError for another.

    Raises ValueError if the notebook shows no cover.
    """
    import typst

    return typst.compile(
        TEMPLATES / "report.typ",
        format="pdf",
        font_paths=[Path(find_spec("matplotlib").origin).parent / "mpl-data" / "fonts" / "ttf"],  # DejaVu Sans
        ignore_system_fonts=True,
        sys_inputs={"report": json.dumps(_outline(notebook, language))},
        pdf_standards=["ua-1"],
    )


def to_docx(notebook: dict, *, language: str) -> bytes:
    """The report as a Word document: A4, in the order of the PDF, pictures as PNG; arguments as of `to_pdf`."""
    import pypandoc

    report = _outline(notebook, language)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "reference.docx").write_bytes(_reference(report))
        for part in (part for section in report["sections"] for part in section if part["kind"] == "picture"):
            (Path(folder) / part["file"]).write_bytes(to_png(part["svg"]))
        made = subprocess.run(
            [pypandoc.get_pandoc_path(), "-f", "html", "-t", "docx", "-o", "-", "--reference-doc=reference.docx"],
            input=_page(report).encode(),
            env={**os.environ, "SOURCE_DATE_EPOCH": STAMP},
            cwd=folder,
            stdout=subprocess.PIPE,
            check=True,
        )
    return made.stdout


def _outline(notebook: dict, language: str) -> dict:
    """The document as data: title page, then sections of headings, texts, pictures and tables.

    What the notebook shows as slides comes first, its other findings in the first annex, all tables in the second.
    """
    words = tomllib.loads((TEMPLATES / "words.toml").read_text(encoding="utf-8"))[language]
    found, pictures, first, further, tables = cover(notebook), 0, [], [], []
    if found is None:
        raise ValueError(f"the notebook shows no cover — let a cell display one as {COVER}")
    for cell in notebook["cells"]:
        told = cell["metadata"].get("slideshow", {}).get("slide_type", "skip") != "skip"
        sections = first if told else further
        for block in blocks({"cells": [cell]}):
            match block:
                case Finding(title=title, text=text):
                    heading = {"kind": "heading", "level": 1 if told else 2, "text": title}
                    sections.append([heading, *({"kind": "text", "text": text} for text in _paragraphs(text))])
                case Picture():
                    if not sections:
                        sections.append([])
                    pictures += 1
                    sections[-1].append(_picture(block, sections[-1]) | {"file": f"{pictures}.png"})
                case Table():
                    tables.append([_table(block)])
    for title, annex in (("further", further), ("tables", tables)):
        if annex:
            annex[0] = [{"kind": "heading", "level": 1, "text": words[title]}, *annex[0]]
    return vars(found) | words | {"sections": [*first, *further, *tables]}


def _paragraphs(text: str) -> list[str]:
    return [" ".join(paragraph.split("\n")) for paragraph in re.split(r"\n\s*\n", text) if paragraph.strip()]


def _picture(picture: Picture, section: list[dict]) -> dict:
    """The bare chart with title, unit and note as text; a title that its finding has just said is left out."""
    bare = bool(picture.plot)
    said = picture.title in (part.get("text") for part in section)
    title, unit, note = (picture.title * (not said), picture.unit, picture.note) if bare else ("", "", "")
    svg = picture.plot or picture.svg
    return {"kind": "picture", "svg": svg, "alt": picture.alt, "title": title, "unit": unit, "note": note}


def _table(table: Table) -> dict:
    """The table with shares of the width for its columns and the largest size of letters at which it fits."""
    columns = list(zip(table.columns, *table.rows, strict=True))
    words = [max(_longest_word(head) * BOLD, *map(_longest_word, cells), 1) for head, *cells in columns]
    whole = [min(max(len(head) / 2, *map(len, cells), 1), WIDEST) for head, *cells in columns]
    room = TEXT_WIDTH - CELL_MARGINS * len(columns)
    size = next((size for size in SIZES if sum(words) * size * LETTER <= room), SIZES[-1])
    spare = max(room / (size * LETTER) - sum(words), 0)
    wanted = [max(much - least, 0) for much, least in zip(whole, words, strict=True)]
    grown = min(1, spare / (sum(wanted) or 1))
    letters = [least + more * grown + CELL_MARGINS / (size * LETTER) for least, more in zip(words, wanted, strict=True)]
    shares = [round(share / sum(letters), 4) for share in letters]
    about = {"columns": table.columns, "rows": table.rows, "numeric": table.numeric, "widths": shares, "size": size}
    return {"kind": "table", "caption": table.caption} | about


def _longest_word(text: str) -> int:
    return max(min(len(word), UNBROKEN) for word in text.split(" "))


def _reference(report: dict) -> bytes:
    """A Word document without text: page, header with subtitle and mark, footer, styles in the report's language."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as parts:
        for name, template in PARTS.items():
            part = (TEMPLATES / template).read_text(encoding="utf-8")
            for word in ("subtitle", "mark", "word"):
                part = part.replace(f"{{{word}}}", html.escape(report[word]))
            parts.writestr(zipfile.ZipInfo(name), part)
    return file.getvalue()


def _page(report: dict) -> str:
    """The document as pandoc reads it."""
    from jinja2 import Environment, FileSystemLoader

    headings = [part for section in report["sections"] for part in section if part["kind"] == "heading"]
    for number, heading in enumerate(headings):
        heading["id"] = f"finding-{number}"
    environment = Environment(autoescape=True, trim_blocks=True, loader=FileSystemLoader(TEMPLATES))
    return environment.get_template("report.html.j2").render(report=report, headings=headings)
