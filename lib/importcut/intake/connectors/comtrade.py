"""Annual imports by commodity code and partner, from UN Comtrade, into the dataset's raw data."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from importcut.intake.connectors.kept import complete, keep, note, reject
from importcut.intake.connectors.service import OddAnswer, Service, ask, require_fields, session, shape
from importcut.schema import DataError


@dataclass(frozen=True)
class Trade:
    """What a run brought: files that are new, how many were there, and years by code for which nothing is published."""

    folder: Path
    new: tuple[Path, ...]
    standing: int
    without_rows: tuple[str, ...]


def fetch_trade(
    dataset: Path,
    codes: Iterable[str],
    years: Iterable[int],
    *,
    asked: Service,
    again: bool = False,
    progress: Callable = lambda *_: None,
) -> Trade:
    """Ask for every code (6 digits) and year that is not there; one file in imports/comtrade for each answer.

    A code and year stands in one file only, so that no line counts twice. An answer as long as the service allows may
    be cut off: it is asked for again in halves.

    Raises DataError if the service refuses, or its answer is cut off, of another shape or to another question.
    """
    folder, reporter = dataset / "imports" / "comtrade", asked.query["reporterCode"]
    waiting, standing = _plan(folder, dataset, sorted(set(codes)), years, asked, again)
    new, empty, done = [], [], 0
    with session(asked) as opened:
        while waiting:
            batch, year = waiting.pop(0)
            file = folder / f"{reporter}-{'_'.join(batch)}-{year}.json"
            progress(file.stem, done, done + len(waiting) + 1)
            query = {**asked.query, "cmdCode": ",".join(batch), "period": year, "maxRecords": asked.limits["rows"]}
            try:
                answer = ask(opened, asked, asked.path, query, lambda d, q=query: _rows(d, asked, q))
            except OddAnswer as odd:
                raise reject(odd, file, dataset, asked) from None
            if len(answer.rows) >= asked.limits["rows"]:
                waiting = [(half, year) for half in _halves(batch, file, year, asked)] + waiting
                continue
            if answer.rows:
                keep(answer, file, dataset, asked)
                new.append(file)
            else:
                note(answer, file, dataset, asked)
                empty.append(f"{year} {', '.join(batch)}")
            done += 1
    return Trade(folder, tuple(new), standing, tuple(empty))


def _plan(
    folder: Path, dataset: Path, codes: list[str], years: Iterable[int], asked: Service, again: bool
) -> tuple[list[tuple[tuple, int]], int]:
    """Batches of codes with their year that are to be asked for, and how many files of them are there."""
    waiting, standing = [], 0
    whole = complete(folder, dataset)
    for year in sorted(set(years)):
        held = {
            f: f.stem.split("-")[1].split("_")
            for f in sorted(folder.glob(f"{asked.query['reporterCode']}-*-{year}.json"))
        }
        held = {file: own for file, own in held.items() if set(own) & set(codes)}
        stale = [tuple(own) for file, own in held.items() if again or file not in whole]
        missing = [code for code in codes if code not in set(chain.from_iterable(held.values()))]
        size = asked.limits["codes"]
        fresh = [tuple(missing[n : n + size]) for n in range(0, len(missing), size)]
        waiting += [(batch, year) for batch in stale + fresh]
        standing += len(held) - len(stale)
    return waiting, standing


def _halves(batch: tuple, file: Path, year: int, asked: Service) -> list[tuple]:
    if len(batch) == 1 or file.exists():
        remedy = f"set {asked.key_variable}" if asked.limits == asked.without_key.get("limits") else "ask for less"
        raise DataError(
            f"{asked.title}: {', '.join(batch)} in {year} has {asked.limits['rows']} rows or more, the most of one "
            f"answer, so that some may be missing; nothing is kept — {remedy}"
        )
    middle = len(batch) // 2
    return [batch[:middle], batch[middle:]]


def _rows(document: object, asked: Service, query: dict) -> list[dict]:
    """The rows of an answer.

    Raises DataError if it is of another shape, not whole, or answers another question.
    """
    if not isinstance(document, dict) or not isinstance(document.get("data"), list):
        raise DataError(f"has no list data; it is {shape(document)}")
    if document.get("error"):
        raise DataError(f"says {document['error']}")
    rows = document["data"]
    require_fields(rows, asked)
    if len(rows) < asked.limits["rows"] and document.get("count") != len(rows):
        raise DataError(f"has {len(rows)} rows, but says count {document.get('count')}")
    for column in ("reporterCode", "flowCode", "cmdCode", "period"):
        other = {str(row[column]) for row in rows} - set(str(query[column]).split(","))
        if other:
            raise DataError(f"has {column} {', '.join(sorted(other))[:200]}, which was not asked for")
    return rows
