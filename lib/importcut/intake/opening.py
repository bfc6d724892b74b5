"""A dataset's folder: opened, examined with everything that is wrong with it, or begun from the template."""

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from importcut.dataset import FETCHED, PUBLISHED, ROOT, Dataset, as_of, as_period, processed_folder
from importcut.intake.files import FORMER, HIDDEN, RAW
from importcut.intake.quotations import REGISTER
from importcut.intake.registers import MIRROR, read_registers
from importcut.intake.scenario import read_scenario, scenarios
from importcut.intake.sectors import MATRIX, read_input_output
from importcut.intake.settings import TEMPLATE, in_all_languages, is_blank, read_toml, wrong_settings
from importcut.intake.spreadsheet import OLD_WORKBOOK, WORKBOOK
from importcut.intake.values import Fault
from importcut.language import languages
from importcut.schema import LIBRARY, PERIODS, DataError, listed, nearest, tables

DECIDE = {  # columns of products, plants and exchange_rates that say what an import is; a row without them says nothing
    "product_id", "hs_prefixes", "text_pattern", "priority", "plant_id", "tax_numbers", "aliases",
    "date", "currency", "uzs", "usd", "",
}  # fmt: skip
READ = (  # in a dataset's folder, beside its registers
    "dataset.toml", *RAW, "scenarios", PUBLISHED, FETCHED, MATRIX, REGISTER, f"{REGISTER}.json", FORMER,
    WORKBOOK, OLD_WORKBOOK,
)  # fmt: skip
TABULAR = ("", ".csv", ".tsv", ".txt", ".xlsx", ".xls", ".xlsm", ".xlsb", ".ods", ".json", ".parquet")  # or a folder
TABLES_OF_SETTINGS = ("target", "thresholds", "limits", "weights", "uncertainty", "formats", "answers", MATRIX)


@dataclass(frozen=True)
class Examined:
    """A dataset as far as it can be read, its registers by the rows of their files, and what is wrong."""

    ds: Dataset
    registers: dict[str, pd.DataFrame]
    places: dict[str, str]
    faults: tuple[Fault, ...]
    unfilled: tuple[Fault, ...]  # or not read: it hinders no report
    mirror: dict[str, str]  # the raw file that holds partners' exports besides, and its headers for them


def open_dataset(name: str | Path, *, period: str | None = None, scenario: str = "base") -> Dataset:
    """The dataset in `data/raw/<name>`, or in the folder `name`, as of `period` (`2026Q3`, `2024`).

    Parameters
    ----------
    name : a name in data/raw, or a path
    period : the last period that counts; None for a dataset as of no period
    scenario : a file of the dataset's scenarios/, without .toml

    Returns a Dataset: what it says of itself; each register is a table (`ds.projects` …) with the columns and units of
    registers.toml.
    Raises DataError that lists everything wrong, one line each: file, row, value, remedy.

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
    about, registers, _, wrong, faults = _contents(path)
    if wrong or faults:
        raise DataError(listed([*wrong, *faults]))
    ds = _dataset(path, about, registers, read_scenario(path, scenario, registers["projects"]))
    return ds if period is None else as_of(ds, as_period(period, ds.frequency))


def examine(name: str | Path) -> Examined:
    """The dataset by name or folder, whatever is wrong with it; DataError if there is none."""
    path, template = find_dataset(name), read_toml(TEMPLATE / "dataset.toml")
    about, registers, places, wrong, faults = _contents(path)
    scenario, misread = _scenarios(path, registers["projects"])
    sound = {n: own for n, own in about.items() if not any(f.text.startswith((n, f"[{n}")) for f in wrong)}
    settings = {**template, "import_regimes": [], **sound, "frequency": _frequency(about)} if wrong else about
    lost = {(fault.place, row) for fault in faults if fault.column in DECIDE for row in fault.rows}
    sound = {
        name: table.drop(index=[row for row in table.index if (places[name], row) in lost]).reset_index(drop=True)
        for name, table in registers.items()
    }
    ds = _dataset(path, settings, sound, scenario)
    left = (*_unfilled(about), *_strays(path, places)[1])
    return Examined(ds, registers, places, (*wrong, *faults, *misread), left, settings.get(MIRROR, {}))


def new_dataset(folder: str | Path) -> Path:
    """Write a commented dataset into a new or empty folder, whole or not at all; returns the folder.

    Raises DataError if something lies there already.
    """
    folder = Path(folder).expanduser().resolve()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError(f"{folder.name} is there already and not empty — choose another folder, or empty it")
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        shutil.copytree(TEMPLATE, part)
        if folder.exists():
            folder.rmdir()
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return folder


def datasets() -> list[str]:
    """Names of the datasets in data/raw."""
    return sorted(file.parent.name for file in (ROOT / "data" / "raw").glob("*/dataset.toml"))


def find_dataset(name: str | Path) -> Path:
    """The folder of a dataset, by name or path; DataError if there is none, or if a name can mean two."""
    bare = re.fullmatch(r"[^\\/~.][^\\/]*", str(name))  # the others are paths: ./sample, ~/mine
    places = [Path(str(name)).expanduser().resolve(), *([ROOT / "data" / "raw" / str(name)] if bare else [])]
    there = {place.resolve(): place for place in places if (place / "dataset.toml").is_file()}
    if not there:
        known = ", ".join(datasets())
        raise DataError(f"dataset {name}: no such dataset, nor a folder with a dataset.toml — choose one of {known}")
    if len(there) > 1:
        both = " or ".join(map(str, there))
        raise DataError(f"dataset {name} can be {both} — write ./{name} for the first, the whole path for the second")
    return next(iter(there.values()))


def _contents(path: Path) -> tuple[dict, dict[str, pd.DataFrame], dict[str, str], list[Fault], list[Fault]]:
    """Settings, registers by the rows of their files and where each stands; what is wrong with both."""
    try:
        about = read_toml(path / "dataset.toml")
        wrong = wrong_settings(about, _frequency(about))
    except DataError as error:
        about, wrong = {}, [Fault("", (), str(error))]
    closed = []
    [*os.walk(path, onerror=closed.append)]  # a pattern would pass over what may not be read
    wrong += [Fault("", (), f"{error.filename}: {error.strerror} — let this user read it") for error in closed]
    sound = {name: own for name, own in about.items() if not any(fault.text.startswith(name) for fault in wrong)}
    registers, places, faults = read_registers(path, _frequency(about), sound)
    if about.get("frequency") not in PERIODS:  # nobody knows how periods are to be written
        faults = [fault for fault in faults if fault.column != "period"]
    if not wrong:
        table, misfits = read_input_output(path, about, registers, places)
        about, faults = {**about, MATRIX: table}, faults + misfits
    return about, registers, places, wrong, faults + _strays(path, places)[0]


def _strays(path: Path, places: dict[str, str]) -> tuple[list[Fault], list[Fault]]:
    """What lies in a dataset's folder and is not read: named nearly like what is, or like nothing (in one line)."""
    read = {name.partition(".")[0]: name for name in (*READ, WORKBOOK, *(f"{n}.csv" for n in tables("registers.toml")))}
    meant = {}
    for entry in sorted(path.iterdir()):
        if entry.name not in (*READ, *read.values(), *places.values()) and not entry.name.lower().startswith(
            (*HIDDEN, "readme")
        ):
            within = max((name for name in read if name in entry.stem.lower()), key=len, default="")
            near = read.get(within or nearest(entry.stem, read), "")
            meant[entry.name] = near if entry.suffix.lower() in TABULAR else ""
    for name in sorted(file.name for file in (path / "scenarios").glob("*")):
        plain = re.sub(r"\.(toml|tml)(\.txt)?$", ".toml", name.lower())
        if plain.endswith(".toml") and (not name.endswith(".toml") or name != plain == "base.toml"):
            meant[f"scenarios/{name}"] = plain
    remedy = "is not read — is {} meant? Then save it under that name, or take it out of the folder"
    odd = ", ".join(name for name, near in meant.items() if not near)
    where = f"raw files lie in {' or '.join(f'{folder}/' for folder in RAW)}, registers are named as in CODEBOOK.md"
    faults = [Fault(name, (), remedy.format(near)) for name, near in meant.items() if near]
    return faults, [Fault("", (), f"{odd}: not read — {where}")] if odd else []


def _frequency(about: dict) -> str:
    return about["frequency"] if about.get("frequency") in PERIODS else "Q"


def _dataset(path: Path, about: dict, registers: dict, scenario: MappingProxyType) -> Dataset:
    """The dataset in `path` that these settings, registers and this scenario make, all of them sound."""
    frequency = about["frequency"]
    start, editions = about.get("programme_start"), about.get("hs_revisions", {})
    return Dataset(
        name=path.name,
        path=path,
        processed=processed_folder(path),
        frequency=frequency,
        period=None,
        title=MappingProxyType(in_all_languages(about["title"]) or dict.fromkeys(languages(), path.name)),
        illustrative=about["illustrative"],
        base_period=pd.Period(str(about["base_period"])),
        programme_start=None if start is None else as_period(start, frequency),
        counterfactual=about["counterfactual"],
        absence=about.get("absence", "zero"),
        hs_revisions=MappingProxyType({name: as_period(str(first), frequency) for name, first in editions.items()}),
        recut=pd.read_csv(LIBRARY / "hs_revisions.csv", dtype="str"),
        import_regimes=tuple(about.get("import_regimes", ())),
        reporter=tuple(about.get("reporter", ())),
        proper=tuple(about.get("proper", ())),
        sources=tuple(filter(None, map(in_all_languages, about["sources"]))),
        scenario=scenario,
        registers=MappingProxyType({name: table.reset_index(drop=True) for name, table in registers.items()}),
        files=tuple(about.get("files", ())),
        **{name: MappingProxyType(about.get(name, {})) for name in TABLES_OF_SETTINGS},
    )


def _scenarios(path: Path, projects: pd.DataFrame) -> tuple[dict, list[Fault]]:
    """The base scenario, empty if it is wrong, and what is wrong with any."""
    base, wrong = {"name": "base"}, []
    for name in scenarios(path):
        try:
            read = read_scenario(path, name, projects)
            base = read if name == "base" else base
        except DataError as error:
            wrong += str(error).split("\n")
    return base, [Fault("", (), line) for line in dict.fromkeys(wrong)]


def _unfilled(about: dict) -> list[Fault]:
    """What still reads as `importcut new` wrote it, and is not shown in a report."""
    titles, sources = about.get("title", {}), about.get("sources", [])
    titles = titles if isinstance(titles, dict) else {}
    keys = [f"title.{language}" for language, text in titles.items() if is_blank(text)]
    keys += ["sources"] if any(is_blank(text) for source in sources for text in dict(source).values()) else []
    return [Fault("dataset.toml", (), f"{key} is still that of the template — write your own") for key in keys]
