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

SMALLEST_WEIGHT = 0.01  # of a donor whose absence can move a synthetic control
PLACEBO = ["placebo_rank", "placebo_n", "placebo_p", "smallest_p"]


def main_question(observed: Observed, case: NamedTuple) -> Question:
    """What is asked of a row of `observed.cases`: its base, all donors, mended weights."""
    return Question(case.product_id, case.first, case.base, observed.donors)


def cut(observed: Observed, question: Question, expected: np.ndarray) -> dict[str, np.ndarray]:
    """Cut in the periods with output: gross_kg (empty on the value basis) and gross_usd, at the current unit value."""
    late = ~observed.before(question.first)
    actual = observed.values(question.basis, question.product)[late]
    gap = expected[late] - actual
    if question.basis == "value_usd":
        return {"gross_kg": np.full(len(gap), np.nan), "gross_usd": gap}
    usd, carried = (table[question.product].to_numpy()[late] for table in (observed.usd, observed.price))
    own = np.divide(usd, actual, out=np.full(len(gap), np.nan), where=actual > 0)
    return {"gross_kg": gap, "gross_usd": gap * np.where(np.isnan(own), carried, own)}


def variants(observed: Observed, case: NamedTuple, method: str) -> Iterator[tuple[Question, dict[str, np.ndarray]]]:
    """The estimate over base years × donor sets × bases, the main one first; none if the method declines that."""
    main = main_question(observed, case)
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
    return pd.DataFrame(columns, observed.periods)


def placebo_test(observed: Observed, question: Question, method: str) -> dict[str, float]:
    """Rank of the product's mean log(actual / expected) since the first output among all series, and the fit before.

    `told`: the rank is one that chance gives at most at the threshold `placebo_p`; `detectable_share`: the smallest
    mean fall that would have it, empty if none would.
    """
    late, expected = ~observed.before(question.first), expected_of_all(observed, question, method)
    with np.errstate(divide="ignore"):  # imports that vanish have fallen infinitely
        ratios = np.log(observed.values(question.basis, expected.columns) / expected)
    fall = ratios[late].mean()
    own, others = fall[question.product], np.sort(fall.drop(question.product).dropna())
    early = ratios.loc[~late & ~observed.inside(question.base), question.product]
    fit = float(np.sqrt((early**2).mean())) if len(early) else np.nan
    if len(others) == 0:
        return dict.fromkeys([*PLACEBO, "detectable_share"], np.nan) | {"fit": fit, "told": False}
    test = placebo_rank(own, others)
    allowed = int(observed.ds.thresholds["placebo_p"] * test["placebo_n"] + 1e-9)  # ranks up to the threshold
    detectable = float(1 - np.exp(min(others[allowed - 1], 0.0))) if allowed else np.nan
    return test | {"fit": fit, "detectable_share": detectable, "told": test["placebo_rank"] <= allowed}


def _other_questions(observed: Observed, main: Question, method: str) -> Iterator[Question]:
    bases = [main.base] if method == "synthetic_control" else _bases(observed, main)
    if method == "activity":
        yield from (replace(main, base=base) for base in bases[1:])
        return
    reported = observed.kg.notna().any(axis=1).to_numpy()
    for basis in ("net_kg", "raw_kg", "value_usd"):
        known = (observed.values(basis, main.donors)[reported] > 0).all(axis=0)
        whole = dropped = tuple(np.array(main.donors)[known])
        if method == "synthetic_control":
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
