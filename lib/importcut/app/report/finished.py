"""Finds a report that was made, and reads its tables as they were handed out."""

import re
from pathlib import Path

import pandas as pd

from importcut.dataset import ROOT, Dataset, run_name
from importcut.schema import RunError, conform, tables


def finished_tables(ds: Dataset, *, out: Path | str | None = None) -> dict[str, pd.DataFrame]:
    """The tables of a report that was made, by name: what all its charts, sentences and files rest on.

    Parameters
    ----------
    ds : from `open_dataset`; its period and scenario choose the report, without a period the latest one
    out : folder of the reports, by default reports/ of the project

    Returns
    -------
    dict
        Tables by name, each with the columns, units and key that the codebook in the README gives; periods are pandas
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
    folder = finished_report(Path(out or ROOT / "reports") / ds.name, ds.name, period, ds.scenario["name"])
    return {file.stem: _read(file, ds.frequency) for file in sorted((folder / "tables").glob("*.csv"))}


def finished_report(reports: Path, dataset: str, period: str | None, scenario: str = "base") -> Path:
    """Folder of the report of a period, or of the latest one, of that scenario.

    Raises RunError if there is none.
    """
    made = {f.parent.name for f in reports.glob("*/manifest.json")}
    asked = rf"\d{{4}}(Q\d)?{re.escape(run_name('', scenario))}" if period is None else run_name(period, scenario)
    found = max((name for name in made if re.fullmatch(asked, name)), default=None)
    if found is None:
        about = f"{dataset} {'' if period is None else run_name(period, scenario)}".rstrip()
        raise RunError(f"there is no report of {about} — {remedy(dataset, period, scenario)}")
    return reports / found


def remedy(dataset: str, period: str | None, scenario: str = "base") -> str:
    """What makes such a report."""
    asked = {"period": period, "scenario": None if scenario == "base" else scenario}
    options = "".join(f" --{name} {value}" for name, value in asked.items() if value)
    return f"run `importcut report --dataset {dataset}{options}`"


def _read(file: Path, frequency: str) -> pd.DataFrame:
    """The table as its schema has it; a text that may not be missing is an empty one where the file has nothing."""
    columns = tables()[file.stem].columns if file.stem in tables() else ()
    texts = {c.name: "str" for c in columns if c.type in ("text", "period")}
    table = pd.read_csv(file, dtype=texts, keep_default_na=False, na_values=[""])
    whole = {c.name: "" for c in columns if c.type == "text" and not c.optional}
    return conform(table.fillna(whole), file.stem, frequency=frequency) if columns else table
