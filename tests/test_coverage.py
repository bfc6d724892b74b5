"""Whether a report can be made, of which period, and what it leaves out: `check` and `report` ask one function."""

import shutil
from dataclasses import replace

import pandas as pd
import pytest
from typer.testing import CliRunner

from importcut.app import run
from importcut.app.check import examination, verdict
from importcut.app.cli import app
from importcut.app.coverage import coverage_of
from importcut.app.run import make_report
from importcut.intake.opening import open_dataset
from importcut.schema import DataError, tables

HEADER = "declaration_id,item,date,hs_code,description,origin,net_weight,value_usd"
LINES = [
    "A1,1,2025-01-10,3208200000,enamel,KR,1000,3000",
    "A2,1,2025-04-10,3208200000,enamel,KR,1200,3600",
    "A3,1,2025-07-10,3208200000,enamel,KR,10,25000000000",  # the only line of its quarter, and absurd
]


@pytest.fixture
def small(repository):
    return replace(open_dataset(repository / "tests" / "cases" / "small"), base_period=pd.Period("2024", "Y"))


def cells(periods, lines=100, net_kg=100.0):
    """Cells of one product, with so many lines in each period."""
    rows = dict.fromkeys(column.name for column in tables()["cells"].columns)
    rows |= {"product_id": "topcoat", "plant_id": "asaka", "origin": "KR", "value_usd": 200.0, "net_kg": net_kg}
    rows |= {"weight_rule": "declared", "value_rule": "declared"}
    table = pd.DataFrame([rows | {"period": period} for period in pd.PeriodIndex(periods, freq="Q")], columns=[*rows])
    return table.assign(lines=lines, net_kg=table["net_kg"].astype("float64"))


EVERY = pd.period_range("2022Q1", "2026Q3", freq="Q")


def told(ds, table=None, **changed):
    return coverage_of(replace(ds, **changed), cells(EVERY) if table is None else table)


def test_a_period_that_ends_before_the_base_period_is_over_is_refused(small):
    message = "period 2024Q1: the base period 2024 is not over — choose 2024Q4 or later"
    early = cells(pd.period_range(EVERY[0], "2024Q1"))
    horizon = {"horizon": EVERY[-1]}
    assert coverage_of(replace(small, period=pd.Period("2024Q1")), early, **horizon).obstacles == (message,)
    for changed in ({"period": pd.Period("2024Q4")}, {"period": None}, {}):
        assert told(small, **changed).obstacles == () and told(small, **changed).latest == EVERY[-1]
    estimated = replace(small, period=pd.Period("2024Q1"), counterfactual="control_basket")
    assert coverage_of(estimated, early, **horizon).obstacles == ()


@pytest.mark.parametrize("base", ["2019", "2026", "2021Q4"])
def test_a_base_period_without_imports_is_refused(small, base):
    message = f"dataset.toml: base_period {base} is not covered by the imports, 2022Q1–2026Q3 — choose one that is"
    assert told(small, period=pd.Period("2025Q1"), base_period=pd.Period(base)).obstacles == (message,)


def test_a_period_without_imports_is_refused(small):
    message = "period 2026Q4 is not in dataset small, which covers 2022Q1–2026Q3 — choose one of these"
    assert told(small, period=pd.Period("2026Q4")).obstacles == (message,)


def test_what_economics_cannot_go_beyond_is_an_obstacle(small):
    [obstacle] = told(small, weights={"addressable": 0, "growth": 0, "concentration": 0, "feasibility": 0}).obstacles
    assert obstacle.startswith("dataset.toml: all [weights] are 0")
    [obstacle] = told(small, cells([])).obstacles
    assert obstacle.startswith("small: no line is an import of a product — `importcut check small`")


@pytest.mark.parametrize(
    ("periods", "lines", "latest", "stray"),
    [
        ([*EVERY, "2062Q3"], [100] * 19 + [10], "2026Q3", "2062Q3"),
        ([*EVERY, "2027Q1", "2062Q3"], [100] * 19 + [10, 3], "2026Q3", "2027Q1"),
        ([*EVERY, "2026Q4"], [100] * 19 + [10], "2026Q4", None),  # a quarter that has begun
        ([*EVERY, "2027Q1"], [100] * 20, "2027Q1", None),  # the file of the quarter before is missing
        (["2062Q3"], [1], "2062Q3", None),
    ],
)
def test_a_few_lines_beyond_a_gap_are_slips_of_the_pen_and_no_latest_period(small, periods, lines, latest, stray):
    span = told(
        small, cells(periods, lines), base_period=pd.Period("2022Q1") if len(lines) > 1 else pd.Period("2062Q3")
    )
    assert (str(span.latest), span.stray and str(span.stray)) == (latest, stray)


def test_what_a_report_has_to_leave_out_is_said(small):
    heavy, light = cells(EVERY), cells(EVERY, net_kg=None).assign(product_id="antifreeze")
    assert told(small, pd.concat([heavy, light])).restrictions == (
        "no cuts: no project is registered", "no plan: dataset.toml has no target or programme_start",
        "no weights and prices of antifreeze: no line states a weight",
    )  # fmt: skip


def test_values_without_any_weight_are_no_obstacle_and_their_weights_and_prices_are_left_out(small):
    span = told(small, cells(EVERY, net_kg=None))
    assert span.obstacles == () and "no weights and prices of topcoat: no line states a weight" in span.restrictions


@pytest.fixture
def folder(repository, tmp_path, monkeypatch):
    """A quarterly dataset of one product of the whole country, whose last quarter has one line, which is absurd."""
    monkeypatch.setenv("IMPORTCUT_PROCESSED", str(tmp_path / "processed"))
    made = shutil.copytree(repository / "tests" / "cases" / "small", tmp_path / "small")
    (made / "plants.csv").unlink()
    settings = (made / "dataset.toml").read_text(encoding="utf-8").replace('import_regimes = ["40"]\n', "")
    (made / "dataset.toml").write_text(settings, encoding="utf-8")
    receive(made, *LINES)
    return made


def receive(folder, *lines):
    (folder / "imports").mkdir(exist_ok=True)
    (folder / "imports" / "a.csv").write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")


def reported(folder, monkeypatch, **options):
    """The period of which a report would be made, and what it leaves out; no notebook is run."""
    taken = []

    def steps(setting, spoken):
        taken.append(setting.ds.period)
        raise StopIteration

    monkeypatch.setattr(run, "report_steps", steps)
    monkeypatch.setattr(run.preload, "start", lambda: None)
    with pytest.raises(StopIteration):
        make_report(folder, out=folder.parent / "reports", **options)
    return str(taken[0])


def test_the_latest_period_is_the_latest_with_accepted_imports(folder, monkeypatch):
    assert verdict(examination(folder)).startswith("small: a report of 2025Q2 can be made, 1 to mend")
    assert [reported(folder, monkeypatch) for _ in range(2)] == ["2025Q2"] * 2, "also where it is remembered"
    with pytest.raises(DataError, match="period 2025Q3 is not in dataset small, which covers 2025Q1–2025Q2"):
        make_report(folder, period="2025Q3", out=folder.parent / "reports")


def test_mistyped_years_make_no_latest_period_and_are_named(folder, monkeypatch):
    years = [f"B{n},1,2025-0{1 + 3 * (n % 3)}-11,3208200000,enamel,KR,{1000 + n},3000" for n in range(60)]
    receive(folder, *years, *(f"C{n},1,2062-08-1{n},3208200000,enamel,KR,1000,3000" for n in range(3)))
    result = examination(folder)
    assert [(d.value_usd, d.stops, d.text.partition(" — ")[0]) for d in result.defects] == [
        (9000.0, False, "imports/a.csv line 62 and 2 more: date in 2062Q3 or later, and nothing is dated between "
         "2025Q3 and that"),
    ]  # fmt: skip
    assert verdict(result).startswith("small: a report of 2025Q3 can be made, 1 to mend")
    assert reported(folder, monkeypatch) == "2025Q3"
    assert reported(folder, monkeypatch, period="2062Q3") == "2062Q3"


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(["A1,1,2025-01-10,9999990000,enamel,KR,1000,3000"], marks=pytest.mark.ci),
        pytest.param(["A1,1,2025-02-31,3208200000,enamel,KR,1000,3000"], marks=pytest.mark.ci),
        ["A1,1,2025-04-10,3208200000,enamel,KR,1000,3000"],
    ],
    ids=["no product", "no date", "no base"],
)
def test_report_refuses_what_check_refuses_in_the_same_sentence(folder, lines):
    receive(folder, *lines)
    obstacles = [defect.text for defect in examination(folder).defects if defect.stops]
    assert len(obstacles) == 1 and CliRunner().invoke(app, ["check", str(folder)]).exit_code == 1
    with pytest.raises(DataError) as refusal:
        make_report(folder, out=folder.parent / "reports")
    assert str(refusal.value) == obstacles[0]


def test_report_is_made_of_values_alone_as_check_says(folder, monkeypatch):
    receive(folder, "A1,1,2025-01-10,3208200000,enamel,KR,,3000", "A2,1,2025-04-10,3208200000,enamel,KR,0,3000")
    result = examination(folder)
    assert not any(defect.stops for defect in result.defects)
    assert verdict(result).startswith("small: a report of 2025Q2 can be made")
    assert "no weights and prices of topcoat: no line states a weight" in verdict(result)
    assert reported(folder, monkeypatch) == "2025Q2"
