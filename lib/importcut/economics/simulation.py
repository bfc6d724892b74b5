"""How sure: draws of the assumptions, probabilities of the ranks, and which assumption matters."""

import zlib
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy.special import betainc

from importcut.dataset import Dataset
from importcut.schema import RANGE, conform, empty

DRAWN = ("vehicle_output", "intensity", "price_drift", "capacity_use", "ramp_pace", "delay_years", "success")
BY_PROJECT = ("capacity_use", "ramp_pace", "delay_years", "success")  # each project draws its own
Draws = dict[str, np.ndarray]  # of the assumptions, by name: [draws], or [draws, projects]
Outcome = Callable[[Draws], np.ndarray]  # a figure of the plan, by draws of the assumptions


def draws(ds: Dataset, n: int = 10_000, *, seed: int = 1) -> Draws:
    """Values of the scenario's assumptions: [n], or [n, projects] where each project draws its own.

    PERT distributions from low, value and high; success is drawn with the probability in the project's sheet.
    """
    drawn, own = {}, ds.scenario.get("projects", {})
    for name in filter(lambda name: _uncertain(ds, name), DRAWN):
        rng = np.random.default_rng([seed, zlib.crc32(name.encode())])  # scenarios are compared on the same numbers
        drawn[name] = _quantile(ds, name, rng.random((n, len(ds.projects)) if name in BY_PROJECT else n))
        for place, project in enumerate(ds.projects["project_id"]):
            if name in own.get(project, {}):  # what the scenario states of a single project is not drawn
                drawn[name][:, place] = own[project][name]
    return drawn


def pert(u: np.ndarray, low: float, mode: float, high: float) -> np.ndarray:
    """Quantiles of the PERT distribution (Malcolm et al. 1959), whose mean is (low + 4 mode + high) / 6."""
    if high == low:
        return np.full_like(u, mode)
    a, b = 1 + 4 * (mode - low) / (high - low), 1 + 4 * (high - mode) / (high - low)
    grid = np.linspace(0, 1, 2049)  # the inverse is interpolated: ten times faster, to five digits the same
    return low + (high - low) * np.interp(u, betainc(a, b, grid), grid)


def rank_probabilities(draws: pd.DataFrame) -> pd.DataFrame:
    """Probability of every rank (columns 1, 2, …) of each project (rows); adds up to 1 by row and by column.

    Parameters
    ----------
    draws : one row a draw, one column a project, the larger the better; ties are drawn by lot, with a fixed seed

    Examples
    --------
    >>> rank_probabilities(pd.DataFrame({"a": [3, 3, 1, 3], "b": [2, 2, 2, 2]}))
          1     2
    a  0.75  0.25
    b  0.25  0.75
    """
    values = draws.to_numpy(float)
    lot = np.random.default_rng(0).random(values.shape)
    order = np.lexsort((lot, -values), axis=1)
    ranks = np.argsort(order, axis=1)
    places = range(values.shape[1])
    counted = np.stack([(ranks == place).mean(axis=0) for place in places], axis=1)
    return pd.DataFrame(counted, index=draws.columns, columns=[place + 1 for place in places])


def certainty(outcomes: dict[str, pd.DataFrame], ds: Dataset) -> pd.DataFrame:
    """Table `certainty` of net cuts by basis, draws × projects: range, and probabilities of ranks and of the order."""
    tables = []
    for basis, drawn in outcomes.items():
        ranks = rank_probabilities(drawn)
        order = drawn.mean().sort_values(ascending=False).index
        beats = [(drawn[a] > drawn[b]).mean() for a, b in pairwise(order)]
        low, high = (drawn.quantile(q) for q in RANGE)
        about = pd.DataFrame({"net_low_usd": low, "mean_usd": drawn.mean(), "net_high_usd": high}).reindex(order)
        about["p_beats_next"] = [*beats, np.nan]
        long = ranks.rename_axis("project_id").melt(ignore_index=False, var_name="rank", value_name="probability")
        tables.append(long.join(about).reset_index().assign(basis=basis))
    return conform(pd.concat(tables), "certainty", frequency=ds.frequency) if tables else empty("certainty", ds)


def with_certainty(ranking: pd.DataFrame, certain: pd.DataFrame) -> pd.DataFrame:
    """The ranking with range, p_first and p_top3 of the planned bases."""
    if certain.empty:
        return ranking
    key = ["project_id", "basis"]
    known = certain.drop_duplicates(key).set_index(key)[["net_low_usd", "net_high_usd"]]
    known["p_first"] = certain[certain["rank"] == 1].set_index(key)["probability"]
    known["p_top3"] = certain[certain["rank"] <= 3].groupby(key)["probability"].sum().clip(upper=1.0)
    filled = ranking.set_index(key).drop(columns=list(known)).join(known)
    return ranking.assign(**{c: ranking[c].fillna(filled[c].reset_index(drop=True)) for c in known})


def tornado(ds: Dataset, outcome: Outcome) -> pd.DataFrame:
    """The outcome with each assumption alone at its low and its high value: assumption, low_usd, high_usd."""
    ranges = {name: np.array([_about(ds, name)[end] for end in ("low", "high")], float) for name in _ranged(ds)}
    ends = [outcome({name: values}) for name, values in ranges.items()]
    return pd.DataFrame(ends, columns=["low_usd", "high_usd"]).assign(assumption=list(ranges))


def sobol(ds: Dataset, outcome: Outcome, *, n: int = 1024, seed: int = 1) -> pd.DataFrame:
    """First-order and total Sobol indices (Saltelli et al. 2010) of the assumptions, each moving all projects."""
    from SALib.analyze import sobol as analysis
    from SALib.sample import sobol as sampling

    names = _ranged(ds)
    problem = {"num_vars": len(names), "names": names, "bounds": [[0.0, 1.0]] * len(names)}
    points = sampling.sample(problem, n, calc_second_order=False, seed=seed)
    values = np.concatenate([
        outcome({name: _quantile(ds, name, part[:, k]) for k, name in enumerate(names)})
        for part in np.array_split(points, max(1, len(points) // 4096))
    ])  # fmt: skip
    indices = analysis.analyze(problem, values, calc_second_order=False, seed=seed)
    return pd.DataFrame({"assumption": names, "first_order": indices["S1"], "total": indices["ST"]})


def sensitivity(ds: Dataset, outcome: Outcome, *, n: int = 1024) -> pd.DataFrame:
    """Table `sensitivity`: tornado and Sobol indices of an outcome, the assumption that matters most first."""
    if outcome is None or not _ranged(ds):
        return empty("sensitivity", ds)
    table = tornado(ds, outcome).merge(sobol(ds, outcome, n=n), on="assumption", validate="1:1")
    return conform(table.sort_values("total", ascending=False), "sensitivity", frequency=ds.frequency)


def portfolio_outcomes(
    ds: Dataset, drawn: Draws, evaluate: Callable[[Draws], dict[str, np.ndarray]], *, size: int = 2500
) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """Net cuts of the projects by basis, and the portfolio's gross cut by reading, draw by draw; `size` at a time.

    For some draws `evaluate` gives `net` and `gross`: [draws, projects, years], the target year last.
    """
    n, projects = len(next(iter(drawn.values()))), ds.projects["project_id"].to_numpy()
    parts = [evaluate({k: v[at : at + size] for k, v in drawn.items()}) for at in range(0, n, size)]
    net, gross = (np.concatenate([part[kind] for part in parts]) for kind in ("net", "gross"))
    nets = {"cumulative": net.sum(axis=2), "target_year": net[..., -1]}
    totals = pd.DataFrame({"annual": gross[..., -1].sum(axis=1), "cumulative": gross.sum(axis=(1, 2))})
    return {basis: pd.DataFrame(values, columns=projects) for basis, values in nets.items()}, totals


def _about(ds: Dataset, name: str) -> dict:
    return ds.scenario["assumptions"].get(name, {})


def _ranged(ds: Dataset) -> list[str]:
    """Assumptions with a range, which can move all projects together."""
    return [name for name in DRAWN if name != "success" and _uncertain(ds, name)]


def _uncertain(ds: Dataset, name: str) -> bool:
    about = _about(ds, name)
    return name == "success" or about.get("high", 0) > about.get("low", 0)


def _quantile(ds: Dataset, name: str, u: np.ndarray) -> np.ndarray:
    about = _about(ds, name)
    if name == "success":
        sheet = ds.projects["success_probability"].fillna(1)
        runs = ds.projects["project_id"].isin(ds.suppliers)
        return (u < sheet.where(~runs, 1).to_numpy()).astype(float)  # a project that delivers has succeeded
    return pert(u, about["low"], about["value"], about["high"])
