"""Runs steps side by side, each after those it needs, and only those whose content is out of date."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Semaphore

from doit.control import TaskControl
from doit.dependency import Dependency, SqliteDB
from doit.reporter import ZeroReporter
from doit.runner import MThreadRunner
from doit.task import Stream, Task

from importcut.dataset import digests

PATIENCE = 200  # tenths of a second that an interrupted run waits for what is at work


@dataclass(frozen=True)
class Step:
    """One step: it runs if its fingerprint, or a file that it made, is not what it was, or if it is not sound.

    make : makes the files; returns their names below the build folder, and what else is to be remembered.
    sound : asked when the steps before it have ended; says no if what it did outside that folder is lost.
    """

    name: str
    after: tuple[str, ...]
    fingerprint: str
    make: Callable[[], tuple[list[str], dict]]
    sound: Callable[[], bool] = lambda: True


@dataclass(frozen=True)
class Outcome:
    """What each step remembered (`files`: digest by name), which steps ran, and which were up to date."""

    values: dict[str, dict]
    made: tuple[str, ...]
    kept: tuple[str, ...]


def run_steps(
    steps: list[Step],
    *,
    build: Path,
    memory: Path,
    cache: Path,
    jobs: int = 2,
    progress: Callable[[str, int, int], None] = lambda name, done, total: None,
    stop: Callable[[], None] = lambda: None,
) -> Outcome:
    """Run the steps that are out of date, `jobs` at a time.

    Parameters
    ----------
    build : folder of the files made; memory : where it is noted what they were made from; cache : see `digests`.
    stop : called on an interrupt; ends what the steps have started.

    Raises
    ------
    What the first failing step raised; no step is begun after it.
    """
    ended, failures, places = {}, [], Semaphore(jobs)
    tasks = [_task(step, build, cache, failures, places) for step in steps]

    def note(how: str, task: Task) -> None:
        ended[task.name] = how
        progress(task.name, len(ended), len(tasks))

    reporter = ZeroReporter(sys.stderr, {})
    reporter.add_success, reporter.skip_uptodate = partial(note, "made"), partial(note, "kept")
    control = TaskControl(tasks)
    control.process(None)
    memory.parent.mkdir(parents=True, exist_ok=True)
    runner = MThreadRunner(Dependency(SqliteDB, str(memory)), reporter, stream=Stream(0), num_process=jobs)
    try:
        runner.run_all(control.task_dispatcher())
    except KeyboardInterrupt:
        _wind_up(places, jobs, stop)
        raise
    if failures:
        raise failures[0]
    by_outcome = {how: tuple(name for name, ending in ended.items() if ending == how) for how in ("made", "kept")}
    return Outcome({task.name: task.values for task in tasks}, **by_outcome)


def _wind_up(places: Semaphore, jobs: int, stop: Callable[[], None]) -> None:
    """Let no step begin, and wait for those at work: a kernel may start, or a file be half written, just now."""
    stop()
    free = 0
    for _ in range(PATIENCE):
        free += places.acquire(timeout=0.1)
        if free == jobs:
            return
        stop()


def _task(step: Step, build: Path, cache: Path, failures: list, places: Semaphore) -> Task:
    """The step as a task of doit, whose own check trusts the times of files and only asks whether targets exist."""

    def digest(names) -> dict[str, str]:
        files = {build / name: name for name in names if (build / name).exists()}
        return {files[file]: found for file, found in digests(files, cache).items()}

    def up_to_date(task: Task, values: dict) -> bool:
        if values.get("fingerprint") != step.fingerprint or not step.sound():
            return False
        return digest(values["files"]) == values["files"]

    def make() -> dict:
        with places:
            try:
                names, remembered = step.make()
            except Exception as error:
                failures.append(error)
                raise
            return {"fingerprint": step.fingerprint, "files": digest(names), **remembered}

    plain = {"capture": False}  # doit's threads would leave another sys.stdout behind
    return Task(step.name, [make], task_dep=list(step.after), uptodate=[up_to_date], io=plain, verbosity=0)
