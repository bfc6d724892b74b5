"""A workshop for tests of reports: a small dataset, notebooks of a few lines, and the report that they make."""

import shutil

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from importcut.app import kernel, run
from importcut.app.run import make_report
from importcut.dataset import processed_folder

PARAMETERS = 'dataset: str = "tiny"\nperiod: str = "2024"\nlanguage: str = "en"\nscenario: str = "base"'
TARGET = """
import pandas as pd
from importcut import open_dataset, schema
ds = open_dataset(dataset, period=period, scenario=scenario)
schema.save(schema.empty("target", ds), "target", ds)
"""
ANSWER = """
from pathlib import Path
from IPython.display import display
lines = len((Path(dataset) / "donors.csv").read_text().splitlines())
found = {"headline": f"{language} {period}: {lines} lines", "title": "Tiny", "mark": "invented"}
display({"application/vnd.importcut.headline+json": found}, raw=True)
drawing = f'<svg xmlns="http://www.w3.org/2000/svg"><rect width="{lines}" height="1"/></svg>'
display({"image/svg+xml": drawing}, metadata={"image/svg+xml": {"alt": "a bar"}}, raw=True)
"""
CODE = {
    "01_prepare_imports": "period",
    "02_import_profile": "print(period)",
    "03_realised_cuts": "period",
    "04_planned_cuts": TARGET,
    "05_quarterly_report": ANSWER,
    "06_method": "1 + 1",
}
ALL = 11  # six notebooks, tables, workbook, figures, page, page to explore


def write_notebook(path, code, parameters=PARAMETERS):
    cells = [
        new_markdown_cell("# Title", id="title"),
        new_code_cell(parameters, id="parameters", metadata={"tags": ["parameters"]}),
        new_code_cell(code.strip(), id="code"),
    ]
    about = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(new_notebook(cells=cells, metadata=about | {"language_info": {"name": "python"}}), path)
    return path


class Workshop:
    """A folder with a dataset, notebooks, tables and reports of its own."""

    def __init__(self, root):
        self.root, self.out = root, root / "reports"
        self.dataset, self.notebooks, self.processed = root / "tiny", root / "notebooks", root / "processed"
        self.report = self.out / "tiny" / "2024"

    @property
    def made(self):
        """Where what is made of the dataset lies."""
        return processed_folder(self.dataset)

    def make(self, **options):
        options = {"formats": ("html", "xlsx")} | options
        return make_report(self.dataset, out=self.out, notebooks=self.notebooks, **options)

    def rewrite(self, name, code, parameters=PARAMETERS):
        write_notebook(self.notebooks / f"{name}.ipynb", code, parameters)

    def add_donor_line(self):
        donors = self.dataset / "donors.csv"
        donors.write_text(donors.read_text().rstrip("\n") + "\n\n")


def contents(folder):
    return {f.relative_to(folder).as_posix(): f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file()}


@pytest.fixture(scope="session")
def first_report(tmp_path_factory, repository):
    """A workshop in which one report has been made."""
    shop = Workshop(tmp_path_factory.mktemp("workshop"))
    shutil.copytree(repository / "tests" / "cases" / "annual", shop.dataset)
    shop.notebooks.mkdir()
    for name, code in CODE.items():
        shop.rewrite(name, code, 'language: str = "en"' if name == "06_method" else PARAMETERS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IMPORTCUT_PROCESSED", str(shop.processed))
        patch.setattr(run, "library", list)
        made = shop.make()
    assert (len(made.new), made.standing) == (ALL, ())
    return shop


@pytest.fixture
def shop(first_report, tmp_path, monkeypatch):
    """A copy of the first workshop, report and all."""
    root = shutil.copytree(first_report.root, tmp_path / "shop")
    monkeypatch.setenv("IMPORTCUT_PROCESSED", str(root / "processed"))
    take_along(root)
    monkeypatch.setattr(run, "known_languages", lambda: ["en", "uz-Cyrl"])
    monkeypatch.setattr(run, "library", list)  # whoever edits the library while tests run changes no result
    return Workshop(root)


def take_along(root):
    """What was made of the dataset is now what was made of it here: of another place it would be another dataset."""
    [former] = (root / "processed").iterdir()
    former.rename(processed_folder(root / "tiny"))


@pytest.fixture
def no_kernel(monkeypatch):
    """From now on a kernel that starts is a failure."""

    def started(*_, **__):
        raise AssertionError("a kernel was started")

    monkeypatch.setattr(kernel, "run_notebook", started)
    monkeypatch.setattr(kernel.ThisPython, "start_kernel", started)
