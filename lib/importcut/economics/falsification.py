"""Five tests that a fall must pass before it is told apart from chance: fit, in time, mirror, diversion, stocks."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from importcut.economics.methods import Declined, Question, expected_imports
from importcut.economics.placebo import main_question, placebo_test
from importcut.economics.series import Observed
from importcut.schema import PAIR, PASSED, TESTS, YEAR

CLAIM = [*PAIR, "test", "value", "threshold", "verdict", "why"]  # columns of table `tests`
DOUBT = 2  # times `placebo_p`: one early year has little power, so that doubt asks for less proof than belief
HALF = 0.5  # of the fall must show in the partners' reports, and among all partners
STOCKED = 1.25  # base to the median of the years before it, donors to donors, from which it holds stocks
YEARS_BEFORE = 4  # for the test of stocks: three years have no usual one


class Fall(NamedTuple):
    """A fall of imports under a method, and how it stands in the placebo test."""

    observed: Observed
    question: Question
    method: str
    placebo: dict


def claim_tests(observed: Observed, case: NamedTuple, method: str) -> tuple[dict, list[dict]]:
    """The placebo test of a row of `observed.cases`, `told` if all five tests hold, and the tests as rows.

    Rows: project_id, product_id, test, value, threshold, verdict (holds, fails, not_run, not_checked), why. A test
    that cannot be run is not passed; only the mirror may be not_checked, where no partner reports. A rise has no rows.

    Raises
    ------
    Declined : the method does not answer.
    """
    question = main_question(observed, case, method)
    key = "tests", method, question
    if key not in observed.answers:
        placebo = placebo_test(observed, question, method)
        fall = Fall(observed, question, method, placebo)
        rows = [{"test": test, "why": None} | run(fall) for test, run in _TESTS.items()] if placebo["fall"] < 0 else []
        passed = bool(rows) and all(row["verdict"] in PASSED for row in rows)
        observed.answers[key] = placebo | {"told": passed}, rows
    placebo, rows = observed.answers[key]
    return placebo, [{"project_id": case.project_id, "product_id": case.product_id} | row for row in rows]


def _fit(fall: Fall) -> dict:
    """The rank of the fall among the placebos; a pool too small for any p below the threshold cannot tell."""
    threshold, placebo = fall.observed.ds.thresholds["placebo_p"], fall.placebo
    if not placebo["smallest_p"] <= threshold:
        return {"value": placebo["placebo_p"], "threshold": threshold, "verdict": "not_run", "why": "small_pool"}
    return _verdict(placebo["placebo_p"], threshold, placebo["placebo_p"] <= threshold)


def _in_time(fall: Fall) -> dict:
    """The same test a year too early, on data from before the start: there must be no fall."""
    observed, true = fall.observed, fall.question
    base = None if true.base is None else true.base - 1
    early = replace(true, first=true.first - 12, until=true.first, base=base)
    threshold = DOUBT * observed.ds.thresholds["placebo_p"]
    try:
        p = placebo_test(observed, early, fall.method)["placebo_p"]
    except Declined:
        p = np.nan
    if np.isnan(p):
        return {"value": np.nan, "threshold": threshold, "verdict": "not_run", "why": "few_periods"}
    return _verdict(p, threshold, p > threshold)


def _mirror(fall: Fall) -> dict:
    """The fall in the weights that partners report, on both sides, as a share of the fall in the declared ones."""
    share = _share(fall, "mirror_kg")
    if np.isnan(share):
        return {"value": np.nan, "threshold": HALF, "verdict": "not_checked", "why": "no_mirror"}
    return _verdict(share, HALF, share >= HALF)


def _diversion(fall: Fall) -> dict:
    """The same among all partners that ever report, those absent at zero and at their last quantity."""
    shares = [_share(fall, basis) for basis in ("absent_zero", "absent_carried")]
    if np.isnan(shares).any():
        return {"value": np.nan, "threshold": HALF, "verdict": "not_run", "why": "few_periods"}
    return _verdict(min(shares), HALF, min(shares) >= HALF)


def _stocks(fall: Fall) -> dict:
    """The last year before the start to the median of those before it, against the donors': imports brought forward."""
    observed, question = fall.observed, fall.question
    kg = observed.kg.loc[observed.before(question.first), [question.product, *question.donors]]
    counted = kg[question.product].groupby(kg.index.year).count()
    years = kg.groupby(kg.index.year).sum()[counted.eq(YEAR[observed.ds.frequency])]
    if len(years) < YEARS_BEFORE:
        return {"value": np.nan, "threshold": STOCKED, "verdict": "not_run", "why": "few_periods"}
    ratios = years.iloc[-1] / years.iloc[:-1].median()  # all imports may have grown: that is no stock
    ratio = ratios.iloc[0] / ratios.iloc[1:].median()
    return _verdict(ratio, STOCKED, ratio <= STOCKED)


def _verdict(value: float, threshold: float, holds: bool) -> dict:
    return {"value": float(value), "threshold": threshold, "verdict": "holds" if holds else "fails"}


def _share(fall: Fall, basis: str) -> float:
    """The mean fall in another series, with the donors that are whole there, as a share of the fall; empty if none."""
    observed, late = fall.observed, fall.question.late(fall.observed)
    donors = [d for d in fall.question.donors if (observed.values(basis, d) > 0).all()]
    question = replace(fall.question, basis=basis, donors=tuple(donors))
    try:
        expected = expected_imports(observed, question, fall.method)
    except Declined:
        return np.nan
    actual = observed.values(basis, question.product)
    with np.errstate(divide="ignore", invalid="ignore"):
        gap = np.log(actual / expected)[late].mean()
    return float(gap / fall.placebo["fall"])


_TESTS = dict(zip(TESTS, (_fit, _in_time, _mirror, _diversion, _stocks), strict=True))
