"""Runs that are killed, starved, hindered or crowded: a reader finds a whole report, the next run is right.

Each run is a process of its own, through the command line; `make faults` runs these tests alone.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from importcut import dataset
from importcut.app import preload
from importcut.app.desk import basis
from importcut.app.index import finished_tables, write_index
from importcut.app.run import make_report
from importcut.intake import declarations
from importcut.intake.opening import open_dataset
from importcut.schema import DataError
from workshop import CODE, Workshop, contents, take_along

pytestmark = [
    pytest.mark.ci,
    pytest.mark.long,
    pytest.mark.skipif(not preload.FORKS, reason="signals, rights and process lists as Linux has them"),
]
RAW = "imports/hs6_annual.csv"

# What a run does to its folder, and what it asks of kernels, is counted as it happens; at one of these it is killed, or
# the disk is full from then on. The audit hook is called before the system is.
DRIVER = """
import errno, json, os, signal, sys, warnings
from pathlib import Path
import nbclient
from importcut.app import kernel, preload, run
from importcut.app.cli import main

warnings.simplefilter("ignore")  # of nbconvert, about the workshop's notebooks
root, plan, events = sys.argv.pop(1), json.loads(sys.argv.pop(1)), []
run.ROOT, run.library = Path(root), list
TOUCHING = ("os.rename", "os.mkdir", "os.remove", "shutil.rmtree", "sqlite3.connect")

def happen(label, grows=False):
    events.append(label)
    if plan.get("kill") in (len(events), [label, events.count(label)]):
        os.kill(os.getpid(), signal.SIGKILL)
    if grows and len(events) >= plan.get("full", len(events) + 1):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

def hook(event, args):
    creates = event == "open" and isinstance(args[2], int) and args[2] & os.O_CREAT
    if (creates or event in TOUCHING) and str(args[0]).startswith(root):
        names = [Path(str(arg)).name for arg in args[:2]] if event == "os.rename" else [Path(str(args[0])).name]
        happen(" ".join([event, *names]), grows=creates or event == "os.mkdir")

def counted(owner, name):
    function = getattr(owner, name)
    def wrapper(*args, **options):
        happen(name)
        return function(*args, **options)
    setattr(owner, name, wrapper)

counted(preload, "fork")
counted(nbclient.NotebookClient, "_async_poll_for_reply")  # the cell is at work
sys.addaudithook(hook)
if plan.get("wait"):
    print("ready", flush=True)
    sys.stdin.readline()
try:
    main()
finally:
    if "log" in plan:
        Path(plan["log"]).write_text(json.dumps(events))
"""
SPREAD = 15
PUBLISHING = (  # event before which the run is killed, the how manieth of its name; whether the new report stands then
    ("os.mkdir .2024.part", 3, False),
    ("os.rename 2024 .2024.former", 1, False),
    ("os.rename .2024.part 2024", 1, False),
    ("shutil.rmtree .2024.former", 2, True),
    ("os.mkdir reports", 1, True),
)
WAIT = "importcut: a report, check or publication of tiny is at work — wait until it is done\n"


@dataclass
class Child:
    """A command line in a process of its own, which can be told from all others by a variable."""

    root: Path
    command: list[str]
    plan: dict = field(default_factory=dict)
    rights: tuple[str, ...] = ()

    def __post_init__(self):
        self.mark, self.temporary = uuid.uuid4().hex, Path(tempfile.mkdtemp(prefix="faults-"))
        places = {"IMPORTCUT_PROCESSED": str(self.root / "processed"), "TMPDIR": str(self.temporary)}
        self.process = subprocess.Popen(
            [*self.rights, sys.executable, "-c", DRIVER, str(self.root), json.dumps(self.plan), *self.command],
            env=os.environ | places | {"FAULTS": self.mark},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def end(self, text=None):
        """Its exit code and what it said on the error stream; nothing of it is left, no process and no file."""
        _, said = self.process.communicate(text, timeout=120)
        until = time.monotonic() + 20
        while (left := self.left()) and time.monotonic() < until:
            time.sleep(0.1)
        for process in left:  # a failed test, too, leaves none behind
            process.kill()
        files = [f.name for f in self.temporary.rglob("*")]
        shutil.rmtree(self.temporary)
        assert (left, files) == ([], []), "processes and files of a run that has ended"
        return self.process.returncode, said

    def left(self):
        running = psutil.process_iter(["environ", "status"])
        return [p for p in running if (p.info["environ"] or {}).get("FAULTS") == self.mark and p.is_running()]


def report(shop, *options, out=None, folder=None, rights=(), **plan):
    command = ["report", "--dataset", str(folder or shop.dataset), "--out", str(out or shop.out), "--quiet"]
    return Child(shop.root, [*command, "--formats", "html,xlsx", *options], plan, rights)


def check(shop, rights=(), **plan):
    return Child(shop.root, ["check", str(shop.dataset)], plan, rights)


def published(shop, rights=(), **plan):
    return Child(shop.root, ["publish", "--dataset", str(shop.dataset), "--out", str(shop.out)], plan, rights)


def lone(shop):
    """Hidden names of what is being written, and what is put aside while it is."""
    places = [shop.out, shop.processed, shop.dataset]
    return [f.name for place in places for f in place.rglob(".*") if f.name not in (".datasets", ".check")]


def right_again(shop, expected):
    """The next run gives the report that an undisturbed one gives, and sweeps up."""
    shop.make()
    assert contents(shop.report) == expected
    assert lone(shop) == []


def told_in_a_line(ended, words=""):
    code, said = ended
    assert code == 1, said
    assert said.startswith("importcut: ") and said.count("\n") == 1, said
    assert "fault of the program" not in said
    assert words in said


@pytest.fixture(scope="session")
def undisturbed(first_report, tmp_path_factory):
    """What a run gives for the workshop once it has one line more, and all that happens in it."""
    root = tmp_path_factory.mktemp("undisturbed") / "shop"
    shop = Workshop(shutil.copytree(first_report.root, root))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IMPORTCUT_PROCESSED", str(shop.processed))
        take_along(root)
        shop.add_donor_line()
        log = root / "log.json"
        assert report(shop, log=str(log)).end() == (0, "")
    return contents(shop.report), json.loads(log.read_text())


@pytest.fixture
def changed(shop):
    """A workshop whose report is out of date."""
    shop.add_donor_line()
    return shop


def killed(shop, undisturbed, kill, published):
    """A run is killed; readers have a whole report, the former or the new one."""
    expected = undisturbed[0] if published else contents(shop.report)
    assert report(shop, kill=kill).end() == (-9, "")
    finished_tables(open_dataset(shop.dataset, period="2024"), out=shop.out)
    write_index(shop.out)
    assert contents(shop.report) == expected


@pytest.mark.parametrize("point", range(SPREAD))
def test_a_run_killed_anywhere_leaves_a_whole_report_and_nothing_else(changed, undisturbed, point):
    after, events = undisturbed
    first = events.index("os.rename .2024.part 2024")  # with which the new report stands
    kill = 1 + point * (len(events) - 1) // (SPREAD - 1)
    killed(changed, undisturbed, kill, published=kill > first + 1)
    right_again(changed, after)


@pytest.mark.parametrize(("event", "time", "published"), PUBLISHING)
def test_a_run_killed_while_it_publishes_leaves_a_whole_report(changed, undisturbed, event, time, published):
    killed(changed, undisturbed, [event, time], published)
    right_again(changed, undisturbed[0])


@pytest.mark.parametrize(
    "name", ["processed/*/lock", "reports/tiny/2024/manifest.json", "processed/*/work/2024/*.json"]
)
def test_a_state_file_that_a_kill_left_empty_counts_as_absent(changed, undisturbed, name):
    killed(changed, undisturbed, ["os.rename .2024.part 2024", 1], published=False)
    files = [*changed.root.glob(name)]
    assert files, "there is such a file"
    for file in files:
        file.write_bytes(b"")
    right_again(changed, undisturbed[0])


@pytest.mark.parametrize("nth", [1, 12, 60, 150, 176])
def test_a_disk_that_is_full_is_told_in_a_line_and_the_former_report_stands(changed, undisturbed, nth):
    before = contents(changed.report)
    told_in_a_line(report(changed, full=nth).end(), "No space left on device")
    assert contents(changed.report) == before
    right_again(changed, undisturbed[0])


TMPFS = """
set -e
cp -a "$ROOT" "$ASIDE/shop"
mount -t tmpfs -o size=200m faults "$ROOT"
cp -a "$ASIDE/shop/." "$ROOT"
mount -o remount,size=$(($(df --output=used -k "$ROOT" | tail -1) + ROOM))k "$ROOT"
"$@" && exit 9 || code=$?
cp -a "$ROOT" "$ASIDE/full"
mount -o remount,size=200m "$ROOT"
"$@"
cp -a "$ROOT" "$ASIDE/done"
exit $code
"""


@pytest.mark.parametrize("kilobytes", [0, 30, 60])
def test_a_disk_that_is_really_full_is_told_in_a_line_and_the_former_report_stands(
    changed, undisturbed, tmp_path, monkeypatch, kilobytes
):
    """Kernels, DuckDB and Parquet write there too; the disk is a small one in memory that this run alone sees."""
    if subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True).returncode:
        pytest.skip("no file system may be mounted here")
    monkeypatch.setenv("ROOT", str(changed.root))
    aside = tmp_path / "aside"
    aside.mkdir()
    monkeypatch.setenv("ASIDE", str(aside))
    monkeypatch.setenv("ROOM", str(kilobytes))
    before = contents(changed.report)
    told_in_a_line(report(changed, rights=("unshare", "-m", "sh", "-c", TMPFS, "sh")).end())
    full, done = Workshop(aside / "full"), Workshop(aside / "done")
    assert contents(full.report) == before
    assert contents(done.report) == undisturbed[0]
    assert lone(done) == []


OTHER_USER = "-dac_override,-dac_read_search"


@pytest.fixture(scope="session")
def rights():
    """What a command begins with so that no right of root's lets it pass where others may not."""
    if os.geteuid():
        return ()
    command = ("setpriv", f"--bounding-set={OTHER_USER}", f"--inh-caps={OTHER_USER}")
    if shutil.which("setpriv") is None or subprocess.run([*command, "true"], capture_output=True).returncode:
        pytest.skip("root cannot give up its rights here")
    return command


@contextmanager
def mode(place, bits):
    """A file or folder with other rights, for as long as this lasts."""
    former = place.stat().st_mode
    place.chmod(bits)
    try:
        yield
    finally:
        place.chmod(former)


def test_a_place_that_may_not_be_written_to_is_told_in_a_line_and_the_former_report_stands(
    changed, undisturbed, rights
):
    before = contents(changed.report)
    places = ("processed/*", "processed/*/lock", "processed/*/2024", "processed/*/work/2024", "reports/tiny")
    for name in places:
        [place] = changed.root.glob(name)
        with mode(place, 0o555):
            told_in_a_line(report(changed, rights=rights).end(), "")
        assert contents(changed.report) == before, name
    right_again(changed, undisturbed[0])


def test_what_may_not_be_read_is_told_in_a_line_and_never_passed_over(changed, undisturbed, rights):
    before, more = contents(changed.report), changed.dataset / "imports" / "more"
    (changed.dataset / "scenarios").mkdir()
    more.mkdir()
    for name in ("imports/more", "scenarios", "imports/hs6_annual.csv", "donors.csv"):
        with mode(changed.dataset / name, 0):
            told_in_a_line(report(changed, rights=rights).end(), name)
        assert contents(changed.report) == before, name
    with mode(changed.notebooks, 0):
        told_in_a_line(report(changed, rights=rights).end(), "notebooks")
    with mode(more, 0):
        code, _ = check(changed, rights=rights).end()
        assert code == 1, "check says what a report would say"
    right_again(changed, undisturbed[0])


def test_a_dataset_that_may_only_be_read_has_its_report_and_cannot_be_published(changed, undisturbed, rights):
    with mode(changed.dataset, 0o555):
        assert report(changed, rights=rights).end() == (0, "")
        assert contents(changed.report) == undisturbed[0]
        told_in_a_line(published(changed, rights=rights).end(), "published")
    assert published(changed).end() == (0, "")


def test_runs_at_once_succeed_or_say_to_wait_and_in_the_end_each_report_is_right(changed, undisturbed):
    other = Workshop(changed.root / "elsewhere")
    shutil.copytree(changed.dataset, other.dataset)
    alone = report(changed, folder=other.dataset, out=other.out, wait=True)
    crowd = [
        report(changed, wait=True),
        report(changed, "--period", "2023", wait=True),
        report(changed, out=changed.root / "second", wait=True),
        published(changed, wait=True),
        check(changed, wait=True),
    ]
    for child in (alone, *crowd):
        assert child.process.stdout.readline() == "ready\n"
    for child in (alone, *crowd):
        child.process.stdin.write("\n")
        child.process.stdin.flush()
    assert basis.standpoint(str(changed.dataset)).period == "2024"
    assert alone.end() == (0, ""), "it shares nothing with the others"
    ends = [child.end() for child in crowd]
    assert [end for end in ends if end not in ((0, ""), (1, WAIT))] == []
    assert (0, "") in ends
    right_again(changed, undisturbed[0])
    assert contents(other.report) == undisturbed[0]
    folders = [
        make_report(
            shop.dataset, period="2023", out=shop.out, notebooks=changed.notebooks, formats=["html", "xlsx"]
        ).folder
        for shop in (changed, other)
    ]
    assert contents(folders[0]) == contents(folders[1])


def test_a_raw_file_that_is_deleted_while_it_is_read_is_named(changed, undisturbed, monkeypatch):
    file, read, before = changed.dataset / RAW, declarations.tables_of, contents(changed.report)
    content = file.read_bytes()
    file.write_bytes(content + b"\n")

    def reading(*how):
        tables = read(*how)
        file.unlink()
        return tables

    with monkeypatch.context() as patch, pytest.raises((DataError, OSError), match=r"hs6_annual\.csv"):
        patch.setattr(declarations, "tables_of", reading)
        changed.make()
    assert contents(changed.report) == before
    file.write_bytes(content)
    right_again(changed, undisturbed[0])


@pytest.mark.parametrize("second", [1, 4_000_000_000], ids=["1970", "2096"])
def test_times_of_files_that_a_clock_set_wrongly_left_mislead_nobody(changed, undisturbed, monkeypatch, second):
    monkeypatch.setattr(dataset, "LARGE", 0)
    monkeypatch.setattr(dataset, "SETTLED", -(10**19))  # the clock is ahead of all these times
    turned_to = lambda: [os.utime(f, (second, second)) for f in changed.root.rglob("*")]  # noqa: E731
    turned_to()
    right_again(changed, undisturbed[0])
    file = changed.dataset / RAW
    file.write_text(file.read_text().replace(",23629911,", ",93629911,"))
    turned_to()
    assert "notebooks/01_prepare_imports.ipynb" in changed.make().new
    file.write_text(file.read_text().replace(",93629911,", ",23629911,"))
    turned_to()
    right_again(changed, undisturbed[0])


MEMORY = """
import resource, psutil
room = psutil.Process().memory_info().vms + 100_000_000
resource.setrlimit(resource.RLIMIT_AS, (room, room))
bytes(1_000_000_000)
"""


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import time\ntime.sleep(600)", "03_realised_cuts.ipynb cell 3: stopped after 0.3 minutes"),
        ("import os\nos._exit(3)", "03_realised_cuts.ipynb: "),
        ("import os\nos.kill(os.getpid(), 9)", "memory short? try --jobs 1"),
        (MEMORY, "03_realised_cuts.ipynb cell 3: MemoryError"),
    ],
    ids=["hangs", "ends", "is killed", "has no memory"],
)
def test_a_kernel_that_hangs_dies_or_starves_is_told_in_a_line(changed, undisturbed, code, words):
    before = contents(changed.report)
    changed.rewrite("03_realised_cuts", code)
    told_in_a_line(report(changed, "--cell-minutes", "0.3").end(), words)
    assert contents(changed.report) == before
    changed.rewrite("03_realised_cuts", CODE["03_realised_cuts"])
    right_again(changed, undisturbed[0])
