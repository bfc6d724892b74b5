"""What an executed report shows, in order: cover, findings, pictures, tables; and what of it makes a deck."""

import base64
import hashlib
import io
import re
import tomllib
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from importcut.schema import LIBRARY
from importcut.telling.drawing import PLOT, SVG, Picture, data_uri, plain_svg
from importcut.telling.finding import COVER, FINDING, TABLE, Cover, Finding

GIVEN_WITH = "importcut"  # of a notebook's metadata: languages and formats of its report
AUTHOR = "author"  # tag of cells that are for whoever edits the notebook
FONTS = Path(find_spec("matplotlib").origin).parent / "mpl-data" / "fonts" / "ttf"  # DejaVu Sans, of charts and text
TEMPLATES = LIBRARY / "templates"


@dataclass(frozen=True)
class Table:
    """A table as it is read; `numeric` says which columns hold numbers, `page` that prints leave it out."""

    caption: str
    columns: list[str]
    rows: list[list[str]]
    numeric: list[bool]
    page: bool = False


Block = Cover | Finding | Picture | Table


@dataclass
class Slide:
    """One claim, one chart or table, one reading; what lies behind it goes into the notes."""

    finding: Finding
    pictures: list[Picture] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)


def blocks(notebook: dict) -> Iterator[tuple[dict, str, Block]]:
    """Cell, slide type ("skip" for none) and what it shows, in order; cells of the notebook's author left out."""
    for cell in notebook["cells"]:
        if AUTHOR not in cell["metadata"].get("tags", ()):
            for output in cell.get("outputs", ()):
                for block in _block(output.get("data", {}), output.get("metadata", {})):
                    yield cell, cell["metadata"].get("slideshow", {}).get("slide_type", "skip"), block


def cover(notebook: dict) -> Cover | None:
    """The cover that the notebook displayed; nothing if it did not."""
    return next((block for *_, block in blocks(notebook) if isinstance(block, Cover)), None)


def sealed(notebook: dict, seal: str, *, languages: Sequence[str] = (), formats: Sequence[str] = ()) -> dict:
    """The notebook with the first digits of the report's seal on its cover, and what else the report is given out in.

    languages, formats : of the whole report; its page leads to them
    """
    outputs = (output for cell in notebook["cells"] for output in cell.get("outputs", ()))
    for about in (output["data"][COVER] for output in outputs if COVER in output.get("data", {})):
        about["subtitle"] = " · ".join(filter(None, [about.get("subtitle"), f"№ {seal[:8]}"]))
    notebook["metadata"][GIVEN_WITH] = {"languages": [*languages], "formats": [*formats]}
    return notebook


def pictures(notebook: dict) -> list[Picture]:
    """The charts that the notebook displayed, in order."""
    return [block for *_, block in blocks(notebook) if isinstance(block, Picture)]


def deck_slides(notebook: dict) -> list[Slide]:
    """The deck: a cell of type `slide` begins a slide with a finding, a `fragment` goes on; none shows text alone."""
    deck, begun = [], None
    for cell, kind, block in blocks(notebook):
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


@cache
def language_words(language: str) -> dict[str, str]:
    """What a document says of itself, in English if need be, and how Typst and Office call the language."""
    known = tomllib.loads((TEMPLATES / "document" / "words.toml").read_text(encoding="utf-8"))
    return known.get(language, {**known["en"], "lang": language.split("-")[0], "word": language})


def render(template: str, **values) -> str:
    """A template of the library, filled; texts are escaped."""
    return _templates().get_template(template).render(**values)


def digest_of(script: str) -> str:
    """By which a page knows its own script, and runs no other."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def repacked(office: bytes, words: dict[str, str] | None = None) -> bytes:
    """An Office file without the hour of its making; the texts of `words` stand where it has their names in braces."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(office)) as parts, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as steady:
        for name in parts.namelist():
            part = parts.read(name)
            if words:  # in one pass: a text may hold the name of another one in braces
                part = re.sub(rb"\{(\w+)\}", lambda name: words.get(name[1].decode(), name[0].decode()).encode(), part)
            if name.endswith(".xlsx"):  # the workbook behind a chart
                part = repacked(part)
            part = re.sub(rb"(?<=:W3CDTF\">)[^<]+", b"2000-01-01T00:00:00Z", part)
            steady.writestr(zipfile.ZipInfo(name, (2000, 1, 1, 0, 0, 0)), part, zipfile.ZIP_DEFLATED)
    return file.getvalue()


@cache
def _templates():
    from jinja2 import Environment, FileSystemLoader

    environment = Environment(autoescape=True, trim_blocks=True, loader=FileSystemLoader(TEMPLATES))
    environment.filters["dots"] = lambda inches: f"{inches * 96:.0f}px"
    environment.filters["uri"] = lambda svg: data_uri(svg.encode())
    return environment


def _block(data: dict, metadata: dict) -> Iterator[Block]:
    """What one output shows, if it is of a report."""
    if COVER in data:
        yield Cover(**data[COVER])
    elif FINDING in data:
        about = data[FINDING]
        yield Finding(about["title"], about["text"], lead=about["reading"])
    elif TABLE in data and data[TABLE]["rows"]:
        yield Table(**data[TABLE])
    elif SVG in data:
        about = {key: text for key, text in metadata.get(SVG, {}).items() if key in ("alt", "name")}
        about |= data.get(PLOT, {})
        yield Picture(plain_svg(data[SVG]), plain_svg(about.pop("svg", "")), **about)
