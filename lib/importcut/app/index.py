"""What is there by name: datasets, finished reports with their tables, and the page that lists all reports."""

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

import pandas as pd

from importcut.dataset import ROOT, Dataset, as_of, as_period, json_object, run_name, stand_again, write_whole
from importcut.intake.opening import find_dataset, open_dataset
from importcut.intake.scenario import read_scenario, scenarios
from importcut.language import Voice, languages
from importcut.schema import DataError, RunError, UsageError, conform, one_of, tables

MANIFEST = "manifest.json"  # of a report or a publication: what it holds and where it comes from
INDEX = "index.html"
OWNERS = ".datasets"  # folder beside the reports: by name, the dataset whose reports they are
ATTEMPTS = 10  # more runs than would ever publish in the same moment


@dataclass(frozen=True)
class Listed:
    """A published report as its manifest has it; `title` and `scenario_title` by language, `folder` below the page."""

    dataset: str
    folder: str
    period: pd.Period
    scenario: str
    title: dict[str, str]
    scenario_title: dict[str, str]
    illustrative: bool
    headlines: dict[str, str]
    files: frozenset[str]


def chosen(what: str, names: Iterable[str], known: list[str]) -> list[str]:
    """The names as a list; UsageError if there are none, or one is not known."""
    names = list(names)
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        raise UsageError(f"{what} {', '.join(unknown) or '(none)'} is not there — choose from {', '.join(known)}")
    return names


@contextmanager
def by_name() -> Iterator[None]:
    """What is not there under the name it is asked for by is wrong use (UsageError), no fault of the data."""
    try:
        yield
    except DataError as error:
        raise UsageError(str(error)) from None


def dataset_as_of(dataset: str | Path, period: str | None, scenario: str = "base") -> Dataset:
    """The dataset under a scenario, as of a period if one is named.

    Raises UsageError if it has no such scenario, or the period is written wrongly; DataError if the dataset is wrong.
    """
    with by_name():
        folder = find_dataset(dataset)
    ds = open_dataset(folder, scenario=one_of("scenario", scenario, sorted(scenarios(folder))))
    with by_name():
        return ds if period is None else as_of(ds, as_period(period, ds.frequency))


def scenario(ds: Dataset, name: str) -> Dataset:
    """The dataset, as of the same period, under another scenario of its own.

    Parameters
    ----------
    name : of a file in its folder scenarios, without .toml

    Raises
    ------
    DataError : there is no such scenario, or something is wrong with it.

    Examples
    --------
    >>> ds = open_dataset("sample", period="2026Q3")
    >>> scenario(ds, "late").scenario["name"]
    'late'
    >>> scenario(ds, "never")
    Traceback (most recent call last):
    importcut.schema.DataError: scenario never: no file scenarios/never.toml — choose one of base, high, late, ...
    """
    return replace(ds, scenario=read_scenario(ds.path, name, ds.projects))


def finished_tables(ds: Dataset, *, out: Path | str | None = None) -> dict[str, pd.DataFrame]:
    """The tables of a report that was made, by name: what all its charts, sentences and files rest on.

    Parameters
    ----------
    ds : from `open_dataset`; its period and scenario choose the report, without a period the latest one
    out : folder of the reports, by default reports/ of the project

    Returns
    -------
    dict
        Tables by name, each with the columns, units and key that CODEBOOK.md gives; periods are pandas
        Periods, and what is not known is empty.

    Raises
    ------
    RunError : there is no such report; the message has the command that makes it.

    Examples
    --------
    >>> ds = open_dataset("sample", period="2026Q3")
    >>> finished_tables(ds)["ranking"]  # doctest: +SKIP
    >>> finished_tables(ds, out="nowhere")
    Traceback (most recent call last):
    importcut.schema.RunError: there is no report of sample 2026Q3 — run `importcut report --dataset sample ...
    """
    period = None if ds.period is None else str(ds.period)
    folder = finished_report(reports_of(ds, out), ds.name, period, ds.scenario["name"])
    return {file.stem: _read(file, ds.frequency) for file in sorted((folder / "tables").glob("*.csv"))}


def reports_of(ds: Dataset, out: Path | str | None = None, *, claim: bool = False) -> Path:
    """Folder of a dataset's reports below `out`, by default reports/ of the project; claimed for those to come.

    Raises RunError if those of another dataset of that name stand there.
    """
    out, home = Path(out or ROOT / "reports").resolve(), ds.path.resolve()
    mark = out / OWNERS / ds.name  # a path from `out`, so that both may be moved or copied together
    owner = out / os.fsdecode(mark.read_bytes()) if mark.is_file() else out / OWNERS
    known = (owner / "dataset.toml").is_file()
    if known and owner.resolve() == home:
        return out / ds.name
    if known and (out / ds.name).exists():
        remedy = "give another folder with --out, or rename one of the two datasets"
        raise RunError(f"{out / ds.name} holds the reports of another dataset, {owner.resolve()} — {remedy}")
    if claim:
        write_whole(mark, os.fsencode(os.path.relpath(home, out) if home.drive == out.drive else home))
    return out / ds.name


def finished_report(reports: Path, dataset: str, period: str | None, scenario: str = "base") -> Path:
    """Folder of the report of a period, or of the latest one, of that scenario; RunError if there is none."""
    stand_again(reports)
    runs = {f.parent.name for f in reports.glob(f"*/{MANIFEST}")}
    pattern = run_name(r"\d{4}(Q\d)?" if period is None else period, re.escape(scenario))
    latest = max((name for name in runs if re.fullmatch(pattern, name)), default=None)
    if latest is None:
        about = f"{dataset} {'' if period is None else run_name(period, scenario)}".rstrip()
        raise RunError(f"there is no report of {about} — {remedy(dataset, period, scenario)}")
    return reports / latest


def remedy(dataset: str, period: str | None, scenario: str = "base") -> str:
    """What makes such a report."""
    options = {"period": period, "scenario": None if scenario == "base" else scenario}
    options = "".join(f" --{name} {value}" for name, value in options.items() if value)
    return f"run `importcut report --dataset {dataset}{options}`"


def write_index(out: Path) -> Path:
    """Write `index.html` below `out` if it is not yet what the manifests say; returns its path."""
    page = out / INDEX
    for _ in range(ATTEMPTS):  # of runs at the same time, the last one to write has seen what all have published
        whole = index_page(published_reports(out)).encode()
        if page.exists() and page.read_bytes() == whole:
            break
        write_whole(page, whole)
    return page


def published_reports(out: Path) -> list[Listed]:
    """The reports below `out` by dataset, newest first, base scenario first; a broken manifest is left out."""
    for reports in out.glob("[!.]*/"):
        stand_again(reports)
    reports = filter(None, map(_listed, out.glob(f"[!.]*/[!.]*/{MANIFEST}")))
    return sorted(reports, key=lambda r: (r.dataset, -r.period.ordinal, r.scenario != "base", r.folder))


def index_page(reports: list[Listed]) -> str:
    """The page as HTML: a section a language, in it the datasets and their reports."""
    from importcut.telling.export.content import render

    spoken = [code for code in languages() if any(code in r.headlines for r in reports)] or languages()[:1]
    voices = {code: Voice(code, None) for code in languages()}
    words = {code: {**say.words("index"), "files": say.words("files")} for code, say in voices.items()}
    sections = [{"code": code, "words": words[code], "datasets": _datasets(reports, code, words)} for code in spoken]
    return render("index/index.html.j2", sections=sections)


def _read(file: Path, frequency: str) -> pd.DataFrame:
    """The table as its schema has it; a text that may not be missing is an empty one where the file has nothing."""
    columns = tables()[file.stem].columns if file.stem in tables() else ()
    texts = {c.name: "str" for c in columns if c.type in ("text", "period")}
    table = pd.read_csv(file, dtype=texts, keep_default_na=False, na_values=[""])
    whole = {c.name: "" for c in columns if c.type == "text" and not c.optional}
    return conform(table.fillna(whole), file.stem, frequency=frequency) if columns else table


def _listed(manifest: Path) -> Listed | None:
    """The report of a manifest; nothing if the manifest is broken or from another program."""
    try:
        about = json_object(manifest)
        return Listed(
            dataset=manifest.parts[-3],
            folder="/".join(manifest.parts[-3:-1]),
            period=as_period(about["period"], "Q" if "Q" in about["period"] else "Y"),
            scenario=str(about["scenario"]),
            title=dict(about.get("titles", {})),
            scenario_title=dict(about.get("scenario_titles", {})),
            illustrative=bool(about["illustrative"]),
            headlines={str(code): str(said) for code, said in about["headlines"].items()},
            files=frozenset(about["files"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError, DataError):
        return None


def _datasets(reports: list[Listed], code: str, words: dict) -> list[dict]:
    datasets = {}
    for report in reports:
        say = Voice(code, report)
        about = {"title": report.title.get(code, report.dataset), "mark": say.mark, "reports": []}
        datasets.setdefault(report.dataset, about)["reports"].append(_card(report, say, words))
    return list(datasets.values())


def _card(report: Listed, say: Voice, words: dict) -> dict:
    """What the page shows of one report in one language: addresses relative to the page, percent-encoded."""
    code, names = say.language, words[say.language]["files"]
    mine = {name: file for name in names for file in (name, f"{code}/{name}") if file in report.files}
    figures = sorted(file for file in report.files if re.fullmatch(rf"{re.escape(code)}/figures/01-[^/]+\.svg", file))
    others = [c for c in words if c != code and c in report.headlines and f"{c}/report.html" in report.files]
    named = "" if report.scenario == "base" else report.scenario_title.get(code, report.scenario)

    def address(file: str) -> str:
        return quote(f"{report.folder}/{file}")

    return {
        "name": " · ".join(filter(None, [say.period(report.period), named])),
        "headline": report.headlines.get(code, ""),
        "page": address(mine["report.html"]) if "report.html" in mine else "",
        "figure": address(figures[0]) if figures else "",
        "files": [(names[name], address(file)) for name, file in mine.items()],
        "others": [(c, words[c]["language"], address(f"{c}/report.html")) for c in others],
    }
