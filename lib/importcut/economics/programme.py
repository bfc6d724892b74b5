"""The programme around the projects: its measures, and the products from which the next projects could come."""

import numpy as np
import pandas as pd

from importcut.dataset import Dataset
from importcut.economics.indices import concentration
from importcut.economics.panel import recut_products
from importcut.schema import ITEM, VOLUME, YEAR, DataError, conform, empty, within

CRITERIA = ["addressable", "growth", "concentration", "feasibility"]


def measures_status(ds: Dataset, credit: pd.DataFrame) -> pd.DataFrame:
    """Table `measures_status`: what is done, late, due now and due later at the end of `ds.period`, by project.

    A measure is late once the month by which it is due ended before the period did, due now if both end together.
    What was done after the period is not done yet. Of `credit` the Shapley credit to the target year counts.
    """
    table = ds.measures
    if table.empty:
        return empty("measures_status", ds)
    now = ds.period.asfreq("M", how="end").ordinal
    due, finished = (_month(table[column]) for column in ("due", "done"))
    done = table["status"].eq("done") & ~finished.gt(now)
    open_state = np.select([due < now, due == now], ["late", "due_now"], "due_later")
    ended = finished.where(done, now)
    planned = credit[credit["rule"].eq("shapley") & credit["basis"].eq("cumulative")]
    planned = planned[planned["project_id"].isin(ds.project_products["project_id"])]
    planned = planned.set_index("project_id")["net_usd"]
    shaped = table.assign(
        state=np.where(done, "done", open_state),
        done=table["done"].where(done),
        months_late=(ended - due).clip(lower=0),
        planned_net_usd=table["project_id"].map(planned).astype("float64"),
    )
    return conform(shaped, "measures_status", frequency=ds.frequency)


def next_products(ds: Dataset, panel: pd.DataFrame, caps: pd.DataFrame) -> pd.DataFrame:
    """Table `next_products`: imported products without a project, by a weighted score of four criteria.

    Each criterion counts by its rank among the candidates, from 0 to 1, if it is known; its weight is the dataset's.
    The `panel` gives the imports of the last year and of the base period, `caps` (may be empty) what could be made.
    """
    last_year = panel[panel["period"].isin(_last_year(ds)) & panel["value_usd"].gt(0)]
    candidates = last_year[~last_year["product_id"].isin({*ds.project_products["product_id"]} | ds.comparison)]
    if candidates.empty:
        return empty("next_products", ds)
    imports = candidates.groupby("product_id")["value_usd"].sum()
    products = ds.products.set_index("product_id").loc[imports.index]
    planned = _planned_addressable(ds, caps).reindex(imports.index)
    table = pd.DataFrame(
        {
            "addressable": planned.fillna(imports * products["localisable_share"].fillna(1)),
            "basis": planned.notna().map({True: "target_year", False: "last_year"}),
            "growth": _compared(ds, panel)["growth"].reindex(imports.index),
            "concentration": _concentration(candidates).reindex(imports.index),
            "feasibility": feasibility(products),
        }
    )
    score = _score(table[CRITERIA], weights(ds))
    ranked = table.assign(score=score, rank=score.rank(ascending=False, method="min"))
    ordered = ranked.sort_values(["rank", "addressable"], ascending=[True, False]).reset_index()
    return conform(ordered.rename(columns={"addressable": "addressable_usd"}), "next_products", frequency=ds.frequency)


def import_register(ds: Dataset, panel: pd.DataFrame) -> pd.DataFrame:
    """Table `register`: each imported product of the programme, how much in the last year, from where, and its growth.

    Parameters
    ----------
    panel : table `panel`, from `import_panel`; USD, kg
    """
    subject = panel[~panel["product_id"].isin(ds.comparison)]
    last = subject[subject["period"].isin(_last_year(ds)) & subject["value_usd"].gt(0)]
    origins = last.groupby(ITEM, as_index=False)["value_usd"].sum().sort_values("value_usd", ascending=False)
    first = origins.drop_duplicates("product_id").set_index("product_id")
    table = last.groupby("product_id")[VOLUME].sum().join(_compared(ds, subject))
    table = table.assign(
        group=ds.products.set_index("product_id")["group"],
        origin=first["origin"],
        origin_share=first["value_usd"] / table["value_usd"],
        concentration=_concentration(last),
    )
    ordered = table.sort_values("value_usd", ascending=False).reset_index()
    return conform(ordered, "register", frequency=ds.frequency)


def feasibility(products: pd.DataFrame) -> pd.Series:
    """Share of four conditions that the register states as met; empty where it states nothing at all."""
    # a text that begins with "none" says that there is none, an obstacle that begins with "soft" that an approval or
    # a trial clears it; what the register leaves empty is not met
    texts = products.select_dtypes("str")
    none, soft = (texts.apply(lambda text, w=w: text.str.match(rf"(?i){w}\b").eq(True)) for w in ("none", "soft"))
    obstacle = none["obstacle"] | soft["obstacle"]
    met = [products["localisable_share"].gt(0), obstacle]
    met += [products[c].notna() & ~none[c] for c in ("domestic_feedstock", "possible_producer")]
    stated = products[["localisable_share", "domestic_feedstock", "possible_producer", "obstacle"]].notna().any(axis=1)
    return pd.concat(met, axis=1).mean(axis=1).where(stated)


def weights(ds: Dataset) -> pd.Series:
    """Weights of the criteria from the dataset's `[weights]`, scaled to add up to 1; equal where it has none."""
    stated = pd.Series(dict(ds.weights) or dict.fromkeys(CRITERIA, 1), dtype="float64")[CRITERIA]
    if stated.sum() == 0:
        raise DataError("dataset.toml: all [weights] are 0 — give one of them more than 0, or leave the section out")
    return stated / stated.sum()


def _month(text: pd.Series) -> pd.Series:
    """Months counted from a common origin, so that they can be subtracted; empty where the text is."""
    return pd.Series(pd.PeriodIndex(text, freq="M").asi8, text.index, dtype="float64").where(text.notna())


def _last_year(ds: Dataset) -> pd.PeriodIndex:
    """The four quarters, or the year, that end with `ds.period`."""
    return pd.period_range(end=ds.period, periods=YEAR[ds.frequency], freq=ds.frequency)


def _planned_addressable(ds: Dataset, caps: pd.DataFrame) -> pd.Series:
    """Addressable value in the target year by product, USD; without a row where there is no plan."""
    in_year = caps[caps["period"].dt.year.eq(ds.target.get("year"))]
    value = in_year["cap_kg"] * in_year["price"]
    return value.groupby(in_year["product_id"]).sum(min_count=1)


def _compared(ds: Dataset, panel: pd.DataFrame) -> pd.DataFrame:
    """Mean imports of a period, base and last year, and growth a year; comparable partners, codes not recut since."""
    cells, last = panel[panel["comparable"]], _last_year(ds)
    spans = [cells[within(cells["period"], ds.base_period)], cells[cells["period"].isin(last)]]
    base_periods, last_periods = (pd.PeriodIndex(s["period"].unique(), freq=last.freq) for s in spans)
    both = len(base_periods) and len(last_periods)
    apart = last_periods.asi8.mean() - base_periods.asi8.mean() if both else 0
    if apart <= 0:
        return pd.DataFrame(columns=["base_usd", "last_usd", "growth"], dtype="float64")
    base, now = (
        s.groupby("product_id")["value_usd"].sum() / len(p)
        for s, p in zip(spans, (base_periods, last_periods), strict=True)
    )
    recut = recut_products(panel, ds)
    since = recut.loc[recut["period"].gt(base_periods.max()), "product_id"]
    table = pd.DataFrame({"base_usd": base.where(base > 0), "last_usd": now}).dropna().drop({*since}, errors="ignore")
    return table.assign(growth=(table["last_usd"] / table["base_usd"]) ** (len(last) / apart) - 1)


def _concentration(imports: pd.DataFrame) -> pd.Series:
    """Concentration of the countries of origin, a lower bound where some are not declared; none of summed series."""
    if not imports["origin"].str.fullmatch("[A-Z]{2,3}").all():
        return pd.Series(dtype="float64")  # an origin such as CHN+TUR: the series are sums over partners
    countries = imports[imports["origin"].ne("XX")]
    declared = countries.groupby("product_id")["value_usd"].sum() / imports.groupby("product_id")["value_usd"].sum()
    return concentration(countries) * declared**2


def _score(criteria: pd.DataFrame, weight: pd.Series) -> pd.Series:
    """Weighted mean of the criteria's ranks, scaled from 0 (lowest) to 1; a tie of all stands in the middle."""
    others = (criteria.notna().sum() - 1).replace(0, np.nan)
    scaled = ((criteria.rank() - 1) / others).fillna(0.5).where(criteria.notna())
    known = criteria.notna() @ weight
    return ((scaled.fillna(0) @ weight) / known.where(known > 0)).round(12)  # ties are ties on every machine
