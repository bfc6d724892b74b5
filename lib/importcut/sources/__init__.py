"""Raw files → typed declarations: one Parquet file for each, and what could not be read beside it."""

import glob
import hashlib
import json
import tomllib
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from importcut.schema import DataError, tables
from importcut.sources.records import header_of, records_of

FOLDERS = ("declarations", "imports")
FORMATS = Path(__file__).parents[1] / "formats"
SQL_TYPES = {"text": "VARCHAR", "integer": "BIGINT", "number": "DOUBLE", "date": "DATE"}
YEARS = (1991, 2100)  # a year outside these is a slip of the pen, 0022 or 5022
MOST_ERRORS = 40  # lines
FAULT_COLUMNS = [*(c.name for c in tables()["quarantine"].columns), "weight_unit"]


@dataclass(frozen=True)
class RawFile:
    """A raw file that has been read: typed lines and faults as Parquet, and how many lines it has."""

    source_file: str
    format: str
    lines: int
    declarations: Path
    faults: Path


def read_declarations(ds) -> list[RawFile]:
    """Every raw file of the dataset as typed Parquet, read once for each content.

    Raises DataError if there is none, one has no lines or is no CSV file, or its header fits no format.
    """
    found = sorted(p for folder in FOLDERS for p in (ds.path / folder).rglob("*") if p.is_file())
    paths = [p for p in found if not p.name.startswith((".", "~"))]
    if foreign := [p.relative_to(ds.path).as_posix() for p in paths if p.suffix.lower() != ".csv"]:
        told = [f"{name}: is no CSV file — save it as CSV, UTF-8, or take it away" for name in foreign[:MOST_ERRORS]]
        raise DataError("\n".join(told + [f"… and {len(foreign) - len(told)} more"] * (len(foreign) > len(told))))
    if not paths:
        raise DataError(f"{ds.name}: no raw files — put them into {' or '.join(f'{f}/' for f in FOLDERS)}")
    return [_read(path, ds) for path in paths]


def periods(files: list[RawFile], frequency: str) -> pd.PeriodIndex:
    """The periods that the files cover, from the first to the last one, without reading the lines again."""
    spans = [
        pq.ParquetFile(f.declarations).metadata.row_group(g).column(_date_position(f)).statistics
        for f in files
        for g in range(pq.ParquetFile(f.declarations).metadata.num_row_groups)
    ]
    if not any(s is not None and s.has_min_max for s in spans):
        raise DataError("no raw file has a readable line — see the quarantine of notebooks/01_prepare_imports.ipynb")
    known = [s for s in spans if s is not None and s.has_min_max]
    return pd.period_range(min(s.min for s in known), max(s.max for s in known), freq=frequency)


def faults(files: list[RawFile]) -> pd.DataFrame:
    """The lines that could not be read, with the columns of quarantine; net_kg still in weight_unit."""
    return pd.concat([pd.read_parquet(f.faults) for f in files], ignore_index=True)


def _read(path: Path, ds) -> RawFile:
    source_file, raw = path.relative_to(ds.path).as_posix(), path.read_bytes()
    code = b"".join(
        f.read_bytes()
        for folder, kind in ((Path(__file__).parent, "*.py"), (FORMATS, "*.toml"))
        for f in sorted(folder.glob(kind))
    )
    key = hashlib.sha256(code + source_file.encode() + b"\0" + raw).hexdigest()[:16]
    stem = ds.processed / "declarations" / f"{source_file.replace('/', '-')}-{key}"
    note, part = Path(f"{stem}.json"), Path(f"{stem}.part")
    if not note.exists():
        if not raw.removeprefix(b"\xef\xbb\xbf").strip():
            raise DataError(f"{source_file}: the file is empty — put the file received there, or take it away")
        stem.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(_convert(path, raw, source_file, stem)))
        part.replace(note)
    about = json.loads(note.read_text())
    return RawFile(
        source_file, about["format"], about["lines"], Path(f"{stem}.parquet"), Path(f"{stem}.faults.parquet")
    )


def _convert(path: Path, raw: bytes, source_file: str, stem: Path) -> dict:
    header, top = header_of(raw)
    spec, position = _detect(header, source_file)
    with duckdb.connect() as connection:
        physical = raw.count(b"\n") + (not raw.endswith(b"\n")) - top
        malformed = _load_whole(connection, path, len(header), top, physical)
        if malformed is None:
            malformed = _load_by_line(connection, raw, len(header), top)
        records = connection.execute("SELECT count(*) FROM whole").fetchone()[0]
        if not records and not malformed["value"].astype("str").str.strip().ne("").any():
            remedy = "put the file received there, or take it away"
            raise DataError(f"{source_file}: the file has no lines below its header — {remedy}")
        connection.execute(f"CREATE TABLE typed AS SELECT line, {', '.join(_casts(spec, position))} FROM whole")
        unreadable = _unreadable(connection, spec, position)
        connection.register("unreadable", unreadable[["line"]])
        columns = ", ".join(_columns(source_file, spec, position))
        connection.execute(
            f"COPY (SELECT {columns} FROM typed ANTI JOIN unreadable USING (line) ORDER BY line) "
            f"TO '{_quoted(stem)}.parquet' (FORMAT parquet)"
        )
    set_aside = pd.concat([malformed, unreadable]).assign(source_file=source_file).reindex(columns=FAULT_COLUMNS)
    numbers = {"line": "int64", "value_usd": "float64", "net_kg": "float64"}
    set_aside.astype(dict.fromkeys(FAULT_COLUMNS, "str") | numbers).to_parquet(f"{stem}.faults.parquet", index=False)
    return {"format": spec["name"], "lines": records + len(malformed)}


def _detect(header: list[str], source_file: str) -> tuple[dict, dict[str, int]]:
    """The format whose columns the header has, and where each column stands."""
    candidates = []
    for file in sorted(FORMATS.glob("*.toml")):
        spec = tomllib.loads(file.read_text(encoding="utf-8"))
        position = {
            column: header.index(alias)
            for column, about in spec["columns"].items()
            for alias in about.get("headers", ())
            if alias in header
        }
        missing = [c for c, about in spec["columns"].items() if about.get("required") and c not in position]
        candidates.append((len(missing), -len(position), spec, position, missing))
    _, _, spec, position, missing = min(candidates, key=lambda c: (c[0] / (c[0] - c[1] or 1), c[0]))
    if not position:
        raise DataError(
            f"{source_file} row 1: header {', '.join(header)[:200]!r} fits no known format — "
            f"save it as CSV, UTF-8, separated by commas, or add its headers to a file in lib/importcut/formats"
        )
    if missing:
        names = "; ".join(f"{c} ({' or '.join(spec['columns'][c]['headers'][:2])})" for c in missing)
        raise DataError(
            f"{source_file} row 1: no column {names} — add it, or its header to formats/{spec['name']}.toml"
        )
    for column, about in spec["columns"].items():
        if len(standing := [h for h in header if h in about.get("headers", ())]) > 1:
            raise DataError(f"{source_file} row 1: {' and '.join(standing)} are both {column} — keep one of them")
    return spec, position


def _load_whole(connection, path: Path, width: int, top: int, physical: int) -> pd.DataFrame | None:
    """Read the file in one go if it is sound, that is if records and physical lines agree."""
    columns = ", ".join(f"'c{n}': 'VARCHAR'" for n in range(width))
    try:
        connection.execute(
            f"CREATE TABLE whole AS SELECT {top} + row_number() OVER () AS line, * "
            f"FROM read_csv('{_quoted(glob.escape(str(path)))}', "
            f"columns={{{columns}}}, header=true, delim=',', quote='\"', escape='\"', auto_detect=false)"
        )
    except duckdb.Error:
        return None
    if connection.execute("SELECT count(*) FROM whole").fetchone()[0] != physical:
        connection.execute("DROP TABLE whole")
        return None
    return pd.DataFrame(columns=FAULT_COLUMNS)


def _load_by_line(connection, raw: bytes, width: int, top: int) -> pd.DataFrame:
    """Read line by line: a record that is not one goes to the faults, and nothing after it is lost."""
    records, malformed = records_of(raw, width, top)
    by_column = list(zip(*records, strict=True)) or [()] * (width + 1)
    kinds = [pa.int64()] + [pa.string()] * width
    names = ["line", *(f"c{n}" for n in range(width))]
    connection.register(
        "records", pa.table({n: pa.array(v, k) for n, v, k in zip(names, by_column, kinds, strict=True)})
    )
    connection.execute("CREATE TABLE whole AS SELECT * FROM records")
    remedy = "correct the line in the file received, or ask its sender"
    return pd.DataFrame(malformed, columns=FAULT_COLUMNS).assign(kind="fault", remedy=remedy)


def _casts(spec: dict, position: dict[str, int]) -> list[str]:
    """SQL that types each raw column and keeps its text beside it."""
    casts = []
    for column, n in position.items():
        text, about = f"nullif(trim(c{n}), '')", spec["columns"][column]
        match about.get("type", "text"):
            case "text":
                typed = text
            case "date":
                read = "coalesce(" + ", ".join(f"try_strptime({text}, '{f}')" for f in about["dates"]) + ")::DATE"
                typed = f"CASE WHEN year({read}) BETWEEN {YEARS[0]} AND {YEARS[1]} THEN {read} END"
            case kind:
                number = f"try_cast(replace({text}, ' ', '') AS DOUBLE)"
                fits = f"isfinite({number})" + f" AND {number} = trunc({number})" * (kind == "integer")
                typed = f"CASE WHEN {fits} THEN try_cast({number} AS {SQL_TYPES[kind]}) END"
        casts += [f"{typed} AS {column}", f"{text} AS raw_{column}"]
    return casts


def _unreadable(connection, spec: dict, position: dict[str, int]) -> pd.DataFrame:
    """Lines of which a typed column cannot be read or a date is missing, by their first such column."""
    amounts = {"value_usd": "value_usd", "net_kg": "net_weight", "weight_unit": "weight_unit"}
    kept = ", ".join(f"{_or_default(c, spec, position)} AS {name}" for name, c in amounts.items())
    queries = []
    for n, (column, about) in enumerate(spec["columns"].items()):
        if column in position and about.get("type", "text") != "text":
            reason, bad = "unreadable_value", f"raw_{column} IS NOT NULL AND {column} IS NULL"
            if about["type"] == "date":
                reason, bad = "impossible_date", f"{column} IS NULL"
            queries.append(
                f"SELECT line, {n} AS place, '{reason}' AS reason, '{column}' AS \"column\", "
                f"raw_{column} AS value, {kept} FROM typed WHERE {bad}"
            )
    found = connection.execute(" UNION ALL ".join(queries) + " ORDER BY line, place").df().drop_duplicates("line")
    return found.assign(kind="fault", remedy="correct the value in the file received, or ask its sender")


def _columns(source_file: str, spec: dict, position: dict[str, int]) -> list[str]:
    """SQL for the columns of `declarations`: what the format has, its defaults, and nothing for the rest."""
    columns = [f"'{_quoted(source_file)}' AS source_file", "line"]
    for column in tables()["declarations"].columns[2:]:
        value = _or_default(column.name, spec, position)
        columns.append(f"CAST({value} AS {SQL_TYPES[column.type]}) AS {column.name}")
    return columns


def _or_default(column: str, spec: dict, position: dict[str, int]) -> str:
    default = spec["columns"].get(column, {}).get("default")
    standing_in = f"'{default}'" if default else "NULL"
    return f"coalesce({column}, {standing_in})" if column in position else standing_in


def _quoted(text) -> str:
    return str(text).replace("'", "''")


def _date_position(file: RawFile) -> int:
    return pq.ParquetFile(file.declarations).schema_arrow.names.index("date")
