"""Appraisal: hand-computed and published cases, and what must hold for every plan."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from importcut.economics.cost_benefit import appraisal, effective_protection, payback, present_value


def dataset(projects, products=(), **assumptions):
    """A programme that begins in 2025: projects as (id, cost, first output), products as in project_products.csv."""
    sheet = ["project_id", "product_id", "price_ratio", "imported_input_usd_per_kg", "replaces_kg"]
    sheet += ["diverted_export_share"]
    return SimpleNamespace(
        frequency="Y",
        suppliers=set(),
        programme_start=pd.Period("2025", "Y"),
        projects=pd.DataFrame(projects, columns=["project_id", "cost_usd", "first_output"]),
        project_products=pd.DataFrame([(*row, 0.0)[:6] for row in products], columns=sheet),
        input_output={},
        scenario={"assumptions": {name: {"value": value} for name, value in assumptions.items()}},
    )


def cuts(*rows):
    """Planned cuts from (project, product, year, displaced kg, gross, net, fx)."""
    columns = ["project_id", "product_id", "year", "displaced_kg", "gross_usd", "net_usd", "fx_usd"]
    return pd.DataFrame(rows, columns=columns).assign(supply_kg=lambda t: t["displaced_kg"])


def credit(annual, total=None):
    """Shapley credit of the net cut, and another rule that must not be read."""
    spans = {"target_year": annual, "cumulative": total or annual}
    rows = [
        {"project_id": project, "rule": rule, "basis": basis, "net_usd": net * (1 if rule == "shapley" else 9)}
        for basis, nets in spans.items()
        for project, net in nets.items()
        for rule in ("shapley", "dispatched")
    ]
    return pd.DataFrame(rows)


def portfolio(costs, nets):
    """Appraised projects of these costs and annual net cuts."""
    ids = [f"p{n}" for n in range(len(costs))]
    flows = cuts(*((p, "x", 2030, 1.0, abs(net), net, net) for p, net in zip(ids, nets, strict=True)))
    ds = dataset([(p, cost, "2025-01") for p, cost in zip(ids, costs, strict=True)])
    return appraisal(ds, flows, credit(dict(zip(ids, nets, strict=True)))).set_index("project_id")


def test_size_and_ratio_are_those_of_the_shapley_credit():
    ds = dataset([("a", 200.0, "2025-01")])
    found = appraisal(ds, cuts(("a", "x", 2030, 10.0, 90.0, 80.0, 80.0)), credit({"a": 50.0}, {"a": 120.0})).iloc[0]
    assert (found["annual_net_usd"], found["net_usd"], found["cut_per_cost"]) == (50.0, 120.0, 0.25)


def test_a_project_without_cost_has_no_ratio_and_a_negative_cut_is_never_ranked():
    table = portfolio([100.0, np.nan, 0.0, 10.0, 10.0, 50.0], [50.0, 500.0, 500.0, -5.0, 0.0, 100.0])
    assert table["cut_per_cost"].drop(["p1", "p2"]).to_dict() == {"p5": 2.0, "p0": 0.5, "p4": 0.0, "p3": -0.5}
    assert table.loc[["p1", "p2"], "cut_per_cost"].isna().all()
    assert table["ratio_rank"].dropna().to_dict() == {"p5": 1, "p0": 2}
    assert table.index[:2].tolist() == ["p5", "p0"]
    assert table["pareto"].to_dict() == dict.fromkeys(table.index, False) | {"p5": True}
    assert pd.isna(payback(0.0, pd.Series({2025: 1.0}), 2025.0)) and pd.isna(payback(np.nan, pd.Series({2025: 1.0}), 0))


def test_the_pareto_front_holds_what_nothing_beats_in_both():
    table = portfolio([10.0, 100.0, 400.0, 100.0, 250.0], [40.0, 100.0, 200.0, 90.0, 100.0])
    # ratios 4, 1, 0.5, 0.9, 0.4: p3 is beaten in both by p1, p4 by p2
    assert table.index[table["pareto"]].tolist() == ["p0", "p1", "p2"]


def test_payback_counts_from_the_first_output_and_within_the_year():
    flows = pd.Series({2025: 50.0, 2026: 100.0, 2027: 100.0})
    assert payback(75.0, flows, 2025.5) == pytest.approx(0.75)  # half a year brings 50, a quarter of the next 25
    assert payback(25.0, flows, 2025.5) == pytest.approx(0.25)
    assert payback(250.0, flows, 2025.5) == pytest.approx(2.5)
    assert pd.isna(payback(250.01, flows, 2025.5))


def test_payback_reproduces_the_published_cases():
    """Investment 50, cuts 10, 13, 16, 19, 22: 3.58 years; investment 105, 25 a year: 4.2 years (textbook cases)."""
    assert payback(50, pd.Series([10, 13, 16, 19, 22], range(2025, 2030)), 2025.0) == pytest.approx(3 + 11 / 19)
    assert payback(105, pd.Series([25] * 7, range(2025, 2032)), 2025.0) == pytest.approx(4.2)


def test_discounted_payback_discounts_the_cuts_to_the_year_of_the_first_output():
    flows = pd.Series({2026: 100.0, 2027: 110.0, 2028: 121.0})  # 100 each at 10 %
    assert payback(150.0, flows, 2026.0, rate=0.1) == pytest.approx(1.5)
    assert payback(150.0, flows, 2026.0) == pytest.approx(1 + 50 / 110)
    assert payback(150.0, pd.Series({2026: 100.0, 2027: 100.0}), 2026.0) == 1.5
    table = appraisal(
        dataset([("a", 150.0, "2026-01")]),
        cuts(*(("a", "x", year, 1.0, usd, usd, usd) for year, usd in flows.items())),
        credit({"a": 121.0}),
    ).iloc[0]
    assert table["payback_years"] == pytest.approx(1 + 50 / 110)
    assert table["discounted_payback_years"] == pytest.approx(1.5)  # 10 % where the scenario is silent


def test_a_late_project_pays_back_from_its_late_output():
    ds = dataset([("a", 75.0, "2025-07"), ("b", 75.0, "2025-07")], delay_years=1.0)
    ds.scenario["projects"] = {"b": {"delay_years": 0.0}}
    late = [("a", "x", year, 1.0, usd, usd, usd) for year, usd in ((2026, 50.0), (2027, 100.0))]
    on_time = [("b", "x", year, 1.0, usd, usd, usd) for year, usd in ((2025, 50.0), (2026, 100.0))]
    table = appraisal(ds, cuts(*late, *on_time), credit({"a": 100.0, "b": 100.0}))
    assert table["payback_years"].tolist() == pytest.approx([0.75, 0.75])


def test_net_present_value_is_the_published_one():
    """−10 000, 3 000, 4 200, 6 800 at 10 %, the first a year from now: 1 188.44 (reference case of Excel's NPV)."""
    effects = [-10_000.0, 3_000.0, 4_200.0, 6_800.0]
    flows = cuts(*(("a", "x", 2026 + n, 1.0, usd, usd, usd) for n, usd in enumerate(effects)))
    assert present_value(flows, 0.1, 2025)["a"] == pytest.approx(1188.44, abs=0.005)
    ds = dataset([("a", 1.0, "2026-01")])
    assert appraisal(ds, flows, credit({"a": 1.0}))["npv_usd"].item() == pytest.approx(1188.44, abs=0.005)
    ds = dataset([("a", 1.0, "2026-01")], discount_rate=0.0)
    assert appraisal(ds, flows, credit({"a": 1.0}))["npv_usd"].item() == pytest.approx(4_000)


def resource_cost(products, flows, **assumptions):
    ds = dataset([("a", 1.0, "2025-01")], products, **assumptions)
    return appraisal(ds, cuts(*flows), credit({"a": 1.0}))["drc"].item()


def test_domestic_resource_cost_by_hand():
    # 120 kg of import at 2.0 are 100 kg of domestic goods worth 2.4 a kg, sold at 2.16, with inputs of 0.6
    flows = [("a", "x", 2030, 120.0, 240.0, 180.0, 180.0)]
    assert resource_cost([("a", "x", 0.9, 0.6, 1.2)], flows) == pytest.approx(1.56 / 1.8)
    assert resource_cost([("a", "x", 0.9, 0.6, 1.2)], flows, shadow_price_factor=0.8) == pytest.approx(1.248 / 1.8)
    assert resource_cost([("a", "x", 1.15, 0.6, 1.2)], flows) == pytest.approx(2.16 / 1.8)  # above 1


def test_exportable_inputs_cost_what_the_world_pays_for_them():
    """A quarter of a product worth 2.4 could have been exported: it is no domestic cost and no dollar saved."""
    flows = [("a", "x", 2030, 120.0, 240.0, 180.0, 180.0)]
    assert resource_cost([("a", "x", 0.9, 0.6, 1.2, 0.25)], flows) == pytest.approx((2.16 - 0.6 - 0.6) / (1.8 - 0.6))


def test_products_weigh_by_their_tonnes():
    # x: 100 kg, cost 0.5, saved 1.0 a kg; y: 300 kg, cost 1.5, saved 1.2 a kg; z has no tonnes and no data
    flows = [("a", "x", 2030, 100.0, 200.0, 0, 0), ("a", "y", 2030, 300.0, 600.0, 0, 0), ("a", "z", 2030, 0.0, 0, 0, 0)]
    sheet = [("a", "x", 0.75, 1.0, np.nan), ("a", "y", 1.15, 0.8, 1.0), ("a", "z", np.nan, np.nan, np.nan)]
    assert resource_cost(sheet, flows) == pytest.approx((100 * 0.5 + 300 * 1.5) / (100 * 1.0 + 300 * 1.2))


@pytest.mark.parametrize("row", [(np.nan, 0.6), (0.9, np.nan), (0.9, 2.0), (0.9, 2.5)])
def test_without_data_or_without_a_saving_there_is_no_domestic_resource_cost(row):
    assert pd.isna(resource_cost([("a", "x", *row, 1.0)], [("a", "x", 2030, 100.0, 200.0, 0, 0)]))


def test_one_product_without_data_leaves_the_project_without_domestic_resource_cost():
    flows = [("a", "x", 2030, 100.0, 200.0, 0, 0), ("a", "y", 2030, 100.0, 200.0, 0, 0)]
    assert pd.isna(resource_cost([("a", "x", 0.9, 0.5, 1.0), ("a", "y", 0.9, np.nan, 1.0)], flows))


def test_effective_protection_is_cordens():
    assert effective_protection(0.25, [(0.5, 0.0)]) == pytest.approx(0.50)
    assert effective_protection(0.25, [(0.5, 0.20)]) == pytest.approx(0.30)
    assert effective_protection(0.25, []) == 0.25
    with pytest.raises(ValueError, match="no value added"):
        effective_protection(0.25, [(0.6, 0.0), (0.4, 0.1)])


plans = st.lists(st.tuples(st.integers(10**3, 10**7), st.integers(-(10**6), 10**6)), min_size=1, max_size=8)


@given(plans, st.floats(0.1, 10))
def test_a_common_factor_scales_the_ratios_and_ranks_the_same_projects(projects, factor):
    costs, nets = zip(*projects, strict=True)
    one = portfolio(costs, nets)
    other = portfolio(costs, [net * factor for net in nets]).reindex(one.index)
    assert other["cut_per_cost"].tolist() == pytest.approx((one["cut_per_cost"] * factor).tolist())
    assert other["npv_usd"].tolist() == pytest.approx((one["npv_usd"] * factor).tolist())
    assert other["ratio_rank"].isna().tolist() == one["ratio_rank"].isna().tolist()


@given(plans)
def test_the_largest_and_the_best_ratio_are_on_the_front_and_nothing_unranked_is(projects):
    table = portfolio(*zip(*projects, strict=True))
    ranked = table[table["ratio_rank"].notna()]
    assert not table.loc[table["ratio_rank"].isna(), "pareto"].any()
    assert (ranked["annual_net_usd"] > 0).all()
    if len(ranked):
        assert ranked.loc[ranked["annual_net_usd"].eq(ranked["annual_net_usd"].max()), "pareto"].all()
        assert ranked.loc[ranked["ratio_rank"].eq(1), "pareto"].all()


def test_an_empty_plan_gives_the_header_only(uzbekistan):
    table = appraisal(uzbekistan.ds, uzbekistan.planned, uzbekistan.credit)
    assert table.empty and "cut_per_cost" in table


def test_every_project_of_the_sample_is_appraised_once(sample):
    table = appraisal(sample.ds, sample.planned, sample.credit).set_index("project_id")
    assert sorted(table.index) == sorted(sample.ds.projects["project_id"])
    assert table["annual_net_usd"].sum() == pytest.approx(
        sample.planned.loc[sample.planned["year"].eq(sample.ds.target["year"]), "net_usd"].sum()
    )
    assert table["cost_usd"].sum() == pytest.approx(16_584_400)
    assert table["ratio_rank"].notna().all() and table["drc"].between(0, 1).all()
    # by hand: 57 261.64 in the last quarter of 2025, then 245 406.97 a year: the rest of 87 500 takes 0.123 years
    assert table.loc["washer_fluid_tashkent", "payback_years"] == pytest.approx(0.25 + 30_238.36 / 245_406.97, abs=1e-4)
