"""What would have been imported, by method: expected quantity of a product in every period."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from importcut.counterfactual.observed import Observed
from importcut.indices import median_index
from importcut.schema import NATIONAL, within

FEWEST_DONORS = 3
FEWEST_PERIODS = 5  # before the first output, for a synthetic control


class Declined(Exception):
    """A method cannot be used; the message is the reason, as a table holds it."""


@dataclass(frozen=True)
class Question:
    """What is asked: a product from a first output on, against a base, by donors, in kg (mended or raw) or in USD."""

    product: str
    first: pd.Period
    base: pd.Period | None
    donors: tuple[str, ...]
    basis: str = "net_kg"


def values(seen: Observed, basis: str) -> pd.DataFrame:
    """The series in which quantities are compared: periods × products."""
    return {"net_kg": seen.kg, "raw_kg": seen.raw_kg, "value_usd": seen.usd}[basis]


def before(periods: pd.PeriodIndex, first: pd.Period) -> np.ndarray:
    """Which periods ended before the month of the first output."""
    return periods.end_time < first.start_time


def activity(seen: Observed, asked: Question) -> pd.Series:
    """Intensity of the base × vehicle output, plant by plant; a plant new since then has the mean intensity."""
    if asked.basis != "net_kg":
        raise Declined("net_kg_only")
    kg = seen.by_plant[asked.product].rename(columns=lambda plant: plant if plant in seen.vehicles else NATIONAL)
    vehicles, base = seen.vehicles.reindex(columns=kg.columns), _base(seen.periods, asked)
    made, used = vehicles[base].sum(), kg[base].sum()
    known = used.gt(0) & made.gt(0)
    if not known.any() or vehicles.loc[:, known].isna().any(axis=None):
        raise Declined("no_activity")
    intensity = (used / made).where(known)
    intensity = intensity.mask(used.eq(0), used[known].sum() / made[known].sum())
    constant = kg.loc[:, used.gt(0) & ~known].loc[base].mean().sum()
    return (vehicles * intensity).sum(axis=1) + constant


def control_basket(seen: Observed, asked: Question) -> pd.Series:
    """Base quantity × the median over the donors of their quantity relative to the base."""
    series, base = _usable(seen, asked), _base(seen.periods, asked)
    own = series.loc[base, asked.product].mean()
    if not own > 0:
        raise Declined("no_base")
    return pd.Series(own * median_index(series[list(asked.donors)].to_numpy(), base), seen.periods)


def synthetic_control(seen: Observed, asked: Question) -> pd.Series:
    """The mix of donors, each relative to its mean before the first output, that follows the product best until then.

    References
    ----------
    Abadie, Diamond and Hainmueller (2010), JASA 105; weights by pysyncon, every period before counting the same.
    """
    return weighted(seen, asked, donor_weights(seen, asked))


def donor_weights(seen: Observed, asked: Question) -> pd.Series:
    """Weight of each donor in the synthetic control; they add up to 1.

    Raises Declined if fewer than five periods lie before the first output, or the product has none there.
    """
    from pysyncon import Synth
    from threadpoolctl import threadpool_limits

    series, early = _usable(seen, asked), before(seen.periods, asked.first)
    own = series.loc[early, asked.product]
    if len(own) < FEWEST_PERIODS:
        raise Declined("few_periods")
    if not own.mean() > 0:
        raise Declined("no_base")
    donors = series.loc[early, list(asked.donors)]
    relative = donors / donors.mean()
    told = pd.concat([relative, own / own.mean()], axis=1).std(axis=1) > 0  # where all move alike any weights fit
    if not told.any():
        return pd.Series(1 / len(asked.donors), list(asked.donors))
    z0, z1, fit = relative[told].reset_index(drop=True), (own / own.mean())[told].reset_index(drop=True), Synth()
    with threadpool_limits(1):  # more threads are slower here, and give another last digit
        fit.fit(X0=z0, X1=z1, Z0=z0, Z1=z1, custom_V=np.ones(len(z0)))
    return pd.Series(fit.W, list(asked.donors))


def weighted(seen: Observed, asked: Question, weights: pd.Series) -> pd.Series:
    """The product's mean before the first output × the weighted mean of the donors relative to theirs."""
    series, early = values(seen, asked.basis), before(seen.periods, asked.first)
    donors = series[list(weights.index)]
    return series.loc[early, asked.product].mean() * (donors / donors[early].mean() * weights).sum(axis=1)


def _base(periods: pd.PeriodIndex, asked: Question) -> np.ndarray:
    """The periods of the base; all before the first output where no single year is asked for."""
    return before(periods, asked.first) if asked.base is None else np.asarray(within(periods, asked.base))


def _usable(seen: Observed, asked: Question) -> pd.DataFrame:
    if len(asked.donors) < FEWEST_DONORS:
        raise Declined("few_donors")
    return values(seen, asked.basis)


METHODS = {"activity": activity, "control_basket": control_basket, "synthetic_control": synthetic_control}
