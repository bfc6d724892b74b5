"""Scenarios: what is assumed of the years to come, with unit, reason and source."""

from pathlib import Path
from types import MappingProxyType

import pandas as pd

from importcut.dataset import unknown_assumption
from importcut.intake.registers import in_all_languages, read_toml
from importcut.schema import DISPATCH, DataError, listed

SAID = ("reason", "source")  # what stands beside the values of a single project


def read_scenario(path: Path, name: str, projects: pd.DataFrame) -> MappingProxyType:
    """The scenario, with assumptions of the base scenario where it has none; DataError if it is unknown or wrong."""
    if name not in scenarios(path):
        known = ", ".join(sorted(scenarios(path)))
        raise DataError(f"scenario {name}: no file scenarios/{name}.toml — choose one of {known}")
    files = {n: path / "scenarios" / f"{n}.toml" for n in ("base", name)}
    read = {n: read_toml(file) if file.exists() else {} for n, file in files.items()}
    assumed = read["base"].get("assumptions", {})
    if errors := [
        f"scenarios/{n}.toml: {error}" for n, written in read.items() for error in _wrong(written, assumed, projects)
    ]:
        raise DataError(listed(errors))
    unnamed = dict.fromkeys(read["base"].get("title", ()), name)  # not as the base scenario is called
    merged = {
        "title": in_all_languages(read[name].get("title", unnamed)),
        "assumptions": {**assumed, **read[name].get("assumptions", {})},
        "projects": read[name].get("projects", {}),
        "name": name,
    }
    written = {} if name == "base" else {"base": read_scenario(path, "base", projects)}  # what is over stays as in it
    return MappingProxyType({**read["base"], **read[name], **merged, **written})


def scenarios(path: Path) -> list[str]:
    """Names of a dataset's scenarios, the base scenario first."""
    return ["base", *sorted(file.stem for file in (path / "scenarios").glob("*.toml") if file.stem != "base")]


def _wrong(written: dict, assumed: dict, projects: pd.DataFrame) -> list[str]:
    errors = []
    if written.get("dispatch", DISPATCH[0]) not in DISPATCH:
        errors.append(f"dispatch {written['dispatch']!r} is not known — choose one of {', '.join(DISPATCH)}")
    for name, about in written.get("assumptions", {}).items():
        if unknown := unknown_assumption(name):
            errors += unknown
        elif not isinstance(about, dict):
            errors.append(f"assumption {name} is {about} — write [assumptions.{name}] with value, unit, reason, source")
        else:
            errors += _wrong_assumption(name, about)
            if name not in assumed:
                errors.append(f"assumption {name} is not in scenarios/base.toml — add it there or correct it")
    for project, values in written.get("projects", {}).items():
        if project not in set(projects["project_id"]):
            errors.append(f"project {project} is not in projects.csv — add it there or correct it")
        for name, value in values.items():
            if name in SAID:
                continue
            errors += [f"project {project}: {error}" for error in unknown_assumption(name)]
            if not _is_number(value):
                errors.append(f"project {project}: {name} {value} — write a number")
    return errors


def _wrong_assumption(name: str, about: dict) -> list[str]:
    errors, numbers = [], [about.get(part, about.get("value")) for part in ("low", "value", "high")]
    if not all(map(_is_number, numbers)):
        errors.append(f"assumption {name} has value {numbers} — write numbers")
    elif numbers != sorted(numbers):
        errors.append(f"assumption {name} has low, value, high {numbers} — write them in this order")
    if missing := [part for part in ("unit", *SAID) if not about.get(part)]:
        errors.append(f"assumption {name} has no {', '.join(missing)} — say it, so that others can judge it")
    return errors


def _is_number(value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
