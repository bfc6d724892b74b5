"""What an answer or a correction would change, before it is given: findings gone and new, figures today and then."""

import pandas as pd

from importcut.app.check import Examination, amount, verdict
from importcut.dataset import as_of
from importcut.economics import way
from importcut.economics.planning import addressable, credited, plan, planned_cuts
from importcut.economics.standing import ranking, target_status
from importcut.schema import YEAR


def changes(today: Examination, then: Examination) -> list[str]:
    """Lines for a person: what is said no more and what is new, the figures (USD), whether a report could be made."""
    before, after = ([d.text for d in result.defects] for result in (today, then))
    lines = [f"gone: {text}" for text in before if text not in after]
    lines += [f"new: {text}" for text in after if text not in before]
    was, becomes = _figures(today), _figures(then)
    rows = [f"{amount(was.get(name)):>16}   {amount(becomes.get(name)):>16}   {name}" for name in was | becomes]
    rows = [f"{'USD today':>16}   {'USD then':>16}   –: not known, or no report can be made", *rows]
    return [*(lines or ["nothing is gone or new of what is to be mended"]), "", *rows, "", verdict(then)]


def _figures(result: Examination) -> dict[str, float | None]:
    """Figures of the report of the latest period, None where one is not known; none at all where none can be made."""
    if result.coverage is None or any(defect.stops for defect in result.defects):
        return {}
    ds, cells = as_of(result.examined.ds, result.coverage.latest), result.cleaned.cells
    walked = way(ds, cells)
    caps, recent = addressable(ds, walked.panel, walked.cuts), walked.panel["period"].gt(ds.period - YEAR[ds.frequency])
    flows = plan(ds, caps)
    planned, ranked = planned_cuts(ds, flows), ranking(ds, walked.realised, credited(ds, caps))
    to_date = ranked.loc[ranked["basis"].eq("realised_to_date"), "headline_usd"]
    amounts = {
        "imports of the last year": walked.panel.loc[recent, "value_usd"].sum(),
        "cut to date": to_date.sum(min_count=1),
        "cut planned": planned["gross_usd"].sum(min_count=1),
    }
    for row in target_status(ds, planned, flows, caps, walked.realised).itertuples():
        amounts[f"on course to the target, {row.reading}"] = row.on_course_usd
    return {name: None if pd.isna(usd) else usd for name, usd in amounts.items()}
