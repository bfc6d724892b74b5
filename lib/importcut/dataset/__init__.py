"""A dataset folder: `dataset.toml`, registers and scenarios, validated, as one frozen description."""

import os
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from importcut.dataset.columns import PERIODS, listed
from importcut.dataset.publication import PUBLISHED, Publication, last_published, published
from importcut.dataset.registers import read_registers, read_toml, wrong_settings
from importcut.dataset.scenario import read_scenario, scenarios, unknown_assumption
from importcut.schema import DataError, tables

ROOT = Path(__file__).resolve().parents[3]
LANGUAGE_COLUMNS = {"en": "name_en", "ru": "name_ru", "uz-Cyrl": "name_uz_cyrl", "uz-Latn": "name_uz_latn"}


@dataclass(frozen=True)
class Dataset:
    """What a dataset says of itself; registers are tables with the columns of registers.toml.

    files, formats : how raw files are to be read, and formats of its own (`[[files]]`, `[formats.<name>]`).
    """

    name: str
    path: Path
    frequency: str
    period: pd.Period | None
    title: MappingProxyType
    illustrative: bool
    base_period: pd.Period
    programme_start: pd.Period | None
    target: MappingProxyType
    counterfactual: str
    thresholds: MappingProxyType
    hs_revisions: MappingProxyType
    import_regimes: tuple[str, ...]
    sources: tuple[str, ...]
    scenario: MappingProxyType
    registers: MappingProxyType
    files: tuple[dict, ...]
    formats: MappingProxyType

    def __getattr__(self, name: str) -> pd.DataFrame:
        if name in tables("registers.toml"):
            return self.registers[name].copy()
        raise AttributeError(name)

    @property
    def processed(self) -> Path:
        """Where the tables made of this dataset lie."""
        return Path(os.environ.get("IMPORTCUT_PROCESSED", ROOT / "data" / "processed")) / self.name

    @property
    def tables(self) -> Path:
        """Where the tables of one period and scenario lie."""
        return self.processed / run_name(self.period, self.scenario["name"])

    def names(self, register: str, language: str) -> pd.Series:
        """Names in `language` of the rows of products, plants, purposes or projects, by id."""
        table = self.registers[register]
        return table.set_index(table.columns[0])[LANGUAGE_COLUMNS[language]]


def open_dataset(name: str | Path, *, period: str | None = None, scenario: str = "base") -> Dataset:
    """The dataset in `data/raw/<name>`, or in the folder `name`, as of `period` (`2026Q3`, `2024`).

    Parameters
    ----------
    name : a name in data/raw, or a path
    period : the last period that counts; None for a dataset as of no period
    scenario : a file of the dataset's scenarios/, without .toml

    Returns
    -------
    Dataset
        What it says of itself; each register is a table (`ds.projects`, `ds.products` …), with the columns and units
        of registers.toml.

    Raises
    ------
    DataError : lists everything wrong, one line each: file, row, value, remedy.

    Examples
    --------
    >>> ds = open_dataset("sample", period="2026Q3")
    >>> ds.projects.groupby("class")["cost_usd"].sum().to_dict()
    {'diversification': 10750000.0, 'innovation': 234400.0, 'investment': 5600000.0}
    >>> open_dataset("sample", period="spring")
    Traceback (most recent call last):
    importcut.schema.DataError: period 'spring' is not one — write it as 2026Q3
    """
    path = find_dataset(name)
    about = read_toml(path / "dataset.toml")
    frequency = about.get("frequency")
    wrong = wrong_settings(about, frequency if frequency in PERIODS else "Q")
    if frequency not in PERIODS:
        raise DataError(listed(wrong))
    registers, _, faults = read_registers(path, frequency)
    if wrong + faults:
        raise DataError(listed(wrong + faults))
    return described(path, about, registers, read_scenario(path, scenario, registers["projects"]), period)


def described(
    path: Path, about: dict, registers: dict, scenario: MappingProxyType, period: str | None = None
) -> Dataset:
    """The dataset in `path` that these settings, registers and this scenario make, all of them sound."""
    frequency = about["frequency"]
    start = about.get("programme_start")
    return Dataset(
        name=path.name,
        path=path,
        frequency=frequency,
        period=None if period is None else as_period(period, frequency),
        title=MappingProxyType(about["title"]),
        illustrative=about["illustrative"],
        base_period=pd.Period(str(about["base_period"])),
        programme_start=None if start is None else as_period(start, frequency),
        target=MappingProxyType(about.get("target", {})),
        counterfactual=about["counterfactual"],
        thresholds=MappingProxyType(about["thresholds"]),
        hs_revisions=MappingProxyType(
            {edition: as_period(str(first), frequency) for edition, first in about.get("hs_revisions", {}).items()}
        ),
        import_regimes=tuple(about.get("import_regimes", ())),
        sources=tuple(about["sources"]),
        scenario=scenario,
        registers=MappingProxyType({name: table.reset_index(drop=True) for name, table in registers.items()}),
        files=tuple(about.get("files", ())),
        formats=MappingProxyType(about.get("formats", {})),
    )


def what_if(
    ds: Dataset, projects: dict[str, dict[str, float]], *, assumptions: dict[str, float] | None = None
) -> Dataset:
    """The dataset under its scenario with other values for single projects: `{"x": {"delay_years": 1.0}}`.

    Parameters
    ----------
    projects : by project_id the values of its assumptions, as a scenario file names them
    assumptions : other values for all projects without one of their own; ranges stay as they are

    Raises
    ------
    DataError : a project is not in projects.csv, or an assumption is none.

    Examples
    --------
    >>> ds = open_dataset("sample", period="2026Q3")
    >>> late = what_if(ds, {"antifreeze_navoi": {"delay_years": 1.0}})
    >>> late.scenario["projects"]["antifreeze_navoi"]
    {'delay_years': 1.0}
    """
    unknown = [project for project in projects if project not in set(ds.projects["project_id"])]
    if unknown:
        raise DataError(f"project {', '.join(unknown)} is not in projects.csv — choose one of its project_id")
    general = assumptions or {}
    wrong = [error for own in (*projects.values(), general) for name in own for error in unknown_assumption(name)]
    if wrong:
        raise DataError(listed(wrong))
    stated = ds.scenario["assumptions"]
    assumed = {**stated, **{name: {**stated.get(name, {}), "value": value} for name, value in general.items()}}
    changed = {"projects": ds.scenario["projects"] | projects, "assumptions": assumed}
    return replace(ds, scenario=MappingProxyType({**ds.scenario, **changed}))


def datasets() -> list[str]:
    """Names of the datasets in data/raw."""
    return sorted(file.parent.name for file in (ROOT / "data" / "raw").glob("*/dataset.toml"))


def find_dataset(name: str | Path) -> Path:
    """The folder of a dataset, by name or path.

    Raises DataError if there is none.
    """
    for path in (ROOT / "data" / "raw" / str(name), Path(str(name)).expanduser().resolve()):
        if (path / "dataset.toml").is_file():
            return path
    known = ", ".join(datasets())
    raise DataError(f"dataset {name}: no such dataset, nor a folder with a dataset.toml — choose one of {known}")


def as_period(text: str, frequency: str) -> pd.Period:
    """A period written as the project writes them: `2026Q3`, `2024`.

    Raises DataError if it is written otherwise.
    """
    if not pd.Series([str(text)]).str.fullmatch(PERIODS[frequency]).item():
        example = {"Q": "2026Q3", "Y": "2024"}[frequency]
        raise DataError(f"period {text!r} is not one — write it as {example}")
    return pd.Period(str(text), freq=frequency)


def uncovered(ds: Dataset, first: pd.Period, last: pd.Period) -> str:
    """What is wrong with the base period if the raw files cover `first` to `last`; empty if it lies within them."""
    base = ds.base_period
    if first <= base.asfreq(ds.frequency, how="start") and base.asfreq(ds.frequency, how="end") <= last:
        return ""
    return f"dataset.toml: base_period {base} is not covered by the raw files, {first}–{last} — choose one that is"


def run_name(period: pd.Period | str, scenario: str) -> str:
    """Name of the folders of one report: `2026Q3`, or `2026Q3-late`."""
    return f"{period}" if scenario == "base" else f"{period}-{scenario}"
