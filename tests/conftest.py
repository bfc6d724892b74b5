"""What several test files share, and what both workers of a run do: made by the one who asks first."""

import copyreg
import gc
import pickle
import shutil
import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import pandas as pd
import pytest
from hypothesis import Phase, settings

from importcut.app.run import make_report
from importcut.economics import way
from importcut.economics.alternatives import estimates
from importcut.economics.comparison import ledger
from importcut.economics.decomposition import bridges, comparisons
from importcut.economics.panel import profile, quality
from importcut.economics.planning import addressable, credited, plan, planned_cuts
from importcut.economics.prices import price_components, rate_index
from importcut.economics.series import Observed
from importcut.economics.standing import ranking, target_status
from importcut.intake.clean import clean_imports
from importcut.intake.declarations import read_declarations
from importcut.intake.opening import open_dataset
from importcut.intake.publication import published
from importcut.language import languages
from importcut.schema import load
from workshop import first_report, no_kernel, shop  # noqa: F401

AGAIN = {"ru", "uz-Latn"}  # the scripts of en and uz-Cyrl once more


@pytest.fixture(scope="session")
def repository():
    """The root of the checkout."""
    return Path(__file__).parents[1]


# no clock and no luck in a test; shrinking a failure by whole files takes minutes
settings.register_profile("steady", deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate])
settings.register_profile("quick", settings.get_profile("steady"), max_examples=10)


def pytest_configure(config):
    """Every example where all tests run, else ten."""
    settings.load_profile("quick" if config.option.markexpr == "not ci" else "steady")


@pytest.fixture(scope="session")
def everything(pytestconfig):
    """Whether all tests run, as in CI, and may take longer."""
    return pytestconfig.option.markexpr != "not ci"


def pytest_collection_modifyitems(config, items):
    """Files marked long begin first (with --no-loadscope-reorder), so that both workers end together.

    Where not all tests run, those of every language run in two, one of each script.
    """
    items.sort(key=lambda item: item.get_closest_marker("long") is None)
    if config.option.markexpr == "not ci":
        spoken = {item: item.callspec.params for item in items if hasattr(item, "callspec")}
        again = {item for item, of in spoken.items() if {of.get("language"), of.get("say")} & AGAIN}
        config.hook.pytest_deselected(items=[*again])
        items[:] = [item for item in items if item not in again]


def pytest_collection_finish():
    """What is imported stays, and is not searched for cycles again and again."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


@pytest.fixture(scope="session")
def shared(tmp_path_factory, worker_id):
    """A folder that is the same for all workers of a run."""
    own = tmp_path_factory.getbasetemp()
    return own if worker_id == "master" else own.parent


@contextmanager
def in_turn(lock):
    """One worker at a time; the others wait."""
    with closing(sqlite3.connect(lock, timeout=600)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        yield


@pytest.fixture(scope="session")
def published_reports(shared, everything):
    """Folder of reports of both datasets, as they are published, and their tables.

    Where all tests run, the sample is in every language and format, else a page in English.

    What the first worker has made is up to date for the second.
    """
    folder = shared / "published-reports"
    folder.mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch, in_turn(folder / "lock"):
        patch.setenv("IMPORTCUT_PROCESSED", str(folder / "processed"))
        extent = {"languages": languages()} if everything else {"formats": ["html"]}
        make_report("sample", period="2026Q3", out=folder / "reports", **extent)
        make_report("uzbekistan", period="2024", formats=["html"], out=folder / "reports")
    return folder / "reports", folder / "processed"


@pytest.fixture(scope="session")
def browser():
    """One browser for all pages that a worker opens."""
    from playwright.sync_api import sync_playwright

    if shutil.which("chromium") is None:
        pytest.skip("no chromium here: apt-get install chromium")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])


@pytest.fixture
def offline(browser):
    """Opens pages with the net off; what went wrong on one is in its `faults`."""
    contexts = []

    def opened(address, width, **options):
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        context.set_offline(True)
        page = context.new_page()
        page.faults = []
        page.on("console", lambda said: page.faults.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        page.on("requestfailed", lambda request: page.faults.append(f"failed: {request.url[:200]}"))
        page.on(
            "request", lambda r: None if r.url.startswith(("file:", "data:", "blob:")) else page.faults.append(r.url)
        )
        page.goto(address)
        return page

    yield opened
    for context in contexts:
        context.close()


@dataclass(frozen=True)
class Way:
    """Everything between a dataset's raw files and its ranking."""

    ds: object
    cells: pd.DataFrame
    rules: pd.DataFrame
    imports: pd.DataFrame
    quarantine: pd.DataFrame
    panel: pd.DataFrame
    quality: pd.DataFrame
    profile: pd.DataFrame
    observed: Observed
    estimates: pd.DataFrame
    cuts: pd.DataFrame
    realised: pd.DataFrame
    expected: pd.DataFrame
    tests: pd.DataFrame
    bridge: pd.DataFrame
    flows: pd.DataFrame
    planned: pd.DataFrame
    credit: pd.DataFrame
    ranking: pd.DataFrame
    target: pd.DataFrame
    ledger: pd.DataFrame


def received(name: str, period: str) -> tuple:
    """A dataset with what was read of it: cleaned imports, those in full, what was set aside, what was given out."""
    ds = open_dataset(name, period=period)
    cleaned = clean_imports(read_declarations(ds), ds)
    return ds, cleaned, load("imports", ds), load("quarantine", ds), published(ds)


def _walk(name: str, period: str) -> Way:
    ds, cleaned, imports, quarantine, former = received(name, period)
    walked = way(ds, cleaned.cells)
    basket = ["control_basket" if ds.counterfactual == "deliveries" else ds.counterfactual]
    panel, cuts, realised = walked.panel, walked.cuts, walked.realised
    groups, served = ds.products.set_index("product_id")["group"], ds.deliveries[["product_id", "plant_id"]]
    made = ds.activity[ds.activity["scenario"].isna()]
    components = price_components(panel, groups, ds.base_period, plants=served)
    rates = rate_index(components, cleaned.cells, ds.exchange_rates, ds.base_period)
    caps = addressable(ds, panel, cuts)
    flows, attainable = plan(ds, caps), plan(ds, addressable(ds, panel, cuts, as_planned=False))
    credit = credited(ds, caps)
    return Way(
        ds=ds, cells=cleaned.cells, rules=cleaned.rules, imports=imports, quarantine=quarantine,
        panel=panel, quality=quality(walked.findings, cleaned.rules, ds),
        profile=profile(panel, ds.uses, frequency=ds.frequency), observed=walked.observed,
        estimates=estimates(walked.observed, basket), cuts=cuts, realised=realised,
        expected=walked.expected, tests=walked.tests,
        bridge=bridges(panel, made, cuts, prices=walked.prices, rates=rates, steps=comparisons(ds, panel)),
        flows=flows, planned=planned_cuts(ds, flows), credit=credit, ranking=ranking(ds, realised, credit),
        target=target_status(ds, planned_cuts(ds, flows), flows, caps, realised),
        ledger=ledger(realised, flows, attainable, ds, former=former),
    )  # fmt: skip


def _frozen(entries):
    return MappingProxyType(entries)


copyreg.pickle(MappingProxyType, lambda frozen: (_frozen, (dict(frozen),)))  # the registers of a dataset


@pytest.fixture(scope="session")
def walk(shared, tmp_path_factory):
    """Walks the whole way of a dataset, as of a period, with the processed tables aside; no worker walks it again."""
    folder = shared / "walks"
    folder.mkdir(exist_ok=True)

    def walked(name, period):
        kept = folder / f"{Path(name).name}-{period}.pickle"
        with in_turn(kept.with_suffix(".lock")):
            if not kept.exists():
                kept.write_bytes(pickle.dumps(_walk(name, period)))
            return pickle.loads(kept.read_bytes())

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IMPORTCUT_PROCESSED", str(tmp_path_factory.mktemp("processed")))
        yield walked


@pytest.fixture(scope="session")
def sample(walk):
    return walk("sample", "2026Q3")


@pytest.fixture(scope="session")
def uzbekistan(walk):
    return walk("uzbekistan", "2024")


@pytest.fixture(scope="session")
def annual(walk, repository):
    """Twenty-four lines summed over constant partners, by the control basket."""
    return walk(str(repository / "tests" / "cases" / "annual"), "2024")
