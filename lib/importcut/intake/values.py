"""How people write numbers, dates, months and quarters: read where there is one reading, and else a fault."""

import datetime
import math
import re
import tomllib
from dataclasses import dataclass
from functools import cache, lru_cache

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from importcut.intake.partners import bare_name, country_codes
from importcut.intake.workbook import NOT_STORED
from importcut.letters import LOOK_ALIKES, ON_LINES, as_seen, unseen
from importcut.schema import DTYPES, LIBRARY, PERIODS, Column

WRITTEN = tomllib.loads((LIBRARY / "checks.toml").read_text(encoding="utf-8"))  # how a text must be, by its check
EXCEL_ERROR = re.compile(  # as Excel shows them in English and in Russian; ### is a column too narrow to show its value
    r"#(DIV/0!|N/A|REF!|VALUE!|NAME\?|NULL!|NUM!|SPILL!|CALC!|ДЕЛ/0!|Н/Д|ССЫЛКА!|ЗНАЧ!|ИМЯ\?|ПУСТО!|ЧИСЛО!|#{2,})"
)
READINGS = 100_000  # cells whose readings are at hand: they stand in many rows, and datasets are opened again
REWRITE = "delete what nobody can see there, or write the text anew"
UNSURE = "?"  # a number that can be read in two ways
BLANK = re.compile(r"(?<=\d)[ \u00a0\u2009\u202f](?=\d{3}(?!\d))")  # between thousands: common, no-break, thin blanks
SIMPLE = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", re.ASCII)
ONE_COMMA, ONE_DOT = re.compile(r"[-+]?[1-9]\d{0,2},\d{3}"), re.compile(r"[-+]?[1-9]\d{0,2}\.\d{3}")
SERIAL, SERIALS = datetime.date(1899, 12, 30), range(33_239, 73_416)  # day 0 of Excel; the years 1991 to 2100
DATE_FORMS = (  # with dots the day leads everywhere; with strokes nobody can tell, unless it is past 12
    r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)([T ]00:00(:00)?)?",
    r"(?P<day>\d\d?)\.(?P<month>\d\d?)\.(?P<year>\d{4})",
    r"(?P<day>1[3-9]|[2-9]\d)/(?P<month>\d\d?)/(?P<year>\d{4})",
    r"(?P<month>\d\d?)/(?P<day>1[3-9]|[2-9]\d)/(?P<year>\d{4})",
)
MONTH_FORMS = (
    r"(?P<month>0?[1-9]|1[0-2])[./](?P<year>\d{4})",
    r"(?P<name>[a-zа-я]{3})[a-zа-я]*[-. ]+(?P<year>(\d\d)?\d\d)",
)
QUARTER_FORMS = (
    r"(?P<year>\d{4})[ ./-]*Q(?P<quarter>[1-4])",
    r"Q(?P<quarter>[1-4])[ ./-]*(?P<year>\d{4})",
    r"(?P<quarter>[1-4]|I{1,3}|IV)[ -]*(?:Q|кв\.?|квартал|чорак|chorak)[ ,]*(?P<year>\d{4})",
)
BETWEEN = r"(-?[\d.]+) to (-?[\d.]+)"  # a check, with both ends in
ROMAN = {"I": "1", "II": "2", "III": "3", "IV": "4"}


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
    cells: pd.Series, column: Column, place: str, frequency: str, *, mark: str | None = None
) -> tuple[pd.Series, list[Fault]]:
    """The values of a column of cells, indexed by row, and what is wrong with them.

    mark : the decimal mark of what people wrote; None for cells that the project wrote.
    """
    texts = [cell.strip() for cell in cells if isinstance(cell, str) and cell.strip()]
    if mark == "" and texts and all(map(ONE_DOT.fullmatch, texts)):
        mark = UNSURE  # 1.760 in every cell, and nothing beside it tells thousands from decimals
    readings = [_reading(cell, column, frequency, mark) for cell in cells]
    values = pd.Series([value for value, _ in readings], cells.index, dtype=dtype_of(column, frequency))
    return values, [
        Fault(place, (at,), f"{column.name} {wrong}", column.name)
        for at, (_, faults) in zip(cells.index, readings, strict=True)
        for wrong in faults
    ]


def dtype_of(column: Column, frequency: str) -> str:
    """What pandas calls the type of a column."""
    return f"period[{frequency}]" if column.type == "period" else DTYPES[column.type]


@lru_cache(READINGS, typed=True)  # True is not 1
def _reading(cell, column: Column, frequency: str, mark: str | None) -> tuple[object, list[str]]:
    """The value of a cell, None where it has none, and what is wrong with it."""
    text = exact(cell)
    if not text:
        return None, [] if column.optional else ["is empty — fill it in"]
    hidden = unseen(text, "" if column.name.startswith("name_") else ON_LINES)  # a name stands on one line
    faults = [f"{as_seen(text)} holds {', '.join(hidden)} — {REWRITE}"] if hidden else []
    if text == NOT_STORED or EXCEL_ERROR.fullmatch(text):
        return None, [*faults, _error_value(text)]
    plain = text if mark is None else _as_written(cell, column, frequency, mark)
    value, remedy = _typed(plain, column.type, frequency)
    if value is None:
        wrong = _two_readings(text) if plain == UNSURE != text else f"{text} cannot be read — {remedy}"
        return None, [*faults, wrong]
    if column.check and not column.check.startswith("->") and not _passes(value, column.check):
        words = WRITTEN.get(column.check, {}).get("words", column.check)
        per_cent = column.unit.startswith(("share", "ratio")) and column.type == "number" and abs(value) > 1
        share = f": write {value:g} % as {value / 100:g}" if per_cent and _passes(value / 100, column.check) else ""
        faults.append(f"{text} — must be {words}{share}")
    return value, faults


def _typed(text: str, kind: str, frequency: str) -> tuple[object, str]:
    """The value, None where it cannot be read, and how it is to be written."""
    match kind:
        case "number" | "integer":
            number = float(text) if SIMPLE.fullmatch(text) else math.inf
            fits = math.isfinite(number) and (kind == "number" or number.is_integer())
            return number if fits else None, "write a number" if kind == "number" else "write a whole number"
        case "date":
            day = pd.to_datetime(text, format="%Y-%m-%d", errors="coerce")
            return None if pd.isna(day) else day, "write YYYY-MM-DD"
        case "period":
            fits = re.fullmatch(PERIODS[frequency], text, re.ASCII)
            return pd.Period(text, freq=frequency) if fits else None, "write the period as 2026Q3 or 2024"
        case "country":
            return country_codes().get(bare_name(text)), "write one country, its code or its name"
    return text, ""


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


def _passes(value, check: str) -> bool:
    match check:
        case ">= 0":
            return value >= 0
        case "> 0":
            return value > 0
        case "share":
            return 0 <= value <= 1
        case text if ends := re.fullmatch(BETWEEN, text):
            return float(ends[1]) <= value <= float(ends[2])
        case "pattern":
            return _is_pattern(value)
        case text if text in WRITTEN:
            one, several = WRITTEN[text]["pattern"], WRITTEN[text].get("several", False)
            return bool(re.fullmatch(rf"{one}(\s*;\s*{one})*" if several else one, value, re.ASCII))
        case allowed:
            return value in allowed.split("|")


def _is_pattern(text: str) -> bool:
    try:
        pc.match_substring_regex(pa.array([""]), text)  # RE2, as in DuckDB
    except pa.ArrowInvalid:
        return False
    return True


def alternatives(texts: pd.Series) -> pd.Series:
    """The names that texts separate by ;, in lower case and without needless blanks, each under its text's index."""
    names = texts.dropna().str.split(";").explode().str.split().str.join(" ").str.lower()
    return names[names.ne("")]


def exact(cell) -> str:
    """A cell of a workbook, or a value of JSON, as text: no serials, no trailing .0, nothing for none."""
    match cell:
        case str():
            return cell.strip()
        case bool():
            return str(cell).upper()
        case float() if cell.is_integer() and abs(cell) < 1e15:
            return str(int(cell))
        case datetime.datetime() if cell.time() == datetime.time():
            return cell.date().isoformat()
    return "" if pd.isna(cell) else str(cell)


def decimal_mark(cells: list[str], *, comma: bool) -> str:
    """The decimal mark of the numbers that have one reading, or else as `comma` says; "" for none, UNSURE for both."""
    marks = {mark_of(BLANK.sub("", cell)) for cell in cells} - {""}
    return UNSURE if len(marks) > 1 else marks.pop() if marks else "," * comma


def _as_written(cell, column: Column, frequency: str, mark: str) -> str:
    """A cell as the project writes it; what is typed is taken as it is."""
    text = exact(cell)
    match column.type, column.check:
        case "number" | "integer", _:
            return _number(text, mark) if isinstance(cell, str) else text
        case "date", _:
            return _date(text) or text
        case "period", _:
            return _period(text, frequency)
        case _, "month":
            return _month(text)
        case _, "shares":
            return text.replace(",", ".")
        case _, "sector":
            return sector_code(text)
    return text


def sector_code(text: str) -> str:
    """A code of the input–output table, the same whichever alphabet its letter was typed in."""
    return text.casefold().translate(LOOK_ALIKES).upper().strip(" .,")


def mark_of(number: str) -> str:
    """The decimal mark of a number, "" where it has none or could have either."""
    commas, dots = number.count(","), number.count(".")
    if commas and dots:
        return max(",.", key=number.rfind)
    if commas > 1 or dots > 1:
        return "." if commas else ","
    if commas and not ONE_COMMA.fullmatch(number):
        return ","
    return "." if dots and not ONE_DOT.fullmatch(number) else ""


def _number(cell: str, mark: str) -> str:
    number = BLANK.sub("", cell).replace("\u2212", "-")
    if ONE_COMMA.fullmatch(number) or ONE_DOT.fullmatch(number):
        if "." in number and mark in ("", "."):
            return number  # as the project writes numbers
        if "." in number or mark not in (",", "."):
            return UNSURE
    else:
        mark = mark_of(number) or "."
    other = "," if mark == "." else "."
    whole, _, rest = number.partition(mark)
    if other in whole and not re.fullmatch(rf"[-+]?\d{{1,3}}({re.escape(other)}\d{{3}})+", whole):
        return cell
    read = f"{whole.replace(other, '')}.{rest}" if rest else whole.replace(other, "")
    return read if SIMPLE.fullmatch(read) else cell


def _parts(cell: str, forms: tuple[str, ...]) -> dict[str, str]:
    """The parts of a date, month or quarter by the first form that it is written in; none if it has none."""
    matches = (re.fullmatch(form, cell, re.IGNORECASE) for form in forms)
    return next((match.groupdict() for match in matches if match), {})


def _date(cell: str) -> str:
    """The date as 2026-09-30, "" if it is none or could be two."""
    if re.fullmatch(r"\d{5}", cell) and int(cell) in SERIALS:
        return (SERIAL + datetime.timedelta(int(cell))).isoformat()
    parts = _parts(cell, DATE_FORMS)
    return "{year}-{month:0>2}-{day:0>2}".format(**parts) if parts else ""


def _month(cell: str) -> str:
    parts = _parts(cell, MONTH_FORMS)
    month = parts.get("month") or _months().get(parts.get("name", "").lower())
    return f"{'20' * (len(parts['year']) == 2)}{parts['year']}-{month:0>2}" if month else _date(cell)[:7] or cell


@cache
def _months() -> dict[str, int]:
    """Months by the three letters that Excel shows of them in English and in Russian."""
    from babel.dates import get_month_names

    names = [get_month_names("wide", "stand-alone", language).items() for language in ("en", "ru")]
    return {name[:3].lower(): number for language in names for number, name in language}


def _period(cell: str, frequency: str) -> str:
    if date := _date(cell):
        return f"{date[:4]}Q{(int(date[5:7]) + 2) // 3}" if frequency == "Q" else date[:4]
    parts = _parts(cell, QUARTER_FORMS) if frequency == "Q" else {}
    return f"{parts['year']}Q{ROMAN.get(parts['quarter'].upper(), parts['quarter'])}" if parts else cell
