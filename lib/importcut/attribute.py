"""Credit rules: how the total cut of projects that share a product is divided among them; pure arithmetic."""

from collections.abc import Callable
from math import comb

import numpy as np
import pandas as pd

RULES = ("shapley", "dispatched", "proportional", "stand_alone", "marginal")
EXACT = 16  # projects on one product up to which Shapley values are exact
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
    """Credit of each project for the cut v(N) that the projects achieve together, in units of `unit_value`.

    Parameters
    ----------
    supply : kg that each project can supply, >= 0
    cap : kg that can be displaced at all, >= 0
    unit_value : what a displaced kg is worth, per project or for all; for net cuts it may be negative
    rule : one of RULES
    dispatch : whose kg flow when supplies exceed the cap: "proportional", or "ordered" by `order`
    order : for ordered dispatch, lower flows first (cost for merit order, date for first come)

    Raises
    ------
    ValueError
        If a supply or the cap is negative, or rule or dispatch is not known.

    References
    ----------
    Shapley (1953); for the gross cut this is the random-arrival rule of O'Neill (1982).
    """
    kg = supply.to_numpy(float)
    if cap < 0 or (kg < 0).any():
        raise ValueError("supply and cap must be zero or more")
    worth = np.broadcast_to(np.asarray(unit_value, float), kg.shape)
    total = _totals(kg, float(cap), worth, dispatch, order)
    match rule:
        case "shapley":
            values = _shapley(total, len(kg))
        case "dispatched":
            values = worth * dispatched(kg, float(cap), dispatch, order)
        case "proportional":
            share = kg / kg.sum() if kg.sum() else np.zeros_like(kg)
            values = share * total(np.ones((1, len(kg)), bool))[0]
        case "stand_alone":
            values = total(np.eye(len(kg), dtype=bool))
        case "marginal":
            values = total(np.ones((1, len(kg)), bool))[0] - total(~np.eye(len(kg), dtype=bool))
        case _:
            raise ValueError(f"rule {rule!r} is not known — choose one of {', '.join(RULES)}")
    return pd.Series(values, index=supply.index)


def dispatched(supply: np.ndarray, cap, dispatch: str = "proportional", order=None) -> np.ndarray:
    """The kg of each project that flow; the last axis of `supply` is the projects, `cap` has the axes before it."""
    cap = np.asarray(cap, float)
    if dispatch == "proportional":
        total = supply.sum(axis=-1)
        return supply * np.divide(cap, total, out=np.ones_like(total), where=total > cap)[..., None]
    if dispatch == "ordered" and order is not None:
        sequence = np.argsort(np.asarray(order), kind="stable")
        ahead = np.cumsum(supply[..., sequence], axis=-1) - supply[..., sequence]
        flows = np.minimum(supply[..., sequence], np.maximum(cap[..., None] - ahead, 0))
        return flows[..., np.argsort(sequence)]
    raise ValueError(f"dispatch {dispatch!r} is not known — choose proportional, or ordered with an order")


def _totals(kg, cap, worth, dispatch, order) -> Callable[[np.ndarray], np.ndarray]:
    """v(S) for coalitions given as rows of flags."""
    return lambda members: (dispatched(kg * members, np.full(len(members), cap), dispatch, order) * worth).sum(axis=1)


def _shapley(total: Callable[[np.ndarray], np.ndarray], n: int) -> np.ndarray:
    if n == 0:
        return np.zeros(0)
    if n > EXACT:
        return shapley_sampled(total, n)[0]
    coalitions = (np.arange(2**n)[:, None] >> np.arange(n) & 1).astype(bool)
    value, size = total(coalitions), coalitions.sum(axis=1)
    weight = np.array([1.0 / (n * comb(n - 1, k)) for k in range(n)])
    return np.array([
        (weight[size[~with_j]] * (value[with_j] - value[~with_j])).sum() for with_j in coalitions.T
    ])  # fmt: skip


def shapley_sampled(total: Callable[[np.ndarray], np.ndarray], n: int, *, samples: int = SAMPLES, seed: int = 0):
    """Shapley values from random orders of arrival, and their standard errors."""
    rng = np.random.default_rng(seed)
    added = np.empty((samples, n))
    for row in added:
        arrival = rng.permutation(n)
        members = np.zeros((n + 1, n), bool)
        for place, newcomer in enumerate(arrival, start=1):
            members[place:, newcomer] = True
        row[arrival] = np.diff(total(members))
    return added.mean(axis=0), added.std(axis=0, ddof=1) / np.sqrt(samples)
