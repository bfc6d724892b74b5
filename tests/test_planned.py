"""The plan: supply by hand, dispatch, scenarios beside their expected totals, ceilings, and draws."""

import csv
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pandas as pd
import pytest

from importcut.economics.planning import (
    FLOWS,
    _sheet,
    addressable,
    ceilings,
    credited,
    flows,
    horizon,
    joined,
    plan,
    planned_cuts,
    project_cuts,
    supply,
    yearly_cuts,
)
from importcut.economics.programme import measures_status
from importcut.economics.standing import target_status
from importcut.intake.opening import open_dataset
from importcut.intake.scenario import what_if
from importcut.language import Voice
from importcut.schema import UsageError
from importcut.telling import narrate

SCENARIOS = ["base", "low", "high", "late", "leader_fails"]


@pytest.fixture(scope="module")
def caps(sample):
    return addressable(sample.ds, sample.panel, sample.cuts)


def supply_of(ds, span, **other):
    """The supply of each row of project_products where nothing but `other` is assumed."""
    assumed = {"delay_years": 0.0, "capacity_use": 1.0, "ramp_pace": 1.0, "success": 1.0} | other
    return supply(_sheet(ds), span, **{name: np.full(len(ds.project_products), v) for name, v in assumed.items()})


def test_supply_is_capacity_times_what_the_ramp_up_has_run(sample):
    """First output in October 2025 (2025.75), ramp-up 0.4 in the first year: a quarter of 2026 runs 0.1 of a year."""
    ds = sample.ds
    sheet = ds.project_products.assign(ramp_up="0.4;0.7;0.9")
    projects = ds.projects.assign(first_output="2025-10")
    ds = replace(ds, registers=MappingProxyType(dict(ds.registers) | {"project_products": sheet, "projects": projects}))
    spans = pd.PeriodIndex(["2025Q3", "2025Q4", "2026Q3", "2026Q4", "2028Q4", "2030Q1"], freq="Q")
    run = supply_of(ds, pd.period_range("2025Q3", "2030Q1", freq="Q"))
    a_year = (
        sheet["capacity"] * sheet["kg_per_unit"] * sheet["use"] * sheet["plant_share"] * sheet["replaces_kg"]
    ).to_numpy()
    at = pd.period_range("2025Q3", "2030Q1", freq="Q").get_indexer(spans)
    expected = np.array([0, 0.1, 0.1, 0.175, 0.225, 0.225])
    assert run[:, at] == pytest.approx(a_year[:, None] * expected)


def test_a_delay_moves_supply_and_a_slower_pace_stretches_the_ramp_up(sample):
    span = horizon(sample.ds)
    plain, late = supply_of(sample.ds, span), supply_of(sample.ds, span, delay_years=1.0)
    assert late[:, 4:] == pytest.approx(plain[:, :-4])
    slow = supply_of(sample.ds, span, ramp_pace=0.5)
    assert (slow <= plain + 1e-6).all() and slow.sum() < plain.sum()


def grids(ds, caps, draws=None):
    """The flows of the whole plan, rows × periods, by name."""
    parts = flows(ds, caps, draws)
    return {name: joined([part[name] for part in parts]) for name in (*FLOWS, "cap")}


def washer_fluid(ds, base="2024", **product):
    """What can be displaced of a product of which Asaka imported 6 000 kg a quarter at 1.5 dollars in `base`."""
    products = ds.products.assign(**product)
    ds = replace(ds, registers=MappingProxyType({**ds.registers, "products": products}), base_period=pd.Period(base))
    cells = pd.DataFrame({"period": pd.period_range(f"{base}Q1", f"{base}Q3", freq="Q"), "net_kg": 6000.0})
    cells = cells.assign(product_id="washer_fluid", plant_id="asaka", value_usd=9000.0)
    return ds, addressable(ds, cells, cells.assign(gross_kg=0.0))


def test_what_can_be_displaced_grows_with_the_vehicles_of_the_plant():
    """Asaka needed 24 000 kg for 270 000 vehicles; 82 350 are planned for the last quarter, and 85 % can be made."""
    ds, span = open_dataset("sample", period="2024Q4"), pd.period_range("2024Q1", "2024Q4", freq="Q")
    panel = pd.DataFrame({"product_id": "washer_fluid", "plant_id": "asaka", "period": span})
    panel = panel.assign(value_usd=9000.0, net_kg=6000.0)
    caps = addressable(ds, panel, panel.assign(gross_kg=0.0))
    assert caps[["cap_kg", "price"]].tail(1).round(2).to_numpy().tolist() == [[6222.0, 1.5]]


def test_of_a_supply_larger_than_what_is_needed_only_that_flows_and_is_credited():
    ds, span = open_dataset("sample", period="2024Q4"), pd.period_range("2024Q1", "2030Q4", freq="Q")
    caps = pd.DataFrame({"product_id": "washer_fluid", "period": span, "cap_kg": 6000.0, "price": 1.5})
    flow = plan(ds, caps)
    last = flow[flow["product_id"].eq("washer_fluid")].iloc[-1]
    assert last[["supply_kg", "displaced_kg", "gross_usd"]].tolist() == pytest.approx([122_720, 6000, 9000])
    yearly = planned_cuts(ds, flow).set_index(["product_id", "year"])
    assert yearly.loc[("washer_fluid", 2030), ["gross_usd", "net_usd"]].tolist() == pytest.approx([36_000, 33_840])
    shares = credited(ds, caps).query("gross_usd > 0 and basis == 'target_year'").set_index(["project_id", "rule"])
    assert shares.loc[("washer_fluid_tashkent", "shapley"), "gross_usd"] == pytest.approx(36_000)


def test_where_the_register_states_no_localisable_share_all_of_it_can_be_made_at_home():
    ds = open_dataset("sample", period="2026Q3")
    (_, unstated), (_, whole), (_, half) = (washer_fluid(ds, localisable_share=s) for s in (np.nan, 1.0, 0.5))
    assert unstated["cap_kg"].tolist() == whole["cap_kg"].tolist() and unstated["cap_kg"].min() > 0
    assert half["cap_kg"].tolist() == pytest.approx(whole["cap_kg"] / 2)


def test_drawn_vehicle_output_moves_what_lies_ahead_and_never_the_reports_own_period():
    ds, caps = washer_fluid(open_dataset("sample", period="2026Q3"))
    row = ds.project_products["product_id"].tolist().index("washer_fluid")
    drawn, plain = grids(ds, caps, {"vehicle_output": np.array([2.0])})["cap"][0, row], grids(ds, caps)["cap"][row]
    moved = pd.Series(drawn / plain, horizon(ds))
    assert moved[:"2026Q3"].eq(1).all() and moved["2026Q4":].eq(2).all()


def test_prices_drift_from_the_base_year_on_and_not_before_it():
    """A base year inside the programme: its own price holds up to it, and drifts year by year after it."""
    ds = open_dataset("sample", period="2026Q3")
    scenario = {**ds.scenario, "assumptions": {**ds.scenario["assumptions"], "price_drift": {"value": 0.1}}}
    ds, caps = washer_fluid(replace(ds, scenario=MappingProxyType(scenario)), base="2026")
    by_year = caps.groupby(caps["period"].dt.year)["price"].mean()
    assert by_year.loc[2025:2028].tolist() == pytest.approx([1.5, 1.5, 1.65, 1.815])
    drawn = grids(ds, caps, {"price_drift": np.array([0.0])})["price"][0]
    row = ds.project_products["product_id"].tolist().index("washer_fluid")
    assert drawn[row] == pytest.approx(1.5)


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_gives_the_totals_written_beside_it(name, sample):
    ds = open_dataset("sample", period="2026Q3", scenario=name)
    cuts = planned_cuts(ds, plan(ds, addressable(ds, sample.panel, sample.cuts)))
    with (ds.path / "scenarios" / f"{name}.expected.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            span = cuts if row["span"].startswith("sum") else cuts[cuts["year"].eq(2030)]
            for kind in ("gross", "net", "fx"):
                assert span[f"{kind}_usd"].sum() / 1e6 == pytest.approx(float(row[f"{kind}_million_usd"]), abs=0.006)


def test_the_programme_reads_69_million_summed_and_17_a_year(sample):
    with (sample.ds.path / "scenarios" / "base.expected.csv").open(encoding="utf-8", newline="") as file:
        summed, yearly = csv.DictReader(file)
    assert (
        float(summed["gross_million_usd"]) == pytest.approx(69.0, abs=0.05) and float(yearly["gross_million_usd"]) < 20
    )


@pytest.mark.parametrize("dispatch", ["proportional", "merit_order", "first_come"])
def test_dispatch_fixes_the_kilograms_and_credit_never_changes_the_total(dispatch, sample, caps):
    ds = replace(sample.ds, scenario=MappingProxyType({**sample.ds.scenario, "dispatch": dispatch}))
    parts = grids(ds, caps)
    by_product = pd.DataFrame(parts["displaced_kg"]).groupby(ds.project_products["product_id"]).sum()
    reach = caps.pivot_table(index="product_id", columns="period", values="cap_kg").reindex(by_product.index)
    offered = pd.DataFrame(parts["supply_kg"]).groupby(ds.project_products["product_id"]).sum()
    assert by_product.to_numpy() == pytest.approx(np.minimum(offered.to_numpy(), reach.to_numpy()))
    credit = credited(ds, caps).query("basis == 'cumulative'").groupby("rule")[["gross_usd", "net_usd"]].sum()
    assert credit.loc["shapley", "gross_usd"] == pytest.approx(parts["gross_usd"].sum())
    assert credit.loc["shapley", "net_usd"] == pytest.approx(parts["net_usd"].sum())


def test_a_scenario_that_states_no_dispatch_shares_in_proportion(sample, caps):
    silent = {name: value for name, value in sample.ds.scenario.items() if name != "dispatch"}
    ds = replace(sample.ds, scenario=MappingProxyType(silent))
    assert plan(ds, caps)["displaced_kg"].tolist() == pytest.approx(sample.flows["displaced_kg"].tolist())


def test_an_early_project_is_not_crowded_out_by_a_late_one_when_first_come_first_served(sample, caps):
    ds = replace(sample.ds, scenario=MappingProxyType({**sample.ds.scenario, "dispatch": "first_come"}))
    parts = grids(ds, caps)
    row = ds.project_products.eval("project_id == 'antifreeze_navoi' and product_id == 'antifreeze'").to_numpy()
    assert parts["displaced_kg"][row] == pytest.approx(np.minimum(parts["supply_kg"][row], parts["cap"][row]))


def test_claims_above_what_can_be_displaced_are_flagged_with_both_figures(sample, caps):
    table = ceilings(sample.ds, plan(sample.ds, caps), caps, sample.panel)
    flagged = table[table["ceiling_flag"] & table["reading"].eq("annual")].set_index("id")
    assert {"antifreeze", "pvc_plastisol", "portfolio"} <= set(flagged.index)
    assert flagged.loc["portfolio", "claim_usd"] == 69e6 and flagged.loc["portfolio", "line_usd"] < 40e6
    assert (flagged["claim_usd"] > flagged["line_usd"]).all()


def test_a_draw_of_the_scenarios_own_values_is_what_today_leads_to(sample, caps):
    n = len(sample.ds.projects)
    same = {
        "vehicle_output": np.ones(2),
        "price_drift": np.zeros(2),
        "delay_years": np.zeros((2, n)),
        "success": np.ones((2, n)),
    }
    drawn = yearly_cuts(sample.ds, caps, same, sample.realised)
    assert drawn["gross"].shape == (2, n, 6)
    on_course = sample.target.set_index("reading").loc["cumulative", "on_course_usd"]
    assert drawn["gross"].sum(axis=(1, 2)) == pytest.approx([on_course] * 2), "what is realised, and the plan from here"
    assert drawn["net"][0, :, -1].sum() == pytest.approx(sample.planned.query("year == 2030")["net_usd"].sum())


def test_draws_are_computed_as_one_by_one(sample, caps):
    rng, n = np.random.default_rng(3), len(sample.ds.projects)
    many = {"vehicle_output": rng.uniform(0.8, 1.1, 3), "capacity_use": rng.uniform(0.5, 1, (3, n)),
            "delay_years": rng.uniform(0, 1, (3, n)), "price_drift": rng.uniform(-0.02, 0.02, 3)}  # fmt: skip
    together = yearly_cuts(sample.ds, caps, many, sample.realised)["net"]
    for k in range(3):
        alone = yearly_cuts(sample.ds, caps, {n: v[k : k + 1] for n, v in many.items()}, sample.realised)["net"]
        assert together[k] == pytest.approx(alone[0])


def test_a_what_if_changes_that_project_and_those_that_share_its_product(sample, caps):
    asked = what_if(sample.ds, {"pp_compound_shurtan": {"success": 0.0}})
    before, after = (grids(ds, caps)["displaced_kg"].sum(axis=1) for ds in (sample.ds, asked))
    moved = sample.ds.project_products.loc[np.abs(after - before) > 1e-6, "product_id"]
    assert set(moved) == {"pp_compound"}
    with pytest.raises(UsageError, match=r"^there is no project nobody — choose one of .*pp_compound_shurtan"):
        what_if(sample.ds, {"nobody": {"success": 0.0}})


def test_equipment_is_paid_with_a_late_start_and_what_is_paid_stays_so(sample):
    late = open_dataset("sample", period="2026Q3", scenario="late")
    flow = plan(late, addressable(late, sample.panel, sample.cuts))
    paid, planned = (t.eval("net_usd - exports_usd - fx_usd") if "exports_usd" in t else t.eval("net_usd - fx_usd")
                     for t in (planned_cuts(late, flow), sample.planned))  # fmt: skip
    paid, planned = (usd.groupby(sample.planned["year"]).sum() for usd in (paid, planned))
    assert paid[2025] == pytest.approx(planned[2025]) and paid[2025] > 1e5, "these projects deliver"
    assert paid[2026] < planned[2026] - 1e5


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_changes_only_what_lies_after_the_period(name, sample, caps):
    ds = open_dataset("sample", period="2026Q3", scenario=name)
    own = addressable(ds, sample.panel, sample.cuts)
    over = horizon(ds) <= ds.period
    pd.testing.assert_frame_equal(own[own["period"] <= ds.period], caps[caps["period"] <= ds.period])
    before, after = plan(sample.ds, caps), plan(ds, own)
    past = before["period"] <= ds.period
    pd.testing.assert_frame_equal(after[past], before[past])
    assert name == "base" or not after[~past].equals(before[~past])
    as_planned = [plan(d, addressable(d, sample.panel, sample.cuts, as_planned=True)) for d in (sample.ds, ds)]
    pd.testing.assert_frame_equal(*(planned[past] for planned in as_planned))
    for net in (True, False):
        credit = [project_cuts(d, flows(d, c), net=net)[:, over] for d, c in ((sample.ds, caps), (ds, own))]
        assert credit[0] == pytest.approx(credit[1], abs=0)


def test_another_dispatch_changes_only_what_lies_after_the_period(sample, caps):
    base = sample.ds.scenario
    ds = replace(sample.ds, scenario=MappingProxyType({**base, "dispatch": "merit_order", "base": base}))
    kg, before = grids(ds, caps)["displaced_kg"], grids(sample.ds, caps)["displaced_kg"]
    over = horizon(ds) <= ds.period
    assert (kg[:, over] == before[:, over]).all() and not (kg[:, ~over] == before[:, ~over]).all()


@pytest.mark.parametrize(("price", "moves"), [(None, True), ("moves", True), ("fixed", False)])
def test_imported_inputs_move_with_import_prices_unless_the_sheet_says_fixed(price, moves, sample, caps):
    """At a drift of a tenth a year their price in 2029 is 1.1³ times that of the sheet."""
    sheet = sample.ds.project_products.assign(imported_input_price=price)
    ds = replace(sample.ds, registers=MappingProxyType(dict(sample.ds.registers) | {"project_products": sheet}))
    after = grids(ds, caps, {"price_drift": np.array([0.1])})
    inputs = (after["price"] - after["net_price"])[0, :, horizon(ds) == pd.Period("2029Q1")][0]
    stated = (sheet["imported_input_usd_per_kg"] / sheet["replaces_kg"]).to_numpy()
    assert inputs == pytest.approx(stated * (1.1**3 if moves else 1))
    before = grids(ds, caps)
    assert before["price"] - before["net_price"] == pytest.approx(np.repeat(stated[:, None], len(horizon(ds)), axis=1))


def test_another_pace_slows_what_a_project_has_still_to_climb_and_not_what_it_has_climbed(sample, caps):
    plain, slow = (grids(sample.ds, caps, {"ramp_pace": np.array([pace])})["supply_kg"][0] for pace in (1.0, 0.5))
    first = np.flatnonzero(horizon(sample.ds) > sample.ds.period)[0]
    runs = sample.ds.project_products["project_id"].isin(sample.ds.suppliers).to_numpy()
    # of a ramp-up of 0.7 and then 0.9: none loses the third that a slow start would have cost
    assert (slow[runs, first] >= 0.85 * plain[runs, first]).all() and slow[runs, -1] == pytest.approx(plain[runs, -1])
    assert (slow[runs, first + 2] < plain[runs, first + 2]).any()


def test_what_has_happened_is_not_drawn_and_a_project_that_delivers_is_late_no_more(sample, caps):
    n = len(sample.ds.projects)
    drawn = {"capacity_use": np.full((1, n), 0.5), "delay_years": np.full((1, n), 1.0), "price_drift": np.full(1, 0.1)}
    over = horizon(sample.ds) <= sample.ds.period
    for name in ("supply_kg", "displaced_kg", "price", "gross_usd"):
        moved, plain = grids(sample.ds, caps, drawn)[name][0], grids(sample.ds, caps)[name]
        assert (moved[:, over] == plain[:, over]).all() and not (moved[:, ~over] == plain[:, ~over]).all()
    delayed = grids(sample.ds, caps, {"delay_years": np.ones(1)})["supply_kg"][0]
    runs = sample.ds.project_products["project_id"].isin(sample.ds.suppliers).to_numpy()
    assert (delayed[runs] == grids(sample.ds, caps)["supply_kg"][runs]).all() and runs.any() and not runs.all()
    assert (delayed[~runs] <= grids(sample.ds, caps)["supply_kg"][~runs] + 1e-6).all()


def test_the_target_states_planned_to_date_realised_and_what_todays_results_lead_to(sample):
    target, over = sample.target.set_index("reading"), sample.flows["period"] <= sample.ds.period
    planned, realised = (sample.ledger[f"{kind}_usd"].sum() for kind in ("planned", "realised"))
    ahead = sample.flows.loc[~over, "gross_usd"].sum()
    summed = target.loc["cumulative"]
    assert summed["planned_to_date_usd"] == pytest.approx(planned), "as the ledger says it"
    assert summed["realised_usd"] == pytest.approx(realised)
    assert summed["planned_usd"] == pytest.approx(planned + ahead)
    assert summed["on_course_usd"] == pytest.approx(realised + ahead) and realised < planned
    yearly = target.loc["annual"]
    assert yearly["on_course_usd"] == pytest.approx(yearly["planned_usd"]), "the target year lies ahead"
    finding = narrate.on_track(sample.target, sample.realised, Voice("en", sample.ds))
    assert (
        "the plan adds up to $69.0\xa0million. By now $6.8\xa0million of it should have been cut, and $6.0\xa0million "
        "has been; with the rest of the plan ($62.2\xa0million) today's results lead to $68.2\xa0million."
    ) in finding.text
    assert "The last year brought $6.0\xa0million; $6.8\xa0million was planned for it." in finding.text
    nothing = sample.target.assign(planned_to_date_usd=0.0, realised_usd=0.0)
    before = narrate.on_track(nothing, sample.realised, Voice("en", sample.ds)).text
    assert "the plan adds up to $69.0\xa0million. Read as the amount" in before
    assert "the last year" not in before.lower()


def test_in_the_target_year_itself_todays_results_count_what_is_over_as_realised(sample):
    end = replace(sample.ds, target=MappingProxyType({**sample.ds.target, "year": 2026}))
    flow = sample.flows[sample.flows["period"].dt.year <= 2026]
    caps = addressable(end, sample.panel, sample.cuts)
    outcomes = {
        basis: {"gross": pd.DataFrame({"a": usd})}
        for basis, usd in (("target_year", [1e6, 3e6]), ("cumulative", [2e6, 4e6]))
    }
    table = target_status(end, planned_cuts(end, flow), flow, caps, sample.realised, outcomes=outcomes)
    yearly = table.set_index("reading").loc["annual"]
    done = sample.realised.query("identified and period >= '2026Q1'")["gross_usd"].sum()
    last = flow.loc[flow["period"].eq(pd.Period("2026Q4")), "gross_usd"].sum()
    assert yearly["on_course_usd"] == pytest.approx(done + last)
    assert yearly["on_course_low_usd"] == pytest.approx(1e6 + 0.05 * 2e6), "what is drawn knows what is over"


def test_a_projects_planned_cut_is_its_credit_everywhere_and_both_bases_are_told_in_one_place(sample):
    say, name = Voice("en", sample.ds), "sealants_tashkent"
    credit = sample.credit.query("rule == 'shapley' and basis == 'cumulative'").set_index("project_id")["net_usd"]
    dispatched = sample.planned.groupby("project_id")["net_usd"].sum()
    assert (
        measures_status(sample.ds, sample.credit).set_index("project_id")["planned_net_usd"].dropna().to_dict().items()
        <= credit.to_dict().items()
    )
    assert credit[name] == pytest.approx(6.015e6, abs=1e3) and dispatched[name] == pytest.approx(6.143e6, abs=1e3)
    widest = (dispatched - credit).abs().idxmax()
    text = narrate.road(sample.planned, sample.ranking, sample.target, say).text
    amounts = f"{say.money(credit[widest])} net by the average, {say.money(dispatched[widest])} by tonnes"
    assert f"differs most for {say.names('projects')[widest]}: {amounts}; the sum of all projects is the same." in text
    other = narrate.road(sample.planned, sample.ranking, sample.target, say, rule="dispatched").text
    assert "Shapley" not in other
