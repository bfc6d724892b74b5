"""Prices at constant mix, their components by origin, and the exchange rates that moved them."""

import numpy as np
import pandas as pd

from importcut.economics.indices import fisher
from importcut.economics.panel import weightless
from importcut.schema import CELL, ITEM, USE, VOLUME, DataError, within

USUAL_SHARE = 0.05  # an origin with less of a product in the base period is too rare to bound its price


def price_components(
    panel: pd.DataFrame, groups: pd.Series, base: pd.Period, *, plants: pd.DataFrame | None = None
) -> pd.DataFrame:
    """What `mix_constant_prices` consist of: by product × plant × origin × period the share in `base`, price (USD/kg).

    Without any weight in the panel there is none of them.
    Raises DataError if nothing comparable was imported in `base`.
    """
    cells = panel[panel["comparable"] & panel["net_kg"].gt(0)]
    in_base = cells[within(cells["period"], base)]
    if weightless(panel):
        return panel.loc[[], CELL].assign(share=0.0, price=0.0, price_evidence="")
    if in_base.empty:
        raise DataError(f"no imports with weights in the base period {base} — choose a later period, or another base")
    pairs = pd.concat([cells[USE], plants]).drop_duplicates()
    periods = pd.DataFrame({"period": pd.period_range(cells["period"].min(), cells["period"].max())})
    totals = cells.groupby([*ITEM, "period"])[VOLUME].sum()
    totals = totals.assign(price=totals["value_usd"] / totals["net_kg"])
    common = totals["price"].rename("common").reset_index()
    priced = (
        _base_shares(pairs, in_base)
        .merge(periods, how="cross")
        .merge(cells[[*CELL, "unit_value", "price_evidence"]], on=CELL, how="left", validate="1:1")
        .merge(common, on=[*ITEM, "period"], how="left", validate="m:1")
        .merge(_carried_prices(totals, in_base, groups, periods), on=[*ITEM, "period"], how="left", validate="m:1")
    )
    return priced[[*CELL, "share"]].assign(
        price=priced["unit_value"].fillna(priced["common"]).fillna(priced["carried"]),
        price_evidence=priced["price_evidence"].where(priced["unit_value"].notna(), "inferred"),
    )


def mix_constant_prices(
    panel: pd.DataFrame, groups: pd.Series, base: pd.Period, *, plants: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Price of each product at each plant and period in the origin mix of `base`, USD per kg, with range and grade.

    The range (price_low, price_high) is of the cheapest and the dearest usual origin.

    Parameters
    ----------
    panel : the comparable cells are used; `unit_value` in USD per kg
    groups : group of each product, by product_id; its price index stands in for a missing price
    base : span that gives the shares of the origins
    plants : product_id × plant_id pairs to price besides those of the panel (plants that import nothing)
    """
    parts = price_components(panel, groups, base, plants=plants)
    return (
        parts.assign(
            usual=parts["price"].where(parts["share"] >= USUAL_SHARE),
            price=parts["price"] * parts["share"],
            inferred=parts["price_evidence"].eq("inferred"),
        )
        .groupby([*USE, "period"], as_index=False)
        .agg(
            price=("price", "sum"),
            price_low=("usual", "min"),
            price_high=("usual", "max"),
            inferred=("inferred", "any"),
        )
        .assign(price_evidence=lambda t: t["inferred"].map({True: "inferred", False: "measured"}))
        .drop(columns="inferred")
    )


def rate_index(
    components: pd.DataFrame, cells: pd.DataFrame, exchange_rates: pd.DataFrame, base: pd.Period
) -> pd.DataFrame:
    """The components with `rate`, the dollar price of the currencies that each origin invoices in.

    A geometric mean of the period's average rates (USD per unit); empty where a currency has none, or none is known.

    Parameters
    ----------
    components : from `price_components`
    cells : table `cells` (accepted lines added up); those without a currency do not weigh
    exchange_rates : date from which a rate holds, currency, usd (USD per unit)
    base : span that gives the value shares of the currencies; an origin without imports of the product takes the
        product's shares, then the origin's
    """
    if components.empty:
        return components.assign(rate=components["price"])
    items = pd.MultiIndex.from_frame(components[ITEM].drop_duplicates())
    shares = _currency_shares(cells[within(cells["period"], base)], items)
    periods = pd.PeriodIndex(components["period"].unique(), name="period").sort_values()
    logs = np.log(_average_rates(exchange_rates, periods).reindex(columns=shares.columns))
    known = shares.sum(axis=1).gt(0).to_numpy()[:, None] & (shares.gt(0).to_numpy() @ logs.isna().to_numpy().T == 0)
    rate = np.exp(shares.fillna(0).to_numpy() @ logs.fillna(0).to_numpy().T)
    table = pd.DataFrame(np.where(known, rate, np.nan), items, periods).stack().dropna().rename("rate")
    return components.join(table, on=[*ITEM, "period"], validate="m:1")


def _currency_shares(lines: pd.DataFrame, items: pd.MultiIndex) -> pd.DataFrame:
    """Value shares of the currencies, product × origin by currency; without own lines the product's, the origin's."""

    def shares(by: list[str]) -> pd.DataFrame:
        value = lines.pivot_table(index=by, columns="currency", values="value_usd", aggfunc="sum", fill_value=0.0)
        return value.div(value.sum(axis=1).where(lambda total: total > 0), axis=0)

    table = shares(ITEM).reindex(items)
    for level in ITEM:
        common = shares([level]).reindex(items.get_level_values(level)).set_axis(items)
        table = table.fillna(common)
    return table


def _average_rates(exchange_rates: pd.DataFrame, periods: pd.PeriodIndex) -> pd.DataFrame:
    """Average USD price of each currency over the days of each period; a rate holds until the next one."""
    quoted = exchange_rates.pivot(index="date", columns="currency", values="usd").assign(USD=1.0)
    days = pd.date_range(periods.min().start_time, periods.max().end_time.normalize())
    daily = quoted.reindex(quoted.index.union(days)).ffill().reindex(days).assign(USD=1.0)
    return daily.groupby(days.to_period(periods.freq)).mean().reindex(periods)


def _base_shares(pairs: pd.DataFrame, in_base: pd.DataFrame) -> pd.DataFrame:
    """Origins' shares of the weight in the base period, by product × plant; the product's where the plant has none."""
    own = in_base.groupby([*USE, "origin"], as_index=False)["net_kg"].sum()
    common = in_base.groupby(ITEM, as_index=False)["net_kg"].sum()
    others = pairs.merge(own[USE].drop_duplicates(), how="left_anti", on=USE, validate="1:1")
    weights = pd.concat([own, others.merge(common, on="product_id", validate="m:m")], ignore_index=True)
    total = weights.groupby(USE)["net_kg"].transform("sum")
    return weights.assign(share=weights["net_kg"] / total).drop(columns="net_kg")


def _carried_prices(
    totals: pd.DataFrame, in_base: pd.DataFrame, groups: pd.Series, periods: pd.DataFrame
) -> pd.DataFrame:
    """Base price of each product × origin, carried by the Fisher price index of the product's group."""
    base = in_base.groupby(ITEM, as_index=False)[VOLUME].sum()
    base = base.assign(price=base["value_usd"] / base["net_kg"], group=base["product_id"].map(groups))
    both = totals.reset_index().merge(base, on=ITEM, suffixes=("_1", "_0"), validate="m:1")
    fishers = both.groupby(["period", "group"]).apply(
        lambda t: fisher(t["price_0"], t["net_kg_0"], t["price_1"], t["net_kg_1"])
    )
    index = fishers.unstack("group").reindex(periods["period"]).ffill().bfill().stack().rename("index").reset_index()
    carried = base.merge(index, on="group", validate="m:m")
    return carried.assign(carried=carried["price"] * carried["index"])[[*ITEM, "period", "carried"]]
