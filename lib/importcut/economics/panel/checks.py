"""What the panel's data show without being changed by it: one finding a row."""

import numpy as np
import pandas as pd

from importcut.economics.indices import beyond_quartiles, hidiroglou_berthelot
from importcut.schema import tables

CELL = [*tables()["panel"].key]


def unit_value_outliers(cells: pd.DataFrame, lines: pd.DataFrame, ds) -> pd.DataFrame:
    """Cells of measured weight whose unit value jumps from the period before as no others do, plants together.

    The step back from an outlier is none. Thresholds: outlier_u, outlier_a, outlier_c; fewer than outlier_cells cells
    in two periods running are not compared.

    References
    ----------
    Hidiroglou and Berthelot (1986), Survey Methodology 12(1); the size of a cell is its import value.
    """
    rule = ds.thresholds
    known = cells[cells["evidence"].eq("measured") & cells["unit_value"].gt(0)]
    pairs = known.merge(known.assign(period=known["period"] + 1), on=CELL, suffixes=("", "_before"), validate="1:1")
    pairs = pairs[pairs.groupby("period")["period"].transform("size") >= rule["outlier_cells"]]
    median = (pairs["unit_value"] / pairs["unit_value_before"]).groupby(pairs["period"]).transform("median")
    size = pairs[["value_usd", "value_usd_before"]].max(axis=1)
    before, now = pairs["unit_value_before"], pairs["unit_value"]
    scores = hidiroglou_berthelot(before, now, median, u=rule["outlier_u"], size=size)
    outside = scores.groupby(pairs["period"]).transform(beyond_quartiles, a=rule["outlier_a"], c=rule["outlier_c"])
    found = pairs[CELL].assign(value_usd=pairs["value_usd"], side=np.sign(scores))[outside.astype(bool)]
    back = pd.MultiIndex.from_frame(found.assign(period=found["period"] + 1, side=-found["side"])[[*CELL, "side"]])
    found = found[~pd.MultiIndex.from_frame(found[[*CELL, "side"]]).isin(back)]
    counted = found.join(lines.groupby(CELL)["lines"].sum(), on=CELL, validate="1:1")
    return (
        counted.groupby(["period", "product_id", "origin"], as_index=False)
        .agg(lines=("lines", "sum"), affected_value_usd=("value_usd", "sum"))
        .assign(check="unit_value_outlier", treatment="kept", kind="weights", certainty="suspected")
    )


def recut_codes(lines: pd.DataFrame, ds) -> pd.DataFrame:
    """Imported products whose commodity codes a revision of the Harmonized System recut while the data run.

    A product is touched if one of its prefixes begins with a code or heading of hs_revisions.csv, or that with it.
    """
    first = pd.PeriodIndex([*ds.hs_revisions.values()], freq=ds.frequency)
    begun = pd.DataFrame({"revision": [*ds.hs_revisions], "period": first}).astype({"revision": "str"})
    begun = begun[begun["period"].gt(lines["period"].min()) & begun["period"].le(ds.period)]
    prefixes = ds.products.set_index("product_id")["hs_prefixes"].str.split(";").explode().str.strip()
    pairs = prefixes.rename("prefix").reset_index().merge(ds.recut, how="cross")
    touch = [p.startswith(code) or code.startswith(p) for p, code in zip(pairs["prefix"], pairs["hs6"], strict=True)]
    touched = pairs.loc[touch, ["product_id", "revision"]].drop_duplicates().merge(begun, on="revision", validate="m:1")
    imported = lines.groupby(["product_id", "period"], as_index=False).agg(
        lines=("lines", "sum"), affected_value_usd=("value_usd", "sum")
    )
    return (
        touched[touched["product_id"].isin(lines["product_id"])]
        .merge(imported, on=["product_id", "period"], how="left", validate="1:1")
        .fillna({"lines": 0, "affected_value_usd": 0.0})
        .assign(check="hs_revision", treatment="kept", kind="classification", certainty="found")
        .drop(columns="revision")
    )


def missing_periods(lines: pd.DataFrame) -> pd.DataFrame:
    """Periods between the first and the last one in which no line was accepted."""
    present = pd.PeriodIndex(lines["period"])
    missing = pd.period_range(present.min(), present.max(), name="period").difference(present)
    return missing.to_frame(index=False).assign(
        check="period_missing", affected_value_usd=0.0, treatment="kept", kind="coverage", certainty="found"
    )


def stopped_origins(cells: pd.DataFrame, ds) -> pd.DataFrame:
    """Origins that have not reported for the last two periods or more: by product, with their last year's value."""
    last = cells.groupby("origin")["period"].max()
    value = cells.groupby("origin")["value_usd"].sum()
    gone = last[(last < ds.period - 1) & (value / value.sum() >= ds.thresholds["coverage_share"])]
    year = {"Q": 4, "Y": 1}[ds.frequency]
    lost = cells.merge(gone.rename("last").reset_index(), on="origin", validate="m:1")
    lost = lost[lost["period"] > lost["last"] - year]
    return (
        lost.assign(period=lost["last"] + 1)
        .groupby(["origin", "product_id", "period"], as_index=False)
        .agg(affected_value_usd=("value_usd", "sum"))
        .assign(check="coverage_break", treatment="left_out", kind="coverage", certainty="found")
    )


def weight_findings(lines: pd.DataFrame, weighed: pd.Index) -> pd.DataFrame:
    """Lines whose weight is missing or repaired; a product that is not among the `weighed` ones stays without."""
    touched = lines[lines["weight_rule"] != "declared"]
    return (
        touched.groupby(["period", "product_id", "weight_rule"], as_index=False)
        .agg(lines=("lines", "sum"), affected_value_usd=("value_usd", "sum"))
        .assign(
            check=lambda t: t["weight_rule"].map({"missing": "missing_weight", "unit_repaired": "wrong_unit"}),
            treatment=lambda t: (
                t["weight_rule"]
                .map({"missing": "imputed", "unit_repaired": "repaired"})
                .where(t["product_id"].isin(weighed) | t["weight_rule"].ne("missing"), "kept")
            ),
            kind="weights",
            certainty="found",
        )
    )
