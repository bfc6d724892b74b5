"""What an executed report shows, in order: cover, findings, pictures, tables; and what of it makes a deck."""

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from importcut.telling.finding import COVER, FINDING, TABLE, Cover, Finding

PLOT = "application/vnd.importcut.plot+json"
SVG = "image/svg+xml"
AUTHOR = "author"  # tag of cells that are for whoever edits the notebook


@dataclass(frozen=True)
class Picture:
    """A chart: whole (svg), and bare (plot, "" for none) with its title, unit and note beside it."""

    name: str
    alt: str
    svg: str
    plot: str = ""
    title: str = ""
    unit: str = ""
    note: str = ""


@dataclass(frozen=True)
class Table:
    """A table as it is read; `numeric` says which columns hold numbers."""

    caption: str
    columns: list[str]
    rows: list[list[str]]
    numeric: list[bool]


@dataclass
class Slide:
    """One claim, one chart or table, one reading; what lies behind it goes into the notes."""

    finding: Finding
    pictures: list[Picture] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)


def blocks(notebook: dict) -> Iterator[Cover | Finding | Picture | Table]:
    """What the notebook shows, in order; cells of its author left out."""
    for _, _, block in _shown(notebook):
        yield block


def cover(notebook: dict) -> Cover | None:
    """The cover that the notebook displayed; nothing if it did not."""
    return next((block for block in blocks(notebook) if isinstance(block, Cover)), None)


def slides(notebook: dict) -> list[Slide]:
    """The deck: the first finding of a cell of slide type `slide` begins one, a `fragment` goes on with it.

    A finding without picture and table stays in the report.
    """
    deck, begun = [], None
    for cell, kind, block in _shown(notebook):
        if kind == "slide" and isinstance(block, Finding):
            if cell is not begun:
                deck.append(Slide(block))
            begun = cell
        elif deck and kind in ("slide", "fragment"):
            if isinstance(block, Picture) and block.plot:
                deck[-1].pictures.append(block)
            elif isinstance(block, Table):
                deck[-1].tables.append(block)
    return [slide for slide in deck if slide.pictures or slide.tables]


def source(notebook: dict) -> str:
    """The source line of the pictures, as one of them has it; "" without pictures."""
    return next((block.note for block in blocks(notebook) if isinstance(block, Picture) and block.note), "")


def plain_svg(svg: str) -> str:
    """The drawing without the program's note about itself and without the address of a document type."""
    return re.sub(r"<metadata>.*?</metadata>\s*|<!DOCTYPE[^>]*>\s*", "", svg, flags=re.DOTALL)


def data_uri(content: bytes, kind: str = SVG) -> str:
    """An address that holds the content itself, so that a page needs nothing outside."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def bundles(notebook: dict) -> Iterator[tuple[dict, dict, dict]]:
    """Each cell's outputs that show data, with the data by mimetype, in order; those of the author left out."""
    for cell in notebook["cells"]:
        if AUTHOR not in cell["metadata"].get("tags", ()):
            for output in cell.get("outputs", ()):
                if "data" in output:
                    yield cell, output, {kind: _text(data) for kind, data in output["data"].items()}


def _shown(notebook: dict) -> Iterator[tuple[dict, str, Cover | Finding | Picture | Table]]:
    for cell, output, data in bundles(notebook):
        kind = cell["metadata"].get("slideshow", {}).get("slide_type", "skip")
        if COVER in data:
            yield cell, kind, Cover(**data[COVER])
        elif FINDING in data:
            about = data[FINDING]
            yield cell, kind, Finding(about["title"], about["text"], lead=about["reading"])
        elif TABLE in data and data[TABLE]["rows"]:
            yield cell, kind, Table(**data[TABLE])
        elif SVG in data:
            about, bare = output["metadata"].get(SVG, {}), dict(data.get(PLOT, {}))
            plot = plain_svg(bare.pop("svg", ""))
            told = {"name": about.get("name", "figure"), "alt": about.get("alt", "")} | bare
            yield cell, kind, Picture(svg=plain_svg(data[SVG]), plot=plot, **told)


def _text(data):
    """Data of an output; a file holds texts as lists of lines."""
    return "".join(data) if isinstance(data, list) and all(isinstance(line, str) for line in data) else data
