"""A dataset with everything that is wrong with it at once, and what of it can be read all the same."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from importcut.dataset import Dataset
from importcut.intake.blank import TEMPLATE
from importcut.intake.columns import Fault
from importcut.intake.opening import described, find_dataset
from importcut.intake.registers import read_registers, read_toml, wrong_settings
from importcut.intake.scenario import read_scenario, scenarios
from importcut.schema import PERIODS, DataError

DECIDE = {  # columns of products, plants and exchange_rates that say what an import is; a row without them says nothing
    "product_id", "hs_prefixes", "text_pattern", "priority", "plant_id", "tax_numbers", "aliases",
    "date", "currency", "uzs", "usd", "",
}  # fmt: skip


@dataclass(frozen=True)
class Examined:
    """A dataset as far as it can be read, its registers by the rows of their files, and what is wrong."""

    ds: Dataset
    registers: dict[str, pd.DataFrame]
    places: dict[str, str]
    faults: tuple[Fault, ...]
    unfilled: tuple[Fault, ...]


def examine(name: str | Path) -> Examined:
    """The dataset by name or folder, whatever is wrong with its settings, registers and scenarios.

    Raises DataError if there is no such dataset.
    """
    path, template = find_dataset(name), read_toml(TEMPLATE / "dataset.toml")
    about, wrong = _settings(path)
    known = about.get("frequency") in PERIODS
    frequency = about["frequency"] if known else "Q"
    registers, places, faults = read_registers(path, frequency)
    faults = [fault for fault in faults if known or fault.column != "period"]  # nobody knows how they are to be written
    scenario, misread = _scenarios(path, registers["projects"])
    usable = {key: about[key] for key in ("import_regimes", "title") if key in about} if not wrong else {}
    settings = about if not wrong else {**template, "frequency": frequency, **usable}
    lost = {(fault.place, row) for fault in faults if fault.column in DECIDE for row in fault.rows}
    sound = {
        name: table.drop(index=[row for row in table.index if (places[name], row) in lost]).reset_index(drop=True)
        for name, table in registers.items()
    }
    ds = described(path, settings, sound, scenario)
    return Examined(ds, registers, places, (*wrong, *faults, *misread), tuple(_unfilled(about, template)))


def _settings(path: Path) -> tuple[dict, list[Fault]]:
    try:
        about = read_toml(path / "dataset.toml")
    except DataError as error:
        return {}, [Fault("", (), str(error))]
    frequency = about.get("frequency")
    return about, wrong_settings(about, frequency if frequency in PERIODS else "Q")


def _scenarios(path: Path, projects: pd.DataFrame) -> tuple[dict, list[Fault]]:
    """The base scenario, empty if it is wrong, and what is wrong with any."""
    found, told = {"name": "base"}, []
    for name in scenarios(path):
        try:
            read = read_scenario(path, name, projects)
            found = read if name == "base" else found
        except DataError as error:
            told += str(error).splitlines()
    return found, [Fault("", (), line) for line in dict.fromkeys(told)]


def _unfilled(about: dict, template: dict) -> list[Fault]:
    """What still reads as `importcut new` wrote it."""
    titles, sources = about.get("title", {}), about.get("sources", [])
    left = [
        f"title.{key}"
        for key, text in template["title"].items()
        if isinstance(titles, dict) and titles.get(key) == text
    ]
    left += ["sources"] if sources == template["sources"] else []
    return [Fault("dataset.toml", (), f"{key} is still that of the template — write your own") for key in left]
