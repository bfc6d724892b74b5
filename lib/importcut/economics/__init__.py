"""Economics: from cells of imports to prices, cuts, plan, credit and certainty, table by table.

Its stages, each of which imports only those before it: indices (formulas) → panel → prices → decomposition (bridges)
→ series → methods → placebo → falsification (tests of a claim) → input_output → uncertainty (of records) → cuts
→ alternatives (other methods) → attribution (credit) → planning → cost_benefit → standing (ranking, target)
→ comparison (ledger, changes) → programme → simulation (of the plan). Notebook 03 shows the way from cells to cuts
step by step, notebook 06 each formula on its example.
"""

from dataclasses import dataclass, replace

import pandas as pd

from importcut.dataset import Dataset
from importcut.economics.cuts import (
    DELIVERIES,
    counterfactual_imports,
    falsification_tests,
    identification,
    identified_cuts,
    plant_cuts,
    realised_cuts,
)
from importcut.economics.methods import METHODS
from importcut.economics.panel import import_panel, unrepaired
from importcut.economics.prices import mix_constant_prices, price_components
from importcut.economics.programme import weights
from importcut.economics.series import Observed, observe
from importcut.schema import USE, DataError, one_of


@dataclass(frozen=True, eq=False)
class Way:
    """Everything between the cells of imports and the realised cuts."""

    panel: pd.DataFrame
    findings: pd.DataFrame  # on the quality of the panel
    prices: pd.DataFrame  # at constant mix, USD per kg
    observed: Observed  # the series, donors and cases that a method looks at
    estimates: pd.DataFrame  # from `plant_cuts`, whether they can be told or not
    identification: pd.DataFrame  # the reason why a cut cannot be told, and the placebo test
    tests: pd.DataFrame  # table `tests`
    cuts: pd.DataFrame  # the estimates that are credited to a project
    realised: pd.DataFrame  # table `cuts_realised`
    expected: pd.DataFrame  # table `counterfactual`
    estimated: pd.DataFrame  # the same with every estimate, told or not


def way(ds: Dataset, cells: pd.DataFrame, method: str | None = None) -> Way:
    """The one way from cells of imports to realised cuts.

    Raises DataError if nothing was imported in the base period.

    Parameters
    ----------
    cells : table `cells` (USD, kg), of which the periods up to `ds.period` are used
    method : of the counterfactual, by default the dataset's own
    """
    panel, findings = import_panel(cells, ds)
    groups, served = ds.products.set_index("product_id")["group"], ds.deliveries[USE]
    prices = mix_constant_prices(panel, groups, ds.base_period, plants=served)
    observed = observe(ds, panel, prices, broken=unrepaired(findings))
    return by_method(Way(panel, findings, prices, observed, *[pd.DataFrame()] * 7), method)


def obstacles(ds: Dataset, cells: pd.DataFrame) -> list[str]:
    """Why no report can be made of table `cells`, in the words of the first step that cannot go on; none if it can."""
    try:
        panel, _ = import_panel(cells, ds)
        price_components(panel, ds.products.set_index("product_id")["group"], ds.base_period)
        weights(ds)
    except DataError as error:
        return [str(error)]
    return []


def by_method(walked: Way, method: str | None = None) -> Way:
    """The same way from the series on, by another method of the counterfactual."""
    ds = walked.observed.ds
    if method not in (None, ds.counterfactual):
        ds = replace(ds, counterfactual=one_of("method", method, [DELIVERIES, *METHODS]))
    observed = replace(walked.observed, ds=ds)
    estimates = plant_cuts(observed)
    identified = identification(observed, estimates)
    cuts = identified_cuts(estimates, identified)
    return replace(
        walked,
        observed=observed,
        estimates=estimates,
        identification=identified,
        tests=falsification_tests(observed),
        cuts=cuts,
        realised=realised_cuts(ds, estimates, identified),
        expected=counterfactual_imports(walked.panel, cuts, ds),
        estimated=counterfactual_imports(walked.panel, estimates, ds),
    )
