"""The report as one page of HTML, and its figures."""

import base64
import re
from pathlib import Path

from importcut.export.content import AUTHOR, COVER, Picture, blocks, plain_svg

TEMPLATES = Path(__file__).parents[1] / "templates"
OUTWARD = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?//|@import", re.IGNORECASE)
ADDRESSES = ("src", "srcset", "href", "xlink:href", "action", "formaction", "poster", "data", "background", "ping")
ACTIVE = ("script", "link", "iframe", "object", "embed", "base", "form", "noscript")


def figures(notebook: dict) -> dict[str, bytes]:
    """The figures of an executed notebook as SVG files, in order, by file name."""
    drawn = [block for block in blocks(notebook) if isinstance(block, Picture)]
    return {f"{n:02}-{_slug(picture.name)}.svg": picture.svg.encode() for n, picture in enumerate(drawn, start=1)}


def to_html(notebook: dict, *, language: str, title: str = "importcut", mark: str = "") -> str:
    """The executed notebook as one page that needs nothing outside itself and runs nothing.

    Parameters
    ----------
    notebook : executed notebook; code and cells tagged `author` are left out.
    mark : what stands on every page, "" for none.
    """
    import mistune
    import nbformat
    from nbconvert import HTMLExporter

    shown = nbformat.from_dict(notebook)
    shown.cells = [cell for cell in shown.cells if AUTHOR not in cell.metadata.get("tags", ())]
    for cell in shown.cells:
        cell.outputs = [o for o in cell.get("outputs", []) if set(o.get("data", {})) != {COVER}]
    exporter = HTMLExporter(
        template_name="report",
        extra_template_basedirs=[str(TEMPLATES)],
        exclude_input=True,
        filters={
            # nbconvert's own Markdown takes the text between two dollar signs for a formula
            "prose": mistune.create_markdown(escape=False, plugins=["table"]),
            "data_uri": lambda svg: "data:image/svg+xml;base64," + base64.b64encode(plain_svg(svg).encode()).decode(),
            "css_string": lambda text: '"' + re.sub(r'["\\\n<]', " ", text) + '"',
        },
    )
    page, _ = exporter.from_notebook_node(shown, {"report": {"language": language, "title": title, "mark": mark}})
    return _sealed(page)


def _sealed(page: str) -> str:
    """The page with everything taken out that would run or that names an address outside the page."""
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(page, features="html.parser")
    for element in soup.find_all(ACTIVE):
        element.decompose()
    for element in soup.find_all(True):
        for name, value in list(element.attrs.items()):
            outward = name in ADDRESSES and not str(value).startswith(("#", "data:image/"))
            if outward or name.startswith("on") or (name == "style" and OUTWARD.search(str(value))):
                del element[name]
    for style in soup.find_all("style"):
        if OUTWARD.search(style.text):
            style.decompose()
    return str(soup)


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
