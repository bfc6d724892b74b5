"""Checks a report that was handed out: every file against the manifest, each format against the others, a re-run."""

import re
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
import pandas as pd

from importcut.app.index import MANIFEST
from importcut.app.run import make_report
from importcut.app.steps import ANSWER, EXPORTS
from importcut.dataset import digests, fingerprint_of, json_object, seal_of, write_whole
from importcut.schema import UsageError
from importcut.telling import export
from importcut.telling.export.readback import text_of

HALF_A_CENT = 0.005  # USD; two amounts nearer than that agree to the cent
AROUND = 6  # words on each side of a difference that show its place


def verify_report(folder: Path | str, *, dataset: str | Path | None = None, rerun: bool = False) -> list[str]:
    """What in a report's folder is not as it was handed out: file, place and difference; nothing if all of it is.

    A seal without a key finds accidents, not forgers: whoever changes every file and the manifest is found by the
    re-run alone.

    Parameters
    ----------
    folder : with a manifest.json, wherever it lies
    dataset : the data that a re-run is made of; by default the dataset that the manifest names
    rerun : make the report again of its data, and compare all tables to the cent

    Raises
    ------
    UsageError : the folder holds no report.
    DataError : the data of a re-run are not there.
    """
    folder = Path(folder)
    about = json_object(folder / MANIFEST)
    if not {"files", "languages", "formats", "headlines", "inputs", "origin", "seal", "sha256"} <= {*about}:
        raise UsageError(
            f"{folder} is no report that can be verified: its {MANIFEST} is missing, or of another program"
        )
    files, wrong = about["files"], []
    unsealed = {key: value for key, value in about.items() if key != "sha256"}
    if about["sha256"] != fingerprint_of(**unsealed) or about["seal"] != seal_of(about["origin"], files):
        wrong.append(f"{MANIFEST}: is not as it was handed out, for its seal is of another content")
    present = {f.relative_to(folder).as_posix(): f for f in sorted(folder.rglob("*")) if f.is_file()}
    wrong += [f"{name}: is missing" for name in sorted({*files} - {*present})]
    wrong += [f"{name}: is not a file of the report" for name in sorted({*present} - {*files, MANIFEST})]
    now = digests(present.values())
    changed = {name for name in {*files} & {*present} if now[present[name]] != files[name]}
    wrong += _tables(folder, about["languages"], changed)
    for language in about["languages"]:
        wrong += _documents(folder, language, about, changed)
    named = {line.partition(": ")[0] for line in wrong}
    wrong += [f"{name}: is not the file that was handed out" for name in sorted(changed - named)]
    if rerun and not wrong:
        wrong += _again(folder, about, dataset or about["dataset"])
    return wrong


def _documents(folder: Path, language: str, about: dict, changed: set[str]) -> Iterator[str]:
    """The formats of a language that do not say the headline, or say another thing than its notebook does."""
    notebook = f"{language}/{ANSWER}.ipynb"
    if not (folder / notebook).exists():
        return
    beside = {"languages": about["languages"], "formats": about["formats"]}
    sealed = export.sealed(nbformat.read(folder / notebook, as_version=4), about["seal"], **beside)
    for kind in (kind for kind in about["formats"] if kind != "xlsx"):
        name = f"{language}/{EXPORTS[kind]}"
        if not (folder / name).exists():
            continue
        text = text_of(folder / name)
        if changed & {name, notebook}:
            with TemporaryDirectory() as room:
                again = Path(room) / EXPORTS[kind]
                write_whole(again, getattr(export, f"to_{kind}")(sealed, language=language))
                if place := _first_change(text, text_of(again)):
                    yield f"{name}: {place}"
        elif _squeezed(about["headlines"][language]) not in _squeezed(text):
            yield f"{name}: does not say “{about['headlines'][language]}”"


def _first_change(text: str, other: str) -> str:
    """The place where a text departs from what the notebook says; empty if it does not."""
    words, expected = text.split(), other.split()
    pairs = enumerate(zip_longest(words, expected))
    place = next((n for n, (word, right) in pairs if word != right), None)
    if place is None:
        return ""
    around = slice(max(place - AROUND, 0), place + AROUND)
    return f"“… {' '.join(words[around])} …”, where its notebook says “… {' '.join(expected[around])} …”"


def _tables(folder: Path, languages: list[str], changed: set[str]) -> Iterator[str]:
    """Where a table and its sheet in the workbook differ, if one of them was changed."""
    book = folder / EXPORTS["xlsx"]
    if not book.exists():
        return
    if book.name in changed:
        yield from _answers(folder, book, languages)
    for file in sorted((folder / "tables").glob("*.csv")):
        name = f"tables/{file.name}"
        if changed & {name, book.name}:
            table = _as_text(file)
            sheet = pd.read_excel(book, sheet_name=file.stem, header=1, dtype=str, engine="calamine").fillna("")
            if place := first_difference(table, sheet[[name for name in sheet if name in table]]):  # names stand beside
                yield f"{name if name in changed else book.name}: {place}"


def _answers(folder: Path, book: Path, languages: list[str]) -> Iterator[str]:
    """Where the first sheets of the workbook say another thing than their notebooks."""
    answers = {lang: nbformat.read(folder / lang / f"{ANSWER}.ipynb", as_version=4) for lang in languages}
    with TemporaryDirectory() as room:
        export.to_xlsx({}, again := Path(room) / book.name, answers=answers)
        for language in languages:
            name, read = export.answer_sheet(language, languages), {"header": None, "dtype": str, "engine": "calamine"}
            now, then = (pd.read_excel(file, sheet_name=name, **read).fillna("") for file in (book, again))
            now.index = then.index = then.index - 1  # no row of names above
            if place := first_difference(then, now):
                yield f"{book.name}, {name}: {place}"


def _again(folder: Path, about: dict, dataset: str | Path) -> Iterator[str]:
    """Where the tables of a report that is made again differ from those that were handed out."""
    with TemporaryDirectory() as room:
        which = {"period": about["period"], "scenario": about["scenario"], "languages": about["languages"][:1]}
        report = make_report(dataset, **which, formats=["html"], out=room)
        then, now = about["inputs"], json_object(report.folder / MANIFEST)["inputs"]
        others = sorted(name for name in {*then, *now} if then.get(name) != now.get(name))
        yield from (f"{name}: is not the input that the report was made of" for name in others)
        for file in sorted((folder / "tables").glob("*.csv")):
            other = report.folder / "tables" / file.name
            place = first_difference(_as_text(file), _as_text(other)) if other.exists() else "is not made any more"
            if place:
                yield f"tables/{file.name}: {place}, made again of its data"


def _as_text(file: Path) -> pd.DataFrame:
    return pd.read_csv(file, dtype=str, keep_default_na=False)


def first_difference(table: pd.DataFrame, other: pd.DataFrame) -> str:
    """Row, column and both values of the first cell in which two tables of texts differ by a cent or more."""
    if [*table] != [*other] or len(table) != len(other):
        return f"{len(table)} rows × {len(table.columns)} columns against {len(other)} × {len(other.columns)}"
    for name in table:
        here, there = (frame[name].str.removeprefix("'").str.removesuffix(" 00:00:00") for frame in (table, other))
        apart = (pd.to_numeric(here, errors="coerce") - pd.to_numeric(there, errors="coerce")).abs()
        unlike = here.ne(there) & ~apart.lt(HALF_A_CENT)
        if unlike.any():
            row = unlike.idxmax()
            return f"row {row + 2}, {name}: {here[row]!r} against {there[row]!r}"
    return ""


def _squeezed(text: str) -> str:
    """Without blanks and soft hyphens, with which each format breaks lines in its own way."""
    return re.sub(r"[\s\u00a0\u00ad\u200b]+", "", text)
