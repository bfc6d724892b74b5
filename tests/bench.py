"""Speed, as ratios within one run: the library beside a straightforward loop over the same work (make bench)."""

import itertools
import resource
import sys
import time
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pandas as pd

from importcut.attribute import _coalitions, credit, credits
from importcut.dataset import open_dataset
from importcut.planned import yearly_cuts
from importcut.simulate import draws, sobol


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


if __name__ == "__main__":
    main()
