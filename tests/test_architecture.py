"""The data's way has one direction: who may import whom, read from the source without running it."""

import ast
import re

import nbformat
from IPython.core.inputtransformer2 import TransformerManager

import importcut

# A new module is entered here: as a stage, or, if it only composes stages, on top.
GROUND = {
    "schema": set(), "digest": {"schema"}, "attribute": {"schema"}, "indices": {"schema"}, "workbook": {"schema"},
    "assumptions": set(),
}  # fmt: skip
STAGES = {
    "dataset", "sources", "clean", "panel", "measure", "counterfactual", "realised", "planned", "ledger", "appraise",
    "programme", "chart", "simulate", "language", "narrate", "export", "sample", "connectors",
}  # fmt: skip
TOP = {"check", "report", "desk", "cli", "__init__"}  # __init__ offers names of the stages, imported when used
MODULES = {*GROUND, *STAGES, *TOP}
SHARED = {"schema", "digest", "assumptions", "attribute", "indices", "workbook"}
ONLY = {
    "matplotlib": {"chart"},
    "seaborn": {"chart"},
    "duckdb": {"sources", "clean"},
    "ibis": {"sources", "clean"},
    "pyspark": {"sources", "clean"},
    "ipywidgets": {"desk"},
    "itables": {"desk"},
}
LONGEST_MODULE = 250
LONGEST_CELL = 10
IMPORTERS = {"import_module", "__import__"}
COMPUTED = "a name computed at run time"
MACHINE_PATH = re.compile(r"(?<![\w.:/])(?:~|/(?:home|Users|root|tmp|mnt|media|opt|srv|var|usr))/|\b[A-Z]:[\\/]\w")


def imported(source):
    """The dotted names a source imports, also inside functions, through importlib and as importcut.x."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                base = ".".join(filter(None, ["importcut" if level else "", module]))
                yield from (f"{base}.{alias.name}" for alias in names)
            case ast.Attribute(value=ast.Name(id="importcut"), attr=name):
                yield f"importcut.{name}"
            case ast.Call(func=ast.Name(id=call) | ast.Attribute(attr=call), args=[name, *_]):
                if call in IMPORTERS:
                    text = name.value if isinstance(name, ast.Constant) else COMPUTED
                    yield f"importcut{text}" if text.startswith(".") else text


def faults(module, source):
    """What a module imports and may not, one sentence each."""
    names = set(imported(source))
    if COMPUTED in names and module != "__init__":
        yield f"{module} imports {COMPUTED}: write the import out"
    ours = {name.split(".")[1] for name in names if name.startswith("importcut.")}
    ours = {importcut._MODULES.get(name, name) for name in ours} & MODULES
    allowed = MODULES if module in TOP else GROUND.get(module, SHARED)
    yield from (
        f"{module} imports {other}: let a notebook or report hand over the table instead"
        for other in sorted(ours - allowed - {module})
    )
    libraries = {name.split(".")[0] for name in names} & set(ONLY)
    yield from (
        f"{module} imports {library}: only {' and '.join(sorted(ONLY[library]))} may"
        for library in sorted(libraries)
        if module not in ONLY[library]
    )


def modules(repository):
    """Each source file of the library with the module it belongs to (its folder's, inside a subpackage)."""
    library = repository / "lib" / "importcut"
    for file in sorted(library.rglob("*.py")):
        yield file.relative_to(library).with_suffix("").parts[0], file.read_text(encoding="utf-8")


def notebooks(repository):
    for file in sorted((repository / "notebooks").glob("*.ipynb")):
        yield file.name, nbformat.read(file, as_version=4).cells


def code_cells(repository):
    """Each code cell with its notebook's name and its number among all cells, as a reader counts."""
    for name, cells in notebooks(repository):
        for number, cell in enumerate(cells, start=1):
            if cell.cell_type == "code":
                yield name, number, cell


def tags(cell):
    return cell.metadata.get("tags", [])


def definitions(source):
    """The functions and classes a code cell defines; IPython's own syntax is translated first."""
    tree = ast.parse(TransformerManager().transform_cell(source))
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    return [node.name for node in ast.walk(tree) if isinstance(node, kinds)]


def headings(cells):
    """The first-level headings of the prose; a # inside a code fence is none."""
    prose = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    unfenced = re.sub(r"^```.*?^```", "", prose, flags=re.DOTALL | re.MULTILINE)
    return re.findall(r"^# .+", unfenced, flags=re.MULTILINE)


def texts(value):
    """Every string in a cell: source, outputs, attachments; pictures left out."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, part in value.items():
            if not key.startswith("image/"):
                yield from texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from texts(part)


def test_every_module_has_a_place_in_the_rule(repository):
    unknown = sorted({module for module, _ in modules(repository)} - MODULES)
    assert unknown == [], "enter it in STAGES or TOP of tests/test_architecture.py"


def test_data_flow_one_way(repository):
    """A stage imports no other stage, so it can be read, tested and replaced alone.

    Shared by all are schema (the tables), attribute and indices (pure arithmetic), workbook; the dataset is
    handed over as an object. dataset and sample read the tables' description alone. report, desk and cli
    stand on top; only chart draws, only sources and clean know a query engine.
    """
    assert [fault for module, source in modules(repository) for fault in faults(module, source)] == []


def test_no_module_outgrows_one_responsibility(repository):
    lengths = [(module, len(source.splitlines())) for module, source in modules(repository)]
    assert [(module, n) for module, n in lengths if n > LONGEST_MODULE] == []


def test_only_the_command_line_prints(repository):
    printing = [
        f"{module} line {node.lineno}"
        for module, source in modules(repository)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert [place for place in printing if not place.startswith("cli ")] == []


def test_a_breach_of_the_rule_is_caught_however_it_is_written():
    for breach in (
        "import importcut.clean",
        "import importcut.clean as c",
        "from importcut import clean",
        "from importcut.clean import imports",
        "from . import clean",
        "from .clean import imports",
        "def later():\n    from importcut import schema, clean",
        "import importcut\nimportcut.clean.imports()",
        "import importlib\nimportlib.import_module('importcut.clean')",
        "from importlib import import_module\nimport_module('.clean', __package__)",
        "__import__('importcut.clean')",
    ):
        assert ["measure imports clean" in fault for fault in faults("measure", breach)] == [True], breach
    assert list(faults("measure", "import importlib\nimportlib.import_module('importcut.' + name)"))
    assert list(faults("schema", "from importcut import dataset"))
    assert list(faults("attribute", "from importcut import dataset"))
    assert list(faults("measure", "from importcut import report"))
    assert list(faults("measure", "from importcut import import_panel"))
    assert list(faults("report", "import matplotlib.pyplot as plt"))
    assert list(faults("measure", "from ibis import _"))


def test_what_the_rule_allows_is_not_called_a_breach():
    shared = "from importcut import __version__, attribute, indices, schema\nfrom .schema import tables"
    for module, source in {
        "measure": shared,
        "report": "from importcut import chart, export, measure",
        "chart": "import matplotlib.pyplot as plt\nimport seaborn as sns\nfrom importcut import schema",
        "clean": "import duckdb\nimport ibis",
    }.items():
        assert list(faults(module, source)) == []


def test_a_notebook_has_one_cell_of_parameters(repository):
    tagged = {name: sum("parameters" in tags(cell) for cell in cells) for name, cells in notebooks(repository)}
    assert {name: n for name, n in tagged.items() if n != 1} == {}


def test_a_notebook_has_one_title(repository):
    titles = {name: headings(cells) for name, cells in notebooks(repository)}
    assert {name: found for name, found in titles.items() if len(found) != 1} == {}


def test_a_notebook_says_what_it_is_about_before_its_first_code(repository):
    first = {name: cells[0].cell_type if cells else "nothing" for name, cells in notebooks(repository)}
    assert {name: kind for name, kind in first.items() if kind != "markdown"} == {}


def test_a_notebook_composes_and_leaves_definitions_to_the_library(repository):
    found = [
        f"{name} cell {number} defines {definition}: move it to the library"
        for name, number, cell in code_cells(repository)
        for definition in definitions(cell.source)
    ]
    assert found == []


def test_a_code_cell_fits_a_glance(repository):
    lengths = {f"{name} cell {n}": len(cell.source.splitlines()) for name, n, cell in code_cells(repository)}
    assert {place: n for place, n in lengths.items() if n > LONGEST_CELL} == {}


def test_a_notebook_runs_on_any_machine(repository):
    paths = [
        f"{name} cell {number}: {text}"
        for name, cells in notebooks(repository)
        for number, cell in enumerate(cells, start=1)
        for text in texts(dict(cell))
        if MACHINE_PATH.search(text) or str(repository) in text
    ]
    assert paths == []


def test_the_notebook_checks_tell_right_from_wrong():
    cells = [nbformat.v4.new_markdown_cell("# One\n```\n# comment\n```\n## Two\n# Three")]
    assert headings(cells) == ["# One", "# Three"]
    assert definitions("%matplotlib inline\nx = 1\ndef f(): pass\nclass A: pass") == ["f", "A"]
    for path in ("/home/anna/x.csv", r"D:\Imports\x.csv", "C:/x.csv", "~/x.csv"):
        assert MACHINE_PATH.search(f"read('{path}')")
    for text in ("https://example.org/home/", "USD/kg", "data/raw/sample", "ratio: 1/2", "10:30"):
        assert not MACHINE_PATH.search(text)
