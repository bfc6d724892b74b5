"""Registers and settings as people write them: read, typed, checked; every fault with file, row, value and remedy."""

import csv
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from importcut.schema import DTYPES, Column, DataError, Table, tables

PERIODS = {"Q": r"\d{4}Q[1-4]", "Y": r"\d{4}"}
MOST_ERRORS = 40  # lines; more of them have one cause, and nobody reads them
SHARE = r"(0?\.\d+|0|1|1\.0+)"
WRITTEN = {  # how a text must be written, by the check in registers.toml or settings.toml: pattern, and in words
    "month": (r"\d{4}-(0[1-9]|1[0-2])", "a month, YYYY-MM"),
    "shares": (rf"{SHARE}(\s*;\s*{SHARE})*", "shares from 0 to 1, separated by ;"),
    "codes": (r"\d+(\s*;\s*\d+)*", "codes of digits only, separated by ;"),
    "span": (r"\d{4}(Q[1-4])?", "a year or quarter, 2024 or 2024Q1"),
    "texts": (r"\['[^']+'(, '[^']+')*\]", 'a list of texts, ["40"]'),
    "list": (r"\[.+\]", "a list with a text in each language"),
    "pattern": (None, "a regular expression"),
}


def wrong_settings(about: dict, frequency: str) -> list[str]:
    """What dataset.toml lacks, or says in a way that cannot be used."""
    errors = []
    for column in tables("settings.toml")["settings"].columns:
        section, _, key = column.name.rpartition(".")
        holder = about.get(section) if section else about
        if column.optional and (holder is None or (holder is about and key not in about)):
            continue
        value = holder.get(key) if isinstance(holder, dict) else None
        if value is None:
            errors.append(f"dataset.toml: {column.name} is missing — add it (the sample's file shows how)")
        else:
            text = str(value) if column.type in ("text", "period") else repr(value)
            errors += read_column(pd.Series([text], ["setting"]), column, "dataset.toml", frequency)[1]
    return errors


def read_register(path: Path, table: Table, frequency: str) -> tuple[pd.DataFrame, list[str]]:
    """The register, indexed by the row as a spreadsheet counts them, and what is wrong with it."""
    file, names = path / f"{table.name}.csv", [c.name for c in table.columns]
    nothing = pd.DataFrame({c.name: pd.Series(dtype=_dtype(c, frequency)) for c in table.columns})
    if not file.exists():
        return nothing, [f"{file.name}: is missing — add it"] if table.name == "products" else []
    try:
        with file.open(encoding="utf-8-sig", newline="") as text:
            header, *rows = [*csv.reader(text, strict=True, skipinitialspace=True)] or [[]]
    except (UnicodeDecodeError, csv.Error) as error:
        return nothing, [f"{file.name}: cannot be read ({error}) — save it as CSV, UTF-8"]
    header = [h.strip() for h in header]
    if missing := [n for n in names if n not in header]:
        remedy = "add the column" if len(missing) == 1 else "add the columns"
        return nothing, [f"{file.name} row 1: no column {', '.join(missing)} — {remedy}"]
    filled = {f"row {n}": row for n, row in enumerate(rows, start=2) if "".join(row).strip()}
    errors = [
        f"{file.name} {at}: {len(row)} fields under {len(header)} headers — correct the row that begins {row[0]}"
        for at, row in filled.items()
        if len(row) != len(header)
    ]
    whole = {at: row for at, row in filled.items() if len(row) == len(header)}
    written = pd.DataFrame([*whole.values()], [*whole], header, dtype="str")
    written = written.loc[:, ~written.columns.duplicated()]
    typed = {}
    for column in table.columns:
        typed[column.name], found = read_column(written[column.name].str.strip(), column, file.name, frequency)
        errors += found
    read = pd.DataFrame(typed)
    errors += [
        f"{file.name} {at}: {', '.join(written.loc[at, list(table.key)])} stands twice — keep one"
        for at in read.index[read.duplicated(list(table.key))]
    ]
    return read, errors


def contradictions(registers: dict[str, pd.DataFrame], found: dict[str, list[str]], path: Path) -> list[str]:
    """What the registers in `path` say against one another; `found`: what is wrong with each by itself."""
    lost, without_sheet = _broken_references(registers), _without_sheet(registers)
    errors = _nothing_to_refer_to({**lost, **without_sheet}, registers, found, path)
    for (_, target, _), lines in {**lost, **without_sheet}.items():
        errors += [] if registers[target].empty else lines
    return errors + _shares_off(registers["uses"]) + _ambiguous(registers["plants"])


def listed(errors: list[str]) -> str:
    """Errors, one line each; of very many the first ones, and how many there are besides."""
    more = len(errors) - MOST_ERRORS
    return "\n".join([*errors[:MOST_ERRORS], *([f"… and {more} more"] if more > 0 else [])])


def read_toml(file: Path) -> dict:
    """What a TOML file says.

    Raises DataError if it is none.
    """
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{file.name}: {error} — correct the file") from None


def _dtype(column: Column, frequency: str) -> str:
    return f"period[{frequency}]" if column.type == "period" else DTYPES[column.type]


def read_column(text: pd.Series, column: Column, file: str, frequency: str) -> tuple[pd.Series, list[str]]:
    """The values of a column of texts, indexed by row, and what is wrong with them."""
    given = text.ne("")
    filled = text.where(given, None)
    match column.type:
        case "number" | "integer":
            values = pd.to_numeric(filled, errors="coerce").astype("float64")
            values = values.where(np.isfinite(values) & ((column.type == "number") | values.mod(1).eq(0)))
            remedy = "write a number" if column.type == "number" else "write a whole number"
        case "date":
            values = pd.to_datetime(filled, format="%Y-%m-%d", errors="coerce")
            remedy = "write YYYY-MM-DD"
        case "period":
            fits = filled.str.fullmatch(PERIODS[frequency]).fillna(False).astype(bool)
            values = pd.Series(pd.PeriodIndex(filled.where(fits, None), freq=frequency), text.index)
            remedy = "write the period as 2026Q3 or 2024"
        case _:
            values, remedy = filled, ""
    bad = given & values.isna()
    errors = [f"{file} {at}: {column.name} {text[at]} cannot be read — {remedy}" for at in text.index[bad]]
    if not column.optional:
        errors += [f"{file} {at}: {column.name} is empty — fill it in" for at in text.index[~given]]
    if column.check and not column.check.startswith("->"):
        words = WRITTEN.get(column.check, ("", column.check))[1]
        wrong = values.notna() & ~_passes(values, column.check)
        errors += [f"{file} {at}: {column.name} {text[at]} — must be {words}" for at in text.index[wrong]]
    return values if column.type == "period" else values.astype(DTYPES[column.type]), errors


def _passes(values: pd.Series, check: str) -> pd.Series:
    match check:
        case ">= 0":
            return values.ge(0)
        case "> 0":
            return values.gt(0)
        case "share":
            return values.between(0, 1)
        case "pattern":
            return values.map(_is_pattern, na_action="ignore").eq(True)
        case text if text in WRITTEN:
            return values.str.fullmatch(WRITTEN[text][0]).eq(True)
        case allowed:
            return values.isin(allowed.split("|"))


def _is_pattern(text: str) -> bool:
    try:
        pc.match_substring_regex(pa.array([""]), text)  # RE2, as in DuckDB
    except pa.ArrowInvalid:
        return False
    return True


def _broken_references(registers: dict[str, pd.DataFrame]) -> dict[tuple[str, str, str], list[str]]:
    """Errors by register, the one it refers to, and column."""
    errors = {}
    for table in tables("registers.toml").values():
        for column in table.columns:
            if column.check.startswith("->"):
                target, key = column.check.removeprefix("-> ").split(".")
                values = registers[table.name][column.name]
                lost = values[values.notna() & ~values.isin(registers[target][key])]
                errors[table.name, target, column.name] = [
                    f"{table.name}.csv {at}: {column.name} {value} is not in {target}.csv — add it there or correct it"
                    for at, value in lost.items()
                ]
    return errors


def _without_sheet(registers: dict[str, pd.DataFrame]) -> dict[tuple[str, str, str], list[str]]:
    """Errors as above: deliveries and output of a project that does not make the product."""
    key, errors = ["project_id", "product_id"], {}
    made = pd.MultiIndex.from_frame(registers["project_products"][key])
    for name in ("deliveries", "output"):
        rows = registers[name]
        known = rows["project_id"].isin(registers["projects"]["project_id"])
        known &= rows["product_id"].isin(registers["products"]["product_id"])
        lost = rows[known & ~pd.MultiIndex.from_frame(rows[key]).isin(made)]
        errors[name, "project_products", "product_id"] = [
            f"{name}.csv {row.Index}: project_id {row.project_id} with product_id {row.product_id} "
            f"is not in project_products.csv — add it there or correct it"
            for row in lost.itertuples()
        ]
    return errors


def _nothing_to_refer_to(lost: dict, registers: dict, found: dict, path: Path) -> list[str]:
    """One error for each register that others refer to and that is missing or empty, if that is not said already."""
    errors = []
    for target in tables("registers.toml"):
        referring = sorted({f"{name}.csv" for (name, to, _), lines in lost.items() if to == target and lines})
        if referring and registers[target].empty and not found[target]:
            there = (path / f"{target}.csv").exists()
            state, remedy = ("has no rows", "add them") if there else ("is missing", "add it")
            verb = "refers" if len(referring) == 1 else "refer"
            errors.append(f"{target}.csv {state}, and {', '.join(referring)} {verb} to it — {remedy}")
    return errors


def _shares_off(uses: pd.DataFrame) -> list[str]:
    return [
        f"uses.csv {', '.join(rows.index)}: the shares of {product} at {plant} add up to "
        f"{rows['share'].sum():g} — make them 1"
        for (product, plant), rows in uses.groupby(["product_id", "plant_id"])
        if abs(rows["share"].sum() - 1) > 1e-9
    ]


def _ambiguous(plants: pd.DataFrame) -> list[str]:
    errors = []
    for column in ("tax_numbers", "aliases"):
        keys = plants[column].dropna().str.split(";").explode().str.split().str.join(" ").str.lower()
        keys = keys[keys.ne("")].rename_axis("row").reset_index().drop_duplicates()
        errors += [
            f"plants.csv {at}: {column} {key} stands at another plant too — leave it at one of them"
            for at, key in keys[keys.duplicated(column)].itertuples(index=False)
        ]
    return errors
