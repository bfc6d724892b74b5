"""Cuts from customs data alone: expected less actual imports, the variants of the estimate, and the placebo test."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from typing import NamedTuple

import numpy as np
import pandas as pd

from importcut.economics.indices import placebo_rank
from importcut.economics.methods import Declined, Question, donor_weights, expected_imports
from importcut.economics.series import Observed
from importcut.schema import RANGE

SMALLEST_WEIGHT = 0.01  # of a donor whose absence can move a synthetic control
FEWEST_BEFORE = 4  # periods before the start from which the fit counts: the gap of three is hardly known
NO_GAP = 1e-12  # mean square: where all fit exactly, the larger fall still has the larger ratio
POWER = 0.8  # with which a fall is to be found
PLACEBO = ["placebo_rank", "placebo_n", "placebo_p", "smallest_p"]
WITH_LEVEL = "synthetic_did"  # the method that gives every series a level of its own, so that it fits by construction


def main_question(observed: Observed, case: NamedTuple, method: str) -> Question:
    """What is asked of a row of `observed.cases`: its base, all donors, mended weights; trial output is output."""
    first = case.trial if method == WITH_LEVEL and not pd.isna(case.trial) else case.first
    return Question(case.product_id, first, case.base, observed.donors)


def cut(observed: Observed, question: Question, expected: np.ndarray) -> dict[str, np.ndarray]:
    """Cut in the periods with output: gross_kg (empty on the value basis) and gross_usd, at the current unit value."""
    late = question.late(observed)
    actual = observed.values(question.basis, question.product)[late]
    gap = expected[late] - actual
    if question.basis == "value_usd":
        return {"gross_kg": np.full(len(gap), np.nan), "gross_usd": gap}
    usd, carried = (table[question.product].to_numpy()[late] for table in (observed.usd, observed.price))
    own = np.divide(usd, actual, out=np.full(len(gap), np.nan), where=actual > 0)
    return {"gross_kg": gap, "gross_usd": gap * np.where(np.isnan(own), carried, own)}


def estimate(observed: Observed, case: NamedTuple, method: str) -> pd.DataFrame:
    """The cut by period with output: gross_kg, gross_usd and the placebo interval (gross_low_usd, gross_high_usd).

    Raises
    ------
    Declined : the method does not answer.
    """
    question = main_question(observed, case, method)
    expected, test = expected_imports(observed, question, method), placebo_test(observed, question, method)
    low, high = (cut(observed, question, expected * test[end])["gross_usd"] for end in ("low", "high"))
    answer = cut(observed, question, expected) | {"gross_low_usd": low, "gross_high_usd": high}
    return pd.DataFrame(answer, observed.periods[question.late(observed)].rename("period"))


def variants(observed: Observed, case: NamedTuple, method: str) -> Iterator[tuple[Question, dict[str, np.ndarray]]]:
    """The estimate over base years × donor sets × bases, the main one first; none if the method declines that."""
    main = main_question(observed, case, method)
    for question in chain([main], _other_questions(observed, main, method)):
        try:
            yield question, cut(observed, question, expected_imports(observed, question, method))
        except Declined:
            if question == main:
                return


def expected_of_all(observed: Observed, question: Question, method: str) -> pd.DataFrame:
    """Expected imports, periods × series: the product first, then every donor as if it had the project."""
    columns = {question.product: expected_imports(observed, question, method)}
    for donor in question.donors:
        stand_in = replace(question, product=donor, donors=tuple(d for d in question.donors if d != donor))
        try:
            columns[donor] = expected_imports(observed, stand_in, method)
        except Declined:
            continue
    return pd.DataFrame(columns, observed.periods).rename_axis(columns="series")


def placebo_test(observed: Observed, question: Question, method: str) -> dict[str, float]:
    """Rank of the product's fall among those of the donors as if they had the project, and the fit before.

    `told`: the rank is one that chance gives at most at the threshold `placebo_p`; `fall`: the mean gap between actual
    and expected imports since the start; `low`, `high`: the placebo interval, factors of what is expected;
    `detectable_share`: the smallest mean fall that would be found with a probability of POWER, empty if none would.

    References
    ----------
    Abadie, Diamond and Hainmueller (2010), JASA 105: the ratio of the squared gaps after and before.
    """
    key = "placebo", method, question
    if key not in observed.answers:
        observed.answers[key] = _test(observed, question, method)
    return observed.answers[key]


def _test(observed: Observed, question: Question, method: str) -> dict[str, float]:
    gaps, vanished = _gaps(observed, question, method)
    late, early = question.late(observed), observed.before(question.first)
    fall, before = gaps[late].mean(), _gaps_before(observed, question, method, gaps)
    own, others = question.product, fall.drop(question.product).dropna()
    fit = float(np.sqrt((before[own] ** 2).mean())) if len(before) else np.nan
    about = {"fit": fit, "fall": fall[own]}
    if others.empty:
        return dict.fromkeys([*PLACEBO, "detectable_share", "low", "high"], np.nan) | about | {"told": False}
    statistic = fall
    if early.sum() >= FEWEST_BEFORE and len(before):
        misfit = (before**2).mean().clip(lower=NO_GAP)
        statistic = np.sign(fall) * (gaps[late] ** 2).mean() / (misfit + misfit[others.index].median())
    test = placebo_rank(statistic[own], statistic[others.index].to_numpy())
    allowed = int(observed.ds.thresholds["placebo_p"] * test["placebo_n"] + 1e-9)  # ranks up to the threshold
    needed = np.sort(others)[allowed - 1] - others.quantile(POWER) if allowed else np.nan
    detectable = float(min(-needed, 1.0) if vanished else 1 - np.exp(min(needed, 0.0)))
    ends = others.quantile(RANGE).to_numpy()
    low, high = 1 + ends if vanished else np.exp(ends)
    about |= {"low": low, "high": high, "detectable_share": detectable}
    return test | about | {"told": test["placebo_rank"] <= allowed}


def _gaps(observed: Observed, question: Question, method: str) -> tuple[pd.DataFrame, bool]:
    """log(actual / expected) of all series; where the product's imports vanish, which have no logarithm, the share."""
    expected = expected_of_all(observed, question, method)
    actual = observed.values(question.basis, expected.columns)
    vanished = bool((actual[question.late(observed), 0] == 0).any())
    with np.errstate(divide="ignore"):
        return (actual / expected - 1 if vanished else np.log(actual / expected)), vanished


def _gaps_before(observed: Observed, question: Question, method: str, gaps: pd.DataFrame) -> pd.DataFrame:
    """The gaps in the periods before the start outside the base; of a series with its own level, each left out once."""
    early = observed.before(question.first) & observed.kg.notna().any(axis=1).to_numpy()
    if method != WITH_LEVEL:
        return gaps[early if question.base is None else early & ~observed.inside(question.base)]
    rows = []
    for period in observed.periods[early]:
        try:
            left_out, _ = _gaps(observed, replace(question, without=period), method)
        except Declined:
            continue
        rows.append(left_out.loc[[period]])
    return pd.concat(rows) if rows else gaps.head(0)


def _other_questions(observed: Observed, main: Question, method: str) -> Iterator[Question]:
    weighted = method in ("synthetic_control", WITH_LEVEL)
    bases = [main.base] if weighted else _bases(observed, main)
    if method == "activity":
        yield from (replace(main, base=base) for base in bases[1:])
        return
    reported = observed.kg.notna().any(axis=1).to_numpy()
    for basis in ("net_kg", "raw_kg", "value_usd"):
        known = (observed.values(basis, main.donors)[reported] > 0).all(axis=0)
        whole = dropped = tuple(np.array(main.donors)[known])
        if method == WITH_LEVEL:
            dropped = ()  # none of its many donors weighs much
        elif weighted:
            weights = donor_weights(observed, main)
            dropped = weights.index[weights > SMALLEST_WEIGHT] if basis == main.basis else ()
        sets = [whole, *(tuple(d for d in whole if d != left) for left in dropped)]
        others = (replace(main, base=base, donors=donors, basis=basis) for base in bases for donors in sets)
        yield from (other for other in others if other != main)


def _bases(observed: Observed, main: Question) -> list[pd.Period | None]:
    """The base, each whole year of imports before it, and all periods before the first output."""
    years = [main.base]
    while True:
        year = years[-1] - 1
        imported = observed.values("net_kg", main.product)[observed.inside(year)]
        if year.start_time < observed.periods[0].start_time or not (imported > 0).all():
            break
        years.append(year)
    return [*years, None] if len(years) > 1 else years
