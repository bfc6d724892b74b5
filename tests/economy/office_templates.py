"""Writes the Office files that the library carries: the deck without slides and the Word document without text.

`make templates` runs it; tests compare what is carried with what it writes.
"""

import io
import re
import sys
import zipfile
from pathlib import Path

from pptx import Presentation
from pptx.opc.constants import RELATIONSHIP_TYPE
from pptx.util import Inches

from importcut.schema import LIBRARY
from importcut.telling.export.content import repacked
from importcut.telling.export.layout import BOTTOM, HIGH, MARGIN, WIDE, Box
from importcut.telling.export.powerpoint import ACCENT, COVER, INK, MUTED, PICTURE, SOFT, SOURCE_BOX, TABLE

FONT = "Arial"  # on every machine, with the letters of all four languages
THEME = {"dk1": INK, "lt1": "FFFFFF", "dk2": MUTED, "lt2": SOFT, "accent1": ACCENT, "accent2": "0072B2"}
THEME |= {"accent3": "E69F00", "accent4": "009E73", "accent5": "CC79A7", "accent6": "56B4E9", "hlink": ACCENT}
ROOM = WIDE - 2 * MARGIN
PLACES = {
    "title": Box(MARGIN + 0.2, 0.6, ROOM - 0.2, 1.2), "ctrTitle": Box(MARGIN + 0.2, 1.1, ROOM - 0.2, 1.7),
    "subTitle": Box(MARGIN + 0.2, 3.0, ROOM - 0.2, 0.6), "pic": Box(MARGIN, 2.2, 8.4, BOTTOM - 2.2),
    "body": Box(9.25, 2.2, 3.53, BOTTOM - 2.2), "obj": Box(MARGIN, 5.2, ROOM, BOTTOM - 5.2),
    "ftr": SOURCE_BOX, "sldNum": Box(WIDE - MARGIN - 1, 6.98, 1, 0.34),
}  # fmt: skip
PARTS = {  # of the Word document that carries page, header, footer and styles
    "[Content_Types].xml": "types.xml",
    "_rels/.rels": "package.rels.xml",
    "word/document.xml": "document.xml",
    "word/_rels/document.xml.rels": "document.rels.xml",
    "word/styles.xml": "styles.xml",
    "word/header1.xml": "header.xml",
    "word/footer1.xml": "footer.xml",
}
WORD = Path(__file__).parent / "word"  # its parts; {word}, {subtitle} and {mark} are filled in each report


def presentation() -> bytes:
    """python-pptx's own template, wide, in the report's colours, with the three layouts that are used."""
    file = Presentation()
    file.slide_width, file.slide_height = Inches(WIDE), Inches(HIGH)
    for layout in list(file.slide_layouts):
        if layout.name not in (COVER, TABLE, PICTURE):
            file.slide_layouts.remove(layout)
    master = file.slide_master
    theme = master.part.part_related_by(RELATIONSHIP_TYPE.THEME)
    theme._blob = _themed(theme.blob.decode()).encode()
    for style, size, bold in (("titleStyle", "3000", "1"), ("bodyStyle", "2000", "0")):
        first = master._element.find(f".//{{*}}{style}/{{*}}lvl1pPr")
        first.attrib.update({"algn": "l", "marL": "0", "indent": "0"})
        first.find("{*}defRPr").attrib.update({"sz": size, "b": bold})
        for bullet in first.findall("{*}buChar"):
            first.replace(bullet, bullet.makeelement(bullet.tag.replace("buChar", "buNone")))
    for holder in (master, *file.slide_layouts):
        for shape in list(holder.placeholders):
            kind = shape._element.xpath(".//p:ph")[0].get("type", "obj")
            if kind == "dt":
                holder.shapes._spTree.remove(shape._element)
            elif kind in PLACES:
                _put(shape, PLACES[kind] if holder is not master or kind != "body" else PLACES["obj"])
            if kind != "sldNum":
                shape._element.find(".//{*}lstStyle").clear()
    for owner, kind in ((file.part, "printerSettings"), (file.part.package, "thumbnail")):
        for name in [name for name, to in owner._rels.items() if to.reltype.endswith(kind)]:
            owner._rels.pop(name)
    office = io.BytesIO()
    file.save(office)
    return repacked(office.getvalue())


def _themed(theme: str) -> str:
    for name, colour in THEME.items():
        theme = re.sub(f"<a:{name}>.*?</a:{name}>", f'<a:{name}><a:srgbClr val="{colour}"/></a:{name}>', theme)
    return theme.replace('<a:latin typeface="Calibri"/>', f'<a:latin typeface="{FONT}"/>')


def _put(shape, box: Box) -> None:
    shape.left, shape.top, shape.width, shape.height = map(Inches, (box.left, box.top, box.width, box.height))


def document() -> bytes:
    """A Word document without text: page, header with subtitle and mark, footer, styles."""
    office = io.BytesIO()
    with zipfile.ZipFile(office, "w") as parts:
        for name, file in PARTS.items():
            parts.writestr(name, (WORD / file).read_bytes())
    return repacked(office.getvalue())


if __name__ == "__main__":
    sys.stdout.write("template.pptx, reference.docx\n")
    (LIBRARY / "templates" / "slides" / "template.pptx").write_bytes(presentation())
    (LIBRARY / "templates" / "document" / "reference.docx").write_bytes(document())
