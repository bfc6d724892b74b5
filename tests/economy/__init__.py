"""A seeded synthetic dataset of any size whose true import cuts are known: fixtures, benches, planted truths."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from economy.lines import declarations
from economy.model import DATASET, GENERATED, registers_and_truth
from importcut.schema import whole

PLAN = ["project_id", "product_id", "start", "tonnes_a_quarter"]


@dataclass(frozen=True)
class Sample:
    """A generated dataset.

    registers : frames by file name; grades : the generator's own requirement (kg), origin share and
    price (USD per kg) by product, plant, origin and period; declarations : text lines by period;
    truth : true cuts by project, product and period; faults : planted lines by reason.
    """

    registers: dict[str, pd.DataFrame]
    grades: pd.DataFrame
    declarations: dict[str, pd.DataFrame]
    truth: pd.DataFrame
    faults: pd.Series


def generate(*, rows: int = 20_000, seed: int = 1, deliveries: pd.DataFrame | None = None) -> Sample:
    """Return a sample of about `rows` declaration lines.

    Parameters
    ----------
    deliveries : cuts to plant in place of the projects' own; project_id, product_id, start (period), tonnes_a_quarter.

    Raises
    ------
    ValueError
        If a project does not make the product that is to be planted.
    """
    registers, grades, truth = registers_and_truth(seed, deliveries)
    lines_by_period, faults = {}, pd.Series(dtype=int)
    for period, lines, found in declarations(registers, grades, rows, seed):
        lines_by_period[period] = pd.concat([lines_by_period.get(period), lines], ignore_index=True)
        faults = faults.add(found, fill_value=0)
    return Sample(registers, grades, lines_by_period, truth, _fault_table(faults))


def write(
    out: Path | str,
    *,
    rows: int = 20_000,
    seed: int = 1,
    deliveries: pd.DataFrame | None = None,
    truth: Path | str | None = None,
    faults: Path | str | None = None,
    sound: bool = False,
) -> None:
    """Write the dataset folder, and if asked the true cuts and the planted faults; one quarter in memory at most.

    The files come to `out` when all of them are written, so that nothing is left of a run that was stopped.

    Parameters
    ----------
    deliveries : as in `generate`
    sound : no fault is planted on any line
    """
    out = Path(out).resolve()
    part = out.with_name(f".{out.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        true_cuts, counts = _fill(part, rows, seed, deliveries, sound)
        for path in [path for path in part.rglob("*") if path.is_file()]:
            target = out / path.relative_to(part)
            target.parent.mkdir(parents=True, exist_ok=True)
            path.replace(target)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    beside = {truth: true_cuts, faults: _fault_table(counts).rename_axis("reason").reset_index(name="lines")}
    for file in beside.keys() - {None}:
        with whole(Path(file)) as written:
            _write_csv(beside[file], written)


def _fill(
    out: Path, rows: int, seed: int, deliveries: pd.DataFrame | None, sound: bool
) -> tuple[pd.DataFrame, pd.Series]:
    """Write the files of the dataset; returns the true cuts and the number of lines by fault."""
    registers, grades, true_cuts = registers_and_truth(seed, deliveries)
    shutil.copytree(DATASET, out, ignore=shutil.ignore_patterns(*GENERATED), copy_function=shutil.copyfile)
    written = registers.keys() & {*GENERATED}
    for name in written if deliveries is None else {*written, "projects.csv"}:
        _write_csv(registers[name], out / name)
    counts, begun = pd.Series(dtype=int), set()
    for period, lines, found in declarations(registers, grades, rows, seed, sound):
        _write_csv(lines, out / "declarations" / f"{period}.csv", append=period in begun)
        begun.add(period)
        counts = counts.add(found, fill_value=0)
    return true_cuts, counts


def read_plan(path: Path) -> pd.DataFrame:
    """Return the cuts to plant that a CSV file names.

    Raises
    ------
    ValueError
        If a column is missing, or a start or quantity cannot be read.
    """
    plan = pd.read_csv(path, dtype=str, keep_default_na=False)
    if missing := [name for name in PLAN if name not in plan]:
        raise ValueError(f"{path.name}: no column {', '.join(missing)} — write {','.join(PLAN)}")
    tonnes = pd.to_numeric(plan["tonnes_a_quarter"], errors="coerce")
    bad = plan[~plan["start"].str.fullmatch(r"\d{4}Q[1-4]") | ~tonnes.gt(0)]
    for row in bad.itertuples():
        raise ValueError(
            f"{path.name} row {row.Index + 2}: {row.start}, {row.tonnes_a_quarter} — write 2025Q1 and tonnes"
        )
    return plan.assign(tonnes_a_quarter=tonnes)[PLAN]


def _write_csv(frame: pd.DataFrame, path: Path | str, *, append: bool = False) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    frame.to_csv(path, index=False, header=not append, mode="a" if append else "w", lineterminator="\n")


def _fault_table(faults: pd.Series) -> pd.Series:
    return faults.astype(int).sort_index()
