"""`explore` and `dashboard`: one Jupyter server, for this machine and who knows the token of the address it tells."""

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
from importcut.app.cli.frame import DATASET, DEBUG, app, errors_in_a_line, tell

LOOPBACK = "127.0.0.1"
PAGE = Path(importcut.__file__).parent / "templates" / "desk"  # LIBRARY of schema costs the import of pandas
NOTEBOOK = PAGE.parents[3] / "notebooks" / "explore.ipynb"
FIRST = 8866  # port
OPENED = {"explore": "/lab/tree/", "dashboard": "/voila/render/"}  # address of the notebook, by command
IDLE = {"explore": 1800, "dashboard": 90}  # seconds until a kernel ends that no page is connected to
LAB = "Open JupyterLab on notebooks/explore.ipynb; run all cells there. Ctrl-C ends it and its kernels."
DESK = "Serve notebooks/explore.ipynb as a page, for this machine alone. Ctrl-C ends it and its kernels."
PORT = typer.Option(min=1, max=65535, help="Port on this machine; by default a free one, 8866 or near it.")
SETTINGS = [
    f"--ServerApp.ip={LOOPBACK}",
    "--ServerApp.allow_remote_access=False",  # another name in the address may belong to somebody else's page
    f"--ServerApp.root_dir={NOTEBOOK.parent}",
    "--ServerApp.tornado_settings={'mathjax_url': None, 'mathjax_config': None}",  # they would come from the net
    "--ServerApp.kernel_manager_class=importcut.app.cli.kernels.FewKernels",
    "--KernelRestarter.restart_limit=0",  # a kernel that died is gone, and told: begun anew, it would know no desk
    "--MappingKernelManager.cull_interval=20",
    "--LabApp.news_url=",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--VoilaConfiguration.template=importcut",
    "--VoilaConfiguration.extension_denylist=@voila-dashboards/jupyterlab-preview",  # extensions of JupyterLab alone
    "--VoilaConfiguration.extension_denylist=jupyterlab_pygments",
    "--log-level=ERROR",
]


@app.command("explore", help=LAB, epilog="Example: importcut explore --dataset uzbekistan --language ru")
@app.command("dashboard", help=DESK, epilog="Example: importcut dashboard --language uz-Latn --port 8900 --no-browser")
def serve(
    command: typer.Context,
    dataset: Annotated[str, DATASET] = "sample",
    language: Annotated[str, typer.Option(help="en, ru, uz-Cyrl or uz-Latn.")] = "en",
    port: Annotated[int | None, PORT] = None,
    kernels: Annotated[int, typer.Option(min=1, help="How many pages or notebooks may compute at a time.")] = 6,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Open no browser; the address is told.")] = False,
    debug: Annotated[bool, DEBUG] = False,
) -> None:
    """Run the server with the command's page in front, until Ctrl-C."""
    page = f"--LabApp.default_url={OPENED[command.info_name]}{NOTEBOOK.name}"
    culled = f"--MappingKernelManager.cull_idle_timeout={IDLE[command.info_name]}"
    words = [*SETTINGS, page, culled, f"--FewKernels.most={kernels}", *(["--no-browser"] if no_browser else [])]
    words += ["--allow-root"] if getattr(os, "geteuid", lambda: 1)() == 0 else []  # it is bound to this machine
    with errors_in_a_line(debug):
        _run(words, _variables(dataset, language), port)


def _variables(dataset: str, language: str) -> dict[str, str]:
    """What the notebook is to show, as its kernel finds it in another folder; UsageError if there is none of it."""
    from importcut.app.index import by_name, chosen
    from importcut.intake.opening import datasets, find_dataset
    from importcut.language import languages

    chosen("language", [language], languages())
    with by_name():
        folder = find_dataset(dataset)
    own, paths = os.environ.get("IMPORTCUT_PROCESSED"), filter(None, [str(PAGE), os.environ.get("JUPYTER_PATH")])
    return {
        "IMPORTCUT_DATASET": dataset if dataset in datasets() else str(folder),
        "IMPORTCUT_LANGUAGE": language,
        "JUPYTER_PATH": os.pathsep.join(paths),
        **({"IMPORTCUT_PROCESSED": str(Path(own).resolve())} if own else {}),
    }


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


def _run(words: list[str], variables: dict[str, str], port: int | None) -> None:
    """Run the server, which tells its address, until Ctrl-C; RunError if it is not installed, or ends of itself."""
    from importcut.schema import RunError

    if missing := [name for name in ("jupyterlab", "voila") if find_spec(name) is None]:
        raise RunError(f"{missing[0]} is not installed — pip install 'importcut[lab]', or make env")
    if port:
        _refuse_taken(port)
    command = [sys.executable, "-m", "jupyterlab", f"--port={port or FIRST}", *words]
    with TemporaryDirectory(prefix="importcut-", ignore_cleanup_errors=True) as folder:
        variables = os.environ | variables | {"TMPDIR": folder, "TEMP": folder, "JUPYTER_RUNTIME_DIR": folder}
        server = subprocess.Popen(command, env=variables, start_new_session=True, stdin=subprocess.DEVNULL)
        tell("Ctrl-C ends it.")
        try:
            code = server.wait()
        except KeyboardInterrupt:
            return
        finally:
            _end(server)
    raise RunError(f"Jupyter ended with code {code}")


def _end(server: subprocess.Popen) -> None:
    """Ask the server to end its kernels and itself; kernels end by themselves where it has to be killed."""
    server.terminate()
    try:
        server.wait(timeout=20)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
