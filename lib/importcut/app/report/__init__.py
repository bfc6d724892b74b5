"""Makes a report: runs the notebooks that are out of date, exports, and publishes the whole at once."""

import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from importcut.app.report import publish
from importcut.app.report.asked import chosen, opened
from importcut.app.report.fingerprint import inputs, library, versions
from importcut.app.report.finished import finished_tables
from importcut.app.report.graph import Outcome, run_steps
from importcut.app.report.listing import write_index
from importcut.app.report.parameters import checked_parameters
from importcut.app.report.steps import FIGURES, FORMATS, Setting, report_steps
from importcut.dataset import ROOT, Dataset, digests, fingerprint_of, run_name, uncovered, write_whole
from importcut.language import languages as known_languages
from importcut.schema import LIBRARY, DataError, RunError, UsageError


@dataclass(frozen=True)
class Report:
    """A finished report: its folder, the headline in the first language asked, the steps that ran and those kept."""

    folder: Path
    headline: str
    made: tuple[str, ...]
    kept: tuple[str, ...]


def make_report(
    dataset: str | Path,
    *,
    period: str | None = None,
    languages: Iterable[str] = ("en",),
    formats: Iterable[str] = tuple(FORMATS),
    scenario: str = "base",
    out: Path | str | None = None,
    jobs: int = 2,
    notebooks: Path | str | None = None,
    progress: Callable[[str, int, int], None] = lambda name, done, total: None,
) -> Report:
    """The report of a dataset as of a period, in `<out>/<dataset>/<period>[-<scenario>]/`; `<out>/index.html` lists it.

    Only what is out of date is made again; languages and formats of a report that already stands there stay in it and
    agree with the new tables. Until the new report is whole the former one is not touched.

    Parameters
    ----------
    period : as the dataset writes it; None for the latest with data.
    formats : html, pdf, docx, slides, pptx, xlsx; tables as CSV, notebooks and figures come with any of them.
    out, notebooks : folders, by default reports/ and notebooks/ of the project.
    jobs : how many steps may run at the same time.
    progress : is told the step just finished, how many are, and of how many.

    Raises
    ------
    UsageError : no such dataset, scenario, language or format, or the period is written wrongly.
    DataError : the data are wrong, or have no such period.
    RunError : a notebook is wrong, or failed.

    Examples
    --------
    >>> print(make_report("sample", languages=["en", "ru"]).headline)  # doctest: +SKIP
    >>> make_report("sample", languages=["fr"])
    Traceback (most recent call last):
    importcut.schema.UsageError: language fr is not there — choose from en, ru, uz-Cyrl, uz-Latn
    """
    out, notebooks = Path(out or ROOT / "reports").resolve(), Path(notebooks or ROOT / "notebooks").resolve()
    languages, formats = chosen("language", languages, known_languages()), chosen("format", formats, [*FORMATS])
    ds, cache = opened(dataset, period, scenario), out / ".work/digests.json"
    known = _data(replace(ds, period=None), cache)
    code = fingerprint_of(**{f.relative_to(LIBRARY).as_posix(): d for f, d in digests(library(), cache).items()})
    ds = _with_period(ds, out / ".work" / ds.name / "coverage.json", fingerprint_of(data=known, code=code))
    data, run = _data(ds, cache), run_name(ds.period, scenario)
    target, work = out / ds.name / run, out / ".work" / ds.name / run
    origin = fingerprint_of(data=data, code=code, versions=versions())
    with publish.alone(work.parent / "lock"):
        standing = publish.published(target)
        spoken = [name for name in known_languages() if name in {*standing.get("languages", ()), *languages}]
        written = tuple(name for name in FORMATS if name in {*standing.get("formats", ()), *formats})
        setting = Setting(ds, _as_parameter(ds), origin, notebooks, work, cache, written)
        outcome = run_steps(
            report_steps(setting, spoken), build=setting.build, memory=work / "steps.sqlite", cache=cache, jobs=jobs,
            progress=progress, stop=_stop_kernels,
        )  # fmt: skip
        files = {name: digest for noted in outcome.values.values() for name, digest in noted["files"].items()}
        if outcome.made or not publish.is_published(files, target, cache):
            manifest = _origin(ds, data, code) | _results(outcome, spoken, written, files)
            publish.publish(files, manifest, build=setting.build, target=target)
    write_index(out)
    return Report(target, _headline(outcome, languages[0]), outcome.made, outcome.kept)


def _with_period(ds: Dataset, cache: Path, key: str) -> Dataset:
    """The dataset as of the period asked, or else of the latest one with data; `cache` keeps what they cover."""
    known = json.loads(cache.read_text()) if cache.exists() else {}
    if known.get("key") != key:
        from importcut.intake import declarations

        covered = declarations.periods(declarations.read_declarations(ds), ds.frequency)
        known = {"key": key, "covered": [str(covered[0]), str(covered[-1])]}
        write_whole(cache, json.dumps(known))
    first, last = (pd.Period(text, freq=ds.frequency) for text in known["covered"])
    ds = replace(ds, period=last) if ds.period is None else ds
    if not first <= ds.period <= last:
        raise DataError(
            f"period {ds.period} is not in dataset {ds.name}, which covers {first}–{last} — choose one of these"
        )
    if wrong := uncovered(ds, first, last):
        raise DataError(wrong)
    base, base_end = ds.base_period, ds.base_period.asfreq(ds.frequency, how="end")
    if ds.counterfactual == "deliveries" and ds.period < base_end:
        raise DataError(f"period {ds.period}: the base period {base} is not over — choose {base_end} or later")
    return ds


def _data(ds: Dataset, cache: Path) -> dict[str, str]:
    """Digests of what the report is made from; while its period is not known, without what was given out before."""
    return {f.relative_to(ds.path).as_posix(): digest for f, digest in digests(inputs(ds), cache).items()}


def _as_parameter(ds: Dataset) -> str:
    """How a notebook that runs beside the dataset's folder finds it: by name, unless another one has that name."""
    shipped = ROOT / "data" / "raw" / ds.name
    return ds.name if ds.path == shipped or not (shipped / "dataset.toml").exists() else os.fspath(ds.path)


def _origin(ds: Dataset, data: dict[str, str], code: str) -> dict:
    """Where a report comes from: nothing of the time or the machine, so that equal reports have equal manifests."""
    return {
        "dataset": ds.name,
        "titles": dict(ds.title),
        "period": str(ds.period),
        "scenario": ds.scenario["name"],
        "scenario_titles": dict(ds.scenario.get("title", {})),
        "illustrative": ds.illustrative,
        "inputs": data,
        "code": {"sha256": code, "git": publish.code_state()},
        "versions": versions(),
    }


def _results(outcome: Outcome, languages: list[str], formats: tuple[str, ...], files: dict[str, str]) -> dict:
    """What a report holds, and with which parameters its notebooks were run."""
    return {
        "languages": languages,
        "formats": list(formats),
        "headlines": {language: _headline(outcome, language) for language in languages},
        "parameters": {step: noted["parameters"] for step, noted in outcome.values.items() if "parameters" in noted},
        "files": files,
    }


def _headline(outcome: Outcome, language: str) -> str:
    return outcome.values[f"{language}/{FIGURES}"]["headline"]


def _stop_kernels() -> None:
    from importcut.app.report.kernel import stop_kernels

    stop_kernels()
