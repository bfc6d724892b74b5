"""Lines and values of raw files that are known to be wrong, put right, and only while they stand there."""

import tempfile
from pathlib import Path

import ibis
import pandas as pd
from ibis import _

from importcut.dataset import write_whole
from importcut.intake.files import parts
from importcut.intake.text import utf8
from importcut.schema import DataError, tables

REPAIRS = "repairs.csv"  # of a dataset: what was repaired, and what stood there
COLUMNS = ["source_file", "line", "raw", "corrected"]
PLACE = ["source_file", "line"]


def read_repairs(ds) -> pd.DataFrame:
    """The lines that were repaired: source_file, line, raw (as received), corrected.

    Raises DataError if the file lacks a column or a line number.
    """
    file = ds.path / REPAIRS
    return _read(file) if file.exists() else pd.DataFrame(columns=COLUMNS, dtype="str")


def with_raw(lines: pd.DataFrame, files: list, ds) -> pd.DataFrame:
    """Lines (source_file, line, raw) with `raw` as it stands in the file received, where that is a text file."""
    asked = {name: set(rows) for name, rows in lines.groupby("source_file")["line"]}
    found = [
        (file.source_file, number, text)
        for file in files
        if file.separator and file.source_file in asked
        for number, text in _lines_of(file, asked[file.source_file], ds).items()
    ]
    raw = pd.DataFrame(found, columns=["source_file", "line", "found"])
    joined = lines.merge(raw, on=["source_file", "line"], how="left", validate="m:1")
    return joined.assign(raw=joined["found"].fillna(joined["raw"])).drop(columns="found")


def patched(path: Path, repairs: pd.DataFrame, target: Path) -> Path:
    """A UTF-8 file with the repaired lines in the place of those received.

    Raises DataError if a line is no longer what was repaired.
    """
    wanted = {row.line: row for row in repairs.itertuples()}
    with path.open(encoding="utf-8-sig", newline="") as read, target.open("w", encoding="utf-8", newline="") as write:
        for number, text in enumerate(read, start=1):
            row = wanted.pop(number, None)
            if row is not None and text.rstrip("\r\n") != row.raw:
                raise DataError(_changed(row, text.rstrip()))
            write.write(text if row is None else row.corrected + "\n")
    for row in wanted.values():
        raise DataError(_changed(row, ""))
    return target


def repair(ds, given: Path, read) -> pd.DataFrame:
    """Keep the corrected lines of a file, if each of them is read now; returns all that is kept.

    Parameters
    ----------
    given : CSV with source_file, line, corrected, as `importcut check --faults` writes it and a person fills it in
    read : reads the dataset with given repairs (`read_declarations`)

    Raises
    ------
    DataError
        If a line is not there, or still cannot be read; nothing is kept then.
    """
    rows, before = _read(given).query("corrected != ''"), read_repairs(ds)
    rows = with_raw(rows.assign(raw=""), read(ds, repairs=before), ds)
    for row in rows[rows["raw"].eq("") | rows["corrected"].str.contains("\n")].itertuples():
        raise DataError(
            f"{given.name}: {row.source_file} line {row.line} is not one line of that file — correct the row"
        )
    kept = pd.concat([before, rows[COLUMNS]]).drop_duplicates(["source_file", "line"], keep="last")
    if wrong := [error for file in read(ds, repairs=kept) for error in _unread(file, rows, given.name)]:
        raise DataError("\n".join(wrong))
    write_whole(ds.path / REPAIRS, kept.to_csv(index=False, lineterminator="\n"))
    return kept


def _unread(file, rows: pd.DataFrame, name: str) -> list[str]:
    typed = pd.read_parquet(file.declarations, columns=["first_line", "fault", "fault_column"])
    typed = typed.assign(line=typed["first_line"] + typed.index, source_file=file.source_file)
    bad = typed[typed["fault"].notna()].merge(rows[["source_file", "line"]], on=["source_file", "line"])
    return [
        f"{name}: {row.source_file} line {row.line} still cannot be read "
        f"({row.fault_column if pd.notna(row.fault_column) else 'it is no record'}) — write the whole line into "
        f"corrected, as the column raw shows it, with what was wrong put right"
        for row in bad.itertuples()
    ]


def _read(file: Path) -> pd.DataFrame:
    try:
        read = pd.read_csv(file, dtype="str", keep_default_na=False, encoding="utf-8-sig", sep=None, engine="python")
    except (OSError, ValueError, pd.errors.ParserError) as error:
        raise DataError(f"{file.name}: cannot be read ({str(error).strip()}) — save it as CSV, UTF-8") from None
    if missing := [c for c in ("source_file", "line", "corrected") if c not in read]:
        raise DataError(
            f"{file.name} row 1: no column {', '.join(missing)} — take what importcut check --faults writes"
        )
    number = pd.to_numeric(read["line"], errors="coerce")
    for row in read.index[number.isna()]:
        raise DataError(
            f"{file.name} row {row + 2}: line {read.at[row, 'line']!r} is no number — write the line's number"
        )
    return read.assign(line=number.astype("int64"), raw=read.get("raw", ""))


def _lines_of(file, numbers: set[int], ds) -> dict[int, str]:
    """Lines of a text file as received, by number."""
    received = ds.path / file.source_file
    while not received.is_file():  # within an archive
        received = received.parent
    with tempfile.TemporaryDirectory() as scratch:
        within = parts(received, received.relative_to(ds.path).as_posix(), Path(scratch))
        part = next(p for p in within if p.source_file == file.source_file)
        path = utf8(part.path, file.encoding, Path(scratch) / "utf-8", part.source_file)
        with path.open(encoding="utf-8-sig", errors="backslashreplace", newline="") as text:
            return {n: line.rstrip("\r\n") for n, line in enumerate(text, start=1) if n in numbers}


def _changed(row, text: str) -> str:
    return (
        f"{REPAIRS}: {row.source_file} line {row.line} is not what was repaired ({text[:60]!r}) — the sender has "
        f"changed the file: take the row out of {REPAIRS}, or repair the line again"
    )


def corrected(lines: ibis.Table, ds) -> ibis.Table:
    """The lines with the values of corrections.csv that are not withdrawn.

    A value that could not be read may be corrected too: its line counts then.
    Raises DataError if something else stands there than was expected, or the line or column is not there.
    """
    register = ds.corrections.rename(columns={"file": "source_file"})
    register = register[register["status"].ne("withdrawn")]
    kinds = {c.name: c.type for c in tables()["declarations"].columns[2:]}
    wrong = [
        f"corrections.csv: {c} is no column of declarations — choose one of {', '.join(kinds)}"
        for c in register["column"]
        if c not in kinds
    ]
    for column, rows in register[register["column"].isin(kinds)].groupby("column"):
        wrong += _unexpected(lines, rows, column)
        lines = lines if wrong else _put_right(lines, rows, column)
    if wrong:
        raise DataError("\n".join(wrong))
    return lines


def _unexpected(lines: ibis.Table, rows: pd.DataFrame, column: str) -> list[str]:
    """What stands there instead of what a correction expects."""
    places = lines.filter(_.source_file.isin(rows["source_file"].tolist()), _.line.isin(rows["line"].tolist()))
    unread = ibis.ifelse(_.fault_column == column, _.fault_value, ibis.null("string"))
    seen = places.select(*PLACE, stands=unread.fill_null(_[column].cast("string"))).to_pandas()
    found = rows.merge(seen, on=PLACE, how="left", indicator="there", validate="1:1")
    return [
        f"corrections.csv: {row.source_file} line {row.line}: "
        + (
            f"{column} is {row.stands!r}, not {row.expect!r} as expected — the sender may have mended it: withdraw the "
            f"correction, or expect what stands there"
            if row.there == "both"
            else "there is no such line — correct file and line"
        )
        for row in found.itertuples()
        if row.there != "both" or not _same(row.stands, row.expect)
    ]


def _put_right(lines: ibis.Table, rows: pd.DataFrame, column: str) -> ibis.Table:
    kind = lines.schema()[column]
    table = rows[[*PLACE, "value"]].rename(columns={"value": "corrected_text"}).astype({"corrected_text": "object"})
    known = ibis.memtable(
        table.assign(corrected=True),
        schema={"source_file": "string", "line": "int64", "corrected_text": "string", "corrected": "boolean"},
    )
    joined = lines.left_join(known, PLACE).drop(*[f"{c}_right" for c in PLACE])
    is_mine, cleared = _.corrected.fill_null(False), _.corrected.fill_null(False) & (_.fault_column == column)
    faults = {
        name: ibis.ifelse(cleared, ibis.null("string"), _[name]) for name in ("fault", "fault_kind", "fault_value")
    }
    return (
        joined.mutate(**{column: ibis.ifelse(is_mine, _.corrected_text.try_cast(kind), _[column])}, **faults)
        .mutate(fault_column=ibis.ifelse(cleared, ibis.null("string"), _.fault_column))
        .drop("corrected_text", "corrected")
    )


def _same(stands, expect) -> bool:
    if pd.isna(stands) or pd.isna(expect):
        return bool(pd.isna(stands) and pd.isna(expect))
    try:
        return float(stands) == float(expect)
    except ValueError:
        return str(stands).strip() == str(expect).strip()
