"""Ranking of the projects, and where the programme stands against its target."""

import numpy as np
import pandas as pd

from importcut.schema import conform, empty, weakest


def ranking(ds, cuts_realised: pd.DataFrame, credit: pd.DataFrame) -> pd.DataFrame:
    """Table `ranking`: every project on every basis, planned cuts by Shapley credit; no rank without identification."""
    planned = credit[credit["rule"].eq("shapley")].assign(gross_evidence="planned", net_evidence="planned")
    bases = {"realised_to_date": _realised(cuts_realised)}
    bases |= dict(iter(planned.groupby("basis")))
    everyone = ds.projects[["project_id", "cost_usd"]]
    columns = [
        "project_id",
        "gross_usd",
        "net_usd",
        "low_usd",
        "high_usd",
        "gross_evidence",
        "net_evidence",
        "reason",
        "limit_flag",
    ]
    table = pd.concat(
        [
            everyone.merge(t.reindex(columns=columns), on="project_id", how="left").assign(basis=b)
            for b, t in bases.items()
        ]
    )
    net_known = table["net_usd"].notna()
    headline = table["net_usd"].where(net_known, table["gross_usd"])
    table = table.assign(
        headline_usd=headline,
        evidence=table["net_evidence"].where(net_known, table["gross_evidence"]),
        rank=headline.groupby(table["basis"]).rank(ascending=False, method="min"),
        cut_per_cost=headline / table["cost_usd"].where(table["cost_usd"] > 0),
        limit_flag=table["limit_flag"].eq(True),
        p_first=np.nan,
        p_top3=np.nan,
    )
    return conform(table.sort_values(["basis", "rank", "project_id"]), "ranking", frequency=ds.frequency)


def target_status(ds, planned: pd.DataFrame, caps: pd.DataFrame, cuts_realised: pd.DataFrame) -> pd.DataFrame:
    """Table `target`: both readings of the target against plan, realised cuts and what can be displaced at all.

    Parameters
    ----------
    planned, caps : from `planned.plan` and `planned.addressable`
    """
    if planned.empty:
        return empty("target", ds)
    year = ds.target["year"]
    done = cuts_realised[cuts_realised["identified"]]
    last_year = done["period"] > ds.period - {"Q": 4, "Y": 1}[ds.frequency]
    reach = caps[caps["product_id"].isin(planned["product_id"])].assign(value=lambda t: t["cap_kg"] * t["price"])
    rows = [
        {
            "reading": reading,
            "planned_usd": planned.loc[plan_span, "gross_usd"].sum(),
            "realised_usd": done.loc[done_span, "gross_usd"].sum(),
            "addressable_usd": reach.loc[reach_span, "value"].sum(),
        }
        for reading, plan_span, done_span, reach_span in (
            ("annual", planned["period"].dt.year.eq(year), last_year, reach["period"].dt.year.eq(year)),
            ("cumulative", slice(None), slice(None), slice(None)),
        )
    ]
    table = pd.DataFrame(rows).assign(target_usd=float(ds.target["amount_usd"]), year=year, p_reached=np.nan)
    table["leading"] = table["reading"].eq(ds.target["leading"])
    table["ceiling_flag"] = table["target_usd"] > table["addressable_usd"]
    return conform(table, "target", frequency=ds.frequency)


def _realised(cuts: pd.DataFrame) -> pd.DataFrame:
    """Sums to date by project; net is known if it is on every row, and the range is then that of the net cut."""
    known = cuts[cuts["identified"]]
    shift = (known["net_usd"] - known["gross_usd"]).fillna(0)
    known = known.assign(low_usd=known["low_usd"] + shift, high_usd=known["high_usd"] + shift)
    total = known.groupby("project_id").agg(
        gross_usd=("gross_usd", "sum"),
        net_usd=("net_usd", lambda net: net.sum(skipna=False)),
        low_usd=("low_usd", "sum"),
        high_usd=("high_usd", "sum"),
        gross_evidence=("gross_evidence", weakest),
        net_evidence=("net_evidence", weakest),
        limit_flag=("limit_flag", "any"),
    )
    reasons = cuts[~cuts["identified"]].groupby("project_id")["reason"].first()
    return total.join(reasons.where(~reasons.index.isin(total.index)), how="outer").reset_index()
