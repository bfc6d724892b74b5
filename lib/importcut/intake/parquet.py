"""Rows of text → typed declarations as Parquet: each value cast, and what cannot be read told on its line."""

import glob
from functools import cache
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from importcut.intake.formats import Fit
from importcut.intake.text import GAP
from importcut.schema import ROWS_AT_ONCE, DataError, tables

SQL_TYPES = {"text": "VARCHAR", "integer": "BIGINT", "number": "DOUBLE", "date": "DATE"}
YEARS = (1991, 2100)  # a year outside these is a slip of the pen, 0022 or 5022
ISO_DATES = ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S.%f")
SERIALS = (30_000, 75_000)  # days as Excel counts them, 1982 to 2105
NUMERIC_DATE = r"^\s*(\d{1,2})[./-](\d{1,2})[./-]\d{4}\b"
MONTH_FIRST = ["%m/%d/%Y", "%m-%d-%Y", "%m.%d.%Y", "%m/%d/%Y %H:%M:%S"]
SLIPS = 0.05  # of the lines; more dates in another order are no slips
BLANKS = "[\\s\u00a0\u202f\u2009'’]"
FAULTS = ["fault", "fault_kind", "fault_column", "fault_value"]


def write_declarations(
    target: Path, fit: Fit, rows: pa.Table | str, *, source_file: str, top: int, signs: dict, dates: list, added: dict
) -> int:
    """Write the declarations of a table and return how many rows it had; duckdb.Error if a text file is not sound.

    Row n of the file is line `first_line` + n. A row that cannot be read or is out of scope has its reason in `fault`.
    rows : columns c0, c1 … of text, or SQL that reads them; signs : of each column of numbers, from `text.signs_of`;
    dates : how they are written, if not as the format has it; added : columns with one value on every row.
    """
    with _database().cursor() as connection:
        connection.execute("SET enable_progress_bar = false")
        if isinstance(rows, pa.Table):
            connection.register("rows", rows)
        constant = "".join(f", {_text(value)} AS {name}" for name, value in added.items())
        relation = f"(SELECT *{constant} FROM {rows if isinstance(rows, str) else 'rows'})"
        select = _query(relation, fit, source_file, top, signs, dates)
        connection.execute(f"COPY ({select}) TO {_text(target)} (FORMAT parquet, ROW_GROUP_SIZE {ROWS_AT_ONCE})")
    return pq.ParquetFile(target).metadata.num_rows


def dates_of(written: Path, lines: int, place: str) -> list[str]:
    """How the dates of a file are written if they have the month first, against its format; slips of the pen have not.

    Raises DataError if others have the day first.
    """
    unread = pd.read_parquet(written, columns=["fault_value"], filters=[("fault", "==", "impossible_date")])
    numbers = unread["fault_value"].str.extract(NUMERIC_DATE).dropna().astype(int)
    month_first = (numbers[0].le(12) & numbers[1].gt(12)).sum()
    if month_first <= SLIPS * lines:
        return []
    days = pc.day(pq.read_table(written, columns=["date"])["date"])
    if (day_first := pc.sum(pc.greater(days, 12)).as_py() or 0) > SLIPS * lines:
        raise DataError(f"{place}: {month_first} dates have the month first, {day_first} the day — ask its sender")
    return MONTH_FIRST


@cache
def _database() -> duckdb.DuckDBPyConnection:
    """One for all files: to begin one takes as long as a small file."""
    return duckdb.connect()


def read_text(path: Path, separator: str, names: list[str], *, header: bool) -> str:
    """SQL that reads a UTF-8 file with these columns, whose first line is the header or the first row."""
    columns = ", ".join(f"'{name}': 'VARCHAR'" for name in names)
    return (
        f"read_csv({_text(glob.escape(str(path)))}, columns={{{columns}}}, header={header}, delim='{separator}', "
        f"quote='\"', escape='\"', auto_detect=false)"
    )


def _text(value) -> str:
    """A text in SQL."""
    return "'" + str(value).replace("'", "''") + "'"


def _texts(values) -> str:
    return ", ".join(map(_text, values))


def _query(relation: str, fit: Fit, source_file: str, top: int, signs: dict, dates: list[str]) -> str:
    """The declarations of a relation, in steps: what is worked out in one is looked up, not worked out again, above."""
    position, rules = fit.position, _rules(fit)
    texts = {c: f"c{n}" for c, n in (position | fit.numbers).items()}
    texts |= {c: f"concat({texts[c]}, '-', c{n})" for c, n in fit.beside["month"].items()}
    about = {c: fit.format.columns.get(c, {"type": "number"}) for c in texts}
    about["date"] = about.get("date", {}) | ({"dates": dates} if dates else {})
    columns = ["c0", *(f"{text} AS raw_{c}" for c, text in texts.items())]
    columns += [f"c{n} AS unit_{c}" for c, n in fit.beside["unit"].items()]
    columns += [f"c{n} AS scope_{k}" for k, (n, _) in enumerate(fit.scope)]
    columns += [f"{_tried(about[c], text, signs.get(c, '.'))} AS tried_{c}" for c, text in texts.items()]
    read = f"SELECT {', '.join(columns)} FROM {relation}"
    numbers = [f"{_number(c, signs.get(c, '.'))} AS tried_{c}" for c in fit.numbers]
    if numbers:
        read = f"SELECT * REPLACE ({', '.join(numbers)}) FROM ({read})"
    read = f"SELECT *, {', '.join(f'{_scaled(fit, c)} AS {c}' for c in position)} FROM ({read})"
    code = "CASE " + " ".join(f"WHEN {rule[0]} THEN {k}" for k, rule in enumerate(rules)) + " END AS code"
    shaped = [f"{_text(source_file)} AS source_file", f"{top + 1}::BIGINT AS first_line"]
    for n, name in enumerate(FAULTS, start=1):
        branches = " ".join(f"WHEN {k} THEN {rule[n]}" for k, rule in enumerate(rules))
        shaped.append(f"CASE WHEN code IS NOT NULL THEN CASE code {branches} END END AS {name}")  # nearly none has one
    counts = [f"code = {k}" for k, rule in enumerate(rules) if rule[1] == "'unreadable_value'"]  # once it is corrected
    for column in tables()["declarations"].columns[2:]:
        value = _or_default(column.name, column.type, fit)
        if column.name == "date":  # a line that cannot count extends no period
            value = f"CASE WHEN {' OR '.join(['code IS NULL', *counts])} THEN {value} END"
        shaped.append(f"{value} AS {column.name}")
    return f"SELECT {', '.join(shaped)} FROM (SELECT *, {code} FROM ({read}))"


def _rules(fit: Fit) -> list[tuple[str, str, str, str, str]]:
    """SQL of what sets a row aside when it is read: condition, reason, kind, column, value."""
    rules = [(f"c0 = '{GAP}'", "'gap'", "'fault'", "NULL", "NULL")]
    for k, (_, about) in enumerate(fit.scope):
        listed, cell = about.get("keep", about.get("drop")), f"coalesce(trim(scope_{k}), '')"
        begun = [f" OR starts_with({cell}, {_text(value[:-1])})" for value in listed if value.endswith("*")]
        outside = f"{'NOT ' if 'keep' in about else ''}({cell} IN ({_texts(listed)}){''.join(begun)})"
        rules.append((outside, _text(about["reason"]), "'out_of_scope'", _text(about["header"]), f"scope_{k}"))
    for column in fit.position:
        about, written, unit = fit.format.columns[column], f"trim(raw_{column})", f"trim(unit_{column})"
        if about["type"] == "date":
            rules.append((f"{column} IS NULL", "'impossible_date'", "'fault'", f"'{column}'", written))
        elif about["type"] != "text":
            if column in fit.beside["unit"]:
                strange = f"{written} <> '' AND coalesce({unit}, '') NOT IN ({_texts(about['units'])})"
                rules.append((strange, "'unit_unknown'", "'fault'", f"'{column}'", unit))
            bad = f"{column} IS NULL AND {written} NOT IN ({_texts(['', *about.get('empty', ())])})"
            if column in fit.beside["times"]:
                written = f"concat({written}, ' × ', trim(raw_times_{column}))"
            rules.append((bad, "'unreadable_value'", "'fault'", f"'{column}'", written))
    return rules


def _tried(about: dict, text: str, signs: str) -> str:
    """What can be read of a text at the first attempt."""
    match about["type"]:
        case "text":
            return f"trim({text}, {_text(about['strip'])})" if "strip" in about else text
        case "date":
            formats = _texts(dict.fromkeys([*about.get("dates", ()), *ISO_DATES]))
            return f"try_strptime({text}, [{formats}])::DATE"
    number = f"try_cast({text} AS DOUBLE)"
    return f"CASE WHEN NOT contains({text}, '.') THEN {number} END" if signs[0] == "," else number


def _number(column: str, signs: str) -> str:
    """A number: as it was read at the first attempt, or else as people write it."""
    tried, slow = f"tried_{column}", _written_number(f"raw_{column}", signs)
    written = f"WHEN {tried} IS NULL AND isfinite({slow}) THEN {slow}"
    return f"CASE WHEN raw_{column} IS NULL THEN NULL WHEN isfinite({tried}) THEN {tried} {written} END"


def _written_number(text: str, signs: str) -> str:
    """A number with blanks or the other sign between thousands; what is ambiguous is none."""
    bare = f"regexp_replace({text}, {_text(BLANKS)}, '', 'g')"
    point, group = signs[0], ",.".replace(signs[0], "")
    rest = f"([{point}][0-9]+)" + "?" * (len(signs) > 1)  # whole thousands only where others are written so
    grouped = f"regexp_full_match({bare}, '-?[0-9]{{1,3}}([{group}][0-9]{{3}})+{rest}')"
    plain = f"CASE WHEN NOT contains({bare}, '{group}') THEN replace({bare}, '{point}', '.') END"
    bared = f"CASE WHEN {grouped} THEN replace(replace({bare}, '{group}', ''), '{point}', '.') END"
    return f"try_cast(coalesce({plain}, {bared}) AS DOUBLE)"


def _scaled(fit: Fit, column: str) -> str:
    """A column typed, in the unit that declarations have it in."""
    about, tried = fit.format.columns[column], f"tried_{column}"
    typed, scale = tried, fit.scale[column]
    match about["type"]:
        case "text":
            return tried
        case "date":
            serial = f"try_cast(raw_{column} AS DOUBLE)"
            sound = f"{tried} BETWEEN DATE '{YEARS[0]}-01-01' AND DATE '{YEARS[1]}-12-31'"
            counted = f"{serial} BETWEEN {SERIALS[0]} AND {SERIALS[1]}"
            day = f"DATE '1899-12-30' + floor({serial})::INTEGER"
            typed = f"CASE WHEN {sound} THEN {tried} WHEN {counted} THEN {day} END"
        case "integer":
            typed = f"CASE WHEN {tried} = trunc({tried}) THEN try_cast({tried} AS BIGINT) END"
    if column in fit.beside["times"]:
        typed = f"{typed} * tried_times_{column}"
    if column in fit.beside["unit"]:
        units = " ".join(f"WHEN {_text(unit)} THEN {times}" for unit, times in about["units"].items())
        return f"{typed} * CASE trim(unit_{column}) {units} END"
    return typed if scale == 1 else f"{typed} * {scale}"


def _or_default(column: str, type: str, fit: Fit) -> str:
    default = fit.format.columns.get(column, {}).get("default")
    standing_in = "NULL" if default is None else _text(default)
    if column not in fit.position:
        return f"CAST({standing_in} AS {SQL_TYPES[type]})"
    return column if default is None else f"coalesce({column}, {standing_in})"
