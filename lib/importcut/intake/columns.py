"""Columns as people write them: read, typed, checked; every fault with place, row, value and remedy."""

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from importcut.intake.workbook import NOT_STORED
from importcut.schema import DTYPES, PERIODS, Column

SHARE = r"(0?\.\d+|0|1|1\.0+)"
LOST_ZERO = r"\d(0[1-9]|1[0-4])"  # 401 is what Excel leaves of 0401; chapters 01 to 09 have at most 14 headings
CODE = rf"((\d\d){{1,5}}|\d|(?!{LOST_ZERO})\d{{3}}(\d\d){{0,3}})"
TAX_NUMBER = r"(\d{1,7}|\d{9,})"
WRITTEN = {  # how a text must be written, by the check in registers.toml or settings.toml: pattern, and in words
    "month": (r"\d{4}-(0[1-9]|1[0-2])", "a month, YYYY-MM"),
    "shares": (rf"{SHARE}(\s*;\s*{SHARE})*", "shares from 0 to 1, separated by ;"),
    "codes": (
        rf"{CODE}(\s*;\s*{CODE})*",
        "codes of digits only, separated by ; (40111 can be 4011 1 or what Excel leaves of 0401 11: write digits in "
        "pairs, in a cell formatted as text)",
    ),
    "tax": (
        rf"{TAX_NUMBER}(\s*;\s*{TAX_NUMBER})*",
        "tax numbers of digits only, separated by ;, in Uzbekistan each of 9 (of 8, Excel has dropped a leading zero: "
        "write it back, in a cell formatted as text)",
    ),
    "span": (r"\d{4}(Q[1-4])?", "a year or quarter, 2024 or 2024Q1"),
    "texts": (r"\['[^']+'(, '[^']+')*\]", 'a list of texts, ["40"]'),
    "list": (r"\[\{.+\}\]", "a list with a text in each language"),
    "pattern": (None, "a regular expression"),
}
EXCEL_ERROR = re.compile(  # as Excel shows them in English and in Russian; ### is a column too narrow to show its value
    r"#(DIV/0!|N/A|REF!|VALUE!|NAME\?|NULL!|NUM!|SPILL!|CALC!|ДЕЛ/0!|Н/Д|ССЫЛКА!|ЗНАЧ!|ИМЯ\?|ПУСТО!|ЧИСЛО!|#{2,})"
)
UNSURE = "?"  # a number that can be read in two ways


@dataclass(frozen=True)
class Fault:
    """Something wrong: the file (and sheet) and rows where it stands, the column, and what to do about it."""

    place: str
    rows: tuple[str, ...]
    text: str
    column: str = ""

    def __str__(self) -> str:
        where = " ".join(part for part in (self.place, ", ".join(self.rows)) if part)
        return f"{where}: {self.text}" if where else self.text


def read_column(
    text: pd.Series, column: Column, place: str, frequency: str, *, plain: pd.Series | None = None
) -> tuple[pd.Series, list[Fault]]:
    """The values of a column of texts, indexed by row, and what is wrong with them.

    Parameters
    ----------
    text : the cells as they stand
    plain : the same as the project writes them, where that differs (1234.5 for 1 234,5); UNSURE where nobody can tell
    """
    given, error = (
        text.ne(""),
        text.map(lambda cell: cell == NOT_STORED or bool(EXCEL_ERROR.fullmatch(cell))).astype(bool),
    )
    filled = (text if plain is None else plain).where(given & ~error, None)
    values, remedy = _typed(filled, column, frequency)
    bad, unsure = given & ~error & values.isna(), filled.eq(UNSURE) & text.ne(UNSURE)

    def told(rows: pd.Series, say) -> list[Fault]:
        return [Fault(place, (at,), f"{column.name} {say(text[at])}", column.name) for at in text.index[rows]]

    faults = told(error, _error_value)
    faults += told(bad & unsure, _two_readings)
    faults += told(bad & ~unsure, lambda cell: f"{cell} cannot be read — {remedy}")
    if not column.optional:
        faults += told(~given, lambda _: "is empty — fill it in")
    if column.check and not column.check.startswith("->"):
        words = WRITTEN.get(column.check, ("", column.check))[1]
        faults += told(values.notna() & ~_passes(values, column.check), lambda cell: f"{cell} — must be {words}")
    return values if column.type == "period" else values.astype(DTYPES[column.type]), faults


def _typed(filled: pd.Series, column: Column, frequency: str) -> tuple[pd.Series, str]:
    """The values, none where they cannot be read, and how they are to be written."""
    match column.type:
        case "number" | "integer":
            values = pd.to_numeric(filled, errors="coerce").astype("float64")
            values = values.where(np.isfinite(values) & ((column.type == "number") | values.mod(1).eq(0)))
            return values, "write a number" if column.type == "number" else "write a whole number"
        case "date":
            return pd.to_datetime(filled, format="%Y-%m-%d", errors="coerce"), "write YYYY-MM-DD"
        case "period":
            fits = filled.str.fullmatch(PERIODS[frequency]).fillna(False).astype(bool)
            values = pd.Series(pd.PeriodIndex(filled.where(fits, None), freq=frequency), filled.index)
            return values, "write the period as 2026Q3 or 2024"
    return filled, ""


def _error_value(cell: str) -> str:
    if cell == NOT_STORED:
        return "is a formula saved without its value — open the workbook in Excel and save it, or write the value"
    if cell.startswith("##"):
        return f"{cell} is what Excel shows of a column too narrow — widen it and save again"
    return f"{cell} is an error of Excel, no value — correct the formula, or write the value"


def _two_readings(cell: str) -> str:
    digits = re.sub(r"[.,]", "", cell)
    decimal = re.sub(",", ".", cell)
    return f"{cell} can be {digits} or {decimal} — write {digits} or {decimal}0, without separators of thousands"


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
