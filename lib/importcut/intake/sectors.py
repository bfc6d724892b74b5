"""The input–output table of a dataset, in its folder `input_output`: read as registers are, and checked as a whole."""

from dataclasses import replace
from pathlib import Path

import pandas as pd

from importcut.intake.registers import read_register
from importcut.intake.scenario import ADD
from importcut.intake.settings import in_all_languages
from importcut.intake.spreadsheet import Sheet, read_csv
from importcut.intake.values import Fault, sector_code
from importcut.schema import Column, Table, tables

MATRIX = "input_output"
SECTORS, COEFFICIENTS, VEHICLES = (f"{MATRIX}/{name}.csv" for name in tables("input_output.toml"))


def read_input_output(path: Path, about: dict, registers: dict, places: dict) -> tuple[dict, list[Fault]]:
    """What `[input_output]` of dataset.toml says and the tables of the folder, by name; all that is wrong with them.

    Nothing where the dataset has neither: then no register may name a sector.
    """
    settings, read, faults = about.get(MATRIX, {}), {}, []
    if settings or (path / MATRIX).is_dir():
        for name, table in tables("input_output.toml").items():
            read[name], wrong = _table(path / MATRIX / f"{name}.csv", table)
            faults += wrong
        faults += [] if settings else [Fault("dataset.toml", (), f"no section [{MATRIX}] — say what {MATRIX}/ is of")]
        if faults:
            return {}, faults
        settings = settings | {"user": sector_code(settings["user"]), "inputs": [*map(sector_code, settings["inputs"])]}
        settings["name"] = in_all_languages(settings["name"])
        faults = _contradictions(settings, **read)
    known, at = {*read["sectors"].index} if read else {}, f"is not in {SECTORS} — {ADD}"
    for name in ("products", "projects"):
        named = registers[name]["io_sector"].dropna()
        odd = named[~named.isin(known)].items()
        faults += [Fault(places[name], (row,), f"io_sector {code} {at}", "io_sector") for row, code in odd]
    return {**settings, **read}, faults


def _table(file: Path, table: Table) -> tuple[pd.DataFrame, list[Fault]]:
    """A file of the folder by its first column, and what is wrong with it; coefficients have a column a sector."""
    place, columns = f"{MATRIX}/{file.name}", {column.name for column in table.columns}
    match read_csv(file, columns) if file.exists() else Fault(place, (), "is missing — add it"):
        case Sheet() as sheet:
            users = sheet.header[1:] if table.name == "coefficients" else ()
            shares = [Column(code, "number", "", "", False, ">= 0") for code in users]
            table = replace(table, columns=(*table.columns, *shares))
            read, faults = read_register(replace(sheet, place=place), table, "Y")
            return read.set_index(table.key[0]).rename(columns={code: sector_code(code) for code in users}), faults
        case fault:
            return pd.DataFrame(), [replace(fault, place=place)]


def _contradictions(
    about: dict, sectors: pd.DataFrame, coefficients: pd.DataFrame, vehicles: pd.DataFrame
) -> list[Fault]:
    """What the tables and the settings say against one another."""
    known, faults, year = sectors.index, [], about["base_year"]
    for what, codes in (("rows", coefficients.index), ("columns", coefficients.columns)):
        if odd := sorted({*known.symmetric_difference(codes), *codes[codes.duplicated()]}):
            text = f"its {what} and the sectors of sectors.csv do not agree in {', '.join(odd)} — {ADD}"
            faults.append(Fault(COEFFICIENTS, (), text))
    remedy = "the inputs of a soum of output are less than a soum: write coefficients, not flows"
    for code, total in coefficients.sum().loc[lambda total: total >= 1].items():
        faults.append(Fault(COEFFICIENTS, (), f"column {code} adds up to {total:.3g} — {remedy}"))
    beyond = known[sectors["imports_million_uzs"] > sectors["total_resources_million_uzs"]]
    faults += [Fault(SECTORS, (), f"{c}: imports above total resources — correct one of them") for c in beyond]
    ends = vehicles[["low", "vehicles", "high"]].ffill(axis=1).bfill(axis=1)
    for row in vehicles.index[(ends.diff(axis=1) < 0).any(axis=1)]:
        faults.append(Fault(VEHICLES, (), f"{row}: low, vehicles, high do not rise — write them in this order"))
    faults += [] if year in vehicles.index else [Fault(VEHICLES, (), f"no row of base_year {year} — add it")]
    lost = [code for code in about["inputs"] if not known.str.startswith(code).any()]
    lost += [] if about["user"] in known else [about["user"]]
    faults += [Fault("dataset.toml", (), f"[{MATRIX}] {code} is not in {SECTORS} — {ADD}") for code in lost]
    return faults
