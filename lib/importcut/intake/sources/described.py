"""What each format calls its columns and which rows it counts: formats/*.toml, and what a dataset says of its own."""

import fnmatch
import re
import tomllib
from functools import cache

from importcut.intake.sources.formats import Format, normal
from importcut.schema import LIBRARY, DataError, tables

FORMATS = LIBRARY / "formats"
KEYS = {"name", "title", "signature", "columns", "scope", "wide", "records", "about"}
COLUMN_KEYS = {
    "headers", "type", "required", "instead", "default", "dates", "scale", "unit", "units", "empty", "strip",
}  # fmt: skip
WITHIN_YEAR = re.compile("%[bBmj]")  # a date written without one of these names a whole year
FORCED = {"match", "format", "encoding", "separator", "decimal", "sheet", "add"}
SCOPE_KEYS = {"header", "keep", "drop", "reason", "frequency"}


def known_formats(ds) -> list[Format]:
    """The formats of the library, with what the dataset's `[formats.<name>]` adds to them or has of its own.

    Raises DataError if the dataset describes one that cannot be used.
    """
    described = dict(_library())
    for name, own in ds.formats.items():
        described[name] = _merged(name, described.get(name, {}), own)
    return [_format(name, spec, ds) for name, spec in described.items()]


@cache
def _library() -> dict[str, dict]:
    return {file.stem: tomllib.loads(file.read_text(encoding="utf-8")) for file in sorted(FORMATS.glob("*.toml"))}


def _merged(name: str, known: dict, own: dict) -> dict:
    """A format as the library describes it, with the headers that a dataset adds in front."""
    if unknown := sorted(set(own) - KEYS):
        raise DataError(
            f"dataset.toml: [formats.{name}] has {', '.join(unknown)} — it may hold {', '.join(sorted(KEYS))}"
        )
    columns = {column: dict(about) for column, about in known.get("columns", {}).items()}
    described = {c.name for c in tables()["declarations"].columns[2:]}
    for column, about in own.get("columns", {}).items():
        if column not in described or not isinstance(about, dict) or set(about) - COLUMN_KEYS:
            raise DataError(
                f"dataset.toml: [formats.{name}.columns.{column}] cannot be used — a column is one of "
                f"{', '.join(sorted(described))}, described by {', '.join(sorted(COLUMN_KEYS))}"
            )
        before = columns.get(column, {})
        headers = [*about.get("headers", ()), *before.get("headers", ())]
        columns[column] = {**before, **about, **({"headers": headers} if headers else {})}
    mine = {normal(rule.get("header", "")) for rule in own.get("scope", ())}
    scope = [rule for rule in known.get("scope", ()) if normal(rule["header"]) not in mine]
    return {**known, **own, "columns": columns, "scope": [*scope, *own.get("scope", ())]}


def _format(name: str, spec: dict, ds) -> Format:
    """A format as this dataset reads it: what it asks for, rows and dates of its frequency only.

    Raises DataError if a row filter cannot be used.
    """
    for rule in spec.get("scope", ()):
        if set(rule) - SCOPE_KEYS or "header" not in rule or ("keep" in rule) == ("drop" in rule):
            raise DataError(f"dataset.toml: [[formats.{name}.scope]] needs header, reason, and keep or drop")
    asked = {"regimes": bool(ds.import_regimes), "plants": not ds.plants.empty}
    columns, unusable = {}, ""
    for column, about in spec.get("columns", {}).items():
        columns[column] = {**about, "required": asked.get(about.get("required"), about.get("required", False))}
        if dates := about.get("dates"):
            columns[column]["dates"] = [d for d in dates if ds.frequency == "Y" or WITHIN_YEAR.search(d)]
            if not columns[column]["dates"]:
                unusable = "whose figures are annual, and the dataset is quarterly — set frequency in dataset.toml"
    scope = [
        {"reason": "other_rows", **rule}
        for rule in spec.get("scope", ())
        if rule.get("frequency", ds.frequency) == ds.frequency
    ]
    return Format(
        name, spec.get("title", name), tuple(spec.get("signature", ())), columns, tuple(scope), spec.get("wide", {}),
        spec.get("records", ""), spec.get("about", {}), unusable,
    )  # fmt: skip


def forced(source_file: str, ds) -> dict:
    """What dataset.toml says of a file in [[files]]; the first entry whose `match` fits it.

    Raises DataError if it says something that cannot be said.
    """
    for about in ds.files:
        if unknown := sorted(set(about) - FORCED):
            raise DataError(
                f"dataset.toml: [[files]] has {', '.join(unknown)} — it may hold {', '.join(sorted(FORCED))}"
            )
        if fnmatch.fnmatch(source_file, about.get("match", "*")):
            return about
    return {}


def unused(ds, source_files: list[str]) -> list[str]:
    """What is wrong with the [[files]] entries that fit no file, one sentence each."""
    names = {name.split("#")[0] for name in source_files}
    return [
        f"dataset.toml: [[files]] match {about['match']!r} fits no file — correct it (files are named as {min(names)})"
        for about in ds.files
        if "match" in about and not fnmatch.filter(names, about["match"])
    ]
