"""Values of raw files that are known to be wrong, put right as corrections.csv says and only while they stand there."""

import ibis
import pandas as pd
from ibis import _

from importcut.schema import DataError, tables

PLACE = ["source_file", "line"]


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
