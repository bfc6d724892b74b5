"""The steps of a report: which notebook needs which, and what is exported from them."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Event, Lock

from importcut.app.report.graph import Step
from importcut.app.report.parameters import checked_parameters, declared_parameters
from importcut.dataset import Dataset, digests, fingerprint_of, write_whole
from importcut.language import Voice
from importcut.schema import OF_ALL_PERIODS, RunError, tables

FIRST, METHOD, ANSWER = "01_prepare_imports", "06_method", "05_quarterly_report"
PAPERS = {  # working papers that save tables, and those whose tables each needs
    FIRST: (),
    "02_import_profile": (FIRST,),
    "03_realised_cuts": (FIRST,),
    "04_planned_cuts": (FIRST,),
}
MOST_LINES = 100_000  # of the quarantine that go with a report; the whole stays in data/processed
RECORDING = Lock()
FIGURES = "figures"
FORMATS = {  # what can be handed out, and the file of each in a language's folder
    "html": "report.html",
    "pdf": "report.pdf",
    "docx": "report.docx",
    "slides": "slides.html",
    "pptx": "slides.pptx",
    "xlsx": "tables.xlsx",
}


@dataclass(frozen=True)
class Setting:
    """What the steps of one report share.

    dataset : how a notebook finds it; origin : digest of data, code and versions; work : folder of what is being made
    and of what is known of it; cache : digests of large files; formats : of FORMATS; emptied : the tables of earlier
    runs have been removed.
    """

    ds: Dataset
    dataset: str
    origin: str
    notebooks: Path
    work: Path
    cache: Path
    formats: tuple[str, ...]
    emptied: Event = field(default_factory=Event)

    @property
    def build(self) -> Path:
        """Folder of the finished files before they are published."""
        return self.work / "build"


def report_steps(setting: Setting, languages: list[str]) -> list[Step]:
    """The steps of a report, each behind those it needs; working papers are in the first of the languages.

    Raises RunError if a notebook is missing or does not take its parameters.
    """
    record = setting.work / "tables.json"
    intact = record.exists() and json.loads(record.read_text()) == _saved_tables(setting)
    papers = {}

    def sound() -> bool:
        return intact and not setting.emptied.is_set()

    for name, after in PAPERS.items():
        papers[name] = _notebook(setting, name, "notebooks", languages[0], [papers[a] for a in after], sound)
    steps = [*papers.values(), _notebook(setting, METHOD, "notebooks", languages[0], [])]
    workbook = "xlsx" in setting.formats
    steps.append(_export("tables", partial(_tables, setting), list(papers.values()), workbook=workbook))
    for language in languages:
        answer = _notebook(setting, ANSWER, language, language, list(papers.values()))
        steps += [answer, _export(f"{language}/{FIGURES}", partial(_figures, setting, language), [answer])]
        for name in (name for name in setting.formats if name != "xlsx"):
            steps.append(_export(f"{language}/{FORMATS[name]}", partial(_written, setting, language, name), [answer]))
    return steps


def _notebook(
    setting: Setting, name: str, folder: str, language: str, after: list[Step], sound: Callable[[], bool] = lambda: True
) -> Step:
    notebook, ds = setting.notebooks / f"{name}.ipynb", setting.ds
    if not notebook.exists():
        raise RunError(f"{notebook.name} is not in {setting.notebooks} — put it back")
    given = {"dataset": setting.dataset, "period": str(ds.period), "language": language}
    given["scenario"] = ds.scenario["name"]
    if name == METHOD:  # formulas on published examples: of no dataset and no period
        given = {key: value for key, value in given.items() if key in declared_parameters(notebook)}
    parameters = checked_parameters(notebook, given)
    made_of = fingerprint_of(
        origin=setting.origin, notebook=_source(notebook), parameters=parameters, after=_fingerprints(after)
    )
    target = f"{folder}/{notebook.name}"
    make = partial(_run, setting, notebook, parameters, target)
    return Step(target, tuple(step.name for step in after), made_of, make, sound)


def _source(notebook: Path) -> dict:
    """A notebook without what running it by hand leaves there."""
    read = json.loads(notebook.read_text(encoding="utf-8"))
    left = ("outputs", "execution_count")
    return read | {"cells": [{k: v for k, v in cell.items() if k not in left} for cell in read["cells"]]}


def _export(name: str, make, after: list[Step], **how) -> Step:
    made_of = fingerprint_of(name=name, after=_fingerprints(after), **how)
    return Step(name, tuple(step.name for step in after), made_of, make)


def _fingerprints(steps: list[Step]) -> list[str]:
    return [step.fingerprint for step in steps]


def _run(setting: Setting, notebook: Path, parameters: dict, target: str) -> tuple[list[str], dict]:
    """Execute a notebook into the build folder."""
    import nbformat

    from importcut.app.report.kernel import run_notebook

    if notebook.stem == FIRST:
        setting.emptied.set()
        shutil.rmtree(setting.ds.tables, ignore_errors=True)  # an earlier run's table must not stand in for one
    failed = setting.work / "failed" / target.replace("/", "-")
    try:
        executed = run_notebook(notebook, parameters, folder=setting.ds.path.parent, failed=failed)
    finally:
        if notebook.stem in PAPERS:
            with RECORDING:
                write_whole(setting.work / "tables.json", json.dumps(_saved_tables(setting)))
    write_whole(setting.build / target, nbformat.writes(executed) + "\n")
    named = {"dataset": setting.ds.name} if "dataset" in parameters else {}  # where it lay is nobody else's business
    return [target], {"parameters": parameters | named}


def _executed(setting: Setting, language: str) -> dict:
    import nbformat

    return nbformat.read(setting.build / language / f"{ANSWER}.ipynb", as_version=4)


def _figures(setting: Setting, language: str) -> tuple[list[str], dict]:
    """Export the figures of the answer in one language, and remember its headline."""
    from importcut.telling import export

    executed, folder = _executed(setting, language), setting.build / language / FIGURES
    found = export.cover(executed)
    if found is None:
        raise RunError(f"{ANSWER}.ipynb shows no headline — let a cell display one as {export.COVER}")
    shutil.rmtree(folder, ignore_errors=True)
    drawn = export.figures(executed)
    for name, content in drawn.items():
        write_whole(folder / name, content)
    about = {"headline": found.headline, "title": found.title, "subtitle": found.subtitle, "mark": found.mark}
    return [f"{language}/{FIGURES}/{name}" for name in drawn], about


def _written(setting: Setting, language: str, name: str) -> tuple[list[str], dict]:
    """Export the answer in one language and one format."""
    from importcut.telling import export

    target = f"{language}/{FORMATS[name]}"
    write_whole(setting.build / target, getattr(export, f"to_{name}")(_executed(setting, language), language=language))
    return [target], {}


def _tables(setting: Setting) -> tuple[list[str], dict]:
    """Export the tables that the notebooks saved, in the order of the data's way."""
    import pandas as pd

    from importcut.telling import export

    folder = setting.build / "tables"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    quarantine, order = setting.ds.processed / "quarantine.parquet", {name: n for n, name in enumerate(tables())}
    files = [*setting.ds.tables.glob("*.parquet"), *([quarantine] if quarantine.exists() else [])]
    files.sort(key=lambda f: (order.get(f.stem, len(order)), f.stem))
    read = {file.stem: _quarantined(file) if file == quarantine else pd.read_parquet(file) for file in files}
    for name, table in read.items():
        export.to_csv(table, folder / f"{name}.csv")
    written = [f"tables/{name}.csv" for name in read]
    if "xlsx" in setting.formats:
        export.to_xlsx(read, setting.build / FORMATS["xlsx"], mark=Voice("en", setting.ds).mark, ds=setting.ds)
        written.append(FORMATS["xlsx"])
    return written, {}


def _quarantined(file: Path):
    """The lines set aside, by file and line; of very many the faults, duplicates and superseded ones alone."""
    import pandas as pd
    import pyarrow.parquet as pq

    many = pq.read_table(file, columns=["line"]).num_rows > MOST_LINES
    lines = pd.read_parquet(file, filters=[("kind", "!=", "out_of_scope")] if many else None)
    return lines.sort_values(["source_file", "line"], ignore_index=True).head(MOST_LINES)


def _saved_tables(setting: Setting) -> dict[str, str]:
    """Digests of the tables that the notebooks saved, to see whether others have written there since."""
    shared = [setting.ds.processed / f"{name}.parquet" for name in OF_ALL_PERIODS]
    files = [*sorted(setting.ds.tables.glob("*.parquet")), *(f for f in shared if f.exists())]
    return {f.relative_to(setting.ds.processed).as_posix(): d for f, d in digests(files, setting.cache).items()}
