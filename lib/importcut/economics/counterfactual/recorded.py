"""Cuts by delivery records: measured, where the dataset has them."""

import numpy as np
import pandas as pd

from importcut.economics.counterfactual.observed import PAIR, Observed

COLUMNS = [
    *PAIR, "plant_id", "period", "delivered_kg", "gross_kg", "gross_usd", "current_usd", "low_usd", "high_usd",
    "base_kg", "evidence",
]  # fmt: skip
DELIVERIES = "deliveries"


def delivery_cuts(seen: Observed) -> pd.DataFrame:
    """Cuts from delivery records: import replaced × mix-constant price; the range, cheapest to dearest origin."""
    ds, panel, pair = seen.ds, seen.panel, ["product_id", "plant_id", "period"]
    sold = ds.deliveries[ds.deliveries["period"] <= ds.period]
    current = panel[panel["comparable"]].groupby(pair)[["value_usd", "net_kg"]].sum()
    current = (current["value_usd"] / current["net_kg"].where(current["net_kg"] > 0)).rename("current").reset_index()
    replaced = ds.project_products[[*PAIR, "replaces_kg"]]
    cuts = (
        sold.merge(replaced, on=PAIR, how="left", validate="m:1")
        .merge(seen.prices, on=pair, how="left", validate="m:1")
        .merge(current, on=pair, how="left", validate="m:1")
        .assign(
            delivered_kg=lambda t: t["net_kg"] - t["baseline_kg"].fillna(0),
            gross_kg=lambda t: t["replaces_kg"].fillna(1) * t["delivered_kg"],
            gross_usd=lambda t: t["gross_kg"] * t["price"],
            current_usd=lambda t: t["gross_kg"] * t["current"].fillna(t["price"]),
            cheapest=lambda t: t["gross_kg"] * t["price_low"].fillna(t["price"]),
            dearest=lambda t: t["gross_kg"] * t["price_high"].fillna(t["price"]),
            evidence=lambda t: t["price_evidence"],
            base_kg=np.nan,
        )
    )
    ends = cuts[["gross_usd", "current_usd", "cheapest", "dearest"]]
    cuts = cuts.assign(low_usd=ends.min(axis=1), high_usd=ends.max(axis=1))
    return cuts.loc[cuts["gross_kg"] != 0, COLUMNS]


def recorded(seen: Observed) -> list[dict]:
    """The cuts by delivery records as rows of `estimates`; none without deliveries."""
    if seen.ds.deliveries.empty:
        return []
    cuts = delivery_cuts(seen).groupby(PAIR)[["gross_kg", "gross_usd", "low_usd", "high_usd"]].sum()
    rows = delivering(seen.ds).join(cuts, on=PAIR).assign(method=DELIVERIES, base_touched=False)
    return rows.assign(told=rows["reason"].isna()).to_dict("records")


def delivering(ds) -> pd.DataFrame:
    """Each project × product, with the reason where nothing above the baseline has been delivered yet."""
    sheet = ds.project_products[PAIR].merge(
        ds.projects[["project_id", "first_output"]], on="project_id", validate="m:1"
    )
    sold = ds.deliveries[ds.deliveries["period"] <= ds.period]
    above = sold["net_kg"].sub(sold["baseline_kg"].fillna(0)).ne(0)
    records = sold.assign(above=above).groupby(PAIR, as_index=False)["above"].any()
    sheet = sheet.merge(records, on=PAIR, how="left", validate="1:1")
    due = pd.PeriodIndex(sheet["first_output"], freq="M").start_time <= ds.period.end_time
    reason = pd.Series(np.where(due, "no_deliveries", "not_started"), sheet.index, dtype=object)
    reason = reason.mask(due & sheet["above"].eq(False), "baseline_only").mask(sheet["above"].eq(True), None)
    return sheet[PAIR].assign(reason=reason)
