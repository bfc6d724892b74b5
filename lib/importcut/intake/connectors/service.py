"""One call to an online source: what is asked, politely and patiently, and whether the answer is whole."""

import json
import os
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path

import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from importcut.schema import LIBRARY, DataError

CONNECTORS = LIBRARY / "connectors.toml"
OWN = "IMPORTCUT_CONNECTORS"  # names a file with settings that differ
RETRIED = (429, 500, 502, 503, 504)


@dataclass(frozen=True)
class Service:
    """An online source as connectors.toml describes it."""

    name: str
    title: str
    base: str
    path: str
    fields: tuple[str, ...]
    pause_seconds: float
    timeout_seconds: float
    retries: int
    backoff_seconds: float
    longest_backoff_seconds: float
    source: str
    licence: str
    key_variable: str = ""
    key_header: str = ""
    query: Mapping = field(default_factory=dict)
    limits: Mapping = field(default_factory=dict)
    without_key: Mapping = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """What a source answered: the body as received, the address asked, its rows."""

    body: bytes
    url: str
    rows: list[dict]


class OddAnswer(DataError):
    """An answer that is cut off or not of the shape expected."""

    def __init__(self, told: str, body: bytes):
        super().__init__(told)
        self.body = body


def service(name: str) -> Service:
    """The source of that name; without a key, as it is open to everybody.

    Raises DataError if the file named in IMPORTCUT_CONNECTORS cannot be used.
    """
    about = tomllib.loads(CONNECTORS.read_text(encoding="utf-8"))[name]
    if own := os.environ.get(OWN):
        try:
            about |= tomllib.loads(Path(own).read_text(encoding="utf-8")).get(name, {})
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise DataError(f"{own}: {error} — correct the file that {OWN} names") from None
    if unknown := sorted(about.keys() - Service.__dataclass_fields__.keys()):
        raise DataError(f"{own}: {name} has no setting {', '.join(unknown)} — see lib/importcut/connectors.toml")
    found = Service(name, **about)
    return found if _key(found) else replace(found, **found.without_key)


@contextmanager
def session(asked: Service) -> Iterator[requests.Session]:
    """A connection that waits and asks again where the source is busy, with the key if there is one."""
    patience = Retry(
        total=asked.retries,
        connect=min(2, asked.retries),  # where there is no network, say so soon
        status_forcelist=RETRIED,
        allowed_methods=["GET"],
        raise_on_status=False,
        backoff_factor=asked.backoff_seconds,
        backoff_max=asked.longest_backoff_seconds,
    )
    with requests.Session() as opened:
        opened.headers["User-Agent"] = f"importcut/{version('importcut')}"
        if key := _key(asked):
            opened.headers[asked.key_header] = key
            opened.max_redirects = 0  # a key goes to no other host
        for scheme in ("https://", "http://"):
            opened.mount(scheme, HTTPAdapter(max_retries=patience))
        yield opened


def ask(opened: requests.Session, asked: Service, path: str, query: dict, check: Callable) -> Answer:
    """The answer to one query, after it has passed `check` (document → rows), followed by the pause.

    Raises DataError if there is none, OddAnswer if it is cut off, no JSON or does not pass.
    """
    try:
        with opened.get(
            f"{asked.base.rstrip('/')}/{path}", params=query, timeout=asked.timeout_seconds, stream=True
        ) as response:
            body, cut = _body(response)
    except requests.RequestException as error:
        raise DataError(_without_key(f"{asked.title}: {_reason(error, asked)}", asked)) from None
    time.sleep(asked.pause_seconds)
    if response.status_code != requests.codes.ok:
        raise DataError(_without_key(_refused(response, body, asked), asked))
    if cut:
        raise _odd(cut, body, response, asked)
    try:
        document = json.loads(body)
    except ValueError:
        raise _odd(f"is no JSON, it begins {_begins(body)}", body, response, asked) from None
    try:
        return Answer(body, response.url, check(document))
    except DataError as error:
        raise _odd(str(error), body, response, asked) from None


def shape(document: object) -> str:
    """What a document is, in a few words, for an answer of another shape than expected."""
    match document:
        case dict():
            said = document.get("message") or document.get("error")
            return f"an object with {', '.join(map(str, document))[:200] or 'nothing'}" + f": {said}" * bool(said)
        case [first, *_]:
            return f"a list of {len(document)}, the first of them {shape(first)}"
        case []:
            return "an empty list"
        case _:
            return repr(document)[:60]


def require_fields(rows: list, asked: Service) -> None:
    """Raises DataError unless every row has the fields of the service, in one of their spellings."""
    for n, row in enumerate(rows, start=1):
        if not isinstance(row, dict):
            raise DataError(f"has in row {n} {shape(row)}")
        if missing := [name for name in asked.fields if not row.keys() & set(name.split("|"))]:
            raise DataError(f"has no field {', '.join(missing)} in row {n}, but {', '.join(row)[:200]}")


def _key(asked: Service) -> str:
    key = os.environ.get(asked.key_variable, "").strip() if asked.key_variable else ""
    if not (key.isascii() and key.isprintable()):
        raise DataError(f"{asked.key_variable} holds characters that no key has — set it to the key alone")
    return key


def _body(response: requests.Response) -> tuple[bytes, str]:
    """The body as far as it came, and how it was cut off if it was."""
    response.raw.enforce_content_length = False  # else what came of a cut answer would be lost
    body = bytearray()
    try:
        for chunk in response.iter_content(2**16):
            body += chunk
    except requests.RequestException as error:
        return bytes(body), f"broke off after {len(body)} bytes ({type(error).__name__})"
    came, said = response.raw.tell(), response.headers.get("Content-Length", "")
    if said.isdigit() and came < int(said):
        return bytes(body), f"broke off after {came} of {said} bytes"
    return bytes(body), ""


def _odd(what: str, body: bytes, response: requests.Response, asked: Service) -> OddAnswer:
    told = _without_key(f"{asked.title}: the answer to {response.url} {what}", asked)
    return OddAnswer(told, body.replace(key.encode(), b"") if (key := _key(asked)) else body)


def _refused(response: requests.Response, body: bytes, asked: Service) -> str:
    try:
        said = shape(json.loads(body))
    except ValueError:
        said = _begins(body)
    match response.status_code:
        case 401 | 403 if asked.key_variable:
            remedy = f"check {asked.key_variable}, or wait until the quota of calls is renewed"
        case status if status in RETRIED:
            remedy = f"asked {asked.retries + 1} times; run the command again later, it goes on where it stopped"
        case _:
            remedy = "check what was asked for; if that is right, the service has moved: see connectors.toml"
    return f"{asked.title} answered {response.status_code} to {response.url}: {said} — {remedy}"


def _reason(error: requests.RequestException, asked: Service) -> str:
    again = "run the command again, it goes on where it stopped"
    match error:
        case requests.TooManyRedirects():
            return f"{asked.base} sends to another address, where the key is not sent — see connectors.toml"
        case requests.Timeout():
            return f"no answer from {asked.base} within {asked.timeout_seconds:g} seconds — {again}"
        case requests.ConnectionError():
            return f"no connection to {asked.base} ({_cause(error)}) — check the network, then {again}"
        case _:
            return f"{error} — {again}"


def _cause(error: BaseException) -> str:
    """The innermost reason that the libraries hand on."""
    inner = getattr(error, "reason", None) or next((a for a in error.args if isinstance(a, BaseException)), None)
    return _cause(inner) if isinstance(inner, BaseException) else str(error)


def _begins(body: bytes) -> str:
    return repr(body[:80].decode(errors="replace"))


def _without_key(text: str, asked: Service) -> str:
    return text.replace(key, "…") if (key := _key(asked)) else text
