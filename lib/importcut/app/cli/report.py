"""`importcut report` and `importcut publish`."""

import os
from pathlib import Path
from typing import Annotated

import typer

from importcut.app.cli import complete
from importcut.app.cli.frame import DATASET, DEBUG, LANGUAGES, PERIOD, SCENARIO, app, progress_bar, shown, told


@app.command(epilog="Example: importcut report --dataset uzbekistan --period 2024 --language all")
def report(
    dataset: Annotated[str, DATASET] = "sample",
    period: Annotated[str | None, PERIOD] = None,
    language: Annotated[list[str], LANGUAGES] = ["en"],  # noqa: B006
    formats: Annotated[
        str, typer.Option(help=f"Of {', '.join(complete.FORMATS)}, or all.", autocompletion=complete.formats)
    ] = "all",
    scenario: Annotated[str, SCENARIO] = "base",
    out: Annotated[Path | None, typer.Option(help="Folder of the reports; by default reports/.")] = None,
    engine: Annotated[str, typer.Option(help="What cleans the lines: duckdb, or spark.")] = "duckdb",
    jobs: Annotated[int, typer.Option(min=1, help="How many notebooks run at the same time.")] = 2,
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing unless something is wrong.")] = False,
    progress: Annotated[bool | None, typer.Option(help="Progress bar; by default on a terminal only.")] = None,
    debug: Annotated[bool, DEBUG] = False,
) -> None:
    """Write the report of a period: tables, charts and narrative in reports/<dataset>/<period>/.

    Exit code 0: done; 1: the data are wrong or a notebook failed, the former report stands; 2: wrong use.
    """
    from importcut.app.report import FORMATS, make_report
    from importcut.intake.engine import ENGINES
    from importcut.language import languages

    hidden = True if quiet else None if progress is None else not progress
    asked = languages() if "all" in language else language
    wanted = [*FORMATS] if formats == "all" else formats.replace(" ", "").split(",")
    if engine not in ENGINES:
        raise typer.BadParameter(f"{engine} — choose one of {', '.join(ENGINES)}", param_hint="--engine")
    os.environ["IMPORTCUT_ENGINE"] = engine  # the kernels of the notebooks inherit it
    with told(debug), progress_bar("step", hidden) as step:
        made = make_report(
            dataset, period=period, languages=asked, formats=wanted, scenario=scenario, out=out, jobs=jobs,
            progress=step,
        )  # fmt: skip
    if not quiet:
        print(f"Report: {shown(made.folder / asked[0] / FORMATS[wanted[0]] if wanted[0] != 'xlsx' else made.folder)}")
        print(made.headline)


@app.command(epilog="Example: importcut publish --dataset sample --period 2026Q3 --date 2026-10-15")
def publish(
    dataset: Annotated[str, DATASET] = "sample",
    period: Annotated[
        str | None,
        typer.Option(help="2026Q3, 2024; by default the latest report made.", autocompletion=complete.periods),
    ] = None,
    date: Annotated[str | None, typer.Option(help="Day on which it was given out, 2026-10-15; noted with it.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Put it in the place of other tables given out.")] = False,
    out: Annotated[Path | None, typer.Option(help="Folder of the reports; by default reports/.")] = None,
    debug: Annotated[bool, DEBUG] = False,
) -> None:
    """Keep the tables of a report that was given out, so that the next report tells what has changed since.

    They go to published/<period>/ of the dataset; the report is that of the base scenario. Exit code 0: done, or the
    same tables lay there; 1: there is no such report, or other tables were given out; 2: wrong use.
    """
    from importcut.app.report.given import publish_tables

    with told(debug):
        given = publish_tables(dataset, period=period, date=date, replace=replace, out=out)
    print(f"Published{' already, and the same' if given.already else ''}: {shown(given.folder)}")
