"""Cuts from customs data alone: expected less actual imports, the variants of the estimate, and the placebo test."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from importcut.economics.counterfactual.methods import METHODS, Declined, Question, donor_weights
from importcut.economics.counterfactual.observed import Observed
from importcut.economics.indices import placebo_rank

SMALLEST_WEIGHT = 0.01  # of a donor whose absence can move a synthetic control
PLACEBO = ["placebo_rank", "placebo_n", "placebo_p", "smallest_p"]


def question(seen: Observed, case) -> Question:
    """What is asked of a row of `seen.cases`: its base, all donors, mended weights."""
    return Question(case.product_id, case.first, case.base, seen.donors)


def cut(seen: Observed, asked: Question, expected: np.ndarray) -> pd.DataFrame:
    """Cut in the periods with output: gross_kg (empty on the value basis) and gross_usd, at the current unit value."""
    late = ~seen.before(asked.first)
    actual = seen.values(asked.basis, asked.product)[late]
    gap = expected[late] - actual
    if asked.basis == "value_usd":
        columns = {"gross_kg": np.full(len(gap), np.nan), "gross_usd": gap}
    else:
        usd, carried = seen.usd[asked.product].to_numpy()[late], seen.price[asked.product].to_numpy()[late]
        own = np.divide(usd, actual, out=np.full(len(gap), np.nan), where=actual > 0)
        columns = {"gross_kg": gap, "gross_usd": gap * np.where(np.isnan(own), carried, own)}
    return pd.DataFrame(columns, seen.periods[late])


def variants(seen: Observed, case, method: str) -> Iterator[tuple[Question, pd.DataFrame]]:
    """The estimate over base years × donor sets × bases of comparison, the main one first.

    None if the method cannot answer even the main question.
    """
    main = question(seen, case)
    try:
        yield main, cut(seen, main, METHODS[method](seen, main))
    except Declined:
        return
    for asked in _other_questions(seen, main, method):
        try:
            yield asked, cut(seen, asked, METHODS[method](seen, asked))
        except Declined:
            continue


def expected_of_all(seen: Observed, asked: Question, method: str) -> pd.DataFrame:
    """Expected imports, periods × series: the product first, then every donor as if it had the project."""
    columns = {asked.product: METHODS[method](seen, asked)}
    for donor in asked.donors:
        stand_in = replace(asked, product=donor, donors=tuple(d for d in asked.donors if d != donor))
        try:
            columns[donor] = METHODS[method](seen, stand_in)
        except Declined:
            continue
    return pd.DataFrame(columns, seen.periods)


def placebo_test(seen: Observed, asked: Question, method: str) -> dict[str, float]:
    """Rank of the product's mean log(actual / expected) since the first output among all series, and the fit before.

    `told`: the rank is one that chance gives at most at the threshold `placebo_p`; `detectable_share`: the smallest
    mean fall that would have it, empty if none would.
    """
    late, expected = ~seen.before(asked.first), expected_of_all(seen, asked, method)
    with np.errstate(divide="ignore"):  # imports that vanish have fallen infinitely
        ratios = np.log(seen.values(asked.basis, expected.columns) / expected)
    fall = ratios[late].mean()
    own, others = fall[asked.product], np.sort(fall.drop(asked.product).dropna())
    early = ratios.loc[~late & ~seen.inside(asked.base), asked.product]
    fit = float(np.sqrt((early**2).mean())) if len(early) else np.nan
    if len(others) == 0:
        return dict.fromkeys([*PLACEBO, "detectable_share"], np.nan) | {"fit": fit, "told": False}
    found = placebo_rank(own, others)
    allowed = int(seen.ds.thresholds["placebo_p"] * found["placebo_n"] + 1e-9)
    detectable = float(1 - np.exp(min(others[allowed - 1], 0.0))) if allowed else np.nan
    return found | {"fit": fit, "detectable_share": detectable, "told": found["placebo_rank"] <= allowed}


def _other_questions(seen: Observed, main: Question, method: str) -> Iterator[Question]:
    bases = [main.base] if method == "synthetic_control" else _bases(seen, main)
    if method == "activity":
        yield from (replace(main, base=base) for base in bases[1:])
        return
    reported = seen.kg.notna().any(axis=1).to_numpy()
    for basis in ("net_kg", "raw_kg", "value_usd"):
        known = (seen.values(basis, main.donors)[reported] > 0).all(axis=0)
        whole = dropped = tuple(np.array(main.donors)[known])
        if method == "synthetic_control":
            weights = donor_weights(seen, main)
            dropped = weights.index[weights > SMALLEST_WEIGHT] if basis == main.basis else ()
        sets = [whole, *(tuple(d for d in whole if d != left) for left in dropped)]
        asked = (replace(main, base=base, donors=donors, basis=basis) for base in bases for donors in sets)
        yield from (other for other in asked if other != main)


def _bases(seen: Observed, main: Question) -> list[pd.Period | None]:
    """The base, each whole year of imports before it, and all periods before the first output."""
    years = [main.base]
    while True:
        year = years[-1] - 1
        imported = seen.values("net_kg", main.product)[seen.inside(year)]
        if year.start_time < seen.periods[0].start_time or not (imported > 0).all():
            break
        years.append(year)
    return [*years, None] if len(years) > 1 else years
