"""Ranking and appraisal of the projects, and where the programme stands against its target."""

import numpy as np
import pandas as pd

from importcut.schema import conform, empty, weakest

PAIR = ["project_id", "product_id"]
UNSTATED = {"discount_rate": 0.10, "shadow_price_factor": 1.0, "delay_years": 0.0}  # where the scenario is silent


def ranking(ds, cuts_realised: pd.DataFrame, credit: pd.DataFrame, *, rule: str = "shapley") -> pd.DataFrame:
    """Table `ranking`: every project on every basis, planned cuts by credit rule; no rank without identification."""
    planned = credit[credit["rule"].eq(rule)].assign(gross_evidence="planned", net_evidence="planned")
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


def target_status(
    ds,
    cuts_planned: pd.DataFrame,
    caps: pd.DataFrame,
    cuts_realised: pd.DataFrame,
    *,
    baseline: pd.DataFrame | None = None,
    totals: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Table `target`: both readings of the target against plan, realised cuts and what can be displaced at all.

    Parameters
    ----------
    cuts_planned, caps : from `planned.planned_cuts`, `planned.addressable`
    baseline : cuts_planned of the base scenario
    totals : gross cut of the portfolio in each draw (rows), by reading (columns); without it no probability is stated
    """
    if cuts_planned.empty:
        return empty("target", ds)
    year, done = ds.target["year"], cuts_realised[cuts_realised["identified"]]
    last_year = done["period"] > ds.period - {"Q": 4, "Y": 1}[ds.frequency]
    reach = caps[caps["product_id"].isin(cuts_planned["product_id"])].assign(value=lambda t: t["cap_kg"] * t["price"])
    rows = []
    for reading in ("annual", "cumulative"):
        spans = {"plan": slice(None), "base": slice(None), "done": slice(None), "reach": slice(None)}
        base = cuts_planned if baseline is None else baseline
        if reading == "annual":
            spans = {"plan": cuts_planned["year"].eq(year), "base": base["year"].eq(year), "done": last_year}
            spans["reach"] = reach["period"].dt.year.eq(year)
        planned = cuts_planned.loc[spans["plan"], ["gross_usd", "net_usd", "fx_usd"]].sum(skipna=False)
        row = {"reading": reading, "planned_usd": planned["gross_usd"], "planned_net_usd": planned["net_usd"]}
        row |= {"planned_fx_usd": planned["fx_usd"], "baseline_usd": base.loc[spans["base"], "gross_usd"].sum()}
        row |= {"realised_usd": done.loc[spans["done"], "gross_usd"].sum()}
        rows.append(row | {"addressable_usd": reach.loc[spans["reach"], "value"].sum()})
    table = pd.DataFrame(rows).assign(target_usd=float(ds.target["amount_usd"]), year=year)
    chances = dict.fromkeys(("low_usd", "high_usd", "p_reached"), np.nan)
    if totals is not None:
        drawn = totals[table["reading"]]
        reached = (drawn >= table["target_usd"].to_numpy()).mean().to_numpy()
        chances = {
            "low_usd": drawn.quantile(0.05).to_numpy(),
            "high_usd": drawn.quantile(0.95).to_numpy(),
            "p_reached": reached,
        }
    table = table.assign(**chances, leading=table["reading"].eq(ds.target["leading"]))
    table["ceiling_flag"] = table["target_usd"] > table["addressable_usd"]
    return conform(table, "target", frequency=ds.frequency)


def appraisal(ds, cuts_planned: pd.DataFrame, credit: pd.DataFrame) -> pd.DataFrame:
    """Table `appraisal`: what each project costs and what it brings by the plan.

    Parameters
    ----------
    cuts_planned : the dispatched cuts by year: payback, net present value and domestic resource cost rest on them
    credit : the Shapley credit of the net cut: sizes and ratios rest on it

    References
    ----------
    Taylor, S. (2012), The ranking of negative-cost emissions reduction measures, Energy Policy 48: without a positive
    cost and a positive cut a ratio gives no order.
    """
    if cuts_planned.empty:
        return empty("appraisal", ds)
    cost = ds.projects.set_index("project_id")["cost_usd"]
    share = credit[credit["rule"].eq("shapley")].pivot(index="project_id", columns="basis", values="net_usd")
    # for a project of the plan a cut that is not credited is zero; without a plan it is unknown
    share = share.reindex(index=cuts_planned["project_id"].unique(), columns=["target_year", "cumulative"])
    share = share.fillna(0).reindex(cost.index)
    table = pd.DataFrame(
        {"cost_usd": cost, "annual_net_usd": share["target_year"], "net_usd": share["cumulative"]}
    ).assign(cut_per_cost=lambda t: t["annual_net_usd"] / t["cost_usd"].where(t["cost_usd"] > 0))
    table["ratio_rank"] = table["cut_per_cost"].where(table["cut_per_cost"] > 0).rank(ascending=False, method="min")
    table["pareto"] = _undominated(table.loc[table["ratio_rank"].notna(), ["annual_net_usd", "cut_per_cost"]], table)
    rate = _assumption(ds, "discount_rate")
    table["payback_years"] = _payback(ds, cuts_planned, cost, 0.0)
    table["discounted_payback_years"] = _payback(ds, cuts_planned, cost, rate)
    table["npv_usd"] = present_value(cuts_planned, rate, ds.programme_start.year)
    table["drc"] = _domestic_resource_cost(ds, cuts_planned)
    return conform(table.reset_index().sort_values(["ratio_rank", "project_id"]), "appraisal", frequency=ds.frequency)


def present_value(cuts_planned: pd.DataFrame, rate: float, year: int) -> pd.Series:
    """Net foreign-exchange effect of each project, its years discounted to `year`, USD."""
    discounted = cuts_planned["fx_usd"] / (1 + rate) ** (cuts_planned["year"] - year)
    return discounted.groupby(cuts_planned["project_id"]).sum()


def payback(cost: float, cuts: pd.Series, start: float, *, rate: float = 0.0) -> float:
    """Years from `start` until the cuts, each spread evenly over its year, cover the cost; empty if they never do.

    Parameters
    ----------
    cuts : net cut by calendar year, in order, USD
    start : first output in years (2025.5: July 2025); the cost counts in that year
    rate : discount rate a year; cuts are discounted to the year of `start`
    """
    years = cuts.index.to_numpy(float)
    worth = cuts.to_numpy(float) / (1 + rate) ** (years - np.floor(start))
    total = worth.cumsum()
    if not cost > 0 or not (total >= cost).any():
        return np.nan
    n = int((total >= cost).argmax())
    began = max(years[n], start)
    return began + (cost - total[n] + worth[n]) / worth[n] * (years[n] + 1 - began) - start


def effective_protection(tariff: float, inputs: list[tuple[float, float]]) -> float:
    """Effective rate of protection of value added, (t − Σ a·t_in) / (1 − Σ a).

    Parameters
    ----------
    tariff : on the product
    inputs : for each imported input its share a of the product's value at border prices, and the tariff t_in on it

    Raises
    ------
    ValueError
        If the inputs cost as much as the product: there is no value added to protect.

    References
    ----------
    Corden, W. M. (1966), The structure of a tariff system and the effective protective rate, Journal of Political
    Economy 74.
    """
    added = 1 - sum(share for share, _ in inputs)
    if added <= 0:
        raise ValueError(f"inputs take {1 - added:.0%} of the product's value: no value added is left to protect")
    return (tariff - sum(share * duty for share, duty in inputs)) / added


def _assumption(ds, name: str, project: str | None = None) -> float:
    """The scenario's value of an assumption, or one project's own."""
    own = ds.scenario.get("projects", {}).get(project, {})
    return own.get(name, ds.scenario["assumptions"].get(name, {}).get("value", UNSTATED[name]))


def _undominated(ranked: pd.DataFrame, table: pd.DataFrame) -> pd.Series:
    """Whether no other ranked project has both the larger cut and the larger ratio; never without a rank."""
    size, ratio = (ranked[c].to_numpy() for c in ranked)
    beaten = ((size > size[:, None]) & (ratio > ratio[:, None])).any(axis=1)
    return pd.Series(~beaten, ranked.index).reindex(table.index, fill_value=False)


def _payback(ds, cuts_planned: pd.DataFrame, cost: pd.Series, rate: float) -> pd.Series:
    """Payback of each project, from its first output or, if that came before, from the programme's start."""
    begin = ds.programme_start.start_time
    first = pd.PeriodIndex(ds.projects["first_output"], freq="M")
    late = [_assumption(ds, "delay_years", project) for project in ds.projects["project_id"]]
    start = pd.Series(np.maximum(first.year + (first.month - 1) / 12 + late, begin.year + (begin.month - 1) / 12))
    start.index = ds.projects["project_id"]
    yearly = cuts_planned.groupby(["project_id", "year"])["net_usd"].sum()
    years = {project: payback(cost[project], cuts.droplevel(0), start[project], rate=rate)
             for project, cuts in yearly.groupby(level=0)}  # fmt: skip
    return pd.Series(years, dtype=float)


def _domestic_resource_cost(ds, cuts_planned: pd.DataFrame) -> pd.Series:
    """Domestic cost at shadow prices of a dollar saved, by project; its products weigh by their tonnes (Bruno 1972).

    What is not imported input counts as domestic cost, at the domestic price: the seller's margin is in it.
    """
    flows = cuts_planned[cuts_planned["displaced_kg"] > 0].groupby(PAIR, as_index=False)[["displaced_kg", "gross_usd"]]
    sheet = ds.project_products[[*PAIR, "price_ratio", "imported_input_usd_per_kg", "replaces_kg"]]
    rows = flows.sum().merge(sheet, on=PAIR, validate="1:1")
    replaces = rows["replaces_kg"].fillna(1)
    border = rows["gross_usd"] / rows["displaced_kg"] * replaces  # USD per domestic kg
    domestic_kg = rows["displaced_kg"] / replaces
    inputs = rows["imported_input_usd_per_kg"]
    domestic = (rows["price_ratio"] * border - inputs) * _assumption(ds, "shadow_price_factor")
    sums = (
        pd.DataFrame({"cost": domestic * domestic_kg, "saved": (border - inputs) * domestic_kg})
        .groupby(rows["project_id"])
        .agg(lambda usd: usd.sum(skipna=False))
    )
    return sums["cost"] / sums["saved"].where(sums["saved"] > 0)


def _realised(cuts: pd.DataFrame) -> pd.DataFrame:
    """Sums to date by project; net is known if it is on every row, and the range is then that of the net cut."""
    known = cuts[cuts["identified"]]
    shift = known["net_usd"] - known["gross_usd"]
    shift = shift.where(shift.notna().groupby(known["project_id"]).transform("all"), 0.0)
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
