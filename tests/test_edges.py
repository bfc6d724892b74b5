"""Whole reports, through the real notebooks, in the periods and scenarios where there is little or nothing to tell."""

import json

import pandas as pd
import pytest

from importcut.app.run import make_report

pytestmark = pytest.mark.long


@pytest.fixture
def made(tmp_path, monkeypatch):
    monkeypatch.setenv("IMPORTCUT_PROCESSED", str(tmp_path / "processed"))
    return lambda *words, **options: make_report(*words, out=tmp_path / "reports", **options)


@pytest.mark.parametrize(("dataset", "period"), [("sample", "2025Q2"), ("uzbekistan", "2018")])
def test_a_report_without_an_identified_cut_is_whole_and_says_so(dataset, period, made):
    report = made(dataset, period=period)
    assert report.headline == "No project has an identified cut."
    page = (report.folder / "en" / "report.html").read_text(encoding="utf-8")
    assert "Not ranked, because" in page and "nan" not in page.lower().replace("finance", "")
    ranking = pd.read_csv(report.folder / "tables" / "ranking.csv")
    assert ranking.query("basis == 'realised_to_date'")["rank"].isna().all()


def test_a_what_if_scenario_says_what_it_changes_against_the_base(made):
    report = made("sample", scenario="leader_fails", formats=["html"])
    assert report.folder.name == "2026Q3-leader_fails"
    page = (report.folder / "en" / "report.html").read_text(encoding="utf-8")
    target = pd.read_csv(report.folder / "tables" / "target.csv").set_index("reading").loc["cumulative"]
    difference = target["baseline_usd"] - target["planned_usd"]
    assert f"The largest project fails”: ${difference / 1e6:.1f} million less gross than the base scenario" in page
    assert json.loads((report.folder / "manifest.json").read_text())["scenario"] == "leader_fails"
