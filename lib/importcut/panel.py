"""Imports → panel by product × plant × origin × period, and the findings on its quality."""

import numpy as np
import pandas as pd

from importcut.schema import DataError, conform

CELL = ["product_id", "plant_id", "origin", "period"]


def import_panel(imports: pd.DataFrame, ds) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Panel by product × plant × origin × period up to `ds.period`, and the findings on weights and coverage.

    Raises DataError if `ds.period` lies before the first or after the last import, or every line was set aside.
    """
    lines = _up_to(imports, ds)
    cells = _weighted_cells(lines)
    cells, breaks = _mend_breaks(cells, ds)
    stopped = _stopped_origins(cells, ds)
    cells["comparable"] = ~cells["origin"].isin(stopped["origin"])
    cells["unit_value"] = cells["value_usd"] / cells["net_kg"].where(cells["net_kg"] > 0)
    weighed = _log_unit_values(cells).columns
    found = [_weight_findings(lines, weighed), _counted(breaks, lines), stopped, _missing_periods(lines)]
    findings = pd.concat([f for f in found if len(f)] or found, ignore_index=True)
    return conform(cells, "panel", frequency=ds.frequency), findings


def quality(findings: pd.DataFrame | None, quarantine: pd.DataFrame, ds) -> pd.DataFrame:
    """All findings: on the panel, and what was set aside, by kind and reason."""
    set_aside = (
        quarantine.groupby(["kind", "reason"], as_index=False)
        .agg(lines=("line", "size"), affected_value_usd=("value_usd", "sum"))
        .rename(columns={"reason": "check"})
        .assign(treatment="set_aside", certainty="found")
    )
    on_panel = [] if findings is None else [findings.assign(period=findings["period"].astype("str"))]
    found = pd.concat([*on_panel, set_aside], ignore_index=True)
    columns = {c: found.get(c) for c in ("period", "product_id", "origin")}
    return conform(found.assign(**columns), "quality", frequency=ds.frequency)


def _up_to(imports: pd.DataFrame, ds) -> pd.DataFrame:
    """The lines up to `ds.period`, which must lie in the data."""
    if imports.empty:
        raise DataError(f"{ds.name}: every line was set aside — see why in notebooks/01_prepare_imports.ipynb")
    if ds.period is None:
        raise DataError(f"{ds.name}: no period is chosen — open the dataset with one, as {imports['period'].max()}")
    first, last = imports["period"].min(), imports["period"].max()
    if ds.period < first:
        raise DataError(f"{ds.name}: no imports up to {ds.period} — choose a period from {first} to {last}")
    if ds.period > last:
        raise DataError(f"{ds.name}: no imports after {last}, none in {ds.period} — choose a period up to {last}")
    return imports[imports["period"] <= ds.period]


def _missing_periods(lines: pd.DataFrame) -> pd.DataFrame:
    """Periods between the first and the last one in which no line was accepted."""
    present = pd.PeriodIndex(lines["period"])
    missing = pd.period_range(present.min(), present.max(), name="period").difference(present)
    return missing.to_frame(index=False).assign(
        check="period_missing", affected_value_usd=0.0, treatment="kept", kind="coverage", certainty="found"
    )


def _weighted_cells(lines: pd.DataFrame) -> pd.DataFrame:
    """Cells with weights; a missing one is value / unit value of the cell, the product, or the periods around.

    Between two known periods the unit value is interpolated, before the first and after the last one it is the nearest.
    A product of which no weight is known at all has none.
    """
    missing = lines["net_kg"].isna()
    cells = (
        lines.assign(missing_usd=lines["value_usd"].where(missing, 0.0), raw_kg=lines["net_kg"].fillna(0.0))
        .groupby(CELL, as_index=False)[["value_usd", "missing_usd", "raw_kg"]]
        .sum()
    )
    weighed = cells["value_usd"] - cells["missing_usd"]
    own = (weighed / cells["raw_kg"]).where(cells["raw_kg"] > 0)
    by_product = cells.assign(weighed=weighed).groupby(["product_id", "period"])[["weighed", "raw_kg"]].transform("sum")
    common = (by_product["weighed"] / by_product["raw_kg"]).where(by_product["raw_kg"] > 0)
    series = _log_unit_values(cells.assign(value_usd=weighed, net_kg=cells["raw_kg"]))
    neighbours = np.exp(series.interpolate(limit_area="inside").ffill().bfill()).stack().rename("neighbours")
    cells = cells.join(neighbours, on=["period", "product_id"], validate="m:1")
    unit_value = own.where(own > 0).fillna(common.where(common > 0)).fillna(cells["neighbours"])
    return cells.assign(
        net_kg=cells["raw_kg"] + (cells["missing_usd"] / unit_value).fillna(0.0),
        evidence=np.where(cells["missing_usd"] > 0, "inferred", "measured"),
        price_evidence=np.where(own.isna(), "inferred", "measured"),
    ).drop(columns=["missing_usd", "neighbours"])


def _log_unit_values(cells: pd.DataFrame) -> pd.DataFrame:
    """Log unit value, periods × products."""
    total = cells.groupby(["period", "product_id"])[["value_usd", "net_kg"]].sum()
    usable = total[(total["net_kg"] > 0) & (total["value_usd"] > 0)]
    series = np.log(usable["value_usd"] / usable["net_kg"]).unstack("product_id")
    return series.reindex(pd.period_range(cells["period"].min(), cells["period"].max(), name="period"))


def _mend_breaks(cells: pd.DataFrame, ds) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Impute the weights of the product lines that break with most others, worst period first."""
    beyond, share = np.log(ds.thresholds["reporting_break_ratio"]), ds.thresholds["reporting_break_share"]
    series, findings = _log_unit_values(cells), []
    while (worst := _worst_break(series, beyond, share)) is not None:
        period, flagged, suspected = worst
        interpolated = (series.shift(1).loc[period] + series.shift(-1).loc[period])[flagged] / 2
        broken = cells["period"].eq(period) & cells["product_id"].isin(flagged)
        value = cells[broken].groupby("product_id")["value_usd"].sum()
        findings.append(
            pd.DataFrame({"product_id": value.index, "affected_value_usd": value.to_numpy()}).assign(
                period=period, check="reporting_break", kind="weights",
                treatment="kept" if suspected else "imputed", certainty="suspected" if suspected else "found",
            )
        )  # fmt: skip
        if suspected:
            break
        factor = np.exp(series.loc[period, flagged] - interpolated)
        cells.loc[broken, "net_kg"] *= cells.loc[broken, "product_id"].map(factor)
        cells.loc[broken, ["evidence", "price_evidence"]] = "inferred"
        series.loc[period, flagged] = interpolated
    return cells, pd.concat(findings, ignore_index=True) if findings else pd.DataFrame(columns=["period"])


def _counted(breaks: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    number = lines.groupby(["product_id", "period"]).size().rename("lines")
    return breaks.join(number, on=["product_id", "period"]) if len(breaks) else breaks


def _worst_break(series: pd.DataFrame, beyond: float, share: float) -> tuple[pd.Period, pd.Index, bool] | None:
    """The period in which the most lines move together against their neighbours; the last one only if no other does."""
    inner = series - (series.shift(1) + series.shift(-1)) / 2
    for distance, suspected in ((inner, False), (series.diff().tail(1), True)):
        direction = np.sign(distance.median(axis=1))
        flags = distance.mul(direction, axis=0).gt(beyond)
        counted = distance.notna().sum(axis=1)
        shares = (flags.sum(axis=1) / counted.where(counted > 1)).dropna()
        if len(shares) and shares.max() >= share:
            period = shares.idxmax()
            return period, flags.columns[flags.loc[period]], suspected
    return None


def _stopped_origins(cells: pd.DataFrame, ds) -> pd.DataFrame:
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


def _weight_findings(lines: pd.DataFrame, weighed: pd.Index) -> pd.DataFrame:
    """Lines whose weight is missing or repaired; a product that is not among the `weighed` ones stays without."""
    touched = lines[lines["weight_rule"] != "declared"]
    return (
        touched.groupby(["period", "product_id", "weight_rule"], as_index=False)
        .agg(lines=("line", "size"), affected_value_usd=("value_usd", "sum"))
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
