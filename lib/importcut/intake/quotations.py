"""The register exchange_rates as the Central Bank of Uzbekistan publishes it: JSON, a list of quotations a day."""

import json
from pathlib import Path

import pandas as pd

from importcut.intake.columns import Fault
from importcut.intake.spreadsheet import Sheet

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
    read = [_quoted(file, file.relative_to(path).as_posix()) for file in files]
    if faults := [fault for fault in read if isinstance(fault, Fault)]:
        return faults
    rows = pd.concat(read).drop_duplicates(["date", "currency", "uzs", "usd"])
    place = f"{REGISTER}.json" if files == [path / f"{REGISTER}.json"] else f"{REGISTER}/"
    return Sheet(place, tuple(rows.columns), dict(zip(rows.index, rows.to_numpy().tolist(), strict=True)))


def _quoted(file: Path, name: str) -> pd.DataFrame | Fault:
    """Date, currency, uzs and usd as texts, by file and entry."""
    try:
        listed = json.loads(file.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        return Fault(name, (), f"cannot be read ({error}) — {REMEDY}")
    if not isinstance(listed, list) or not all(isinstance(q, dict) and {*FIELDS} <= {*q} for q in listed) or not listed:
        return Fault(name, (), f"is no list of quotations with {', '.join(FIELDS)} — {REMEDY}")
    quoted = pd.DataFrame(listed)[FIELDS].astype("str")
    quoted.index = [f"{name} entry {n}" for n in range(1, len(quoted) + 1)]
    date = pd.to_datetime(quoted["Date"], format="%d.%m.%Y", errors="coerce")
    price, units = (pd.to_numeric(quoted[c], errors="coerce").where(lambda n: n > 0) for c in ("Rate", "Nominal"))
    table = pd.DataFrame({"date": date, "currency": quoted["Ccy"], "uzs": price / units})
    if (odd := table.index[table.isna().any(axis=1)]).size:
        seen = ", ".join(f"{field} {quoted.at[odd[0], field]!r}" for field in FIELDS)
        return Fault(name, (odd[0].removeprefix(f"{name} "),), f"{seen}: no date dd.mm.yyyy, or no price — {REMEDY}")
    dollar = table[table["currency"].eq(ANCHOR)].drop_duplicates("date").set_index("date")["uzs"].sort_index()
    home = pd.DataFrame(
        {"date": dollar.index, "currency": HOME, "uzs": 1.0}, [f"{name} {HOME} {n}" for n in dollar.index]
    )
    table = pd.concat([table, home])
    table["usd"] = table["uzs"] / dollar.reindex(table["date"], method="ffill").to_numpy() if len(dollar) else None
    if (odd := table.index[table["usd"].isna()]).size:
        return Fault(name, (), f"quotes no {ANCHOR} on or before {table.at[odd[0], 'date']:%d.%m.%Y} — {REMEDY}")
    texts = {c: table[c].map("{:.10g}".format) for c in ("uzs", "usd")}
    return table.assign(date=table["date"].dt.strftime("%Y-%m-%d"), **texts)
