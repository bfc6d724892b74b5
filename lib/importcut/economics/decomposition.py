"""Bridges between any two spans: activity, intensity, price, exchange rate, mix and projects, without a residual."""

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
import pandas as pd

from importcut.dataset import Dataset
from importcut.economics.indices import lmdi_effects, log_mean
from importcut.economics.panel import weightless
from importcut.schema import USE, YEAR, DataError, conform, within

STEP = ["comparison", "base_period", "period"]


def bridges(
    panel: pd.DataFrame,
    activity: pd.DataFrame,
    cuts: pd.DataFrame,
    *,
    prices: pd.DataFrame,
    steps: Iterable[tuple[str, pd.Period, pd.Period]],
    rates: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Table `bridge`: why imports moved in each step, an exact sum over activity, intensity, price, mix and projects.

    By LMDI-I (Ang 2005, Energy Policy 33) of the requirement's value, deliveries and mix outside the logarithm.
    Raises DataError if a span of a step has no period in the panel.

    Parameters
    ----------
    panel : the comparable cells are used
    activity : period, plant_id, vehicles; without vehicles, activity and intensity merge into "requirement"
    cuts : project_id, product_id, plant_id, period, gross_kg, gross_usd, from `counterfactual.plant_cuts`
    prices : from `mix_constant_prices`; where there is none, the unit value of the requirement stands in
    steps : comparison, base period, period; either may be a year in quarterly data
    rates : from `rate_index`; splits the price into contract price and exchange rate where the rates are known
    """
    spans = pd.DataFrame(list(steps), columns=STEP)
    frequency = panel["period"].dt.freq.rule_code[0]
    if spans.empty:
        nothing = spans.assign(product_id="", effect="", project_id="", value_usd=0.0)
        return conform(nothing, "bridge", frequency=frequency)
    periods = pd.PeriodIndex(pd.concat([panel["period"], cuts["period"]]).unique(), name="period").sort_values()
    members = [_members(periods, spans[side]) for side in ("base_period", "period")]
    state = _state(panel, activity, cuts, prices, periods)
    base, now = (_over(state, member) for member in members)
    effects = {
        "base": base["value"],
        **_factors(base, now, _exchange_rate(rates, state, members, (base, now))),
        "mix": now["mix"] - base["mix"],
    }
    present = base["present"] | now["present"]
    pairs = {name: np.where(present, value, np.nan) for name, value in effects.items()}
    columns = pd.MultiIndex.from_product([list(pairs), range(len(spans))], names=["effect", "step"])
    wide = pd.DataFrame(np.hstack(list(pairs.values())), state["price"].index, columns)
    table = wide.groupby("product_id").sum(min_count=1).stack(["effect", "step"]).dropna()
    table = table.rename("value_usd").reset_index()
    table = pd.concat([table, _projects(cuts, periods, members)], ignore_index=True)
    order = ["step", "product_id", "effect", "project_id"]
    table = table.sort_values(order, ignore_index=True).join(spans, on="step", validate="m:1")
    return conform(table, "bridge", frequency=frequency)


def _members(periods: pd.PeriodIndex, spans: pd.Series) -> np.ndarray:
    """Which periods lie in which span: periods × steps, one or zero."""
    member = np.column_stack([within(periods, span) for span in spans]).astype(float)
    if not member.any(axis=0).all():
        missing = spans[~member.any(axis=0)].iloc[0]
        raise DataError(f"bridge: no imports in {missing} — choose spans from {periods[0]} to {periods[-1]}")
    return member


def _state(
    panel: pd.DataFrame, activity: pd.DataFrame, cuts: pd.DataFrame, prices: pd.DataFrame, periods: pd.PeriodIndex
) -> dict[str, pd.DataFrame]:
    """Imports, cuts, price and vehicles by product × plant, periods in columns; empty where not known."""
    cells = panel[panel["comparable"]]
    grids = {
        "kg": _grid(cells, USE, "net_kg", periods), "value": _grid(cells, USE, "value_usd", periods),
        "cut_kg": _grid(cuts, USE, "gross_kg", periods), "cut_usd": _grid(cuts, USE, "gross_usd", periods),
    }  # fmt: skip
    pairs = grids["kg"].index.union(grids["cut_kg"].index)
    wide = {name: grid.reindex(pairs, fill_value=0.0) for name, grid in grids.items()}
    requirement = wide["kg"] + wide["cut_kg"]
    own = ((wide["value"] + wide["cut_usd"]) / requirement).where(requirement > 0)
    price = prices.pivot(index=USE, columns="period", values="price").reindex(pairs)
    price = price.reindex(columns=periods).T.fillna(price.mean(axis=1)).fillna(own.T).fillna(own.mean(axis=1)).T
    vehicles = activity.dropna(subset="vehicles").groupby(["plant_id", "period"])["vehicles"].sum().unstack("period")
    vehicles = vehicles.reindex(index=pairs.get_level_values("plant_id"), columns=periods).astype(float)
    return {**wide, "requirement": requirement, "price": price.fillna(0.0), "vehicles": vehicles}


def _grid(table: pd.DataFrame, by: list[str], column: str, periods: pd.PeriodIndex) -> pd.DataFrame:
    """Sums of a column, periods in columns, zero where there is no row."""
    sums = table.groupby([*by, "period"])[column].sum().unstack("period")
    return sums.reindex(columns=periods).astype(float).fillna(0.0)


def _over(state: dict[str, pd.DataFrame], member: np.ndarray) -> dict[str, np.ndarray]:
    """The state of the spans, pairs × steps: sums, the price of the requirement, vehicles if every period has them."""
    names = ("kg", "value", "cut_kg", "cut_usd", "requirement")
    kg, value, cut_kg, cut_usd, requirement = (state[name].to_numpy() @ member for name in names)
    price = _average(state["price"].to_numpy(), state["requirement"].to_numpy(), member)
    vehicles = state["vehicles"].to_numpy()
    unknown = np.isnan(vehicles) @ member > 0
    return {
        "value": value,
        "requirement": requirement,
        "price": price,
        "mix": value + cut_usd - requirement * price,
        "vehicles": np.where(unknown, np.nan, np.nan_to_num(vehicles) @ member),
        "present": (kg != 0) | (value != 0) | (cut_kg != 0) | (cut_usd != 0),
    }


def _average(values: np.ndarray, weights: np.ndarray, member: np.ndarray) -> np.ndarray:
    """Weighted mean over the periods of each span, the plain one where nothing weighs; rows × steps."""
    weights = weights.clip(min=0)
    total = weights @ member
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(total > 0, (values * weights) @ member / total, values @ member / member.sum(axis=0))


def _factors(base: dict, now: dict, exchange_rate: np.ndarray) -> dict[str, np.ndarray]:
    """Effects on the requirement's value, pairs × steps, each empty where another takes its place."""
    # a plant that makes no vehicles and requires nothing in one span has the use per vehicle of the other one
    sides, ends = (base, now), []
    with np.errstate(divide="ignore", invalid="ignore"):
        intensity = [s["requirement"] / np.where(s["vehicles"] > 0, s["vehicles"], np.nan) for s in sides]
    idle = [s["vehicles"] == 0 for s in sides]
    for side, own, other, still in zip(sides, intensity, intensity[::-1], idle, strict=True):
        per_vehicle = np.where(still & (side["requirement"] == 0), other, own)
        ends.append(np.stack([side["vehicles"], per_vehicle, side["price"]], axis=-1))
    split = np.isfinite(ends[0]).all(axis=-1) & np.isfinite(ends[1]).all(axis=-1)
    whole = [np.stack([s["requirement"], s["price"]], axis=-1) for s in sides]
    activity, per_vehicle, price = np.moveaxis(lmdi_effects(*ends), -1, 0)
    requirement, other_price = np.moveaxis(lmdi_effects(*whole), -1, 0)
    price = np.where(split, price, other_price)
    known = np.isfinite(exchange_rate)
    return {
        "activity": np.where(split, activity, np.nan),
        "intensity": np.where(split, per_vehicle, np.nan),
        "requirement": np.where(split, np.nan, requirement),
        "price": np.where(known, np.nan, price),
        "contract_price": np.where(known, price - exchange_rate, np.nan),
        "exchange_rate": np.where(known, exchange_rate, np.nan),
    }


def _exchange_rate(
    rates: pd.DataFrame | None, state: dict[str, pd.DataFrame], members: list[np.ndarray], sides: tuple[dict, dict]
) -> np.ndarray:
    """What the rates did to the requirement's value, pairs × steps; empty where a rate is not known."""
    # L(C1, C0) · Σ w · ln(r1 / r0) over the origins, w = L(x1, x0) / L(p1, p0), x the component of the price,
    # r in a span the requirement's mean: its value in dollars over its value in the currencies
    pairs, periods = state["price"].axes
    unknown = np.full((len(pairs), members[0].shape[1]), np.nan)
    if rates is None:
        return unknown
    usd = rates["share"] * rates["price"]
    parts = rates.assign(usd=usd, contract=usd / rates["rate"])
    parts = parts.pivot(index=[*USE, "origin"], columns="period", values=["usd", "contract"])
    at = pairs.get_indexer(parts.index.droplevel("origin"))
    parts, at = parts[at >= 0], at[at >= 0]
    usd, contract = (parts[name].reindex(columns=periods).to_numpy() for name in ("usd", "contract"))
    weights = state["requirement"].to_numpy()[at]
    x0, x1, c0, c1 = (_average(np.nan_to_num(v), weights, m) for v in (usd, contract) for m in members)
    gaps = np.isnan(contract) @ (members[0] + members[1]) > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        moved = np.where((x0 > 0) & (x1 > 0), log_mean(x1, x0) * np.log(x1 / c1 / (x0 / c0)), 0.0)
    summed = np.zeros_like(unknown)
    np.add.at(summed, at, np.where(gaps, np.nan, moved))
    (r0, p0), (r1, p1) = ((side["requirement"], side["price"]) for side in sides)
    mean = log_mean(p1, p0)
    with np.errstate(divide="ignore", invalid="ignore"):
        effect = np.where(mean > 0, log_mean(r1 * p1, r0 * p0) / mean * summed, 0.0 * summed)
    return np.where(np.isin(np.arange(len(pairs)), at)[:, None], effect, unknown)


def _projects(cuts: pd.DataFrame, periods: pd.PeriodIndex, members: list[np.ndarray]) -> pd.DataFrame:
    """Less the change of the value of each project's deliveries, by product, project and step."""
    value = _grid(cuts, ["product_id", "project_id"], "gross_usd", periods)
    base, now = (value.to_numpy() @ member for member in members)
    change = pd.DataFrame(np.where((base != 0) | (now != 0), base - now, np.nan), value.index)
    table = change.rename_axis(columns="step").stack().dropna().rename("value_usd").reset_index()
    return table.assign(effect="project")


def comparisons(ds: Dataset, panel: pd.DataFrame) -> list[tuple[str, pd.Period, pd.Period]]:
    """The steps of a report: from the same season of the base span, of the year before, and from period to period.

    Periods without imports are passed over. A step whose first period has none, or which is the same as a step from
    period to period, is left out. Without weights there is no price and no mix, and no step.
    """
    if weightless(panel):
        return []
    present, last = pd.PeriodIndex(panel.loc[panel["comparable"], "period"].unique()).sort_values(), ds.period
    base, before = same_season(ds.base_period, last), last - YEAR[ds.frequency]
    known = base in present and base < last
    chain = present[(present >= base) & (present <= last)] if known else present[present <= last]
    steps = [("base", base, last)] if known else []
    if before in present and before + 1 < last:
        steps.append(("year_before", before, last))
    return steps + [("chained", one, two) for one, two in pairwise(chain)]


def same_season(base_period: pd.Period, period: pd.Period) -> pd.Period:
    """The period of the base span that lies in the same season as `period`: its quarter, or the span itself."""
    if base_period.freqstr == period.freqstr:
        return base_period
    return pd.Period(year=base_period.year, quarter=period.quarter, freq=period.freqstr)
