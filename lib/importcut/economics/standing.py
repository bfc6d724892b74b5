"""Where the projects and the programme stand: ranking on every basis, and the target in both readings."""

from types import MappingProxyType

import numpy as np
import pandas as pd

from importcut.dataset import Dataset
from importcut.economics.input_output import assumed_inputs
from importcut.economics.uncertainty import Outcome, Outcomes, chances, delivery_outcome
from importcut.schema import RANGE, UNTOLD, YEAR, conform, empty, weakest

SUPPORTED = ["supported_usd", "supported_net_usd"]  # the part within capacity and recorded output, gross and net
PLANNED = ["planned_usd", "planned_net_usd", "planned_fx_usd"]
ENDS = ["gross_low_usd", "gross_high_usd", "net_low_usd", "net_high_usd"]
AMOUNTS = ["gross_usd", "net_usd", *ENDS]
EMPTY: Outcomes = MappingProxyType({})  # nothing was drawn
CHANCES = ["p_first", "p_top3", "p_beats_next"]


def ranking(
    ds: Dataset, cuts_realised: pd.DataFrame, credit: pd.DataFrame, *, rule: str = "shapley", outcomes: Outcomes = EMPTY
) -> pd.DataFrame:
    """Table `ranking`: every project on every basis, planned cuts by credit rule; no rank without identification.

    Parameters
    ----------
    cuts_realised, credit : tables of these names, from `realised_cuts` and `credited` (USD)
    outcomes : what is drawn of the planned bases, from `portfolio_outcomes`; without it they have no range

    Examples
    --------
    >>> ds = open_dataset("sample", period="2026Q3")
    >>> credit = pd.DataFrame({"project_id": ["antifreeze_navoi", "washer_fluid_tashkent"], "rule": "shapley"})
    >>> credit = credit.assign(basis="cumulative", gross_usd=[5e6, 4e6], net_usd=[3e6, 3.5e6])
    >>> amounts = [f"{kind}{end}_usd" for kind in ("gross", "net") for end in ("", "_low", "_high")]
    >>> amounts = dict.fromkeys([*amounts, "cheapest_usd"], np.nan)
    >>> grades = {"gross_evidence": None, "net_evidence": None, "limit_flag": False}
    >>> amounts |= {"supported_usd": np.nan, "excess_usd": np.nan}
    >>> row = {"project_id": "antifreeze_navoi", "identified": False, "reason": "no_deliveries"}
    >>> table = ranking(ds, pd.DataFrame([row | amounts | grades]), credit)
    >>> table.dropna(subset="rank").set_index("project_id")["rank"].to_dict()
    {'washer_fluid_tashkent': 1, 'antifreeze_navoi': 2}
    """
    planned, assumed = credit[credit["rule"].eq(rule)], assumed_inputs(ds).dropna().reset_index()["project_id"]
    grade = planned["project_id"].isin(assumed).map({True: "assumed", False: "planned"})
    planned = planned.assign(gross_evidence="planned", net_evidence=grade)
    bases = {"realised_to_date": _to_date(cuts_realised)} | dict(iter(planned.groupby("basis")))
    projects = ds.projects[["project_id", "cost_usd"]]
    columns = ["project_id", *AMOUNTS, *SUPPORTED, "excess_usd"]
    columns += ["gross_evidence", "net_evidence", "reason", "limit_flag"]
    table = pd.concat(
        projects.assign(basis=basis).merge(cuts.reindex(columns=columns), on="project_id", how="left", validate="1:1")
        for basis, cuts in bases.items()
    )
    gross = table["supported_usd"].fillna(table["gross_usd"])  # a plan is bounded by its own capacity
    net = table["supported_net_usd"].fillna(table["net_usd"])
    claimed = table["reason"].ne(UNTOLD)
    net_lacking = table["net_usd"].isna() & table["gross_usd"].notna() & claimed
    net_known = ~net_lacking.groupby(table["basis"]).transform("any")  # like is compared with like
    headline = net.where(net_known, gross).where(claimed)
    table = table.assign(
        headline_usd=headline,
        evidence=table["net_evidence"].where(net_known, table["gross_evidence"]),
        rank=headline.groupby(table["basis"]).rank(ascending=False, method="min"),
        cut_per_cost=headline / table["cost_usd"].where(table["cost_usd"] > 0),
        limit_flag=table["limit_flag"].eq(True),
        **dict.fromkeys(CHANCES, np.nan),
    )
    drawn = {"realised_to_date": delivery_outcome(ds, cuts_realised), **outcomes}
    parts = [_with_chances(rows, drawn.get(basis)) for basis, rows in table.groupby("basis")]
    table = pd.concat(parts) if parts else table  # a dataset without projects has none to rank
    return conform(table.sort_values(["basis", "rank", "project_id"]), "ranking", frequency=ds.frequency)


def target_status(
    ds: Dataset,
    cuts_planned: pd.DataFrame,
    flows: pd.DataFrame,
    caps: pd.DataFrame,
    cuts_realised: pd.DataFrame,
    *,
    baseline: pd.DataFrame | None = None,
    outcomes: Outcomes = EMPTY,
) -> pd.DataFrame:
    """Table `target`: both readings of the target against plan, realised cuts and what can be displaced at all.

    Parameters
    ----------
    cuts_planned, flows, caps : from `planned_cuts`, `plan` and `addressable`
    baseline : cuts_planned of the base scenario
    outcomes : what is drawn, from `portfolio_outcomes`; without it no probability is stated
    """
    if cuts_planned.empty:
        return empty("target", ds)
    year, now = ds.target["year"], ds.period
    realised = cuts_realised[cuts_realised["identified"]].assign(gross_usd=lambda cuts: cuts["supported_usd"])
    reach = caps[caps["product_id"].isin(cuts_planned["product_id"])].assign(value=lambda t: t["cap_kg"] * t["price"])
    rows, before = [], cuts_planned if baseline is None else baseline
    for reading in ("annual", "cumulative"):
        whole = reading == "cumulative"  # every period counts; in the flow those of the target year, or the last ones
        plan, base = (t[t["year"].eq(year) | whole] for t in (cuts_planned, before))
        done, aims, limits = (t[t["period"].dt.year.eq(year) | whole] for t in (realised, flows, reach))
        recent = (t[t["period"].gt(now - YEAR[ds.frequency]) | whole] for t in (realised, flows))
        done_to_date, aims_to_date = (t.loc[t["period"] <= now, "gross_usd"].sum() for t in recent)
        sums = plan[["gross_usd", "net_usd", "fx_usd"]].sum(skipna=False).set_axis(PLANNED)
        ahead = aims.loc[aims["period"] > now, "gross_usd"].sum()
        row = {"reading": reading, "planned_to_date_usd": aims_to_date, "realised_usd": done_to_date}
        row |= {"on_course_usd": done["gross_usd"].sum() + ahead, "baseline_usd": base["gross_usd"].sum()}
        rows.append({**row, **sums, "addressable_usd": limits["value"].sum()})
    table = pd.DataFrame(rows).assign(target_usd=float(ds.target["amount_usd"]), year=year)
    chances = dict.fromkeys(("on_course_low_usd", "on_course_high_usd", "p_reached"), np.nan)
    if outcomes:
        totals = {basis: drawn["gross"].sum(axis=1) for basis, drawn in outcomes.items()}
        drawn = pd.DataFrame({"annual": totals["target_year"], "cumulative": totals["cumulative"]})
        low, high = (drawn.quantile(end).to_numpy() for end in RANGE)
        reached = (drawn >= table["target_usd"].to_numpy()).mean().to_numpy()
        chances = {"on_course_low_usd": low, "on_course_high_usd": high, "p_reached": reached}
    table = table.assign(**chances, leading=table["reading"].eq(ds.target["leading"]))
    table["ceiling_flag"] = table["target_usd"] > table["addressable_usd"]
    return conform(table, "target", frequency=ds.frequency)


def _with_chances(rows: pd.DataFrame, drawn: Outcome | None) -> pd.DataFrame:
    """The rows of one basis with the range of what is drawn, and the probabilities of their ranks and their order."""
    if not drawn:
        return rows
    about = chances(drawn, rows.dropna(subset="rank").sort_values("rank")["project_id"])[[*ENDS, *CHANCES]]
    return rows.drop(columns=[*about]).join(about, on="project_id")


def _to_date(cuts: pd.DataFrame) -> pd.DataFrame:
    """Sums to date by project; net where it is known on every row; of a project without a told cut, its estimates."""
    done = cuts.loc[cuts["identified"], "project_id"]
    known = cuts[(cuts["identified"] | ~cuts["project_id"].isin(done)) & cuts["gross_usd"].notna()]
    within_limits = (known["supported_usd"] / known["gross_usd"]).fillna(1.0)
    known = known.assign(supported_net_usd=known["net_usd"] * within_limits)
    whole = ("gross", "supported_usd", "excess_usd")
    how = {usd: "sum" if usd.startswith(whole) else _whole for usd in [*AMOUNTS, *SUPPORTED, "excess_usd"]}
    how |= {"gross_evidence": weakest, "net_evidence": weakest, "limit_flag": "any"}
    total = known.groupby("project_id").agg(how)
    reasons = cuts[~cuts["identified"]].groupby("project_id")["reason"].first()
    return total.join(reasons.where(~reasons.index.isin(done)), how="outer").reset_index()


def _whole(values: pd.Series) -> float:
    """The sum, which is not known where a part is not."""
    return values.sum(skipna=False)
