"""What an answer, a correction or a what-if would change: findings gone and new, figures before and after."""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from importcut.app.check import Examination, amount, verdict
from importcut.app.run import imports_stand
from importcut.dataset import Dataset, as_of
from importcut.economics import way
from importcut.economics.planning import addressable, plan, planned_cuts
from importcut.economics.standing import target_status
from importcut.intake.clean import clean_imports
from importcut.intake.declarations import read_declarations
from importcut.schema import YEAR, load


def compare(a: Dataset, b: Dataset) -> pd.DataFrame:
    """What is imported, cut, planned, on course to the target and set aside, by two datasets, scenarios or standpoints.

    Parameters
    ----------
    a, b : from `open_dataset`, `scenario`, `what_if`, `add_project` or `standpoint`, as of a period

    Returns a table by figure and id: imports of the last year (by product), what is realised to date and planned up to
    the target year (gross, by project), on course to the target (by reading), imports that findings touch (set_aside,
    by check), in USD; how many cuts are not_told (by reason). Columns before (of `a`), after, difference; empty where a
    figure is not known.

    Examples
    --------
    >>> ds = open_dataset("sample", period="2026Q3")
    >>> table = compare(ds, scenario(ds, "late")).set_index(["figure", "id"])
    >>> table.loc[("target", "cumulative")].round(-5).to_dict()
    {'before': 68200000.0, 'after': 62600000.0, 'difference': -5600000.0}
    """
    a, b = (getattr(each, "ds", each) for each in (a, b))
    cells = import_cells(a)
    other = cells if (a.path, a.period) == (b.path, b.period) else import_cells(b)
    before, after = _amounts(a, cells), _amounts(b, other)
    pairs = {}
    for kind in before:  # what one of them alone knows of is nothing in the other; what is not known stays empty
        ids = before[kind].index.union(after[kind].index)
        own = {name: side[kind].reindex(ids, fill_value=0) for name, side in (("before", before), ("after", after))}
        pairs[kind] = pd.DataFrame(own, dtype=float)
    table = pd.concat(pairs, names=["figure", "id"]).reset_index()
    return table.assign(difference=table["after"] - table["before"])


def import_cells(ds: Dataset) -> pd.DataFrame:
    """Table `cells` (USD, kg) up to the dataset's period, for `way`: of a report that stands, or made here."""
    if imports_stand(ds):
        return load("cells", ds)
    with TemporaryDirectory(prefix="importcut-") as folder:  # a report that is being made is not disturbed
        aside = replace(ds, processed=Path(folder))
        return clean_imports(read_declarations(aside), aside).cells


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
    amounts = _amounts(as_of(result.examined.ds, result.coverage.latest), result.cleaned.cells)
    sums = {"imports": "imports of the last year", "realised": "cut to date", "planned": "cut planned"}
    totals = {words: amounts[name].sum(min_count=1) for name, words in sums.items()}
    totals |= amounts["target"].rename(lambda reading: f"on course to the target, {reading}").to_dict()
    return {name: None if pd.isna(usd) else usd for name, usd in totals.items()}


def _amounts(ds: Dataset, cells: pd.DataFrame) -> dict[str, pd.Series]:
    """The figures that two datasets are compared by: of each kind by id."""
    walked = way(ds, cells)
    panel, realised, caps = walked.panel, walked.realised, addressable(ds, walked.panel, walked.cuts)
    recent, flows = panel["period"].gt(ds.period - YEAR[ds.frequency]), plan(ds, caps)
    planned = planned_cuts(ds, flows)
    cuts = realised["gross_usd"].where(realised["identified"])
    return {
        "imports": panel["value_usd"].where(recent).groupby(panel["product_id"]).sum(),
        "realised": cuts.groupby(realised["project_id"]).sum(min_count=1),
        "planned": planned.groupby("project_id")["gross_usd"].sum(),
        "target": target_status(ds, planned, flows, caps, realised).set_index("reading")["on_course_usd"],
        "set_aside": walked.findings.groupby("check")["affected_value_usd"].sum(),
        "not_told": realised.loc[~realised["identified"], "reason"].value_counts().sort_index(),
    }
