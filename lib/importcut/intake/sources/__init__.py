"""Raw files → typed declarations: one Parquet file for each table received, and what could not be read beside it."""

import json
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from importcut.dataset import digests, fingerprint_of, write_whole
from importcut.intake.sources.described import FORMATS, known_formats, unused
from importcut.intake.sources.reading import RawFile, Reading, tables_of
from importcut.intake.sources.received import parts
from importcut.intake.sources.repairs import read_repairs, repair, with_raw
from importcut.schema import DataError

__all__ = ["RawFile", "periods", "read_declarations", "repair", "with_raw"]
FOLDERS = ("declarations", "imports")
MOST_ERRORS = 40  # lines
AT_ONCE = 2  # files: while one is looked at by its signs, another one is cast
LONGEST_NAME = 150  # bytes of a file's name in the names of what is made of it; file systems have room for 255


def read_declarations(ds, *, repairs: pd.DataFrame | None = None) -> list[RawFile]:
    """Every raw file of the dataset as typed Parquet, read once for each content; `repairs` as in repairs.csv.

    Raises DataError that lists the files which are empty, of no known format, or lead out of the dataset.
    """
    paths, wrong = _received(ds)
    if not paths and not wrong:
        raise DataError(f"{ds.name}: no raw files — put them into {' or '.join(f'{f}/' for f in FOLDERS)}")
    code = [*sorted(Path(__file__).parent.glob("*.py")), *sorted(FORMATS.glob("*.toml"))]
    known = digests([*paths, *code], ds.processed / "digests.json")
    formats = known_formats(ds)
    repairs = read_repairs(ds) if repairs is None else repairs
    described = _plain([[asdict(f) for f in formats], ds.files])
    shared = fingerprint_of(code=[known[f] for f in code], described=described)

    def tables(path: Path) -> list[RawFile] | str:
        name = path.relative_to(ds.path).as_posix()
        mine = repairs[repairs["source_file"].str.startswith(name)]
        key = fingerprint_of(shared=shared, content=known[path], name=name, repairs=mine.to_csv())
        try:
            return _read(path, name, Reading(ds, formats, mine, ds.processed / "declarations"), key[:16])
        except DataError as error:
            return str(error)

    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        found = [*pool.map(tables, paths)]
    finally:
        pool.shutdown(cancel_futures=True)
    read = [file for made in found if not isinstance(made, str) for file in made]
    wrong += [told for told in found if isinstance(told, str)]
    wrong = wrong or unused(ds, [file.source_file for file in read])
    if wrong:
        more = [f"… and {len(wrong) - MOST_ERRORS} more"] * (len(wrong) > MOST_ERRORS)
        raise DataError("\n".join([*wrong[:MOST_ERRORS], *more]))
    return read


def periods(files: list[RawFile], frequency: str) -> pd.PeriodIndex:
    """The periods that the files cover, from the first to the last one, without reading the lines again."""
    spans = []
    for file in files:
        about = pq.ParquetFile(file.declarations)
        date = about.schema_arrow.names.index("date")
        spans += [about.metadata.row_group(g).column(date).statistics for g in range(about.metadata.num_row_groups)]
    known = [s for s in spans if s is not None and s.has_min_max]
    if not known:
        raise DataError("no raw file has a readable line — see the quarantine of notebooks/01_prepare_imports.ipynb")
    return pd.period_range(min(s.min for s in known), max(s.max for s in known), freq=frequency)


def _plain(settings) -> str:
    return json.dumps(settings, default=lambda held: dict(held), sort_keys=True)


def _received(ds) -> tuple[list[Path], list[str]]:
    """The files in the dataset's folders, and what is wrong with those that are none of it, one sentence each."""
    found = sorted(p for folder in FOLDERS for p in (ds.path / folder).rglob("*") if not p.name.startswith((".", "~")))
    home = ds.path.resolve()
    odd = {p for p in found if not p.resolve().is_relative_to(home) or (p.is_symlink() and not p.is_file())}
    remedy = "leads out of the dataset folder, or to no file — put a copy there"
    wrong = [f"{p.relative_to(ds.path).as_posix()}: {remedy}" for p in found if p in odd]
    return [p for p in found if p.is_file() and p.stem.upper() != "README" and p not in odd], wrong


def _read(path: Path, source_file: str, how: Reading, key: str) -> list[RawFile]:
    """The tables of one received file, from what is known of it or by reading it."""
    name = source_file.replace("/", "-").encode()[-LONGEST_NAME:].decode(errors="ignore")
    folder, stem = how.scratch, f"{name}-{key}"
    note = folder / f"{stem}.json"
    if not note.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".reading-") as scratch:
            made, how = [], replace(how, scratch=Path(scratch))
            for part in parts(path, source_file, how.scratch):
                made += tables_of(part, how, f"{folder / stem}.{len(made)}")
        write_whole(note, json.dumps([asdict(m) for m in made], default=lambda path: path.name))
    known = json.loads(note.read_text())
    return [RawFile(**about | {k: folder / about[k] for k in ("declarations", "malformed")}) for about in known]
