"""The steps of a report: which notebook needs which, what is exported from them, and how they run side by side."""

import json
import shutil
import time
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from functools import partial
from graphlib import TopologicalSorter
from importlib import import_module
from pathlib import Path
from threading import Event, Lock, Semaphore, Thread

import pandas as pd

from importcut.app import preload
from importcut.app.parameters import checked_parameters, declared_parameters
from importcut.dataset import Dataset, digests, fingerprint_of, memory_of, remember, seal_of, write_whole
from importcut.language import Voice
from importcut.schema import EXPORTS, PLACE, RunError, tables

FIRST, METHOD, ANSWER = "01_prepare_imports", "06_method", "05_quarterly_report"
PAPERS = {  # working papers that save tables, and those whose tables each needs
    FIRST: (),
    "02_import_profile": (FIRST,),
    "03_realised_cuts": (FIRST,),
    "04_planned_cuts": (FIRST,),
}
MOST_LINES = 100_000  # of the quarantine that go with a report; the whole stays in data/processed
WINDING_UP = 20  # seconds that an interrupted run waits for what is at work
FIGURES = "figures"
EXPLORE = "explore.html"  # of all languages, beside their pages
SAVED_TABLES = "tables.json"  # digests of what the notebooks saved


@dataclass(frozen=True)
class Step:
    """One step: it runs if its fingerprint, or a file that it read or made, is not what it was, or it is not sound.

    make : makes the files; returns their names below the build folder, and what else is to be remembered.
    read : digests of what it reads beside the files of the steps before it, asked when these have ended.
    sound : asked when the steps before it have ended; says no if what it did outside that folder is lost.
    """

    name: str
    after: tuple[str, ...]
    fingerprint: str
    make: Callable[[], tuple[list[str], dict]]
    read: Callable[[], dict[str, str]] = dict
    sound: Callable[[], bool] = lambda: True


@dataclass(frozen=True)
class Outcome:
    """What each step remembers (`files`: digest by name), which steps ran, and which were up to date."""

    values: dict[str, dict]
    new: tuple[str, ...]
    standing: tuple[str, ...]


def run_steps(
    steps: list[Step],
    *,
    build: Path,
    memory: Path,
    cache: Path,
    jobs: int = 2,
    progress: Callable[[str, int, int], None] = lambda name, done, total: None,
    stop: Callable[[], None] = lambda: None,
) -> Outcome:
    """Run the steps that are out of date, `jobs` at a time, each after those it needs.

    Parameters
    ----------
    build : folder of the files made; memory : where it is noted what they were made from; cache : see `digests`.
    stop : called on an interrupt; ends what the steps have started.

    Raises
    ------
    What the first failing step raised; no step is begun after it.
    """
    by_name, memories, values = {step.name: step for step in steps}, memory_of(memory), {}
    writing, places, halted = Lock(), Semaphore(jobs), Event()

    def run(step: Step) -> bool:
        with places:
            if halted.is_set() or _stands(step, memories, build, cache):
                return False
            read = _read(step, memories)
            names, more = step.make()
            digest = {"fingerprint": step.fingerprint, "read": read, "files": _digests(names, build, cache)}
            with writing:
                memories[step.name] = digest | more
                remember(memory, memories)
            return True

    order = TopologicalSorter({step.name: step.after for step in steps})
    order.prepare()
    pool, at_work, new = ThreadPoolExecutor(jobs), {}, {}
    try:
        while order.is_active():
            at_work |= {pool.submit(run, by_name[name]): name for name in order.get_ready()}
            for future in wait(at_work, return_when=FIRST_COMPLETED).done:
                name = at_work.pop(future)
                new[name], values[name] = future.result(), memories[name]
                progress(name, len(values), len(steps))
                order.done(name)
    except KeyboardInterrupt:
        halted.set()
        _wind_up(places, jobs, stop)  # the pool may not know the thread whose start was interrupted
        raise
    finally:
        pool.shutdown(cancel_futures=True)
    by_outcome = [tuple(name for name, ran in new.items() if ran is outcome) for outcome in (True, False)]
    return Outcome(values, *by_outcome)


def _digests(names: Iterable[str], build: Path, cache: Path | None = None) -> dict[str, str]:
    files = {build / name: name for name in names if (build / name).exists()}
    return {files[file]: digest for file, digest in digests(files, cache).items()}


def _stands(step: Step, memories: dict[str, dict], build: Path, cache: Path | None = None) -> bool:
    """Whether a step, what it read and what it made are what it remembers."""
    former = memories.get(step.name, {})
    alike = former.get("fingerprint") == step.fingerprint and former["read"] == _read(step, memories)
    return alike and step.sound() and _digests(former["files"], build, cache) == former["files"]


def _read(step: Step, memories: dict[str, dict]) -> dict[str, str]:
    """Digests of what a step reads: what the steps before it made, and what it says itself."""
    return step.read() | {name: file for before in step.after for name, file in memories[before]["files"].items()}


def _wind_up(places: Semaphore, jobs: int, stop: Callable[[], None]) -> None:
    """Stop the steps at work, and wait for them: a kernel may start, or a file be half written, just now."""
    end, free = time.monotonic() + WINDING_UP, 0
    stop()
    while free < jobs and time.monotonic() < end:
        free += places.acquire(timeout=0.1)
        stop()
    if free:
        places.release(free)


@dataclass(frozen=True)
class Setting:
    """What the steps of one report share.

    dataset : how a notebook finds it; origin : digest of data, code and versions; work : folder of what is being made
    and of what is known of it; cache : digests of large files; formats : of EXPORTS; emptied : the tables of earlier
    runs have been removed; recording : held while it is noted which tables have been saved.
    """

    ds: Dataset
    dataset: str
    origin: str
    notebooks: Path
    work: Path
    cache: Path
    formats: tuple[str, ...]
    emptied: Event = field(default_factory=Event)
    recording: Lock = field(default_factory=Lock)

    @property
    def build(self) -> Path:
        """Folder of the finished files before they are published."""
        return self.work / "build"


def report_steps(setting: Setting, languages: list[str]) -> list[Step]:
    """The steps of a report, each behind those it needs; working papers are in the first of the languages.

    Raises RunError if a notebook is missing or does not take its parameters.
    """
    papers, saved = {}, partial(_saved_tables, setting)
    intact = memory_of(setting.work / SAVED_TABLES).get("tables") == saved()

    def sound() -> bool:
        return intact and not setting.emptied.is_set()

    for name, after in PAPERS.items():
        papers[name] = _notebook(setting, name, "notebooks", languages[0], [papers[a] for a in after], sound=sound)
    csv = _export("tables", partial(_tables, setting), [*papers.values()], read=saved)
    steps = [*papers.values(), _notebook(setting, METHOD, "notebooks", languages[0], []), csv]
    answers = []
    for language in languages:
        answer = _notebook(setting, ANSWER, language, language, [*papers.values()], read=saved)
        steps += [answer, _export(f"{language}/{FIGURES}", partial(_figures, setting, language), [answer])]
        for name in (name for name in setting.formats if name != "xlsx"):
            make = partial(_written, setting, languages, language, name)
            how = {"languages": languages, "formats": setting.formats} if name == "html" else {}  # it leads to them
            steps.append(_export(f"{language}/{EXPORTS[name]}", make, [answer, csv], **how))
        answers.append(answer)
    if "html" in setting.formats:
        steps.append(_export(EXPLORE, partial(_explored, setting, languages), [csv], languages=languages))
    if "xlsx" in setting.formats:
        steps.append(_export(EXPORTS["xlsx"], partial(_workbook, setting, languages), [csv, *answers], read=saved))
    return steps


def _notebook(
    setting: Setting, name: str, folder: str, language: str, after: list[Step], **how: Callable[[], object]
) -> Step:
    notebook, ds = setting.notebooks / f"{name}.ipynb", setting.ds
    if not notebook.exists():
        raise RunError(f"{notebook.name} is not in {setting.notebooks} — put it back")
    parameters = {"dataset": setting.dataset, "period": str(ds.period), "language": language}
    parameters["scenario"] = ds.scenario["name"]
    content = json.loads(notebook.read_text(encoding="utf-8"))
    declared = declared_parameters(content["cells"], notebook.name)
    if name == METHOD:  # formulas on published examples: of no dataset and no period
        parameters = {key: value for key, value in parameters.items() if key in declared}
    checked_parameters(parameters, declared, notebook.name)
    before, content = [step.fingerprint for step in after], _without_runs(content)
    fingerprint = fingerprint_of(origin=setting.origin, notebook=content, parameters=parameters, after=before)
    target = f"{folder}/{notebook.name}"
    make = partial(_run, setting, notebook, parameters, target)
    return Step(target, tuple(step.name for step in after), fingerprint, make, **how)


def _without_runs(content: dict) -> dict:
    """A notebook without what running it by hand leaves there."""
    left = ("outputs", "execution_count")
    return content | {"cells": [{k: v for k, v in cell.items() if k not in left} for cell in content["cells"]]}


def _export(
    name: str, make: Callable[[], tuple[list[str], dict]], after: list[Step], read: Callable[[], dict] = dict, **how
) -> Step:
    fingerprint = fingerprint_of(name=name, after=[step.fingerprint for step in after], **how)
    return Step(name, tuple(step.name for step in after), fingerprint, make, read)


def _run(setting: Setting, notebook: Path, parameters: dict, target: str) -> tuple[list[str], dict]:
    """Execute a notebook into the build folder."""
    preload.start()  # while this process imports what follows
    import nbformat
    from papermill.translators import PythonTranslator

    from importcut.app.kernel import run_notebook

    if notebook.stem == ANSWER:  # what writes it out is read in meanwhile, for that takes a second
        Thread(target=import_module, args=["nbconvert.exporters"], daemon=True).start()
    if notebook.stem == FIRST:
        setting.emptied.set()
        shutil.rmtree(setting.ds.tables, ignore_errors=True)  # an earlier run's table must not stand in for one
    failed = setting.work / "failed" / target.replace("/", "-")
    try:
        executed = run_notebook(notebook, parameters, folder=setting.ds.path.parent, failed=failed)
    finally:
        if notebook.stem in PAPERS:
            with setting.recording:
                remember(setting.work / SAVED_TABLES, {"tables": _saved_tables(setting)})
    for cell in executed.cells:
        if cell.id == "injected-parameters":  # where the dataset lay is nobody else's business
            cell.source = cell.source.replace(*map(PythonTranslator.translate, (setting.dataset, setting.ds.name)))
    write_whole(setting.build / target, nbformat.writes(executed) + "\n")
    place = {"dataset": setting.ds.name} if "dataset" in parameters else {}
    return [target], {"parameters": parameters | place}


def _executed(setting: Setting, language: str) -> dict:
    import nbformat

    return nbformat.read(setting.build / language / f"{ANSWER}.ipynb", as_version=4)


def _seal(setting: Setting) -> str:
    files = digests((setting.build / "tables").glob("*.csv"))
    return seal_of(setting.origin, {f"tables/{file.name}": digest for file, digest in files.items()})


def _figures(setting: Setting, language: str) -> tuple[list[str], dict]:
    """Export the figures of the answer in one language, and remember its headline."""
    from importcut.telling import export
    from importcut.telling.finding import COVER

    executed, folder = _executed(setting, language), setting.build / language / FIGURES
    cover = export.cover(executed)
    if cover is None:
        raise RunError(f"{ANSWER}.ipynb shows no headline — let a cell display one as {COVER}")
    shutil.rmtree(folder, ignore_errors=True)
    figures = export.figures(executed)
    for name, content in figures.items():
        write_whole(folder / name, content)
    return [f"{language}/{FIGURES}/{name}" for name in figures], {"headline": cover.headline}


def _written(setting: Setting, languages: list[str], language: str, name: str) -> tuple[list[str], dict]:
    """Export the answer in one language and one format."""
    from importcut.telling import export

    target = f"{language}/{EXPORTS[name]}"
    beside = {"languages": languages, "formats": setting.formats}
    executed = export.sealed(_executed(setting, language), _seal(setting), **beside)
    write_whole(setting.build / target, getattr(export, f"to_{name}")(executed, language=language))
    return [target], {}


def _tables(setting: Setting) -> tuple[list[str], dict]:
    """Export the tables that the notebooks saved, in the order of the data's way."""
    from importcut.telling import export

    folder = setting.build / "tables"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    content = _content(setting)
    for name, table in content.items():
        export.to_csv(table, folder / f"{name}.csv")
    return [f"tables/{name}.csv" for name in content], {}


def _workbook(setting: Setting, languages: list[str]) -> tuple[list[str], dict]:
    """Write the answer in each language and all tables into one workbook; names are in the first of the languages."""
    from importcut.telling import export

    answers, say = {language: _executed(setting, language) for language in languages}, Voice(languages[0], setting.ds)
    how = {"answers": answers, "say": say, "mark": say.mark, "seal": _seal(setting)}
    export.to_xlsx(_content(setting), setting.build / EXPORTS["xlsx"], **how)
    return [EXPORTS["xlsx"]], {}


def _explored(setting: Setting, languages: list[str]) -> tuple[list[str], dict]:
    """Put the tables into the page to explore."""
    from importcut.telling import export

    how = {"languages": languages, "script": export.charting_script(), "seal": _seal(setting)}
    write_whole(setting.build / EXPLORE, export.to_explore(setting.build / "tables", setting.ds, **how))
    return [EXPLORE], {}


def _content(setting: Setting) -> dict[str, pd.DataFrame]:
    """The tables that the notebooks saved, and the lines set aside, in the order of the data's way."""
    quarantine, order = setting.ds.cleaned / "quarantine.parquet", {name: n for n, name in enumerate(tables())}
    files = [*setting.ds.tables.glob("*.parquet"), *([quarantine] if quarantine.exists() else [])]
    files.sort(key=lambda f: (order.get(f.stem, len(order)), f.stem))
    return {file.stem: _quarantined(file) if file == quarantine else pd.read_parquet(file) for file in files}


def _quarantined(file: Path) -> pd.DataFrame:
    """The lines set aside, by file and line; of very many the faults, duplicates and superseded ones alone."""
    import pyarrow.parquet as pq

    many = pq.read_table(file, columns=["line"]).num_rows > MOST_LINES
    lines = pd.read_parquet(file, filters=[("kind", "!=", "out_of_scope")] if many else None)
    return lines.sort_values(PLACE, ignore_index=True).head(MOST_LINES)


def altered(setting: Setting, languages: list[str], values: dict[str, dict]) -> list[str]:
    """Names of the steps that would not stand if they were asked again; every file is read."""
    steps = report_steps(replace(setting, emptied=Event()), languages)
    return [step.name for step in steps if not _stands(step, values, setting.build)]


def _saved_tables(setting: Setting) -> dict[str, str]:
    files = sorted(setting.ds.tables.glob("*.parquet"))
    return {file.stem: digest for file, digest in digests(files, setting.cache).items()}
