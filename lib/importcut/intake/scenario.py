"""Scenarios: what is assumed of the years to come, with unit, reason and source."""

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from importcut.dataset import Dataset
from importcut.intake.settings import in_all_languages, misfits, read_toml
from importcut.intake.values import Fault
from importcut.schema import DataError, choice, listed, one_of, tables

ADD = "add it there or correct it"
NOTHING = MappingProxyType({})
SAID = ("reason", "source")  # what stands beside the values of a single project


def read_scenario(path: Path, name: str, projects: pd.DataFrame) -> MappingProxyType:
    """The scenario, with assumptions of the base scenario where it has none; DataError if it is unknown or wrong."""
    if name not in scenarios(path):
        known = choice(name, sorted(scenarios(path)))
        raise DataError(f"scenario {name}: no file scenarios/{name}.toml — {known}")
    files = {n: path / "scenarios" / f"{n}.toml" for n in ("base", name)}
    read = {n: read_toml(file) if file.exists() else {} for n, file in files.items()}
    base = read["base"].get("assumptions", {})
    if faults := [
        fault for n, written in read.items() for fault in _wrong(written, base, projects, f"scenarios/{n}.toml")
    ]:
        raise DataError(listed(faults))
    unnamed = dict.fromkeys(read["base"].get("title", ()), name)  # not as the base scenario is called
    merged = {
        "title": in_all_languages(read[name].get("title", unnamed)),
        "assumptions": {**base, **read[name].get("assumptions", {})},
        "projects": read[name].get("projects", {}),
        "name": name,
    }
    written = {} if name == "base" else {"base": read_scenario(path, "base", projects)}  # what is over stays as in it
    return MappingProxyType({**read["base"], **read[name], **merged, **written})


def what_if(
    ds: Dataset, projects: dict[str, dict] = NOTHING, *, assumptions: dict = NOTHING, thresholds: dict = NOTHING
) -> Dataset:
    """The dataset under its scenario with other values for single projects: `{"x": {"delay_years": 1.0}}`.

    Parameters
    ----------
    projects : by project_id the values of its assumptions, as a scenario file names them
    assumptions : other values for all projects without one of their own; ranges stay as they are
    thresholds : other values of `[thresholds]` of dataset.toml; `compare` tells what they set aside

    Raises UsageError if there is no such project, assumption or threshold, DataError if a value is out of its bounds.

    Examples
    --------
    >>> ds = open_dataset("sample", period="2026Q3")
    >>> late = what_if(ds, {"antifreeze_navoi": {"delay_years": 1.0}})
    >>> late.scenario["projects"]["antifreeze_navoi"]
    {'delay_years': 1.0}
    """
    for project in projects:
        one_of("project", project, ds.projects["project_id"])
    own = {project: _sound(values, "assumption") for project, values in projects.items()}
    general, limits = _sound(assumptions, "assumption"), _sound(thresholds, "threshold")
    stated = ds.scenario["assumptions"]
    assumed = {**stated, **{name: {**stated.get(name, {}), "value": value} for name, value in general.items()}}
    changed = {"projects": ds.scenario["projects"] | own, "assumptions": assumed, "base": ds.base.scenario}
    scenario = MappingProxyType({**ds.scenario, **changed})
    return replace(ds, scenario=scenario, thresholds=MappingProxyType(ds.thresholds | limits))


def _sound(values: dict[str, float], what: str) -> dict[str, float]:
    """The values, each of a name that there is and within its bounds: of assumptions, or of thresholds."""
    known = tables("settings.toml")
    named = {c.name.partition("thresholds.")[2]: c for c in known["settings"].columns if "thresholds." in c.name}
    bounds = named if what == "threshold" else {c.name: c for c in known["assumptions"].columns}
    numbers = {one_of(what, name, bounds): float(value) for name, value in values.items()}
    if faults := misfits(numbers, [replace(bounds[name], name=name) for name in numbers], ""):
        raise DataError(listed(faults))
    return numbers


def scenarios(path: Path) -> list[str]:
    """Names of a dataset's scenarios, the base scenario first."""
    return ["base", *sorted(file.stem for file in (path / "scenarios").glob("*.toml") if file.stem != "base")]


def _wrong(written: dict, base: dict, projects: pd.DataFrame, place: str) -> list[Fault]:
    """What a scenario says in a way that cannot be used; `base`: the assumptions of the base scenario."""
    known = tables("settings.toml")
    if faults := misfits(written, known["scenario"].columns, place):
        return faults
    bounds, own = ({column.name: column for column in known[name].columns} for name in ("assumptions", "assumption"))
    for name, about in written.get("assumptions", {}).items():
        if name not in bounds:
            faults.append(Fault(place, (), f"{name} is no assumption — {choice(name, bounds)}"))
            continue
        numbers = {n: replace(bounds[name], name=n, optional=c.optional) for n, c in own.items() if c.type == "number"}
        wrong, row = misfits(about, (own | numbers).values(), place, f"assumption {name}"), (f"assumption {name}",)
        if not wrong and (ends := [about.get(part, about["value"]) for part in numbers]) != sorted(ends):
            wrong = [Fault(place, row, f"low, value, high are {ends} — write them in this order")]
        if name not in base:
            wrong.append(Fault(place, row, f"is not in scenarios/base.toml — {ADD}"))
        faults += wrong
    for project, values in written.get("projects", {}).items():
        if project not in set(projects["project_id"]):
            faults.append(Fault(place, (), f"project {project} is not in projects.csv — {ADD}"))
        columns = [replace(column, optional=True) for column in (*bounds.values(), *(own[part] for part in SAID))]
        faults += misfits(values, columns, place, f"project {project}")
    return faults
