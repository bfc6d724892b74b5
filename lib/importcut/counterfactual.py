"""What each project cut, by delivery records or against a control basket, and whether the data can tell."""

import numpy as np
import pandas as pd

from importcut.schema import NATIONAL, within

PLANT = ["project_id", "product_id", "plant_id", "period"]
PLACEBO = ["placebo_rank", "placebo_n", "placebo_p", "smallest_p"]
COLUMNS = [*PLANT, "delivered_kg", "gross_kg", "gross_usd", "current_usd", "low_usd", "high_usd", "base_kg", "evidence"]


def plant_cuts(ds, panel: pd.DataFrame, prices: pd.DataFrame) -> pd.DataFrame:
    """Gross cuts by project × product × plant × period, by the dataset's counterfactual.

    Columns gross_kg, gross_usd (at the mix-constant price), low_usd, high_usd, delivered_kg, evidence.
    """
    if ds.counterfactual == "deliveries":
        return delivery_cuts(ds, panel, prices)
    return basket_cuts(ds, panel)


def delivery_cuts(ds, panel: pd.DataFrame, prices: pd.DataFrame) -> pd.DataFrame:
    """Cuts from delivery records: import replaced × mix-constant price; the range, cheapest to dearest origin."""
    pair = ["product_id", "plant_id", "period"]
    sold = ds.deliveries[ds.deliveries["period"] <= ds.period]
    current = panel[panel["comparable"]].groupby(pair)[["value_usd", "net_kg"]].sum()
    current = (current["value_usd"] / current["net_kg"].where(current["net_kg"] > 0)).rename("current").reset_index()
    replaced = ds.project_products[["project_id", "product_id", "replaces_kg"]]
    cuts = (
        sold.merge(replaced, on=["project_id", "product_id"], how="left", validate="m:1")
        .merge(prices, on=pair, how="left", validate="m:1")
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
    variants = cuts[["gross_usd", "current_usd", "cheapest", "dearest"]]
    cuts = cuts.assign(low_usd=variants.min(axis=1), high_usd=variants.max(axis=1))
    counted = cuts[cuts["gross_kg"] != 0]
    return counted[COLUMNS]


def basket_cuts(ds, panel: pd.DataFrame) -> pd.DataFrame:
    """Cuts against a control basket: base quantity × median quantity index of the donors, at the current unit value.

    The range takes raw and imputed weights and leaves out one donor at a time.
    """
    frames = []
    for row in _identifiable(ds, panel).itertuples():
        if row.reason is None:
            frames.append(_basket_cut(ds, panel, row).assign(project_id=row.project_id, plant_id=NATIONAL))
    columns = COLUMNS
    if not frames:
        return pd.DataFrame(columns=columns)
    return pd.concat(frames, ignore_index=True).assign(delivered_kg=np.nan)[columns]


def identification(ds, panel: pd.DataFrame, estimates: pd.DataFrame) -> pd.DataFrame:
    """Each project × product: `reason` why the data cannot tell its cut (empty if they can), and the placebo test.

    A negative estimate stays with the product and is credited to no project.
    Columns project_id, product_id, reason, placebo_rank, placebo_n, placebo_p, smallest_p.

    Parameters
    ----------
    estimates : from `plant_cuts`
    """
    pair = ["project_id", "product_id"]
    total = estimates.groupby(pair, as_index=False)["gross_usd"].sum().rename(columns={"gross_usd": "total"})
    if ds.counterfactual == "control_basket":
        rows = _identifiable(ds, panel)
        tests = _placebos(ds, panel, rows[rows["reason"].isna()])
        found = rows[[*pair, "reason"]].merge(tests, on=pair, how="left", validate="1:1")
    else:
        found = _delivering(ds).assign(**dict.fromkeys(PLACEBO, np.nan))
    found = found.merge(total, on=pair, how="left", validate="1:1")
    reason = found["reason"].mask(found["reason"].isna() & found["total"].lt(0), "negative_estimate")
    return found.assign(reason=reason.astype(object)).drop(columns="total")


def identified_cuts(estimates: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    """The estimates that are credited to a project, from `plant_cuts` and `identification`."""
    told = found.loc[found["reason"].isna(), ["project_id", "product_id"]]
    return estimates.merge(told, on=["project_id", "product_id"], validate="m:1")


def donor_index(quantities: pd.DataFrame, donors: list[str], base: pd.Index) -> pd.Series:
    """Median over the donors of their quantity relative to the base periods; `quantities` is periods × products."""
    return quantities[donors].div(quantities.loc[base, donors].mean()).median(axis=1)


def placebo(
    quantities: pd.DataFrame, donors: list[str], treated: str, base: pd.Index, after: pd.Index
) -> dict[str, float]:
    """Rank of the treated product's mean log(actual / counterfactual) among the same statistic of every donor.

    References
    ----------
    Abadie, Diamond and Hainmueller (2010), JASA 105: inference by placebo.
    """

    def fall(product: str) -> float:
        others = [d for d in donors if d != product]
        expected = quantities.loc[base, product].mean() * donor_index(quantities, others, base)
        return float(np.log(quantities.loc[after, product] / expected.loc[after]).mean())

    falls = pd.Series({product: fall(product) for product in [treated, *donors]})
    rank, n = int((falls <= falls[treated]).sum()), len(falls)
    return {"placebo_rank": rank, "placebo_n": n, "placebo_p": rank / n, "smallest_p": 1 / n}


def _identifiable(ds, panel: pd.DataFrame) -> pd.DataFrame:
    """Project × product with its base periods, and why the data cannot identify it, if they cannot."""
    sheet = ds.project_products.merge(ds.projects, on="project_id", validate="m:1")
    first = pd.PeriodIndex(sheet["first_output"], freq="M")
    base = [pd.Period(year=y, freq="Y") for y in first.year - 1]
    seen = panel.groupby("product_id")["period"].agg(["min", "max"])
    reasons = []
    for product, year, output in zip(sheet["product_id"], base, first, strict=True):
        if product not in seen.index:
            reasons.append("no_series")
        elif seen.at[product, "min"].start_time > year.start_time:
            reasons.append("before_series")
        elif seen.at[product, "max"].end_time < output.start_time:
            reasons.append("not_started")
        else:
            reasons.append(None)
    table = sheet[["project_id", "product_id"]].assign(base=base, reason=pd.Series(reasons, sheet.index, dtype=object))
    told = table["reason"].isna()  # one fall of imports cannot be told apart between two projects
    shared = told & table[told].duplicated("product_id", keep=False).reindex(table.index, fill_value=False)
    return table.assign(reason=table["reason"].mask(shared, "shared_product"))


def _delivering(ds) -> pd.DataFrame:
    """Each project × product, with the reason where nothing above the baseline has been delivered yet."""
    pair = ["project_id", "product_id"]
    sheet = ds.project_products[pair].merge(
        ds.projects[["project_id", "first_output"]], on="project_id", validate="m:1"
    )
    sold = ds.deliveries[ds.deliveries["period"] <= ds.period]
    above = sold["net_kg"].sub(sold["baseline_kg"].fillna(0)).ne(0)
    records = sold.assign(above=above).groupby(pair, as_index=False)["above"].any()
    sheet = sheet.merge(records, on=pair, how="left", validate="1:1")
    due = pd.PeriodIndex(sheet["first_output"], freq="M").start_time <= ds.period.end_time
    reason = pd.Series(np.where(due, "no_deliveries", "not_started"), sheet.index, dtype=object)
    reason = reason.mask(due & sheet["above"].eq(False), "baseline_only").mask(sheet["above"].eq(True), None)
    return sheet[pair].assign(reason=reason)


def _placebos(ds, panel: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    quantities = _quantities(panel, "net_kg")
    donors, tests = _donors(ds, quantities), []
    for row in rows.itertuples():
        base = quantities.index[within(quantities.index, row.base)]
        after = quantities.index[quantities.index > base.max()]
        test = placebo(quantities, donors, row.product_id, base, after)
        tests.append({"project_id": row.project_id, "product_id": row.product_id, **test})
    return pd.DataFrame(tests, columns=["project_id", "product_id", *PLACEBO])


def _quantities(panel: pd.DataFrame, weight: str) -> pd.DataFrame:
    cells = panel[panel["comparable"]]
    return cells.pivot_table(index="period", columns="product_id", values=weight, aggfunc="sum").replace(0.0, np.nan)


def _donors(ds, quantities: pd.DataFrame) -> list[str]:
    """Products that donors.csv allows, that no project makes, with a quantity in every period."""
    allowed = ds.donors.loc[ds.donors["use"].eq("yes"), "product_id"]
    untouched = allowed[~allowed.isin(ds.project_products["product_id"])]
    return sorted(p for p in untouched if p in quantities and quantities[p].notna().all())


def _basket_cut(ds, panel: pd.DataFrame, row) -> pd.DataFrame:
    mended, raw = _quantities(panel, "net_kg"), _quantities(panel, "raw_kg")
    base = mended.index[within(mended.index, row.base)]
    after = mended.index[mended.index > base.max()]
    price = panel[panel["product_id"].eq(row.product_id)].groupby("period")[["value_usd", "net_kg", "raw_kg"]].sum()
    donors = _donors(ds, mended)

    def cut_kg(quantities: pd.DataFrame, chosen: list[str]) -> pd.Series:
        expected = quantities.loc[base, row.product_id].mean() * donor_index(quantities, chosen, base)
        return (expected - quantities[row.product_id]).loc[after]

    kg, unit_value = cut_kg(mended, donors), price["value_usd"] / price["net_kg"]
    unweighed = [d for d in donors if raw[d].notna().all()]
    variants = [cut_kg(mended, [d for d in donors if d != left_out]) * unit_value for left_out in donors]
    variants += [cut_kg(raw, unweighed) * price["value_usd"] / price["raw_kg"], kg * unit_value]
    spread = pd.concat(variants, axis=1).loc[after]
    return pd.DataFrame(
        {
            "product_id": row.product_id,
            "period": after,
            "gross_kg": kg,
            "gross_usd": (kg * unit_value).loc[after],
            "current_usd": (kg * unit_value).loc[after],
            "low_usd": spread.min(axis=1),
            "high_usd": spread.max(axis=1),
            "base_kg": mended.loc[base, row.product_id].mean(),
            "evidence": "inferred",
        }
    ).reset_index(drop=True)
