"""Formats of raw files (formats/*.toml, and what a dataset says of its own): which one a header fits, and where."""

import fnmatch
import re
import tomllib
import unicodedata
from dataclasses import dataclass, field, fields
from functools import cache

from importcut.dataset import Dataset
from importcut.intake.partners import CLEANING
from importcut.letters import LOOK_ALIKES
from importcut.schema import LIBRARY, DataError, choice, tables

TYPED_APOSTROPHES = str.maketrans("ʻʼ‘’`´", "''''''")  # the Uzbek o‘ and g‘ are typed with any of these
SPECS = LIBRARY / "formats"  # one description each
ADJACENT = ("unit", "times", "month")  # header of another column that says a part of this one
COLUMN_KEYS = {  # type is said by datasets of former days; what a column is, tables.toml says
    "headers", "type", "required", "instead", "default", "dates", "scale", "units", "empty", "strip", *ADJACENT,
}  # fmt: skip
MOST_HEADERS = 12  # of a file of no known format that are named
WITHIN_YEAR = re.compile("%[bBmj]")  # a date written without one of these names a whole year
FORCED = {"match", "format", "encoding", "separator", "decimal", "dates", "sheet", "add"}
SCOPE_KEYS = {"header", "keep", "drop", "reason", "frequency"}


@dataclass(frozen=True)
class Format:
    """A format: how its columns are headed and written, and which of its rows are imports.

    signature : headers without which a file is not of this format.
    columns : by column of `declarations`: headers (aliases; one with a scale of its own is {header, scale}),
        required (true, or what of the dataset asks for it: regimes, plants), instead (column that may stand for it),
        default, dates (how they are written), scale (what the number is multiplied by, where the file counts in
        thousands), unit (header under which each row says its unit) and units (what these are multiplied by), times
        (header of the number that it is multiplied by: a quantity beside a price), month (header of the month beside a
        year), empty (texts that mean none), strip (signs around the text). Once read: type, scale by header (aliases).
    scope : rows that count, by header: keep or drop values (39*: all that begin so; "reporter": as the dataset has
        it), reason of the rest; frequency.
    wide : pattern of headers that are periods, cumulative or not; records : where the rows stand in a JSON file;
        about : where that file says what holds for all of them: records, name, value.
    unusable : why no file can be of this format in this dataset.
    """

    name: str
    title: str = ""
    signature: tuple[str, ...] = ()
    columns: dict = field(default_factory=dict)
    scope: tuple[dict, ...] = ()
    wide: dict = field(default_factory=dict)
    records: str = ""
    about: dict = field(default_factory=dict)
    unusable: str = ""


@dataclass(frozen=True)
class Fit:
    """A format and where in a header its columns, what is ADJACENT to them, and those of its scope stand; their scale.

    unread : headers of which the format knows nothing.
    """

    format: Format
    position: dict[str, int]
    scale: dict[str, float]
    beside: dict[str, dict[str, int]]
    scope: tuple[tuple[int, dict], ...]
    unread: tuple[str, ...]

    @property
    def numbers(self) -> dict[str, int]:
        """Where the columns of numbers stand, and the numbers that these are multiplied by."""
        columns = self.format.columns
        numbers = {c: n for c, n in self.position.items() if columns[c]["type"] in ("number", "integer")}
        return numbers | {f"times_{c}": n for c, n in self.beside["times"].items()}


@cache
def _normal(header: str) -> str:
    """A header without what nobody sees: case, blanks, and which of two alphabets a letter is from."""
    text = unicodedata.normalize("NFKC", str(header)).replace("\ufeff", "")
    return " ".join(text.split()).casefold().translate(LOOK_ALIKES).translate(TYPED_APOSTROPHES)


def _fit_of(header: list[str], format: Format) -> Fit:
    """Where the columns of a format stand in a header."""
    if format.wide:
        header = long_header(header, format.wide)
    places = {name: n for n, name in reversed([*enumerate(map(_normal, header))])}
    position, scale, beside = {}, {}, {key: {} for key in ADJACENT}
    for column, about in format.columns.items():
        if standing := {places[name]: times for name, times in about["aliases"].items() if name in places}:
            position[column] = first = min(standing)
            scale[column] = standing[first]
            for key, other in ((key, _normal(about[key])) for key in ADJACENT if key in about):
                beside[key] |= {column: places[other]} if other in places else {}
    scope = [(places[_normal(rule["header"])], rule) for rule in format.scope if _normal(rule["header"]) in places]
    read = {*position.values(), *(n for own in beside.values() for n in own.values()), *(n for n, _ in scope)}
    unread = tuple(str(name).strip() for n, name in enumerate(header) if n not in read and str(name).strip())
    return Fit(format, position, scale, beside, tuple(scope), unread)


def period_headers(header: list[str], wide: dict) -> dict[int, str]:
    """The headers of a wide table that are periods: place, and the period as 2024 or 2024-01."""
    matches = {n: re.fullmatch(wide["pattern"], str(h).strip()) for n, h in enumerate(header)}
    return {n: "-".join(part for part in m.groups() if part) for n, m in matches.items() if m}


def long_header(header: list[str], wide: dict) -> list[str]:
    """The header of a wide table once it has one row a period; nothing if no header is a period."""
    periods = period_headers(header, wide)
    return ["period", "value", *(h for n, h in enumerate(header) if n not in periods)] if periods else []


def detected(header: list[str], formats: list[Format], place: str, named: str | None = None) -> Fit:
    """The one format that a header fits, or the one that is named.

    Raises DataError that says what was seen if none fits, a required column is missing, two headers mean one column, or
    several formats fit.
    """
    fits = [_fit_of(header, f) for f in formats if named in (None, f.name)]
    if not fits:
        raise DataError(f"dataset.toml: format {named} of {place} is not known — name one in formats, or describe it")
    signed = [fit for fit in fits if not _unsigned(fit.format, header)]
    whole = [fit for fit in signed if not _missing(fit)]
    if len(whole) > 1:
        names = " and ".join(f.format.name for f in whole)
        raise DataError(f"{place}: the header fits {names} — say in [[files]] of dataset.toml which format it is")
    if not whole:
        raise DataError(f"{place}: {_unfit(header, fits, named)}")
    [fit] = whole
    if fit.format.unusable:
        raise DataError(f"{place}: is {fit.format.name}, {fit.format.unusable}")
    for column, about in fit.format.columns.items():
        if len(standing := [h for h in header if _normal(h) in about["aliases"]]) > 1:
            raise DataError(f"{place}: {' and '.join(standing)} are both {column} — keep one of them")
    written = period_headers(header, fit.format.wide) if fit.format.wide else {}
    if twice := [n for n, period in written.items() if [*written.values()].count(period) > 1]:
        several = " and ".join(str(header[n]) for n in twice[:2])
        raise DataError(f"{place}: {several} are both {written[twice[0]]} — let the pattern of `wide` fit one of them")
    return fit


def matched(header: list[str], formats: list[Format]) -> int:
    """How many columns of the format that fits best stand in a header."""
    signed = [format for format in formats if not _unsigned(format, header)]  # cheaper than to fit, for most rows
    return max((len(_fit_of(header, format).position) for format in signed), default=0)


def _unsigned(format: Format, header: list[str]) -> list[str]:
    """The headers that a file of this format has and this one lacks."""
    there = {_normal(h) for h in header}
    lacking = [h for h in format.signature if _normal(h) not in there]
    no_period = format.wide and not period_headers(header, format.wide)
    return lacking or ["columns that are periods"] * bool(no_period)


def _missing(fit: Fit) -> dict[str, list[str]]:
    """The columns that a header lacks, or whose unit it lacks, and how these may be headed."""
    lacking = {}
    for column, about in fit.format.columns.items():
        absent = [f"{key}: {about[key]}" for key in ADJACENT if key in about and column not in fit.beside[key]]
        if absent and column in fit.position:
            lacking[column] = absent
        elif about["required"] and not {column, about.get("instead")} & {*fit.position}:
            lacking[column] = [h["header"] if isinstance(h, dict) else str(h) for h in about["headers"][:2]]
    return lacking


def _unfit(header: list[str], fits: list[Fit], named: str | None) -> str:
    """What is wrong with a header that fits no format, by the one that it fits best."""

    def likeness(fit: Fit) -> tuple[float, int]:
        present = len(fit.position)
        return present / (len(_missing(fit)) + present or 1), present

    best, headers = (
        max(fits, key=likeness),
        repr(", ".join(header[:MOST_HEADERS]) + ", …" * (len(header) > MOST_HEADERS)),
    )
    unsigned = _unsigned(best.format, header)
    if not best.position or (unsigned and not named):
        near = f" (the nearest, {best.format.name}, has {', '.join(unsigned)} too)" if best.position else ""
        what = f"is no {named}" if named else f"fits no known format{near}"
        remedy = "map its headers in [formats.<name>] of dataset.toml, or save the file as one of lib/importcut/formats"
        return f"header {headers} {what} — {remedy}"
    lacking = [f"{column} ({' or '.join(headed)})" for column, headed in _missing(best).items()]
    remedy = f"add it, or its header to [formats.{best.format.name}.columns] of dataset.toml"
    return f"no column {'; '.join(lacking or unsigned)} (seen: {headers}) — {remedy}"


def known_formats(ds: Dataset) -> list[Format]:
    """The formats of the library, with what the dataset's `[formats.<name>]` adds to them or has of its own.

    Raises DataError if the dataset describes one that cannot be used.
    """
    own = {name: _merged(name, _library().get(name, {}), spec) for name, spec in ds.formats.items()}
    return [_format(name, spec, ds) for name, spec in {**_library(), **own}.items()]


@cache
def _library() -> dict[str, dict]:
    return {file.stem: tomllib.loads(file.read_text(encoding="utf-8")) for file in sorted(SPECS.glob("*.toml"))}


def _merged(name: str, known: dict, own: dict) -> dict:
    """A format as the library describes it, with the headers that a dataset adds in front."""
    _known_keys(own, {f.name for f in fields(Format)} - {"unusable"}, f"[formats.{name}]")
    columns = dict(known.get("columns", {}))
    names = {c.name for c in tables()["declarations"].columns[2:]}
    for column, about in own.get("columns", {}).items():
        if column not in names or not isinstance(about, dict) or set(about) - COLUMN_KEYS:
            remedy = f"a column is one of {', '.join(sorted(names))}, described by {', '.join(sorted(COLUMN_KEYS))}"
            raise DataError(f"dataset.toml: [formats.{name}.columns.{column}] cannot be used — {remedy}")
        strange = {key for h in about.get("headers", ()) if isinstance(h, dict) for key in h} - {"header", "scale"}
        if strange or ("unit" in about and "units" not in {**about, **columns.get(column, {})}):
            remedy = 'of one unit say columns.weight_unit = { default = "kg" }; of several, name their column there'
            raise DataError(f"dataset.toml: [formats.{name}.columns.{column}] cannot be used: {remedy}")
        before = columns.get(column, {})
        columns[column] = {**before, **about, "headers": [*about.get("headers", ()), *before.get("headers", ())]}
    for rule in own.get("scope", ()):
        if set(rule) - SCOPE_KEYS or "header" not in rule or ("keep" in rule) == ("drop" in rule):
            raise DataError(f"dataset.toml: [[formats.{name}.scope]] needs header, reason, and keep or drop")
        how = "keep" if "keep" in rule else "drop"
        if not rule[how] or not isinstance(rule[how], list) or not isinstance(rule.get("reason", ""), str):
            place = f"dataset.toml: [[formats.{name}.scope]] of {rule['header']}"
            raise DataError(
                f'{place}: {how} names no value — list one at least, as {how} = ["0"], and reason = "a_word"'
            )
    mine = {_normal(rule["header"]) for rule in own.get("scope", ())}
    scope = [rule for rule in known.get("scope", ()) if _normal(rule["header"]) not in mine]
    return {**known, **own, "columns": columns, "scope": [*scope, *own.get("scope", ())]}


def _format(name: str, spec: dict, ds: Dataset) -> Format:
    """A format as this dataset reads it: what it asks for, rows and dates of its frequency only."""
    needs = {"regimes": bool(ds.import_regimes), "plants": not ds.plants.empty}
    kinds = {c.name: c.type for c in tables()["declarations"].columns}
    columns, unusable = {}, ""
    for column, about in spec.get("columns", {}).items():
        columns[column] = {"headers": (), **about, "type": kinds[column], "aliases": _aliases(about)}
        columns[column]["required"] = needs.get(about.get("required"), about.get("required", False))
        if dates := about.get("dates"):
            columns[column]["dates"] = [d for d in dates if ds.frequency == "Y" or WITHIN_YEAR.search(d)]
            if not columns[column]["dates"]:
                unusable = "whose figures are annual, and the dataset is quarterly — set frequency in dataset.toml"
    scope = [rule for rule in spec.get("scope", ()) if rule.get("frequency", ds.frequency) == ds.frequency]
    here = {"keep": [*(ds.reporter or CLEANING["reporter"])]}
    scope = tuple({"reason": "other_rows", **rule} | (here if rule.get("keep") == "reporter" else {}) for rule in scope)
    return Format(**{**spec, "name": name, "columns": columns, "scope": scope, "unusable": unusable})


def _aliases(about: dict) -> dict[str, float]:
    """The headers of a column, each with what its numbers are multiplied by; of two alike the first counts."""
    headers = [h if isinstance(h, dict) else {"header": h} for h in about.get("headers", ())]
    return {_normal(h["header"]): h.get("scale", about.get("scale", 1)) for h in reversed(headers)}


def forced(source_file: str, ds: Dataset) -> dict:
    """What dataset.toml says of a file: the first entry of [[files]] that fits it, or DataError."""
    for about in ds.files:
        _known_keys(about, FORCED, "[[files]]")
        if fnmatch.fnmatch(source_file, about.get("match", "*")):
            return about
    return {}


def _known_keys(about: dict, known: set[str], section: str) -> None:
    if unknown := sorted(set(about) - known):
        remedies = ", ".join(f"{name}: {choice(name, sorted(known))}" for name in unknown)
        raise DataError(f"dataset.toml: {section} does not hold {remedies}")


def unused(ds: Dataset, source_files: list[str]) -> list[str]:
    """What is wrong with the [[files]] entries that fit no file, one sentence each."""
    names = {name.split("#")[0] for name in source_files}
    return [
        f"dataset.toml: [[files]] match {about['match']!r} fits no file — correct it (files are named as {min(names)})"
        for about in ds.files
        if "match" in about and not fnmatch.filter(names, about["match"])
    ]
