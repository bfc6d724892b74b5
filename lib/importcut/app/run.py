"""Makes a report: runs the notebooks that are out of date, exports, and publishes the whole at once."""

import os
import platform
import re
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path, PurePath

import pandas as pd

from importcut.app import preload, publish
from importcut.app.coverage import ahead, coverage_of, outside
from importcut.app.index import by_name, chosen, dataset_as_of, reports_of, write_index
from importcut.app.steps import EXPORTS, FIGURES, Outcome, Setting, altered, report_steps, run_steps
from importcut.dataset import (
    DIGESTS,
    FETCHED,
    PUBLISHED,
    ROOT,
    Dataset,
    as_of,
    digests,
    fingerprint_of,
    memory_of,
    processed_folder,
    remember,
    run_name,
    seal_of,
    table_digests,
)
from importcut.intake.opening import find_dataset
from importcut.intake.publication import last_published
from importcut.language import languages as known_languages
from importcut.schema import LIBRARY, DataError, RunError, listed

LIBRARIES = (
    "Babel", "duckdb", "ibis-framework", "ipykernel", "matplotlib", "nbconvert", "numpy", "pandas", "pandera",
    "papermill", "pyarrow", "pypandoc_binary", "pysyncon", "python-pptx", "scipy", "seaborn", "sphinx-revealjs",
    "typst", "vl-convert-python", "XlsxWriter",
)  # fmt: skip
GROWING = ("deliveries", "output", "activity", "exchange_rates", "registers")  # files with rows of later periods
IMPORTS = "imports.json"  # what is known of the imports up to a period
ASIDE = re.compile(rf"^{FETCHED}/|(^|/)(\.|~\$)")  # what is hidden, and what connectors keep for themselves
OF_ONE_REPORT = ("scenarios/", f"{PUBLISHED}/")  # what has no part in cleaning, and differs between reports


@dataclass(frozen=True)
class Report:
    """A report: folder, headline in the first language wanted, names of the steps that ran and of those that stood.

    restrictions : what it had to leave out, as `check` says it
    """

    folder: Path
    headline: str
    new: tuple[str, ...]
    standing: tuple[str, ...]
    restrictions: tuple[str, ...] = ()


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
    period : as the dataset writes it; None for the latest with imports.
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
    if not notebooks.is_dir():  # as where only the library was installed
        checkout = "run importcut where the project lies, installed there with `pip install --editable .`"
        raise RunError(f"{notebooks}: no such folder, and the report is made of its notebooks — {checkout}")
    languages, formats = chosen("language", languages, known_languages()), chosen("format", formats, [*EXPORTS])
    with by_name():
        folder = find_dataset(dataset)
    cache = processed_folder(folder) / DIGESTS
    with publish.alone(cache.parent):
        known = digests([*_files(folder).values(), *library()], cache)  # before anything is read
        ds = dataset_as_of(folder, period, scenario)
        publish.sweep_reports(reports_of(ds, out))
        code = _code(known)
        ds, imports = _with_imports(ds, _key(ds, known))
        sources = {file: known.get(file, "") for file in [*inputs(ds), *library()]}
        used = {name: sources[file] for name, file in _files(ds.path).items() if file in sources}
        data = {name: digest for name, digest in used.items() if name not in imports["later"]}
        own = {name: data[name] for name in data if name.startswith(f"{PUBLISHED}/{ds.period}/")}
        apart = {*imports["files"], *own}
        settings = {n: d for n, d in data.items() if n not in apart and PurePath(n).stem not in GROWING}
        registers = {name: table.to_csv() for name, table in ds.registers.items()}  # as of the period
        figures = {"registers": registers, "tables": imports["tables"]}
        origin = fingerprint_of(data=settings, **figures, code=code, versions=_versions())
        if publish.manifest(ds.path / PUBLISHED / str(ds.period)).get("origin") == origin:
            data = {name: digest for name, digest in data.items() if name not in own}  # this very report was given out
        elif own:
            origin = fingerprint_of(origin=origin, own=own)
        run = run_name(ds.period, scenario)
        target, work = out / ds.name / run, ds.processed / "work" / run
        former = publish.manifest(target)
        spoken = [name for name in known_languages() if name in {*former.get("languages", ()), *languages}]
        written = tuple(name for name in EXPORTS if name in {*former.get("formats", ()), *formats})
        shutil.rmtree(work / "failed", ignore_errors=True)
        setting = Setting(ds, _as_parameter(ds), origin, notebooks, work, cache, written)
        steps, memory = report_steps(setting, spoken), work / "steps.json"
        how = {"jobs": jobs, "progress": progress, "stop": _stop_kernels}
        outcome = run_steps(steps, build=setting.build, memory=memory, cache=cache, **how)
        files = {name: digest for values in outcome.values.values() for name, digest in values["files"].items()}
        reports_of(ds, out, claim=True)
        if outcome.new or former.get("inputs") != data or not publish.stands(files, target, cache):
            changed = _changed(ds, sources, imports["tables"]) + altered(setting, spoken, outcome.values)
            if changed:
                for file in (memory, ds.cleaned / IMPORTS):  # nobody knows what was made of which
                    file.unlink(missing_ok=True)
                again = "run this again; nothing was published"
                raise RunError(f"{', '.join(changed)}: changed while the report was made — {again}")
            about = _manifest(setting, data, code, spoken, outcome) | {"files": files, "seal": seal_of(origin, files)}
            about["sha256"] = fingerprint_of(**about)
            publish.put_in_place(files, about, build=setting.build, target=target)
    write_index(out)
    restrictions = tuple(imports["restrictions"])
    return Report(target, _headline(outcome, languages[0]), outcome.new, outcome.standing, restrictions)


def inputs(ds: Dataset) -> list[Path]:
    """The files of a dataset that a report of its scenario is made from; of publications, those it compares with."""
    compared, files = [last_published(ds, own=own) for own in (False, True)], _files(ds.path)
    return [
        file
        for name, file in files.items()
        if (file.parent.name != "scenarios" or file.stem in ("base", ds.scenario["name"]))
        and (not name.startswith(f"{PUBLISHED}/") or file.parent in compared)
    ]


def _files(folder: Path) -> dict[str, Path]:
    """Every file of a dataset, by its place there."""
    files = {file.relative_to(folder).as_posix(): file for file in sorted(folder.rglob("*")) if file.is_file()}
    return {name: file for name, file in files.items() if not ASIDE.search(name)}


def library() -> list[Path]:
    """Every file of this library."""
    return [f for f in sorted(LIBRARY.rglob("*")) if f.is_file() and "__pycache__" not in f.parts]


def imports_stand(ds: Dataset) -> bool:
    """Whether the imports up to the dataset's period lie cleaned as a report made them, of what is there now."""
    known, imports = digests([*_files(ds.path).values(), *library()]), memory_of(ds.cleaned / IMPORTS)
    return imports.get("key") == _key(ds, known) and imports["tables"] == table_digests(ds)


def _key(ds: Dataset, known: dict[Path, str]) -> str:
    """A digest of all that decides what the imports become."""
    raw = {name: known[file] for name, file in _files(ds.path).items() if not name.startswith(OF_ONE_REPORT)}
    return fingerprint_of(data=raw, code=_code(known), versions=_versions())


def _code(known: dict[Path, str]) -> str:
    return fingerprint_of(**{f.relative_to(LIBRARY).as_posix(): known[f] for f in library()})


def _versions() -> dict[str, str]:
    """Versions of Python and of the libraries that the figures depend on."""
    return {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}


def _with_imports(ds: Dataset, key: str) -> tuple[Dataset, dict]:
    """The dataset as of its period, or the latest with imports; its raw files, those of later lines only, its tables.

    Raises DataError if no report can be made of it.
    """
    arrivals = _arrivals(ds, key)
    first, last = (pd.Period(text, freq=ds.frequency) for text in arrivals["periods"])
    if ds.period is not None and (wrong := outside(ds, ds.period, first, last)):  # known before anything is cleaned
        raise DataError(listed(wrong))
    named = ds if ds.period is not None else as_of(ds, last)
    imports = _imports(named, key, last)
    if ds.period is None and imports["latest"] not in (None, str(last)):  # no line of the last one was accepted
        named = as_of(ds, pd.Period(imports["latest"], freq=ds.frequency))
        imports = _imports(named, key, last)
    if obstacles := [*imports["obstacles"], *ahead(ds, named.period)]:
        raise DataError(listed(obstacles))
    return named, imports | {"later": {*arrivals["files"]} - {*imports["files"]}}


def _imports(ds: Dataset, key: str, horizon: pd.Period) -> dict:
    """What is known of the imports up to the dataset's period: cleaned now, unless they lie there already."""
    memory = ds.cleaned / IMPORTS
    imports = memory_of(memory)
    if imports.get("key") != key or imports["tables"] != table_digests(ds):
        preload.start()  # the notebooks will run: kernels get ready while this process cleans
        from importcut.intake.clean import clean_imports
        from importcut.intake.declarations import read_declarations

        files = read_declarations(ds)
        cleaned = clean_imports(files, ds)
        span = coverage_of(ds, cleaned.cells, horizon=horizon, quarantine=cleaned.quarantine)
        about = {"latest": span.latest and str(span.latest), "obstacles": span.obstacles}
        about |= {"restrictions": span.restrictions, "files": _places(files, ds)}
        imports = {"key": key, "tables": table_digests(ds), **about}
        remember(memory, imports)
    return imports


def _places(files: list, ds: Dataset) -> list[str]:
    """The files of the dataset in which raw tables stand: a sheet has its workbook's, a packed one its archive's."""
    places = set()
    for name in (file.source_file for file in files):
        while name and not (ds.path / name).is_file():
            name = name[: max(name.rfind("/"), name.rfind("#"))]
        places.add(name)
    return sorted(places)


def _arrivals(ds: Dataset, key: str) -> dict:
    """The first and the last period of all lines, whether they count or not, and the files that they stand in."""
    memory = ds.processed / "coverage.json"
    known = memory_of(memory)
    if known.get("key") != key:
        from importcut.intake import declarations

        files = declarations.read_declarations(replace(ds, period=None))
        periods = declarations.periods(files, ds.frequency)
        known = {"key": key, "periods": [str(periods[0]), str(periods[-1])], "files": _places(files, ds)}
        remember(memory, known)
    return known


def _changed(ds: Dataset, sources: dict[Path, str], tables: dict[str, str]) -> list[str]:
    """Names of inputs, files of the library and tables of cleaned imports that are not what they were; all are read."""
    now = digests([*inputs(ds), *library()])
    names = [file.name for file in sorted({*sources, *now}) if sources.get(file) != now.get(file)]
    return names + ([] if tables == table_digests(ds) else ["cleaned imports"])


def _as_parameter(ds: Dataset) -> str:
    """How a notebook that runs beside the dataset's folder finds it: by name, unless another one has that name."""
    shipped = ROOT / "data" / "raw" / ds.name
    return ds.name if ds.path == shipped or not (shipped / "dataset.toml").exists() else os.fspath(ds.path)


def _manifest(setting: Setting, data: dict[str, str], code: str, languages: list[str], outcome: Outcome) -> dict:
    """What a report is and comes from: nothing of the time or the machine, so that equal ones have equal manifests."""
    ds = setting.ds
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
        "origin": setting.origin,
        "languages": languages,
        "formats": list(setting.formats),
        "headlines": {language: _headline(outcome, language) for language in languages},
        "parameters": {step: values["parameters"] for step, values in outcome.values.items() if "parameters" in values},
    }


def _headline(outcome: Outcome, language: str) -> str:
    return outcome.values[f"{language}/{FIGURES}"]["headline"]


def _stop_kernels() -> None:
    from importcut.app.kernel import stop_kernels

    stop_kernels()
