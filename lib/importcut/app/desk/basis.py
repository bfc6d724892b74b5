"""What the views stand on: a dataset as of a period, under assumptions, with its tables."""

import time
from dataclasses import dataclass, replace
from functools import cache, cached_property

import pandas as pd

from importcut import economics
from importcut.app.coverage import coverage_of
from importcut.app.index import scenario as under_scenario
from importcut.app.supposition import import_cells
from importcut.dataset import Dataset, as_of, as_period, assumption
from importcut.economics.comparison import ledger
from importcut.economics.methods import METHODS
from importcut.economics.panel import profile
from importcut.economics.planning import addressable, credited, plan, planned_cuts
from importcut.intake import declarations
from importcut.intake.opening import open_dataset
from importcut.intake.publication import published
from importcut.intake.scenario import what_if
from importcut.language import Voice, languages
from importcut.schema import DataError, listed, one_of

_opened = cache(open_dataset)
SLIDERS = ("delay_years", "capacity_use", "price_drift")  # assumptions that the reader moves


@dataclass(frozen=True)
class Standpoint:
    """A dataset as of a period, under a scenario with the reader's own assumptions, told in a language.

    Each of its tables is made when it is first asked for, and kept.
    """

    dataset: str
    period: str
    scenario: str = "base"
    language: str = "en"
    assumptions: tuple[tuple[str, float], ...] = ()

    @cached_property
    def ds(self) -> Dataset:
        """The dataset under the scenario and these assumptions."""
        ds = under_scenario(_opened(self.dataset), self.scenario)
        ds = as_of(ds, as_period(self.period, ds.frequency))
        return what_if(ds, assumptions=dict(self.assumptions)) if self.assumptions else ds

    @cached_property
    def say(self) -> Voice:
        """The reader's language."""
        return Voice(self.language, self.ds)

    @cached_property
    def imports(self) -> pd.DataFrame:
        """Table `profile`."""
        return profile(self.way().panel, self.ds.uses, frequency=self.ds.frequency)

    @property
    def methods(self) -> list[str]:
        """The methods that can be asked, the dataset's own first."""
        deliveries = ["deliveries"] if len(self.ds.deliveries) else []
        return sorted([*deliveries, *METHODS], key=lambda method: method != self.ds.counterfactual)

    def way(self, method: str | None = None) -> economics.Way:
        """The way from cells to cuts by a method, by default the dataset's own."""
        return _way(self.dataset, self.period, method or self.ds.counterfactual)

    @cached_property
    def caps(self) -> pd.DataFrame:
        """What can be displaced, from `planned.addressable`."""
        return addressable(self.ds, self.way().panel, self.way().estimates)

    @cached_property
    def planned(self) -> pd.DataFrame:
        """Table `cuts_planned`."""
        return planned_cuts(self.ds, plan(self.ds, self.caps))

    def credit(self, rule: str) -> pd.DataFrame:
        """Table `credit` by one rule."""
        return credited(self.ds, self.caps, rules=(rule,))

    @cached_property
    def ledger(self) -> pd.DataFrame:
        """Table `ledger`, under the scenario's own assumptions."""
        if self.assumptions:
            return _same(replace(self, assumptions=())).ledger
        ds, way = self.ds, self.way()
        intended, attainable = (plan(ds, addressable(ds, way.panel, way.cuts, as_planned=p)) for p in (True, False))
        return ledger(way.realised, intended, attainable, ds, former=published(ds))

    @property
    def base(self) -> "Standpoint":
        """The same dataset and period under the base scenario."""
        return _same(Standpoint(self.dataset, self.period))

    def prepare(self) -> None:
        """Make now what would keep the reader waiting later: the cuts by every method, and the plan."""
        for method in self.methods:
            self.way(method)
        _ = self.base.planned, self.ledger


def standpoint(
    dataset: str, period: str = "", *, scenario: str = "base", language: str = "en", **assumptions: float
) -> Standpoint:
    """A dataset as of a period, by default its latest, under a scenario.

    Equal standpoints are one, with the tables that it has made already.

    assumptions : other values for delay_years, price_drift and the like.
    Raises DataError if the dataset is wrong, has no such period, or a value is out of its bounds; UsageError if a
    language or an assumption is none.
    """
    known = periods(dataset)
    if period and period not in known:
        as_period(period, _opened(dataset).frequency)
        raise DataError(f"period {period} is not in dataset {dataset} — choose one of {', '.join(known)}")
    start = _same(Standpoint(dataset, period or known[0], scenario, one_of("language", language, languages())))
    what_if(start.ds, assumptions=assumptions)  # refuses what is none, or out of its bounds
    moved = {name: value for name, value in assumptions.items() if value != assumption(start.ds, name)}
    return _same(replace(start, assumptions=tuple(sorted(moved.items())))) if moved else start


@cache
def periods(dataset: str) -> list[str]:
    """The periods for which the dataset can be asked, the latest first: those from the end of its base period on."""
    ds = _opened(dataset)
    last = declarations.periods(declarations.read_declarations(ds), ds.frequency)[-1]
    cells = _cells(dataset, str(last))
    span = coverage_of(ds, cells, horizon=last)
    if span.obstacles:
        raise DataError(listed(span.obstacles))
    known = pd.PeriodIndex(cells["period"][cells["period"] <= span.latest].unique())
    return [str(period) for period in known[known.end_time >= ds.base_period.end_time].sort_values()[::-1]]


def read_anew() -> None:
    """Forget what was read and worked out: who asks now is told of the files as they are now."""
    for remembered in (read_at, _opened, periods, _same, _cells, _way):
        remembered.cache_clear()


@cache
def read_at(dataset: str) -> str:
    """When a dataset was first asked for, as 2026-11-26 14:32."""
    return time.strftime("%Y-%m-%d %H:%M")


@cache
def _same(point: Standpoint) -> Standpoint:
    return point


@cache
def _cells(dataset: str, period: str) -> pd.DataFrame:
    return import_cells(open_dataset(dataset, period=period))


@cache
def _way(dataset: str, period: str, method: str) -> economics.Way:
    own = _opened(dataset).counterfactual
    if method != own:
        return economics.by_method(_way(dataset, period, own), method)
    return economics.way(_same(Standpoint(dataset, period)).ds, _cells(dataset, period))
