"""Formats of raw files (formats/*.toml, and what a dataset says of its own): which one a header fits, and where."""

import fnmatch
import re
import tomllib
import unicodedata
from dataclasses import dataclass
from functools import cache

from importcut.dataset import Dataset
from importcut.schema import LIBRARY, DataError, tables

LOOK_ALIKES = str.maketrans("авекмнорстух", "abekmhopctyx")  # Cyrillic letters that stand for Latin ones, and back
TYPED_APOSTROPHES = str.maketrans("ʻʼ‘’`´", "''''''")  # the Uzbek o‘ and g‘ are typed with any of these
SPECS = LIBRARY / "formats"  # one description each
KEYS = {"name", "title", "signature", "columns", "scope", "wide", "records", "about"}
COLUMN_KEYS = {
    "headers", "type", "required", "instead", "default", "dates", "scale", "unit", "units", "empty", "strip",
}  # fmt: skip
WITHIN_YEAR = re.compile("%[bBmj]")  # a date written without one of these names a whole year
FORCED = {"match", "format", "encoding", "separator", "decimal", "sheet", "add"}
SCOPE_KEYS = {"header", "keep", "drop", "reason", "frequency"}


@dataclass(frozen=True)
class Format:
    """A format: how its columns are headed and written, and which of its rows are imports.

    signature : headers without which a file is not of this format.
    columns : by column of `declarations`: headers (aliases; one with a scale of its own is {header, scale}), type,
        required (true, or what of the dataset asks for it: regimes, plants), instead (column that may stand for it),
        default, dates (how they are written), scale (what the number is multiplied by, where the file counts in
        thousands), unit (header under which each row says its unit) and units (what these are multiplied by), empty
        (texts that mean none), strip (signs around the text).
    scope : rows that count, by header: keep or drop values, reason for the rest; frequency: of what datasets.
    wide : pattern of headers that are periods, cumulative or not; records : where the rows stand in a JSON file;
        about : where that file says what holds for all of them: records, name, value.
    unusable : why no file can be of this format in this dataset.
    """

    name: str
    title: str
    signature: tuple[str, ...]
    columns: dict
    scope: tuple[dict, ...]
    wide: dict
    records: str
    about: dict
    unusable: str


@dataclass(frozen=True)
class Fit:
    """A format and where in a header its columns, their scale or unit, and the columns of its scope stand.

    unread : headers of which the format knows nothing.
    """

    format: Format
    position: dict[str, int]
    scale: dict[str, float]
    unit: dict[str, int]
    scope: tuple[tuple[int, dict], ...]
    unread: tuple[str, ...]


@cache
def normal(header: str) -> str:
    """A header without what nobody sees: case, blanks, and which of two alphabets a letter is from."""
    text = unicodedata.normalize("NFKC", str(header)).replace("\ufeff", "")
    return " ".join(text.split()).casefold().translate(LOOK_ALIKES).translate(TYPED_APOSTROPHES)


def fit_of(header: list[str], format: Format) -> Fit:
    """Where the columns of a format stand in a header."""
    if format.wide:
        header = long_header(header, format.wide)
    places = {name: n for n, name in reversed([*enumerate(map(normal, header))])}
    position, scale, unit = {}, {}, {}
    for column, about in format.columns.items():
        standing = [(places[name], times) for name, times in aliases(about) if name in places]
        if standing:
            position[column], scale[column] = min(standing, key=lambda pair: pair[0])
            if "unit" in about and normal(about["unit"]) in places:
                unit[column] = places[normal(about["unit"])]
    scope = [(places[normal(rule["header"])], rule) for rule in format.scope if normal(rule["header"]) in places]
    read = {*position.values(), *unit.values(), *(n for n, _ in scope)}
    unread = tuple(str(name).strip() for n, name in enumerate(header) if n not in read and str(name).strip())
    return Fit(format, position, scale, unit, tuple(scope), unread)


def aliases(about: dict) -> list[tuple[str, float]]:
    """The headers of a column, each with what its numbers are multiplied by."""
    whole = about.get("scale", 1)
    return [
        (normal(h["header"]), h.get("scale", whole)) if isinstance(h, dict) else (normal(h), whole)
        for h in about.get("headers", ())
    ]


def period_headers(header: list[str], wide: dict) -> dict[int, str]:
    """The headers of a wide table that are periods: place, and the period as 2024 or 2024-01."""
    matches = {n: re.fullmatch(wide["pattern"], str(h).strip()) for n, h in enumerate(header)}
    return {n: "-".join(part for part in m.groups() if part) for n, m in matches.items() if m}


def long_header(header: list[str], wide: dict) -> list[str]:
    """The header of a wide table once it has one row a period; nothing if no header is a period."""
    periods = period_headers(header, wide)
    return [*(h for n, h in enumerate(header) if n not in periods), "period", "value"] if periods else []


def detected(header: list[str], formats: list[Format], place: str, forced: str | None = None) -> Fit:
    """The one format that a header fits, or the one that was asked for.

    Raises DataError that says what was seen if none fits, a required column is missing, two headers mean one column, or
    several formats fit.
    """
    if forced is not None:
        formats = [f for f in formats if f.name == forced]
        if not formats:
            raise DataError(
                f"dataset.toml: format {forced} of {place} is not known — name one in formats, or describe it"
            )
    fits = [fit_of(header, f) for f in formats]
    signed = [fit for fit in fits if not _unsigned(fit, header)]
    whole = [fit for fit in signed if not _missing(fit)]
    if len(whole) > 1:
        names = " and ".join(f.format.name for f in whole)
        raise DataError(f"{place}: the header fits {names} — say in [[files]] of dataset.toml which format it is")
    if not whole:
        raise DataError(_unfit(header, fits if forced else signed, place, forced))
    [fit] = whole
    if fit.format.unusable:
        raise DataError(f"{place}: is {fit.format.name}, {fit.format.unusable}")
    _unambiguous(header, fit, place)
    return fit


def matched(header: list[str], formats: list[Format]) -> int:
    """How many columns of the format that fits best stand in a header."""
    fits = [fit for f in formats if not _unsigned(fit := fit_of(header, f), header)]
    return max((len(f.position) for f in fits), default=0)


def _unsigned(fit: Fit, header: list[str]) -> list[str]:
    """The headers that a file of this format has and this one lacks."""
    there = {normal(h) for h in header}
    lacking = [h for h in fit.format.signature if normal(h) not in there]
    return lacking or (
        ["columns that are periods"] if fit.format.wide and not period_headers(header, fit.format.wide) else []
    )


def _missing(fit: Fit) -> list[str]:
    def lacking(column: str, about: dict) -> bool:
        unsaid = about.get("units") and column in fit.position and column not in fit.unit
        return unsaid or (about.get("required") and not {column, about.get("instead")} & set(fit.position))

    return [column for column, about in fit.format.columns.items() if lacking(column, about)]


def _unfit(header: list[str], fits: list[Fit], place: str, forced: str | None) -> str:
    best = max(
        fits, key=lambda f: (len(f.position) / (len(_missing(f)) + len(f.position) or 1), len(f.position)), default=None
    )
    headers = f"{', '.join(header)[:200]!r}"
    if best is None or not best.position:
        named = f"is no {forced}" if forced else "fits no known format"
        return (
            f"{place}: header {headers} {named} — "
            f"map its headers in [formats.<name>] of dataset.toml, or save the file as one of lib/importcut/formats"
        )
    name, columns = best.format.name, best.format.columns
    lacking = [f"{c} ({' or '.join(_called(columns[c], c in best.position))})" for c in _missing(best)]
    lacking = lacking or _unsigned(best, header)
    return (
        f"{place}: no column {'; '.join(lacking)} (seen: {headers}) — add it, or its header to "
        f"[formats.{name}.columns] of dataset.toml"
    )


def _called(about: dict, unit: bool) -> list[str]:
    """How a column, or that of its unit, may be headed."""
    named = [h["header"] if isinstance(h, dict) else str(h) for h in about["headers"][:2]]
    return [f"unit: {about['unit']}"] if unit else named


def _unambiguous(header: list[str], fit: Fit, place: str) -> None:
    for column, about in fit.format.columns.items():
        known = {name for name, _ in aliases(about)}
        if len(standing := [h for h in header if normal(h) in known]) > 1:
            raise DataError(f"{place}: {' and '.join(standing)} are both {column} — keep one of them")


def known_formats(ds: Dataset) -> list[Format]:
    """The formats of the library, with what the dataset's `[formats.<name>]` adds to them or has of its own.

    Raises DataError if the dataset describes one that cannot be used.
    """
    specs = dict(_library())
    for name, own in ds.formats.items():
        specs[name] = _merged(name, specs.get(name, {}), own)
    return [_format(name, spec, ds) for name, spec in specs.items()]


@cache
def _library() -> dict[str, dict]:
    return {file.stem: tomllib.loads(file.read_text(encoding="utf-8")) for file in sorted(SPECS.glob("*.toml"))}


def _merged(name: str, known: dict, own: dict) -> dict:
    """A format as the library describes it, with the headers that a dataset adds in front."""
    _known_keys(own, KEYS, f"[formats.{name}]")
    columns = {column: dict(about) for column, about in known.get("columns", {}).items()}
    names = {c.name for c in tables()["declarations"].columns[2:]}
    for column, about in own.get("columns", {}).items():
        if column not in names or not isinstance(about, dict) or set(about) - COLUMN_KEYS:
            raise DataError(
                f"dataset.toml: [formats.{name}.columns.{column}] cannot be used — a column is one of "
                f"{', '.join(sorted(names))}, described by {', '.join(sorted(COLUMN_KEYS))}"
            )
        before = columns.get(column, {})
        headers = [*about.get("headers", ()), *before.get("headers", ())]
        columns[column] = {**before, **about, **({"headers": headers} if headers else {})}
    mine = {normal(rule.get("header", "")) for rule in own.get("scope", ())}
    scope = [rule for rule in known.get("scope", ()) if normal(rule["header"]) not in mine]
    return {**known, **own, "columns": columns, "scope": [*scope, *own.get("scope", ())]}


def _format(name: str, spec: dict, ds: Dataset) -> Format:
    """A format as this dataset reads it: what it asks for, rows and dates of its frequency only.

    Raises DataError if a row filter cannot be used.
    """
    for rule in spec.get("scope", ()):
        if set(rule) - SCOPE_KEYS or "header" not in rule or ("keep" in rule) == ("drop" in rule):
            raise DataError(f"dataset.toml: [[formats.{name}.scope]] needs header, reason, and keep or drop")
    needs = {"regimes": bool(ds.import_regimes), "plants": not ds.plants.empty}
    columns, unusable = {}, ""
    for column, about in spec.get("columns", {}).items():
        columns[column] = {**about, "required": needs.get(about.get("required"), about.get("required", False))}
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


def forced(source_file: str, ds: Dataset) -> dict:
    """What dataset.toml says of a file in [[files]]; the first entry whose `match` fits it.

    Raises DataError if it says something that cannot be said.
    """
    for about in ds.files:
        _known_keys(about, FORCED, "[[files]]")
        if fnmatch.fnmatch(source_file, about.get("match", "*")):
            return about
    return {}


def _known_keys(about: dict, known: set[str], section: str) -> None:
    if unknown := sorted(set(about) - known):
        raise DataError(f"dataset.toml: {section} has {', '.join(unknown)} — it may hold {', '.join(sorted(known))}")


def unused(ds: Dataset, source_files: list[str]) -> list[str]:
    """What is wrong with the [[files]] entries that fit no file, one sentence each."""
    names = {name.split("#")[0] for name in source_files}
    return [
        f"dataset.toml: [[files]] match {about['match']!r} fits no file — correct it (files are named as {min(names)})"
        for about in ds.files
        if "match" in about and not fnmatch.filter(names, about["match"])
    ]
