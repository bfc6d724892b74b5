"""Worlds with a known cut, in most of which something that the method assumes does not hold (METHODS 2).

Worlds, seeds and thresholds are written down before a result is looked at; a later change stands in CHANGELOG.

python tests/worlds.py [REPLICATES]     by method and world: false cuts, misses, coverage; into worlds.toml
"""

import sys
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from importcut.economics.cuts import falsification_tests, plant_cuts
from importcut.economics.series import observe
from importcut.schema import NATIONAL, PASSED

YEARS = pd.period_range("2012", "2023", freq="Y", name="period")
START = 2019  # of the project: seven years before it, five with it
DONORS = 25
FALL = 0.5  # share of the product's imports that the planted project takes over
PARTNERS = {"CN": 0.6, "TR": 0.25, "KR": 0.15}
MIRROR = 0.15  # standard deviation of the logarithm by which partners' weights differ
REPLICATES = 200
IDLE, PLANTED = 10_000, 20_000  # first seeds without a project and with one; drawn after the tests were written
WRITTEN = Path(__file__).parents[1] / "lib" / "importcut" / "worlds.toml"


def _steady(rng):
    """Logarithms of kg, years × (product, donors): own levels and trends, one shock a year for all, own noise."""
    years, lines = len(YEARS), DONORS + 1
    own = rng.normal(12, 1, lines) + rng.normal(0.03, 0.02, lines) * np.arange(years)[:, None]
    return own + rng.normal(0, 0.1, years)[:, None] + rng.normal(0, 0.15, (years, lines))


def _late():
    return YEARS.year >= START


def default(rng, logs, prices):
    pass


def trend(rng, logs, prices):
    """The product's use drifts by 4 % a year, up or down, from the start on."""
    logs[:, 0] += rng.choice([-0.04, 0.04]) * np.clip(YEARS.year - START + 1, 0, None)


def price_shock(rng, logs, prices):
    """The product becomes 40 % dearer at the start, and a third less of that is bought."""
    prices[_late(), 0] *= 1.4
    logs[_late(), 0] -= np.log(1.4) / 3


def shared_shocks(rng, logs, prices):
    """Half of the donors, not the product, share a shock a year of their own."""
    logs[:, 1 : DONORS // 2 + 1] += rng.normal(0, 0.25, len(YEARS))[:, None]


def stocks(rng, logs, prices):
    """A third of a year is bought in advance, in the year before the start."""
    logs[YEARS.year == START - 1, 0] += np.log(4 / 3)
    logs[YEARS.year == START, 0] += np.log(2 / 3)


def full_base(rng, logs, prices):
    """The last year before the start happens to be half as large again."""
    logs[YEARS.year == START - 1, 0] += np.log(1.5)


def substitution(rng, logs, prices):
    """The plants turn to another line, which is a donor, by a quarter of the product."""
    moved = 0.25 * np.exp(logs[_late(), 0])
    logs[_late(), 0] += np.log(0.75)
    logs[_late(), 1] = np.log(np.exp(logs[_late(), 1]) + moved)


def contaminated(rng, logs, prices, donors=1):
    """Donors have projects of their own, and fall by half."""
    logs[_late(), 1 : donors + 1] += np.log(0.5)


def three_contaminated(rng, logs, prices):
    """Three of the donors have projects of their own."""
    contaminated(rng, logs, prices, donors=3)


def autocorrelated(rng, logs, prices):
    """What moves a line stays with it: seven tenths of last year's deviation."""
    deviation = rng.normal(0, 0.15, logs.shape)
    for year in range(1, len(YEARS)):
        deviation[year] += 0.7 * deviation[year - 1]
    logs += deviation


def demand_shock(rng, logs, prices):
    """Demand for the product alone falls by a third at the start, for other reasons."""
    logs[_late(), 0] += np.log(2 / 3)


def delayed(rng, logs, prices):
    """The project takes over its share in three steps, a third a year."""


def silent_partner(rng, logs, prices):
    """The second partner reports nothing from the start on, though it still sells."""


WORLDS = {
    world.__name__: world
    for world in (
        default, trend, price_shock, shared_shocks, stocks, full_base, substitution, contaminated, three_contaminated,
        autocorrelated, demand_shock, delayed, silent_partner,
    )
}  # fmt: skip


def panel_of(cells):
    """The panel of cells (period, product_id, origin, net_kg, value_usd), all as measured."""
    weighed = cells["net_kg"].where(cells["net_kg"] > 0)
    return cells.assign(
        plant_id=NATIONAL, raw_kg=cells["net_kg"], comparable=True, evidence="measured", price_evidence="measured",
        unit_value=cells["value_usd"] / weighed,
    )  # fmt: skip


def observed_of(base, cells, starts, *, exports=None, trial=None, **settings):
    """What the methods see of cells: product → month of first output; every other product is a donor."""
    settings = {"counterfactual": "synthetic_did", "absence": "missing", "frequency": "Y"} | settings
    projects = pd.DataFrame({"project_id": [*starts], "first_output": [*starts.values()], "trial_output": trial})
    sheet = pd.DataFrame({"project_id": [*starts], "product_id": [*starts], "replaces_kg": 1.0, "capacity": 1e9})
    sheet = sheet.assign(kg_per_unit=1.0, imported_input_usd_per_kg=np.nan)
    donors = sorted(set(cells["product_id"]) - set(starts))
    products = pd.DataFrame({"product_id": sorted(cells["product_id"].unique())})
    codes = [f"{n:06}" for n in products.index]
    products = products.assign(hs_prefixes=codes, priority=0.0, text_pattern=None, group="g")
    mirror = cells.head(0) if exports is None else exports[exports["product_id"].isin(products["product_id"])]
    mirror = mirror.assign(hs_code=mirror["product_id"].map(products.set_index("product_id")["hs_prefixes"]))
    registers = dict(base.registers) | {
        "projects": projects, "project_products": sheet, "products": products,
        "donors": pd.DataFrame({"product_id": donors, "use": "yes", "reason": "rule"}),
        "partner_exports": mirror.rename(columns={"origin": "partner"}).drop(columns="product_id"),
        "output": base.output.head(0).assign(period=cells["period"].head(0)),
        "deliveries": base.deliveries.head(0), "activity": base.activity.head(0),
    }  # fmt: skip
    period = cells["period"].max()
    ds = replace(base, registers=MappingProxyType(registers), period=period, **settings)
    span = pd.DataFrame({"period": pd.period_range(cells["period"].min(), period)})
    sums = cells.groupby("product_id")[["value_usd", "net_kg"]].sum()
    prices = (sums["value_usd"] / sums["net_kg"]).rename("price").reset_index().merge(span, how="cross")
    return observe(ds, panel_of(cells), prices.assign(plant_id=NATIONAL))


def world_of(name, seed, fall):
    """Cells of a world, what its partners report, and its true cut (USD); `fall`: the share that is taken over."""
    rng = np.random.default_rng([seed, [*WORLDS].index(name)])
    logs, prices = _steady(rng), np.full((len(YEARS), DONORS + 1), 2.0)
    WORLDS[name](rng, logs, prices)
    steps = np.clip((YEARS.year - START + 1) / (3 if name == "delayed" else 1), 0, 1)
    without = np.exp(logs[:, 0])
    logs[:, 0] += np.log1p(-fall * steps)
    truth = ((without - np.exp(logs[:, 0])) * prices[:, 0]).sum()
    products = ["x", *(f"d{n:02}" for n in range(DONORS))]
    wide = (
        pd.DataFrame(np.exp(logs), YEARS, products).rename_axis(columns="product_id").stack().rename("kg").reset_index()
    )
    value = (
        pd.DataFrame(prices, YEARS, products).rename_axis(columns="product_id").stack().rename("price").reset_index()
    )
    cells = wide.merge(value).merge(pd.DataFrame({"origin": [*PARTNERS], "share": [*PARTNERS.values()]}), how="cross")
    cells["net_kg"] = cells["kg"] * cells["share"]
    exports = cells.assign(net_kg=cells["net_kg"] * np.exp(rng.normal(0, MIRROR, len(cells))))
    exports = exports.assign(value_usd=exports["net_kg"] * 1.8)
    if name == "silent_partner":
        cells = cells[~(cells["origin"].eq("TR") & cells["period"].dt.year.ge(START))]
    columns = ["period", "product_id", "origin", "value_usd", "net_kg"]
    return cells.assign(value_usd=cells["net_kg"] * cells["price"])[columns], exports[columns], truth


def claim(base, name, seed, fall, method):
    """Whether the cut of a world is told, whether by the fit alone, its miss, and whether the range holds it."""
    cells, exports, truth = world_of(name, seed, fall)
    seen = observed_of(base, cells, {"x": f"{START}-01"}, exports=exports, counterfactual=method)
    cuts, tests = plant_cuts(seen), falsification_tests(seen).set_index("test")["verdict"]
    sums = cuts[["gross_usd", "gross_low_usd", "gross_high_usd"]].sum()
    return {
        "told": bool(len(tests)) and tests.isin(PASSED).all() and sums["gross_usd"] > 0,
        "fit": tests.get("fit") == "holds",
        "miss": sums["gross_usd"] / truth - 1 if fall else np.nan,
        "covered": sums["gross_low_usd"] <= truth <= sums["gross_high_usd"],
    }


def results(base, methods=("synthetic_did", "control_basket"), replicates=REPLICATES, worlds=tuple(WORLDS)):
    """By method and world: shares of false cuts and of planted ones told, misses, and coverage of the range."""
    rows = []
    for method in methods:
        for name in worlds:
            idle = pd.DataFrame([claim(base, name, IDLE + n, 0.0, method) for n in range(replicates)])
            planted = pd.DataFrame([claim(base, name, PLANTED + n, FALL, method) for n in range(replicates // 2)])
            low, high = binomtest(int(idle["told"].sum()), replicates).proportion_ci()  # exact, at 95 per cent
            rows.append({
                "method": method, "world": name, "false_cuts": idle["told"].mean(), "false_cuts_low": low,
                "false_cuts_high": high, "fit_alone": idle["fit"].mean(),
                "told": planted["told"].mean(), "mean_miss": planted["miss"].mean(),
                "median_miss": planted["miss"].median(), "coverage": planted["covered"].mean(),
                "without_project": len(idle), "with_project": len(planted),
            })  # fmt: skip
    return pd.DataFrame(rows)


if __name__ == "__main__":
    from importcut.intake.opening import open_dataset

    replicates = int(sys.argv[1]) if len(sys.argv) > 1 else REPLICATES
    sample = open_dataset("sample", period="2026Q3")
    table = results(sample, replicates=replicates)
    print(table.to_string(index=False, float_format="{:.2f}".format))
    lines = ["# How the tests of a fall did on invented worlds with a known cut; made by `python tests/worlds.py`."]
    for row in table.to_dict("records"):
        lines += [
            "",
            f"[{row.pop('method')}.{row.pop('world')}]",
            *(f"{name} = {value:.3f}" for name, value in row.items()),
        ]
    WRITTEN.write_text("\n".join(lines) + "\n", encoding="utf-8")
