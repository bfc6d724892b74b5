"""Kernels are forked from one process in which their libraries lie ready; whatever ends it, none is left behind."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from importcut.app import preload
from importcut.app.kernel import Fork, run_notebook, stop_kernels
from importcut.schema import RunError

pytestmark = pytest.mark.skipif(not preload.FORKS, reason="kernels are forked on Linux only")
LOOK = """
import os, sys
print([name in sys.modules for name in ("pandas", "matplotlib", "importcut.telling.narrate")])
print(os.getcwd(), os.environ.get("SEEN"), os.environ["PYTHONHASHSEED"], hash("a"))
"""


@pytest.fixture
def look(tmp_path, monkeypatch):
    """Runs a notebook of one cell in a folder, and gives what it printed."""

    def run(code, folder=tmp_path):
        about = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        cell = new_code_cell(code, id="code")
        nbformat.write(new_notebook(cells=[cell], metadata=about), tmp_path / "look.ipynb")
        done = run_notebook(tmp_path / "look.ipynb", {}, folder=folder, failed=tmp_path / "failed.ipynb")
        return done.cells[0].outputs[0].text.splitlines()

    return run


def test_a_kernel_has_its_libraries_and_a_folder_and_variables_of_its_own(look, tmp_path, monkeypatch):
    printed = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        monkeypatch.setenv("SEEN", name)
        ready, about = look(LOOK, tmp_path / name)
        assert ready == "[True, True, True]"
        printed.append(about.split())
    assert [words[:3] for words in printed] == [[str(tmp_path / name), name, "0"] for name in ("one", "two")]
    assert printed[0][3] == printed[1][3]


def test_where_the_process_that_forks_was_killed_the_run_says_so_and_the_next_starts_another(look):
    look("print()")
    preload._server().kill()
    with pytest.raises(RunError, match="process that starts kernels has ended"):
        look("print()")
    assert look("print(1)") == ["1"]


def test_whoever_stops_a_kernel_that_has_just_ended_is_not_hindered_from_stopping_the_next(monkeypatch):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    kernel = SimpleNamespace(provisioner=Fork(kernel_id="gone"), cleanup_connection_file=lambda: None)
    kernel.provisioner.process = preload.Forked(gone.pid)
    kernel.provisioner.pid = kernel.provisioner.pgid = gone.pid
    alive = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    other = SimpleNamespace(provisioner=Fork(kernel_id="alive"), cleanup_connection_file=lambda: None)
    other.provisioner.process, other.provisioner.pid, other.provisioner.pgid = alive, alive.pid, alive.pid
    monkeypatch.setattr("importcut.app.kernel.RUNNING", {lambda: kernel, lambda: other})
    with ThreadPoolExecutor(1) as elsewhere:  # a browser's driver has its event loop in this thread
        for way in ("kill", "terminate"):
            elsewhere.submit(asyncio.run, getattr(kernel.provisioner, way)()).result()
        elsewhere.submit(stop_kernels).result()
    assert alive.wait(timeout=10) == -signal.SIGKILL


@pytest.mark.parametrize("first", ["run", "server"])
def test_a_killed_run_leaves_no_kernel_behind(first, tmp_path):
    begin = """
import sys, time
from importcut.app import preload
from importcut.app.kernel import ThisPython
import asyncio
manager = ThisPython()
asyncio.run(manager.start_kernel(cwd="."))
print(preload._server().pid, manager.provisioner.pid, flush=True)
time.sleep(60)
"""
    run = subprocess.Popen([sys.executable, "-c", begin], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    orphans = [int(word) for word in run.stdout.readline().split()]
    assert len(orphans) == 2
    if first == "server":  # nobody is left who could end the kernel: it must see to itself
        os.kill(orphans[0], signal.SIGKILL)
        end = time.monotonic() + 20
        while _runs(orphans[1]) and time.monotonic() < end:
            time.sleep(0.1)
        assert not _runs(orphans[1])
    run.kill()
    run.wait()
    end = time.monotonic() + 20
    while any(_runs(pid) for pid in orphans) and time.monotonic() < end:
        time.sleep(0.1)
    assert not any(_runs(pid) for pid in orphans)


def _runs(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
