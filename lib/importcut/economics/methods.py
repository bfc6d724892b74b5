"""What would have been imported, by method: expected quantity of a product in every period."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from importcut.economics.indices import median_index, synthetic_expectation
from importcut.economics.series import Observed
from importcut.schema import NATIONAL, YEAR

FEWEST_DONORS = 3  # of fewer the median is one donor, or the mean of two
FEWEST_PERIODS = 5  # before the first output: fewer are matched by any weights
FEWEST_YEARS = 2  # before the first output: with one, nothing says how a product moves against the donors


class Declined(Exception):
    """A method cannot be used; the message is the reason, as a table holds it."""


@dataclass(frozen=True)
class Question:
    """What a method answers: a product from a first output on, a base, donors, and the series compared (BASES).

    Data from `until` on, and of the period `without`, are not looked at.
    """

    product: str
    first: pd.Period
    base: pd.Period | None
    donors: tuple[str, ...]
    basis: str = "net_kg"
    until: pd.Period | None = None
    without: pd.Period | None = None

    def late(self, observed: Observed) -> np.ndarray:
        """The periods with output that are looked at."""
        late = ~observed.before(self.first)
        return late if self.until is None else late & observed.before(self.until)


def expected_imports(observed: Observed, question: Question, method: str) -> np.ndarray:
    """Quantity expected in every period by one of METHODS; raises Declined if the data do not allow it."""
    key = method, question
    if key not in observed.answers:
        try:
            observed.answers[key] = METHODS[method](observed, question)
        except Declined as declined:
            observed.answers[key] = declined
    if isinstance(observed.answers[key], Declined):
        raise observed.answers[key]
    return observed.answers[key]


def activity(observed: Observed, question: Question) -> np.ndarray:
    """Intensity of the base × vehicle output, plant by plant; a plant new since then has the mean intensity."""
    if question.basis != "net_kg":
        raise Declined("net_kg_only")
    kg = observed.by_plant[question.product]
    kg = kg.rename(columns=lambda plant: plant if plant in observed.vehicles else NATIONAL)
    vehicles = observed.vehicles.reindex(columns=kg.columns)
    base = _base(observed, question) & kg.notna().all(axis=1).to_numpy()
    output, use = vehicles[base].sum(), kg[base].sum()
    known = use.gt(0) & output.gt(0)
    if not known.any() or vehicles.loc[:, known].isna().any(axis=None):
        raise Declined("no_activity")
    intensity = (use / output).where(known)
    intensity = intensity.mask(use.eq(0), use[known].sum() / output[known].sum())
    constant = kg.loc[:, use.gt(0) & ~known].loc[base].mean().sum()
    return ((vehicles * intensity).sum(axis=1) + constant).to_numpy()


def control_basket(observed: Observed, question: Question) -> np.ndarray:
    """Base quantity × the median over the donors of their quantity relative to the base."""
    _enough_donors(question)
    base = _base(observed, question)
    own = pd.Series(observed.values(question.basis, question.product)[base]).mean()
    if not own > 0:
        raise Declined("no_base")
    return own * median_index(observed.values(question.basis, question.donors), base)


def synthetic_control(observed: Observed, question: Question) -> np.ndarray:
    """The mix of donors, relative to their means before the first output, that follows the product best until then."""
    # Abadie, Diamond and Hainmueller (2010), JASA 105; weights by pysyncon, every period before counting the same
    weights, early = donor_weights(observed, question), observed.before(question.first)
    donors = observed.values(question.basis, question.donors)
    own = np.nanmean(observed.values(question.basis, question.product)[early])
    return own * (donors / np.nanmean(donors[early], axis=0)) @ weights.to_numpy()


def synthetic_did(observed: Observed, question: Question) -> np.ndarray:
    """Synthetic difference-in-differences; a quarter is compared with the same quarter of other years."""
    _enough_donors(question)
    series = observed.values(question.basis, [question.product, *question.donors])
    reported, early = np.isfinite(series).all(axis=1), observed.before(question.first)
    early, late = early & reported, question.late(observed) & reported
    fit = early & (observed.periods != question.without) if question.without is not None else early
    if early.sum() < FEWEST_YEARS * YEAR[observed.ds.frequency] or not late.any():
        raise Declined("few_years")
    if not (series[early] > 0).all() or not (series[late, 1:] > 0).all():
        raise Declined("no_base")
    season = observed.periods.asi8 % YEAR[observed.ds.frequency]
    if not np.isin(season[late], season[fit]).all():
        raise Declined("few_years")
    return synthetic_expectation(series[:, 0], series[:, 1:], early, late, fit=fit, season=season)


def donor_weights(observed: Observed, question: Question) -> pd.Series:
    """Weight of each donor in the synthetic control; they add up to 1."""
    from pysyncon import Synth

    _enough_donors(question)
    early, names = observed.before(question.first), list(question.donors)
    own = observed.values(question.basis, question.product)[early]
    donors = observed.values(question.basis, names)[early][np.isfinite(own)]
    own = own[np.isfinite(own)]
    if len(own) < FEWEST_PERIODS:
        raise Declined("few_periods")
    if not own.mean() > 0:
        raise Declined("no_base")
    z0, z1 = pd.DataFrame(donors / donors.mean(axis=0), columns=names), pd.Series(own / own.mean(), name="")
    moving = pd.concat([z0, z1], axis=1).std(axis=1) > 0  # where all move alike any weights fit
    if not moving.any():
        return pd.Series(1 / len(names), names)
    fit = Synth()
    with _threads().limit(limits=1):  # more threads are slower here, and give another last digit
        fit.fit(X0=z0[moving], X1=z1[moving], Z0=z0[moving], Z1=z1[moving], custom_V=np.ones(moving.sum()))
    return pd.Series(fit.W, names)


@cache
def _threads():
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def _base(observed: Observed, question: Question) -> np.ndarray:
    """The periods of the base; all before the first output where no single year is asked for."""
    return observed.before(question.first) if question.base is None else observed.inside(question.base)


def _enough_donors(question: Question) -> None:
    if len(question.donors) < FEWEST_DONORS:
        raise Declined("few_donors")


METHODS = {
    "synthetic_did": synthetic_did,
    "activity": activity,
    "control_basket": control_basket,
    "synthetic_control": synthetic_control,
}
