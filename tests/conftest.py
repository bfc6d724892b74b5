"""What several test files share."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import Phase, settings

from importcut.appraise import ranking, target_status
from importcut.clean import clean_imports
from importcut.counterfactual import Observed, estimates, identification, identified_cuts, observe, plant_cuts, spread
from importcut.dataset import open_dataset, published
from importcut.ledger import ledger
from importcut.measure import bridges, comparisons, mix_constant_prices, price_components, profile, rate_index
from importcut.panel import import_panel, quality, unrepaired
from importcut.planned import addressable, credited, plan, planned_cuts
from importcut.realised import counterfactual_imports, realised_cuts
from importcut.schema import load
from importcut.sources import read_declarations


@pytest.fixture(scope="session")
def repository():
    """The root of the checkout."""
    return Path(__file__).parents[1]


# no clock and no luck in a test; shrinking a failure by whole files takes minutes
settings.register_profile("steady", deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate])
settings.load_profile("steady")


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
    seen: Observed
    estimates: pd.DataFrame
    cuts: pd.DataFrame
    realised: pd.DataFrame
    expected: pd.DataFrame
    bridge: pd.DataFrame
    flows: pd.DataFrame
    planned: pd.DataFrame
    credit: pd.DataFrame
    ranking: pd.DataFrame
    target: pd.DataFrame
    ledger: pd.DataFrame


def _walk(name: str, period: str) -> Way:
    ds = open_dataset(name, period=period)
    files = read_declarations(ds)
    cleaned = clean_imports(files, ds)
    panel, findings = import_panel(cleaned.cells, ds)
    groups, served = ds.products.set_index("product_id")["group"], ds.deliveries[["product_id", "plant_id"]]
    prices = mix_constant_prices(panel, groups, ds.base_period, plants=served)
    seen = observe(ds, panel, prices, broken=unrepaired(findings))
    estimated = plant_cuts(seen)
    found = identification(seen, estimated)
    cuts = identified_cuts(estimated, found)
    basket = ["control_basket"]
    realised = realised_cuts(ds, cuts, found)
    made = ds.activity[ds.activity["scenario"].isna()]
    components = price_components(panel, groups, ds.base_period, plants=served)
    rates = rate_index(components, cleaned.cells, ds.exchange_rates, ds.base_period)
    caps = addressable(ds, panel, cuts)
    flows, intended = plan(ds, caps), plan(ds, addressable(ds, panel, cuts, as_planned=True))
    credit = credited(ds, caps)
    return Way(
        ds=ds, cells=cleaned.cells, rules=cleaned.rules, imports=load("imports", ds), quarantine=load("quarantine", ds),
        panel=panel, quality=quality(findings, cleaned.rules, ds),
        profile=profile(panel, ds.uses, frequency=ds.frequency), seen=seen,
        estimates=estimates(seen, spread(seen, basket), basket), cuts=cuts, realised=realised,
        expected=counterfactual_imports(panel, cuts, ds),
        bridge=bridges(panel, made, cuts, prices=prices, rates=rates, steps=comparisons(ds, panel)),
        flows=flows, planned=planned_cuts(ds, flows), credit=credit, ranking=ranking(ds, realised, credit),
        target=target_status(ds, planned_cuts(ds, flows), caps, realised),
        ledger=ledger(realised, intended, flows, ds, former=published(ds)),
    )  # fmt: skip


@pytest.fixture(scope="session")
def walk(tmp_path_factory):
    """Walks the whole way of a dataset, as of a period, with the processed tables aside."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IMPORTCUT_PROCESSED", str(tmp_path_factory.mktemp("processed")))
        yield _walk


@pytest.fixture(scope="session")
def sample(walk):
    return walk("sample", "2026Q3")


@pytest.fixture(scope="session")
def uzbekistan(walk):
    return walk("uzbekistan", "2024")
