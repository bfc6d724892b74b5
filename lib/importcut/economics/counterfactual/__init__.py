"""What each project cut, by delivery records or from customs data alone, and whether the data can tell."""

from collections.abc import Iterable
from itertools import product

import numpy as np
import pandas as pd

from importcut.economics.counterfactual.methods import METHODS, Declined
from importcut.economics.counterfactual.observed import PAIR, Observed, donor_table, observe
from importcut.economics.counterfactual.recorded import COLUMNS, DELIVERIES, delivering, delivery_cuts, recorded
from importcut.economics.counterfactual.series import PLACEBO, cut, expected_of_all, placebo_test, question, variants
from importcut.schema import conform, empty, tables


def plant_cuts(seen: Observed, method: str | None = None) -> pd.DataFrame:
    """Gross cuts by project × product × plant × period, by a method, by default the dataset's own.

    Parameters
    ----------
    seen : from `observe`
    method : deliveries, or one of METHODS

    Returns
    -------
    DataFrame
        gross_kg (kg), gross_usd (USD; with delivery records at the mix-constant price, else at the current unit value),
        low_usd, high_usd, delivered_kg, base_kg, evidence.

    Examples
    --------
    >>> ds, span = open_dataset("sample", period="2026Q3"), pd.period_range("2024Q1", "2026Q3", freq="Q")
    >>> panel = pd.DataFrame({"product_id": "washer_fluid", "plant_id": "asaka", "origin": "DE", "period": span})
    >>> panel = panel.assign(value_usd=9000.0, net_kg=6000.0, raw_kg=6000.0, unit_value=1.5, comparable=True)
    >>> panel, groups = panel.assign(price_evidence="measured"), pd.Series({"washer_fluid": "fluids"})
    >>> seen = observe(ds, panel, mix_constant_prices(panel, groups, ds.base_period))
    >>> cuts = plant_cuts(seen).query("product_id == 'washer_fluid' and plant_id == 'asaka'")
    >>> bool((cuts["gross_usd"] / cuts["gross_kg"]).round(9).eq(1.5).all())
    True
    """
    method = method or seen.ds.counterfactual
    return delivery_cuts(seen) if method == DELIVERIES else _series_cuts(seen, method)


def identification(seen: Observed, cuts: pd.DataFrame) -> pd.DataFrame:
    """Each project × product: `reason` why the data cannot tell its cut (empty if they can), and the placebo test.

    A negative estimate is credited to no project, a recorded shortfall is; `told`: the fall is told apart from chance.
    Columns project_id, product_id, reason, placebo_rank, placebo_n, placebo_p, smallest_p, told.

    Parameters
    ----------
    cuts : from `plant_cuts`, by the dataset's method; `seen` from `observe`

    References
    ----------
    Abadie, Diamond and Hainmueller (2010), JASA 105: inference by placebo.

    Examples
    --------
    >>> ds, span = open_dataset("sample", period="2026Q3"), pd.period_range("2024Q1", "2026Q3", freq="Q")
    >>> panel = pd.DataFrame({"product_id": "washer_fluid", "plant_id": "asaka", "origin": "DE", "period": span})
    >>> panel = panel.assign(value_usd=9000.0, net_kg=6000.0, raw_kg=6000.0, unit_value=1.5, comparable=True)
    >>> panel, groups = panel.assign(price_evidence="measured"), pd.Series({"washer_fluid": "fluids"})
    >>> seen = observe(ds, panel, mix_constant_prices(panel, groups, ds.base_period))
    >>> cuts = plant_cuts(seen).query("product_id == 'washer_fluid' and plant_id == 'asaka'")
    >>> found = identification(seen, cuts).set_index("product_id")["reason"].isna()
    >>> found.loc[["washer_fluid", "brake_fluid"]].to_dict()  # the other project has not begun to deliver
    {'washer_fluid': True, 'brake_fluid': False}
    """
    if seen.ds.counterfactual == DELIVERIES:
        found = delivering(seen.ds).assign(**dict.fromkeys(PLACEBO, np.nan))
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
    """The cuts that are credited to a project: rows of `plant_cuts`, in kg and USD.

    Parameters
    ----------
    cuts, found : from `plant_cuts` and `identification`

    Examples
    --------
    >>> cuts = pd.DataFrame({"project_id": ["a", "b"], "product_id": "paint", "gross_usd": [5.0, 7.0]})
    >>> found = pd.DataFrame({"project_id": ["a", "b"], "product_id": "paint", "reason": [None, "no_base"]})
    >>> identified_cuts(cuts, found)["project_id"].tolist()
    ['a']
    """
    credited = found.loc[found["reason"].isna(), PAIR]
    return cuts.merge(credited, on=PAIR, validate="m:1")


def spread(seen: Observed, methods: Iterable[str] = tuple(METHODS)) -> pd.DataFrame:
    """Table `variants`: the gross cut to date in every variant of the methods."""
    rows = [
        (case.project_id, case.product_id, method, "all" if asked.base is None else str(asked.base), asked.basis,
         ";".join(sorted({*seen.donors} - {*asked.donors})), found["gross_usd"].sum())
        for case, method in product(_identifiable(seen), methods)
        for asked, found in variants(seen, case, method)
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=[*PAIR, "method", "base", "basis", "left_out", "gross_usd"])
    return conform(table, "variants", frequency=seen.ds.frequency)


def estimates(seen: Observed, variants: pd.DataFrame, methods: Iterable[str] = tuple(METHODS)) -> pd.DataFrame:
    """Table `estimates`: the gross cut to date of each project × product by each method, and what it is worth.

    Parameters
    ----------
    variants : from `spread`; gives the ranges
    """
    rows = recorded(seen)
    for case, method in product(seen.cases.itertuples(), methods):
        about = _tested(seen, case, method) | {"method": method, "base_touched": bool(case.base_touched)}
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
    return conform(pd.concat(frames), "placebo", frequency=seen.ds.frequency) if frames else empty("placebo", seen.ds)


def _series_cuts(seen: Observed, method: str) -> pd.DataFrame:
    """Cuts from the series, divided among the plants by their shares of the base; the range is of whole variants."""
    frames = []
    for case in _identifiable(seen):
        found = [table for _, table in variants(seen, case, method)]
        if not found:
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
