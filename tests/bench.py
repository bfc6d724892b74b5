"""Speed, as ratios within one run: the library beside a straightforward loop over the same work (make bench)."""

import itertools
import os
import resource
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd

from importcut.economics.attribution import _coalitions, credit, credits
from importcut.economics.decomposition import bridges
from importcut.economics.indices import lmdi
from importcut.economics.planning import yearly_cuts
from importcut.economics.prices import mix_constant_prices, price_components, rate_index
from importcut.economics.simulation import draws, sobol
from importcut.intake.opening import open_dataset
from planted import trial


def timed(work, *, times=3):
    """Seconds of the fastest run, and what it gave."""
    runs = []
    for _ in range(times):
        begin = time.perf_counter()
        result = work()
        runs.append(time.perf_counter() - begin)
    return min(runs), result


def shapley_loop(supply, cap):
    """The definition, one coalition after another."""
    n, value = len(supply), {}
    for size in range(n + 1):
        for members in itertools.combinations(range(n), size):
            value[members] = min(sum(supply[j] for j in members), cap)
    shares, factorial = np.zeros(n), [1]
    for k in range(1, n + 1):
        factorial.append(factorial[-1] * k)
    for members, total in value.items():
        for j in set(range(n)) - set(members):
            weight = factorial[len(members)] * factorial[n - len(members) - 1] / factorial[n]
            shares[j] += weight * (value[tuple(sorted((*members, j)))] - total)
    return shares


def portfolio():
    """14 projects, 20 products, at most four projects on a product, six years."""
    ds, rng = open_dataset("sample", period="2026Q3"), np.random.default_rng(0)
    products = [f"p{n}" for n in range(20)]
    pairs = [
        (project, product)
        for product in products
        for project in rng.choice(ds.projects["project_id"], 4, replace=False)
    ]
    sheet = pd.DataFrame(pairs, columns=["project_id", "product_id"]).assign(
        capacity=rng.uniform(100, 900, len(pairs)), unit="t", kg_per_unit=1000.0, use=0.9, ramp_up="0.4;0.7;0.9",
        plant_share=1.0, imported_input_usd_per_kg=0.5, diverted_export_share=0.0, price_ratio=1.0, replaces_kg=1.0,
        source="",
    )  # fmt: skip
    years = pd.period_range("2025", "2030", freq="Y")
    caps = pd.DataFrame({"product_id": products}).merge(pd.DataFrame({"period": years}), how="cross")
    caps = caps.assign(cap_kg=rng.uniform(4e5, 2e6, len(caps)), price=2.5)
    sold = ds.deliveries.head(0).astype({"period": "period[Y-DEC]"})
    registers = MappingProxyType(dict(ds.registers) | {"project_products": sheet, "deliveries": sold})
    period, start = pd.Period("2024", "Y"), pd.Period("2025", "Y")
    return replace(ds, frequency="Y", period=period, programme_start=start, registers=registers), caps


def draw_loop(ds, caps, drawn, n):
    """The same portfolio draw by draw, year by year, product by product."""
    for k in range(n):
        yearly_cuts(ds, caps, {name: values[k : k + 1] for name, values in drawn.items()})


def trade():
    """Imports of 200 products in 40 quarters from 20 origins, a currency each; a project's cuts of every product."""
    rng, quarters = np.random.default_rng(0), pd.period_range("2016Q1", periods=40, freq="Q")
    origins, plants = [f"o{n:02}" for n in range(20)], ["a", "b", "c", "d"]
    products = pd.DataFrame({"product_id": [f"p{n:03}" for n in range(200)], "plant_id": np.tile(plants, 50)})
    spans = quarters.to_frame(name="period")
    cells = products.merge(pd.DataFrame({"origin": origins}), how="cross").merge(spans, how="cross")
    panel = cells.assign(
        net_kg=rng.uniform(1e3, 1e5, len(cells)), unit_value=rng.uniform(1, 5, len(cells)), comparable=True,
        price_evidence="measured", currency=cells["origin"],
    )  # fmt: skip
    panel["value_usd"] = panel["net_kg"] * panel["unit_value"]
    made = pd.DataFrame({"plant_id": plants}).merge(spans, how="cross")
    cuts = products.merge(spans[20:], how="cross").assign(project_id="j", gross_kg=5e4)
    days = spans.merge(pd.DataFrame({"currency": origins}), how="cross")
    rates = days.assign(date=days["period"].dt.start_time, usd=rng.uniform(0.5, 2, len(days)))
    return panel, made.assign(vehicles=rng.uniform(1e4, 5e4, len(made))), cuts, rates


def bridge_loop(panel, made, cuts, prices, steps):
    """The same effects step by step and product by product; price not split."""
    key = ["product_id", "period"]
    kg = panel.groupby(key)["net_kg"].sum().add(cuts.groupby(key)["gross_kg"].sum(), fill_value=0)
    price, vehicles = prices.set_index(key)["price"], made.set_index(["plant_id", "period"])["vehicles"]
    plants, total = panel.drop_duplicates("product_id").set_index("product_id")["plant_id"], np.zeros(3)
    for _, base, now in steps:
        for product, plant in plants.items():
            n, r = ([table[name, t] for t in (base, now)] for table, name in ((vehicles, plant), (kg, product)))
            p = [price[product, t] for t in (base, now)]
            sides = [pd.DataFrame({"n": [n[t]], "e": [r[t] / n[t]], "p": [p[t]]}) for t in (0, 1)]
            total += lmdi(*sides).to_numpy()
    return total


def main():
    supply = np.random.default_rng(0).uniform(0, 100, 16)
    fast, shares = timed(lambda: _coalitions.cache_clear() or credit(pd.Series(supply), 400))
    slow, expected = timed(lambda: shapley_loop(supply, 400), times=1)
    assert np.allclose(shares, expected)
    print(f"exact credit of 16 projects: {fast * 1e3:.0f} ms (goal 50 ms), {slow / fast:.0f} times as fast as the loop")

    ds, caps = portfolio()
    drawn = draws(ds, 10_000)
    size = 2500
    parts = [{name: values[at : at + size] for name, values in drawn.items()} for at in range(0, 10_000, size)]
    fast, _ = timed(lambda: [yearly_cuts(ds, caps, part)["net"].sum() for part in parts], times=2)
    slow, _ = timed(lambda: draw_loop(ds, caps, drawn, 20), times=1)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform != "darwin" else 1e9)
    print(
        f"10 000 draws × 14 projects × 20 products × 6 years: {fast:.2f} s (goal 1.5 s), {memory:.2f} GB (goal 1 GB), "
        f"{slow / 20 * 10_000 / fast:.0f} times as fast as draw by draw"
    )
    one = np.full((1, 4), 100.0)
    assert np.allclose(credits(one, np.array([200.0]), np.ones(4), rule="shapley"), 50)

    fast, found = timed(lambda: sobol(ds, lambda d: yearly_cuts(ds, caps, d)["net"].sum(axis=(1, 2)), n=8192), times=1)
    print(f"Sobol indices of {len(found)} assumptions with 8 192 base samples: {fast:.1f} s (goal 20 s)")

    panel, made, cuts, quoted = trade()
    base, groups = pd.Period("2016", "Y"), pd.Series("g", panel["product_id"].unique())
    prices = mix_constant_prices(panel, groups, base)
    cuts = cuts.merge(prices, on=["product_id", "plant_id", "period"], validate="1:1")
    cuts = cuts.assign(gross_usd=cuts["gross_kg"] * cuts["price"])
    rates = rate_index(price_components(panel, groups, base), panel, quoted, base)
    steps = [("chained", one, two) for one, two in itertools.pairwise(prices["period"].drop_duplicates().sort_values())]
    fast, moved = timed(lambda: bridges(panel, made, cuts, prices=prices, rates=rates, steps=steps))
    slow, expected = timed(lambda: bridge_loop(panel, made, cuts, prices, steps), times=1)
    found = moved.groupby("effect")["value_usd"].sum()
    both = [found["activity"], found["intensity"], found["contract_price"] + found["exchange_rate"]]
    assert np.allclose(both, expected)
    print(
        f"bridge of 200 products × 40 quarters × 20 origins, {len(steps)} steps: {fast:.2f} s (goal 1 s), "
        f"{slow / fast:.0f} times as fast as step by step and product by product"
    )


def planted(seeds=50):
    """How well planted cuts are recovered, and how often a product without a project is called a cut."""
    rows = []
    for seed in range(seeds):
        with tempfile.TemporaryDirectory() as folder:
            os.environ["IMPORTCUT_PROCESSED"] = f"{folder}/processed"
            rows.append(trial(seed, Path(folder)))
    found = pd.DataFrame(rows)
    mean, spread = found.mean(numeric_only=True), found[["deliveries", "control_basket"]].std()
    print(
        f"planted cuts, {seeds} seeds: mean error with delivery records {mean['deliveries']:+.2%} (goal 1 %, standard "
        f"deviation {spread['deliveries']:.2%}), control basket {mean['control_basket']:+.1%} (goal 10 %, "
        f"{spread['control_basket']:.0%}); called a cut: {found['cut_called'].mean():.0%} of the planted, "
        f"{found['placebo_called'].mean():.0%} of the products without a project (goal 10 % at most)"
    )


if __name__ == "__main__":
    main()
    planted()
