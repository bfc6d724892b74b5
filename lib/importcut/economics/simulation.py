"""How sure: draws of the assumptions, probabilities of the ranks, and which assumption matters."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from importcut.dataset import Dataset, assumption, in_years
from importcut.economics.uncertainty import DRAWS, Outcomes, chances, headlines, pert, rank_probabilities, stream
from importcut.schema import conform, empty

DRAWN = ("vehicle_output", "intensity", "price_drift", "capacity_use", "ramp_pace", "delay_years", "success")
BY_PROJECT = ("capacity_use", "ramp_pace", "delay_years", "success")  # each project draws its own
IN_COMMON = ("capacity_use", "delay_years")  # in which projects share a part of their luck: `common_share`
Draws = dict[str, np.ndarray]  # of the assumptions, by name: [draws], or [draws, projects]
Figure = Callable[[Draws], np.ndarray]  # a figure of the plan, by draws of the assumptions


def draws(ds: Dataset, n: int = DRAWS, *, seed: int = 1) -> Draws:
    """Values of the scenario's assumptions: [n], or [n, projects] where each project draws its own.

    PERT distributions from low, value and high; success is drawn with the probability in the project's sheet. Delays
    and use of capacity of two projects correlate by the scenario's common_share (Gaussian copula).
    """
    return _assumed(ds, {name: stream(name, (n, _numbers(ds, name)), seed) for name in _uncertain(ds)})


def _assumed(ds: Dataset, numbers: Draws) -> Draws:
    """Values of the assumptions by uniform random numbers: [draws, numbers of that assumption]."""
    from scipy.special import ndtr, ndtri

    drawn, own, share = {}, ds.scenario.get("projects", {}), assumption(ds, "common_share")
    for name, u in numbers.items():
        if name in IN_COMMON:
            u = ndtr(np.sqrt(share) * ndtri(u[:, :1]) + np.sqrt(1 - share) * ndtri(u[:, 1:]))
        drawn[name] = _quantile(ds, name, u if name in BY_PROJECT else u[:, 0])
        for place, project in enumerate(ds.projects["project_id"]):
            if name in own.get(project, {}):  # what the scenario states of a single project is not drawn
                drawn[name][:, place] = own[project][name]
    return drawn


def certainty(outcomes: Outcomes, ds: Dataset) -> pd.DataFrame:
    """Table `certainty` by basis: ranges, and probabilities of ranks and of the order, of what is drawn."""
    tables = []
    for basis, drawn in ((basis, drawn) for basis, drawn in outcomes.items() if drawn):
        about = chances(drawn)
        long = rank_probabilities(headlines(drawn)[about.index]).rename_axis("project_id")
        long = long.melt(ignore_index=False, var_name="rank", value_name="probability")
        tables.append(long.join(about).reset_index().assign(basis=basis))
    return conform(pd.concat(tables), "certainty", frequency=ds.frequency) if tables else empty("certainty", ds)


def tornado(ds: Dataset, outcome: Figure) -> pd.DataFrame:
    """The outcome with each assumption alone at its low and its high value: assumption, low_usd, high_usd."""
    stated = ds.scenario["assumptions"]
    ranges = {name: np.array([stated[name]["low"], stated[name]["high"]], float) for name in _ranged(ds)}
    ends = [outcome({name: values}) for name, values in ranges.items()]
    return pd.DataFrame(ends, columns=["low_usd", "high_usd"]).assign(assumption=list(ranges))


def sobol(ds: Dataset, outcome: Figure, *, n: int = 1024, seed: int = 1) -> pd.DataFrame:
    """First-order and total Sobol indices (Saltelli et al. 2010) of the assumptions as they are drawn.

    What is drawn of an assumption, in common and by project, is one group; limits (…_conf) at 95 per cent.
    """
    from SALib.analyze import sobol as analysis
    from SALib.sample import sobol as sampling

    groups = [name for name in _uncertain(ds) for _ in range(_numbers(ds, name))]
    problem = {"num_vars": len(groups), "names": [f"{name} {k}" for k, name in enumerate(groups)], "groups": groups}
    points = sampling.sample(problem | {"bounds": [[0.0, 1.0]] * len(groups)}, n, calc_second_order=False, seed=seed)
    places = {name: np.flatnonzero(np.array(groups) == name) for name in _uncertain(ds)}
    values = np.concatenate([
        outcome(_assumed(ds, {name: part[:, place] for name, place in places.items()}))
        for part in np.array_split(points, max(1, len(points) // 4096))
    ])  # fmt: skip
    indices = analysis.analyze(problem, values, calc_second_order=False, seed=seed)
    columns = {"first_order": "S1", "first_order_conf": "S1_conf", "total": "ST", "total_conf": "ST_conf"}
    return pd.DataFrame({"assumption": list(places)} | {column: indices[index] for column, index in columns.items()})


def sensitivity(ds: Dataset, outcome: Figure, *, n: int = 1024) -> pd.DataFrame:
    """Table `sensitivity`: tornado and Sobol indices of an outcome, the assumption that matters most first."""
    if outcome is None or not _ranged(ds):
        return empty("sensitivity", ds)
    table = sobol(ds, outcome, n=n).merge(tornado(ds, outcome), on="assumption", how="left", validate="1:1")
    return conform(table.sort_values("total", ascending=False), "sensitivity", frequency=ds.frequency)


def portfolio_outcomes(
    ds: Dataset, drawn: Draws, evaluate: Callable[[Draws], dict[str, np.ndarray]], *, size: int = 2500
) -> Outcomes:
    """Cuts of the projects by basis, draw by draw; `size` at a time.

    For some draws `evaluate` gives `net` and `gross`: [draws, projects, years], the target year last.
    """
    n, projects = len(next(iter(drawn.values()))), ds.projects["project_id"].to_numpy()
    parts = [evaluate({k: v[at : at + size] for k, v in drawn.items()}) for at in range(0, n, size)]
    whole = {kind: np.concatenate([part[kind] for part in parts]) for kind in ("gross", "net")}
    spans = {"cumulative": slice(None), "target_year": slice(-1, None)}
    return {
        basis: {kind: pd.DataFrame(usd[..., span].sum(axis=2), columns=projects) for kind, usd in whole.items()}
        for basis, span in spans.items()
    }


def _ranged(ds: Dataset) -> list[str]:
    """Assumptions with a range, which can move all projects together."""
    stated = ds.scenario["assumptions"]
    return [name for name in DRAWN if name in stated and stated[name].get("high", 0) > stated[name].get("low", 0)]


def _uncertain(ds: Dataset) -> list[str]:
    """Assumptions that are drawn: those with a range, and success."""
    return [name for name in DRAWN if name == "success" or name in _ranged(ds)]


def _numbers(ds: Dataset, name: str) -> int:
    """Random numbers that a draw of an assumption takes: one in common, one for each project."""
    return (name not in BY_PROJECT or name in IN_COMMON) + (name in BY_PROJECT) * len(ds.projects)


def _quantile(ds: Dataset, name: str, u: np.ndarray) -> np.ndarray:
    runs, least = ds.projects["project_id"].isin(ds.suppliers), -np.inf
    if name == "success":
        sheet = ds.projects["success_probability"].fillna(1)
        return (u < sheet.where(~runs, 1).to_numpy()).astype(float)  # a project that delivers has succeeded
    if name == "delay_years" and len(ds.deliveries):
        first = in_years(pd.PeriodIndex(ds.projects["first_output"], freq="M"))
        late = in_years((ds.period + 1).start_time) - first  # what is due and delivers nothing is that late already
        least = np.where(runs, -np.inf, late)
    return pert(u, *(ds.scenario["assumptions"][name][end] for end in ("low", "value", "high")), least=least)
