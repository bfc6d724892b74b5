"""The report as a document: PDF to print, DOCX to edit, both laid out from one outline of plain text."""

import json
import os
import re
import subprocess
import tempfile
from pathlib import Path

from importcut.letters import as_html
from importcut.telling.drawing import Picture, to_png
from importcut.telling.export.content import FONTS, TEMPLATES, Table, blocks, cover, language_words, render, repacked
from importcut.telling.finding import COVER, Finding

FOLDER = TEMPLATES / "document"
STAMP = "946684800"  # 1 January 2000: the same report is the same file
TEXT_WIDTH = 498  # points, of an A4 page with margins of 17 mm
CELL_MARGINS = 6  # points
LETTER = 0.64  # width of a letter in DejaVu Sans, in font sizes
BOLD = 1.1  # times as wide
SIZES = (7.5, 7, 6.5, 6, 5.5, 5, 4.5)  # points; Word's styles "Cell 7.5" and so on stand in styles.xml
ROWS_ALIKE = 3  # from which on a column of one value becomes a note
WIDEST = 70  # letters of a cell, beyond which it takes a second line rather than room from others
UNBROKEN = 24  # letters of a word, beyond which it may be broken anywhere


def to_pdf(notebook: dict, *, language: str) -> bytes:
    """The report as PDF: A4, tagged, findings first, then the annexes; ValueError if the notebook shows no cover."""
    import typst

    report = {"report": json.dumps(_outline(notebook, language))}
    fonts = {"font_paths": [FONTS], "ignore_system_fonts": True}
    return typst.compile(FOLDER / "report.typ", format="pdf", sys_inputs=report, pdf_standards=["ua-1"], **fonts)


def to_docx(notebook: dict, *, language: str) -> bytes:
    """The report as a Word document: A4, in the order of the PDF, pictures as PNG; arguments as of `to_pdf`."""
    import pypandoc

    report = _outline(notebook, language)
    words = {word: as_html(report[word]) for word in ("subtitle", "mark", "word")}
    parts = [part for section in report["sections"] for part in section]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "reference.docx").write_bytes(repacked((FOLDER / "reference.docx").read_bytes(), words))
        for picture in (part for part in parts if part["kind"] == "picture"):
            (Path(folder) / picture["file"]).write_bytes(to_png(picture["svg"]))
        word = subprocess.run(
            [pypandoc.get_pandoc_path(), "-f", "html", "-t", "docx", "-o", "-", "--reference-doc=reference.docx"],
            input=render("document/report.html.j2", report=report).encode(),
            env={**os.environ, "SOURCE_DATE_EPOCH": STAMP},
            cwd=folder,
            stdout=subprocess.PIPE,
            check=True,
        )
    return word.stdout


def _outline(notebook: dict, language: str) -> dict:
    """As data: title page, what the notebook shows as slides, an annex of other findings, an annex of all tables."""
    words = language_words(language)
    first, further, tables, front, number = [], [], [], cover(notebook), 0
    if front is None:
        raise ValueError(f"the notebook shows no cover — let a cell display one as {COVER}")
    for _, slide, block in blocks(notebook):
        sections, level = (further, 2) if slide == "skip" else (first, 1)
        match block:
            case Finding(title=title, text=text, lead=lead):
                if level == 1 and lead:  # the body says what matters, the annex the rest
                    text = lead
                    if rest := _after(lead, block.text):
                        further.append(_section(title, rest, 2))
                if text != front.headline:  # which stands above
                    sections.append(_section(title, text, level))
            case Picture():
                if not sections:
                    sections.append([])
                number, notes = number + 1, {part.get("note") for section in (*first, *further) for part in section}
                note = "" if block.note in notes else block.note  # a source that all charts share is told once
                sections[-1].append(_picture(block, sections[-1]) | {"file": f"{number}.png", "note": note})
            case Table(page=False):
                tables.append([_table(block)])
    for title, annex in (("further", further), ("tables", tables)):
        if annex:
            annex[0] = [{"kind": "heading", "level": 1, "text": words[title]}, *annex[0]]
    return vars(front) | words | {"sections": [*first, *further, *tables]}


def _section(title: str, text: str, level: int) -> list[dict]:
    """A finding as a heading and the paragraphs of its text."""
    heading = {"kind": "heading", "level": level, "text": title}
    return [heading, *({"kind": "text", "text": paragraph} for paragraph in _paragraphs(text))]


def _after(lead: str, text: str) -> str:
    """What the text says after its lead, whose sentences may stand in several paragraphs there."""
    return re.sub(r"\s+".join(map(re.escape, lead.split())), "", text, count=1).strip()


def _paragraphs(text: str) -> list[str]:
    return [" ".join(paragraph.split("\n")) for paragraph in re.split(r"\n\s*\n", text) if paragraph.strip()]


def _picture(picture: Picture, section: list[dict]) -> dict:
    """The bare chart with title, unit and note as text; a title that its finding has just told is left out."""
    title = "" if picture.title in (part.get("text") for part in section) else picture.title
    words = {"title": title, "unit": picture.unit, "note": picture.note, "alt": picture.alt}
    return {"kind": "picture", "svg": picture.plot or picture.svg, **words}


def _table(table: Table) -> dict:
    """The table with shares of the width for its columns and the largest size of letters at which it fits.

    A column that says the same in every row is said once, in the note.
    """
    columns = list(zip(table.columns, *table.rows, strict=True))
    alike = [len(cells) >= ROWS_ALIKE and len({*cells}) == 1 for _, *cells in columns]
    note = "; ".join(f"{head}: {cells[0]}" for (head, *cells), same in zip(columns, alike, strict=True) if same)
    columns = [column for column, same in zip(columns, alike, strict=True) if not same]
    numeric = [number for number, same in zip(table.numeric, alike, strict=True) if not same]
    heads, *rows = map(list, zip(*columns, strict=True))
    words = [max(_longest_word(head) * BOLD, *map(_longest_word, cells), 1) for head, *cells in columns]
    whole = [min(max(len(head) / 2, *map(len, cells), 1), WIDEST) for head, *cells in columns]
    room = TEXT_WIDTH - CELL_MARGINS * len(columns)
    size = next((size for size in SIZES if sum(words) * size * LETTER <= room), SIZES[-1])
    spare = max(room / (size * LETTER) - sum(words), 0)
    wanted = [max(much - least, 0) for much, least in zip(whole, words, strict=True)]
    grown = min(1, spare / (sum(wanted) or 1))
    letters = [least + more * grown + CELL_MARGINS / (size * LETTER) for least, more in zip(words, wanted, strict=True)]
    shares = [round(share / sum(letters), 4) for share in letters]
    cells = {"columns": heads, "rows": rows, "numeric": numeric, "caption": table.caption, "note": note}
    return {"kind": "table", "widths": shares, "size": size, **cells}


def _longest_word(text: str) -> int:
    return max(min(len(word), UNBROKEN) for word in text.split(" "))
