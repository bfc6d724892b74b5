"""What is drawn: PERT distributions on common random numbers, measured cuts, intervals and probabilities of ranks."""

import zlib
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from importcut.dataset import SPREADS, Dataset
from importcut.schema import PAIR, RANGE

DRAWS = 10_000
Outcome = dict[str, pd.DataFrame]  # cuts in USD by kind, gross and net: draws × whose they are
Outcomes = Mapping[str, Outcome]  # by basis


def stream(name: str, shape: int | tuple[int, ...], seed: int = 1) -> np.ndarray:
    """Random numbers from 0 to 1 that hang on their name alone: the same for every scenario and beside any others."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())]).random(shape)


def pert(u: np.ndarray, low: float, mode: float, high: float, *, least: np.ndarray | float = -np.inf) -> np.ndarray:
    """Quantiles of the PERT distribution (Malcolm et al. 1959), whose mean is (low + 4 mode + high) / 6.

    Where it is known that the value is no less than `least`, of what lies above that.
    """
    from scipy.special import betainc  # which takes a sixth of a second, and a report that stands draws nothing

    if high == low:
        return np.maximum(np.full_like(u, mode), least)
    a, b = 1 + 4 * (mode - low) / (high - low), 1 + 4 * (high - mode) / (high - low)
    grid = np.linspace(0, 1, 2049)  # the inverse is interpolated: ten times faster, to five digits the same
    below = betainc(a, b, np.clip((np.asarray(least) - low) / (high - low), 0, 1))
    return np.maximum(low + (high - low) * np.interp(below + u * (1 - below), betainc(a, b, grid), grid), least)


def delivery_outcome(
    ds: Dataset, cuts: pd.DataFrame, by: Sequence[str] = ("project_id",), *, n: int = DRAWS
) -> Outcome:
    """Cuts by delivery records in each draw, summed by some columns; nothing where there are none.

    Drawn are the price of what was replaced, from the cheapest to the dearest usual origin, once for each group of
    products, and for each project × product the imported input and the import that a kg replaces. Prices are in
    dollars: the exchange rate is in them, and not drawn again.

    Parameters
    ----------
    cuts : gross_usd, net_usd, and cheapest_usd, dearest_usd at the price of these origins; empty where not recorded
    """
    rows = cuts[cuts["cheapest_usd"].notna()]
    if rows.empty:
        return {}
    groups = rows["product_id"].map(ds.products.set_index("product_id")["group"])
    sheet = _spreads(ds).reindex(pd.MultiIndex.from_frame(rows[PAIR]))
    gross, imported, shared = np.empty((len(rows), n)), np.empty((len(rows), n)), {}
    for k, (row, group, own) in enumerate(zip(rows.itertuples(), groups, sheet.itertuples(), strict=True)):
        pair = f"{row.project_id} {row.product_id}"
        if pair not in shared:  # in all its periods the same
            kg, inputs = (stream(f"{of} {pair}", n) for of in ("replaces", "input"))
            kg = pert(kg, own.replaces_low, 1.0, own.replaces_high)
            shared[pair] = kg, pert(inputs, own.input_low, 1.0, own.input_high)
        kg, inputs = shared[pair]
        ends = sorted([row.cheapest_usd, row.gross_usd, row.dearest_usd])
        price = stream(f"price {group}", n)
        value = pert(price if row.gross_usd > 0 else 1 - price, *ends)
        gross[k] = value * kg
        moved = gross[k] / row.gross_usd if own.moves else 1.0
        imported[k] = (row.gross_usd - row.net_usd) * inputs * moved
    keys = [rows[column].reset_index(drop=True) for column in by]
    drawn = {"gross": gross, "net": gross - imported}
    return {kind: pd.DataFrame(usd).groupby(keys).sum(skipna=False).T for kind, usd in drawn.items()}


def interval(drawn: Outcome) -> pd.DataFrame:
    """The range of nine in ten draws: gross_low_usd, gross_high_usd, net_low_usd, net_high_usd, by whose they are."""
    ends = {f"{kind}_{end}_usd": q for kind in drawn for end, q in zip(("low", "high"), RANGE, strict=True)}
    return pd.DataFrame({name: drawn[name.partition("_")[0]].quantile(q) for name, q in ends.items()})


def headlines(drawn: Outcome) -> pd.DataFrame:
    """The cuts that are compared in each draw: net, or gross where the net cut of one of them is not known."""
    return drawn["gross" if drawn["net"].isna().any(axis=None) else "net"]


def rank_probabilities(draws: pd.DataFrame) -> pd.DataFrame:
    """Probability of every rank (columns 1, 2, …) of each project (rows); adds up to 1 by row and by column.

    Parameters
    ----------
    draws : one row a draw, one column a project, the larger the better; ties are drawn by lot, with a fixed seed

    Examples
    --------
    >>> rank_probabilities(pd.DataFrame({"a": [3, 3, 1, 3], "b": [2, 2, 2, 2]}))
          1     2
    a  0.75  0.25
    b  0.25  0.75
    """
    values = draws.to_numpy(float)
    lot = np.random.default_rng(0).random(values.shape)
    order = np.lexsort((lot, -values), axis=1)
    ranks = np.argsort(order, axis=1)
    places = range(values.shape[1])
    counted = np.stack([(ranks == place).mean(axis=0) for place in places], axis=1)
    return pd.DataFrame(counted, index=draws.columns, columns=[place + 1 for place in places])


def chances(drawn: Outcome, order: Iterable[str] | None = None) -> pd.DataFrame:
    """Of each project, as ranked or the largest mean first: range, mean_usd, p_first, p_top3, p_beats_next."""
    compared = headlines(drawn)
    mean = compared.mean().sort_values(ascending=False)
    compared = compared[mean.index if order is None else order]
    ranks = rank_probabilities(compared)
    ahead = [(compared[first] > compared[second]).mean() for first, second in pairwise(compared)]
    about = interval(drawn).reindex(compared.columns)
    top3 = ranks.loc[:, :3].sum(axis=1).clip(upper=1.0)  # in binary a sum of shares may exceed one
    return about.assign(mean_usd=mean, p_first=ranks[1], p_top3=top3, p_beats_next=[*ahead, np.nan])


def _spreads(ds: Dataset) -> pd.DataFrame:
    """Low and high of each project × product, as ratios to the sheet's value; the dataset's own where it has none."""
    sheet = ds.project_products.set_index(PAIR)
    table = pd.DataFrame({"moves": sheet["imported_input_usd_per_kg"].isna()})  # what stands in for it goes by price
    for name, column in (("input", "imported_input{}_usd_per_kg"), ("replaces", "replaces{}_kg")):
        value = sheet[column.format("")].where(lambda kg: kg > 0)
        for end, side in (("low", -1), ("high", 1)):
            stated = sheet[column.format(f"_{end}")] / value
            table[f"{name}_{end}"] = stated.fillna(1 + side * ds.uncertainty.get(name, SPREADS[name]))
    return table
