"""Scenarios: what is assumed of the years to come, with unit, reason and source."""

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from importcut.dataset import unknown_assumption
from importcut.intake.settings import in_all_languages, misfits, read_toml
from importcut.intake.values import Fault
from importcut.schema import DataError, choice, listed, tables

ADD = "add it there or correct it"
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
            faults += [Fault(place, (), text) for text in unknown_assumption(name)]
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
