"""The engines that one expression runs on: DuckDB on a desk, Spark on a cluster; only reading and writing differ."""

import glob
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import ibis
import pandas as pd

from importcut.schema import ENGINES, ROWS_AT_ONCE, DataError, whole

MEMORY, MORE = 1_200, 12  # MB that DuckDB may use, and more of it a million lines; what does not fit goes to disk
FILE_ROW = "row_of_file"


@contextmanager
def engine_of(name: str | None, scratch: Path, *, lines: int) -> Iterator[ibis.BaseBackend]:
    """A connection to an engine for so many lines: the one asked for, that of IMPORTCUT_ENGINE, or DuckDB.

    Spark is the one that SPARK_REMOTE or the master of its own settings names, without these a local one.
    Raises DataError if there is no such engine or it is not installed.
    """
    name = name or os.environ.get("IMPORTCUT_ENGINE") or "duckdb"
    if name not in ENGINES:
        raise DataError(f"engine {name} is not known — choose one of {', '.join(ENGINES)}")
    if name == "duckdb":
        memory = MEMORY + MORE * lines // 1_000_000
        room = {"memory_limit": f"{memory}MB", "temp_directory": str(scratch / "spilled")}
        connection = ibis.duckdb.connect(**room, preserve_insertion_order=False)  # lines know their place
        try:
            yield connection
        finally:
            connection.disconnect()
        return
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise DataError("Spark is not installed — pip install importcut[spark], or use --engine duckdb") from None
    os.environ.setdefault("PYSPARK_PYTHON", shutil.which("python3") or "python3")
    builder = SparkSession.builder.appName("importcut").config("spark.sql.session.timeZone", "UTC")
    if not {"SPARK_REMOTE", "MASTER"} & set(os.environ):
        builder = builder.config(map={"spark.ui.enabled": False, "spark.sql.shuffle.partitions": os.cpu_count() or 2})
    session = builder.getOrCreate()
    try:
        yield ibis.pyspark.connect(session)
    finally:
        session.stop()


def read_parquet(connection: ibis.BaseBackend, files: list[Path], *, numbered: bool = False) -> ibis.Table:
    """Parquet files as one table; numbered: with the place of each row in its file, from 0, as `row_of_file`."""
    paths = [str(f) for f in files]
    if connection.name == "duckdb":
        escaped = [glob.escape(path) if Path(path).is_file() else f"{glob.escape(path)}/*.parquet" for path in paths]
        read = connection.read_parquet(escaped, file_row_number=True) if numbered else connection.read_parquet(escaped)
        return read.rename({FILE_ROW: "file_row_number"}) if numbered else read
    frame = connection._session.read.parquet(*[Path(path).resolve().as_uri() for path in paths])
    if numbered:
        frame = frame.selectExpr("*", f"_metadata.row_index AS {FILE_ROW}")
    view = f"read_{abs(hash(tuple(paths)))}_{int(numbered)}"
    frame.createOrReplaceTempView(view)
    return connection.table(view)


def small_table(frame: pd.DataFrame, schema) -> ibis.Table:
    """A frame as a table, gaps as nulls: of a missing text Spark would make the text NaN."""
    return ibis.memtable(frame.astype(object).where(frame.notna(), None), schema=schema)


def either_case(table: ibis.Table, pattern: str) -> str:
    """A regular expression for upper and lower case of any alphabet: Java's takes Latin letters alone unless told."""
    return f"(?i){pattern}" if table._find_backend().name == "duckdb" else f"(?iu){pattern}"


def write_parquet(table: ibis.Table, path: Path) -> Path:
    """Write a table whole: a file, or on a cluster a folder of files."""
    connection = table._find_backend()
    if path.is_dir():
        shutil.rmtree(path)
    with whole(path) as part:
        if connection.name == "duckdb":
            table.to_parquet(part, row_group_size=ROWS_AT_ONCE)
        else:
            path.unlink(missing_ok=True)
            table.to_parquet_dir(part.resolve().as_uri())
    return path
