"""The bridge between any two spans: hand-computed effects, and no residual whatever goes in."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from importcut.economics.decomposition import bridges, comparisons
from importcut.economics.indices import lmdi
from importcut.economics.prices import mix_constant_prices, price_components, rate_index
from importcut.schema import DataError

THEN, NOW = pd.Period("2025", "Y"), pd.Period("2026", "Y")
GROUP = pd.Series({"x": "g"})


def scene(kg, prices, cut_kg, vehicles, periods=(THEN, NOW), product="x", plant="p"):
    """One product at one plant, imported at the price at constant mix: panel, vehicles, cuts of one project, prices."""
    here = pd.DataFrame({"product_id": product, "plant_id": plant, "period": pd.PeriodIndex(periods)})
    panel = here.assign(origin="KR", comparable=True, net_kg=kg, value_usd=np.multiply(kg, prices))
    cuts = here.assign(project_id="j", gross_kg=cut_kg, gross_usd=np.multiply(cut_kg, prices))
    activity = here[["plant_id", "period"]].assign(vehicles=vehicles).dropna()
    return panel, activity, cuts[cuts["gross_kg"] != 0], here.assign(price=prices)


def effects(panel, activity, cuts, prices, *, base=THEN, period=NOW, rates=None):
    table = bridges(panel, activity, cuts, prices=prices, rates=rates, steps=[("base", base, period)])
    return table.groupby("effect")["value_usd"].sum().round(6).to_dict()


def test_at_full_substitution_the_requirement_grows_and_the_project_takes_it_all():
    found = effects(*scene([100.0, 0], [2.0, 3.0], [0, 120.0], [10.0, 12]))
    mean = (360 - 200) / np.log(360 / 200)
    assert found == pytest.approx({
        "base": 200, "activity": mean * np.log(1.2), "intensity": 0, "price": mean * np.log(1.5), "mix": 0,
        "project": -360,
    }, abs=1e-5)  # fmt: skip
    assert sum(found.values()) == pytest.approx(0, abs=1e-5)


def test_a_product_that_appears_is_use_per_vehicle_at_its_own_price_where_no_other_is_known():
    panel, activity, cuts, prices = scene([0, 50.0], [3.0, 3.0], [0, 0], [10.0, 12])
    found = effects(panel, activity, cuts, prices[prices["price"] > 99])
    assert found == {"base": 0, "activity": 0, "intensity": 150, "price": 0, "mix": 0}


def test_a_plant_that_closes_is_vehicle_output():
    found = effects(*scene([40.0, 0], [3.0, 3.5], [0, 0], [10.0, 0]))
    assert found == {"base": 120, "activity": -120, "intensity": 0, "price": 0, "mix": 0}


@pytest.mark.parametrize("vehicles", [[10.0, np.nan], [np.nan, 10.0], [0.0, 10.0], [10.0, 0.0]])
def test_a_period_without_vehicles_has_requirement_and_price(vehicles):
    found = effects(*scene([40.0, 50], [3.0, 3.6], [0, 0], vehicles))
    mean = 60 / np.log(1.5)
    expected = {"base": 120, "requirement": mean * np.log(1.25), "price": mean * np.log(1.2), "mix": 0}
    assert found == pytest.approx(expected, abs=1e-5)


def test_deliveries_taken_back_raise_imports():
    found = effects(*scene([100.0, 130], [3.0, 3.0], [0, -20.0], [10.0, 11]))
    assert found == {"base": 300, "activity": 30, "intensity": 0, "price": 0, "mix": 0, "project": 60}


def test_a_product_of_other_years_has_no_row_in_the_bridge_and_one_that_was_only_delivered_has():
    spans = (pd.Period("2024", "Y"), THEN, NOW)
    old = scene([7.0, 0, 0], [3.0] * 3, [0] * 3, [10.0] * 3, spans, product="old")
    made = scene([7.0, 0, 0], [3.0] * 3, [0, 0, 5.0], [10.0] * 3, spans, product="made")
    both = [pd.concat(pair, ignore_index=True) for pair in zip(old, made, strict=True)]
    both[1] = both[1].drop_duplicates()  # they share the plant
    table = bridges(*both[:3], prices=both[3], steps=[("base", THEN, NOW)])
    assert set(table["product_id"]) == {"made"} and table["value_usd"].sum() == 0


def test_more_taken_back_than_imported_passes_through_zero_and_closes():
    found = effects(*scene([100.0, 10], [3.0, 4.0], [0, -20.0], [10.0, 11]))
    assert found == {"base": 300, "activity": 0, "intensity": -340, "price": 0, "mix": 0, "project": 80}
    assert sum(found.values()) == 10 * 4


QUARTERS = pd.PeriodIndex(["2025Q1", "2025Q2", "2026Q1", "2026Q2"], freq="Q")


def test_a_year_against_a_year_has_sums_and_the_price_of_the_requirement():
    found = effects(*scene([10.0, 30, 20, 20], [2.0, 4, 4, 5], [0] * 4, [10.0] * 4, QUARTERS))
    assert found == {"base": 140, "activity": 0, "intensity": 0, "price": 40, "mix": 0}  # 40 kg, 3.5 → 4.5 dollars


def test_a_year_with_a_quarter_whose_vehicles_are_unknown_has_no_activity():
    found = effects(*scene([10.0, 30, 20, 20], [2.0, 4, 4, 5], [0] * 4, [10.0, np.nan, 10, 10], QUARTERS))
    assert found == {"base": 140, "requirement": 0, "price": 40, "mix": 0}


def test_a_quarter_that_took_back_more_than_it_imported_does_not_weigh_in_the_price_of_its_year():
    found = effects(*scene([5.0, 20, 20, 20], [2.0, 4, 4, 4], [-10.0, 0, 0, 0], [10.0] * 4, QUARTERS))
    assert found == {"base": 90, "activity": 0, "intensity": 100, "price": 0, "mix": -10, "project": -20}


def test_a_span_outside_the_data_is_refused():
    given_scene = scene([10.0, 30], [2.0, 4], [0, 0], [10.0, 10])
    with pytest.raises(DataError, match="no imports in 2019 — choose spans from 2025 to 2026"):
        effects(*given_scene, base=pd.Period("2019", "Y"))


def trade(rows, *, period=("2025", "2026"), freq="Y"):
    """Imports of product x at plant p; rows: origin, currency, weights and prices in dollars of the two periods."""
    lines = [
        ("x", "p", origin, currency, pd.Period(when, freq), kg, price)
        for origin, currency, *sides in rows
        for when, (kg, price) in zip(period, sides, strict=True)
    ]
    columns = ["product_id", "plant_id", "origin", "currency", "period", "net_kg", "unit_value"]
    table = pd.DataFrame(lines, columns=columns).assign(price_evidence="measured", comparable=True)
    return table.assign(value_usd=table["net_kg"] * table["unit_value"])


def euro(*usd):
    """Dollars for a euro from the first day of 2025, 2026, …"""
    dates = pd.to_datetime([f"{2025 + n}-01-01" for n in range(len(usd))])
    return pd.DataFrame({"date": dates, "currency": "EUR", "usd": usd})


def split_price(imports, exchange_rates):
    panel = imports[imports["net_kg"] > 0]
    activity = pd.DataFrame({"plant_id": "p", "period": pd.PeriodIndex([THEN, NOW]), "vehicles": [10.0, 10]})
    cuts = scene([1.0, 1], [1.0, 1], [0, 0], [1.0, 1])[2]
    prices = mix_constant_prices(panel, GROUP, THEN)
    rates = rate_index(price_components(panel, GROUP, THEN), imports, exchange_rates, THEN)
    return effects(panel, activity, cuts, prices, rates=rates)


DE, US = ("DE", "EUR"), ("US", "USD")


def test_a_dearer_euro_at_unchanged_contract_prices_is_all_exchange_rate():
    imports = trade([(*DE, (60, 2.0), (60, 2.2)), (*US, (40, 5.0), (40, 5.0))])
    found = split_price(imports, euro(1.0, 1.1))
    assert found == {
        "base": 320, "activity": 0, "intensity": 0, "contract_price": 0, "exchange_rate": 12, "mix": 0,
    }  # fmt: skip


def test_dearer_contracts_at_unchanged_rates_are_all_contract_price():
    imports = trade([(*DE, (60, 2.0), (60, 2.2)), (*US, (40, 5.0), (40, 5.0))])
    found = split_price(imports, euro(1.0))
    assert found["contract_price"] == 12 and found["exchange_rate"] == 0


def test_a_dearer_euro_and_cheaper_contracts_are_told_apart():
    imports = trade([(*DE, (60, 2.0), (60, 1.8)), (*US, (40, 5.0), (40, 6.0))])  # 2.00 → 1.50 euros
    found = split_price(imports, euro(1.0, 1.2))
    assert found["exchange_rate"] == pytest.approx(20.765452, abs=1e-6)  # 100 kg · L(1.08, 1.2) · ln 1.2
    assert found["contract_price"] == pytest.approx(28 - 20.765452, abs=1e-6)


def test_a_price_in_a_currency_without_a_rate_stays_whole():
    imports = trade([("JP", "JPY", (60, 2.0), (60, 2.2)), (*US, (40, 5.0), (40, 5.0))])
    found = split_price(imports, euro(1.0, 1.1))
    assert found == {"base": 320, "activity": 0, "intensity": 0, "price": 12, "mix": 0}


def test_a_year_with_a_quarter_without_a_rate_has_its_price_whole():
    sides = [(10, 2.0), (30, 4.0), (20, 4.0), (20, 5.0)]
    imports = trade([(*DE, *sides)], period=QUARTERS.astype(str), freq="Q")
    _, activity, cuts, _ = scene([0.0] * 4, [1.0] * 4, [0] * 4, [10.0] * 4, QUARTERS)
    base, parts = pd.Period("2025", "Y"), price_components(imports, GROUP, pd.Period("2025", "Y"))
    prices = mix_constant_prices(imports, GROUP, base)
    for first, names in (("2025-01-01", {"contract_price", "exchange_rate"}), ("2025-04-01", {"price"})):
        quoted = pd.DataFrame({"date": pd.to_datetime([first]), "currency": "EUR", "usd": 1.1})
        found = effects(imports, activity, cuts, prices, rates=rate_index(parts, imports, quoted, base))
        assert set(found) - {"base", "activity", "intensity", "mix"} == names
        assert sum(found[name] for name in names) == pytest.approx(40)


def components(*origins, period="2025Q1"):
    here = {"product_id": "x", "plant_id": "p", "share": 1 / len(origins), "price": 1.0}
    return pd.DataFrame({"origin": origins, **here}).assign(period=pd.PeriodIndex([period] * len(origins), freq="Q"))


def test_the_rate_of_a_period_is_the_average_of_its_days_and_of_the_currencies():
    rates = pd.DataFrame({"date": pd.to_datetime(["2024-12-01", "2025-03-02"]), "currency": "EUR", "usd": [1.0, 1.3]})
    lines = pd.DataFrame({
        "product_id": "x", "origin": ["DE", "FR", "FR"], "currency": ["EUR", "EUR", "USD"], "value_usd": [5.0, 3, 3],
        "period": pd.PeriodIndex(["2025Q1"] * 3, freq="Q"),
    })  # fmt: skip
    found = rate_index(components("DE", "FR"), lines, rates, pd.Period("2025", "Y")).set_index("origin")["rate"]
    assert found["DE"] == pytest.approx((60 * 1.0 + 30 * 1.3) / 90) and found["FR"] == pytest.approx(1.1**0.5)


def test_an_origin_without_base_imports_takes_the_shares_of_the_product_then_of_the_origin():
    lines = pd.DataFrame({
        "product_id": ["x", "x", "y"], "origin": ["DE", "US", "CN"], "currency": ["EUR", "USD", "CNY"],
        "value_usd": [3.0, 1, 7], "period": pd.PeriodIndex(["2025Q1"] * 3, freq="Q"),
    })  # fmt: skip
    quoted = [("EUR", 1.2), ("CNY", 0.14)]
    rates = pd.DataFrame(quoted, columns=["currency", "usd"]).assign(date=pd.Timestamp("2025-01-01"))
    asked = pd.concat(
        [components("CN"), components("CN").assign(product_id="z"), components("KR").assign(product_id="z")]
    )
    found = rate_index(asked.reset_index(drop=True), lines, rates, pd.Period("2025", "Y"))["rate"].tolist()
    assert found[:2] == pytest.approx([1.2**0.75, 0.14]) and np.isnan(found[2])


def test_without_currencies_there_are_no_rates():
    lines = trade([("DE", np.nan, (60, 2.0), (60, 2.2))])
    none = pd.DataFrame(columns=["date", "currency", "usd"])
    assert rate_index(price_components(lines, GROUP, THEN), lines, none, THEN)["rate"].isna().all()


weight = st.one_of(st.just(0.0), st.floats(0.01, 1e5))
side = st.tuples(weight, st.floats(0.01, 1e3))


def four(values):
    return st.lists(values, min_size=4, max_size=4)


corner = st.tuples(st.floats(-1e4, 1e5), st.one_of(st.none(), st.integers(0, 10**5)), st.floats(0.01, 100))


@settings(max_examples=min(60, settings.default.max_examples))
@given(
    st.lists(st.lists(side, min_size=4, max_size=4), min_size=2, max_size=2), st.lists(corner, min_size=4, max_size=4)
)
def test_nothing_is_left_over_with_rates_spans_zeros_and_corrections(origins, corners):
    cut_kg, vehicles, usd = zip(*corners, strict=True)
    sides = [(*who, *values) for who, values in zip((DE, US), origins, strict=True)]
    imports = trade(sides, period=QUARTERS.astype(str), freq="Q")
    panel, base = imports[imports["net_kg"] > 0], pd.Period("2025", "Y")
    if not panel["period"].dt.year.isin([2025]).any() or not panel["period"].isin(QUARTERS[-1:]).any():
        return  # nothing to price, or nothing in the last quarter
    quoted = pd.DataFrame({"date": QUARTERS.start_time, "currency": "EUR", "usd": usd})
    rates = rate_index(price_components(panel, GROUP, base), imports, quoted, base)
    prices = mix_constant_prices(panel, GROUP, base)
    price = prices.set_index("period")["price"].reindex(QUARTERS).fillna(1.0).to_numpy()
    _, activity, cuts, _ = scene([0.0] * 4, price, list(cut_kg), np.array(vehicles, float), QUARTERS)
    first = panel["period"].min()
    steps = [("base", base, pd.Period("2026", "Y")), ("chained", first, QUARTERS[-1])]
    table = bridges(panel, activity, cuts, prices=prices, rates=rates, steps=steps)
    found = table.groupby("comparison")["value_usd"].sum()
    year, quarter = panel["period"].dt.year.eq(2026), panel["period"].eq(QUARTERS[-1])
    assert found["base"] == pytest.approx(panel.loc[year, "value_usd"].sum(), abs=0.005)
    assert found["chained"] == pytest.approx(panel.loc[quarter, "value_usd"].sum(), abs=0.005)


def test_the_effects_are_those_of_lmdi_over_the_plants(sample):
    """Product by product with the published formula, on the sample."""
    base, now = pd.Period("2024Q3"), sample.ds.period
    made = sample.ds.activity[sample.ds.activity["scenario"].isna()]
    groups, served = sample.ds.products.set_index("product_id")["group"], sample.ds.deliveries
    prices = mix_constant_prices(sample.panel, groups, sample.ds.base_period, plants=served[["product_id", "plant_id"]])
    sides = []
    for period in (base, now):
        cells = sample.panel[sample.panel["comparable"] & sample.panel["period"].eq(period)]
        kg = cells.groupby(["product_id", "plant_id"])["net_kg"].sum()
        cut = sample.cuts[sample.cuts["period"].eq(period)].groupby(["product_id", "plant_id"])["gross_kg"].sum()
        sides.append(kg.add(cut, fill_value=0).rename("requirement").to_frame())
    pairs = sides[0].index.intersection(sides[1].index)
    for side, period in zip(sides, (base, now), strict=True):
        vehicles = made[made["period"].eq(period)].groupby("plant_id")["vehicles"].sum()
        side["activity"] = side.index.get_level_values("plant_id").map(vehicles)
        side["intensity"] = side["requirement"] / side["activity"]
        side["price"] = prices[prices["period"].eq(period)].set_index(["product_id", "plant_id"])["price"]
    factors = ["activity", "intensity", "price"]
    found = effects(sample.panel, made, sample.cuts, prices, base=base, period=now)
    expected = lmdi(*(side.loc[pairs, factors] for side in sides))
    assert len(pairs) == len(sides[0]) == len(sides[1])
    assert [found[f] for f in factors] == pytest.approx(expected.tolist())


def test_many_steps_at_once_are_what_they_are_one_by_one(sample):
    made = sample.ds.activity[sample.ds.activity["scenario"].isna()]
    groups = sample.ds.products.set_index("product_id")["group"]
    prices = mix_constant_prices(sample.panel, groups, sample.ds.base_period)
    steps = comparisons(sample.ds, sample.panel)
    together = bridges(sample.panel, made, sample.cuts, prices=prices, steps=steps)
    single = [bridges(sample.panel, made, sample.cuts, prices=prices, steps=[step]) for step in steps]
    pd.testing.assert_frame_equal(together, pd.concat(single, ignore_index=True))


def test_the_comparisons_are_base_season_year_before_and_chain(sample, uzbekistan):
    steps = [(name, str(base), str(period)) for name, base, period in comparisons(sample.ds, sample.panel)]
    assert steps[:3] == [
        ("base", "2024Q3", "2026Q3"), ("year_before", "2025Q3", "2026Q3"), ("chained", "2024Q3", "2024Q4"),
    ]  # fmt: skip
    assert steps[-1] == ("chained", "2026Q2", "2026Q3") and len(steps) == 10
    names = [name for name, *_ in comparisons(uzbekistan.ds, uzbekistan.panel)]
    assert names == ["base"] + ["chained"] * 7  # the year before is the last step of the chain


def test_before_the_base_season_only_the_chain_is_compared(sample):
    early = sample.panel[sample.panel["period"] >= pd.Period("2026Q2")]
    assert comparisons(sample.ds, early) == [("chained", pd.Period("2026Q2"), pd.Period("2026Q3"))]
    alone = sample.panel[sample.panel["period"] >= sample.ds.period]
    assert comparisons(sample.ds, alone) == []
    assert bridges(alone, sample.ds.activity, sample.cuts, prices=pd.DataFrame(), steps=[]).empty
