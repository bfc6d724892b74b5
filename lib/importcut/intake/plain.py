"""Cells as Excel saves them → as the project writes them: decimal commas, blanks in thousands, dates, months, quarters.

What can be read in one way only is read so; anything else stays as it stands and is told by `columns.read_column`.
"""

import datetime
import re
from functools import cache

import pandas as pd

from importcut.intake.columns import UNSURE
from importcut.schema import Column

BLANK = re.compile(r"(?<=\d)[ \u00a0\u2009\u202f](?=\d{3}(?!\d))")  # between thousands: common, no-break, thin blanks
SIMPLE = re.compile(r"[-+]?\d*\.?\d*([eE][-+]?\d+)?")
ONE_COMMA, ONE_DOT = re.compile(r"[-+]?[1-9]\d{0,2},\d{3}"), re.compile(r"[-+]?[1-9]\d{0,2}\.\d{3}")
SERIAL, SERIALS = datetime.date(1899, 12, 30), range(33_239, 73_416)  # day 0 of Excel; the years 1991 to 2100
ROMAN = {"I": "1", "II": "2", "III": "3", "IV": "4"}
QUARTERS = (
    re.compile(r"(?P<year>\d{4})[ ./-]*Q(?P<quarter>[1-4])", re.IGNORECASE),
    re.compile(r"Q(?P<quarter>[1-4])[ ./-]*(?P<year>\d{4})", re.IGNORECASE),
    re.compile(r"(?P<quarter>[1-4]|I{1,3}|IV)[ -]*(?:Q|кв\.?|квартал|чорак|chorak)[ ,]*(?P<year>\d{4})", re.IGNORECASE),
)


def exact(cell) -> str:
    """What Excel typed, as text: no serials, no trailing .0."""
    match cell:
        case str():
            return cell.strip()
        case bool():
            return str(cell).upper()
        case int() | float():
            return str(int(cell)) if cell == int(cell) and abs(cell) < 1e15 else repr(cell)
        case datetime.datetime() if cell.time() == datetime.time():
            return cell.date().isoformat()
        case datetime.date() | datetime.time():
            return cell.isoformat()
    return str(cell)


def decimal_mark(cells: list[str], *, comma: bool) -> str:
    """The decimal mark of a file, by those of its numbers that can be read in one way; "" for none, UNSURE for both.

    Parameters
    ----------
    comma : what the file says where its numbers do not: Excel separates by ; where its decimal mark is the comma
    """
    found = {_mark(BLANK.sub("", cell)) for cell in cells} - {""}
    return UNSURE if len(found) > 1 else found.pop() if found else "," * comma


def plain(cells: pd.Series, column: Column, frequency: str, mark: str) -> pd.Series:
    """The cells of a column as the project writes them; typed ones are taken as they are."""
    texts = cells.map(exact)
    typed = cells.map(lambda cell: not isinstance(cell, str))
    match column.type, column.check:
        case (("number" | "integer"), _):
            odd = ~typed & ~texts.map(lambda cell: bool(SIMPLE.fullmatch(cell)) and not ONE_DOT.fullmatch(cell))
            return texts.where(~odd, texts[odd].map(lambda cell: _number(cell, mark)).reindex(texts.index))
        case "date", _:
            return texts.map(lambda cell: _date(cell) or cell)
        case "period", _:
            return texts.map(lambda cell: _period(cell, frequency))
        case _, "month":
            return texts.map(_month)
        case _, "shares":
            return texts.str.replace(",", ".")
    return texts


def _mark(number: str) -> str:
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
        mark = _mark(number) or "."
    other = "," if mark == "." else "."
    whole, _, rest = number.partition(mark)
    if other in whole and not re.fullmatch(rf"[-+]?\d{{1,3}}({re.escape(other)}\d{{3}})+", whole):
        return cell
    read = f"{whole.replace(other, '')}.{rest}" if rest else whole.replace(other, "")
    return read if SIMPLE.fullmatch(read) else cell


def _date(cell: str) -> str:
    """The date as 2026-09-30, "" if it is none or could be two."""
    if re.fullmatch(r"\d{5}", cell) and int(cell) in SERIALS:
        return (SERIAL + datetime.timedelta(int(cell))).isoformat()
    if found := re.fullmatch(r"(\d{4}-\d\d-\d\d)[T ]00:00(:00)?", cell):
        return found[1]
    if found := re.fullmatch(r"(\d\d?)([./])(\d\d?)\2(\d{4})", cell):
        first, _, second, year = found.groups()
        day, month = (second, first) if found[2] == "/" and int(second) > 12 else (first, second)
        if found[2] == "." or int(day) > 12:  # with dots the day leads everywhere, with strokes nobody can tell
            return f"{year}-{int(month):02}-{int(day):02}"
    return cell if re.fullmatch(r"\d{4}-\d\d-\d\d", cell) else ""


def _month(cell: str) -> str:
    if found := re.fullmatch(r"(0?[1-9]|1[0-2])[./](\d{4})", cell):
        return f"{found[2]}-{int(found[1]):02}"
    if found := re.fullmatch(r"([a-zа-я]{3})[a-zа-я]*[-. ]+(\d{4}|\d\d)", cell.lower()):
        month = _months().get(found[1])
        return f"{'20' * (len(found[2]) == 2)}{found[2]}-{month:02}" if month else cell
    return _date(cell)[:7] or cell


@cache
def _months() -> dict[str, int]:
    """Months by the three letters that Excel shows of them in English and in Russian."""
    from babel.dates import get_month_names

    return {
        name[:3].lower(): number
        for language in ("en", "ru")
        for number, name in get_month_names("wide", "stand-alone", language).items()
    }


def _period(cell: str, frequency: str) -> str:
    date = _date(cell)
    if date:
        month = int(date[5:7])
        return f"{date[:4]}Q{(month + 2) // 3}" if frequency == "Q" else date[:4]
    for quarter in QUARTERS if frequency == "Q" else ():
        if found := quarter.fullmatch(cell):
            number = found["quarter"].upper()
            return f"{found['year']}Q{ROMAN.get(number, number)}"
    return cell
