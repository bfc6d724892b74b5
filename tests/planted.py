"""Planted cuts: a sample whose cut is known, and a product that no project makes, asked by both ways of measuring."""

from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pandas as pd

import economy
from economy.model import registers_and_truth
from importcut.economics.alternatives import estimates
from importcut.economics.cuts import plant_cuts
from importcut.economics.panel import import_panel, unrepaired
from importcut.economics.prices import mix_constant_prices
from importcut.economics.series import observe
from importcut.intake.clean import clean_imports
from importcut.intake.declarations import read_declarations
from importcut.intake.opening import open_dataset

ROWS = 4_000
SHARE = (0.3, 0.7)  # of the product's requirement that the planted project takes over
FIRST, LAST = pd.Period("2023Q1"), pd.Period("2025Q4")  # of the planted first outputs
PERIOD = "2026Q3"


def trial(seed, folder):
    """Errors of both ways as shares of the planted cut; whether it, and a product without one, is called a cut."""
    rng = np.random.default_rng([seed, 7])
    registers, need, _ = registers_and_truth(seed)
    sheets = registers["project_products.csv"]
    sheet = sheets.iloc[rng.integers(len(sheets))]
    start = FIRST + int(rng.integers((LAST - FIRST).n + 1))
    whole = need[need["product_id"].eq(sheet["product_id"])].drop_duplicates(["plant_id", "period"])
    tonnes = whole.groupby("period")["requirement_kg"].sum().mean() / 1000 * rng.uniform(*SHARE)
    plan = pd.DataFrame(
        {"project_id": [sheet["project_id"]], "product_id": [sheet["product_id"]], "start": [str(start)],
         "tonnes_a_quarter": [tonnes / sheet["replaces_kg"]]}
    )  # fmt: skip
    economy.write(folder / "planted", rows=ROWS, seed=seed, deliveries=plan, truth=folder / "truth.csv")
    ds = open_dataset(folder / "planted", period=PERIOD)
    truth = pd.read_csv(folder / "truth.csv")["gross_usd"].sum()
    made = ds.project_products[ds.project_products["product_id"].eq(sheet["product_id"])]
    made = made[made["project_id"].eq(sheet["project_id"])]
    others = ds.products.loc[ds.products["product_id"].ne(sheet["product_id"]), "product_id"]
    idle = rng.choice(others)
    looked = _look(ds)
    known = _seen(ds, made, others, *looked)
    basket = _estimate(known)
    return {
        "deliveries": plant_cuts(known)["gross_usd"].sum() / truth - 1,
        "control_basket": basket["gross_usd"] / truth - 1,
        "cut_called": bool(basket["told"]),
        "placebo_called": bool(
            _estimate(_seen(ds, made.assign(product_id=idle), others[others.ne(idle)], *looked))["told"]
        ),
    }


def _look(ds):
    files = read_declarations(ds)
    panel, findings = import_panel(clean_imports(files, ds).cells, ds)
    groups, served = ds.products.set_index("product_id")["group"], ds.deliveries[["product_id", "plant_id"]]
    return panel, findings, mix_constant_prices(panel, groups, ds.base_period, plants=served)


def _seen(ds, made, donors, panel, findings, prices):
    """The series of the dataset with this one project sheet and these donors."""
    donors = pd.DataFrame({"product_id": donors, "use": "yes", "reason": "planted"})
    registers = MappingProxyType(dict(ds.registers) | {"project_products": made, "donors": donors})
    return observe(replace(ds, registers=registers), panel, prices, broken=unrepaired(findings))


def _estimate(seen):
    methods = ["control_basket"]
    return estimates(seen, methods).set_index("method").loc["control_basket"]
