"""The leading estimate beside its alternatives: every variant, every method, every donor as if it had the project."""

from collections.abc import Iterable
from itertools import product
from typing import NamedTuple

import numpy as np
import pandas as pd

from importcut.dataset import Dataset
from importcut.economics.cuts import AT_ORIGINS, DELIVERIES, GROSS, case_test, delivering, delivery_cuts, with_support
from importcut.economics.methods import METHODS, Declined, expected_imports
from importcut.economics.placebo import estimate, expected_of_all, main_question, variants
from importcut.economics.series import Observed
from importcut.economics.uncertainty import delivery_outcome, interval
from importcut.schema import PAIR, conform, empty, tables

BY_METHOD = [*PAIR, "method"]


def spread(observed: Observed, methods: Iterable[str] = tuple(METHODS)) -> pd.DataFrame:
    """Table `variants`: the gross cut to date in every variant of the methods."""
    rows = [
        (case.project_id, case.product_id, method, "all" if question.base is None else str(question.base),
         question.basis, ";".join(sorted({*observed.donors} - {*question.donors})), np.nansum(answer["gross_usd"]))
        for case, method in product(observed.identifiable, methods)
        for question, answer in variants(observed, case, method)
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=[*PAIR, "method", "base", "basis", "left_out", "gross_usd"])
    return conform(table, "variants", frequency=observed.ds.frequency)


def estimates(observed: Observed, methods: Iterable[str] = tuple(METHODS)) -> pd.DataFrame:
    """Table `estimates`: the gross cut to date by each method with its interval, and what it is worth.

    `told` is by all five tests of the dataset's own method, of another by its placebo test alone.
    """
    rows, answered, leading = _by_records(observed), [], observed.ds.counterfactual
    for case, method in product(observed.cases.itertuples(), methods):
        about, _ = case_test(observed, case, method, every=method == leading)
        rows.append(about | {"method": method, "base_touched": bool(case.base_touched)})
        if about["reason"] is None:
            rows[-1] |= _growth(observed, case, method)
            own = {key: rows[-1][key] for key in BY_METHOD}
            answered.append(estimate(observed, case, method).reset_index().assign(**own))
    table = pd.DataFrame(rows, columns=[c.name for c in tables()["estimates"].columns])
    if answered:
        table = table.set_index(BY_METHOD).fillna(_to_date(observed.ds, pd.concat(answered))).reset_index()
    table = table.assign(
        leading=table["method"].eq(leading),
        told=table["told"].eq(True) & table["gross_usd"].gt(0),
        detectable_usd=table["detectable_share"] * table["expected_usd"],
    )
    return conform(table, "estimates", frequency=observed.ds.frequency)


def placebos(observed: Observed) -> pd.DataFrame:
    """Table `placebo`: actual and expected imports of each product, and of its donors as if they had its project."""
    ds, frames = observed.ds, []
    method = "control_basket" if ds.counterfactual == DELIVERIES else ds.counterfactual  # records expect no imports
    for case in observed.identifiable:
        try:
            expected = expected_of_all(observed, main_question(observed, case, method), method)
        except Declined:
            continue
        table = expected.stack().rename("expected_kg").to_frame()
        table["actual_kg"] = observed.kg[expected.columns].rename_axis(columns="series").stack()
        table = table.reset_index().assign(project_id=case.project_id, product_id=case.product_id)
        output = pd.Series(~observed.before(case.first), observed.periods)
        role = np.where(table["series"].eq(case.product_id), "product", "donor")
        frames.append(table.assign(role=role, output=table["period"].map(output)))
    return conform(pd.concat(frames), "placebo", frequency=ds.frequency) if frames else empty("placebo", ds)


def _by_records(observed: Observed) -> list[dict]:
    """The cuts by delivery records as rows of `estimates`; none without deliveries."""
    if observed.ds.deliveries.empty:
        return []
    records = delivery_cuts(observed).rename(columns=AT_ORIGINS).assign(net_usd=np.nan)
    cuts = records.groupby(PAIR)[["gross_kg", "gross_usd"]].sum(skipna=False)
    drawn = delivery_outcome(observed.ds, records, PAIR)
    cuts = cuts.join(interval({"gross": drawn["gross"]})) if drawn else cuts
    rows = delivering(observed.ds).join(cuts, on=PAIR).assign(method=DELIVERIES, base_touched=False)
    return rows.assign(told=rows["reason"].isna()).to_dict("records")


def _growth(observed: Observed, case: NamedTuple, method: str) -> dict[str, float]:
    """What was expected to date, and what of it is growth above the base (USD)."""
    question, price = main_question(observed, case, method), observed.price[case.product_id]
    expected, late = expected_imports(observed, question, method), question.late(observed)
    level = observed.kg.loc[observed.inside(case.base), case.product_id].mean()
    amounts = {"growth_usd": expected - level, "expected_usd": expected}
    return {name: (kg * price)[late].sum() for name, kg in amounts.items()}


def _to_date(ds: Dataset, cuts: pd.DataFrame) -> pd.DataFrame:
    """The cuts (BY_METHOD, period) summed to date, and what their plants' limits support of them, by BY_METHOD."""
    cuts = cuts.assign(gross_evidence="inferred")
    supported = pd.concat([with_support(ds, own) for _, own in cuts.groupby("method")])
    return supported.groupby(BY_METHOD)[[*GROSS, "supported_usd"]].sum()
