"""Answers on disk: as received, whole or not at all, with a log of what was asked and when."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from importcut.dataset import write_whole
from importcut.intake.connectors.service import Answer, OddAnswer, Service
from importcut.schema import DataError

FETCHED = "fetched"  # folder of a dataset: the log, and answers that are no raw data
LOG_COLUMNS = ["fetched_at", "service", "file", "query", "rows", "bytes", "sha256"]


def keep(answer: Answer, file: Path, dataset: Path, asked: Service) -> None:
    """Write the answer to `file`, after a line in fetched/log.csv; another one that stood there is put aside."""
    if file.exists() and (former := file.read_bytes()) != answer.body:
        write_whole(_aside(dataset, asked, f"{file.stem}-{_digest(former)[:8]}{file.suffix}.former"), former)
    note(answer, file, dataset, asked)
    write_whole(file, answer.body)


def note(answer: Answer, file: Path, dataset: Path, asked: Service) -> None:
    """A line in the log: time, query, rows; it comes before the file, which counts only if both agree."""
    line = {
        "fetched_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "service": asked.name,
        "file": file.relative_to(dataset).as_posix(),
        "query": answer.url,
        "rows": len(answer.rows),
        "bytes": len(answer.body),
        "sha256": _digest(answer.body),
    }
    lines = pd.concat([log(dataset), pd.DataFrame([line])])
    write_whole(dataset / FETCHED / "log.csv", lines.to_csv(index=False, lineterminator="\n"))


def reject(odd: OddAnswer, file: Path, dataset: Path, asked: Service) -> DataError:
    """Keep an odd answer aside; the error that says so."""
    aside = _aside(dataset, asked, f"{file.name}.rejected")
    write_whole(aside, odd.body)
    stands = f"; {file.name} stays as it was" if file.exists() else ""
    return DataError(
        f"{odd} — it lies in {aside.relative_to(dataset).as_posix()} of the dataset{stands}; run the command again, "
        f"and if the answer stays like this the service has changed: see connectors.toml"
    )


def log(dataset: Path) -> pd.DataFrame:
    """Every answer that was kept, in order."""
    file = dataset / FETCHED / "log.csv"
    if not file.exists():
        return pd.DataFrame(columns=LOG_COLUMNS, dtype=str)
    return pd.read_csv(file, dtype=str, keep_default_na=False)


def complete(folder: Path, dataset: Path) -> set[Path]:
    """The files in a folder that are just as they were received."""
    digest = log(dataset).drop_duplicates("file", keep="last").set_index("file")["sha256"]
    return {
        file
        for file in folder.glob("*.json")
        if digest.get(file.relative_to(dataset).as_posix()) == _digest(file.read_bytes())
    }


def _aside(dataset: Path, asked: Service, name: str) -> Path:
    return dataset / FETCHED / asked.name / name


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
