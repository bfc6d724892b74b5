"""What the desk shows of a view as HTML, what it saves, and the code that makes the view."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from importcut.app.desk.basis import Standpoint
from importcut.app.desk.views import View, names_of
from importcut.dataset import write_whole
from importcut.language import Voice
from importcut.letters import as_html
from importcut.schema import LIBRARY, DataError, as_text
from importcut.telling.drawing import data_uri, to_png
from importcut.telling.export import to_csv

STYLESHEET, SCRIPT = (LIBRARY / "templates" / "desk" / name for name in ("style.css", "desk.js"))
UNKNOWN = ("NaN", "<NA>", "&lt;NA&gt;")  # as pandas writes what is not known; here its cell is empty


def head(here: Standpoint) -> str:
    """The desk's look, its title, and the mark of illustrative data."""
    say = here.say
    mark = f'<p class="desk-mark">{as_html(say.mark)}</p>' if say.mark else ""
    title, data = as_html(say("The economist’s desk")), as_html(say.title)
    text = as_html(say("The connection is lost. Reload the page; if that does not help, start the program again."))
    lost = f'<p class="desk-wrong desk-lost" role="alert" hidden>{text}</p>'
    about = f'<div lang="{say.language}">{mark}{lost}<h1>{title}</h1><p class="desk-data">{data}</p></div>'
    return f"<style>{STYLESHEET.read_text(encoding='utf-8')}</style>{about}"


def refusal(error: DataError, say: Voice) -> str:
    """What stands in place of the desk of a dataset that cannot be shown."""
    about = say("The dataset cannot be shown before this is mended. Then run the cell, or load the page, again.")
    lines = "".join(f"<li>{as_html(line)}</li>" for line in str(error).split("\n"))
    text = f'<p lang="{say.language}">{as_html(about)}</p><ul lang="en">{lines}</ul>'
    style = f"<style>{STYLESHEET.read_text(encoding='utf-8')}</style>"
    return f'{style}<div class="desk"><div class="desk-wrong" role="alert">{text}</div></div>'


def answer(view: View, say: Voice) -> str:
    """The picture, or the claim where there is none, and the text that reads it."""
    finding, figure = view.finding, f'<p class="desk-claim">{as_html(view.finding.title)}</p>'
    if view.picture is not None:
        source = data_uri(view.picture.svg.encode())
        figure = f'<div class="desk-drawing"><img alt="{as_html(finding.text)}" src="{source}"></div>'
    text = "".join(f"<p>{as_html(part)}</p>" for part in finding.text.split("\n\n"))
    facts = view.facts._repr_mimebundle_()["text/html"] if view.facts is not None else ""
    return f'<div lang="{say.language}">{figure}<div class="desk-text">{text}</div>{facts}</div>'


def downloads(view: View, name: str, say: Voice) -> str:
    """Links that hold the figure and the table, so that a browser saves them without a server."""
    files = {} if view.picture is None else {"svg": data_uri(view.picture.svg.encode())}
    files |= {"csv": data_uri(to_csv(as_text(view.table)).encode(), "text/csv")} if len(view.table) else {}
    links = " ".join(
        f'<a class="desk-{ending}" download="{name}.{ending}" href="{content}">{ending.upper()}</a>'
        for ending, content in files.items()
    )
    return f'<div lang="{say.language}" class="desk-links">{as_html(say("Download"))}: {links}</div>' if links else ""


def table(view: View, say: Voice) -> str:
    """The table as it is read, searchable and sortable without a net; empty where it has no row."""
    from itables import to_html_datatable

    rows = readable(view.table, say, numeric=True)
    if rows.empty:
        return ""
    words = {
        "search": say("Search:"),
        "lengthMenu": say("rows shown: _MENU_"),
        "info": say("rows _START_–_END_ of _TOTAL_"),
        "zeroRecords": say("No row fits."),
        "infoEmpty": "",
        "infoFiltered": "",
    }
    options = {"connected": False, "showIndex": False, "maxBytes": 0, "autoWidth": False, "style": "width:100%"}
    digits = 1 + ("unit_value" in view.table)
    with pd.option_context("display.float_format", lambda value: say.number(value, digits)):
        html = to_html_datatable(rows, classes="display compact desk-table", language=words, **options)
    for unknown in UNKNOWN:
        html = html.replace(f'\\"{unknown}\\"', '\\"\\"').replace(f">{unknown}</td>", "></td>")
    return html


def readable(table: pd.DataFrame, say: Voice, *, numeric: bool = False) -> pd.DataFrame:
    """A table with headings, names and numbers as its reader writes them, in thousand dollars and tonnes.

    table : of a view, of `compare` or of a report; columns without words in the desk's tables are left out
    numeric : numbers stay numbers, to be sorted
    """
    headings = {name: heading for name, heading in say.words("columns").items() if name in table}
    known = {heading: table[name] for name, heading in headings.items() if table[name].notna().any()}
    rows = pd.DataFrame({heading: pd.Series(_cells(values, say)).array for heading, values in known.items()})
    digits = 0 if "figure" in table else 1 + ("unit_value" in table)
    numbers = rows.select_dtypes("float").map(lambda value: say.number(value, digits), na_action="ignore")
    return rows if numeric else rows.astype(object).assign(**numbers).fillna("")


def _cells(values: pd.Series, say: Voice) -> pd.Series | list[str]:
    column = values.name
    if column == "origin" or column.endswith("_id"):
        return names_of(column, values, say)
    if column == "period":
        known = pd.PeriodIndex(values).unique().sort_values()
        return values.map(say.period).astype(pd.CategoricalDtype([*map(say.period, known)], ordered=True))
    if column == "figure":
        return say.in_words(values, "figures")
    if column == "id":
        names = say.names("products").to_dict() | say.names("projects").to_dict()
        return values.replace(names | say.words("readings") | say.words("checks") | say.words("reasons"))
    if column == "evidence":
        return values.map(say, na_action="ignore").fillna("")
    if column == "reason":
        return say.in_words(values, "reasons").fillna("")
    return values / 1e3 if column.endswith(("_usd", "_kg")) else values


def code(view: Callable[..., View], here: Standpoint, options: dict) -> str:
    """Lines for a notebook that give this very view."""
    point = {"scenario": here.scenario, "language": here.language} | dict(here.assumptions)
    start = [repr(here.dataset), repr(here.period), *(f"{name}={value!r}" for name, value in point.items())]
    choice = ["here", *(f"{name}={value!r}" for name, value in options.items() if value is not None)]
    return (
        f"from importcut import {view.__name__}, standpoint\n\n"
        f"here = standpoint({', '.join(start)})\nview = {view.__name__}({', '.join(choice)})\n"
        "display(view.picture, view.table)"
    )


def listing(lines: str, say: Voice) -> str:
    """The code, to copy: one click selects it all."""
    about = as_html(say("The code of this view, to copy into a notebook"))
    summary, text = f'<summary lang="{say.language}">{about}</summary>', f'<pre lang="en">{as_html(lines)}</pre>'
    return f'<details class="desk-code">{summary}{text}</details>'


def keep(view: View, lines: str, name: str, folder: Path) -> list[Path]:
    """Write the view's figure (SVG, PNG), table (CSV: ids, USD, kg) and code into the folder; returns the files."""
    contents = {"csv": to_csv(as_text(view.table)).encode(), "py": f"{lines}\n".encode()}
    if view.picture is not None:
        contents |= {"svg": view.picture.svg.encode(), "png": to_png(view.picture.svg)}
    files = {folder / f"{name}.{ending}": content for ending, content in contents.items()}
    for file, content in files.items():
        write_whole(file, content)
    return [*files]
