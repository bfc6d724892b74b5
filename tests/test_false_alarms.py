"""Nothing right is refused: samples without a fault ask nothing, and of planted faults every one is found."""

import pandas as pd
import pytest

import economy
from importcut.app.check import examination, statement
from importcut.economics.panel import import_panel
from importcut.intake.opening import open_dataset
from published import as_known

SEEDS = range(701, 721)
QUESTIONS = 3  # that an honest quarter may ask
LINES = (20_000, 6_000)  # of a sample: as many as the shipped one, and few
MENDED = {"missing_weight": "missing", "wrong_unit": "unit_repaired", "hs_code_look_alike": "cleaned"}
OF_PERIODS = {"coverage_break", "reporting_break"}  # seen in the panel, not on a line


def questions(result):
    """What stops a report, and what it would have to ask on its first page."""
    return [defect.text for defect in result.defects if defect.stops or getattr(defect, "question", False)]


def generated(seed, folder, **options):
    economy.write(folder / "sample", rows=LINES[seed % 2], seed=seed, **options)
    return folder / "sample"


@pytest.fixture(autouse=True)
def aside(tmp_path, monkeypatch):
    monkeypatch.setenv("IMPORTCUT_PROCESSED", str(tmp_path / "processed"))


@pytest.mark.parametrize("name", ["sample", "uzbekistan"])
def test_a_shipped_dataset_carries_its_answers_raises_nothing_and_has_no_column_that_is_not_read(name):
    """Also where the columns are those of the mirror."""
    result = examination(name)
    assert questions(result) == [] and not any("not read" in line for line in statement(result))


@pytest.mark.ci
@pytest.mark.parametrize("seed", SEEDS)
def test_a_sample_without_faults_raises_nothing(seed, tmp_path):
    result = examination(generated(seed, tmp_path, sound=True))
    assert [defect.text for defect in result.defects] == []


@pytest.mark.parametrize("seed", [SEEDS[0], *(pytest.param(seed, marks=pytest.mark.ci) for seed in SEEDS[1:])])
def test_of_the_planted_faults_every_one_is_found_and_little_is_asked(seed, tmp_path):
    folder = generated(seed, tmp_path, faults=tmp_path / "faults.csv")
    planted = pd.read_csv(tmp_path / "faults.csv", index_col="reason")["lines"]
    result = examination(folder)
    rules = result.cleaned.rules
    aside = rules[rules["decides"].eq("line") & rules["kind"].ne("accepted")].groupby("rule")["lines"].sum()
    assert aside.to_dict() == planted.drop([*MENDED, *OF_PERIODS], errors="ignore").to_dict()
    treated = rules[rules["decides"].ne("line")].groupby("rule")["lines"].sum()
    mended = planted.reindex([*MENDED], fill_value=0)  # of the rarest fault a small sample may have none
    assert treated.reindex([*MENDED.values()], fill_value=0).tolist() == mended.tolist()
    ds = open_dataset(folder, period="2026Q3")
    assert set(import_panel(result.cleaned.cells, ds)[1]["check"]) >= OF_PERIODS
    assert len(questions(result)) <= QUESTIONS


@pytest.mark.ci
@pytest.mark.parametrize("period", ["2025Q4", "2026Q1"])
def test_an_honest_quarter_asks_little(period, tmp_path, repository):
    """The shipped sample as it stood when an earlier quarter came in."""
    known = as_known(repository / "data" / "raw" / "sample", tmp_path / "sample", period)
    assert len(questions(examination(known))) <= QUESTIONS
