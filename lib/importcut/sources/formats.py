"""What each format calls its columns: formats/*.toml, what a dataset adds, and which one a header fits."""

import re
import tomllib
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from importcut.schema import DataError, tables

FORMATS = Path(__file__).parents[1] / "formats"
LOOK_ALIKES = str.maketrans("авекмнорстух", "abekmhopctyx")  # Cyrillic letters that stand for Latin ones, and back
KEYS = {"title", "signature", "columns", "scope", "wide", "records"}
COLUMN_KEYS = {"headers", "type", "required", "default", "dates", "scale"}


@dataclass(frozen=True)
class Format:
    """A format: how its columns are headed and written, and which of its rows are imports.

    signature : headers without which a file is not of this format.
    columns : by column of `declarations`: headers (aliases), type, required, default, dates (how they are written),
        scale (what the number is multiplied by, where the file counts in thousands).
    scope : rows that count, by header: keep or drop values, reason for the rest.
    wide : pattern of headers that are periods, cumulative or not; records : where the rows stand in a JSON file.
    """

    name: str
    title: str
    signature: tuple[str, ...]
    columns: dict
    scope: tuple[dict, ...]
    wide: dict
    records: str


@dataclass(frozen=True)
class Fit:
    """A format and where in a header its columns and the columns of its scope stand."""

    format: Format
    position: dict[str, int]
    scope: tuple[tuple[int, dict], ...]


@cache
def normal(header: str) -> str:
    """A header without what nobody sees: case, blanks, and which of two alphabets a letter is from."""
    text = unicodedata.normalize("NFKC", str(header)).replace("\ufeff", "")
    return " ".join(text.split()).casefold().translate(LOOK_ALIKES)


def known_formats(ds) -> list[Format]:
    """The formats of the library, with what the dataset's `[formats.<name>]` adds to them or has of its own.

    Raises DataError if the dataset describes one that cannot be used.
    """
    described = {file.stem: tomllib.loads(file.read_text(encoding="utf-8")) for file in sorted(FORMATS.glob("*.toml"))}
    for name, own in ds.formats.items():
        described[name] = _merged(name, described.get(name, {}), own)
    return [_format(name, spec) for name, spec in described.items()]


def fit(header: list[str], format: Format) -> Fit:
    """Where the columns of a format stand in a header."""
    if format.wide:
        header = long_header(header, format.wide)
    seen = {name: n for n, name in reversed([*enumerate(map(normal, header))])}
    position = {
        column: min(standing)
        for column, about in format.columns.items()
        if (standing := [seen[name] for name in map(normal, about.get("headers", ())) if name in seen])
    }
    scope = [(seen[normal(rule["header"])], rule) for rule in format.scope if normal(rule["header"]) in seen]
    return Fit(format, position, tuple(scope))


def period_headers(header: list[str], wide: dict) -> dict[int, str]:
    """The headers of a wide table that are periods: place, and the period as 2024 or 2024-01."""
    found = {n: re.fullmatch(wide["pattern"], str(h).strip()) for n, h in enumerate(header)}
    return {n: "-".join(part for part in m.groups() if part) for n, m in found.items() if m}


def long_header(header: list[str], wide: dict) -> list[str]:
    """The header of a wide table once it has one row a period; nothing if no header is a period."""
    found = period_headers(header, wide)
    return [*(h for n, h in enumerate(header) if n not in found), "period", "value"] if found else []


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
    fits = [found for f in formats if _signed(found := fit(header, f), header)]
    whole = [found for found in fits if not _missing(found)]
    if len(whole) > 1:
        names = " and ".join(f.format.name for f in whole)
        raise DataError(f"{place}: the header fits {names} — say in [[files]] of dataset.toml which format it is")
    if not whole:
        raise DataError(_unfit(header, fits, place))
    _unambiguous(header, whole[0], place)
    return whole[0]


def matched(header: list[str], formats: list[Format]) -> int:
    """How many columns of the format that fits best stand in a header."""
    fits = [found for f in formats if _signed(found := fit(header, f), header)]
    return max((len(f.position) for f in fits), default=0)


def _signed(found: Fit, header: list[str]) -> bool:
    return {normal(h) for h in found.format.signature} <= {normal(h) for h in header}


def _missing(found: Fit) -> list[str]:
    columns = found.format.columns
    return [c for c, about in columns.items() if about.get("required") and c not in found.position]


def _unfit(header: list[str], fits: list[Fit], place: str) -> str:
    best = min(fits, key=lambda f: (len(_missing(f)) / (len(_missing(f)) + len(f.position) or 1), -len(f.position)))
    if not best.position:
        return (
            f"{place}: header {', '.join(header)[:200]!r} fits no known format — "
            f"map its headers in [formats.<name>] of dataset.toml, or save the file as one of lib/importcut/formats"
        )
    columns = best.format.columns
    names = "; ".join(f"{c} ({' or '.join(map(str, columns[c]['headers'][:2]))})" for c in _missing(best))
    return f"{place}: no column {names} — add it, or its header to [formats.{best.format.name}.columns] of dataset.toml"


def _unambiguous(header: list[str], found: Fit, place: str) -> None:
    for column, about in found.format.columns.items():
        aliases = {normal(alias) for alias in about.get("headers", ())}
        if len(standing := [h for h in header if normal(h) in aliases]) > 1:
            raise DataError(f"{place}: {' and '.join(standing)} are both {column} — keep one of them")


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
    return {**known, **own, "columns": columns}


def _format(name: str, spec: dict) -> Format:
    return Format(
        name, spec.get("title", name), tuple(spec.get("signature", ())), spec.get("columns", {}),
        tuple(spec.get("scope", ())), spec.get("wide", {}), spec.get("records", ""),
    )  # fmt: skip
