"""`importcut explore` and `importcut dashboard`: JupyterLab and Voilà on this machine alone, ended by Ctrl-C."""

import os
import socket
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

import importcut
from importcut.app.cli.frame import DATASET, DEBUG, app, errors_in_a_line

LOOPBACK = "127.0.0.1"
PAGE = Path(importcut.__file__).parent / "templates" / "desk"  # LIBRARY of schema costs the import of pandas
NOTEBOOK = PAGE.parents[3] / "notebooks" / "explore.ipynb"
FIRST = 8866  # port
UNUSED = ("@voila-dashboards/jupyterlab-preview", "jupyterlab_pygments")  # extensions of JupyterLab, not of a page
LANGUAGE = typer.Option(help="en, ru, uz-Cyrl or uz-Latn.")
PORT = typer.Option(min=1, max=65535, help="Port on this machine; by default a free one, 8866 or near it.")
BROWSER = typer.Option("--no-browser", help="Open no browser; the address is told.")


@app.command(epilog="Example: importcut explore --dataset uzbekistan --language ru")
def explore(
    dataset: Annotated[str, DATASET] = "sample",
    language: Annotated[str, LANGUAGE] = "en",
    port: Annotated[int | None, PORT] = None,
    no_browser: Annotated[bool, BROWSER] = False,
    debug: Annotated[bool, DEBUG] = False,
) -> None:
    """Open JupyterLab on notebooks/explore.ipynb; run all cells there. Ctrl-C ends it and its kernels."""
    with errors_in_a_line(debug):
        words = [
            "jupyterlab",
            f"--ServerApp.ip={LOOPBACK}",
            f"--ServerApp.root_dir={NOTEBOOK.parent}",
            "--LabApp.news_url=",
        ]
        words += [f"--LabApp.default_url=/lab/tree/{NOTEBOOK.name}", "--log-level=ERROR"]
        words += ["--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
        words += ["--allow-root"] if getattr(os, "geteuid", lambda: 1)() == 0 else []  # it is bound to this machine
        _serve(words, _variables(dataset, language), port, browser=not no_browser)


@app.command(epilog="Example: importcut dashboard --dataset sample --language uz-Latn --port 8900 --no-browser")
def dashboard(
    dataset: Annotated[str, DATASET] = "sample",
    language: Annotated[str, LANGUAGE] = "en",
    port: Annotated[int | None, PORT] = None,
    no_browser: Annotated[bool, BROWSER] = False,
    debug: Annotated[bool, DEBUG] = False,
) -> None:
    """Serve notebooks/explore.ipynb as a page, for this machine alone. Ctrl-C ends it and its kernels."""
    with errors_in_a_line(debug):
        words = ["voila", str(NOTEBOOK), f"--Voila.ip={LOOPBACK}", "--Voila.log_level=INFO", "--template=importcut"]
        words += [f"--VoilaConfiguration.extension_denylist={extension}" for extension in UNUSED]
        paths = filter(None, [str(PAGE), os.environ.get("JUPYTER_PATH")])
        variables = _variables(dataset, language) | {"JUPYTER_PATH": os.pathsep.join(paths)}
        _serve(words, variables, port, browser=not no_browser)


def _variables(dataset: str, language: str) -> dict[str, str]:
    """What the notebook is to show, as its kernel finds it; it runs in another folder.

    Raises UsageError if there is no such dataset or language.
    """
    from importcut.app.index import by_name, chosen
    from importcut.intake.opening import datasets, find_dataset
    from importcut.language import languages

    chosen("language", [language], languages())
    with by_name():
        folder = find_dataset(dataset)
    known = {"IMPORTCUT_DATASET": dataset if dataset in datasets() else str(folder), "IMPORTCUT_LANGUAGE": language}
    own = os.environ.get("IMPORTCUT_PROCESSED")
    return known | ({"IMPORTCUT_PROCESSED": str(Path(own).resolve())} if own else {})


def _refuse_taken(port: int) -> None:
    """Raises UsageError if another program listens on the port: a server that was asked for it must have no other."""
    from importcut.schema import UsageError

    with socket.socket() as trial:
        if os.name == "posix":  # a port that was used a moment ago is free
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((LOOPBACK, port))
        except OSError:
            raise UsageError(f"port {port} is taken — give another one with --port") from None


def _serve(words: list[str], variables: dict[str, str], port: int | None, *, browser: bool) -> None:
    """Run a Jupyter server, which tells its address, until Ctrl-C; what it writes for itself goes with its folder.

    Raises RunError if it is not installed, or ends of itself.
    """
    from importcut.schema import RunError

    if find_spec(words[0]) is None:
        raise RunError(f"{words[0]} is not installed — pip install 'importcut[lab]', or make env")
    if port:
        _refuse_taken(port)
    words = [*words, f"--port={port or FIRST}", *([] if browser else ["--no-browser"])]
    with TemporaryDirectory(prefix="importcut-", ignore_cleanup_errors=True) as folder:
        variables = os.environ | variables | {"TMPDIR": folder, "TEMP": folder, "JUPYTER_RUNTIME_DIR": folder}
        server = subprocess.Popen(
            [sys.executable, "-m", *words], env=variables, start_new_session=True, stdin=subprocess.DEVNULL
        )
        print("Ctrl-C ends it.", flush=True)
        try:
            code = server.wait()
        except KeyboardInterrupt:
            return
        finally:
            _end(server)
    raise RunError(f"{words[0]} ended with code {code}")


def _end(server: subprocess.Popen) -> None:
    """Ask the server to end its kernels and itself; kernels end by themselves where it has to be killed."""
    server.terminate()
    try:
        server.wait(timeout=20)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
