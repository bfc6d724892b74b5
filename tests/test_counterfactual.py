"""Counterfactuals against hand-computed answers and planted cuts: methods, donors, placebos, what cannot be told."""

from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pandas as pd
import pytest

import importcut
from importcut.economics.alternatives import estimates, placebos, spread
from importcut.economics.cuts import (
    counterfactual_imports,
    falsification_tests,
    identification,
    identified_cuts,
    plant_cuts,
    realised_cuts,
)
from importcut.economics.methods import METHODS, Declined, Question, donor_weights
from importcut.economics.series import donor_table, observe
from importcut.language import Voice
from importcut.schema import NATIONAL
from importcut.telling import narrate
from planted import trial

QUARTERS = pd.period_range("2022Q1", "2026Q4", freq="Q", name="period")
FIRST = pd.Period("2025-01", "M")
BASE = pd.Period("2024", "Y")
DONORS = ("d1", "d2", "d3", "d4")


def world(base, series, *, prices=2.0, vehicles=None, **settings):
    """A dataset with project j making product x from 2025 on, and the quarterly kg of some products."""
    made = pd.DataFrame({"project_id": ["j"], "product_id": ["x"], "replaces_kg": 1.0})
    made = made.assign(capacity=1e9, kg_per_unit=1.0)
    projects = pd.DataFrame({"project_id": ["j"], "first_output": ["2025-01"], "trial_output": [None]})
    donors = pd.DataFrame({"product_id": [p for p in series if p != "x"], "use": "yes", "reason": "same plants"})
    registers = dict(base.registers) | {"projects": projects, "project_products": made, "donors": donors}
    registers["deliveries"] = base.deliveries.head(0)
    if vehicles == {}:
        registers["activity"] = base.activity.head(0)
    elif vehicles:
        registers["activity"] = pd.concat(
            pd.DataFrame({"period": QUARTERS, "plant_id": plant, "vehicles": made, "scenario": None})
            for plant, made in vehicles.items()
        )
    settings = {"counterfactual": "control_basket", "period": QUARTERS[-1], "frequency": "Q"} | settings
    ds = replace(base, registers=MappingProxyType(registers), **settings)
    return ds, seen_of(ds, series, prices)


def seen_of(ds, series, prices=2.0):
    kg = pd.DataFrame(series, index=QUARTERS, dtype="float64").rename_axis(columns="product_id").stack()
    panel = kg[kg > 0].rename("net_kg").reset_index().assign(
        plant_id=NATIONAL, origin="KR", comparable=True, price_evidence="measured", evidence="measured"
    )  # fmt: skip
    panel = panel.assign(raw_kg=panel["net_kg"], value_usd=panel["net_kg"] * prices, unit_value=prices)
    carried = kg.reset_index()[["product_id", "period"]].assign(plant_id=NATIONAL, price=prices * 1.5)
    return observe(ds, panel, carried)


@pytest.fixture(scope="module")
def base(sample):
    return sample.ds


def verdicts(seen):
    """The verdict of each test of the product's fall."""
    return falsification_tests(seen).set_index("test")["verdict"]


def flat(value):
    return np.full(len(QUARTERS), float(value))


def stepped(before, after):
    return np.where(QUARTERS.year < 2025, float(before), float(after))


def test_the_control_basket_is_the_base_carried_by_the_median_donor(base):
    series = {"x": stepped(100, 60), "d1": flat(10), "d2": stepped(10, 12), "d3": stepped(10, 11)}
    cuts = plant_cuts(world(base, series)[1])
    assert cuts["gross_kg"].tolist() == pytest.approx([100 * 1.1 - 60] * 8)
    assert cuts["gross_usd"].tolist() == pytest.approx([50 * 2.0] * 8)
    assert cuts["base_kg"].tolist() == pytest.approx([100] * 8) and set(cuts["evidence"]) == {"inferred"}


def test_activity_carries_the_base_by_vehicles_plant_by_plant(base):
    vehicles = {"p": stepped(50, 60)}
    _, seen = world(base, {"x": stepped(100, 70)}, vehicles=vehicles, counterfactual="activity")
    assert plant_cuts(seen)["gross_kg"].tolist() == pytest.approx([100 / 50 * 60 - 70] * 8)


def test_a_quarter_without_vehicles_expects_no_imports(base):
    made = stepped(50, 60)
    made[-1] = 0
    series = {"x": stepped(100, 0), "d1": flat(10)}
    _, seen = world(base, series, vehicles={"p": made}, counterfactual="activity")
    assert plant_cuts(seen)["gross_kg"].tolist() == pytest.approx([120] * 7 + [0])


def test_without_vehicle_output_activity_declines(base):
    _, seen = world(base, {"x": flat(1)}, vehicles={})
    table = estimates(seen).set_index("method")
    assert table.loc["activity", "reason"] == "no_activity" and pd.isna(table.loc["activity", "gross_usd"])


def test_full_substitution_cuts_all_that_was_expected_at_the_carried_price(base):
    series = {"x": stepped(100, 0), "d1": flat(10), "d2": stepped(10, 12), "d3": stepped(10, 11), "d4": stepped(10, 11)}
    ds, seen = world(base, series)
    cuts = plant_cuts(seen)
    assert cuts["gross_kg"].tolist() == pytest.approx([110] * 8)
    assert cuts["gross_usd"].tolist() == pytest.approx([110 * 3.0] * 8)
    found = identification(seen, cuts)
    assert found["placebo_rank"].tolist() == [1]
    expected = counterfactual_imports(seen.panel, cuts, ds)
    late = expected[expected["period"].dt.year >= 2025]
    assert late["actual_usd"].eq(0).all() and late["counterfactual_kg"].tolist() == pytest.approx([110] * 8)
    early = expected[expected["period"].dt.year < 2025]
    assert len(early) == 12 and early["actual_usd"].eq(early["counterfactual_usd"]).all()


def test_a_product_that_appears_after_the_base_has_none_and_is_not_identified(base):
    series = {"x": stepped(0, 60), "d1": flat(10), "d2": flat(10), "d3": flat(10)}
    _, seen = world(base, series)
    found = identification(seen, plant_cuts(seen))
    assert found["reason"].tolist() == ["before_series"] and not found["told"].any()
    late = np.where(QUARTERS.year < 2023, 5.0, stepped(0, 60))  # imported once, not in the base year
    _, seen = world(base, series | {"x": late})
    assert identification(seen, plant_cuts(seen))["reason"].tolist() == ["no_base"]


@pytest.mark.parametrize(
    ("product", "first", "trial", "reason", "touched"),
    [
        ("x", "2027-01", None, "not_started", False),  # the last quarter ends before it
        ("x", "2026-12", "2025-12", None, True),
        ("x", "2026-12", "2026-01", None, False),  # a trial after the base, 2025
        ("x", "2023-01", None, None, False),  # the base is the first year of the series
        ("x", "2022-12", None, "before_series", False),
        ("never_imported", "2025-01", None, "no_series", False),
    ],
)
def test_a_case_says_why_imports_cannot_tell_and_whether_a_trial_touched_its_base(
    product, first, trial, reason, touched, base
):
    ds, seen = world(base, {"x": flat(100), **{d: flat(10) for d in DONORS}})
    projects = pd.DataFrame({"project_id": ["j"], "first_output": [first], "trial_output": [trial]})
    sheet = ds.project_products.assign(product_id=product)
    ds = replace(ds, registers=MappingProxyType(dict(ds.registers) | {"projects": projects, "project_products": sheet}))
    [case] = observe(ds, seen.panel, seen.prices).cases.itertuples()
    assert (case.reason, case.base_touched) == (reason, touched)


def waves(seed):
    rng = np.random.default_rng(seed)
    return {d: 50 * np.exp(rng.normal(0, 0.1, len(QUARTERS)).cumsum()) for d in DONORS}


def test_a_synthetic_control_recovers_its_weights_and_the_planted_cut(base):
    donors = waves(1)
    early = QUARTERS.year < 2025
    relative = {d: kg / kg[early].mean() for d, kg in donors.items()}
    whole = 200 * (0.6 * relative["d1"] + 0.4 * relative["d2"])
    series = {"x": whole - stepped(0, 30), **donors}
    _, seen = world(base, series, counterfactual="synthetic_control")
    weights = donor_weights(seen, Question("x", FIRST, BASE, DONORS))
    assert weights.round(6).to_dict() == pytest.approx({"d1": 0.6, "d2": 0.4, "d3": 0, "d4": 0}, abs=1e-4)
    assert plant_cuts(seen)["gross_kg"].tolist() == pytest.approx([30] * 8, rel=1e-3)


def test_with_fewer_than_five_periods_before_a_synthetic_control_declines(base):
    asked = Question("x", pd.Period("2023-01", "M"), pd.Period("2022", "Y"), DONORS)
    _, seen = world(base, {"x": flat(5), **waves(2)})
    with pytest.raises(Declined, match="few_periods"):
        METHODS["synthetic_control"](seen, asked)
    METHODS["synthetic_control"](seen, replace(asked, first=pd.Period("2023-04", "M")))


def test_with_fewer_than_three_donors_the_basket_declines(base):
    _, seen = world(base, {"x": stepped(100, 60), "d1": flat(10), "d2": flat(10)})
    assert identification(seen, plant_cuts(seen))["reason"].tolist() == ["few_donors"]


def test_donors_are_left_out_for_a_stated_reason(base):
    series = {"x": flat(9), "d1": flat(1), "d2": flat(1), "d3": flat(1), "gone": stepped(1, 0), "recut": flat(1)}
    ds, seen = world(base, series)
    donors = pd.concat([ds.donors, pd.DataFrame({"product_id": ["x"], "use": ["yes"], "reason": ["wrong"]})])
    donors.loc[donors["product_id"].eq("d3"), "use"] = "no"
    ds = replace(ds, registers=MappingProxyType(dict(ds.registers) | {"donors": donors}))
    why = donor_table(ds, seen.kg, frozenset({"recut"})).set_index("product_id")["why"]
    assert why.to_dict() == {"d1": "", "d2": "", "d3": "file", "gone": "gap", "recut": "broken", "x": "project"}


def test_the_rank_and_the_smallest_fall_told_are_those_of_the_placebos(base):
    """Ten donors fell by 0, 2, … 18 %: the product's fall of 30 % is the first of eleven, and 18 % would be told."""
    donors = {f"d{n}": stepped(100, 100 - 2 * n) for n in range(10)}
    _, seen = world(base, {"x": stepped(100, 70), **donors})
    row = estimates(seen).set_index("method").loc["control_basket"]
    assert (row["placebo_rank"], row["placebo_n"], row["placebo_p"]) == (1, 11, pytest.approx(1 / 11))
    assert verdicts(seen)["fit"] == "holds"
    falls = [np.log(n / np.median([*range(82, 101, 2)][:k] + [*range(82, 101, 2)][k + 1 :]))
             for k, n in enumerate(range(82, 101, 2))]  # fmt: skip
    needed = min(falls) - np.quantile(falls, 0.8)  # four in five falls of that size rank below every donor's
    assert row["detectable_share"] == pytest.approx(1 - np.exp(needed))
    assert row["detectable_usd"] == pytest.approx(row["detectable_share"] * 91 * 2.0 * 8)
    _, seen = world(base, {"x": stepped(100, 83), **donors})
    beaten = estimates(seen).set_index("method").loc["control_basket"]
    assert beaten["placebo_rank"] == 2 and beaten["gross_usd"] > 0 and verdicts(seen)["fit"] == "fails"


def test_among_few_donors_no_fall_is_told_from_chance_however_large(base):
    """Of five series one falls most by chance in 20 % of cases, more than the threshold allows."""
    _, seen = world(base, {"x": stepped(100, 1), **{d: stepped(100, 100 - n) for n, d in enumerate(DONORS)}})
    row = estimates(seen).set_index("method").loc["control_basket"]
    assert row["placebo_p"] == row["smallest_p"] == 0.2 and not row["told"]
    assert pd.isna(row["detectable_share"]) and pd.isna(row["detectable_usd"])


@pytest.mark.parametrize(("threshold", "told"), [(0.2, True), (0.19, False)])
def test_the_first_of_five_is_told_where_the_threshold_is_exactly_one_in_five(threshold, told, base):
    donors = {d: stepped(100, 100 - 10 * n) for n, d in enumerate(DONORS)}
    settings = {"thresholds": MappingProxyType({**base.thresholds, "placebo_p": threshold})}
    _, seen = world(base, {"x": stepped(100, 30), **donors}, **settings)
    row = estimates(seen).set_index("method").loc["control_basket"]
    assert row["placebo_rank"] == 1 and pd.notna(row["detectable_share"]) == told
    assert verdicts(seen)["fit"] == ("holds" if told else "not_run")


def test_growth_of_the_donors_is_told_from_a_fall_of_imports(base):
    series = {"x": stepped(100, 90), "d1": stepped(10, 15), "d2": stepped(10, 15), "d3": stepped(10, 15)}
    _, seen = world(base, series)
    row = estimates(seen).set_index("method").loc["control_basket"]
    assert row["gross_usd"] == pytest.approx((150 - 90) * 2.0 * 8)
    assert row["growth_usd"] == pytest.approx(50 * 2.0 * 8)


def test_the_variants_span_base_years_donors_and_bases_of_comparison(base):
    """Base 2022 is twice that of 2024; without d3 the median of the donors rises from 1.1 to 1.2."""
    old = np.where(QUARTERS.year < 2023, 200.0, stepped(100, 60))
    series = {"x": old, "d1": flat(10), "d2": stepped(10, 20), "d3": stepped(10, 10), "d4": stepped(10, 12)}
    _, seen = world(base, series)
    tried = spread(seen, ["control_basket"])
    by_base = tried[tried["left_out"].eq("") & tried["basis"].eq("net_kg")].set_index("base")["gross_usd"]
    early = (4 * 200 + 8 * 100) / 12
    expected = {"2024": 110, "2023": 110, "2022": 220, "all": early * 1.1}
    assert by_base.to_dict() == pytest.approx({year: (kg - 60) * 16 for year, kg in expected.items()})
    without = tried[tried["base"].eq("2024") & tried["basis"].eq("net_kg")].set_index("left_out")["gross_usd"]
    assert without["d3"] == pytest.approx((120 - 60) * 16) and set(tried["basis"]) == {"net_kg", "raw_kg", "value_usd"}


def test_the_range_is_that_of_the_falls_found_where_there_is_no_project(base):
    """The donors end between 0.9 and 1.1 of what the others would have them: so may the product's expectation."""
    donors = {"d1": stepped(10, 9), "d2": flat(10), "d3": flat(10), "d4": stepped(10, 11)}
    _, seen = world(base, {"x": stepped(100, 60), **donors})
    low, high = np.exp(np.quantile(np.log([0.9, 1, 1, 1.1]), [0.05, 0.95]))
    cuts = plant_cuts(seen)
    assert cuts["gross_low_usd"].tolist() == pytest.approx([(100 * low - 60) * 2.0] * 8)
    assert cuts["gross_high_usd"].tolist() == pytest.approx([(100 * high - 60) * 2.0] * 8)


def test_a_year_with_a_quarter_without_imports_is_no_base(base):
    x = np.where(pd.Period("2022Q2") == QUARTERS, 0.0, stepped(100, 60))
    _, seen = world(base, {"x": x, "d1": flat(10), "d2": flat(10), "d3": flat(10)})
    assert set(spread(seen, ["control_basket"])["base"]) == {"2024", "2023", "all"}


def test_a_donor_whose_declared_weight_is_missing_is_left_out_of_declared_weights_alone(base):
    ds, seen = world(base, {"x": stepped(100, 60), **{f"d{n}": flat(10) for n in range(1, 6)}})
    lost = seen.panel["product_id"].eq("d4") & seen.panel["period"].eq(QUARTERS[0])
    panel = seen.panel.assign(raw_kg=seen.panel["raw_kg"].mask(lost, 0.0))
    tried = spread(observe(ds, panel, seen.prices), ["control_basket"])
    left_out = tried.groupby("basis")["left_out"].agg(set)
    assert left_out["raw_kg"] == {"d4", "d1;d4", "d2;d4", "d3;d4", "d4;d5"}
    assert left_out["net_kg"] == left_out["value_usd"] == {"", "d1", "d2", "d3", "d4", "d5"}


def test_the_value_basis_compares_dollars(base):
    series = {"x": stepped(100, 60), "d1": flat(10), "d2": flat(10), "d3": flat(10)}
    ds, seen = world(base, series)
    doubled = seen.panel.assign(value_usd=seen.panel["value_usd"] * np.where(seen.panel["period"] >= "2025Q1", 2, 1))
    tried = spread(observe(ds, doubled, seen.prices), ["control_basket"]).set_index(["base", "basis", "left_out"])
    assert tried.loc[("2024", "value_usd", ""), "gross_usd"] == pytest.approx((100 * 2 * 2 - 60 * 2 * 2) * 8)


def test_a_goods_return_is_a_negative_cut(sample):
    """Two tonnes came back in the last quarter: that quarter's cut is below zero at its price."""
    sold = sample.ds.deliveries
    last = sold[sold["project_id"].eq("rubber_angren") & sold["period"].eq(sample.ds.period)].head(1)
    back = last.assign(net_kg=-2000.0, baseline_kg=0.0)
    registers = MappingProxyType(dict(sample.ds.registers) | {"deliveries": back})
    seen = replace(sample.observed, ds=replace(sample.ds, registers=registers))
    cut = plant_cuts(seen).iloc[0]
    key = ["product_id", "plant_id", "period"]
    price = seen.prices.set_index(key)["price"].loc[tuple(cut[key])]
    assert cut["gross_usd"] == pytest.approx(-2000 * price) and cut["gross_low_usd"] <= cut["gross_high_usd"] <= 0


def test_a_base_that_may_hold_first_output_is_told(uzbekistan):
    table = estimates(uzbekistan.observed, ["control_basket"])
    assert table.loc[table["base_touched"], "project_id"].tolist() == ["angren_tyres"]


def test_on_real_data_no_fall_is_told_apart_from_chance_and_the_estimates_stay(uzbekistan):
    estimated = uzbekistan.realised[uzbekistan.realised["gross_usd"].notna()]
    assert set(estimated["product_id"]) >= {"caustic_soda_solid", "pvc"}
    assert not estimated["identified"].any() and set(estimated["reason"]) == {"not_told"}
    assert uzbekistan.cuts.empty and uzbekistan.ranking["rank"].isna().all()
    waiting = uzbekistan.ranking.set_index("project_id").loc["navoiyazot_pvc"]
    assert waiting["gross_usd"] > 0 and pd.isna(waiting["headline_usd"]) and waiting["reason"] == "not_told"


def test_the_placebo_table_holds_every_donor_in_every_period(uzbekistan):
    table = placebos(uzbekistan.observed)
    n = len(uzbekistan.observed.donors)
    assert table.groupby(["product_id", "period"])["series"].nunique().eq(n + 1).all()
    own = table[table["role"].eq("product") & table["output"]].set_index(["product_id", "period"])
    cut = uzbekistan.realised.set_index(["product_id", "period"])["gross_kg"].dropna()
    assert (own["expected_kg"] - own["actual_kg"]).loc[cut.index].to_dict() == pytest.approx(cut.to_dict())


def test_net_takes_off_the_inputs_of_what_must_have_been_made(base):
    """100 kg expected, 60 imported; a domestic kg replaces 0.8 kg of import, and its inputs cost 0.5: 40/0.8 × 0.5."""
    ds, _ = world(base, {"x": stepped(100, 60), **{d: flat(10) for d in DONORS}})
    sheet = ds.project_products.assign(replaces_kg=0.8, imported_input_usd_per_kg=0.5, capacity=1.0, kg_per_unit=1.0)
    ds = replace(ds, registers=MappingProxyType(dict(ds.registers) | {"project_products": sheet}))
    seen = replace(world(base, {"x": stepped(100, 60), **{d: flat(10) for d in DONORS}})[1], ds=ds)
    cuts = plant_cuts(seen)
    table = realised_cuts(ds, cuts, identification(seen, cuts))
    assert table["net_usd"].tolist() == pytest.approx([40 * 2.0 - 40 / 0.8 * 0.5] * 8)


def test_the_fit_is_the_misfit_before_the_first_output_outside_the_base(base):
    """In 2022 and 2023 imports were 121 where 100 was expected: log 1.21 in each quarter."""
    series = {"x": np.where(QUARTERS.year < 2024, 121.0, stepped(100, 60)), **{d: flat(10) for d in DONORS}}
    _, seen = world(base, series)
    row = estimates(seen).set_index("method").loc["control_basket"]
    assert row["fit"] == pytest.approx(np.log(1.21))


def test_activity_is_counted_plant_by_plant(base):
    """Plant p makes a tenth more and plant q stops: 60 × 1.1 is expected, and nothing of q's 40."""
    _, seen = world(base, {"x": flat(1)}, vehicles={"p": stepped(50, 55), "q": stepped(20, 0)})
    columns = pd.MultiIndex.from_tuples([("x", "p"), ("x", "q")], names=["product_id", "plant_id"])
    by_plant = pd.DataFrame({column: flat(kg) for column, kg in zip(columns, (60, 40), strict=True)}, QUARTERS)
    by_plant.columns = columns
    expected = METHODS["activity"](replace(seen, by_plant=by_plant), Question("x", FIRST, BASE, ()))
    assert expected[-8:].tolist() == pytest.approx([66.0] * 8) and expected[:4].tolist() == pytest.approx([100.0] * 4)


def test_a_quarter_without_imports_in_the_base_does_not_thin_the_intensity(base):
    """Nothing was received for 2024Q2: intensity is 300 kg for the 150 vehicles of the three quarters known."""
    missing = pd.Period("2024Q2") == QUARTERS
    series = {"x": np.where(missing, 0.0, stepped(100, 70)), **{d: np.where(missing, 0.0, 10.0) for d in DONORS}}
    _, seen = world(base, series, vehicles={"p": flat(50)}, counterfactual="activity")
    assert plant_cuts(seen)["gross_kg"].tolist() == pytest.approx([30] * 8)
    assert set(seen.donors) == set(DONORS), "nobody reported: no gap of theirs"
    assert plant_cuts(seen, "control_basket")["gross_kg"].tolist() == pytest.approx([30] * 8)


def test_a_product_whose_series_is_broken_is_not_identified_from_imports_alone(base):
    ds, seen = world(base, {"x": stepped(100, 60), **{d: flat(10) for d in DONORS}})
    broken = observe(ds, seen.panel, seen.prices, broken=frozenset({"x"}))
    assert identification(broken, plant_cuts(broken))["reason"].tolist() == ["broken_series"]


def test_a_recorded_shortfall_stays_a_negative_cut_and_in_the_ledger(sample):
    """A project that delivered less than its baseline counts with what is missing."""
    sold = sample.ds.deliveries
    mine = sold["project_id"].eq("rubber_angren")
    sold.loc[mine, "baseline_kg"] = sold.loc[mine, "net_kg"] * 1.2
    registers = MappingProxyType(dict(sample.ds.registers) | {"deliveries": sold})
    seen = replace(sample.observed, ds=replace(sample.ds, registers=registers))
    cuts = plant_cuts(seen)
    table = realised_cuts(seen.ds, cuts, identification(seen, cuts))
    rubber = table[table["project_id"].eq("rubber_angren")]
    assert rubber["identified"].all() and rubber["gross_usd"].sum() < 0


def test_a_delivery_whose_price_nobody_knows_is_not_valued_at_nothing(sample):
    """A product that was never imported has no import price: its cut is not identified, and says why."""
    seen = replace(
        sample.observed, prices=sample.observed.prices[sample.observed.prices["product_id"].ne("antifreeze")]
    )
    cuts = plant_cuts(seen)
    found = identification(seen, cuts).set_index(["project_id", "product_id"])
    assert found.loc[("antifreeze_navoi", "antifreeze"), "reason"] == "no_price"
    assert "antifreeze" not in set(identified_cuts(cuts, found.reset_index())["product_id"])


WORLDS = {
    "activity": {"x": stepped(100, 60), **{d: flat(10) for d in DONORS}},
    "synthetic_control": {"x": stepped(100, 60), **waves(3)},
    "control_basket": {"x": stepped(100, 60), "d1": flat(10), "d2": flat(10), "d3": flat(10)},
    "no donors": {"x": stepped(100, 60)},
}


@pytest.mark.parametrize("name", WORLDS)
def test_whatever_the_method_and_the_donors_the_story_can_be_told_and_drawn(name, base):
    method = name if name in METHODS else "control_basket"
    ds, seen = world(base, WORLDS[name], vehicles={"p": flat(50)}, counterfactual=method)
    cuts = plant_cuts(seen)
    found = identification(seen, cuts)
    sheet = ds.project_products.assign(imported_input_usd_per_kg=np.nan, capacity=1.0, kg_per_unit=1.0)
    names = {"product_id": ["x", *DONORS], "name_en": "X", "hs_prefixes": "1"}
    projects = ds.projects.assign(name_en="J")
    named = {"project_products": sheet, "products": pd.DataFrame(names), "projects": projects}
    ds = replace(ds, registers=MappingProxyType(dict(ds.registers) | named))
    realised, say = realised_cuts(ds, cuts, found), Voice("en", ds)
    assert realised["gross_usd"].notna().any() == (name != "no donors")
    tried = spread(seen)
    asked, tests = estimates(seen), placebos(seen)
    claims = falsification_tests(seen)
    finding = narrate.evidence(asked, claims, say)
    assert finding.text and narrate.estimates_table(asked, say).frame is not None
    for table in (
        narrate.claims_table(claims, say),
        narrate.placebo_table(asked, say),
        narrate.limits_table(realised, say),
    ):
        assert "nan" not in table._repr_mimebundle_()["text/html"]
    for rows, plot in ((narrate.estimate_rows(asked), importcut.plot_estimates), (tests, importcut.plot_placebos),
                       (narrate.variant_rows(tried, asked), importcut.plot_variants)):  # fmt: skip
        if len(rows):
            importcut.picture(plot(rows, say), say, title="t", unit="u", alt="a")


@pytest.fixture(scope="module")
def trials(tmp_path_factory, everything):
    """Five planted worlds, or one where not all tests run; fifty in `make bench`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IMPORTCUT_PROCESSED", str(tmp_path_factory.mktemp("processed")))
        seeds = range(5 if everything else 1)
        return pd.DataFrame([trial(seed, tmp_path_factory.mktemp(f"seed{seed}")) for seed in seeds])


def test_delivery_records_recover_planted_cuts_without_bias(trials):
    assert abs(trials["deliveries"].mean()) < 0.01 and trials["deliveries"].abs().max() < 0.02


def test_the_control_basket_recovers_planted_cuts_to_a_tenth_and_calls_them(trials):
    assert abs(trials["control_basket"].mean()) < 0.1 and trials["cut_called"].all()


def test_a_product_without_a_project_is_not_called_a_cut(trials):
    assert trials["placebo_called"].mean() <= 0.1
