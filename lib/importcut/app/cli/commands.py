"""`importcut new`, `check`, `report` and `publish`."""

import os
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from importcut.app.cli.frame import DATASET, DEBUG, OUT, PERIOD, app, errors_in_a_line, from_here, progress_bar, tell


@app.command(epilog="Example: importcut new data/raw/mine")
def new(
    folder: Annotated[Path, typer.Argument(help="Folder of the new dataset; it must not hold anything yet.")],
    debug: Annotated[bool, DEBUG] = False,
) -> None:
    """Write an empty dataset to fill in: settings, scenario, place for raw files, one workbook for the registers."""
    from importcut.intake.opening import new_dataset

    with errors_in_a_line(debug):
        place = from_here(new_dataset(folder))
    text = "Put the declarations into declarations/, fill in products of registers.xlsx and the titles of dataset.toml,"
    tell(f"Dataset: {place}", text, f"then: importcut check {place}")


@app.command(epilog="Example: importcut check data/raw/mine")
def check(
    dataset: Annotated[str, typer.Argument(help="A dataset in data/raw, or a folder with a dataset.toml.")] = "sample",
    named: Annotated[str, typer.Option("--dataset", help="The same, as other commands have it.")] = "",
    everything: Annotated[
        bool, typer.Option("--all", help="Show each defect and rule; else alike ones together, and the first.")
    ] = False,
    faults: Annotated[Path | None, typer.Option(help="CSV file for the faulty lines, to be corrected there.")] = None,
    correct: Annotated[Path | None, typer.Option(help="That file, filled in: added to corrections.csv.")] = None,
    supposed: Annotated[
        list[str], typer.Option("--if", help="Key of an answer, or such a file: only tell what it would change.")
    ] = [],  # noqa: B006
    debug: Annotated[bool, DEBUG] = False,
) -> None:
    """List everything that is wrong with a dataset at once, by the import value at stake (USD), with its remedy.

    Exit code 0: a report can be made (with --if: could be made); 1: something stops it (marked !) and must be mended.
    """
    from importcut.app.check import add_corrections, examination, faults_to_correct, statement
    from importcut.app.supposition import changes

    dataset = named or dataset
    with errors_in_a_line(debug):
        if correct is not None:
            tell(f"Rows added to corrections.csv: {add_corrections(dataset, correct)}")
        then = examination(dataset, supposed) if supposed else None  # first, for what is cleaned last is remembered
        result = examination(dataset)
        if faults is not None and result.cleaned is not None:
            tell(f"Lines to correct: {faults_to_correct(result, faults)} in {from_here(faults)}")
        tell(*(changes(result, then) if then else statement(result, everything)))
    raise typer.Exit(1 if any(defect.stops for defect in (then or result).defects) else 0)


@app.command(epilog="Example: importcut report --dataset uzbekistan --period 2024 --language all")
def report(
    dataset: Annotated[str, DATASET] = "sample",
    every: Annotated[bool, typer.Option("--all-datasets", help="Of each in data/raw, one after another.")] = False,
    period: Annotated[str | None, PERIOD] = None,
    language: Annotated[list[str], typer.Option(help="en, or several as en,ru, or all.")] = ["en"],  # noqa: B006
    formats: Annotated[str, typer.Option(help="Of html, pdf, docx, slides, pptx, xlsx, or all.")] = "all",
    scenario: Annotated[str, typer.Option(help="A file in the dataset's scenarios folder, without .toml.")] = "base",
    out: Annotated[Path | None, OUT] = None,
    engine: Annotated[str, typer.Option(help="What cleans the lines: duckdb, or spark.")] = "duckdb",
    jobs: Annotated[int, typer.Option(min=1, help="How many notebooks run at the same time.")] = 2,
    minutes: Annotated[float, typer.Option("--cell-minutes", min=0.1, help="How long a cell may be at work.")] = 10,
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing unless something is wrong.")] = False,
    progress: Annotated[bool | None, typer.Option(help="Progress bar; by default on a terminal only.")] = None,
    debug: Annotated[bool, DEBUG] = False,
) -> None:
    """Write the report of a period: tables, charts and narrative in reports/<dataset>/<period>/.

    Exit code 0: done; 1: the data are wrong or a notebook failed, the former report stands; 2: wrong use. Of several
    datasets it is the largest, and what is wrong with one keeps no other from its report.
    """
    from importcut.app.run import EXPORTS, make_report
    from importcut.intake.opening import datasets
    from importcut.language import languages
    from importcut.schema import ENGINES

    hidden = True if quiet else None if progress is None else not progress
    spoken = ",".join(language).replace(" ", "").split(",")
    spoken = languages() if "all" in spoken else spoken
    wanted = [*EXPORTS] if formats == "all" else formats.replace(" ", "").split(",")
    if engine not in ENGINES:
        raise typer.BadParameter(f"{engine} — choose one of {', '.join(ENGINES)}", param_hint="--engine")
    os.environ["IMPORTCUT_ENGINE"] = engine  # the kernels of the notebooks inherit it
    os.environ["IMPORTCUT_CELL_MINUTES"] = str(minutes)
    options = {"period": period, "languages": spoken, "formats": wanted, "scenario": scenario, "out": out, "jobs": jobs}
    codes = [0]
    for name in datasets() if every else [dataset]:
        try:
            with errors_in_a_line(debug), progress_bar("step", hidden) as step:
                result = make_report(name, **options, progress=step)
        except typer.Exit as failure:
            codes.append(failure.exit_code)
            continue
        if not quiet:
            page = result.folder if wanted[0] == "xlsx" else result.folder / spoken[0] / EXPORTS[wanted[0]]
            tell(f"Report: {from_here(page)}", result.headline, *result.restrictions)
    raise typer.Exit(max(codes))


@app.command(epilog="Example: importcut verify reports/sample/2026Q3 --rerun")
def verify(
    folder: Annotated[Path, typer.Argument(help="Folder of a report, wherever it was handed to.")],
    rerun: Annotated[bool, typer.Option("--rerun", help="Make it again of its data, and compare to the cent.")] = False,
    dataset: Annotated[str | None, typer.Option(help="The data of the re-run, by default those it names.")] = None,
    debug: Annotated[bool, DEBUG] = False,
) -> None:
    """Tell whether a report is as it was handed out: every file, what each format says, and what its data give.

    Exit code 0: it is; 1: something is not, with file and place; 2: the folder holds no report.
    """
    from importcut.app.verify import verify_report

    with errors_in_a_line(debug):
        wrong = verify_report(folder, dataset=dataset, rerun=rerun)
    tell(*(wrong or [f"As it was handed out: {from_here(folder)}"]))
    raise typer.Exit(1 if wrong else 0)


@app.command(epilog="Example: importcut publish --dataset sample --period 2026Q3 --date 2026-10-15")
def publish(
    dataset: Annotated[str, DATASET] = "sample",
    period: Annotated[str | None, typer.Option(help="2026Q3, 2024; by default the latest report.")] = None,
    date: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Day on which it was given out.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Put it in the place of other tables given out.")] = False,
    out: Annotated[Path | None, OUT] = None,
    debug: Annotated[bool, DEBUG] = False,
) -> None:
    """Keep the tables of a report that was given out, so that the next report tells what has changed since.

    They go to published/<period>/ of the dataset; the report is that of the base scenario. Exit code 0: done, or the
    same tables lay there; 1: there is no such report, or other tables were given out; 2: wrong use.
    """
    from importcut.app.publish import publish_tables

    with errors_in_a_line(debug):
        folder, already = publish_tables(dataset, period=period, date=date and date.date(), replace=replace, out=out)
    tell(f"Published{' already, and the same' if already else ''}: {from_here(folder)}")
