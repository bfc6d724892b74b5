"""Measured cuts are not known exactly: the truth lies in the stated interval as often as it says, gross and net."""

from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta

from importcut.dataset import SPREADS
from importcut.economics.cuts import realised_cuts
from importcut.economics.placebo import PLACEBO
from importcut.economics.standing import ranking
from importcut.economics.uncertainty import chances, delivery_outcome, interval
from importcut.intake.opening import open_dataset
from importcut.schema import PAIR, ROW

WORLDS = 300
PLAN = pd.DataFrame(columns=["project_id", "rule", "basis"])  # nothing is planned
PERIODS = pd.period_range("2026Q2", "2026Q3", freq="Q")
GROUPS = ["a", "a", "b"]


@pytest.fixture(scope="module")
def base():
    return open_dataset("sample", period="2026Q3")


def quantile(u, low, mode, high):
    """Of the PERT distribution, from the beta distribution of SciPy."""
    return low + (high - low) * beta.ppf(u, 1 + 4 * (mode - low) / (high - low), 1 + 4 * (high - mode) / (high - low))


def world(base, seed):
    """Three projects, the first two of one group of products: dataset, cuts with the truth beside them, tests."""
    rng = np.random.default_rng(seed)
    sheet = base.project_products.head(3)
    sheet = sheet.assign(project_id=[*base.projects["project_id"][:3]], product_id=[*base.products["product_id"][:3]])
    ends = {"imported_input{}_usd_per_kg": (0.2, 1.2, 0.5), "replaces{}_kg": (0.9, 1.1, 0.2)}
    true_values = {}
    for name, (least, most, spread) in ends.items():
        value = rng.uniform(least, most, 3)
        low, high = value * (1 - rng.uniform(0.01, spread, 3)), value * (1 + rng.uniform(0.01, spread, 3))
        sheet = sheet.assign(**{name.format("_low"): low, name.format(""): value, name.format("_high"): high})
        true_values[name] = quantile(rng.random(3), low, value, high)
    others = base.products["group"].tolist()[3:]
    registers = {"project_products": sheet, "products": base.products.assign(group=[*GROUPS, *others])}
    ds = replace(base, registers=MappingProxyType(dict(base.registers) | registers))
    shock, rows = dict(zip("ab", rng.random(2), strict=True)), []
    for k, pair in enumerate(sheet[PAIR].to_dict("records")):
        for period in PERIODS:
            kg, price = rng.uniform(1e4, 1e5), rng.uniform(2, 4)
            low, high = price * rng.uniform(0.7, 0.95), price * rng.uniform(1.05, 1.4)
            true_price = quantile(shock[GROUPS[k]], low, price, high)
            gross = kg * true_values["replaces{}_kg"][k] * true_price
            replaced = kg * sheet["replaces_kg"].iloc[k]
            usd = {"gross_usd": price, "gross_low_usd": low, "gross_high_usd": high, "current_usd": price}
            rows.append(
                {"period": period, "plant_id": "asaka", "evidence": "measured", "base_kg": np.nan}
                | pair | {name: replaced * each for name, each in usd.items()}
                | {"delivered_kg": kg, "gross_kg": replaced, "gross": gross}
                | {"net": gross - kg * true_values["imported_input{}_usd_per_kg"][k]}
            )  # fmt: skip
    cuts = pd.DataFrame(rows)
    tests = sheet[PAIR].assign(reason=None, told=True, **dict.fromkeys(PLACEBO, np.nan))
    return ds, cuts, tests


def recorded(ds, cuts):
    """The cuts as `delivery_outcome` takes them."""
    prices = {"cheapest_usd": cuts["gross_low_usd"], "dearest_usd": cuts["gross_high_usd"]}
    inputs = cuts[PAIR].merge(ds.project_products, on=PAIR, how="left")["imported_input_usd_per_kg"]
    return cuts.assign(**prices, net_usd=cuts["gross_usd"] - cuts["delivered_kg"] * inputs)


def covered(true, stated):
    """Shares of the true values that lie in their intervals, gross and net."""
    return [
        true[kind].between(stated[f"{kind}_low_usd"], stated[f"{kind}_high_usd"]).mean() for kind in ("gross", "net")
    ]


def test_nine_of_ten_true_cuts_lie_in_the_stated_interval_gross_and_net(base, everything):
    """Of a period and to date, in 300 worlds (75 in the short run) that draw what the registers state."""
    shares = []
    worlds = WORLDS if everything else WORLDS // 4
    for seed in range(worlds):
        ds, cuts, _ = world(base, seed)
        table = recorded(ds, cuts)
        stated = [interval(delivery_outcome(ds, table, by, n=2_000)) for by in (["project_id"], ROW)]
        true = [cuts.groupby(by)[["gross", "net"]].sum() for by in (["project_id"], ROW)]
        shares.append([share for each in zip(true, stated, strict=True) for share in covered(*each)])
    mean, error = np.mean(shares, axis=0), np.std(shares, axis=0) / np.sqrt(worlds)  # rows of a world share its shocks
    assert (np.abs(mean - 0.9) < 4 * error).all(), mean
    assert ((mean > 0.85) & (mean < 0.97)).all()


def test_these_intervals_stand_in_the_tables(base):
    ds, cuts, tests = world(base, 0)
    table = realised_cuts(ds, cuts, tests)
    for by, shown in ((ROW, table), (["project_id"], ranking(ds, table, PLAN).dropna(subset="rank"))):
        stated = interval(delivery_outcome(ds, recorded(ds, cuts), by))
        stands = shown.set_index(by)[[*stated]].reindex(stated.index)
        assert stands.to_numpy() == pytest.approx(stated.to_numpy())


def test_a_net_interval_is_no_gross_interval_moved(base):
    for seed in range(5):
        ds, cuts, _ = world(base, seed)
        table = interval(delivery_outcome(ds, recorded(ds, cuts), ROW))
        width = {kind: table[f"{kind}_high_usd"] - table[f"{kind}_low_usd"] for kind in ("gross", "net")}
        assert ((width["net"] - width["gross"]).abs() > 10).all() and width["net"].sum() > 1.01 * width["gross"].sum()


def test_prices_of_a_group_move_together_and_those_of_another_do_not(base):
    ds, cuts, _ = world(base, 1)
    table = recorded(ds, cuts)
    sheet = ds.project_products
    for name in ("imported_input{}_usd_per_kg", "replaces{}_kg"):  # certain, so that only prices are drawn
        sheet = sheet.assign(**{name.format(end): sheet[name.format("")] for end in ("_low", "_high")})
    ds = replace(ds, registers=MappingProxyType(dict(ds.registers) | {"project_products": sheet}))
    together = delivery_outcome(ds, table)["gross"].corr(method="spearman").to_numpy()
    first, second, third = (list(ds.project_products["project_id"]).index(p) for p in sorted(sheet["project_id"]))
    by_group = {GROUPS[k]: [] for k in range(3)}
    for place, k in enumerate((first, second, third)):
        by_group[GROUPS[k]].append(place)
    [one, two], [other] = by_group["a"], by_group["b"]
    assert together[one, two] > 0.999 and abs(together[one, other]) < 0.05


@pytest.mark.parametrize(("stated", "least"), [({}, 1 - SPREADS["replaces"]), ({"replaces": 0.3, "input": 0.1}, 0.7)])
def test_where_the_sheet_gives_no_low_and_high_the_dataset_does_or_else_the_library(base, stated, least):
    ds, cuts, _ = world(base, 2)
    table = recorded(ds, cuts)
    blank = ds.project_products.assign(replaces_low_kg=np.nan, replaces_high_kg=np.nan)
    registers = MappingProxyType(dict(ds.registers) | {"project_products": blank})
    ds = replace(ds, registers=registers, uncertainty=MappingProxyType(stated))
    table = table.assign(cheapest_usd=table["gross_usd"], dearest_usd=table["gross_usd"])  # the price is certain
    drawn = delivery_outcome(ds, table, ROW)["gross"]
    lowest = drawn.min() / table.set_index(ROW)["gross_usd"].reindex(drawn.columns)
    assert (lowest > least).all() and lowest.to_numpy() == pytest.approx(least, rel=0.03)


def test_probabilities_of_rank_and_order_are_shares_of_the_draws():
    draws = pd.DataFrame({"a": [5.0, 5, 1, 5], "b": [4.0, 4, 4, 4], "c": [3.0, 4.5, 3, 3], "d": [0.0, 0, 0, 9]})
    table = chances({"gross": 2 * draws, "net": draws}, ["b", "a", "c", "d"])
    assert table.index.tolist() == ["b", "a", "c", "d"]
    assert table["p_first"].tolist() == [0.25, 0.5, 0.0, 0.25]
    assert table["p_top3"].tolist() == [1.0, 1.0, 0.75, 0.25]
    assert table["p_beats_next"].tolist()[:3] == [0.25, 0.75, 0.75] and np.isnan(table["p_beats_next"].iloc[3])
    assert interval({"gross": 2 * draws, "net": draws})["gross_low_usd"]["b"] == 8
    lacking = chances({"gross": 2 * draws, "net": draws.assign(a=np.nan)})
    assert lacking["mean_usd"]["b"] == 8, "where one is not known net, all are compared gross"


def test_whoever_is_always_among_the_first_three_is_so_with_probability_one_and_not_above_it():
    """Ranked first, second and third in 1, 9 and 18 of 28 draws: in binary their sum is above one."""
    place = np.repeat([1, 2, 3], [1, 9, 18])
    draws = pd.DataFrame(
        {"a": 4.0 - place, "b": np.where(place > 1, 3.5, 0), "c": np.where(place > 2, 3.4, 0), "d": -1.0}
    )
    assert chances({"gross": draws, "net": draws})["p_top3"]["a"] == 1


def test_without_records_nothing_is_drawn(uzbekistan):
    assert delivery_outcome(uzbekistan.ds, uzbekistan.realised) == {}
