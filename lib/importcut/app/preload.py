"""One process that has imported what notebooks need, a second of work for each, and forks their kernels (on Linux)."""

import atexit
import ctypes
import gc
import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from functools import cache
from tempfile import gettempdir
from threading import Lock
from typing import NoReturn
from uuid import uuid4

FORKS = sys.platform == "linux"  # Windows does not fork, and libraries of macOS do not stand it
STEADY = {"SOURCE_DATE_EPOCH": "0", "OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}  # same input, same bytes
STEADY["PYARROW_IGNORE_TIMEZONE"] = "1"  # or Spark, where it is installed, warns as pandera looks for it
ENDS_WITH_PARENT = 1  # PR_SET_PDEATHSIG of prctl(2)
TURN = Lock()  # notebooks side by side ask the one process


class Forked:
    """A kernel forked elsewhere, as jupyter looks at a process of its own."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int):
        self.pid = pid

    def poll(self) -> int | None:
        """Nothing while it runs."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return 1
        return None

    wait = poll  # asked once it has ended

    def send_signal(self, number: int) -> None:
        """Asked where its group has gone; ProcessLookupError if it has ended, as of any other process."""
        os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once; ProcessLookupError if it has ended."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Let it end; ProcessLookupError if it has ended."""
        self.send_signal(signal.SIGTERM)


def fork(command: list[str], *, env: dict[str, str], cwd: str) -> Forked:
    """A kernel for a command `python -m ipykernel_launcher …`; OSError, once, if the process that forks has gone."""
    order = {"argv": command[command.index("ipykernel_launcher") + 1 :], "cwd": cwd, "env": env}
    with TURN:
        server = _server()
        with suppress(BrokenPipeError):
            server.stdin.write(json.dumps(order) + "\n")
            server.stdin.flush()
        pid = server.stdout.readline()
        if not pid:
            _server.cache_clear()
            raise OSError(f"the process that starts kernels has ended ({server.wait()})")
        return Forked(int(pid))


def start() -> None:
    """Let the process get ready, where kernels are forked."""
    if FORKS:
        with TURN:
            _server()


def folder() -> str | None:
    """Where forked kernels have their connections: it goes with the process that forks them. None elsewhere."""
    with TURN:
        return _server().args[-1] if FORKS else None


@cache
def _server() -> subprocess.Popen:
    """The process that forks; it ends with this one, and with it its kernels and their folder (the last argument)."""
    code = "import sys; from importcut.app.preload import serve; serve(sys.argv[-1])"
    connections = f"{gettempdir()}/importcut-{uuid4().hex[:8]}"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "start_new_session": True}
    server = subprocess.Popen([sys.executable, "-P", "-c", code, connections], env=dict(os.environ) | STEADY, **pipes)
    os.mkdir(connections, mode=0o700)  # now that whatever happens to this process, somebody takes it away
    atexit.register(shutil.rmtree, connections, ignore_errors=True)
    atexit.register(server.communicate)
    return server


def serve(connections: str) -> None:
    """Fork a kernel for each line of standard input, answer its process id, and in the end remove their folder."""
    import ipykernel.kernelapp  # noqa: F401 - to have them ready, as all that follow
    import pandas
    import psutil
    import pysyncon  # noqa: F401
    import scipy.special  # noqa: F401

    import importcut.economics
    import importcut.intake.clean
    import importcut.intake.declarations
    import importcut.intake.opening
    import importcut.telling.chart.investment
    import importcut.telling.chart.periods
    import importcut.telling.chart.rows
    import importcut.telling.narrate  # noqa: F401
    from importcut.schema import conform, tables

    pandas.set_option("display.max_columns", 20)  # as pandas has it in a kernel, where it is no terminal's width
    columns = [column.name for column in tables()["target"].columns]
    conform(pandas.DataFrame(columns=columns), "target", frequency="Y")  # pandera gets ready at its first check
    gc.freeze()  # what lies ready is shared, not copied
    signal.signal(signal.SIGCHLD, _reap)
    server = os.getpid()
    for line in sys.stdin:
        pid = os.fork()
        os.setpgid(pid, pid)  # whoever comes first, server or kernel: signals go to the group
        if pid == 0:
            ctypes.CDLL(None).prctl(ENDS_WITH_PARENT, signal.SIGKILL)
            if os.getppid() != server:
                os._exit(1)  # it ended before that
            _become_kernel(**json.loads(line))
        os.write(1, f"{pid}\n".encode())
    for kernel in (kernels := psutil.Process().children()):
        kernel.kill()
    psutil.wait_procs(kernels)  # or they would still write there
    shutil.rmtree(connections, ignore_errors=True)


def _reap(*_) -> None:
    """Let the kernels go that have ended; who waits for them is charged with their processor time, as it should be."""
    with suppress(ChildProcessError):
        while any(os.waitpid(-1, os.WNOHANG)):
            pass


def _become_kernel(argv: list[str], cwd: str, env: dict[str, str]) -> NoReturn:
    from ipykernel.kernelapp import launch_new_instance

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # the pipes are the server's
    os.dup2(2, 1)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    launch_new_instance([*argv, f"--IPKernelApp.parent_handle={os.getppid()}"])  # or it tells how to end it
    sys.exit()
