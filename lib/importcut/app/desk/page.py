"""What the desk shows of a view as HTML, what it saves, and the code that makes the view."""

from collections.abc import Callable
from html import escape
from pathlib import Path

import pandas as pd

from importcut.app.desk.views import View
from importcut.app.desk.way import Way
from importcut.app.desk.words import readable
from importcut.schema import LIBRARY, as_text
from importcut.telling.export import rounded
from importcut.telling.export.content import data_uri
from importcut.telling.export.png import to_png

STYLE = LIBRARY / "templates" / "desk" / "style.css"
UNKNOWN = ("NaN", "<NA>", "&lt;NA&gt;")  # as pandas writes what is not known; here its cell is empty
PAGES = [10, 25, 50, -1]  # rows of a table shown at a time; -1 for all


def style() -> str:
    """The desk's look."""
    return f"<style>{STYLE.read_text(encoding='utf-8')}</style>"


def head(way: Way) -> str:
    """Title, and the mark of illustrative data."""
    say, mark = way.say, way.say.mark
    marked = f'<p class="desk-mark">{escape(mark)}</p>' if mark else ""
    title = escape(say("The economist’s desk"))
    return f'<div lang="{say.language}">{marked}<h1>{title}</h1><p class="desk-data">{escape(say.title)}</p></div>'


def answer(view: View, say) -> str:
    """The picture, or the claim where there is none, and the text that reads it."""
    finding, shown = view.finding, f'<p class="desk-claim">{escape(view.finding.title)}</p>'
    if view.picture is not None:
        drawing = data_uri(view.picture.svg.encode())
        shown = f'<div class="desk-drawing"><img alt="{escape(finding.text)}" src="{drawing}"></div>'
    text = "".join(f"<p>{escape(part)}</p>" for part in finding.text.split("\n\n"))
    facts = view.facts._repr_mimebundle_()["text/html"] if view.facts is not None else ""
    return f'<div lang="{say.language}">{shown}<div class="desk-text">{text}</div>{facts}</div>'


def downloads(view: View, name: str, say) -> str:
    """Links that hold the figure and the table, so that a browser saves them without a server."""
    files = [("CSV", f"{name}.csv", data_uri(csv(view).encode(), "text/csv"))] if len(view.table) else []
    if view.picture is not None:
        files.insert(0, ("SVG", f"{name}.svg", data_uri(view.picture.svg.encode())))
    links = [f'<a class="desk-{kind.lower()}" download="{f}" href="{href}">{kind}</a>' for kind, f, href in files]
    about = escape(say("Download"))
    return f'<div lang="{say.language}" class="desk-links">{about}: {" ".join(links)}</div>' if links else ""


def table(view: View, say) -> str:
    """The table as it is read, searchable and sortable without a net."""
    from itables import to_html_datatable

    shown = readable(view.table, say)
    if shown.empty:
        return ""
    said = {
        "search": say("Search:"), "info": say("rows _START_–_END_ of _TOTAL_"), "infoEmpty": "", "infoFiltered": "",
        "lengthMenu": say("rows shown: _MENU_"), "zeroRecords": say("No row fits."),
    }  # fmt: skip
    digits = 1 + ("unit_value" in view.table)
    with pd.option_context("display.float_format", lambda value: say.number(value, digits)):
        html = to_html_datatable(
            shown, connected=False, showIndex=False, classes="display compact desk-table", language=said,
            lengthMenu=[PAGES, [*map(str, PAGES[:-1]), say("all")]], maxBytes=0, autoWidth=False,
            style="width:100%",
            layout={"topStart": "search", "topEnd": "pageLength", "bottomStart": "info", "bottomEnd": "paging"},
        )  # fmt: skip
    for unknown in UNKNOWN:
        html = html.replace(f'\\"{unknown}\\"', '\\"\\"').replace(f">{unknown}</td>", "></td>")
    return html


def code(ask: Callable[..., View], way: Way, options: dict) -> str:
    """Lines for a notebook that give this very view."""
    given = {"scenario": way.scenario, "language": way.language} | dict(way.assumptions)
    start = ", ".join([repr(way.dataset), repr(way.period), *(f"{name}={value!r}" for name, value in given.items())])
    asked = ", ".join(["way", *(f"{name}={value!r}" for name, value in options.items() if value is not None)])
    return (
        f"from importcut.app.desk import {ask.__name__}, walk\n\n"
        f"way = walk({start})\nview = {ask.__name__}({asked})\ndisplay(view.picture, view.table)"
    )


def listing(lines: str, say) -> str:
    """The code, to copy: one click selects it all."""
    about = escape(say("The code of this view, to copy into a notebook"))
    shown = f'<summary lang="{say.language}">{about}</summary><pre lang="en">{escape(lines)}</pre>'
    return f'<details class="desk-code">{shown}</details>'


def csv(view: View) -> str:
    """The table as a file holds it: ids, US dollars and kg."""
    return rounded(as_text(view.table)).to_csv(index=False, lineterminator="\n")


def keep(view: View, lines: str, name: str, folder: Path) -> list[Path]:
    """Write the view's figure (SVG, PNG), table (CSV) and code into the folder; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {".csv": csv(view).encode(), ".py": f"{lines}\n".encode()}
    if view.picture is not None:
        files |= {".svg": view.picture.svg.encode(), ".png": to_png(view.picture.svg)}
    for ending, content in files.items():
        (folder / f"{name}{ending}").write_bytes(content)
    return [folder / f"{name}{ending}" for ending in files]
