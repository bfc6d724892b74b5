"""The report as one page of HTML, and its figures."""

import csv
import io
import re
from copy import copy

from importcut.language import decimal_sign, own_name
from importcut.letters import as_cell, as_seen
from importcut.schema import EXPORTS
from importcut.telling.drawing import data_uri, plain_svg, to_png
from importcut.telling.export.content import AUTHOR, GIVEN_WITH, TEMPLATES, cover, digest_of, language_words, pictures
from importcut.telling.finding import Cover

TEXTS = {"br", "dd", "del", "div", "dl", "dt", "h1", "h2", "h3", "h4", "hr", "img", "p", "pre", "span", "sub", "sup"}
TABLES = {"caption", "table", "tbody", "td", "tfoot", "th", "thead", "tr"}
ATTRIBUTES = {"alt", "class", "colspan", "lang", "rowspan", "scope", "start", "title"}
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
    """The notebook as one page that needs nothing outside and runs its own script alone, without its author's cells."""
    import mistune
    import nbformat
    from nbconvert import HTMLExporter

    report = nbformat.from_dict(notebook)
    report.cells = [cell for cell in report.cells if AUTHOR not in cell.metadata.get("tags", ())]
    prose = mistune.create_markdown(plugins=["table"])  # nbconvert's own takes "$1 and $2" for a formula
    exporter = HTMLExporter(
        template_name="report",
        extra_template_basedirs=[str(TEMPLATES)],
        exclude_input=True,
        filters={
            "prose": lambda text: _harmless(prose(text)),
            "harmless": _harmless,
            "data_uri": lambda svg: data_uri(plain_svg(svg).encode()),
            "sheet": lambda table: data_uri(_sheet(table).encode("utf-8-sig"), "text/csv;charset=utf-8"),
        },
    )
    about = cover(notebook) or Cover("importcut")
    script = (TEMPLATES / "report" / "page.js").read_text(encoding="utf-8")
    said = {"language": language, "script": script, "digest": digest_of(script), "words": language_words(language)}
    said |= {"decimal": decimal_sign(language)}
    said |= _beside(notebook, language)
    page, _ = exporter.from_notebook_node(report, {"report": said | vars(about)})
    return _readable(as_seen(page))


def _beside(notebook: dict, language: str) -> dict[str, list[tuple[str, str, str]]]:
    """Where the page leads to: code, name and address of each language, format, name and address of each file."""
    beside, words = notebook["metadata"].get(GIVEN_WITH, {}), language_words(language)
    spoken = [(code, own_name(code), f"../{code}/{EXPORTS['html']}") for code in beside.get("languages", ())]
    names = {"pdf": "PDF", "docx": "Word", "slides": words["slides"], "pptx": "PowerPoint", "xlsx": "Excel"}
    formats = [(kind, name) for kind, name in names.items() if kind in beside.get("formats", ())]
    files = [(kind, name, ("../" if kind == "xlsx" else "") + EXPORTS[kind]) for kind, name in formats]
    return {"spoken": spoken, "files": files}


def _sheet(table: dict) -> str:
    """A table as it is read, as CSV; no text runs as a formula."""
    file = io.StringIO()
    cells = [[as_cell(text) for text in row] for row in (table["columns"], *table["rows"])]
    csv.writer(file, lineterminator="\n").writerows(cells)
    return file.getvalue()


def _harmless(html: str) -> str:
    """Of HTML that others made, the elements and attributes of a text; no address but places and pictures within."""
    from bleach import ALLOWED_TAGS, clean
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(html, "html.parser")
    for element in soup(["script", "style"]):  # what they hold is no text
        element.decompose()
    return clean(str(soup), tags=TEXTS | TABLES | ALLOWED_TAGS, attributes=_is_harmless, protocols=["data"], strip=True)


def _is_harmless(element: str, name: str, value: str) -> bool:
    places = {"href": "#", "src": "data:image/"}
    return value.startswith(places[name]) if name in places else name in ATTRIBUTES


def _readable(page: str) -> str:
    """The page with what a screen reader asks for: contents, heads of columns, no title read out twice."""
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(page, "html.parser")
    for head in soup.select("thead th"):
        head["scope"] = "col"
    for figure in soup.find_all("figure"):
        title, claim = figure.strong, figure.find_previous("h2")
        if title and claim and title.get_text(" ", strip=True) == claim.get_text(" ", strip=True):
            title.decompose()
    claims = soup.select("main h2")
    if len(claims) < FEW_CLAIMS or soup.h1 is None:
        return str(soup)
    soup.h1["id"] = "report"
    contents = soup.new_tag("nav", attrs={"aria-labelledby": "report"})
    for n, claim in enumerate(claims, start=1):
        claim["id"] = f"claim-{n}"
        link = soup.new_tag("a", href=f"#claim-{n}")
        link.string = claim.get_text(" ", strip=True)
        contents.append(link)
    soup.main.insert_before(contents)
    also = soup.new_tag("p", attrs={"class": "also"})  # the second claim is seen with the first one
    also.append(copy(contents.find_all("a")[1]))
    claims[0].insert_after(also)
    return str(soup)
