"""The register exchange_rates as the Central Bank of Uzbekistan publishes it: JSON, a list of quotations a day."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from importcut.dataset import write_whole
from importcut.intake.spreadsheet import Sheet
from importcut.intake.values import Fault
from importcut.schema import DataError, tables

REGISTER, HOME, ANCHOR = "exchange_rates", "UZS", "USD"
FIELDS = ["Date", "Ccy", "Rate", "Nominal"]  # what is quoted: Rate, in UZS, of Nominal units of Ccy from Date on
REMEDY = "save the bank's answer as it comes, or write exchange_rates.csv"


def read_quotations(path: Path) -> Sheet | list[Fault] | None:
    """The register from exchange_rates.json, or all JSON files in exchange_rates/; none if there are none.

    The price in USD follows from that of the dollar on the same day, or the last one before it in the same file.
    """
    files = [f for f in (path / f"{REGISTER}.json", *sorted((path / REGISTER).glob("*.json"))) if f.is_file()]
    if not files:
        return None
    read = [_read(file, file.relative_to(path).as_posix()) for file in files]
    if faults := [fault for fault in read if isinstance(fault, Fault)]:
        return faults
    rows = pd.concat(read).drop_duplicates(["date", "currency", "uzs", "usd"])
    place = f"{REGISTER}.json" if files == [path / f"{REGISTER}.json"] else f"{REGISTER}/"
    return Sheet(place, tuple(rows.columns), dict(zip(rows.index, rows.to_numpy().tolist(), strict=True)))


def _read(file: Path, name: str) -> pd.DataFrame | Fault:
    """Date, currency, uzs and usd as texts, by file and entry."""
    try:
        table = quoted(json.loads(file.read_text(encoding="utf-8-sig")))
    except ValueError as error:
        return Fault(name, (), f"cannot be read ({error}) — {REMEDY}")
    except DataError as error:
        entry, _, text = str(error).rpartition(" has ")
        return Fault(name, (entry,) if entry else (), f"{text} — {REMEDY}")
    return table.rename(index=f"{name} {{}}".format)


def quoted(quotations: list[dict]) -> pd.DataFrame:
    """Date, currency, uzs and usd as texts, by entry, with the home currency beside each quotation of the dollar.

    Raises DataError if these are no quotations, or no dollar is quoted on or before a date.
    """
    entries = quotations if isinstance(quotations, list) else []
    if not entries or not all(isinstance(q, dict) and {*FIELDS} <= {*q} for q in entries):
        raise DataError(f"is no list of quotations with {', '.join(FIELDS)}")
    stated = pd.DataFrame(entries)[FIELDS].astype("str")
    stated.index = [f"entry {n}" for n in range(1, len(stated) + 1)]
    date = pd.to_datetime(stated["Date"], format="%d.%m.%Y", errors="coerce")
    price, units = (pd.to_numeric(stated[c], errors="coerce").where(lambda n: n > 0) for c in ("Rate", "Nominal"))
    table = pd.DataFrame({"date": date, "currency": stated["Ccy"], "uzs": price / units})
    if (odd := table.index[table.isna().any(axis=1)]).size:
        values = ", ".join(f"{field} {stated.at[odd[0], field]!r}" for field in FIELDS)
        raise DataError(f"{odd[0]} has {values}: no date dd.mm.yyyy, or no price")
    dollar = table[table["currency"].eq(ANCHOR)].drop_duplicates("date").set_index("date")["uzs"].sort_index()
    home = pd.DataFrame({"date": dollar.index, "currency": HOME, "uzs": 1.0}, [f"{HOME} {n}" for n in dollar.index])
    table = pd.concat([table, home])
    table["usd"] = table["uzs"] / dollar.reindex(table["date"], method="ffill").to_numpy() if len(dollar) else None
    if (odd := table.index[table["usd"].isna()]).size:
        raise DataError(f"quotes no {ANCHOR} on or before {table.at[odd[0], 'date']:%d.%m.%Y}")
    texts = {c: table[c].map("{:.10g}".format) for c in ("uzs", "usd")}
    return table.assign(date=table["date"].dt.strftime("%Y-%m-%d"), **texts)


def enter(file: Path, rates: pd.DataFrame) -> tuple[int, list[str]]:
    """Add rates to exchange_rates.csv where it has none; how many, and which differ from those that stand there.

    Raises DataError if the file cannot be read.
    """
    columns = [column.name for column in tables("registers.toml")[REGISTER].columns]
    key, prices = columns[:2], columns[2:]
    try:
        entered = pd.read_csv(file, dtype="str", keep_default_na=False) if file.exists() else rates.iloc[:0]
        there = pd.MultiIndex.from_frame(entered[key])
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError, KeyError) as error:
        raise DataError(f"{file.name}: cannot be read ({error}) — save it as CSV, UTF-8, with commas") from None
    new = rates.loc[~pd.MultiIndex.from_frame(rates[key]).isin(there), columns].drop_duplicates(key)
    whole = pd.concat([entered, new]).sort_values("date", kind="stable")
    if len(new):
        write_whole(file, whole.to_csv(index=False, lineterminator="\n"))
    both = rates.merge(whole[columns], on=key, suffixes=(" fetched", " entered")).drop_duplicates()
    pairs = [both[[f"{price} {side}" for price in prices]] for side in ("fetched", "entered")]
    fetched, standing = (pair.apply(pd.to_numeric, errors="coerce") for pair in pairs)
    differ = both[~np.isclose(fetched, standing, rtol=1e-6, atol=0).all(axis=1)]
    return len(new), [", ".join(f"{name} {value}" for name, value in row.items()) for row in differ.to_dict("records")]
