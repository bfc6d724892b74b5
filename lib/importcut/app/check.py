"""Everything wrong with a dataset at once, each with the import value that it touches."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import reduce
from operator import or_
from pathlib import Path

import pandas as pd

from importcut.dataset import uncovered, write_whole
from importcut.intake.clean import Cleaned, clean_imports, faulty_lines
from importcut.intake.columns import Fault
from importcut.intake.corrections import repair, with_raw
from importcut.intake.declarations import RawFile, periods, read_declarations
from importcut.intake.examine import Examined, examine
from importcut.intake.opening import open_dataset
from importcut.schema import DataError

GROUP = ["reason", "column", "value", "remedy"]  # lines set aside for the same are told once


@dataclass(frozen=True)
class Finding:
    """Something to mend: import value at stake (USD; None where nobody can tell), what, whether it stops a report."""

    value_usd: float | None
    text: str
    stops: bool


@dataclass(frozen=True)
class Checked:
    """A dataset, its raw files, what cleaning made of them (None if they cannot be read), and what is to be mended."""

    examined: Examined
    files: tuple[RawFile, ...]
    cleaned: Cleaned | None
    findings: tuple[Finding, ...]


def checked(name: str | Path) -> Checked:
    """Examine a dataset by name or folder: settings, raw files, registers, scenarios.

    Raises DataError if there is no such dataset.
    """
    examined = examine(name)
    files, cleaned, misread = _cleaned(examined.ds)
    findings = [Finding(None, line, True) for line in misread]
    if cleaned is None:
        findings += [Finding(None, str(fault), True) for fault in examined.faults]
    else:
        faulty = faulty_lines(cleaned.quarantine)
        value = _at_stake(examined, cleaned.cells, faulty)
        findings += [Finding(value(fault), str(fault), True) for fault in examined.faults]
        findings += _set_aside(faulty, examined.places)
        findings += [Finding(None, text, True) for text in _out_of_span(examined, files)]
    findings += [Finding(None, str(fault), False) for fault in examined.unfilled]
    findings.sort(key=lambda f: (-(f.value_usd or 0), not f.stops))  # stable: else in the order of the data's way
    return Checked(examined, tuple(files), cleaned, tuple(findings))


def faults_to_correct(found: Checked, file: Path) -> int:
    """Write the faulty lines as they stand in the files received, with an empty column for the corrected ones.

    Returns their number; `repaired` reads the file back once a person has filled it in.
    """
    faulty = with_raw(faulty_lines(found.cleaned.quarantine), list(found.files), found.examined.ds)
    columns = ["source_file", "line", "reason", "column", "value", "remedy", "raw"]
    text = faulty[columns].assign(corrected="").to_csv(index=False, lineterminator="\n")
    write_whole(file, "\ufeff" + text)  # with the mark, Excel reads it as UTF-8
    return len(faulty)


def repaired(name: str | Path, file: Path) -> int:
    """Keep the corrected lines of a file in the dataset's repairs.csv; returns how many are kept in all.

    Raises DataError, and keeps nothing, if a line is not there or still cannot be read.
    """
    return len(repair(open_dataset(name), file, read_declarations))


def _cleaned(ds) -> tuple[list[RawFile], Cleaned | None, list[str]]:
    """The raw files, what cleaning makes of them (kept apart from what reports use), and what is wrong with them."""
    try:
        files = read_declarations(ds)
        return files, clean_imports(files, replace(ds, name=f"{ds.name}/.check")), []
    except DataError as error:
        return [], None, str(error).splitlines()


def _out_of_span(examined: Examined, files: list[RawFile]) -> list[str]:
    """What the settings say of periods that the raw files do not have."""
    if any(str(fault).startswith("dataset.toml") for fault in examined.faults):
        return []
    try:
        covered = periods(files, examined.ds.frequency)
    except DataError as error:
        return [str(error)]
    return [text for text in [uncovered(examined.ds, covered[0], covered[-1])] if text]


def _at_stake(examined: Examined, cells: pd.DataFrame, faulty: pd.DataFrame) -> Callable[[Fault], float | None]:
    """Import value of the products and plants that faulty rows name, or of what their projects make."""
    makes = examined.registers["project_products"].dropna(subset=["project_id", "product_id"])
    made_by = makes.groupby("project_id")["product_id"].agg(set).to_dict()
    named = {place: name for name, place in examined.places.items()}
    totals = cells.groupby(["product_id", "plant_id"], as_index=False)["value_usd"].sum()

    def touched(row: dict) -> pd.Series:
        product, plant, project = (row.get(f"{key}_id") for key in ("product", "plant", "project"))
        products = {product} if pd.notna(product) else made_by.get(project, set())
        by_product = totals["product_id"].isin(products) | (not products and pd.notna(plant))
        return by_product & (totals["plant_id"].eq(plant) | pd.isna(plant))

    def value(fault: Fault) -> float | None:
        register = examined.registers.get(named.get(fault.place))
        if register is None:
            return None
        if named[fault.place] == "products" and register.empty:
            return faulty.loc[faulty["reason"].eq("hs_code_unknown"), "value_usd"].sum() or None
        rows = register.filter(fault.rows, axis="index").to_dict("records")
        return totals.loc[reduce(or_, map(touched, rows)), "value_usd"].sum() or None if rows else None

    return value


def _set_aside(faulty: pd.DataFrame, places: dict[str, str]) -> list[Finding]:
    """The faults among the lines set aside: those of one reason and value together, at their first line."""
    groups = faulty.groupby(GROUP, dropna=False, sort=False)
    told = groups.agg(
        source_file=("source_file", "first"), line=("line", "first"), n=("line", "size"),
        value_usd=("value_usd", lambda values: values.abs().sum()),
    ).reset_index()  # fmt: skip
    for name, place in places.items():
        told["remedy"] = told["remedy"].str.replace(f"{name}.csv", place)
    return [
        Finding(
            row.value_usd or None,
            f"{row.source_file} line {row.line}{f' and {row.n - 1} more' if row.n > 1 else ''}: "
            + " ".join(str(part) for part in (row.column, row.value) if pd.notna(part))
            + f" ({row.reason.replace('_', ' ')}) — {row.remedy}",
            False,
        )
        for row in told.itertuples()
    ]
