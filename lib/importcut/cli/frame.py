"""What all commands share: the app, errors of one line with their exit codes, paths as seen from here."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

app = typer.Typer(
    help="Which localisation projects cut the most imports.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
DATASET = typer.Option(help="A dataset in data/raw, or a folder with a dataset.toml.")
DEBUG = typer.Option("--debug", help="Show where in the code an error arose.")


def main() -> None:
    """Run the command line; what nobody foresaw is one line too, unless --debug asks for more."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends kernels as Ctrl-C does
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # a console that lacks a letter shows another one
    if "--debug" not in sys.argv:
        sys.excepthook = _unforeseen
    typer.main.get_command(app)()  # app() itself would put Typer's own hook in the place of this one


@contextmanager
def told(debug: bool, *also: type[Exception]) -> Iterator[None]:
    """Errors that only the user can mend end the command with one line: code 1 for the data, 2 for wrong use."""
    from importcut.report.errors import RunError, UsageError
    from importcut.schema import DataError

    try:
        yield
    except (DataError, RunError, UsageError, OSError, *also) as error:
        if debug:
            raise
        print(f"importcut: {error}", file=sys.stderr)
        raise typer.Exit(2 if isinstance(error, UsageError) else 1) from None


def shown(path: Path) -> str:
    """The path as seen from here, if it lies below."""
    here, path = Path.cwd(), path.resolve()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def _unforeseen(kind: type[BaseException], error: BaseException, _) -> None:
    text = f"{kind.__name__}: {error}".splitlines()[0]
    print(f"importcut: {text} — this is a fault of the program; --debug shows where", file=sys.stderr)
