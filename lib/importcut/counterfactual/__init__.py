"""What each project cut, by delivery records or from customs data alone, and whether the data can tell."""

from collections.abc import Iterable
from itertools import product

import numpy as np
import pandas as pd

from importcut.counterfactual.methods import METHODS, Declined
from importcut.counterfactual.observed import PAIR, Observed, donor_table, observe
from importcut.counterfactual.series import PLACEBO, cut, expected_of_all, placebo_test, question, variants
from importcut.schema import conform, tables

__all__ = [
    "METHODS", "Declined", "Observed", "donor_table", "estimates", "identification", "identified_cuts", "observe",
    "placebos", "plant_cuts", "question", "spread",
]  # fmt: skip
COLUMNS = [
    *PAIR, "plant_id", "period", "delivered_kg", "gross_kg", "gross_usd", "current_usd", "low_usd", "high_usd",
    "base_kg", "evidence",
]  # fmt: skip
DELIVERIES = "deliveries"


def plant_cuts(seen: Observed, method: str | None = None) -> pd.DataFrame:
    """Gross cuts by project × product × plant × period, by a method, by default the dataset's own.

    Columns gross_kg, gross_usd (with delivery records at the mix-constant price, else at the current unit value),
    low_usd, high_usd, delivered_kg, base_kg, evidence.
    """
    method = method or seen.ds.counterfactual
    return _delivery_cuts(seen) if method == DELIVERIES else _series_cuts(seen, method)


def identification(seen: Observed, cuts: pd.DataFrame) -> pd.DataFrame:
    """Each project × product: `reason` why the data cannot tell its cut (empty if they can), and the placebo test.

    A negative estimate is credited to no project, a recorded shortfall is; `told`: the fall is told apart from chance.
    Columns project_id, product_id, reason, placebo_rank, placebo_n, placebo_p, smallest_p, told.

    Parameters
    ----------
    cuts : from `plant_cuts`, by the dataset's method
    """
    if seen.ds.counterfactual == DELIVERIES:
        found = _delivering(seen.ds).assign(**dict.fromkeys(PLACEBO, np.nan))
        worthless = cuts.loc[cuts["gross_usd"].isna(), PAIR].drop_duplicates().assign(no_price=True)
        found = found.merge(worthless, on=PAIR, how="left", validate="1:1")
        found["reason"] = found["reason"].mask(found["no_price"].eq(True), "no_price").astype(object)
        return found.assign(told=found["reason"].isna()).drop(columns="no_price")
    total = cuts.groupby(PAIR)["gross_usd"].sum().rename("total")
    rows = [_tested(seen, case, seen.ds.counterfactual) for case in seen.cases.itertuples()]
    found = pd.DataFrame(rows, columns=[*PAIR, "reason", *PLACEBO, "told"])
    found = found.join(total, on=PAIR, validate="1:1")
    reason = found["reason"].mask(found["reason"].isna() & found["total"].lt(0), "negative_estimate").astype(object)
    told = found["told"].eq(True) & reason.isna()
    return found.assign(reason=reason, told=told).drop(columns="total")


def identified_cuts(cuts: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    """The cuts that are credited to a project, from `plant_cuts` and `identification`."""
    credited = found.loc[found["reason"].isna(), PAIR]
    return cuts.merge(credited, on=PAIR, validate="m:1")


def spread(seen: Observed, methods: Iterable[str] = tuple(METHODS)) -> pd.DataFrame:
    """Table `variants`: the gross cut to date in every variant of the methods."""
    rows = []
    for case, method in product(_identifiable(seen), methods):
        try:
            for asked, found in variants(seen, case, method):
                left = sorted({*seen.donors} - {*asked.donors})
                rows.append(
                    (case.project_id, case.product_id, method, "all" if asked.base is None else str(asked.base),
                     asked.basis, ";".join(left), found["gross_usd"].sum())
                )  # fmt: skip
        except Declined:
            continue
    table = pd.DataFrame(rows, columns=[*PAIR, "method", "base", "basis", "left_out", "gross_usd"])
    return conform(table, "variants", frequency=seen.ds.frequency)


def estimates(seen: Observed, variants: pd.DataFrame, methods: Iterable[str] = tuple(METHODS)) -> pd.DataFrame:
    """Table `estimates`: the gross cut to date of each project × product by each method, and what it is worth.

    Parameters
    ----------
    variants : from `spread`; gives the ranges
    """
    rows = _recorded(seen)
    for case, method in product(seen.cases.itertuples(), methods):
        about = {"project_id": case.project_id, "product_id": case.product_id, "method": method}
        about |= {"base_touched": bool(case.base_touched)} | _tested(seen, case, method)
        rows.append(about | (_to_date(seen, case, method) if about["reason"] is None else {}))
    ends = variants.groupby([*PAIR, "method"])["gross_usd"].agg(["min", "max"])
    table = pd.DataFrame(rows, columns=[c.name for c in tables()["estimates"].columns])
    table = table.join(ends, on=[*PAIR, "method"])
    table = table.assign(
        low_usd=table["low_usd"].fillna(table["min"]),
        high_usd=table["high_usd"].fillna(table["max"]),
        leading=table["method"].eq(seen.ds.counterfactual),
        told=table["told"].eq(True) & table["gross_usd"].gt(0),
        detectable_usd=table["detectable_share"] * table["expected_usd"],
    )
    return conform(table, "estimates", frequency=seen.ds.frequency)


def placebos(seen: Observed) -> pd.DataFrame:
    """Table `placebo`: actual and expected imports of each product, and of its donors as if they had its project.

    By the dataset's method, and by the control basket where that is delivery records.
    """
    method = "control_basket" if seen.ds.counterfactual == DELIVERIES else seen.ds.counterfactual
    frames = []
    for case in _identifiable(seen):
        try:
            expected = expected_of_all(seen, question(seen, case), method).rename_axis(columns="series")
        except Declined:
            continue
        table = expected.stack().rename("expected_kg").to_frame()
        table["actual_kg"] = seen.kg[expected.columns].rename_axis(columns="series").stack()
        table = table.reset_index().assign(project_id=case.project_id, product_id=case.product_id)
        output = pd.Series(~seen.before(case.first), seen.periods)
        role = np.where(table["series"].eq(case.product_id), "product", "donor")
        frames.append(table.assign(role=role, output=table["period"].map(output)))
    columns = [*PAIR, "series", "role", "period", "output", "actual_kg", "expected_kg"]
    table = pd.concat(frames) if frames else pd.DataFrame(columns=columns)
    return conform(table, "placebo", frequency=seen.ds.frequency)


def _delivery_cuts(seen: Observed) -> pd.DataFrame:
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


def _series_cuts(seen: Observed, method: str) -> pd.DataFrame:
    """Cuts from the series, divided among the plants by their shares of the base; the range is of whole variants."""
    frames = []
    for case in _identifiable(seen):
        try:
            found = [table for _, table in variants(seen, case, method)]
        except Declined:
            continue
        totals = [table["gross_usd"].sum() for table in found]
        low, high = (found[end(totals)]["gross_usd"] for end in (np.argmin, np.argmax))
        base = seen.by_plant[case.product_id][seen.inside(case.base)]
        table = found[0].assign(low_usd=low, high_usd=high, base_kg=base.sum(axis=1).mean()).rename_axis("period")
        shares = (base.sum() / base.sum().sum()).rename("share").rename_axis("plant_id").reset_index()
        amounts = ["gross_kg", "gross_usd", "low_usd", "high_usd", "base_kg"]
        table = table.reset_index().merge(shares[shares["share"] > 0], how="cross")
        table[amounts] = table[amounts].mul(table["share"], axis=0)
        frames.append(table.assign(project_id=case.project_id, product_id=case.product_id))
    if not frames:
        texts = dict.fromkeys([*PAIR, "plant_id", "evidence"], "str") | {"period": seen.periods.dtype}
        return pd.DataFrame({name: pd.Series(dtype=texts.get(name, "float64")) for name in COLUMNS})
    replaced = seen.ds.project_products.set_index(PAIR)["replaces_kg"].fillna(1)
    table = pd.concat(frames, ignore_index=True).join(replaced, on=PAIR, validate="m:1")
    delivered = table["gross_kg"] / table["replaces_kg"]
    return table.assign(delivered_kg=delivered, current_usd=table["gross_usd"], evidence="inferred")[COLUMNS]


def _tested(seen: Observed, case, method: str) -> dict:
    """Why the method cannot answer, or how its answer fares among the placebos."""
    about = {"project_id": case.project_id, "product_id": case.product_id, "reason": case.reason}
    if case.reason is None:
        try:
            return about | placebo_test(seen, question(seen, case), method)
        except Declined as declined:
            about["reason"] = str(declined)
    return about


def _to_date(seen: Observed, case, method: str) -> dict:
    """The estimate to date, and what of it is growth of the expected imports above the base."""
    asked, price = question(seen, case), seen.price[case.product_id]
    expected, late = METHODS[method](seen, asked), ~seen.before(case.first)
    level = seen.kg.loc[seen.inside(case.base), case.product_id].mean()
    return dict(cut(seen, asked, expected).sum()) | {
        "growth_usd": ((expected - level) * price)[late].sum(), "expected_usd": (expected * price)[late].sum()
    }  # fmt: skip


def _identifiable(seen: Observed) -> list:
    return [case for case in seen.cases.itertuples() if case.reason is None]


def _recorded(seen: Observed) -> list[dict]:
    """The cuts by delivery records as rows of `estimates`; none without deliveries."""
    if seen.ds.deliveries.empty:
        return []
    cuts = _delivery_cuts(seen).groupby(PAIR)[["gross_kg", "gross_usd", "low_usd", "high_usd"]].sum()
    rows = _delivering(seen.ds).join(cuts, on=PAIR).assign(method=DELIVERIES, base_touched=False)
    return rows.assign(told=rows["reason"].isna()).to_dict("records")


def _delivering(ds) -> pd.DataFrame:
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
