"""Whole reports, through the real notebooks, in the periods and scenarios where there is little or nothing to tell."""

import json
import re
import shutil

import nbformat
import pandas as pd
import pytest

from importcut.app.run import make_report

pytestmark = [pytest.mark.long, pytest.mark.ci]


@pytest.fixture(scope="module")
def made(published_reports, repository, tmp_path_factory):
    """Makes reports from lines that were read before; the notebook that knows no dataset is cut down to its title."""
    root = tmp_path_factory.mktemp("edges")
    processed = shutil.copytree(published_reports[1], root / "processed")
    notebooks = shutil.copytree(repository / "notebooks", root / "notebooks")
    method = nbformat.read(notebooks / "06_method.ipynb", as_version=4)
    method.cells = [cell for cell in method.cells if cell.cell_type == "markdown" or "parameters" in cell.metadata.tags]
    nbformat.write(method, notebooks / "06_method.ipynb")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IMPORTCUT_PROCESSED", str(processed))
        yield lambda *words, **options: make_report(*words, out=root / "reports", notebooks=notebooks, **options)


@pytest.mark.parametrize(
    ("dataset", "period", "headline"),
    [
        ("sample", "2025Q2", "No project has begun to deliver. The first output is due in Q4\xa02025: "),
        ("uzbekistan", "2018", "No project has an identified cut."),  # open questions may follow
    ],
)
def test_a_report_without_an_identified_cut_is_whole_and_says_so(dataset, period, headline, made):
    report = made(dataset, period=period)
    assert report.headline.startswith(headline)
    page = (report.folder / "en" / "report.html").read_text(encoding="utf-8")
    due = "Nothing has been delivered yet; the first output is due in Q4\xa02025"
    assert (due in page) == (dataset == "sample")
    assert re.search("Not ranked, (each )?because", page) and "nan" not in page.lower().replace("finance", "")
    ranking = pd.read_csv(report.folder / "tables" / "ranking.csv")
    assert ranking.query("basis == 'realised_to_date'")["rank"].isna().all()


def test_a_what_if_scenario_says_what_it_changes_against_the_base(made):
    report = made("sample", scenario="leader_fails", formats=["html"])
    assert report.folder.name == "2026Q3-leader_fails"
    page = (report.folder / "en" / "report.html").read_text(encoding="utf-8")
    target = pd.read_csv(report.folder / "tables" / "target.csv").set_index("reading").loc["cumulative"]
    difference = target["baseline_usd"] - target["planned_usd"]
    assert f"The largest project fails”: ${difference / 1e6:.1f}\xa0million less gross than the base scenario" in page
    assert json.loads((report.folder / "manifest.json").read_text())["scenario"] == "leader_fails"
