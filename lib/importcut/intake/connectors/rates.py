"""Official exchange rates of the Central Bank: answers kept as received, rates into exchange_rates.csv."""

import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from importcut.dataset import write_whole
from importcut.intake.connectors.kept import FETCHED, complete, keep, reject
from importcut.intake.connectors.service import OddAnswer, Service, ask, require_fields, session, shape
from importcut.schema import DataError, tables

DAY = "%d.%m.%Y"
HOME = "UZS"


@dataclass(frozen=True)
class Rates:
    """What a run brought: rates added, and those that differ from the ones there, one sentence each."""

    file: Path
    asked: int
    standing: int
    added: int
    differences: tuple[str, ...]


def fetch_rates(
    dataset: Path,
    days: Iterable[pd.Timestamp],
    currencies: Iterable[str],
    *,
    asked: Service,
    again: bool = False,
    replace: bool = False,
    progress: Callable = lambda *_: None,
) -> Rates:
    """Ask for the rates in force on each day that is not there, and enter those of `currencies` in exchange_rates.csv.

    A rate that differs from the one entered stays as it is unless `replace`.

    Raises DataError if the service refuses, its answer is cut off, of another shape or for another day, a currency is
    not quoted, or exchange_rates.csv cannot be read.
    """
    days, wanted, found, standing = list(days), list(currencies), [], 0
    folder = dataset / FETCHED / asked.name
    whole = complete(folder, dataset)
    with session(asked) as opened:
        for n, day in enumerate(days):
            file = folder / f"{day:%Y-%m-%d}.json"
            progress(file.stem, n, len(days))
            if file in whole and not again:
                standing += 1
            else:
                try:
                    path = asked.path.format(date=file.stem)
                    answer = ask(
                        opened, asked, path, dict(asked.query), lambda d, day=day: _rows(d, asked, day, wanted)
                    )
                except OddAnswer as odd:
                    raise reject(odd, file, dataset, asked) from None
                keep(answer, file, dataset, asked)
            try:
                rows = _rows(json.loads(file.read_bytes()), asked, day, wanted)
            except DataError as error:  # a currency that nobody wanted when the answer came
                raise DataError(f"{asked.title}: {file.name} {error} — leave it out of --currencies") from None
            found.append(_rates(rows, wanted, file.stem, asked))
    added, differences = _enter(dataset / "exchange_rates.csv", pd.concat(found), replace)
    return Rates(dataset / "exchange_rates.csv", len(days) - standing, standing, added, differences)


def _rows(document: object, asked: Service, day: pd.Timestamp, wanted: list[str]) -> list[dict]:
    """The rates of the wanted currencies and of the dollar.

    Raises DataError if it is of another shape or for another day.
    """
    if not isinstance(document, list) or not document:
        raise DataError(f"is no list of rates; it is {shape(document)}")
    require_fields(document, asked)
    rows = [row for row in document if row["Ccy"] in ("USD", *wanted)]
    if "USD" not in {row["Ccy"] for row in rows}:
        raise DataError(f"has no rate of USD; it is {shape(document)}")
    if twice := [c for c, n in Counter(row["Ccy"] for row in rows).items() if n > 1]:
        raise DataError(f"has {', '.join(twice)} more than once")
    for row in rows:
        told, since = f"has for {row['Ccy']}", pd.to_datetime(str(row["Date"]), format=DAY, errors="coerce")
        if pd.isna(since):
            raise DataError(f"{told} the date {row['Date']!r}, not dd.mm.yyyy")
        if not 0 <= (day - since).days <= asked.limits["days"]:
            raise DataError(f"{told} a rate of {row['Date']}, not the one in force on {day:%d.%m.%Y}")
        numbers = pd.to_numeric(pd.Series([str(row["Rate"]), str(row["Nominal"])]), errors="coerce")
        if not (np.isfinite(numbers) & numbers.gt(0)).all():
            raise DataError(f"{told} the rate {row['Rate']!r} for {row['Nominal']!r}, no numbers above zero")
    return rows


def _rates(rows: list[dict], currencies: list[str], day: str, asked: Service) -> pd.DataFrame:
    """Date from which each rate holds, currency, its price in UZS and USD."""
    quoted = pd.DataFrame(rows).set_index("Ccy")
    if lost := [c for c in currencies if c not in quoted.index and c != HOME]:
        raise DataError(f"{asked.title}: no rate of {', '.join(lost)} on {day} — correct --currencies")
    uzs = pd.to_numeric(quoted["Rate"]) / pd.to_numeric(quoted["Nominal"])
    uzs[HOME], since = 1.0, pd.to_datetime(quoted["Date"], format=DAY).dt.strftime("%Y-%m-%d")
    since[HOME] = since["USD"]
    table = pd.DataFrame({"date": since, "currency": uzs.index, "uzs": uzs, "usd": uzs / uzs["USD"]})
    return table.loc[currencies]


def _enter(file: Path, rates: pd.DataFrame, replace: bool) -> tuple[int, tuple[str, ...]]:
    """Add the rates to the register; how many, and what differs from what stands there."""
    spec = tables("registers.toml")["exchange_rates"]
    key, values = list(spec.key), ["uzs", "usd"]
    rates = rates.drop_duplicates()
    if (twice := rates[rates.duplicated(key)]).size:
        raise DataError(f"two answers disagree on {' '.join(twice.iloc[0][key])} — fetch them with --again")
    fresh = rates.set_index(key).map(lambda x: f"{x:.10g}")
    there = _register(file, [c.name for c in spec.columns]).set_index(key)
    if not there.index.is_unique:
        twice = ", ".join(there.index[there.index.duplicated()][0])
        raise DataError(f"{file.name}: {twice} stands twice — keep one")
    both = fresh.index.intersection(there.index)
    before, after = (
        t.loc[both, values].apply(pd.to_numeric, errors="coerce").astype("float64") for t in (there, fresh)
    )
    differ = both[~np.isclose(before, after, rtol=1e-6, atol=0).all(axis=1)]
    told = [f"{' '.join(at)}: {_pair(there.loc[at])} entered, {_pair(fresh.loc[at])} fetched" for at in differ]
    if replace:
        there = there.assign(
            **{v: there[v].mask(there.index.isin(differ), fresh[v].reindex(there.index)) for v in values}
        )
    added = fresh.index.difference(there.index, sort=False)
    if len(added) or (replace and told):
        whole = pd.concat([there, fresh.loc[added]]).reset_index().sort_values("date", kind="stable")
        write_whole(file, whole.to_csv(index=False, lineterminator="\n"))
    return len(added), tuple(told)


def _register(file: Path, columns: list[str]) -> pd.DataFrame:
    if not file.exists():
        return pd.DataFrame(columns=columns, dtype=str)
    try:
        there = pd.read_csv(file, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise DataError(f"{file.name}: cannot be read ({error}) — save it as CSV, UTF-8") from None
    if missing := [c for c in columns if c not in there]:
        raise DataError(f"{file.name} row 1: no column {', '.join(missing)} — save it as CSV, UTF-8, with commas")
    return there


def _pair(row: pd.Series) -> str:
    return f"{row['uzs']} UZS, {row['usd']} USD"
