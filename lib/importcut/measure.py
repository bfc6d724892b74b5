"""Panel → prices at constant mix, profile by purpose, and the bridge between two periods."""

import numpy as np
import pandas as pd

from importcut.indices import concentration, fisher, hidiroglou_berthelot, lmdi
from importcut.schema import conform, within

__all__ = [
    "bridge",
    "concentration",
    "fisher",
    "hidiroglou_berthelot",
    "lmdi",
    "mix_constant_prices",
    "profile",
    "same_season",
]
CELL = ["product_id", "plant_id", "origin", "period"]
USUAL_SHARE = 0.05  # an origin with less of a product in the base period is too rare to bound its price


def profile(panel: pd.DataFrame, uses: pd.DataFrame, *, frequency: str) -> pd.DataFrame:
    """The panel split over technological purposes by the shares of `uses`, so that no value is counted twice."""
    split = panel.merge(uses, on=["product_id", "plant_id"], how="left", validate="m:m")
    share = split["share"].fillna(1)
    return conform(
        split.assign(
            purpose_id=split["purpose_id"].fillna("unspecified"),
            value_usd=split["value_usd"] * share,
            net_kg=split["net_kg"] * share,
        ),
        "profile",
        frequency=frequency,
    )


def mix_constant_prices(
    panel: pd.DataFrame, groups: pd.Series, base: pd.Period, *, plants: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Price of each product at each plant in the origin mix of `base`; USD per kg, with its grade.

    Parameters
    ----------
    panel : the comparable cells are used; `unit_value` in USD per kg
    groups : group of each product, by product_id; its price index stands in for a missing price
    base : span that gives the shares of the origins
    plants : product_id × plant_id pairs to price besides those of the panel (plants that import nothing)

    Returns
    -------
    DataFrame
        Key product_id, plant_id, period; columns price, price_low, price_high (USD per kg; of the cheapest and the
        dearest origin), price_evidence.
    """
    cells = panel[panel["comparable"] & panel["net_kg"].gt(0)]
    in_base = cells[within(cells["period"], base)]
    pairs = pd.concat([cells[["product_id", "plant_id"]], plants]).drop_duplicates()
    weights = _base_shares(pairs, in_base)
    periods = pd.DataFrame({"period": pd.PeriodIndex(cells["period"].unique()).sort_values()})
    wanted = weights.merge(periods, how="cross")
    own = cells[[*CELL, "unit_value", "price_evidence"]]
    common = _average_price(cells, ["product_id", "origin", "period"])
    carried = _carried_prices(cells, in_base, groups, periods)
    priced = (
        wanted.merge(own, on=CELL, how="left", validate="1:1")
        .merge(common.rename("common").reset_index(), on=["product_id", "origin", "period"], how="left", validate="m:1")
        .merge(carried, on=["product_id", "origin", "period"], how="left", validate="m:1")
    )
    price = priced["unit_value"].fillna(priced["common"]).fillna(priced["carried"])
    grade = priced["price_evidence"].where(priced["unit_value"].notna(), "inferred")
    return (
        priced.assign(
            price=price * priced["share"],
            usual=price.where(priced["share"] >= USUAL_SHARE, price * np.nan),
            inferred=grade.eq("inferred"),
        )
        .groupby(["product_id", "plant_id", "period"], as_index=False)
        .agg(
            price=("price", "sum"),
            price_low=("usual", "min"),
            price_high=("usual", "max"),
            inferred=("inferred", "any"),
        )
        .assign(price_evidence=lambda t: t["inferred"].map({True: "inferred", False: "measured"}))
        .drop(columns="inferred")
    )


def bridge(
    panel: pd.DataFrame,
    activity: pd.DataFrame,
    cuts: pd.DataFrame,
    *,
    prices: pd.DataFrame,
    base_period: pd.Period,
    period: pd.Period,
) -> pd.DataFrame:
    """Why imports moved between two periods: an exact sum over activity, intensity, price, mix and each project.

    Parameters
    ----------
    panel : the comparable cells are used
    activity : period, plant_id, vehicles; without vehicles, activity and intensity merge into "requirement"
    cuts : project_id, product_id, plant_id, period, gross_kg, gross_usd, from `realised.plant_cuts`
    prices : from `mix_constant_prices`
    base_period, period : the two periods, of the panel's frequency

    Returns
    -------
    DataFrame
        Table `bridge`; the rows of a product add up to its imports in `period`.

    References
    ----------
    METHODS: LMDI-I of the requirement's value (Ang 2005), deliveries and mix outside the logarithm.
    """
    spans = {0: base_period, 1: period}
    state = {n: _state(panel, activity, cuts, prices, span) for n, span in spans.items()}
    pairs = state[0].index.union(state[1].index)
    base, now = (state[n].reindex(pairs).fillna({"kg": 0, "value": 0, "cut_kg": 0, "cut_usd": 0}) for n in (0, 1))
    fallback = prices.groupby(["product_id", "plant_id"])["price"].mean().reindex(pairs)
    for side in (base, now):
        side["price"] = side["price"].fillna(fallback)
        side["requirement"] = side["kg"] + side["cut_kg"]
    active = base["vehicles"].gt(0) & now["vehicles"].gt(0)
    rows = [_factors(base[active], now[active], split=True), _factors(base[~active], now[~active], split=False)]
    mix = sum(sign * (s["value"] + s["cut_usd"] - s["requirement"] * s["price"]) for sign, s in ((-1, base), (1, now)))
    projects = _project_effects(cuts, spans)
    effects = pd.concat([*rows, _effect(base["value"], "base"), _effect(mix, "mix"), projects], ignore_index=True)
    summed = effects.groupby(["product_id", "effect", "project_id"], dropna=False, as_index=False)["value_usd"].sum()
    return conform(summed.assign(base_period=base_period, period=period), "bridge", frequency=period.freqstr[0])


def _average_price(cells: pd.DataFrame, by: list[str]) -> pd.Series:
    total = cells.groupby(by)[["value_usd", "net_kg"]].sum()
    return total["value_usd"] / total["net_kg"]


def _base_shares(pairs: pd.DataFrame, in_base: pd.DataFrame) -> pd.DataFrame:
    """Origins' shares of the weight in the base period, by product × plant; the product's where the plant has none."""
    own = in_base.groupby(["product_id", "plant_id", "origin"], as_index=False)["net_kg"].sum()
    common = in_base.groupby(["product_id", "origin"], as_index=False)["net_kg"].sum()
    known = own[["product_id", "plant_id"]].drop_duplicates()
    others = pairs.merge(known, how="left", indicator=True).query("_merge == 'left_only'").drop(columns="_merge")
    weights = pd.concat([own, others.merge(common, on="product_id", validate="m:m")], ignore_index=True)
    total = weights.groupby(["product_id", "plant_id"])["net_kg"].transform("sum")
    return weights.assign(share=weights["net_kg"] / total).drop(columns="net_kg")


def _carried_prices(
    cells: pd.DataFrame, in_base: pd.DataFrame, groups: pd.Series, periods: pd.DataFrame
) -> pd.DataFrame:
    """Base price of each product × origin, carried by the Fisher price index of the product's group."""
    items = ["product_id", "origin"]
    base = in_base.groupby(items)[["value_usd", "net_kg"]].sum()
    base = base.assign(price=base["value_usd"] / base["net_kg"], group=base.index.get_level_values(0).map(groups))
    now = cells.groupby([*items, "period"])[["value_usd", "net_kg"]].sum()
    both = (
        now.assign(price=now["value_usd"] / now["net_kg"])
        .add_suffix("_1")
        .join(base.rename(columns={"price": "price_0", "net_kg": "net_kg_0"}), on=items, how="inner")
    )
    index = (
        both.groupby(["group", "period"])
        .apply(lambda t: fisher(t["price_0"], t["net_kg_0"], t["price_1"], t["net_kg_1"]))
        .unstack("period")
        .T.reindex(periods["period"])
        .ffill()
        .bfill()
        .T.stack()
        .rename("index")
        .reset_index()
    )
    carried = base.reset_index().merge(index, on="group", validate="m:m")
    return carried.assign(carried=carried["price"] * carried["index"])[[*items, "period", "carried"]]


def same_season(base_period: pd.Period, period: pd.Period) -> pd.Period:
    """The period of the base span that lies in the same season as `period`: its quarter, or the span itself."""
    if base_period.freqstr == period.freqstr:
        return base_period
    return pd.Period(year=base_period.year, quarter=period.quarter, freq=period.freqstr)


def _state(panel, activity, cuts, prices, span: pd.Period) -> pd.DataFrame:
    """Imports, cuts, price and vehicles of one period, by product × plant."""
    pair = ["product_id", "plant_id"]
    cells = panel[panel["comparable"] & panel["period"].eq(span)]
    imported = cells.groupby(pair)[["net_kg", "value_usd"]].sum().set_axis(["kg", "value"], axis=1)
    cut = (
        cuts[cuts["period"].eq(span)]
        .groupby(pair)[["gross_kg", "gross_usd"]]
        .sum()
        .set_axis(["cut_kg", "cut_usd"], axis=1)
    )
    price = prices[prices["period"].eq(span)].set_index(pair)["price"]
    vehicles = activity[activity["period"].eq(span)].groupby("plant_id")["vehicles"].sum()
    state = imported.join(cut, how="outer").join(price, how="left")
    return state.assign(vehicles=state.index.get_level_values("plant_id").map(vehicles).astype(float))


def _factors(base: pd.DataFrame, now: pd.DataFrame, *, split: bool) -> pd.DataFrame:
    """LMDI effects by product of activity × intensity × price, or of requirement × price."""

    def columns(side: pd.DataFrame) -> pd.DataFrame:
        quantity = (
            {"activity": side["vehicles"], "intensity": side["requirement"] / side["vehicles"]}
            if split
            else {"requirement": side["requirement"]}
        )
        return pd.DataFrame({**quantity, "price": side["price"]})

    factors0, factors1 = columns(base), columns(now)
    rows = {
        product: lmdi(factors0.loc[[product]], factors1.loc[[product]])
        for product in base.index.get_level_values("product_id").unique()
    }
    if not rows:
        return pd.DataFrame(columns=["product_id", "effect", "value_usd"])
    table = pd.DataFrame(rows).rename_axis("effect").rename_axis("product_id", axis=1)
    return table.unstack().rename("value_usd").reset_index()


def _effect(values: pd.Series, effect: str) -> pd.DataFrame:
    return values.groupby("product_id").sum().rename("value_usd").reset_index().assign(effect=effect)


def _project_effects(cuts: pd.DataFrame, spans: dict[int, pd.Period]) -> pd.DataFrame:
    """Less the change of the value of each project's deliveries."""
    both = cuts[cuts["period"].isin(list(spans.values()))]
    sign = both["period"].map({spans[0]: 1.0, spans[1]: -1.0})
    return (
        both.assign(value_usd=sign * both["gross_usd"])
        .groupby(["product_id", "project_id"], as_index=False)["value_usd"]
        .sum()
        .assign(effect="project")
    )
