"""Online sources, asked one call at a time as connectors.toml describes them; each answer is kept as received.

UN Comtrade has an official client, comtradeapicall; it hands over a frame in place of the answer, prints what goes
wrong and sends the key in the address, so requests is used. The other sources have none.
"""

import json
import os
import time
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from importcut.dataset import FETCHED, write_whole
from importcut.intake.grids import entry_at
from importcut.intake.quotations import ANCHOR, enter, quoted
from importcut.schema import LIBRARY, DataError

OWN_SETTINGS = "IMPORTCUT_CONNECTORS"  # names a file with settings that differ
LOG = ["fetched_at", "service", "file", "query", "rows", "bytes", "sha256"]
TIMEOUT = 120  # seconds without a byte
PATIENCE = {"total": 6, "connect": 2, "backoff_factor": 2, "backoff_max": 60}  # 0, 4, 8 … 60 s unless told Retry-After
BUSY = (429, 500, 502, 503, 504)
OLDEST = 14  # days before the day in question; an older rate answers another question
RESUME = "run the command again, it goes on where it stopped"


@dataclass(frozen=True)
class Service:
    """An online source as connectors.toml describes it."""

    name: str
    title: str
    base: str
    path: str
    file: str
    fields: tuple[str, ...]
    pause_seconds: float
    source: str
    licence: str
    rows: str = ""
    count: str = ""
    repeated: tuple[str, ...] = ()
    most_rows: int = 0
    key_variable: str = ""
    key_header: str = ""
    query: Mapping = field(default_factory=dict)
    without_key: Mapping = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The key from the environment; it goes into a header and nowhere else."""
        key = os.environ.get(self.key_variable, "").strip() if self.key_variable else ""
        if not (key.isascii() and key.isprintable()):
            raise DataError(f"{self.key_variable} holds characters that no key has — set it to the key alone")
        return key

    @property
    def terms(self) -> str:
        """Where the data come from, and on what terms."""
        return f"Source: {self.source} — {self.licence}"

    def excerpt(self, body: bytes) -> str:
        """How an answer begins, without the key, should it repeat it."""
        return repr(body.decode(errors="replace").replace(self.key or "\0", "…")[:200])

    def error(self, said: str) -> DataError:
        """An error of this source, without the key."""
        return DataError(f"{self.title}{said}".replace(self.key or "\0", "…"))


def service(name: str) -> Service:
    """The source of that name; without a key, as it is open to everybody. Raises DataError if there is none."""
    services = tomllib.loads((LIBRARY / "connectors.toml").read_text(encoding="utf-8"))
    if name not in services:
        raise DataError(f"{name} is no online source — choose one of {', '.join(services)}")
    own = os.environ.get(OWN_SETTINGS)
    try:
        differing = tomllib.loads(Path(own).read_text(encoding="utf-8")).get(name, {}) if own else {}
        source = Service(name, **services[name] | differing)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, TypeError) as error:
        raise DataError(f"{own}: {error} — correct the file that {OWN_SETTINGS} names, see connectors.toml") from None
    return source if source.key else replace(source, **source.without_key)


def fetch(
    dataset: Path,
    source: Service,
    questions: Sequence[Mapping],
    *,
    again: bool = False,
    check: Callable = lambda rows, question: None,
    progress: Callable = lambda *_: None,
) -> tuple[list[Path], int]:
    """Ask each question whose answer does not stand in the dataset; all files that answer, and how many are new.

    A question to which nothing is published has no file and is asked again next time.
    questions : values for the path, the query and the file's name, such as `{"cmdCode": "281511", "period": 2023}`;
    again : ask also for what is there; a former answer is put aside; check : refuses rows that are no answer.
    Raises DataError if the source refuses, or its answer is cut off, of another shape or to another question.
    """
    files, new = [], 0
    with _session(source) as session:
        for n, question in enumerate({**source.query, **question} for question in questions):
            file = dataset / source.file.format(**question)
            progress(file.stem, n, len(questions))
            if again or not _stands(file, dataset):
                body, address = _answer(session, source, question)
                try:
                    rows = _rows(body, source, question)
                    check(rows, question)
                except DataError as error:
                    aside = f"{FETCHED}/{source.name}/{file.name}.rejected"
                    write_whole(dataset / aside, body.replace(source.key.encode(), b"") if source.key else body)
                    excerpt = f"it begins {source.excerpt(body)} and lies in {aside} of the dataset"
                    remedy = f"{RESUME}; if the answer stays like this, the service has changed: see connectors.toml"
                    raise source.error(f": the answer to {address} {error}; {excerpt} — {remedy}") from None
                _keep(body, len(rows), address, file, dataset, source.name)
                new += bool(rows)
            files += [file] if file.exists() else []
    return files, new


def fetch_rates(
    dataset: Path, source: Service, days: Sequence[pd.Timestamp], currencies: Sequence[str], **options
) -> tuple[int, int, list[str]]:
    """Enter the rates in force on each day; how many answers are new, rates added, and which rates stay that differ.

    Raises DataError as `fetch` does, if a currency is not quoted, or if exchange_rates.csv cannot be read.
    """

    def rates(rows: list[dict], question: Mapping) -> pd.DataFrame:
        table = quoted([row for row in rows if row["Ccy"] in {ANCHOR, *currencies}])
        age = (pd.Timestamp(question["date"]) - pd.to_datetime(table["date"])).dt.days
        if len(odd := table[~age.between(0, OLDEST)]):
            raise DataError(f"has rates of {odd['date'].iloc[0]}, not the ones in force on {question['date']}")
        return table

    questions = [{"date": f"{day:%Y-%m-%d}"} for day in days]
    files, new = fetch(dataset, source, questions, check=rates, **options)
    read = [rates(json.loads(file.read_bytes()), q) for file, q in zip(files, questions, strict=True)]
    for question, table in zip(questions, read, strict=True):
        if missing := sorted({*currencies} - {*table["currency"]}):
            raise source.error(f": no rate of {', '.join(missing)} on {question['date']} — leave it out")
    table = pd.concat(read)
    return new, *enter(dataset / "exchange_rates.csv", table[table["currency"].isin(currencies)])


def _session(source: Service) -> requests.Session:
    """A connection that waits and asks again where the source is busy."""
    patience = Retry(**PATIENCE, status_forcelist=BUSY, allowed_methods=["GET"], raise_on_status=False)
    session = requests.Session()
    session.headers["User-Agent"] = f"importcut/{version('importcut')}"
    if source.key:
        session.headers[source.key_header] = source.key
    session.mount(source.base, HTTPAdapter(max_retries=patience))
    return session


def _answer(session: requests.Session, source: Service, question: Mapping) -> tuple[bytes, str]:
    """The body of an answer and its address, followed by the pause."""
    address = f"{source.base.rstrip('/')}/{source.path.format(**question)}"
    query = {name: value for name, value in question.items() if f"{{{name}}}" not in source.path}
    try:  # a key is not sent on to another host
        response = session.get(address, params=query, timeout=TIMEOUT, allow_redirects=not source.key)
    except requests.RequestException as error:
        said = f": no whole answer from {source.base} ({error}) — check the network, then {RESUME}"
        raise source.error(said) from None
    time.sleep(source.pause_seconds)
    if response.status_code != requests.codes.ok:
        remedy = f"check what was asked for{f' and {source.key_variable}' * bool(source.key)}, or later {RESUME}"
        said = f" answered {response.status_code} to {response.url}: {source.excerpt(response.content)} — {remedy}"
        raise source.error(said)
    return response.content, response.url


def _rows(body: bytes, source: Service, question: Mapping) -> list[dict]:
    """The rows of an answer. Raises DataError if it is of another shape, not whole, or to another question."""
    try:
        document = json.loads(body)
        rows = entry_at(document, source.rows)
    except ValueError:
        raise DataError("is no JSON") from None
    except LookupError:
        raise DataError(f"has no {source.rows}") from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows) or not (rows or source.count):
        raise DataError("has no list of rows")
    if source.count and document.get(source.count) != len(rows):
        raise DataError(f"has {len(rows)} rows, but says {source.count} {document.get(source.count)}")
    if 0 < source.most_rows <= len(rows):
        raise DataError(f"has {len(rows)} rows, as many as an answer may have: some may be missing")
    for n, row in enumerate(rows, start=1):
        if missing := [name for name in source.fields if not row.keys() & {*name.split("|")}]:
            raise DataError(f"has no field {', '.join(missing)} in row {n}")
        if other := [f"{c} {row[c]}" for c in source.repeated if str(row[c]) != str(question[c])]:
            raise DataError(f"has in row {n} {', '.join(other)[:80]}, which was not asked for")
    return rows


def _stands(file: Path, dataset: Path) -> bool:
    """Whether the file is there just as it was received: with the digest of its last line in the log."""
    log = dataset / FETCHED / "log.csv"
    if not (file.exists() and log.exists()):
        return False
    digests = pd.read_csv(log, dtype="str").drop_duplicates("file", keep="last").set_index("file")["sha256"]
    return digests.get(file.relative_to(dataset).as_posix()) == sha256(file.read_bytes()).hexdigest()


def _keep(body: bytes, rows: int, address: str, file: Path, dataset: Path, source: str) -> None:
    """Write a line into the log, then the answer, if it has rows; another one that stood there is put aside."""
    stamp, name = datetime.now(UTC).isoformat(timespec="seconds"), file.relative_to(dataset).as_posix()
    line = [stamp, source, name, address, rows, len(body), sha256(body).hexdigest()]
    log = dataset / FETCHED / "log.csv"
    former = log.read_text(encoding="utf-8") if log.exists() else ""
    added = pd.DataFrame([line], columns=LOG).to_csv(index=False, header=not former, lineterminator="\n")
    write_whole(log, former + added)
    if rows and file.exists() and (other := file.read_bytes()) != body:
        write_whole(dataset / FETCHED / source / f"{file.stem}-{sha256(other).hexdigest()[:8]}.json.former", other)
    if rows:
        write_whole(file, body)
