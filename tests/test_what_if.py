"""What if: other assumptions and thresholds, one project more, two datasets side by side, a table taken elsewhere."""

import re

import pandas as pd
import pypandoc
import pytest

from importcut import Voice, add_project, compare, readable, scenario, standpoint, what_if
from importcut.app.supposition import import_cells
from importcut.schema import DataError, UsageError

SHEET = {"capacity": 900.0, "unit": "t", "kg_per_unit": 1000.0, "ramp_up": "0.5;0.8"}
ABOUT = {"name_en": "Resin (Kokand)", "class": "investment", "company": "new", "first_output": "2027-04"}


def resin(ds, products=None, **other):
    return add_project(ds, "resin_kokand", products or {"pp_compound": SHEET}, **ABOUT | other)


@pytest.fixture
def side_by_side(sample, monkeypatch):
    """`compare` over the cells of the sample, by figure and id."""
    monkeypatch.setattr("importcut.app.supposition.import_cells", lambda ds: sample.cells)
    return lambda a, b: compare(a, b).set_index(["figure", "id"])


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [("delay_years", -5, "0 to 20"), ("success", 7, "0 to 1"), ("price_drift", 0.9, "-0.5 to 0.5")],
)
def test_an_assumption_out_of_its_bounds_is_refused_with_them(name, value, allowed, sample):
    for ask in (
        lambda: standpoint("sample", "2026Q3", **{name: value}),
        lambda: what_if(sample.ds, assumptions={name: value}),
        lambda: what_if(sample.ds, {"rubber_angren": {name: value}}),
    ):
        with pytest.raises(DataError, match=rf"^{name} {float(value)} — must be {allowed}"):
            ask()


def test_a_threshold_is_known_and_within_its_bounds(sample):
    with pytest.raises(UsageError, match=r"^there is no threshold frequency — choose one of reporting_break_ratio, "):
        what_if(sample.ds, thresholds={"frequency": 1})
    with pytest.raises(DataError, match=r"^placebo_p 2\.0 — must be a share"):
        what_if(sample.ds, thresholds={"placebo_p": 2})


def test_a_project_more_is_planned_and_no_file_and_no_other_dataset_changes(sample, side_by_side):
    more = resin(sample.ds)
    assert len(sample.ds.projects) == 14 and len(more.projects) == 15
    assert more.names("projects", "ru")["resin_kokand"] == "Resin (Kokand)", "a name that is left out is the other one"
    table = side_by_side(sample.ds, more)
    before, after, difference = table.loc[("planned", "resin_kokand")]
    assert before == 0 and after == difference > 0
    assert table.loc[("target", "cumulative"), "difference"] == pytest.approx(after)
    assert table.loc[("not_told", "not_started"), "difference"] == 1


@pytest.mark.parametrize(
    ("products", "about", "told"),
    [
        ({"resin": SHEET}, {}, "project_products resin: product_id resin is not in products — add it there"),
        ({"pp_compound": {**SHEET, "plant_share": 7}}, {}, "pp_compound: plant_share 7 — must be a share from 0 to 1"),
        (None, {"first_output": "spring"}, "projects resin_kokand: first_output spring — must be a month, YYYY-MM"),
        (None, {"clas": "investment"}, "there is no column clas — is class meant"),
    ],
)
def test_a_project_more_is_checked_as_those_of_the_registers_are(products, about, told, sample):
    with pytest.raises((DataError, UsageError), match=told):
        resin(sample.ds, products, **about)


def test_a_project_that_is_there_already_is_not_added(sample):
    with pytest.raises(DataError, match=r"^project rubber_angren is in projects\.csv already"):
        add_project(sample.ds, "rubber_angren", {"pp_compound": SHEET}, **ABOUT)


def test_two_scenarios_side_by_side_are_the_reports_figures_of_each(sample, side_by_side):
    late = scenario(sample.ds, "late")
    table = side_by_side(sample.ds, late)
    target = sample.target.set_index("reading")["on_course_usd"]
    for reading, usd in target.items():
        assert table.loc[("target", reading), "before"] == pytest.approx(usd)
    planned = sample.planned.groupby("project_id")["gross_usd"].sum()
    pd.testing.assert_series_equal(table.loc["planned"]["before"], planned, check_names=False)
    assert (table["after"] - table["before"]).equals(table["difference"])
    assert table.loc["planned"]["difference"].sum() < 0 == table.loc["realised"]["difference"].abs().sum()


def test_a_cut_that_cannot_be_told_is_empty_and_not_nothing(uzbekistan):
    table = compare(uzbekistan.ds, uzbekistan.ds).set_index("figure")
    assert len(table.loc["realised"]) == 3 and table.loc["realised", ["before", "after", "difference"]].isna().all(None)
    assert table.loc["not_told", "before"].sum() > 0, "and the reasons are counted"


def test_thresholds_tell_what_they_set_aside_before_and_after(sample, side_by_side):
    table = side_by_side(sample.ds, what_if(sample.ds, thresholds={"outlier_c": 4.0, "coverage_share": 1.0}))
    outliers, coverage = (table.loc[("set_aside", check)] for check in ("unit_value_outlier", "coverage_break"))
    assert outliers["after"] > outliers["before"] > 0
    assert coverage["before"] > 0 == coverage["after"]


def test_cells_are_those_of_the_report(sample):
    pd.testing.assert_frame_equal(import_cells(sample.ds), sample.cells)


def test_a_table_is_taken_elsewhere_as_it_is_read(sample, side_by_side, tmp_path):
    table = side_by_side(sample.ds, scenario(sample.ds, "late")).reset_index()
    read = readable(table, Voice("ru", sample.ds))
    assert [*read] == ["Показатель", "Чего", "Было", "После", "Отклонение"]
    assert "Антифриз (Навои)" in {*read["Чего"]} and "972\N{NO-BREAK SPACE}842" in {*read["Было"]}
    assert "Антифриз (Навои)" in read.to_latex(index=False)
    html, word = read.to_html(index=False), tmp_path / "table.docx"
    assert "| Антифриз (Навои)" in pypandoc.convert_text(html, "gfm", format="html")
    pypandoc.convert_text(html, "docx", format="html", outputfile=str(word))
    assert "Антифриз (Навои)" in pypandoc.convert_file(str(word), "plain")


def test_the_guide_answers_five_questions_with_names_of_the_package_alone(sample, repository, monkeypatch):
    """Origins of a product over time; unit price by origin and plant; the cumulative cut; scenarios; a project more."""
    for module in ("app.supposition", "app.desk.basis"):
        monkeypatch.setattr(f"importcut.{module}.import_cells", lambda ds: sample.cells)
    blocks = re.findall(r"```python\n(.*?)```", (repository / "notebooks" / "README.md").read_text("utf-8"), re.DOTALL)
    answers = {}
    for block in blocks:
        exec(block, answers)
    topcoat = sample.profile.query("product_id == 'topcoat'")
    origins = topcoat.groupby(["period", "origin"])["value_usd"].sum().to_numpy()
    assert answers["by_origin"].set_index(["period", "origin"])["value_usd"].to_numpy() == pytest.approx(origins)
    origin, plant = answers["unit_price"].stack().index[0]
    usd, kg = topcoat.query("origin == @origin and plant_id == @plant")[["value_usd", "net_kg"]].sum()
    assert answers["unit_price"].loc[origin, plant] == pytest.approx(usd / kg)
    low, _, high = answers["band"].iloc[-1]
    told = sample.ranking.query("basis == 'realised_to_date'")["gross_usd"].sum()
    assert low < told < high
    ends = sample.realised[["gross_low_usd", "gross_high_usd"]].sum()
    assert ends["gross_low_usd"] < low and high < ends["gross_high_usd"], "ends that are summed are too wide"
    for name, changed in (("two_scenarios", "target"), ("set_aside", "set_aside"), ("fifteenth", "planned")):
        assert answers[name].set_index("figure").loc[changed, "difference"].abs().sum() > 0
    assert answers["slow"].scenario["projects"]["rubber_angren"] == {"delay_years": 1.0}
    assert "Resin (Kokand)" in {*answers["read"]["Чего"]}
