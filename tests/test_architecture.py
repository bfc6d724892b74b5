"""The data's way has one direction: who may import whom, read from the source without running it."""

import ast
import re
from graphlib import TopologicalSorter

import nbformat
from IPython.core.inputtransformer2 import TransformerManager

import importcut

GROUND = ("letters", "schema", "dataset", "language")  # in the order in which they may import one another
WINGS = ("intake", "economics", "telling")
ROOF = ("app",)
# The stages of the data's way through economics: each may import those before it, never one after it.
STAGES = (
    "indices", "panel", "prices", "decomposition", "series", "methods", "placebo", "falsification", "input_output",
    "uncertainty", "cuts", "alternatives", "attribution", "planning", "cost_benefit", "standing", "comparison",
    "programme", "simulation",
)  # fmt: skip
WAY = (  # from cells to cuts: the stages that `economics.way` walks
    "import_panel", "mix_constant_prices", "observe", "plant_cuts", "identification", "identified_cuts",
    "realised_cuts", "counterfactual_imports",
)  # fmt: skip
WALKERS = {"03_realised_cuts.ipynb": WAY, "02_import_profile.ipynb": ("import_panel",)}  # which show a stage
ONLY = {
    "matplotlib": ("telling.chart",),
    "seaborn": ("telling.chart",),
    "duckdb": ("intake",),
    "ibis": ("intake",),
    "pyspark": ("intake",),
    "openpyxl": ("intake",),
    "python_calamine": ("intake",),
    "xlrd": ("intake",),
    "papermill": ("app",),
    "nbclient": ("app",),
    "jupyter_client": ("app",),
    "ipywidgets": ("app",),
    "itables": ("app",),
}
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


def floor(module):
    """Where a module stands: ground, a wing, or the roof."""
    first = module.split(".")[0]
    return "ground" if first in ("__init__", *GROUND) else first


def stage(module):
    """The stage of economics that a dotted name stands in, if it is one."""
    return next((name for name in STAGES if f"{module}.".startswith(f"economics.{name}.")), None)


def faults(module, source):
    """What a module imports and may not, one sentence each; `module` as in `economics.panel`."""
    names = set(imported(source))
    if COMPUTED in names and module != "__init__":
        yield f"{module} imports {COMPUTED}: write the import out"
    ours = {name.removeprefix("importcut.") for name in names if name.startswith("importcut.")}
    ours = {importcut._MODULES.get(name, name) for name in ours} if module != "__init__" else set()
    for other in sorted(ours):
        if not _may(module, other):
            yield f"{module} imports {other}: let a notebook or the roof hand over the table instead"
    for library in sorted({name.split(".")[0] for name in names} & set(ONLY)):
        if not module.startswith(ONLY[library]):
            yield f"{module} imports {library}: only {' and '.join(ONLY[library])} may"


def _may(module, other):
    here, there = floor(module), floor(other)
    if here == "ground":
        order = [*GROUND, "__init__"]
        return there == "ground" and order.index(other.split(".")[0]) < order.index(module)
    if here == there == "economics" and stage(module):
        return bool(stage(other)) and STAGES.index(stage(other)) <= STAGES.index(stage(module))
    return here in ROOF or there in ("ground", here)


def modules(repository):
    """Each source file of the library with its dotted name; that of a package is the package's."""
    library = repository / "lib" / "importcut"
    for file in sorted(library.rglob("*.py")):
        parts = file.relative_to(library).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts), file.read_text("utf-8")


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


def test_every_module_stands_on_a_floor(repository):
    known = {"ground", *WINGS, *ROOF}
    assert [module for module, _ in modules(repository) if floor(module) not in known] == []


def test_data_go_one_way(repository):
    """The ground imports nothing of ours, a wing the ground and itself, a stage of economics those before it.

    Only the roof asks everybody; only the chart room draws, only intake knows a query engine or a file format.
    """
    assert [fault for module, source in modules(repository) for fault in faults(module, source)] == []


def test_the_way_from_cells_to_cuts_is_walked_in_one_place(repository):
    """Notebook 03 shows its stages, 02 the first one; everybody else asks `economics.way`."""
    sources = [(module, source) for module, source in modules(repository) if floor(module) != "economics"]
    sources += [("tests/conftest.py", (repository / "tests" / "conftest.py").read_text("utf-8"))]
    sources += [(name, TransformerManager().transform_cell(cell.source)) for name, _, cell in code_cells(repository)]
    stages = {(name, used.rpartition(".")[2]) for name, source in sources for used in imported(source)}
    assert sorted(s for s in stages if s[1] in WAY and s[1] not in WALKERS.get(s[0], ())) == []


def test_no_two_modules_import_one_another(repository):
    sources = dict(modules(repository))
    needs = {module: {*_ours(source, sources)} & {*sources} - {module} for module, source in sources.items()}
    assert list(TopologicalSorter(needs).static_order())  # raises CycleError, which names the cycle


def _ours(source, known):
    """The modules of ours that a source imports: what it names, or the module that the name stands in."""
    for name in imported(source):
        own = name.removeprefix("importcut.")
        if own != name:
            yield own if own in known else own.rpartition(".")[0]


def test_only_the_command_line_prints(repository):
    printing = [
        f"{module} line {node.lineno}"
        for module, source in modules(repository)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert [place for place in printing if not place.startswith("app.cli")] == []


def test_a_breach_of_the_rule_is_caught_however_it_is_written():
    for breach in (
        "import importcut.intake.clean",
        "import importcut.intake.clean as c",
        "from importcut.intake import clean",
        "from importcut.intake.clean import clean_imports",
        "from importcut import clean_imports",
        "def later():\n    from importcut.intake import clean",
        "import importcut\nimportcut.clean_imports()",
        "import importlib\nimportlib.import_module('importcut.intake.clean')",
        "__import__('importcut.intake.clean')",
    ):
        assert any("economics.prices imports intake" in f for f in faults("economics.prices", breach)), breach
    assert list(faults("economics.prices", "import importlib\nimportlib.import_module('importcut.' + name)"))
    assert list(faults("economics.panel", "from importcut.economics.prices import rate_index"))
    assert list(faults("economics.panel", "from importcut.economics import prices"))
    assert list(faults("economics.panel", "from importcut.economics import way"))
    assert list(faults("schema", "from importcut.dataset import Dataset"))
    assert list(faults("language", "from importcut.economics import way"))
    assert list(faults("telling.narrate", "from importcut.app.run import make_report"))
    assert list(faults("app.run", "import matplotlib.pyplot as plt"))
    assert list(faults("economics.prices", "from ibis import _"))


def test_every_module_of_economics_is_a_stage(repository):
    rooms = {module.removeprefix("economics.") for module, _ in modules(repository) if floor(module) == "economics"}
    assert rooms == {*STAGES, "economics"}


def test_what_the_rule_allows_is_not_called_a_breach():
    for module, source in {
        "economics.cuts": "from importcut.economics.series import Observed",
        "economics.prices": "from importcut.schema import tables\nfrom importcut.dataset import Dataset",
        "app.run": "from importcut.telling import chart, export\nfrom importcut.economics import way",
        "telling.chart.style": "import matplotlib.pyplot as plt\nimport seaborn as sns",
        "intake.clean": "import duckdb\nimport ibis",
        "language": "from importcut.dataset import Dataset",
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
