"""Lines and values of raw files that are known to be wrong, put right, and only while they stand there."""

import tempfile
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import ibis
import pandas as pd
from ibis import _

from importcut.dataset import Dataset
from importcut.intake.engine import small_table
from importcut.intake.files import FORMER, parts
from importcut.intake.parquet import FAULTS
from importcut.intake.registers import read_register
from importcut.intake.rules import NOTHING
from importcut.intake.spreadsheet import read_csv
from importcut.intake.text import utf8
from importcut.intake.values import Fault, decimal_mark, exact, read_column
from importcut.schema import PLACE, Column, DataError, listed, tables

FORMER_COLUMNS = {"raw": "expect", "corrected": "value"}
NO_LINE = "there is no such line — correct file and line"
STALE = "the sender may have mended it: withdraw the correction, or expect what stands there"


def line_corrections(ds: Dataset) -> pd.DataFrame:
    """The corrections of whole lines, those without a column: source_file, line, expect, value."""
    rows = ds.corrections.rename(columns={"file": "source_file"})
    rows = rows[rows["column"].isna() & rows["status"].ne("withdrawn")]
    if (file := ds.path / FORMER).exists():
        former = pd.read_csv(file, dtype="str", keep_default_na=False, encoding="utf-8-sig")
        rows = pd.concat([former.rename(columns=FORMER_COLUMNS), rows]).astype({"line": "int64"})
    lines = rows[[*PLACE, "expect", "value"]].drop_duplicates(PLACE, keep="last")
    return lines.fillna({"expect": "", "value": ""})


def patched(path: Path, corrections: pd.DataFrame, target: Path) -> Path:
    """A UTF-8 file with the corrected lines in the place of those received.

    Raises DataError if a line is not what is expected, or several are to stand in its place.
    """
    wanted = {row.line: row for row in corrections.itertuples()}
    with path.open(encoding="utf-8-sig", newline="") as read, target.open("w", encoding="utf-8", newline="") as write:
        for number, text in enumerate(read, start=1):
            row = wanted.pop(number, None)
            if row is not None and (text.strip() != row.expect.strip() or "\n" in row.value):
                place = f"corrections.csv: {row.source_file} line {number}"
                raise DataError(f"{place} is {text.rstrip()[:60]!r}, not as expected — {STALE}")
            write.write(text if row is None else row.value + (text[len(text.rstrip()) :] or "\n"))
    for row in wanted.values():
        raise DataError(f"corrections.csv: {row.source_file} line {row.line}: {NO_LINE}")
    return target


def without_file(ds: Dataset, files: list) -> list[str]:
    """What is wrong with the corrections of lines whose file is not there, or holds no lines of text."""
    text = {file.source_file for file in files if file.separator}
    return [
        f"corrections.csv: {row.source_file} line {row.line}: {NO_LINE}, or name the column"
        for row in line_corrections(ds).itertuples()
        if row.source_file not in text
    ]


def to_correct(faulty: pd.DataFrame, files: list, ds: Dataset) -> pd.DataFrame:
    """Faulty lines as rows of corrections.csv, to be filled in: of a text file the whole line, else the value."""
    places = faulty.groupby("source_file")["line"].agg(set)
    raw = {
        (file.source_file, number): text
        for file in files
        if file.separator and file.source_file in places
        for number, text in _lines_of(file, places[file.source_file], ds).items()
    }
    lines = [raw.get(place) for place in faulty[PLACE].itertuples(index=False, name=None)]
    text = pd.Series(lines, faulty.index, dtype="object")
    about = (faulty["column"].fillna("") + " " + faulty["value"].fillna("")).str.strip()
    rows = faulty.rename(columns={"source_file": "file"}).assign(
        column=faulty["column"].where(text.isna()),
        expect=text.fillna(faulty["value"]),
        value="",
        reason=(faulty["reason"].str.replace("_", " ") + ": " + about).str.removesuffix(": "),
        source="",
        status="open",
    )
    columns = [column.name for column in tables("registers.toml")["corrections"].columns]
    return rows.loc[text.notna() | rows["column"].notna(), [*columns, "remedy"]]


def amended(ds: Dataset, file: Path) -> tuple[Dataset, pd.DataFrame]:
    """The dataset with the filled rows of a file (as from `to_correct`) among its corrections, and these rows.

    Raises DataError if the file is none, a row lacks what a correction needs, or the register stands in a workbook.
    """
    table = tables("registers.toml")["corrections"]
    if len(ds.corrections) and not (ds.path / "corrections.csv").exists():
        raise DataError(f"{file.name}: the dataset's corrections stand in its workbook — enter the rows there")
    sheet = read_csv(file, {column.name for column in table.columns})
    if isinstance(sheet, Fault):
        raise DataError(str(sheet))
    at = (*sheet.header, "value").index("value")
    filled = {row: cells for row, cells in sheet.rows.items() if "".join(cells[at : at + 1]).strip()}
    rows, faults = read_register(replace(sheet, rows=filled), table, ds.frequency)
    if faults:
        raise DataError(listed(faults))
    every = pd.concat([ds.corrections, rows]).drop_duplicates([*table.key], keep="last", ignore_index=True)
    return replace(ds, registers=MappingProxyType({**ds.registers, "corrections": every})), rows


def _lines_of(file, numbers: set[int], ds: Dataset) -> dict[int, str]:
    """Lines of a text file as received, by number."""
    raw_file = ds.path / file.source_file
    while not raw_file.is_file():  # within an archive
        raw_file = raw_file.parent
    with tempfile.TemporaryDirectory() as scratch:
        within = parts(raw_file, raw_file.relative_to(ds.path).as_posix(), Path(scratch))
        part = next(p for p in within if p.source_file == file.source_file)
        path = utf8(part.path, file.encoding, Path(scratch) / "utf-8", part.source_file)
        with path.open(encoding="utf-8-sig", errors="backslashreplace", newline="") as text:
            return {n: line.rstrip("\r\n") for n, line in enumerate(text, start=1) if n in numbers}


def corrected(lines: ibis.Table, ds: Dataset) -> ibis.Table:
    """The lines with the values of corrections.csv that are not withdrawn.

    A value that could not be read may be corrected too: its line counts then.
    Raises DataError if something else stands there than was expected, or the line or column is not there.
    """
    register = ds.corrections.rename(columns={"file": "source_file"})
    register = register[register["column"].notna() & register["status"].ne("withdrawn")]
    columns = {c.name: c for c in tables()["declarations"].columns[2:]}
    known = register[register["column"].isin(columns)]
    remedy = f"is no column of declarations — choose one of {', '.join(columns)}"
    wrong = [f"corrections.csv: {column} {remedy}" for column in register["column"] if column not in columns]
    read = {name: _read(rows, columns[name], ds.frequency) for name, rows in known.groupby("column")}
    wrong += [str(fault) for _values, faults in read.values() for fault in faults]
    if wrong := wrong + (_unexpected(lines, known) if len(known) else []):
        raise DataError("\n".join(wrong))
    for column, (rows, _faults) in read.items():
        lines = _put_right(lines, rows, column)
    return lines


def _read(rows: pd.DataFrame, column: Column, frequency: str) -> tuple[pd.DataFrame, list[Fault]]:
    """The corrections of a column with values as the project writes them, and what is wrong with those."""
    texts = rows["value"].fillna("").set_axis(rows["source_file"] + " line " + rows["line"].astype("str"))
    free, mark = replace(column, optional=True, check=""), decimal_mark([*texts], comma=False)
    values, faults = read_column(texts, free, "corrections.csv", frequency, mark=mark)
    return rows.assign(value=values.map(exact, na_action="ignore").to_numpy()), faults


def _unexpected(lines: ibis.Table, register: pd.DataFrame) -> list[str]:
    """What stands there instead of what a correction expects."""
    places = lines.filter(_.source_file.isin([*register["source_file"]]), _.line.isin([*register["line"]]))
    stands = {
        c: ibis.ifelse(_.fault_column == c, _.fault_value, NOTHING).fill_null(_[c].cast("string"))
        for c in register["column"].unique()
    }
    present = places.select(*PLACE, **stands).to_pandas().set_index(PLACE).to_dict("index")
    wrong = []
    for row in register.itertuples():
        place = f"corrections.csv: {row.source_file} line {row.line}"
        values = present.get((row.source_file, row.line))
        if values is None:
            wrong.append(f"{place}: {NO_LINE}")
        elif not _same(value := values[row.column], row.expect):
            wrong.append(f"{place}: {row.column} is {value!r}, not {row.expect!r} as expected — {STALE}")
    return wrong


def _put_right(lines: ibis.Table, rows: pd.DataFrame, column: str) -> ibis.Table:
    """The lines with the values of a column that are corrected, and sound if it was these that could not be read."""
    values = rows[[*PLACE, "value"]].set_axis([*PLACE, "corrected_text"], axis=1).assign(corrected=True)
    schema = {"source_file": "string", "line": "int64", "corrected_text": "string", "corrected": "boolean"}
    joined = lines.left_join(small_table(values, schema), PLACE).drop(*[f"{c}_right" for c in PLACE])
    mine = _.corrected.fill_null(False)
    value = ibis.ifelse(mine, _.corrected_text.try_cast(lines.schema()[column]), _[column])
    faults = {name: ibis.ifelse(mine & (_.fault_column == column), NOTHING, _[name]) for name in FAULTS}
    return joined.mutate(**{column: value}, **faults).drop("corrected_text", "corrected")


def _same(stands, expect) -> bool:
    if pd.isna(stands) or pd.isna(expect):
        return bool(pd.isna(stands) and pd.isna(expect))
    try:
        return float(stands) == float(expect)
    except ValueError:
        return str(stands).strip() == str(expect).strip()
