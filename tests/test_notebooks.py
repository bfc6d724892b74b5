"""The notebooks' golden text is really compared: a figure that differs stops the run at its cell."""

import re
import subprocess
import sys

import nbformat
import pytest

GOLDEN = ["03_realised_cuts", "04_planned_cuts", "06_method"]


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


def test_another_figure_in_the_library_fails_the_notebook_there(repository, tmp_path):
    """The library's answer is made to differ from the golden one by one figure, and nothing else."""
    notebook = nbformat.read(repository / "notebooks" / "06_method.ipynb", as_version=4)
    imports = next(cell for cell in notebook.cells if "from importcut.measure import" in cell.source)
    imports.source += "\nimport importcut.measure\nfisher = lambda *prices: importcut.measure.fisher(*prices) + 0.001"
    nbformat.write(notebook, tmp_path / "changed.ipynb")
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "--nbval-lax", "-q", "-p", "no:cacheprovider", "changed.ipynb"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    failed = re.findall(r"FAILED \S+::Cell (\d+)", run.stdout)
    fisher_cell = [c for c in notebook.cells if c.cell_type == "code"].index(
        next(c for c in notebook.cells if "Laspeyres {laspeyres" in c.source)
    )
    assert failed == [str(fisher_cell)], run.stdout[-2000:]
