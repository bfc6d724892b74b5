"""A dataset folder: `dataset.toml`, registers and scenarios, validated, as one frozen description."""

from pathlib import Path
from types import MappingProxyType

import pandas as pd

from importcut.dataset import ROOT, Dataset, as_period
from importcut.intake.registers import read_registers, read_toml, wrong_settings
from importcut.intake.scenario import in_all_languages, read_scenario
from importcut.schema import LIBRARY, PERIODS, DataError, listed


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
        title=MappingProxyType(in_all_languages(about["title"])),
        illustrative=about["illustrative"],
        base_period=pd.Period(str(about["base_period"])),
        programme_start=None if start is None else as_period(start, frequency),
        target=MappingProxyType(about.get("target", {})),
        counterfactual=about["counterfactual"],
        thresholds=MappingProxyType(about["thresholds"]),
        weights=MappingProxyType(about.get("weights", {})),
        hs_revisions=MappingProxyType(
            {edition: as_period(str(first), frequency) for edition, first in about.get("hs_revisions", {}).items()}
        ),
        recut=pd.read_csv(LIBRARY / "hs_revisions.csv", dtype="str"),
        import_regimes=tuple(about.get("import_regimes", ())),
        sources=tuple(map(in_all_languages, about["sources"])),
        scenario=scenario,
        registers=MappingProxyType({name: table.reset_index(drop=True) for name, table in registers.items()}),
        files=tuple(about.get("files", ())),
        formats=MappingProxyType(about.get("formats", {})),
    )


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
