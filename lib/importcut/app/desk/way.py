"""The way from a dataset's raw files to what the views ask for; every step is made once and kept."""

from dataclasses import dataclass, replace
from functools import cache, cached_property
from tempfile import TemporaryDirectory

import pandas as pd

from importcut.dataset import Dataset, as_period, assumption, what_if
from importcut.economics.comparison import ledger
from importcut.economics.cuts import counterfactual_imports, identification, identified_cuts, plant_cuts, realised_cuts
from importcut.economics.methods import METHODS
from importcut.economics.panel import import_panel, profile, unrepaired
from importcut.economics.planning import addressable, credited, plan, planned_cuts
from importcut.economics.prices import mix_constant_prices
from importcut.economics.series import Observed, observe
from importcut.intake.clean import clean_imports
from importcut.intake.declarations import read_declarations
from importcut.intake.opening import find_dataset, open_dataset
from importcut.intake.publication import published
from importcut.intake.scenario import read_scenario
from importcut.language import Voice
from importcut.schema import PAIR, DataError, load

SLIDERS = ("delay_years", "capacity_use", "price_drift")  # assumptions that the reader moves


@dataclass(frozen=True)
class Told:
    """What a method of the counterfactual tells: plant cuts, those credited, and the tables made of them."""

    estimated: pd.DataFrame
    found: pd.DataFrame
    cuts: pd.DataFrame
    realised: pd.DataFrame
    expected: pd.DataFrame


@dataclass(frozen=True)
class Way:
    """A dataset as of a period, under a scenario with the reader's own assumptions, told in a language."""

    dataset: str
    period: str
    scenario: str = "base"
    language: str = "en"
    assumptions: tuple[tuple[str, float], ...] = ()

    @cached_property
    def ds(self) -> Dataset:
        """The dataset under the scenario and these assumptions."""
        ds = _scenario(self.dataset, self.period, self.scenario)
        return what_if(ds, {}, assumptions=dict(self.assumptions)) if self.assumptions else ds

    @cached_property
    def say(self) -> Voice:
        """The reader's language."""
        return Voice(self.language, self.ds)

    @property
    def imports(self) -> pd.DataFrame:
        """Table `profile`."""
        return _profile(self.dataset, self.period)

    @property
    def methods(self) -> list[str]:
        """The methods that can be asked, the dataset's own first."""
        recorded = ["deliveries"] if len(self.ds.deliveries) else []
        return sorted([*recorded, *METHODS], key=lambda method: method != self.ds.counterfactual)

    def told(self, method: str | None = None) -> Told:
        """What the method tells of this period, by default the dataset's own."""
        return _told(self.dataset, self.period, method or self.ds.counterfactual)

    @cached_property
    def caps(self) -> pd.DataFrame:
        """What can be displaced, from `planned.addressable`."""
        return addressable(self.ds, _panel(self.dataset, self.period)[0], self.told().estimated)

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
        return _ledger(self.dataset, self.period, self.scenario)

    def prepare(self) -> None:
        """Make now what would keep the reader waiting later: the cuts by every method, and the plan."""
        for method in self.methods:
            self.told(method)
        _ = self.as_it_stands, self.ledger

    @property
    def as_it_stands(self) -> pd.DataFrame:
        """Table `cuts_planned` under the base scenario."""
        return _base_plan(self.dataset, self.period)


def walk(dataset: str, period: str = "", *, scenario: str = "base", language: str = "en", **assumptions: float) -> Way:
    """The way of a dataset as of a period, by default its latest, with other values for delay_years, price_drift …

    Raises DataError if the dataset is wrong, has no such period, or an assumption is none.
    """
    known = periods(dataset)
    if period and period not in known:
        as_period(period, _opened(dataset).frequency)
        raise DataError(f"period {period} is not in dataset {dataset} — choose one of {', '.join(known)}")
    start = Way(dataset, period or known[0], scenario, language)
    moved = {name: value for name, value in assumptions.items() if value != assumption(start.ds, name)}
    return replace(start, assumptions=tuple(sorted(moved.items()))) if moved else start


@cache
def periods(dataset: str) -> list[str]:
    """The periods for which the dataset can be asked, the latest first: those from the end of its base period on."""
    ds, known = _opened(dataset), pd.PeriodIndex(_received(dataset)["period"].unique())
    return [str(period) for period in known[known.end_time >= ds.base_period.end_time].sort_values()[::-1]]


@cache
def _opened(dataset: str) -> Dataset:
    return open_dataset(dataset)


@cache
def _scenario(dataset: str, period: str, scenario: str) -> Dataset:
    ds = _opened(dataset)
    read = read_scenario(ds.path, scenario, ds.projects)
    return replace(ds, period=as_period(period, ds.frequency), scenario=read)


@cache
def _received(dataset: str) -> pd.DataFrame:
    """Table `cells` of all periods: as the report made it, or made here where there is none, or raw files are newer."""
    ds = _opened(dataset)
    made = ds.processed / "cells.parquet"
    newest = max(file.stat().st_mtime for file in find_dataset(dataset).rglob("*"))
    if made.exists() and made.stat().st_mtime > newest:
        return load("cells", ds)
    with TemporaryDirectory(prefix="importcut-") as folder:  # a report that is being made is not disturbed
        aside = replace(ds, name=folder)  # an absolute path: its tables lie there
        return clean_imports(read_declarations(aside), aside).cells


@cache
def _panel(dataset: str, period: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    return import_panel(_received(dataset), _scenario(dataset, period, "base"))


@cache
def _profile(dataset: str, period: str) -> pd.DataFrame:
    ds = _opened(dataset)
    return profile(_panel(dataset, period)[0], ds.uses, frequency=ds.frequency)


@cache
def _observed(dataset: str, period: str) -> Observed:
    ds, (panel, findings) = _scenario(dataset, period, "base"), _panel(dataset, period)
    groups, served = ds.products.set_index("product_id")["group"], ds.deliveries[["product_id", "plant_id"]]
    prices = mix_constant_prices(panel, groups, ds.base_period, plants=served)
    return observe(ds, panel, prices, broken=unrepaired(findings))


@cache
def _told(dataset: str, period: str, method: str) -> Told:
    seen = _observed(dataset, period)
    ds = replace(seen.ds, counterfactual=method)
    asked = replace(seen, ds=ds)
    estimated = plant_cuts(asked)
    found = identification(asked, estimated)
    cuts = identified_cuts(estimated, found)
    expected = counterfactual_imports(seen.panel, cuts, ds)
    return Told(estimated, found[[*PAIR, "reason"]], cuts, realised_cuts(ds, cuts, found), expected)


@cache
def _ledger(dataset: str, period: str, scenario: str) -> pd.DataFrame:
    ds, told = _scenario(dataset, period, scenario), _told(dataset, period, _opened(dataset).counterfactual)
    panel = _panel(dataset, period)[0]
    intended, attainable = (plan(ds, addressable(ds, panel, told.cuts, as_planned=p)) for p in (True, False))
    return ledger(told.realised, intended, attainable, ds, former=published(ds))


@cache
def _base_plan(dataset: str, period: str) -> pd.DataFrame:
    return Way(dataset, period).planned
