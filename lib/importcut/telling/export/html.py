"""The report as one page of HTML, and its figures."""

import re

from importcut.telling.drawing import data_uri, plain_svg, to_png
from importcut.telling.export.content import AUTHOR, TEMPLATES, cover, pictures
from importcut.telling.finding import COVER, Cover

OUTWARD = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?//|@import", re.IGNORECASE)
ADDRESSES = ("src", "srcset", "href", "xlink:href", "action", "formaction", "poster", "data", "background", "ping")
ACTIVE = ("script", "link", "iframe", "object", "embed", "base", "form", "noscript")
FEW_CLAIMS = 4  # are found without a list of contents


def figures(notebook: dict) -> dict[str, bytes]:
    """The figures of an executed notebook as SVG and PNG files to paste, in order, by file name."""
    files = {}
    for n, picture in enumerate(pictures(notebook), start=1):
        slug = re.sub(r"[^a-z0-9]+", "-", picture.name.lower()).strip("-")
        files[f"{n:02}-{slug}.svg"] = picture.svg.encode()
        files[f"{n:02}-{slug}.png"] = to_png(picture.svg)
    return files


def to_html(notebook: dict, *, language: str) -> str:
    """The executed notebook as one page that needs nothing outside itself and runs nothing.

    Code and cells tagged `author` are left out; the cover's mark stands on every page.
    """
    import mistune
    import nbformat
    from nbconvert import HTMLExporter

    report = nbformat.from_dict(notebook)
    report.cells = [cell for cell in report.cells if AUTHOR not in cell.metadata.get("tags", ())]
    for cell in report.cells:
        cell.outputs = [o for o in cell.get("outputs", []) if set(o.get("data", {})) != {COVER}]
    exporter = HTMLExporter(
        template_name="report",
        extra_template_basedirs=[str(TEMPLATES)],
        exclude_input=True,
        filters={
            # nbconvert's own Markdown takes the text between two dollar signs for a formula
            "prose": mistune.create_markdown(escape=False, plugins=["table"]),
            "data_uri": lambda svg: data_uri(plain_svg(svg).encode()),
            "css_string": lambda text: '"' + re.sub(r'["\\\n<]', " ", text) + '"',
        },
    )
    about = cover(notebook) or Cover("importcut")
    page, _ = exporter.from_notebook_node(report, {"report": {"language": language, **vars(about)}})
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
    return str(_readable(soup))


def _readable(soup):
    """The page with what a screen reader asks for: contents, heads of columns, no title read out twice."""
    for head in soup.select("thead th"):
        head["scope"] = "col"
    for figure in soup.find_all("figure"):
        title, claim = figure.strong, figure.find_previous("h2")
        if title and claim and title.get_text(" ", strip=True) == claim.get_text(" ", strip=True):
            title.decompose()
    claims = soup.select("main h2")
    if len(claims) < FEW_CLAIMS or soup.h1 is None:
        return soup
    soup.h1["id"] = "report"
    contents = soup.new_tag("nav", attrs={"aria-labelledby": "report"})
    for n, claim in enumerate(claims, start=1):
        claim["id"] = f"claim-{n}"
        link = soup.new_tag("a", href=f"#claim-{n}")
        link.string = claim.get_text(" ", strip=True)
        contents.append(link)
    soup.main.insert_before(contents)
    return soup
