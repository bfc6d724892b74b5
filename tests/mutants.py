"""Mutation testing of `economics`: one slip at a time is put into a function, and a test must fail (make mutants).

Slips are mutmut's. They are run here and not by mutmut, whose runner forgets that later tests also stand on what a
fixture of the whole session computed, and reads the raw data again for every slip. A slip is tried in a fork of this
process, on the tests that run its line, the quickest first, until one fails; raw data are read once for all of them.
"""

import argparse
import ast
import difflib
import json
import os
import pickle
import random
import resource
import shutil
import sys
import tempfile
import textwrap
import time
import tomllib
import traceback
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, wraps
from importlib import import_module
from itertools import zip_longest
from math import sqrt
from pathlib import Path

import coverage
import libcst as cst
import pytest
from _pytest.runner import runtestprotocol
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation.file_mutation import Mutation, create_mutations, deep_replace

ROOT = Path(__file__).parents[1]
ECONOMICS = ROOT / "lib" / "importcut" / "economics"
EQUIVALENT = Path(__file__).with_name("equivalent_mutants.toml")
GUARDS = [
    "appraise", "attribute", "bridge", "counterfactual", "indices", "ledger", "measure", "panel", "planned",
    "programme", "realised", "simulate", "way",
    "public.py::test_a_function_says_what_it_takes_and_gives_and_its_example_runs",
]  # fmt: skip
LONGEST = 1.0  # seconds of processor time that a test may take to be run on every slip: the share is a lower bound
READ = {"open_dataset", "received"}  # of raw data and registers, which no slip touches
PARTS = [
    "way", "price_components", "rate_index", "addressable", "plan", "credited", "quality", "profile", "spread",
    "estimates", "comparisons", "bridges", "planned_cuts", "ranking", "target_status", "ledger",
]  # fmt: skip
WALK = "session walk"
WIDE = ("session", "module")  # fixtures of these scopes are computed once, for whoever comes after
NORMAL = 1.96  # quantile of the interval in which the share of all slips lies with 95 %
MEMORY = 6 << 30  # bytes that a slip may take
ROUNDS = 20  # times as long as it takes without a slip: then it will not end


@dataclass(frozen=True, eq=False)
class Mutant:
    """A function with one slip in it."""

    module: str  # of economics
    function: str  # with its class
    number: int  # among the slips of this function
    lines: range  # of the statement, in the file
    node: cst.FunctionDef
    slip: Mutation

    @property
    def name(self) -> str:
        return f"{self.module}.{self.function}"

    @cached_property
    def code(self) -> str:
        return _code(deep_replace(self.node, self.slip.original_node, self.slip.mutated_node))

    @cached_property
    def change(self) -> tuple[str, str]:
        """The lines that the slip changes, before and after, each as one line."""
        before, after = _code(self.node).splitlines(), self.code.splitlines()
        lines = [*difflib.unified_diff(before, after, n=0, lineterm="")][3:]
        was, now = (" ".join(line[1:].strip() for line in lines if line[0] == sign) for sign in "-+")
        return was, now or f"without {was}"

    def place(self) -> None:
        """Put the slip into the function, wherever it is already known by name."""
        module = import_module(_dotted(self.module))
        owner, _, name = self.function.rpartition(".")
        former = vars(getattr(module, owner) if owner else module)[name]
        former = getattr(former, "__func__", former)
        scope = dict(vars(module))
        exec(compile(self.code, module.__file__, "exec"), scope)
        for part in ("__code__", "__defaults__", "__kwdefaults__"):
            setattr(former, part, getattr(scope[name], part))


def _dotted(module: str) -> str:
    return "importcut.economics" + ("" if module == "__init__" else f".{module}")


def mutants() -> list[Mutant]:
    """Every slip that mutmut knows, in every function of economics that has no decorator."""
    return [mutant for file in sorted(ECONOMICS.glob("*.py")) for mutant in _of_file(file)]


def _of_file(file: Path) -> list[Mutant]:
    text = file.read_text(encoding="utf-8")
    module, slips, *_ = create_mutations(str(file), text)
    places = MetadataWrapper(module, unsafe_skip_copy=True).resolve(PositionProvider)
    classes = [node for node in module.body if isinstance(node, cst.ClassDef)]
    owners = {part: f"{node.name.value}." for node in classes for part in node.body.body}
    spans, numbers, drawn = _statements(text), Counter(), []
    for slip in slips:
        function = slip.contained_by_top_level_function
        if isinstance(function, cst.FunctionDef):
            name = owners.get(function, "") + function.name.value
            numbers[name] += 1
            lines = spans[places[slip.original_node].start.line]
            drawn.append(Mutant(file.stem, name, numbers[name], lines, function, slip))
    return drawn


def _code(function: cst.FunctionDef) -> str:
    return textwrap.dedent(cst.Module([]).code_for_node(function.with_changes(leading_lines=[])))


def _statements(text: str) -> dict[int, range]:
    """For each line, the lines of the innermost statement around it: of a loop or condition its head."""
    spans = {}
    for node in ast.walk(ast.parse(text)):  # outer ones first
        if isinstance(node, ast.stmt):
            whole, body = range(node.lineno, node.end_lineno + 1), getattr(node, "body", None)
            if isinstance(node, ast.FunctionDef | ast.ClassDef) or not body:
                spans |= dict.fromkeys(whole, whole)
            else:
                spans |= dict.fromkeys(whole, range(node.lineno, max(body[0].lineno, node.lineno + 1)))
    return spans


class Memory:
    """What was read of raw data and registers, and what no slip touches of the way that fixtures walk."""

    def __init__(self, file: Path):
        self.file, self.known, self.changed, self.turn = file, {}, frozenset(), ()

    def install(self, items: list, measure) -> None:
        conftest = sys.modules["conftest"]
        for module in {item.module for item in items} | {conftest}:
            for name in READ & vars(module).keys():
                setattr(module, name, self._reading(getattr(module, name)))
        for name in PARTS:
            setattr(conftest, name, self._walking(measure.within(f"{WALK} {name}", getattr(conftest, name))))
        conftest._walk = self._begun(conftest._walk)

    def save(self) -> None:
        self.file.write_bytes(pickle.dumps(self.known))

    def load(self) -> None:
        self.known |= pickle.loads(self.file.read_bytes())

    def _reading(self, function):
        def known(name, *words, **options):
            if not isinstance(name, str):  # a folder of the test's own
                return function(name, *words, **options)
            key = function.__name__, name, words, *sorted(options.items())
            return self._once(key, function, name, *words, **options)

        return known

    def _begun(self, function):
        def begun(name, period):
            self.turn, self.anew = (name, period, 0), False
            return function(name, period)

        return begun

    def _walking(self, function):
        def known(*words, **options):
            name, period, number = self.turn
            self.turn = name, period, number + 1
            self.anew = self.anew or function.__name__ in self.changed  # and with it whatever follows
            return function(*words, **options) if self.anew else self._once(self.turn, function, *words, **options)

        return known

    def _once(self, key, function, *words, **options):
        if key not in self.known:  # as it was then: an answer may be remembered in it later
            self.known[key] = pickle.dumps(function(*words, **options))
        return pickle.loads(self.known[key])


class Measure:
    """Runs tests once, in a fork: which of them run which lines, and for how long."""

    def __init__(self):
        self.coverage = coverage.Coverage(data_file=None, include=[f"{ECONOMICS}/*"], config_file=False)
        self.contexts, self.seconds, self.since = [], defaultdict(float), 0.0

    def run(self, items: list, measured: dict) -> dict:
        """What was measured before and, of these tests, now."""
        failed, lines = [], defaultdict(lambda: defaultdict(set))
        self.coverage.start()
        for item, following in _with_next(items):
            self._enter(item.nodeid)
            failed += [item.nodeid for report in runtestprotocol(item, nextitem=following, log=False) if report.failed]
            self._leave()
        self.coverage.stop()
        data = self.coverage.get_data()
        new = {Path(name).stem: data.contexts_by_lineno(name) for name in data.measured_files()}
        for part in (measured["lines"], new):
            for module, of in part.items():
                for line, names in of.items():
                    lines[module][str(line)] |= {*names}
        lines = {module: {line: sorted(names) for line, names in of.items()} for module, of in lines.items()}
        return {"seconds": {**self.seconds, **measured["seconds"]}, "lines": lines, "failed": failed}

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef):
        if not self.contexts or fixturedef.scope not in WIDE:
            return (yield)
        self._enter(f"{fixturedef.scope} {fixturedef.argname}")
        try:
            return (yield)
        finally:
            self._leave()

    def within(self, context, function):
        @wraps(function)
        def measured(*words, **options):
            if not self.contexts:
                return function(*words, **options)
            self._enter(context)
            try:
                return function(*words, **options)
            finally:
                self._leave()

        return measured

    def _enter(self, context):
        self._count()
        self.contexts.append(context)
        self.coverage.switch_context(context)

    def _leave(self):
        self._count()
        self.contexts.pop()
        self.coverage.switch_context(self.contexts[-1] if self.contexts else "")

    def _count(self):
        now = time.process_time()
        if self.contexts:
            self.seconds[self.contexts[-1]] += now - self.since
        self.since = now


class Guards:
    """The tests that run a line, the quickest first."""

    def __init__(self, items: list, measured: dict, longest: float):
        seconds, self.lines = measured["seconds"], measured["lines"]
        wide = {name: context for context in seconds for scope, _, name in [context.partition(" ")] if scope in WIDE}
        walk = {context for context in wide.values() if context.startswith(WALK)}
        self.cost, self.of, self.items = {}, defaultdict(set), {}
        for item in items:
            own = {wide[name] for name in item.fixturenames if name in wide}
            if own & walk or "request" in item.fixturenames:  # which may ask for the walk while it runs
                own |= walk
            for context in {item.nodeid, *own}:
                self.of[context].add(item.nodeid)
            alone = seconds[item.nodeid] + sum(seconds[name] for name in own if not name.startswith("session "))
            self.cost[item.nodeid] = alone + sum(seconds[name] for name in own & walk)
            if alone <= longest:
                self.items[item.nodeid] = item

    def contexts(self, mutant: Mutant) -> set[str]:
        lines = self.lines.get(mutant.module, {})
        return {context for line in mutant.lines for context in lines.get(str(line), [])}

    def tests(self, mutant: Mutant) -> list:
        names = {name for context in self.contexts(mutant) for name in self.of[context]} & self.items.keys()
        return sorted((self.items[name] for name in names), key=self.order)

    def order(self, item) -> tuple[float, str]:
        return self.cost[item.nodeid], item.nodeid


class Loop:
    """Takes the place of pytest's loop over the tests: each slip of the sample is tried on the tests that run it."""

    def __init__(self, options):
        self.options, self.measure = options, Measure()
        self.memory = Memory(options.folder / "memory.pickle")

    def pytest_configure(self, config):
        config.pluginmanager.register(self.measure)

    def pytest_runtestloop(self, session):
        self.bases = session.config._tmp_path_factory
        self.memory.install(session.items, self.measure)
        guards = Guards(session.items, self._measured(session.items), self.options.longest)
        self._control(guards)
        with open(self.options.out, "a", encoding="utf-8") as out:
            for mutant in self.options.mutants:
                print(json.dumps(self._tried(mutant, guards)), file=out, flush=True)
        return True

    def _measured(self, items: list) -> dict:
        file = self.options.folder / "measured.json"
        measured = json.loads(file.read_text()) if file.exists() else {"seconds": {}, "lines": {}}
        new = [item for item in items if item.nodeid not in measured["seconds"]]
        if self.memory.file.exists():
            self.memory.load()
        if new and in_fork(lambda: (file.write_text(json.dumps(self.measure.run(new, measured))), self.memory.save())):
            raise SystemExit("the tests did not run")
        measured = json.loads(file.read_text())
        if measured["failed"]:
            file.unlink()
            raise SystemExit(f"tests fail without any slip: {measured['failed']}")
        self.memory.load()
        return measured

    def _control(self, guards: Guards) -> None:
        """Without a slip all tests hold in the order in which slips are tried, and with the walk walked anew."""
        tests = sorted(guards.items.values(), key=guards.order)
        ended, by = self._in_fork(None, tests, {"way"}, guards)
        if ended:
            raise SystemExit(f"{by} fails without any slip")

    def _tried(self, mutant: Mutant, guards: Guards) -> dict:
        tests, started = guards.tests(mutant), time.time()
        walked = {context.removeprefix(WALK).strip() for context in guards.contexts(mutant) if context.startswith(WALK)}
        ended, by = self._in_fork(mutant, tests, walked, guards)
        row = {"function": mutant.name, "number": mutant.number} | dict(zip(("was", "now"), mutant.change, strict=True))
        return row | {"killed": ended != 0, "by": by, "tests": len(tests), "seconds": round(time.time() - started, 1)}

    def _in_fork(self, mutant: Mutant | None, tests: list, walked: set[str], guards: Guards) -> tuple[int, str | int]:
        """How a fork ended that runs some tests, and the first of them that failed, if one did."""
        base = Path(tempfile.mkdtemp(dir=self.options.folder))
        self.memory.changed, self.bases._basetemp = walked, base
        limit = ROUNDS * sum(guards.cost[item.nodeid] for item in tests) + 10
        ended, by = in_fork(lambda: _try(mutant, tests, base / "by"), limit), base / "by"
        name = by.read_text() if by.exists() else ended
        shutil.rmtree(base, ignore_errors=True)
        return ended, name


def _try(mutant: Mutant | None, tests: list, by: Path) -> None:
    """Fails as the first test does, whose name is written down."""
    if mutant:
        mutant.place()
    for item, following in _with_next(tests):
        if any(report.failed for report in runtestprotocol(item, nextitem=following, log=False)):
            by.write_text(item.nodeid)
            os._exit(1)


def _with_next(items: list) -> Iterator[tuple]:
    return zip_longest(items, items[1:])


def in_fork(work, seconds: float | None = None) -> int:
    """Do it in a fork of this process, within some seconds of processor time; 0 if it came to its end."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        if seconds:
            resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds) + 1))
            resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
        work()
        os._exit(0)
    except BaseException:  # noqa: BLE001 - whatever it is, it ends with this process
        traceback.print_exc()
    finally:
        os._exit(2)


def equivalents() -> dict[tuple[str, str], str]:
    """The reason for each slip that changes nothing, by function and the line that it changes."""
    listed = tomllib.loads(EQUIVALENT.read_text(encoding="utf-8"))["equivalent"]
    return {(each["function"], each["now"]): each["reason"] for each in listed}


def interval(killed: int, n: int) -> tuple[float, float]:
    """Wilson's interval of a share, 95 %."""
    share, z = killed / n, NORMAL
    middle, half = share + z * z / (2 * n), z * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)


def report(rows: list[dict], reasons: dict) -> None:
    """The share of slips that a test notices, module by module, and those that none does."""
    for row in rows:
        row["module"] = row["function"].split(".")[0]
        row["reason"] = reasons.get((row["function"], row["now"]))
    counted = [row for row in rows if row["killed"] or not row["reason"]]
    for row in counted:
        if not row["killed"]:
            print(f"\n{row['function']} {row['number']} ({row['tests']} tests)\n- {row['was']}\n+ {row['now']}")
    print(f"\n{'module':<15}{'slips':>7}{'killed':>8}{'equivalent':>12}")
    for module in [*sorted({row["module"] for row in rows}), None]:
        of = [row for row in rows if module in (row["module"], None)]
        known = [row for row in counted if module in (row["module"], None)]
        killed = sum(row["killed"] for row in known)
        print(f"{module or 'economics':<15}{len(of):>7}{killed / max(1, len(known)):>8.1%}{len(of) - len(known):>12}")
    low, high = interval(sum(row["killed"] for row in counted), len(counted))
    print(f"of all slips, with 95 %: {low:.1%} to {high:.1%}")


def _rows(file: Path) -> list[dict]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


def _key(row: dict) -> tuple[str, int]:
    return row["function"], row["number"]


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--sample", type=int, help="so many slips, drawn from all of them")
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--longest", type=float, default=LONGEST, help="seconds a test may take to be run on each slip")
    words.add_argument("--folder", type=Path, help="what was measured, and the results, are kept and taken from here")
    options, rest = words.parse_known_args()  # the rest is pytest's
    drawn, reasons = mutants(), equivalents()
    listed = {function for function, _ in reasons}
    lost = reasons.keys() - {(mutant.name, mutant.change[1]) for mutant in drawn if mutant.name in listed}
    if lost:
        raise SystemExit(f"{EQUIVALENT.name} lists slips that do not exist any more: {sorted(lost)}")
    every = len(drawn)
    if options.sample:
        random.Random(options.seed).shuffle(drawn)
        drawn = drawn[: options.sample]
    with tempfile.TemporaryDirectory() as own:
        options.folder = options.folder or Path(own)
        options.folder.mkdir(exist_ok=True)
        options.out = options.folder / "results.jsonl"
        done = {_key(row) for row in _rows(options.out)}
        options.mutants = [mutant for mutant in drawn if (mutant.name, mutant.number) not in done]
        print(f"{len(drawn)} of {every} slips, {len(options.mutants)} to be tried", flush=True)
        files = [str(Path(__file__).with_name(f"test_{name}")) + ("" if ":" in name else ".py") for name in GUARDS]
        ended = pytest.main(["--no-header", "-p", "no:cacheprovider", *files, *rest], [Loop(options)])
        if ended not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            raise SystemExit(int(ended))
        names = {(mutant.name, mutant.number) for mutant in drawn}
        rows = [row for row in _rows(options.out) if _key(row) in names]
    report(rows, reasons)


if __name__ == "__main__":
    main()
