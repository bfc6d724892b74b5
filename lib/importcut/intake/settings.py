"""What a dataset says of itself in TOML: read, and checked against the settings that there are (settings.toml)."""

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pandas as pd

from importcut.intake.values import REWRITE, Fault, read_column
from importcut.language import SOURCE, languages
from importcut.letters import ON_LINES, unseen
from importcut.schema import LIBRARY, Column, DataError, listed, nearest, tables

TEMPLATE = LIBRARY / "templates" / "dataset"  # its registers.xlsx is written by `make registers`
ANY = "*"  # the last part of a setting's name, where a section has names of its own


def wrong_settings(about: dict, frequency: str) -> list[Fault]:
    """What dataset.toml lacks, or says in a way that cannot be used."""
    known = tables("settings.toml")
    columns = (*known["settings"].columns, *known["sections"].columns)
    return misfits(about, columns, "dataset.toml", frequency=frequency)


def misfits(
    about: object, columns: Iterable[Column], place: str, row: str = "", *, frequency: str = "Q"
) -> list[Fault]:
    """What a part of a TOML file lacks, names that nobody knows, or says in a way that cannot be used."""
    known = {column.name: column for column in columns}
    if not isinstance(about, dict):
        return [Fault(place, (row,), f"is {about} — write a section with {', '.join(known)}")]
    sections = {name.partition(".")[0] for name in known if "." in name}
    known |= {name: Column(name, "section", "", "", True, "") for name in sections}
    stated, faults, meant = {}, [], set()
    for key, value in about.items():
        within = key in sections and isinstance(value, dict)
        stated |= {f"{key}.{name}": own for name, own in value.items()} if within else {key: value}
    for name, value in stated.items():
        column = known.get(name) or known.get(f"{name.partition('.')[0]}.{ANY}")
        if column is not None:
            faults += _misfit(value, replace(column, name=name), place, row, frequency)
            meant.add(name)
        else:
            meant.add(near := nearest(name, known))
            what = f"[{name}] is no section" if isinstance(value, dict) else f"{name} is no setting"
            faults.append(Fault(place, (row,), f"{what} — {f'is {near} meant?' if near else 'take it out'}"))
    for name, column in known.items():
        section, _, key = name.rpartition(".")
        spared = key == ANY or (column.optional and (not section or section not in about))
        if not spared and not {name, section} & meant:
            faults.append(Fault(place, (row,), f"{name} is missing — add it (the sample's file shows how)"))
    return faults


def _misfit(value: object, column: Column, place: str, row: str, frequency: str) -> list[Fault]:
    if column.type == "section":
        text = f"{column.name} is {value} — write a section [{column.name}]"
        return [] if isinstance(value, dict) else [Fault(place, (row,), text)]
    if column.type == "text" and not column.check and not isinstance(value, str):
        return [Fault(place, (row,), f"{column.name} is {value} — write a text between quotes")]
    text = str(value) if column.type in ("text", "period") else repr(value)
    return read_column(pd.Series([text], [row]), column, place, frequency)[1]


def read_toml(file: Path) -> dict:
    """What a TOML file says, or DataError if it is none, or a text in it holds what nobody can see."""
    try:
        about = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{file.name}: {error} — correct the file") from None
    hidden = {key: ", ".join(unseen(text, ON_LINES)) for key, text in _texts(about)}
    if wrong := [f"{file.name}: {key} holds {signs} — {REWRITE}" for key, signs in hidden.items() if signs]:
        raise DataError(listed(wrong))
    return about


def _texts(about: object, key: str = "") -> Iterator[tuple[str, str]]:
    """Every text within settings, after the keys that lead to it."""
    match about:
        case str():
            yield key, about
        case dict() | list():
            for name, value in about.items() if isinstance(about, dict) else enumerate(about, start=1):
                yield from _texts(value, f"{key}.{name}" if key else name)


def in_all_languages(texts: dict[str, str]) -> dict[str, str]:
    """A text by language; where one is left out, or still to be filled in, English stands in, or what there is."""
    texts = {language: text for language, text in texts.items() if not is_blank(text)}
    missing = [language for language in languages() if language not in texts] if texts else []
    return {**texts, **{language: texts.get(SOURCE) or next(iter(texts.values())) for language in missing}}


def is_blank(text: str) -> bool:
    """Whether a text still says in some language, as those of the template do, that it is to be filled in."""
    text = str(text)
    return "(" in text and any(mark in re.sub("[ʻʼ‘’'`]", "", text) for mark in _marks())


@cache
def _marks() -> tuple[str, ...]:
    """What stands in parentheses at the end of the template's titles."""
    titles = read_toml(TEMPLATE / "dataset.toml")["title"].values()
    return tuple(re.sub("[ʻʼ‘’'`]", "", text[text.index("(") :]) for text in titles)
