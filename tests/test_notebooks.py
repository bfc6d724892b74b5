"""The notebooks' golden text is really compared: a figure that differs stops the run at its cell."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib

import nbformat
import papermill
import pytest
from papermill.exceptions import PapermillExecutionError

from importcut.app import parameters
from importcut.schema import RunError

pytestmark = pytest.mark.long

GOLDEN = ["03_realised_cuts", "04_planned_cuts", "06_method"]
IN_A_REPORT = ["01_prepare_imports", "02_import_profile", "03_realised_cuts", "04_planned_cuts", "06_method"]


def compared(*words, folder, **variables):
    """The outcome of pytest on notebooks, their golden text compared."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=os.environ | variables)


def golden_cells(notebook):
    return [cell for cell in notebook.cells if "golden" in cell.metadata.get("tags", [])]


@pytest.mark.parametrize("name", GOLDEN)
def test_a_golden_table_is_kept_and_compared(name, repository):
    cells = golden_cells(nbformat.read(repository / "notebooks" / f"{name}.ipynb", as_version=4))
    assert cells
    for cell in cells:
        assert cell.execution_count and re.search(r"\d{2}", cell.outputs[0]["text"])
        assert {"nbval-check-output", "keep_output"} <= set(cell.metadata["tags"])


def test_only_golden_cells_keep_an_output(repository):
    for file in (repository / "notebooks").glob("*.ipynb"):
        notebook = nbformat.read(file, as_version=4)
        kept = [cell.id for cell in notebook.cells if cell.get("outputs")]
        assert kept == [cell.id for cell in golden_cells(notebook)], file.name


def outputs(cell):
    """What a golden cell says: its stream and the text of what it shows."""
    return [output.get("text") or output["data"]["text/plain"] for output in cell.outputs]


def values(source):
    """The values that a cell of parameters assigns, with types or without."""
    assignments = [node for node in ast.parse(source).body if isinstance(node, ast.Assign | ast.AnnAssign)]
    targets = [node.target if isinstance(node, ast.AnnAssign) else node.targets[0] for node in assignments]
    return {name.id: ast.literal_eval(node.value) for name, node in zip(targets, assignments, strict=True)}


@pytest.mark.parametrize("name", [*IN_A_REPORT, "05_quarterly_report"])
def test_a_notebook_runs_in_a_report_as_it_stands_and_says_what_it_said(name, published_reports, repository):
    """A report runs the shipped notebooks with the parameters that stand in them: no kernel runs them again here."""
    report = published_reports[0] / "sample" / "2026Q3"
    run = nbformat.read(report / ("notebooks" if name in IN_A_REPORT else "en") / f"{name}.ipynb", as_version=4)
    shipped = nbformat.read(repository / "notebooks" / f"{name}.ipynb", as_version=4)
    (injected,) = (cell for cell in run.cells if "injected-parameters" in cell.metadata.get("tags", []))
    (defaults,) = (cell for cell in shipped.cells if "parameters" in cell.metadata.get("tags", []))
    assert values(injected.source).items() <= values(defaults.source).items()
    executed = [cell for cell in run.cells if cell is not injected]
    assert [(cell.id, cell.source) for cell in executed] == [(cell.id, cell.source) for cell in shipped.cells]
    code = [cell for cell in executed if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in code)
    assert not [output for cell in code for output in cell.outputs if output.output_type == "error"]
    said = {cell.id: outputs(cell) for cell in golden_cells(run)}
    assert said == {cell.id: outputs(cell) for cell in golden_cells(shipped)}


@pytest.mark.ci
def test_every_other_notebook_runs_as_it_stands_and_says_what_it_said(published_reports, repository, tmp_path):
    tables = shutil.copytree(published_reports[1], tmp_path / "processed")  # which the notebooks save again
    others = {f.stem for f in (repository / "notebooks").glob("*.ipynb")} - {*IN_A_REPORT, "05_quarterly_report"}
    files = [f"notebooks/{name}.ipynb" for name in sorted(others)]
    run = compared("--nbval", *files, folder=repository, IMPORTCUT_PROCESSED=str(tables))
    assert run.returncode == 0, run.stdout[-5000:]
    cells = [c for f in files for c in nbformat.read(repository / f, as_version=4).cells]
    assert files and f"{sum(c.cell_type == 'code' for c in cells)} passed" in run.stdout


@pytest.mark.ci
def test_another_figure_in_the_library_fails_the_notebook_there(repository, tmp_path):
    """The library's answer is made to differ from the golden one by one figure, and nothing else."""
    notebook = nbformat.read(repository / "notebooks" / "06_method.ipynb", as_version=4)
    imports = next(cell for cell in notebook.cells if "from importcut import" in cell.source)
    imports.source += "\nright = fisher\nfisher = lambda *prices: right(*prices) + 0.001"
    nbformat.write(notebook, tmp_path / "changed.ipynb")
    run = compared("--nbval-lax", "changed.ipynb", folder=tmp_path)
    failed = re.findall(r"FAILED \S+::Cell (\d+)", run.stdout)
    fisher_cell = [c for c in notebook.cells if c.cell_type == "code"].index(
        next(c for c in notebook.cells if "Laspeyres {laspeyres" in c.source)
    )
    assert failed == [str(fisher_cell)], run.stdout[-2000:]


def test_the_first_cell_below_the_parameters_of_every_notebook_checks_them(repository):
    for file in (repository / "notebooks").glob("*.ipynb"):
        code = [c for c in nbformat.read(file, as_version=4).cells if c.cell_type == "code"]
        assert "parameters" in code[0].metadata["tags"], file.name
        first = next(
            line for line in ast.parse(code[1].source).body if not isinstance(line, ast.Import | ast.ImportFrom)
        )
        assert ast.unparse(first) == "check_parameters()", file.name


def test_papermill_alone_runs_no_notebook_whose_parameter_it_does_not_know(repository, tmp_path, monkeypatch):
    monkeypatch.setenv("IMPORTCUT_PROCESSED", str(tmp_path / "processed"))
    notebook, run = repository / "notebooks" / "02_import_profile.ipynb", tmp_path / "run.ipynb"
    with pytest.raises(PapermillExecutionError) as refusal:
        papermill.execute_notebook(notebook, run, {"perod": "2025Q4"}, kernel_name="python3", progress_bar=False)
    assert refusal.value.evalue == "this notebook: no parameter perod — it has dataset, period, language, scenario"
    assert not (tmp_path / "processed").exists()


@pytest.mark.parametrize(
    ("injected", "message"),
    [
        ("perod = '2025Q4'", "no parameter perod — it has period, years"),
        ("period = 2024", r"period = 2024 is a int — give a str \(papermill: -r period 2024\)"),
        ("years = '3'", "years = '3' is a str — give a int$"),
        ("period = float('nan')", "not a parameter"),
        ("period = '2024'\nyears = -3", ""),
    ],
)
def test_what_papermill_puts_below_the_parameters_is_known_and_of_its_type(injected, message):
    cells = ["period: str = '2026Q3'\nyears: int = 1", f"# Parameters\n{injected}\n", "check_parameters()"]
    if message:
        with pytest.raises(RunError, match=f"^n: .*{message}"):
            parameters.check_injected(cells, "n")
    else:
        parameters.check_injected(cells, "n")


@pytest.mark.ci
@pytest.mark.parametrize("words", ["-p perod 2025Q4", "-p period 2025"])
def test_papermills_engine_of_importcut_starts_no_kernel_for_a_wrong_parameter(words, repository, tmp_path):
    """The engine is found as pyproject.toml declares it."""
    declared = tomllib.loads((repository / "pyproject.toml").read_text())["project"]["entry-points"]["papermill.engine"]
    about = tmp_path / "strict-1.dist-info" / "entry_points.txt"
    about.parent.mkdir()
    about.write_text(f"[papermill.engine]\nimportcut = {declared['importcut']}\n")
    paths = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH")]))
    environment = os.environ | {"PYTHONPATH": paths}
    # papermill asks for its engines while it is imported, also by the library that holds one of them
    subprocess.run([sys.executable, "-c", "import importcut.app.kernel"], check=True, env=environment)
    command = [sys.executable, "-m", "papermill", "--engine", "importcut", "-k", "no_such_kernel"]
    command += ["notebooks/02_import_profile.ipynb", str(tmp_path / "run.ipynb"), *words.split()]
    run = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False, env=environment)
    assert run.returncode == 1 and "RunError: 02_import_profile.ipynb:" in run.stderr and words.split()[1] in run.stderr
    assert not (tmp_path / "run.ipynb").exists()
