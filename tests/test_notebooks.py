"""The notebooks' golden text is really compared: a figure that differs stops the run at its cell."""

import os
import re
import shutil
import subprocess
import sys

import nbformat
import pytest

pytestmark = pytest.mark.long

GOLDEN = ["03_realised_cuts", "04_planned_cuts", "06_method"]


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


def test_every_notebook_runs_as_it_stands_and_says_what_it_said(published_reports, repository, tmp_path):
    tables = shutil.copytree(published_reports[1], tmp_path / "processed")  # which the notebooks save again
    run = compared("--nbval", "notebooks", folder=repository, IMPORTCUT_PROCESSED=str(tables))
    assert run.returncode == 0, run.stdout[-5000:]
    cells = [c for f in (repository / "notebooks").glob("*.ipynb") for c in nbformat.read(f, as_version=4).cells]
    assert f"{sum(c.cell_type == 'code' for c in cells)} passed" in run.stdout


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
