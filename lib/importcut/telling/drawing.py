"""A finished chart, and the forms in which pages, decks and documents take it."""

import base64
import re
from dataclasses import dataclass, field

SVG = "image/svg+xml"
PLOT = "application/vnd.importcut.plot+json"
SHEET = """#set page(width: auto, height: auto, margin: 0pt, fill: white)
#image(bytes(sys.inputs.svg), format: "svg")"""


@dataclass(frozen=True)
class Picture:
    """A chart as SVG with its title, unit, source and the sentence that stands in for it.

    bars : what an Office program can draw and edit in its place, as `style.editable` says it; empty if it cannot.
    """

    svg: str
    plot: str = ""  # the chart without title, unit and note, for what says them itself
    title: str = ""
    unit: str = ""
    note: str = ""
    alt: str = ""
    name: str = "figure"
    bars: dict = field(default_factory=dict)

    def _repr_mimebundle_(self, include=None, exclude=None):
        about = {"title": self.title, "unit": self.unit, "note": self.note, "alt": self.alt, "name": self.name}
        bare = {PLOT: about | {"svg": self.plot} | ({"bars": self.bars} if self.bars else {})} if self.plot else {}
        return {SVG: self.svg, **bare}, {SVG: {"alt": self.alt, "name": self.name}}


def plain_svg(svg: str) -> str:
    """The drawing without the program's note about itself and without the address of a document type."""
    return re.sub(r"<metadata>.*?</metadata>\s*|<!DOCTYPE[^>]*>\s*", "", svg, flags=re.DOTALL)


def data_uri(content: bytes, kind: str = SVG) -> str:
    """An address that holds the content itself, so that a page needs nothing outside."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def to_png(svg: str, *, ppi: int = 200) -> bytes:
    """The drawing (SVG, its text as outlines) as PNG on white, `ppi` dots an inch."""
    import typst

    return typst.compile(SHEET.encode(), format="png", ppi=ppi, sys_inputs={"svg": svg}, ignore_system_fonts=True)
