"""Makes a report: runs the notebooks that are out of date, exports, and publishes the whole at once."""

import json
import os
import platform
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

import pandas as pd

from importcut.app import publish
from importcut.app.index import chosen, dataset_as_of, write_index
from importcut.app.steps import EXPORTS, FIGURES, Outcome, Setting, report_steps, run_steps
from importcut.dataset import (
    FETCHED,
    PUBLISHED,
    ROOT,
    Dataset,
    digests,
    fingerprint_of,
    run_name,
    uncovered,
    write_whole,
)
from importcut.intake.publication import last_published
from importcut.language import languages as known_languages
from importcut.schema import LIBRARY, DataError

LIBRARIES = (
    "Babel", "duckdb", "ibis-framework", "ipykernel", "matplotlib", "nbconvert", "numpy", "pandas", "pandera",
    "papermill", "pyarrow", "pypandoc_binary", "pysyncon", "python-pptx", "scipy", "seaborn", "sphinx-revealjs",
    "typst", "XlsxWriter",
)  # fmt: skip


@dataclass(frozen=True)
class Report:
    """A report: folder, headline in the first language wanted, names of the steps that ran and of those that stood."""

    folder: Path
    headline: str
    new: tuple[str, ...]
    standing: tuple[str, ...]


def make_report(
    dataset: str | Path,
    *,
    period: str | None = None,
    languages: Iterable[str] = ("en",),
    formats: Iterable[str] = tuple(EXPORTS),
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
    languages, formats = chosen("language", languages, known_languages()), chosen("format", formats, [*EXPORTS])
    ds, cache = dataset_as_of(dataset, period, scenario), out / ".work/digests.json"
    sources = _data(replace(ds, period=None), cache)
    code = fingerprint_of(**{f.relative_to(LIBRARY).as_posix(): d for f, d in digests(library(), cache).items()})
    ds = _with_period(ds, out / ".work" / ds.name / "coverage.json", fingerprint_of(data=sources, code=code))
    data, run = _data(ds, cache), run_name(ds.period, scenario)
    target, work = out / ds.name / run, out / ".work" / ds.name / run
    origin = fingerprint_of(data=data, code=code, versions=_versions())
    with publish.alone(work.parent / "lock"):
        former = publish.manifest(target)
        spoken = [name for name in known_languages() if name in {*former.get("languages", ()), *languages}]
        written = tuple(name for name in EXPORTS if name in {*former.get("formats", ()), *formats})
        setting = Setting(ds, _as_parameter(ds), origin, notebooks, work, cache, written)
        steps = report_steps(setting, spoken)
        memory = work / "steps.json"
        outcome = run_steps(
            steps, build=setting.build, memory=memory, cache=cache, jobs=jobs, progress=progress, stop=_stop_kernels
        )
        files = {name: digest for values in outcome.values.values() for name, digest in values["files"].items()}
        if outcome.new or not publish.stands(files, target, cache):
            manifest = _origin(ds, data, code) | _results(outcome, spoken, written, files)
            publish.put_in_place(files, manifest, build=setting.build, target=target)
    write_index(out)
    return Report(target, _headline(outcome, languages[0]), outcome.new, outcome.standing)


def inputs(ds: Dataset) -> list[Path]:
    """The files of a dataset that a report of its scenario is made from; of publications, the one it compares with."""
    former, files = last_published(ds), {f: f.relative_to(ds.path) for f in sorted(ds.path.rglob("*")) if f.is_file()}
    return [
        file
        for file, place in files.items()
        if not any(part.startswith((".", "~$")) for part in place.parts)
        and place.parts[0] != FETCHED
        and (file.parent.name != "scenarios" or file.stem == ds.scenario["name"])
        and (place.parts[0] != PUBLISHED or file.parent == former)
    ]


def library() -> list[Path]:
    """Every file of this library."""
    return [f for f in sorted(LIBRARY.rglob("*")) if f.is_file() and "__pycache__" not in f.parts]


def _versions() -> dict[str, str]:
    """Versions of Python and of the libraries that the figures depend on."""
    return {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}


def _with_period(ds: Dataset, cache: Path, key: str) -> Dataset:
    """The dataset as of its period, or else of the latest one with data; `cache` keeps what they cover."""
    coverage = json.loads(cache.read_text()) if cache.exists() else {}
    if coverage.get("key") != key:
        from importcut.intake import declarations

        periods = declarations.periods(declarations.read_declarations(replace(ds, period=None)), ds.frequency)
        coverage = {"key": key, "covered": [str(periods[0]), str(periods[-1])]}
        write_whole(cache, json.dumps(coverage))
    first, last = (pd.Period(text, freq=ds.frequency) for text in coverage["covered"])
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
        "versions": _versions(),
    }


def _results(outcome: Outcome, languages: list[str], formats: tuple[str, ...], files: dict[str, str]) -> dict:
    """What a report holds, and with which parameters its notebooks were run."""
    return {
        "languages": languages,
        "formats": list(formats),
        "headlines": {language: _headline(outcome, language) for language in languages},
        "parameters": {step: values["parameters"] for step, values in outcome.values.items() if "parameters" in values},
        "files": files,
    }


def _headline(outcome: Outcome, language: str) -> str:
    return outcome.values[f"{language}/{FIGURES}"]["headline"]


def _stop_kernels() -> None:
    from importcut.app.kernel import stop_kernels

    stop_kernels()
