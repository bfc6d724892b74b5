"""Checks a report that was handed out: every file against the manifest, each format against the others, a re-run."""

import re
from collections.abc import Iterator
from functools import partial
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
    broken = {name for name in changed if not _is_legible(present[name])}
    wrong += [f"{name}: cannot be read, it was cut or is of another format" for name in sorted(broken)]
    there = {*present} - broken
    wrong += _tables(folder, about["languages"], there, changed)
    for language in about["languages"]:
        wrong += _documents(folder, language, about, there, changed)
    named = {line.partition(": ")[0] for line in wrong}
    wrong += [f"{name}: is not the file that was handed out" for name in sorted(changed - named)]
    if rerun and not wrong:
        wrong += _again(folder, about, dataset or about["dataset"])
    return wrong


def _is_legible(file: Path) -> bool:
    """Whether the file can still be read as what its name says."""
    read = {".ipynb": partial(nbformat.read, as_version=4), ".csv": _as_text, ".xlsx": _sheets}
    read |= dict.fromkeys((".html", ".pdf", ".docx", ".pptx"), text_of)
    try:
        read.get(file.suffix, Path.read_bytes)(file)
    except Exception:  # noqa: BLE001 - a file that was cut fails in as many ways as there are libraries to read it
        return False
    return True


def _documents(folder: Path, language: str, about: dict, there: set[str], changed: set[str]) -> Iterator[str]:
    """The formats of a language that do not say the headline, or say another thing than its notebook does."""
    notebook = f"{language}/{ANSWER}.ipynb"
    if notebook not in there:
        return
    beside = {"languages": about["languages"], "formats": about["formats"]}
    sealed = export.sealed(nbformat.read(folder / notebook, as_version=4), about["seal"], **beside)
    for kind in (kind for kind in about["formats"] if kind != "xlsx"):
        name = f"{language}/{EXPORTS[kind]}"
        if name not in there:
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


def _tables(folder: Path, languages: list[str], there: set[str], changed: set[str]) -> Iterator[str]:
    """Where the workbook and a table, or a notebook, differ, if one of them was changed."""
    book = EXPORTS["xlsx"]
    files = [file for file in sorted((folder / "tables").glob("*.csv")) if f"tables/{file.name}" in there]
    if book not in there or not changed & {book, *(f"tables/{file.name}" for file in files)}:
        return
    sheets = _sheets(folder / book)
    if book in changed:
        known = [language for language in languages if f"{language}/{ANSWER}.ipynb" in there]
        yield from _answers(folder, sheets, known, languages)
    for file in files:
        name = f"tables/{file.name}"
        if changed & {name, book}:
            table, sheet = _as_text(file), sheets.get(file.stem, pd.DataFrame())
            heads = sheet.iloc[1] if len(sheet) else []
            sheet = sheet[2:].set_axis(heads, axis=1).reset_index(drop=True)
            if place := first_difference(table, sheet[[name for name in sheet if name in table]]):  # names stand beside
                yield f"{name if name in changed else book}: {place}"


def _answers(folder: Path, sheets: dict, known: list[str], languages: list[str]) -> Iterator[str]:
    """Where the first sheets of the workbook say another thing than their notebooks."""
    answers = {lang: nbformat.read(folder / lang / f"{ANSWER}.ipynb", as_version=4) for lang in known}
    with TemporaryDirectory() as room:
        export.to_xlsx({}, again := Path(room) / EXPORTS["xlsx"], answers=answers)
        expected = _sheets(again)
    for language in known:
        name = export.answer_sheet(language, languages)
        now, then = sheets.get(name, pd.DataFrame()), expected[name]
        now.index, then.index = now.index - 1, then.index - 1  # no row of names above
        if place := first_difference(then, now):
            yield f"{EXPORTS['xlsx']}, {name}: {place}"


def _sheets(book: Path) -> dict[str, pd.DataFrame]:
    """The cells of every sheet as text."""
    sheets = pd.read_excel(book, sheet_name=None, header=None, dtype=str, engine="calamine")
    return {name: sheet.fillna("") for name, sheet in sheets.items()}


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
