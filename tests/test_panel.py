"""The panel: weights that are missing, periods that are, and what was asked outside the data."""

from dataclasses import replace

import pandas as pd
import pytest

from importcut.dataset import open_dataset
from importcut.panel import import_panel, quality
from importcut.schema import DataError, empty


@pytest.fixture(scope="module")
def ds(repository):
    """The small dataset as of the first quarter of 2025."""
    return open_dataset(repository / "tests" / "cases" / "small", period="2025Q1")


def imports(*lines):
    """Lines of one origin and plant: product, period, value, weight (None: missing)."""
    table = pd.DataFrame(lines, columns=["product_id", "period", "value_usd", "net_kg"])
    return table.assign(
        plant_id="asaka",
        origin="KR",
        net_kg=table["net_kg"].astype("float64"),
        period=pd.PeriodIndex(table["period"], freq="Q"),
        weight_rule=table["net_kg"].isna().map({True: "missing", False: "declared"}),
        line=range(len(table)),
    )


def weights(panel):
    return [round(kg, 6) for kg in panel.sort_values(["product_id", "period"])["net_kg"]]


def test_a_missing_weight_between_two_known_ones_lies_on_the_line_of_log_unit_values(ds):
    lines = [("wax", "2024Q3", 200.0, 100.0), ("wax", "2024Q4", 400.0, None), ("wax", "2025Q1", 800.0, 100.0)]
    panel, _ = import_panel(imports(*lines), ds)
    assert weights(panel) == [100.0, 100.0, 100.0], "2 and 8 dollars a kg: 4 between them"


def test_a_missing_weight_at_either_end_takes_the_nearest_unit_value_and_is_inferred(ds):
    lines = [
        ("wax", "2024Q2", 300.0, None),
        ("wax", "2024Q3", 200.0, 100.0),
        ("wax", "2024Q4", 500.0, 100.0),
        ("wax", "2025Q1", 300.0, None),
    ]
    panel, findings = import_panel(imports(*lines), ds)
    assert weights(panel) == [150.0, 100.0, 100.0, 60.0]
    assert list(panel["evidence"]) == ["inferred", "measured", "measured", "inferred"]
    assert set(findings["treatment"]) == {"imputed"}


def test_a_product_of_which_no_weight_is_known_keeps_none_and_the_finding_says_so(ds):
    lines = [("oil", "2024Q4", 300.0, None), ("oil", "2025Q1", 300.0, None), ("wax", "2025Q1", 200.0, 100.0)]
    panel, findings = import_panel(imports(*lines, ("wax", "2024Q4", 200.0, None)), ds)
    assert weights(panel) == [0.0, 0.0, 100.0, 100.0]
    assert panel["value_usd"].sum() == 1000.0
    told = findings.set_index(["product_id", "period"])["treatment"].to_dict()
    assert {(product, str(period)): treatment for (product, period), treatment in told.items()} == {
        ("oil", "2024Q4"): "kept",
        ("oil", "2025Q1"): "kept",
        ("wax", "2024Q4"): "imputed",
    }


def test_a_dataset_without_any_weight_still_has_a_panel(ds):
    panel, findings = import_panel(imports(("oil", "2024Q4", 300.0, None), ("oil", "2025Q1", 300.0, None)), ds)
    assert weights(panel) == [0.0, 0.0] and set(findings["treatment"]) == {"kept"}


def test_a_weight_of_goods_without_value_gives_no_unit_value(ds):
    panel, _ = import_panel(imports(("oil", "2025Q1", 0.0, 5.0), ("oil", "2025Q1", 300.0, None)), ds)
    assert weights(panel) == [5.0]


def test_a_period_without_an_accepted_line_is_a_finding(ds):
    lines = [("wax", "2024Q2", 200.0, 100.0), ("wax", "2025Q1", 200.0, 100.0)]
    _, findings = import_panel(imports(*lines), ds)
    found = quality(findings, empty("quarantine", ds), ds)
    assert list(found["period"]) == ["2024Q3", "2024Q4"]
    assert found[
        ["check", "affected_value_usd", "treatment", "kind", "certainty"]
    ].drop_duplicates().to_numpy().tolist() == [["period_missing", 0.0, "kept", "coverage", "found"]]


@pytest.mark.parametrize(
    ("period", "message"),
    [
        ("2020Q1", "^small: no imports up to 2020Q1 — choose a period from 2025Q1 to 2025Q1$"),
        ("2030Q1", "^small: no imports after 2025Q1, none in 2030Q1 — choose a period up to 2025Q1$"),
        (None, "^small: no period is chosen — open the dataset with one, as 2025Q1$"),
    ],
)
def test_a_period_outside_the_imports_is_refused(ds, period, message):
    other = replace(ds, period=period and pd.Period(period))
    with pytest.raises(DataError, match=message):
        import_panel(imports(("wax", "2025Q1", 200.0, 100.0)), other)


def test_where_every_line_was_set_aside_it_is_said(ds):
    with pytest.raises(DataError, match=r"^small: every line was set aside — see why in notebooks/01"):
        import_panel(empty("imports", ds), ds)


def test_a_broken_period_tells_how_many_declaration_lines_it_touches(sample):
    found = sample.quality.query("check == 'reporting_break'").set_index("product_id")["lines"]
    received = sample.imports[sample.imports["period"].eq(pd.Period("2023Q2"))].groupby("product_id").size()
    assert found.to_dict() == received.loc[found.index].to_dict() and found.sum() > 600
