"""Series of the statistics agency, for comparison: kept as received, never counted as declarations."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from importcut.intake.connectors.kept import FETCHED, complete, keep, reject
from importcut.intake.connectors.service import OddAnswer, Service, ask, require_fields, session, shape
from importcut.schema import DataError

PERIOD = re.compile(r"\d{4}(-[MМ](0[1-9]|1[0-2])|-Q[1-4])?")  # М: Cyrillic too


@dataclass(frozen=True)
class Indicator:
    """A series that was fetched: its file, what the agency says of it, rows and periods; whether it was there."""

    file: Path
    about: dict[str, str]
    rows: int
    first: str
    last: str
    standing: bool


def fetch_indicator(dataset: Path, indicator: int, *, asked: Service, again: bool = False) -> Indicator:
    """Ask for an indicator by its number and keep the answer in fetched/siat.

    Raises DataError if the service refuses, or its answer is cut off or of another shape.
    """
    file = dataset / FETCHED / asked.name / f"{indicator}.json"
    standing = file in complete(file.parent, dataset) and not again
    if not standing:
        with session(asked) as opened:
            try:
                path = asked.path.format(indicator=indicator)
                answer = ask(opened, asked, path, dict(asked.query), lambda document: _rows(document, asked))
            except OddAnswer as odd:
                raise reject(odd, file, dataset, asked) from None
        keep(answer, file, dataset, asked)
    document = json.loads(file.read_bytes())
    rows = document[0]["data"]
    periods = sorted({key.replace("М", "M") for row in rows for key in row if key[:1].isdigit()})
    about = {m.get("name_en", ""): m.get("value_en", "") for m in document[0]["metadata"]}
    return Indicator(file, about, len(rows), periods[0], periods[-1], standing)


def _rows(document: object, asked: Service) -> list[dict]:
    match document:
        case [{"metadata": [*about], "data": [_, *_] as rows}] if all(isinstance(entry, dict) for entry in about):
            require_fields(rows, asked)
        case _:
            raise DataError(f"is not one table with metadata and data; it is {shape(document)}")
    for n, row in enumerate(rows, start=1):
        dated = {key: value for key, value in row.items() if key[:1].isdigit()}
        if strange := [key for key in dated if not PERIOD.fullmatch(key)]:
            raise DataError(f"has in row {n} {', '.join(strange)[:80]}, which is no year, quarter or month")
        if not dated:
            raise DataError(f"has no period in row {n}, but {', '.join(row)[:200]}")
        if nested := [key for key, value in dated.items() if isinstance(value, (dict, list, bool))]:
            raise DataError(f"has in row {n} at {nested[0]} no number, but {shape(dated[nested[0]])}")
    return rows
