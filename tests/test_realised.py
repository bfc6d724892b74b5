"""Realised cuts in the cases easy to get wrong: nothing delivered, negative, shared, limited, unknown inputs."""

from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pandas as pd
import pytest

from importcut.economics.cost_benefit import appraisal
from importcut.economics.cuts import (
    counterfactual_imports,
    identification,
    identified_cuts,
    plant_cuts,
    realised_cuts,
)
from importcut.economics.placebo import PLACEBO
from importcut.economics.planning import addressable, credited, plan, planned_cuts
from importcut.economics.series import observe
from importcut.economics.standing import ranking
from importcut.intake.opening import open_dataset
from importcut.schema import PAIR
from importcut.telling.finding import extent


def with_register(ds, **registers):
    return replace(ds, registers=MappingProxyType(dict(ds.registers) | registers))


def table_of_two():
    """An input–output table: a takes 0.2 of b, half of which is imported; b takes 0.1 of itself."""
    sectors = pd.DataFrame({"imports_million_uzs": [0.0, 50.0], "total_resources_million_uzs": 100.0}, ["A", "B"])
    coefficients = pd.DataFrame({"A": [0.0, 0.2], "B": [0.0, 0.1]}, ["A", "B"])
    return MappingProxyType({"sectors": sectors, "coefficients": coefficients})


def test_the_real_figures_are_these(uzbekistan, repository):
    """What the library computes from the public series; a change of method moves them and stands in the README."""
    pinned = pd.read_csv(repository / "tests" / "cases" / "uzbekistan_cuts.csv", dtype={"period": str})
    found = uzbekistan.realised[uzbekistan.realised["gross_usd"].notna()].reset_index(drop=True)
    assert found["product_id"].tolist() == pinned["product_id"].tolist()
    assert found["period"].astype(str).tolist() == pinned["period"].tolist()
    for column in ("gross_kg", "gross_usd", "gross_low_usd", "gross_high_usd", "limit_kg", "placebo_rank"):
        assert found[column].astype(float).tolist() == pytest.approx(pinned[column].tolist(), rel=1e-6), column


def test_before_any_delivery_every_project_is_named_with_its_reason(walk):
    early = walk("sample", "2025Q2")
    assert not early.realised["identified"].any() and early.realised["reason"].notna().all()
    reasons = early.realised.set_index("project_id")["reason"]
    assert reasons["washer_fluid_tashkent"] == "not_started" and early.cuts.empty
    assert early.ranking.query("basis == 'realised_to_date'")["rank"].isna().all()


def test_deliveries_at_the_baseline_only_are_no_cut_and_say_so(sample):
    flat = sample.ds.deliveries
    mine = flat["project_id"].eq("rubber_angren")
    flat.loc[mine, "baseline_kg"] = flat.loc[mine, "net_kg"]
    ds = with_register(sample.ds, deliveries=flat)
    others = sample.cuts[sample.cuts["project_id"].ne("rubber_angren")]
    reasons = identification(replace(sample.observed, ds=ds), others)
    assert reasons.set_index("project_id").loc["rubber_angren", "reason"] == "baseline_only"


def test_a_negative_estimate_is_credited_to_no_project_in_any_table(walk, repository):
    """In 2018 more tyres were imported than the donors' growth would have had it."""
    early = walk(str(repository / "tests" / "cases" / "annual"), "2018")
    tyres = early.realised.set_index("product_id").loc["tyres_car"]
    assert tyres["reason"] == "negative_estimate" and pd.isna(tyres["gross_usd"])
    assert early.expected.empty and not early.bridge["effect"].eq("project").any()


def test_two_projects_on_one_product_are_not_counted_twice(uzbekistan):
    ds = uzbekistan.ds
    twin = ds.projects[ds.projects["project_id"].eq("navoiyazot_pvc")].assign(project_id="twin")
    sheet = ds.project_products[ds.project_products["product_id"].eq("pvc")].assign(project_id="twin")
    both = with_register(
        ds, projects=pd.concat([ds.projects, twin]), project_products=pd.concat([ds.project_products, sheet])
    )
    seen = observe(both, uzbekistan.panel, uzbekistan.observed.prices)
    found = identification(seen, plant_cuts(seen))
    assert found[found["product_id"].eq("pvc")]["reason"].tolist() == ["shared_product"] * 2
    assert "pvc" not in set(identified_cuts(plant_cuts(seen), found)["product_id"])


def test_the_capacity_counts_for_the_part_of_the_period_in_operation(annual):
    """The tyre plant opened on 1 September 2018: 122 of 365 days of 3 million tyres of 8 kg."""
    tyres = annual.realised[annual.realised["product_id"].eq("tyres_car")].set_index("period")
    for period, days in (("2018", 122), ("2019", 365)):
        assert tyres.loc[pd.Period(period), "capacity_kg"] == pytest.approx(3e6 * 8 * days / 365.2425, rel=1e-4)
    eleven_months = 712_100 * 8  # of 2023, counted as twelve
    assert tyres.loc[pd.Period("2023"), "limit_kg"] == pytest.approx(eleven_months * 12 / 11)


MAKER = {"project_id": "antifreeze_navoi", "product_id": "antifreeze"}
TESTED = pd.DataFrame([MAKER | dict.fromkeys(PLACEBO, np.nan) | {"reason": None, "told": True}])


def one_cut(**amounts):
    """A cut of one project at one plant in the third quarter of 2026, 1 000 kg for 2 000 dollars unless stated."""
    usd = dict.fromkeys(["gross_usd", "current_usd", "gross_low_usd", "gross_high_usd"], 2000.0)
    row = MAKER | usd | {"plant_id": "asaka", "period": pd.Period("2026Q3"), "evidence": "measured"}
    return pd.DataFrame([row | dict.fromkeys(["delivered_kg", "gross_kg"], 1000.0) | {"base_kg": np.nan} | amounts])


@pytest.mark.parametrize(("share", "tighter"), [(0.5, "output"), (1.0, "capacity"), (2.0, "capacity")])
def test_the_tighter_of_capacity_and_recorded_output_bounds_a_cut(share, tighter):
    """Output above the registered capacity, as of a plant that was enlarged, does not widen the limit."""
    ds = open_dataset("sample", period="2026Q3")
    [capacity] = realised_cuts(ds, one_cut(), TESTED)["capacity_kg"]
    [sheet] = ds.project_products[ds.project_products[PAIR].eq(MAKER).all(axis=1)].to_dict("records")
    units = share * capacity / sheet["kg_per_unit"] / sheet["replaces_kg"]
    output = pd.DataFrame([MAKER | {"period": pd.Period("2026Q3"), "quantity": units, "months": np.nan}])
    [row] = realised_cuts(with_register(ds, output=output), one_cut(), TESTED).to_dict("records")
    assert row["limit"] == tighter and row["output_kg"] == pytest.approx(share * capacity)
    assert row["limit_kg"] == pytest.approx(min(share, 1) * capacity)


def test_of_the_estimates_those_with_a_reason_are_credited_to_no_project():
    cuts = pd.DataFrame({"project_id": ["a", "b"], "product_id": "paint", "gross_usd": [5.0, 7.0]})
    tests = pd.DataFrame({"project_id": ["a", "b"], "product_id": "paint", "reason": [None, "no_base"]})
    assert identified_cuts(cuts, tests)["project_id"].tolist() == ["a"]


def test_without_the_project_its_cut_would_have_been_imported_too():
    ds, at = open_dataset("sample", period="2026Q3"), {"product_id": "antifreeze", "period": pd.Period("2026Q3")}
    panel = pd.DataFrame([at | {"value_usd": 5000.0, "net_kg": 2500.0, "comparable": True}])
    cuts = pd.DataFrame([at | {"gross_usd": 2000.0, "gross_kg": 1000.0, "evidence": "measured", "base_kg": np.nan}])
    row = counterfactual_imports(panel, cuts, ds).iloc[0]
    assert row[["actual_usd", "counterfactual_usd"]].tolist() == [5000.0, 7000.0]


def test_imports_without_a_cut_are_graded_as_measured_whatever_the_cuts_are():
    ds = open_dataset("sample", period="2026Q3")
    cells = [{"product_id": "antifreeze", "period": pd.Period(q), "comparable": True} for q in ("2026Q2", "2026Q3")]
    panel = pd.DataFrame(cells).assign(value_usd=5000.0, net_kg=2500.0)
    table = counterfactual_imports(panel, one_cut(evidence="inferred"), ds)
    assert table["evidence"].tolist() == ["measured", "inferred"]
    assert table["counterfactual_usd"].tolist() == [5000.0, 7000.0]


def test_without_imported_inputs_net_is_empty_and_the_range_holds_the_headline(sample):
    sheet = sample.ds.project_products
    sheet.loc[sheet["project_id"].eq("sealants_tashkent"), "imported_input_usd_per_kg"] = np.nan
    ds = with_register(sample.ds, project_products=sheet)
    realised = realised_cuts(ds, sample.cuts, identification(replace(sample.observed, ds=ds), sample.cuts))
    caps = addressable(ds, sample.panel, sample.cuts)
    ranked = ranking(ds, realised, credited(ds, caps)).set_index(["basis", "project_id"])
    mine = ranked.xs("sealants_tashkent", level="project_id")
    assert mine["net_usd"].isna().all() and (mine["headline_usd"] == mine["gross_usd"]).all()
    to_date = mine.loc["realised_to_date"]
    assert to_date["gross_low_usd"] <= to_date["headline_usd"] <= to_date["gross_high_usd"]
    assert planned_cuts(ds, plan(ds, caps)).query("project_id == 'sealants_tashkent'")["net_usd"].isna().all()
    assert ranked.loc[("cumulative", "pp_compound_shurtan"), "net_usd"] > 0


def test_the_foreign_exchange_effect_takes_off_exports_and_equipment_once(sample):
    """Of each project: net less gross × export share, less equipment in the year of the first output."""
    sheet = sample.ds.project_products.set_index(["project_id", "product_id"])
    cuts = sample.planned.join(sheet["diverted_export_share"], on=["project_id", "product_id"])
    off = (cuts["net_usd"] - cuts["gross_usd"] * cuts["diverted_export_share"] - cuts["fx_usd"]).groupby(
        cuts["project_id"]
    )
    equipment = sample.ds.projects.set_index("project_id")["imported_equipment_usd"]
    assert off.sum().to_dict() == pytest.approx(equipment.to_dict(), abs=0.01)


@pytest.mark.parametrize(
    ("start", "counts"), [("2024-11", False), ("2025-06", False), ("2025-07", True), ("2025", True)]
)
def test_equipment_of_a_project_that_began_before_the_programme_is_past(sample, start, counts):
    """The programme begins in July 2025; a start that is a year alone may lie after it."""
    projects = sample.ds.projects
    mine = projects["project_id"].eq("antifreeze_navoi")
    ds = with_register(sample.ds, projects=projects.assign(start=projects["start"].mask(mine, start)))
    effect = planned_cuts(ds, sample.flows)["fx_usd"].sum() - sample.planned["fx_usd"].sum()
    equipment = projects.loc[mine, "imported_equipment_usd"].item()
    assert effect == pytest.approx(0 if counts else equipment, abs=0.01)


def test_where_the_sheet_is_silent_the_producing_sectors_import_content_is_taken_off(sample):
    """Half of what a takes of b is imported, and 0.05 / (1 − 0.05) of the other half."""
    sheet, mine = sample.ds.project_products, "sealants_tashkent"
    sheet.loc[sheet["project_id"].eq(mine), "imported_input_usd_per_kg"] = np.nan
    ds = with_register(sample.ds, project_products=sheet)
    ds = with_register(ds, projects=ds.projects.assign(io_sector=ds.projects["project_id"].map({mine: "A"})))
    ds = replace(ds, input_output=table_of_two())
    content = 0.2 * (0.5 + 0.5 * 0.05 / 0.95)
    realised = realised_cuts(ds, sample.cuts, identification(replace(sample.observed, ds=ds), sample.cuts))
    own = realised[realised["project_id"].eq(mine)]
    assert own["net_usd"].tolist() == pytest.approx((own["gross_usd"] * (1 - content)).tolist())
    assert set(own["net_evidence"]) == {"assumed"} and set(realised["net_evidence"].dropna()) == {"planned", "assumed"}
    caps = addressable(ds, sample.panel, sample.cuts)
    planned = planned_cuts(ds, plan(ds, caps)).query("project_id == @mine")
    assert planned["net_usd"].tolist() == pytest.approx((planned["gross_usd"] * (1 - content)).tolist())
    worth = appraisal(ds, planned_cuts(ds, plan(ds, caps)), credited(ds, caps)).set_index("project_id")
    assert worth["drc"].notna().all()


def test_a_broken_weight_is_mended_to_the_geometric_mean_of_its_neighbours(uzbekistan):
    cells = uzbekistan.panel[uzbekistan.panel["product_id"].eq("sealants")].groupby("period")
    sums = cells[["value_usd", "net_kg"]].sum()
    price = sums["value_usd"] / sums["net_kg"]
    around = np.sqrt(price[pd.Period("2020")] * price[pd.Period("2022")])
    assert price[pd.Period("2021")] == pytest.approx(around)
    assert set(cells.get_group(pd.Period("2021"))["evidence"]) == {"inferred"}


def test_a_range_over_the_origins_prices_holds_the_cut(sample):
    known = sample.realised[sample.realised["identified"]]
    assert (known["gross_low_usd"] <= known["gross_usd"] + 1e-6).all() and (
        known["gross_usd"] <= known["gross_high_usd"] + 1e-6
    ).all()


def test_the_cut_to_date_has_a_range_gross_and_a_range_net_where_that_is_known():
    """Each is the sum of its own; of two grades the weaker counts."""
    ds = open_dataset("sample", period="2026Q3")
    one = {"project_id": "antifreeze_navoi", "identified": True, "reason": None, "net_evidence": "planned"}
    rows = pd.DataFrame([one, one]).assign(
        gross_usd=[100.0, 200.0], gross_low_usd=[90.0, 180.0], gross_high_usd=[130.0, 230.0],
        net_usd=[70.0, 150.0], net_low_usd=[55.0, 120.0], net_high_usd=[105.0, 185.0],
        gross_evidence=["measured", "inferred"], limit_flag=[False, True], supported_usd=[100.0, 200.0], excess_usd=0.0,
        cheapest_usd=np.nan,
    )  # fmt: skip
    bare = pd.DataFrame(columns=["project_id", "rule", "basis"])  # of the plan nothing is credited
    [row] = ranking(ds, rows, bare).query("project_id == 'antifreeze_navoi'").to_dict("records")
    assert (row["gross_usd"], row["gross_low_usd"], row["gross_high_usd"]) == (300, 270, 360)
    assert (row["net_usd"], row["net_low_usd"], row["net_high_usd"]) == (220, 175, 290)
    assert (row["evidence"], row["limit_flag"], row["rank"]) == ("planned", True, 1)
    assert extent(pd.DataFrame([row])).iloc[0].tolist() == [175, 290]
    unknown = rows.assign(**{c: rows[c].where([True, False]) for c in rows if c.startswith("net_")})
    [row] = ranking(ds, unknown, bare).query("project_id == 'antifreeze_navoi'").to_dict("records")
    assert row["headline_usd"] == 300 and extent(pd.DataFrame([row])).iloc[0].tolist() == [270, 360]
    assert np.isnan([row["net_usd"], row["net_low_usd"], row["net_high_usd"]]).all() and row["evidence"] == "inferred"
