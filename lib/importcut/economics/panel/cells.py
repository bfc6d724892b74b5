"""Imports → panel by product × plant × origin × period: weights found, broken periods mended."""

import numpy as np
import pandas as pd

from importcut.economics.panel.checks import (
    CELL,
    missing_periods,
    recut_codes,
    stopped_origins,
    unit_value_outliers,
    weight_findings,
)
from importcut.schema import DataError, conform


def import_panel(cells: pd.DataFrame, ds) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Panel by product × plant × origin × period up to `ds.period`, and the findings on its quality.

    Parameters
    ----------
    cells : table `cells`, from `clean.clean_imports`: accepted lines added up, USD and kg (empty where missing)
    ds : from `open_dataset`, with a period

    Returns
    -------
    panel : table `panel`, key product_id, plant_id, origin, period; a weight that is missing or broken is imputed
    findings : period, product_id, origin, check, lines, affected_value_usd (USD), treatment, kind, certainty

    Raises
    ------
    DataError : `ds.period` lies before the first or after the last import, or every line was set aside.

    Examples
    --------
    >>> ds = open_dataset("sample", period="2026Q3")
    >>> lines = pd.DataFrame({"product_id": "topcoat", "plant_id": "asaka", "origin": "DE", "lines": [3, 3, 2]})
    >>> lines["period"] = pd.PeriodIndex(["2026Q1", "2026Q2", "2026Q3"], freq="Q")
    >>> lines = lines.assign(value_usd=[900.0, 900, 1000], net_kg=[100.0, 100, None], weight_rule="declared")
    >>> panel, findings = import_panel(lines, ds)
    >>> panel[["value_usd", "net_kg", "evidence"]].round(1).to_numpy().tolist()
    [[900.0, 100.0, 'measured'], [900.0, 100.0, 'measured'], [1000.0, 111.1, 'inferred']]
    """
    lines = _up_to(cells, ds)
    cells = _weighted_cells(lines)
    cells, breaks = _mend_breaks(cells, ds)
    stopped = stopped_origins(cells, ds)
    cells["comparable"] = ~cells["origin"].isin(stopped["origin"])
    cells["unit_value"] = cells["value_usd"] / cells["net_kg"].where(cells["net_kg"] > 0)
    weighed = _log_unit_values(cells).columns
    found = [
        weight_findings(lines, weighed), _counted(breaks, lines), stopped, missing_periods(lines),
        unit_value_outliers(cells, lines, ds), recut_codes(lines, ds),
    ]  # fmt: skip
    findings = pd.concat([f for f in found if len(f)] or found, ignore_index=True)
    return conform(cells, "panel", frequency=ds.frequency), findings


def _up_to(cells: pd.DataFrame, ds) -> pd.DataFrame:
    """The lines up to `ds.period`, which must lie in the data."""
    if cells.empty:
        raise DataError(f"{ds.name}: every line was set aside — `importcut check {ds.name}` shows by which rules")
    if ds.period is None:
        raise DataError(f"{ds.name}: no period is chosen — open the dataset with one, as {cells['period'].max()}")
    first, last = cells["period"].min(), cells["period"].max()
    if ds.period < first:
        raise DataError(f"{ds.name}: no imports up to {ds.period} — choose a period from {first} to {last}")
    if ds.period > last:
        raise DataError(f"{ds.name}: no imports after {last}, none in {ds.period} — choose a period up to {last}")
    return cells[cells["period"] <= ds.period]


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
    number = lines.groupby(["product_id", "period"])["lines"].sum()
    return breaks.join(number, on=["product_id", "period"]) if len(breaks) else breaks


def _worst_break(series: pd.DataFrame, beyond: float, share: float) -> tuple[pd.Period, pd.Index, bool] | None:
    """The period in which most lines move together, farthest from their neighbours; the last one only if no other does.

    A break also sets the neighbours half as far apart from theirs: that is why the farthest comes first.
    """
    inner = series - (series.shift(1) + series.shift(-1)) / 2
    for distance, suspected in ((inner, False), (series.diff().tail(1), True)):
        direction = np.sign(distance.median(axis=1))
        flags = distance.mul(direction, axis=0).gt(beyond)
        counted = distance.notna().sum(axis=1)
        shares = (flags.sum(axis=1) / counted.where(counted > 1)).dropna()
        broken = shares.index[shares >= share]
        if len(broken):
            period = distance.abs().where(flags).median(axis=1)[broken].idxmax()
            return period, flags.columns[flags.loc[period]], suspected
    return None
