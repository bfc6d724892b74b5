"""Credit rules: how the total cut of projects that share a product is divided among them; pure arithmetic."""

from functools import cache
from math import comb

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from importcut.schema import DISPATCH, RULES, one_of

EXACT_UP_TO = 16  # projects on one product up to which Shapley values are exact
SAMPLES = 4096


def credit(
    supply: pd.Series,
    cap: float,
    *,
    unit_value: float | pd.Series = 1,
    rule: str = "shapley",
    dispatch: str = "proportional",
    order: pd.Series | None = None,
) -> pd.Series:
    """Credit of each project (index of `supply`) for the cut v(N) of all together, in units of `unit_value`.

    Raises ValueError if a supply or the cap is negative or dispatch is not known, UsageError if rule is not.

    Parameters
    ----------
    supply : kg that each project can supply, >= 0
    cap : kg that can be displaced at all, >= 0
    unit_value : what a displaced kg is worth, per project or for all; for net cuts it may be negative
    rule : one of RULES
    dispatch : one of DISPATCH: whose kg flow when supplies exceed the cap
    order : for merit_order (cost) and first_come (date): lower flows first

    References
    ----------
    Shapley (1953); for the gross cut this is the random-arrival rule of O'Neill (1982).

    Examples
    --------
    >>> supply = pd.Series({"a": 30, "b": 50, "c": 60})
    >>> credit(supply, 100).round(2).to_dict()
    {'a': 20.0, 'b': 35.0, 'c': 45.0}
    >>> credit(supply, 100, rule="marginal").to_dict()  # what would be lost without each
    {'a': 0.0, 'b': 10.0, 'c': 20.0}
    """
    kg = supply.to_numpy(float)
    worth = np.broadcast_to(np.asarray(unit_value, float), kg.shape)
    queue = None if order is None else np.asarray(order)
    return pd.Series(credits(kg, float(cap), worth, rule=rule, dispatch=dispatch, order=queue), index=supply.index)


def credits(
    supply: np.ndarray, cap: ArrayLike, worth: np.ndarray, *, rule: str, dispatch: str = "proportional", order=None
):
    """`credit` for arrays: the last axis is the projects, the axes before it (draws, periods) those of `cap`."""
    cap, n = np.asarray(cap, float), supply.shape[-1]
    if (cap < 0).any() or (supply < 0).any():
        raise ValueError("supply and cap must be zero or more")
    one_of("rule", rule, RULES)
    everyone = np.ones((1, n), bool)
    match rule:
        case "dispatched":
            return worth * dispatched(supply, cap, dispatch, order)
        case "proportional":
            total = supply.sum(axis=-1, keepdims=True)
            share = np.divide(supply, total, out=np.zeros_like(supply), where=total > 0)
            return share * coalition_values(supply, cap, worth, everyone, dispatch, order)
        case "stand_alone":
            return coalition_values(supply, cap, worth, np.eye(n, dtype=bool), dispatch, order)
        case "marginal":
            without = np.concatenate([everyone, ~np.eye(n, dtype=bool)])
            values = coalition_values(supply, cap, worth, without, dispatch, order)
            return values[..., :1] - values[..., 1:]
        case _ if n > EXACT_UP_TO:
            return shapley_sampled(supply, cap, worth, dispatch, order)[0]
        case _:
            members, weights = _coalitions(n)
            shares = coalition_values(supply, cap, worth, members, dispatch, order) @ weights
            return np.where(supply > 0, shares, 0.0)  # what rounding leaves to a project without supply


def dispatched(supply: np.ndarray, cap: ArrayLike, dispatch: str = "proportional", order=None) -> np.ndarray:
    """The kg of each project that flow; axes as in `credits`."""
    cap = np.asarray(cap, float)
    if dispatch == "proportional":
        total = supply.sum(axis=-1)
        return supply * np.divide(cap, total, out=np.ones_like(total), where=total > cap)[..., None]
    sequence = _sequence(supply, dispatch, order)
    queued = np.take_along_axis(supply, sequence, axis=-1)
    ahead = np.cumsum(queued, axis=-1) - queued
    flows = np.minimum(queued, np.maximum(cap[..., None] - ahead, 0))
    return np.take_along_axis(flows, np.argsort(sequence, axis=-1), axis=-1)


def coalition_values(
    supply: np.ndarray, cap: ArrayLike, worth: ArrayLike, members: np.ndarray, dispatch: str, order: ArrayLike | None
) -> np.ndarray:
    """v(S): what the projects of S cut if only they existed; axes of `cap` and, last, the coalitions (`members`)."""
    cap, present = np.asarray(cap, float)[..., None], members.T.astype(float)
    if dispatch == "proportional":
        total = supply @ present
        return ((supply * worth) @ present) * np.divide(cap, total, out=np.ones_like(total), where=total > cap)
    sequence, worth = _sequence(supply, dispatch, order), np.broadcast_to(worth, supply.shape)
    value, left = np.zeros((*supply.shape[:-1], len(members))), np.broadcast_to(cap, (*supply.shape[:-1], len(members)))
    for turn in range(supply.shape[-1]):
        one = sequence[..., turn : turn + 1]
        kg = np.take_along_axis(supply, one, axis=-1) * present[one[..., 0]]
        flow = np.minimum(kg, left)
        value, left = value + flow * np.take_along_axis(worth, one, axis=-1), left - flow
    return value


def shapley_sampled(
    supply: np.ndarray, cap: ArrayLike, worth: ArrayLike, dispatch: str = "proportional", order=None, *, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Shapley values from random orders of arrival, and their standard errors."""
    n, rng = supply.shape[-1], np.random.default_rng(seed)
    arrivals = rng.permuted(np.tile(np.arange(n), (SAMPLES, 1)), axis=1)
    added = []
    for arrival in arrivals:
        members = np.arange(n + 1)[:, None] > np.argsort(arrival)  # who has come after each arrival
        steps = np.diff(coalition_values(supply, cap, worth, members, dispatch, order), axis=-1)
        added.append(steps[..., np.argsort(arrival)])
    return np.mean(added, axis=0), np.std(added, axis=0, ddof=1) / np.sqrt(SAMPLES)


@cache
def _coalitions(n: int) -> tuple[np.ndarray, np.ndarray]:
    """All coalitions of n projects, and the weight of v(S) in each project's Shapley value."""
    members = (np.arange(2**n)[:, None] >> np.arange(n) & 1).astype(bool)
    size = members.sum(axis=1)
    weight = np.array([1.0 / (n * comb(n - 1, k)) for k in range(n)] + [0.0])
    return members, np.where(members, weight[size - 1][:, None], -weight[size][:, None])


def _sequence(supply: np.ndarray, dispatch: str, order: ArrayLike | None) -> np.ndarray:
    """Positions of the projects in the order in which they are served."""
    if dispatch not in DISPATCH or order is None:
        known = "proportional, or merit_order or first_come with an order"
        raise ValueError(f"dispatch {dispatch!r} with order {order!r} is not known — choose {known}")
    return np.broadcast_to(np.argsort(np.asarray(order), axis=-1, kind="stable"), supply.shape)
