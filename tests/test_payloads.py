"""Names that mean harm come out as their letters in every format, and do nothing: no request, no script, no markup."""

import csv
import json
import re
import shutil
import subprocess
import threading
import tomllib
import zipfile
from html import unescape
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace
from xml.etree import ElementTree

import nbformat
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_output

from importcut.app.desk import View
from importcut.app.desk import page as parts
from importcut.app.index import Listed, index_page
from importcut.intake.opening import open_dataset
from importcut.language import Voice, languages
from importcut.telling import export
from importcut.telling.export.layout import pages
from importcut.telling.finding import COVER, FINDING, TABLE, Finding
from test_handed_out import squeezed, text_of

pytestmark = [pytest.mark.ci, pytest.mark.long]

PAYLOADS = [  # {} is an address at which somebody listens
    "<meta http-equiv=refresh content=0;url={}>",
    "<style>h1,h2,p{{display:none}}</style>",
    "<script>fetch('{}')</script>",
    "<img src={} onerror=fetch('{}')>",
    "</title></style><base href={}>",
    '"><svg onload=fetch("{}")>',
    "<iframe src={}></iframe>",
    "<form action={}><input autofocus>",
    "<link rel=stylesheet href={}>",
    "<a href={} ping={}>a</a>",
    "]]> --> <!-- <?xml ?> &amp; &#65; &lt;b&gt;",
    "*Paint* **A** ~~B~~ `c`",
    "_Sealants_ A|B # C",
    "[a]({}) ![b]({})",
    "# $x^2$ and $y$ \\(a\\) \\[b\\]",
    '#image("{}") #set page() @a ~ <b>',
    "{{{{7*7}}}} {{mark}} {{% raw %}} %s %(n)s {{0}}",
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("{}") _x0041_',
    "1. {} www.evil.example a@evil.example",
]
REGISTERS = ("projects", "products", "plants", "purposes")
REPORTS = ("report.html", "report.pdf", "report.docx")
DECKS = ("slides.html", "slides.pptx")


@pytest.fixture(scope="module")
def listener():
    """An address on this machine, and what was asked of it."""
    asked = []

    class Ear(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_error(404)

        do_POST = do_GET

    server = HTTPServer(("127.0.0.1", 0), Ear)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", asked
    server.shutdown()


@pytest.fixture(scope="module")
def names(listener):
    return [payload.replace("{}", listener[0]).replace("{{", "{").replace("}}", "}") for payload in PAYLOADS]


@pytest.fixture(scope="module")
def dataset(repository, published_reports, names, tmp_path_factory):
    """The sample with these names for its own, in each language others at the head; its tables are made already."""
    root = tmp_path_factory.mktemp("payloads")
    folder = shutil.copytree(repository / "data" / "raw" / "sample", root / "sample")
    shutil.rmtree(folder / "declarations")
    for register in REGISTERS:
        rewrite(folder / f"{register}.csv", names)
    for file in (folder / "dataset.toml", folder / "scenarios" / "late.toml"):
        retitle(file, names)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IMPORTCUT_PROCESSED", str(published_reports[1]))
        tables = open_dataset("sample", period="2026Q3").tables
        patch.setenv("IMPORTCUT_PROCESSED", str(root / "processed"))
        shutil.copytree(tables, open_dataset(folder, period="2026Q3", scenario="late").tables)
        yield folder


def rewrite(register, names):
    """Give every row a payload for a name, in each language another one."""
    with register.open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    for n, row in enumerate(rows):
        for m, place in enumerate(at for at, column in enumerate(head) if column.startswith("name_")):
            row[place] = names[(n + 5 * m) % len(names)]
    with register.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([head, *rows])


def retitle(file, names):
    """Give a dataset or scenario a payload for a title, in each language another one."""
    text = file.read_text(encoding="utf-8")
    for n, title in enumerate(tomllib.loads(text)["title"].values()):
        quoted = names[4 + 5 * n].replace("\\", "\\\\").replace('"', '\\"')
        text = text.replace(f'"{title}"', f'"{quoted}"')
    file.write_text(text, encoding="utf-8")


def executed(repository, folder, language):
    """Notebook 05 as it shows the dataset, run in this process."""
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.capture import capture_output

    notebook = nbformat.read(repository / "notebooks" / "05_quarterly_report.ipynb", as_version=4)
    shell = InteractiveShell.instance()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            with capture_output() as shown:
                done = shell.run_cell(cell.source)
            done.raise_error()
            if "parameters" in cell.metadata.tags:
                shell.push({"dataset": str(folder), "period": "2026Q3", "language": language, "scenario": "late"})
            bundles = [(output.data, output.metadata or {}) for output in shown.outputs]
            bundles += [] if done.result is None else [shell.display_formatter.format(done.result)]
            cell.outputs = [new_output("display_data", data, metadata=about) for data, about in bundles]
    InteractiveShell.clear_instance()
    return notebook


def displayed(notebook, kind):
    """What the notebook displayed of a kind, in order."""
    return [o.data[kind] for cell in notebook.cells for o in cell.get("outputs", ()) if kind in o.data]


@pytest.fixture(scope="module")
def made(repository, dataset, tmp_path_factory):
    """The notebook in each language, and all that is handed out made of it."""
    out, notebooks = tmp_path_factory.mktemp("handed-out"), {}
    for language in languages():
        notebook = notebooks[language] = executed(repository, dataset, language)
        (out / language).mkdir()
        for name in (*REPORTS, *DECKS):
            stem, _, ending = name.partition(".")
            make = export.to_slides if name == "slides.html" else getattr(export, f"to_{ending}")
            content = make(notebook, language=language)
            content = content.encode() if isinstance(content, str) else content
            (out / language / f"{stem}.{ending}").write_bytes(content)
        for name, content in export.figures(notebook).items():
            (out / language / name).write_bytes(content)
    return out, notebooks


def missing(names, text):
    """The names that do not stand in the text, hyphens apart: where a line ends, nobody can tell whose one is."""
    text = squeezed(text).replace("-", "")
    return [name for name in names if squeezed(name).replace("-", "") not in text]


def told(notebook, names, *, deck=False):
    """The names that the notebook tells in words: on its slides, or anywhere."""
    if deck:
        shown = [f"{p.title} {p.unit} {p.reading} {p.source} {p.notes} {p.tables}" for p in pages(notebook)[1]]
        return [name for name in names if repr(name)[1:-1] in "".join(shown)]
    shown = "".join(texts(data) for kind in (COVER, FINDING, TABLE) for data in displayed(notebook, kind))
    return [name for name in names if name in shown]


def texts(data):
    """All texts of a bundle."""
    match data:
        case str():
            return f"{data}\n"
        case dict():
            return texts([*data.values()])
        case list():
            return "".join(map(texts, data))
    return ""


@pytest.mark.parametrize("name", [*REPORTS, *DECKS])
def test_names_stand_letter_by_letter_wherever_they_are_told(name, made, names):
    out, notebooks = made
    every = {language: told(notebook, names, deck=name in DECKS) for language, notebook in notebooks.items()}
    assert {*names} == {name for some in every.values() for name in some}
    assert {language: missing(some, text_of(out / language / name)) for language, some in every.items()} == {
        language: [] for language in languages()
    }


@pytest.mark.parametrize("language", languages())
def test_what_jupyter_shows_holds_the_names_and_no_element_of_theirs(language, made, names):
    shown = displayed(made[1][language], "text/html")
    soup = BeautifulSoup("\n".join(shown), "html.parser")
    assert missing(told(made[1][language], names), soup.get_text(" ")) == []
    own = {"div", "h1", "h2", "p", "table", "caption", "thead", "tbody", "tr", "th", "td"}
    assert {element.name for element in soup.find_all(True)} <= own
    assert all("mathjax_ignore" in element["class"] for element in soup.find_all(["table", "div"]))


@pytest.mark.parametrize("language", languages())
def test_figures_are_drawings_of_letters_and_nothing_else(language, made):
    figures = sorted((made[0] / language).glob("*.svg"))
    elements = {e.tag.rpartition("}")[2] for f in figures for e in ElementTree.parse(f).iter()}
    assert len(figures) > 5
    assert elements <= {"svg", "g", "path", "defs", "use", "clipPath", "rect", "style", "image", "text", "title"}
    assert not any(re.search(r"href=\"(?!#|data:image/)", f.read_text(encoding="utf-8")) for f in figures)


@pytest.mark.parametrize("page", ["report.html", "slides.html"])
@pytest.mark.parametrize("language", languages())
def test_a_page_asks_for_nothing_runs_nothing_and_keeps_title_and_order(language, page, made, listener, browser, names):
    _, asked = listener
    file = made[0] / language / page
    cover = export.cover(made[1][language])
    context = browser.new_context()
    tab, wrong = context.new_page(), []
    tab.on("request", lambda r: None if r.url.startswith((file.as_uri(), "data:", "about:")) else wrong.append(r.url))
    tab.on("pageerror", lambda error: wrong.append(str(error)))
    tab.on("dialog", lambda dialog: wrong.append(dialog.message))
    tab.goto(file.as_uri())
    tab.wait_for_timeout(300)
    assert tab.url.split("#")[0] == file.as_uri() and wrong == [] and asked == []
    assert tab.title() == cover.title and tab.locator("h1").inner_text() == cover.title
    assert tab.locator("iframe, form, base, object, embed, meta[http-equiv=refresh]").count() == 0
    assert tab.locator("script").count() == (1 if page == "report.html" else 3)
    assert tab.locator("style").count() == 1 and tab.locator("h1").is_visible()
    if page == "report.html":
        assert cover.subtitle in tab.locator(".cover p").inner_text() and tab.locator(".cover p").is_visible()
        claims = [finding["title"] for finding in displayed(made[1][language], FINDING)]
        assert tab.locator("main h2").all_text_contents() == claims and tab.locator("main h2").last.is_visible()
    context.close()
    assert asked == []


@pytest.fixture(scope="module")
def page_to_explore(dataset, tmp_path_factory):
    """The page to explore, of the tables of this dataset."""
    folder = tmp_path_factory.mktemp("explore")
    ds = open_dataset(dataset, period="2026Q3", scenario="late")
    (folder / "tables").mkdir()
    for file in ds.tables.glob("*.parquet"):
        export.to_csv(pd.read_parquet(file), folder / "tables" / f"{file.stem}.csv")
    how = {"languages": languages(), "script": export.charting_script(), "seal": "3f2a91bc"}
    (folder / "explore.html").write_text(export.to_explore(folder / "tables", ds, **how), encoding="utf-8")
    return folder / "explore.html"


@pytest.mark.parametrize("language", languages())
def test_the_page_to_explore_shows_the_names_and_does_what_its_own_script_says(
    language, page_to_explore, dataset, listener, browser
):
    say, wrong = Voice(language, open_dataset(dataset, period="2026Q3", scenario="late")), []
    tab = browser.new_page()
    tab.on("request", lambda r: None if r.url.startswith(("file:", "data:")) else wrong.append(r.url))
    tab.on("pageerror", lambda error: wrong.append(str(error)))
    tab.on("dialog", lambda dialog: wrong.append(dialog.message))
    text = ""
    for view in ("import_profile", "actual_and_expected&layout=small", "projects_ranked", "to_target", "project_sheet"):
        tab.goto(f"{page_to_explore.as_uri()}#lang={language}&view={view}")
        tab.wait_for_timeout(1000)
        text += tab.locator("body").inner_text() + "".join(tab.locator("option").all_text_contents())
        assert tab.locator("iframe, form, base, object, embed, meta[http-equiv=refresh], img, link").count() == 0
        assert tab.locator("script").count() == 3 and tab.locator(".chart svg").count() == 1, view
    tab.close()
    assert wrong == [] and listener[1] == []
    told = [*say.names("projects"), *say.names("products"), *say.names("plants"), say.title]
    assert missing(told, text) == []


def test_office_files_hold_no_address_and_no_formula(made, dataset, listener, tmp_path):
    ds = open_dataset(dataset, period="2026Q3", scenario="late")
    tables = {register: ds.registers[register] for register in REGISTERS}
    export.to_xlsx(tables, tmp_path / "tables.xlsx", mark="mark", say=Voice("en", ds))
    files = [tmp_path / "tables.xlsx", *made[0].glob("*/*.docx"), *made[0].glob("*/*.pptx")]
    for file in files:
        with zipfile.ZipFile(file) as parts:
            for part in parts.namelist():
                content = parts.read(part)
                if part.endswith((".xml", ".rels")):
                    ElementTree.fromstring(content)
                    assert b"<f>" not in content, (file.name, part)
                if part.endswith(".rels"):
                    assert listener[0].encode() not in content, (file.name, part)


@pytest.mark.skipif(shutil.which("soffice") is None, reason="no LibreOffice here")
def test_office_opens_them_without_a_request(made, listener, tmp_path):
    folder = made[0] / "en"
    words = ["soffice", f"-env:UserInstallation=file://{tmp_path}/home", "--headless", "--convert-to", "pdf"]
    files = [folder / "report.docx", folder / "slides.pptx"]
    subprocess.run([*words, "--outdir", tmp_path, *files], check=True, timeout=300, stdout=subprocess.DEVNULL)
    assert {file.stem for file in tmp_path.glob("*.pdf")} == {"report", "slides"} and listener[1] == []


def assert_harmless(html, some):
    """The names stand in the page as text, and none of them as an element or an address."""
    soup = BeautifulSoup(html, "html.parser")
    assert missing(some, soup.get_text(" ")) == []
    assert soup.find_all(["base", "embed", "form", "iframe", "meta", "object", "svg"]) == []
    values = [str(value) for element in soup.find_all(True) for value in element.attrs.values()]
    assert not any(value.startswith(("http://127", "javascript:")) for value in values)
    assert not any(name.startswith("on") for element in soup.find_all(True) for name in element.attrs)


def test_the_index_of_the_reports_shows_the_names(names):
    about = {"illustrative": True, "files": frozenset(["en/report.html"]), "scenario": "late"}
    listed = [
        Listed(
            "a",
            "a/b",
            pd.Period("2026Q3"),
            title={"en": one},
            scenario_title={"en": other},
            headlines={"en": third},
            **about,
        )
        for one, other, third in zip(names, names[1:], names[2:], strict=False)
    ]
    page = index_page([Listed(**vars(report) | {"dataset": report.headlines["en"]}) for report in listed])
    assert_harmless(page.partition("</head>")[2], names)


def test_the_desk_shows_the_names(dataset, names):
    say = Voice("en", open_dataset(dataset, period="2026Q3"))
    table = pd.DataFrame({"project_id": say.ds.projects["project_id"], "gross_usd": 1e6})
    for name in names:
        view = View(Finding(name, f"{name}\n\n{name}"), table, None)
        assert_harmless(parts.answer(view, say) + parts.listing(name, say), [name])
    shown = parts.table(View(Finding("", ""), table, None), say)
    rows = json.loads(json.loads(re.search(r'"data_json": (".*"),', shown)[1]))
    assert [unescape(row[0]) for row in rows] == list(say.names("projects")) and "<" not in str(rows)
    assert_harmless(parts.head(SimpleNamespace(say=say)), [say.title])
