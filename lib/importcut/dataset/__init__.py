"""A dataset folder: `dataset.toml`, registers and scenarios, validated, as one frozen description."""

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from importcut.dataset.registers import PERIODS, contradictions, read_register, wrong_settings
from importcut.schema import DataError, tables

ROOT = Path(__file__).resolve().parents[3]
LANGUAGE_COLUMNS = {"en": "name_en", "ru": "name_ru", "uz-Cyrl": "name_uz_cyrl", "uz-Latn": "name_uz_latn"}


@dataclass(frozen=True)
class Dataset:
    """What a dataset says of itself; registers are tables with the columns of registers.toml."""

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
    import_regimes: tuple[str, ...]
    sources: tuple[str, ...]
    scenario: MappingProxyType
    registers: MappingProxyType

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

    Raises DataError that lists everything wrong, one line each: file, row, value, remedy.
    """
    path = find_dataset(name)
    about = _toml(path / "dataset.toml")
    frequency, registers, found = about.get("frequency"), {}, {}
    errors = wrong_settings(about, frequency if frequency in PERIODS else "Q")
    if frequency not in PERIODS:
        raise DataError("\n".join(errors))
    for table in tables("registers.toml").values():
        registers[table.name], found[table.name] = read_register(path, table, frequency)
        errors += found[table.name]
    errors += contradictions(registers, found)
    if errors:
        raise DataError("\n".join(errors))
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
        import_regimes=tuple(about.get("import_regimes", ())),
        sources=tuple(about["sources"]),
        scenario=_scenario(path, scenario),
        registers=MappingProxyType({name: table.reset_index(drop=True) for name, table in registers.items()}),
    )


def find_dataset(name: str | Path) -> Path:
    """The folder of a dataset, by name or path.

    Raises DataError if there is none.
    """
    for path in (ROOT / "data" / "raw" / name, Path(name).expanduser().resolve()):
        if (path / "dataset.toml").is_file():
            return path
    known = ", ".join(sorted(p.parent.name for p in (ROOT / "data" / "raw").glob("*/dataset.toml")))
    raise DataError(f"dataset {name}: no such dataset, nor a folder with a dataset.toml — choose one of {known}")


def as_period(text: str, frequency: str) -> pd.Period:
    """A period written as the project writes them: `2026Q3`, `2024`.

    Raises DataError if it is written otherwise.
    """
    if not pd.Series([str(text)]).str.fullmatch(PERIODS[frequency]).item():
        example = {"Q": "2026Q3", "Y": "2024"}[frequency]
        raise DataError(f"period {text!r} is not one — write it as {example}")
    return pd.Period(str(text), freq=frequency)


def run_name(period: pd.Period | str, scenario: str) -> str:
    """Name of the folders of one report: `2026Q3`, or `2026Q3-late`."""
    return f"{period}" if scenario == "base" else f"{period}-{scenario}"


def _scenario(path: Path, name: str) -> MappingProxyType:
    """The scenario, with the assumptions of the base scenario where it has none of its own."""
    known = {"base", *(file.stem for file in (path / "scenarios").glob("*.toml"))}
    if name not in known:
        raise DataError(f"scenario {name}: no file scenarios/{name}.toml — choose one of {', '.join(sorted(known))}")
    base, written = (
        _toml(file) if file.exists() else {} for file in (path / "scenarios" / f"{n}.toml" for n in ("base", name))
    )
    assumed, own = base.get("assumptions", {}), written.get("assumptions", {})
    errors = [
        f"scenarios/{name}.toml: assumption {key} is not in scenarios/base.toml — add it there or correct it"
        for key in own
        if key not in assumed
    ]
    errors += [
        f"scenarios/{name}.toml: assumption {key} has value {about.get('value')!r} — write a number"
        for key, about in own.items()
        if not isinstance(about.get("value"), int | float)
    ]
    if errors:
        raise DataError("\n".join(errors))
    return MappingProxyType({**base, **written, "assumptions": {**assumed, **own}, "name": name})


def _toml(file: Path) -> dict:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{file.name}: {error} — correct the file") from None
