"""What all commands share: the app, errors of one line with their exit codes, paths as seen from here."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from importcut.letters import as_seen

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)
DATASET = typer.Option(help="A dataset in data/raw, or a folder with a dataset.toml.")
PERIOD = typer.Option(help="2026Q3, 2024; by default the latest with data.")
OUT = typer.Option(help="Folder of the reports; by default reports/.")
DEBUG = typer.Option("--debug", help="Show where in the code an error arose.")
STOPPED = 130  # exit code of a command that an interrupt ended


def main() -> None:
    """Run the command line; every error is one line, also what nobody foresaw, unless --debug asks for more."""
    for end in {"SIGTERM", "SIGHUP"} & {*dir(signal)}:  # as Ctrl-C, so that no kernel stays; Windows lacks one
        if signal.getsignal(signal.Signals[end]) is signal.SIG_DFL:
            signal.signal(signal.Signals[end], signal.default_int_handler)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # a console that lacks a letter shows another one
    if "--debug" not in sys.argv:
        sys.excepthook = _unforeseen
    command = typer.main.get_command(app)  # app() itself would put Typer's own hook in the place of this one
    try:
        code = command(sys.argv[1:] or ["--help"], prog_name="importcut", standalone_mode=False)
    except typer.TyperException as error:
        _wrong_use(error)
        code = error.exit_code
    if code == STOPPED:
        tell("importcut: stopped; nothing half made is left", error=True)
    sys.exit(code)


def _version(wanted: bool) -> None:
    if wanted:
        tell(f"importcut {version('importcut')}")
        raise typer.Exit


@app.callback(epilog="Example: importcut report --dataset sample --language all")
def importcut(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Which localisation projects cut the most imports.

    `importcut --install-completion` lets bash, zsh, fish and PowerShell complete commands and options.
    """


def tell(*lines: str, error: bool = False) -> None:
    """Write lines to the terminal, which obeys no sign that a name or a raw file holds."""
    print(*map(as_seen, lines), sep="\n", file=sys.stderr if error else sys.stdout, flush=True)


@contextmanager
def errors_in_a_line(debug: bool, *also: type[Exception]) -> Iterator[None]:
    """Errors that only the user can mend end the command with one line: code 1 for the data, 2 for wrong use."""
    from importcut.schema import DataError, RunError, UsageError

    try:
        yield
    except (DataError, RunError, UsageError, OSError, *also) as error:
        if debug:
            raise
        tell(f"importcut: {error}", error=True)
        raise typer.Exit(2 if isinstance(error, UsageError) else 1) from None


@contextmanager
def progress_bar(unit: str, hidden: bool | None) -> Iterator[Callable[[str, int, int], None]]:
    """A bar on the error stream, to be told what is at work and how far; hidden None: a bar on a terminal only."""
    from tqdm import tqdm

    with tqdm(disable=hidden, file=sys.stderr, unit=unit, mininterval=0, leave=False) as bar:

        def step(name: str, done: int, total: int) -> None:
            bar.total = total
            bar.set_postfix_str(as_seen(name)[:40], refresh=False)
            bar.update(done - bar.n)

        yield step


def from_here(path: Path) -> str:
    """The path as seen from here, if it lies below."""
    here, path = Path.cwd(), path.resolve()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def _wrong_use(error: typer.TyperException) -> None:
    """One line for what is used wrongly: what it is, the nearest name (Typer's first one), where help is."""
    near, context = getattr(error, "possibilities", None), getattr(error, "ctx", None)
    text = f"{error.message}. Did you mean {near[0]!r}?" if near else " ".join(error.format_message().split())
    where = context.command_path if context else "importcut"
    if text:  # a group without a command has shown its help already
        tell(f"importcut: {text.rstrip('.')} — see `{where} --help`", error=True)


def _unforeseen(kind: type[BaseException], error: BaseException, _) -> None:
    text = f"{kind.__name__}: {error}".splitlines()[0]
    tell(f"importcut: {text} — this is a fault of the program; --debug shows where", error=True)
