"""Prices at constant mix and the bridge: hand-computed answers, and the identity that the bridge closes."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from importcut.economics.decomposition import bridges, same_season
from importcut.economics.prices import mix_constant_prices
from importcut.schema import DataError

THEN, NOW = pd.Period("2025", "Y"), pd.Period("2026", "Y")


def scene(kg, usd, prices, cut_kg, vehicles, plants=("p", "p"), periods=(THEN, NOW)):
    """One product at one plant, two periods: panel, prices, cuts of one project, vehicles."""
    here = pd.DataFrame({"product_id": "x", "plant_id": plants, "period": pd.PeriodIndex(periods)})
    panel = here.assign(origin="KR", comparable=True, net_kg=kg, value_usd=usd)
    price = here.assign(price=prices)
    cuts = here.assign(project_id="j", gross_kg=cut_kg, gross_usd=np.multiply(cut_kg, prices))
    activity = pd.DataFrame({"plant_id": plants, "period": pd.PeriodIndex(periods), "vehicles": vehicles})
    return panel, activity, cuts[cuts["gross_kg"] != 0], price


def effects(panel, activity, cuts, prices):
    table = bridges(panel, activity, cuts, prices=prices, steps=[("base", THEN, NOW)])
    return table.groupby("effect")["value_usd"].sum()


def test_bridge_gives_the_worked_case():
    found = effects(*scene([180_000.0, 152_000], [540_000.0, 501_600], [3.0, 3.3], [20_000.0, 100_000], [1e5, 1.2e5]))
    assert found["activity"] == pytest.approx(129_359.19, abs=0.005)
    assert found["intensity"] == pytest.approx(34_617.17, abs=0.005)
    assert found["price"] == pytest.approx(67_623.64, abs=0.005)
    assert found["project"] == pytest.approx(-270_000)
    assert found["mix"] == pytest.approx(0, abs=1e-6)
    assert found.sum() == pytest.approx(501_600, abs=0.005)


def test_at_full_substitution_the_project_gets_what_would_have_been_imported_now():
    found = effects(*scene([100.0, 0.0], [200.0, 0.0], [2.0, 3.0], [0.0, 120.0], [10.0, 12.0]))
    assert found["project"] == pytest.approx(-360) and found.sum() == pytest.approx(0, abs=1e-9)


def test_a_product_that_appears_is_intensity():
    found = effects(*scene([0.0, 50.0], [0.0, 150.0], [3.0, 3.0], [0.0, 0.0], [10.0, 12.0]))
    assert found["intensity"] == pytest.approx(150) and found["activity"] == 0


def test_a_plant_without_vehicles_has_its_change_as_requirement():
    found = effects(*scene([40.0, 50.0], [120.0, 150.0], [3.0, 3.0], [0.0, 0.0], [0.0, 12.0]))
    assert found["requirement"] == pytest.approx(30) and "activity" not in found


amount = st.floats(0, 1e5)


@settings(max_examples=min(60, settings.default.max_examples))
@given(st.lists(st.tuples(amount, amount, amount, st.floats(0.1, 50), st.integers(0, 10**5)), min_size=2, max_size=2))
def test_bridge_closes_to_the_cent(sides):
    kg, usd, cut, price, vehicles = map(list, zip(*sides, strict=True))
    usd = [u if k > 0 else 0.0 for u, k in zip(usd, kg, strict=True)]
    found = effects(*scene(kg, usd, price, cut, vehicles))
    assert found.sum() == pytest.approx(usd[1], abs=0.005)


def two_origins(base_kg, now_kg, base_price, now_price):
    rows = [
        ("x", "p", origin, period, kg, price)
        for period, kgs, prices in ((THEN, base_kg, base_price), (NOW, now_kg, now_price))
        for origin, kg, price in zip(("KR", "CN"), kgs, prices, strict=True)
        if kg
    ]
    panel = pd.DataFrame(rows, columns=["product_id", "plant_id", "origin", "period", "net_kg", "unit_value"])
    return panel.assign(value_usd=panel["net_kg"] * panel["unit_value"], comparable=True, price_evidence="measured")


GROUP = pd.Series({"x": "g"})


def test_price_at_constant_mix_does_not_move_with_the_mix():
    panel = two_origins([50.0, 50], [20.0, 80], [10.0, 20], [10.0, 20])
    prices = mix_constant_prices(panel, GROUP, THEN).set_index("period")["price"]
    assert prices[NOW] == pytest.approx(15)


def test_a_missing_origin_is_carried_by_the_price_index_and_graded_inferred():
    panel = two_origins([60.0, 40], [80.0, 0], [10.0, 20], [11.0, 0])
    price = mix_constant_prices(panel, GROUP, THEN).set_index("period").loc[NOW]
    assert price["price"] == pytest.approx(0.6 * 11 + 0.4 * 22)  # the one price seen rose by a tenth
    assert price["price_evidence"] == "inferred"


def test_an_origin_that_reports_no_more_and_a_cell_without_weight_have_no_say_in_the_price():
    panel = two_origins([50.0, 50], [20.0, 80], [10.0, 20], [12.0, 24])
    stopped = panel.head(2).assign(origin="DE", comparable=False, unit_value=99.0, value_usd=4950.0)
    weightless = panel.tail(1).assign(origin="JP", net_kg=0.0, unit_value=np.nan, value_usd=500.0)
    whole = pd.concat([panel, stopped, weightless], ignore_index=True)
    pd.testing.assert_frame_equal(mix_constant_prices(whole, GROUP, THEN), mix_constant_prices(panel, GROUP, THEN))


def test_the_price_range_is_that_of_the_origins():
    panel = two_origins([50.0, 50], [50.0, 50], [10.0, 20], [12.0, 21])
    price = mix_constant_prices(panel, GROUP, THEN).set_index("period").loc[NOW]
    assert (price["price_low"], price["price_high"]) == (12, 21)


def test_the_same_season_of_a_base_year_is_its_quarter():
    assert same_season(pd.Period("2024", "Y"), pd.Period("2026Q3")) == pd.Period("2024Q3")
    assert same_season(THEN, NOW) == THEN


def test_a_base_without_imports_is_refused_with_a_remedy():
    panel = two_origins([50.0, 50], [50.0, 50], [10.0, 20], [12.0, 21])
    with pytest.raises(DataError, match="base period 2019 — choose"):
        mix_constant_prices(panel, GROUP, pd.Period("2019", "Y"))


def test_a_quarter_in_which_nothing_was_received_has_the_price_carried():
    """Deliveries go on while the declarations of a quarter are missing."""
    panel = two_origins([50.0, 50], [60.0, 40], [10.0, 20], [12.0, 24])
    later = panel[panel["period"].eq(NOW)].assign(period=NOW + 1)
    gap = pd.concat([panel[panel["period"].eq(THEN)], later])
    price = mix_constant_prices(gap, GROUP, THEN).set_index("period")
    assert price.loc[NOW, "price"] == pytest.approx(15) and price.loc[NOW, "price_evidence"] == "inferred"
