"""Runs one notebook through papermill in a kernel of this very Python, the same bytes each time."""

import asyncio
import logging
import os
import weakref
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

import nbformat
import papermill
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning import LocalProvisioner
from nbclient.exceptions import CellTimeoutError
from papermill.exceptions import PapermillExecutionError
from traitlets import default

from importcut.app import preload
from importcut.schema import DataError, RunError

CELL_MINUTES = 10  # that a cell may be at work, unless IMPORTCUT_CELL_MINUTES says otherwise
for name in ("papermill", "asyncio"):  # what they say of a kernel that died, a RunError says in a line
    logging.getLogger(name).addHandler(logging.NullHandler())
RUNNING = set()  # references to kernels, which are processes: whoever stops the report must find them


class Fork(LocalProvisioner):
    """Starts a kernel by forking it from a process that has its libraries already."""

    async def launch_kernel(self, cmd: list[str], **options) -> dict:
        """The connection of the kernel of that command."""
        self.process = preload.fork(cmd, env=options["env"], cwd=options["cwd"])
        self.pid = self.pgid = self.process.pid
        return self.connection_info


class ThisPython(AsyncKernelManager):
    """A kernel of the interpreter that runs this, whatever kernelspecs are installed (jupyter asks for a class)."""

    @default("kernel_spec_manager")
    def _only_the_native_one(self) -> KernelSpecManager:
        return KernelSpecManager(kernel_dirs=[])

    @default("transport")
    def _no_ports_where_possible(self) -> str:
        short = len(gettempdir()) < 50  # names of sockets have at most about 100 letters
        return "ipc" if os.name == "posix" and short else "tcp"  # of 500 kernels, others took the ports of two

    @default("connection_file")
    def _a_folder_of_its_own(self) -> str:
        self.folder = TemporaryDirectory(prefix="kernel-", dir=preload.folder())  # lives as long as this kernel
        return f"{self.folder.name}/kernel.json"

    async def start_kernel(self, **options) -> None:
        """Start it with the variables that make runs alike."""
        RUNNING.add(weakref.ref(self, RUNNING.discard))
        environment = dict(os.environ) | preload.STEADY
        if "IMPORTCUT_PROCESSED" in environment:  # the kernel works in another folder
            environment["IMPORTCUT_PROCESSED"] = str(Path(environment["IMPORTCUT_PROCESSED"]).resolve())
        if preload.FORKS:
            self.provisioner = Fork(kernel_id=self.kernel_id, kernel_spec=self.kernel_spec, parent=self)
        await super().start_kernel(env=environment, **options)


def run_notebook(notebook: Path, parameters: dict, *, folder: Path, failed: Path) -> nbformat.NotebookNode:
    """The executed notebook, without times and paths; it runs in `folder`.

    Raises RunError if a cell fails, DataError if the data are the reason; the notebook is then kept at `failed`.
    """
    failed.parent.mkdir(parents=True, exist_ok=True)
    minutes, begun = float(os.environ.get("IMPORTCUT_CELL_MINUTES", CELL_MINUTES)), [0]
    try:
        executed = papermill.execute_notebook(
            _literally(notebook),
            _literally(failed),
            parameters,
            kernel_name="python3",
            language="python",
            progress_bar=False,
            log_output=False,
            request_save_on_cell_execute=False,
            start_timeout=120,
            iopub_timeout=60,
            execution_timeout=60 * minutes,
            on_cell_start=lambda cell, cell_index: begun.append(cell_index),
            record_timing=False,
            coalesce_streams=True,
            shutdown_kernel="immediate",
            extra_arguments=["--IPKernelApp.log_level=40"],
            kernel_manager_class=ThisPython,
            resources={"metadata": {"path": str(folder)}},
        )
    except PapermillExecutionError as error:
        if error.ename == "DataError":
            raise DataError(f"{error.evalue}\n(met in {notebook.name}, kept as far as it ran: {failed})") from None
        cell = _cell_number(notebook, error.cell_index)
        message = f"{error.ename}: {error.evalue}".splitlines()[0].rstrip(": ")
        raise RunError(f"{notebook.name} cell {cell}: {message} — kept as far as it ran: {failed}") from None
    except CellTimeoutError:
        cell, more = _cell_number(notebook, begun[-1]), "give it more with --cell-minutes if it needs them"
        raise RunError(f"{notebook.name} cell {cell}: stopped after {minutes:g} minutes — {more}") from None
    except (RuntimeError, OSError) as error:  # the kernel did not start, or was killed
        raise RunError(f"{notebook.name}: {error} — memory short? try --jobs 1") from error
    failed.unlink()
    return _without_traces(executed)


def stop_kernels() -> None:
    """Kill every kernel that still runs."""
    for kernel in [reference() for reference in RUNNING.copy()]:  # a thread may be starting another one
        if kernel is not None and kernel.provisioner is not None:
            asyncio.run(kernel.provisioner.kill())
            kernel.cleanup_connection_file()


def _literally(path: Path) -> str:
    """The path as papermill takes it, which puts values into braces."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _cell_number(notebook: Path, index: int) -> int:
    """The number, as a reader counts, of a cell of the executed notebook: papermill adds one below the parameters."""
    cells = nbformat.read(notebook, as_version=4).cells
    tagged = [n for n, cell in enumerate(cells) if "parameters" in cell.metadata.get("tags", ())]
    return index if tagged and index > tagged[0] else index + 1


def _without_traces(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    notebook.metadata.pop("papermill", None)
    for cell in notebook.cells:
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
        if "injected-parameters" in cell.metadata.get("tags", ()):
            cell.id = "injected-parameters"
    return notebook
