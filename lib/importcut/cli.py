"""The command line: `importcut report`, `importcut publish`, `importcut sample`."""

import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Which localisation projects cut the most imports.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
DEBUG = typer.Option("--debug", help="Show where in the code an error arose.")


@app.command(epilog="Example: importcut report --dataset uzbekistan --period 2024 --language all")
def report(
    dataset: Annotated[str, typer.Option(help="A dataset in data/raw, or a folder with a dataset.toml.")] = "sample",
    period: Annotated[str | None, typer.Option(help="2026Q3, 2024; by default the latest with data.")] = None,
    language: Annotated[list[str], typer.Option(help="en, uz-Cyrl …, or all; may be given several times.")] = ["en"],  # noqa: B006
    formats: Annotated[str, typer.Option(help="Of html,pdf,docx,slides,pptx,xlsx, or all.")] = "all",
    scenario: Annotated[str, typer.Option(help="A file in the dataset's scenarios folder, without .toml.")] = "base",
    out: Annotated[Path | None, typer.Option(help="Folder of the reports; by default reports/.")] = None,
    jobs: Annotated[int, typer.Option(min=1, help="How many notebooks run at the same time.")] = 2,
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing unless something is wrong.")] = False,
    progress: Annotated[bool | None, typer.Option(help="Progress bar; by default on a terminal only.")] = None,
    debug: Annotated[bool, DEBUG] = False,
) -> None:
    """Write the report of a period: tables, charts and narrative in reports/<dataset>/<period>/.

    Exit code 0: done; 1: the data are wrong or a notebook failed, the former report stands; 2: wrong use.
    """
    from tqdm import tqdm

    from importcut.language import languages
    from importcut.report import FORMATS, RunError, UsageError, make_report
    from importcut.schema import DataError

    hidden = True if quiet else None if progress is None else not progress
    asked = languages() if "all" in language else language
    wanted = [*FORMATS] if formats == "all" else formats.replace(" ", "").split(",")
    try:
        with tqdm(disable=hidden, file=sys.stderr, unit="step", mininterval=0, leave=False) as bar:

            def step(name: str, done: int, total: int) -> None:
                bar.total = total
                bar.set_postfix_str(name, refresh=False)
                bar.update(done - bar.n)

            made = make_report(
                dataset, period=period, languages=asked, formats=wanted, scenario=scenario, out=out, jobs=jobs,
                progress=step,
            )  # fmt: skip
    except (DataError, RunError, UsageError, OSError) as error:
        if debug:
            raise
        _fail(str(error), code=2 if isinstance(error, UsageError) else 1)
    if not quiet:
        print(f"Report: {_shown(made.folder / asked[0] / FORMATS[wanted[0]] if wanted[0] != 'xlsx' else made.folder)}")
        print(made.headline)


@app.command(epilog="Example: importcut publish --dataset sample --period 2026Q3 --date 2026-10-15")
def publish(
    dataset: Annotated[str, typer.Option(help="A dataset in data/raw, or a folder with a dataset.toml.")] = "sample",
    period: Annotated[str | None, typer.Option(help="2026Q3, 2024; by default the latest report made.")] = None,
    date: Annotated[str | None, typer.Option(help="Day on which it was given out, 2026-10-15; noted with it.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Put it in the place of other tables given out.")] = False,
    out: Annotated[Path | None, typer.Option(help="Folder of the reports; by default reports/.")] = None,
    debug: Annotated[bool, DEBUG] = False,
) -> None:
    """Keep the tables of a report that was given out, so that the next report tells what has changed since.

    They go to published/<period>/ of the dataset; the report is that of the base scenario. Exit code 0: done, or the
    same tables lay there; 1: there is no such report, or other tables were given out; 2: wrong use.
    """
    from importcut.report import RunError, UsageError
    from importcut.report.given import publish_tables
    from importcut.schema import DataError

    try:
        given = publish_tables(dataset, period=period, date=date, replace=replace, out=out)
    except (DataError, RunError, UsageError, OSError) as error:
        if debug:
            raise
        _fail(str(error), code=2 if isinstance(error, UsageError) else 1)
    print(f"Published{' already, and the same' if given.already else ''}: {_shown(given.folder)}")


@app.command(epilog="Example: importcut sample --rows 1000000 --seed 7 --out data/raw/large --truth truth.csv")
def sample(
    out: Annotated[Path, typer.Option(help="Folder of the new dataset.")],
    rows: Annotated[int, typer.Option(min=1, help="About how many declaration lines.")] = 20_000,
    seed: Annotated[int, typer.Option(help="Another seed, other data.")] = 1,
    plant: Annotated[
        Path | None,
        typer.Option(help="CSV of cuts in place of the projects' own: project_id,product_id,start,tonnes_a_quarter."),
    ] = None,
    truth: Annotated[Path | None, typer.Option(help="CSV file for the true cuts.")] = None,
    faults: Annotated[Path | None, typer.Option(help="CSV file for the faults that were planted.")] = None,
    debug: Annotated[bool, DEBUG] = False,
) -> None:
    """Write an illustrative dataset of any size, whose true import cuts are known."""
    from importcut.sample import read_plan, write

    try:
        planted = None if plant is None else read_plan(plant)
        write(out, rows=rows, seed=seed, deliveries=planted, truth=truth, faults=faults)
    except (OSError, ValueError) as error:
        if debug:
            raise
        _fail(str(error), code=1)
    print(f"Dataset: {_shown(out)}")


def main() -> None:
    """Run the command line; what nobody foresaw is one line too, unless --debug asks for more."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends kernels as Ctrl-C does
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # a console that lacks a letter shows another one
    if "--debug" not in sys.argv:
        sys.excepthook = _unforeseen
    typer.main.get_command(app)()  # app() itself would put Typer's own hook in the place of this one


def _unforeseen(kind: type[BaseException], error: BaseException, _) -> None:
    text = f"{kind.__name__}: {error}".splitlines()[0]
    print(f"importcut: {text} — this is a fault of the program; --debug shows where", file=sys.stderr)


def _fail(message: str, *, code: int) -> None:
    print(f"importcut: {message}", file=sys.stderr)
    raise typer.Exit(code)


def _shown(path: Path) -> str:
    """The path as seen from here, if it lies below."""
    here, path = Path.cwd(), path.resolve()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
