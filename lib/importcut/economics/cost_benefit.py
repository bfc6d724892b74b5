"""What the projects cost and bring: ratios, payback, present value, domestic resource cost, protection."""

import numpy as np
import pandas as pd

from importcut.dataset import Dataset, assumption, first_years, in_years
from importcut.economics.input_output import assumed_inputs
from importcut.schema import PAIR, conform, empty


def appraisal(ds: Dataset, cuts_planned: pd.DataFrame, credit: pd.DataFrame) -> pd.DataFrame:
    """Table `appraisal`: what each project costs and what it brings by the plan.

    Parameters
    ----------
    cuts_planned : the dispatched cuts by year: payback, net present value and domestic resource cost rest on them
    credit : the Shapley credit of the net cut: sizes and ratios rest on it
    """
    if cuts_planned.empty:
        return empty("appraisal", ds)
    cost = ds.projects.set_index("project_id")["cost_usd"]
    share = credit[credit["rule"].eq("shapley")].pivot(index="project_id", columns="basis", values="net_usd")
    # for a project of the plan a cut that is not credited is zero; without a plan it is unknown
    share = share.reindex(index=cuts_planned["project_id"].unique(), columns=["target_year", "cumulative"])
    share = share.fillna(0).reindex(cost.index)
    table = pd.DataFrame({"cost_usd": cost, "annual_net_usd": share["target_year"], "net_usd": share["cumulative"]})
    # without a positive cost and a positive cut a ratio gives no order: Taylor (2012), Energy Policy 48
    table["cut_per_cost"] = table["annual_net_usd"] / table["cost_usd"].where(table["cost_usd"] > 0)
    table["ratio_rank"] = table["cut_per_cost"].where(table["cut_per_cost"] > 0).rank(ascending=False, method="min")
    table["pareto"] = _undominated(table.loc[table["ratio_rank"].notna(), ["annual_net_usd", "cut_per_cost"]], table)
    rate = assumption(ds, "discount_rate")
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

    Raises ValueError if the inputs cost as much as the product: there is no value added to protect.

    Parameters
    ----------
    tariff : on the product
    inputs : for each imported input its share a of the product's value at border prices, and the tariff t_in on it

    References
    ----------
    Corden (1966), The structure of a tariff system and the effective protective rate, Journal of Political Economy 74.

    Examples
    --------
    >>> effective_protection(0.25, [(0.5, 0.0)]), effective_protection(0.25, [(0.5, 0.2)])
    (0.5, 0.3)
    """
    added = 1 - sum(share for share, _ in inputs)
    if added <= 0:
        raise ValueError(f"inputs take {1 - added:.0%} of the product's value: no value added is left to protect")
    return (tariff - sum(share * duty for share, duty in inputs)) / added


def _undominated(ranked: pd.DataFrame, table: pd.DataFrame) -> pd.Series:
    """Whether no other ranked project has both the larger cut and the larger ratio; never without a rank."""
    size, ratio = (ranked[c].to_numpy() for c in ranked)
    beaten = ((size > size[:, None]) & (ratio > ratio[:, None])).any(axis=1)
    return pd.Series(~beaten, ranked.index).reindex(table.index, fill_value=False)


def _payback(ds: Dataset, cuts_planned: pd.DataFrame, cost: pd.Series, rate: float) -> pd.Series:
    """Payback of each project, from its first output or, if that came before, from the programme's start."""
    start = first_years(ds).clip(lower=in_years(ds.programme_start.start_time))
    yearly = cuts_planned.groupby(["project_id", "year"])["net_usd"].sum()
    years = {project: payback(cost[project], cuts.droplevel(0), start[project], rate=rate)
             for project, cuts in yearly.groupby(level=0)}  # fmt: skip
    return pd.Series(years, dtype=float)


def _domestic_resource_cost(ds: Dataset, cuts_planned: pd.DataFrame) -> pd.Series:
    """Domestic cost at shadow prices of a dollar saved, by project; its products weigh by their tonnes (Bruno 1972)."""
    # what is no traded input counts as domestic cost, at the domestic price: the seller's margin is in it
    flows = cuts_planned[cuts_planned["displaced_kg"] > 0].groupby(PAIR, as_index=False)[["displaced_kg", "gross_usd"]]
    sheet = ds.project_products.merge(assumed_inputs(ds).reset_index(), on=PAIR, validate="1:1")
    rows = flows.sum().merge(sheet, on=PAIR, validate="1:1")
    replaces = rows["replaces_kg"].fillna(1)
    border = rows["gross_usd"] / rows["displaced_kg"] * replaces  # USD per domestic kg
    domestic_kg = rows["displaced_kg"] / replaces
    # an input that could have been exported costs what the world pays for it, as an imported one does
    inputs = rows["imported_input_usd_per_kg"].fillna(rows["assumed_input"] * border)
    inputs += rows["diverted_export_share"].fillna(0) * border
    domestic = (rows["price_ratio"] * border - inputs) * assumption(ds, "shadow_price_factor")
    usd = pd.DataFrame({"cost": domestic * domestic_kg, "saved": (border - inputs) * domestic_kg})
    sums = usd.groupby(rows["project_id"]).sum(skipna=False)
    return sums["cost"] / sums["saved"].where(sums["saved"] > 0)
