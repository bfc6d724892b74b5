"""What a report of the accepted imports can be: of which period, whether at all, and what it has to leave out."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from importcut import economics
from importcut.dataset import PUBLISHED, Dataset, as_of
from importcut.intake.publication import last_published, published
from importcut.schema import DataError

CAUSE = ["reason", "column", "value", "remedy"]  # lines set aside for the same are told once
STRAY = 0.25  # of the lines that a period usually has: fewer of them, beyond a gap, are slips of the pen in the date


@dataclass(frozen=True)
class Coverage:
    """The latest period with imports, what stands against a report, and what it would have to leave out.

    stray : the first period beyond a gap whose few lines count only in a report of that period; None without any.
    """

    latest: pd.Period | None
    stray: pd.Period | None
    obstacles: tuple[str, ...]
    restrictions: tuple[str, ...]


def coverage_of(
    ds: Dataset, cells: pd.DataFrame, *, horizon: pd.Period | None = None, quarantine: Path | None = None
) -> Coverage:
    """What a report can be of `ds.period`, by default of the latest one with imports: `check` and `report` ask this.

    Parameters
    ----------
    cells : table `cells`, from `clean_imports`
    horizon : the latest period of all lines received, where `cells` were told to end before it
    quarantine : the lines set aside, as Parquet: without any import they say why
    """
    if cells.empty:
        return Coverage(None, None, (f"{ds.name}: no line is an import of a product{_why(ds, quarantine)}",), ())
    latest, stray = _ends(cells.groupby("period")["lines"].sum().sort_index())
    period, first = ds.period or latest, cells["period"].min()
    last = max(cells["period"].max(), horizon or latest)
    obstacles = [*outside(ds, period, first, cells["period"].max()), *_base(ds, period, first, last)]
    obstacles += ahead(ds, latest)
    if not obstacles:
        obstacles = economics.obstacles(as_of(ds, period), cells)
    return Coverage(latest, stray, tuple(obstacles), tuple(_restrictions(ds, cells)))


def _why(ds: Dataset, quarantine: Path | None) -> str:
    """For what most lines are set aside, and what to do."""
    aside = pd.DataFrame() if quarantine is None else pd.read_parquet(quarantine, columns=CAUSE)
    if aside.empty:
        return f" — `importcut check {ds.name}` shows why each was set aside"
    (reason, column, value, remedy), lines = next(iter(aside.value_counts(CAUSE, dropna=False).items()))
    return f", {lines:,} are set aside for {column} {value} ({reason.replace('_', ' ')}) — {remedy}"


def ahead(ds: Dataset, latest: pd.Period) -> list[str]:
    """Registers of a dataset as of no period that go beyond the latest imports: the last file is missing."""
    tables = {"activity": ds.activity[ds.activity["scenario"].isna()], "deliveries": ds.deliveries}
    ends = {name: table["period"].max() for name, table in tables.items() if len(table)}
    text = "{0}.csv records {1}, imports end with {2} — add the file of {1}, or make the report of --period {2}"
    return [text.format(name, end, latest) for name, end in ends.items() if ds.period is None and end > latest]


def publications(ds: Dataset, *, own: bool = False) -> list[tuple[str, bool]]:
    """What is wrong with a publication that a report of `ds.period` is compared with, and whether it stops that."""
    try:
        published(ds, own=own)
        folder = last_published(ds, own=own)
    except DataError as error:
        return [("; ".join(str(error).split("\n")), True)]
    if folder is None or (folder / "manifest.json").exists():
        return []
    what = "is missing, so that nobody can tell whether its tables are as they were given out"
    remedy = f"put it back, or publish {folder.name} again"
    return [(f"{PUBLISHED}/{folder.name}/manifest.json: {what} — {remedy}", False)]


def outside(ds: Dataset, period: pd.Period, first: pd.Period, last: pd.Period) -> list[str]:
    """What is wrong with the period of a report where imports cover `first` to `last`."""
    text = f"period {period} is not in dataset {ds.name}, which covers {first}–{last} — choose one of these"
    return [] if first <= period <= last else [text]


def _ends(lines: pd.Series) -> tuple[pd.Period, pd.Period | None]:
    """The latest of the periods with lines, and the first of the stray ones after it."""
    stray = None
    while len(lines) > 1 and lines.index[-1] > lines.index[-2] + 1 and lines.iloc[-1] < STRAY * lines.median():
        lines, stray = lines.iloc[:-1], lines.index[-1]
    return lines.index[-1], stray


def _base(ds: Dataset, period: pd.Period, first: pd.Period, last: pd.Period) -> list[str]:
    """What is wrong with the base period of a report where imports cover `first` to `last`."""
    base = ds.base_period
    begin, end = (base.asfreq(ds.frequency, how=side) for side in ("start", "end"))
    if begin < first or last < end:
        remedy = "choose one that is"
        return [f"dataset.toml: base_period {base} is not covered by the imports, {first}–{last} — {remedy}"]
    if ds.counterfactual == "deliveries" and period < end:
        return [f"period {period}: the base period {base} is not over — choose {end} or later"]
    return []


def _restrictions(ds: Dataset, cells: pd.DataFrame) -> list[str]:
    """What a report has to leave out."""
    weighed = cells.groupby("product_id")["net_kg"].sum()
    without = ", ".join(weighed.index[weighed.eq(0)])
    rows = [
        (ds.projects.empty, "no cuts: no project is registered"),
        (not ds.target or ds.programme_start is None, "no plan: dataset.toml has no target or programme_start"),
        (ds.target and ds.activity.empty, "no plan: activity.csv has no vehicle output"),
        (without, f"no weights and prices of {without}: no line states a weight"),
    ]
    return [text for holds, text in rows if holds]
