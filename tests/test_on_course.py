"""What today leads to, drawn once more: a loop written from the method, without the library's plan, credit or draws."""

from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta, norm

from importcut.economics.planning import addressable, yearly_cuts
from importcut.economics.simulation import draws, portfolio_outcomes
from importcut.economics.standing import ranking, target_status

N = 1_000
STEPS = 12  # of a quarter, over which the ramp-up is added up
QUARTERS = pd.period_range("2026Q4", "2030Q4", freq="Q")
NOW = 2026.75  # the report's period ends


def assumed(ds, name):
    about = ds.scenario["assumptions"][name]
    return about["low"], about["value"], about["high"]


def quantile(u, low, mode, high):
    return low + (high - low) * beta.ppf(u, 1 + 4 * (mode - low) / (high - low), 1 + 4 * (high - mode) / (high - low))


def requirement(sample, product):
    """Kilograms a quarter that can be made at home as planned: use per vehicle of 2024 × vehicles planned × share."""
    base, activity, total = sample.panel[sample.panel["period"].dt.year.eq(2024)], sample.ds.activity, 0.0
    for plant, cells in base[base["product_id"].eq(product)].groupby("plant_id"):
        own = activity[activity["plant_id"].eq(plant)]
        made = own[own["scenario"].isna() & own["period"].dt.year.eq(2024)]["vehicles"].sum()
        planned = own[own["scenario"].eq("base")].set_index("period")["vehicles"].reindex(QUARTERS).to_numpy()
        total = total + cells["net_kg"].sum() / made * planned
    share = sample.ds.products.set_index("product_id")["localisable_share"].fillna(1)[product]
    return total * share


def capacity_run(row, delivers, delay, pace):
    """Share of the yearly capacity that runs in each quarter."""
    middle = NOW + (np.arange(len(QUARTERS) * STEPS) + 0.5) / STEPS / 4
    year, month = map(int, row.first_output.split("-"))
    start = year + (month - 1) / 12
    climbed = (NOW - start) + pace * (middle - NOW) if delivers else pace * (middle - start - delay)
    ramp = np.array([float(share) for share in row.ramp_up.split(";")])
    level = np.where(climbed < 0, 0.0, ramp[np.clip(climbed.astype(int), 0, len(ramp) - 1)])
    return level.reshape(len(QUARTERS), STEPS).mean(axis=1) / 4


def credit(supplies, cap, worth):
    """Each supplier's share by quarter: the mean of what it adds over all orders of arrival, in dollars."""

    def total(group):
        supplied = sum((supplies[k] for k in group), np.zeros(len(cap)))
        flows = np.minimum(1, cap / np.where(supplied > 0, supplied, 1))
        return sum((supplies[k] * flows * worth[k] for k in group), np.zeros(len(cap)))

    shares = dict.fromkeys(supplies, 0.0)
    orders = list(permutations(supplies))  # of one supplier there is one
    for order in orders:
        for place, k in enumerate(order):
            shares[k] = shares[k] + (total(order[: place + 1]) - total(order[:place])) / len(orders)
    return shares


@pytest.fixture(scope="module")
def looped(sample):
    """Cuts to 2030, gross and net, draw by draw: draws × projects."""
    ds, rng = sample.ds, np.random.default_rng(20261127)
    projects = ds.projects.set_index("project_id")
    sheet = ds.project_products.merge(ds.projects[["project_id", "first_output"]], on="project_id")
    delivers = set(ds.deliveries.loc[ds.deliveries["period"] <= ds.period, "project_id"])
    one = {name: quantile(rng.random(N), *assumed(ds, name)) for name in ("vehicle_output", "intensity", "price_drift")}
    own = {"ramp_pace": quantile(rng.random((N, len(projects))), *assumed(ds, "ramp_pace"))}
    for name in ("capacity_use", "delay_years"):
        common, alone = rng.normal(size=(N, 1)), rng.normal(size=(N, len(projects)))
        own[name] = quantile(norm.cdf(np.sqrt(0.5) * common + np.sqrt(0.5) * alone), *assumed(ds, name))
    lucky = rng.random((N, len(projects))) < projects["success_probability"].to_numpy()
    place = {project: k for k, project in enumerate(projects.index)}
    base = sample.panel[sample.panel["period"].dt.year.eq(2024)].groupby("product_id")[["value_usd", "net_kg"]].sum()
    done = sample.realised[sample.realised["identified"]].groupby("project_id")[["gross_usd", "net_usd"]].sum()
    years = np.array([quarter.year - 2026 for quarter in QUARTERS])
    caps = {product: requirement(sample, product) for product in sheet["product_id"].unique()}
    cuts = {kind: np.zeros((N, len(projects))) for kind in ("gross", "net")}
    for k in range(N):
        level = (1 + one["price_drift"][k]) ** years
        for product, rows in sheet.groupby("product_id"):
            price = base.loc[product, "value_usd"] / base.loc[product, "net_kg"] * level
            cap, supplies, worth = caps[product] * one["vehicle_output"][k] * one["intensity"][k], {}, {}
            for row in rows.itertuples():
                j, runs = place[row.project_id], row.project_id in delivers
                run = capacity_run(row, runs, own["delay_years"][k, j], own["ramp_pace"][k, j])
                a_year = row.capacity * row.kg_per_unit * row.use * row.plant_share * row.replaces_kg
                supplies[j] = a_year * own["capacity_use"][k, j] * (runs or lucky[k, j]) * run
                worth[j] = price - row.imported_input_usd_per_kg / row.replaces_kg * level
            for kind, values in (("gross", dict.fromkeys(worth, price)), ("net", worth)):
                for j, usd in credit(supplies, cap, values).items():
                    cuts[kind][k, j] += usd.sum()
    known = {kind: done[f"{kind}_usd"].reindex(projects.index).fillna(0).to_numpy() for kind in cuts}
    return {kind: pd.DataFrame(usd + known[kind], columns=projects.index) for kind, usd in cuts.items()}


@pytest.fixture(scope="module")
def outcomes(sample):
    caps = addressable(sample.ds, sample.panel, sample.cuts)
    return portfolio_outcomes(sample.ds, draws(sample.ds), lambda d: yearly_cuts(sample.ds, caps, d, sample.realised))


def within(first, second, n):
    """Whether two shares of draws differ by no more than four standard errors."""
    p = (first + second) / 2
    return abs(first - second) <= 4 * np.sqrt(max(p * (1 - p), 1e-4) * (1 / N + 1 / n))


@pytest.mark.ci
def test_the_probability_of_the_target_is_that_of_an_independent_loop(sample, outcomes, looped):
    """With realised quarters and shared shocks; so are spread and quantiles of the gross total."""
    caps = addressable(sample.ds, sample.panel, sample.cuts)
    target = target_status(sample.ds, sample.planned, sample.flows, caps, sample.realised, outcomes=outcomes)
    [summed] = target[target["reading"].eq("cumulative")].to_dict("records")
    loop, total = looped["gross"].sum(axis=1), outcomes["cumulative"]["gross"].sum(axis=1)
    assert within(summed["p_reached"], (loop >= 69e6).mean(), len(total)) and 0 < summed["p_reached"] < 0.1
    for usd in (summed["on_course_low_usd"], 61e6, summed["on_course_high_usd"]):
        assert within((total >= usd).mean(), (loop >= usd).mean(), len(total)), usd
    assert total.std() == pytest.approx(loop.std(), rel=4 * np.sqrt(0.5 * (1 / N + 1 / len(total))))
    assert total.mean() == pytest.approx(loop.mean(), abs=4 * loop.std() * np.sqrt(1 / N + 1 / len(total)))


@pytest.mark.ci
def test_no_rank_hangs_on_delays_that_cannot_be_any_more(sample, outcomes, looped):
    """Third to 2030 are two that deliver: the loop says as often which."""
    table = ranking(sample.ds, sample.realised, sample.credit, outcomes=outcomes)
    ranked = table[table["basis"].eq("cumulative")].set_index("project_id")
    places = looped["net"].rank(axis=1, ascending=False)
    for project in ranked.index:
        assert within(ranked.loc[project, "p_top3"], (places[project] <= 3).mean(), 10_000), project
        assert within(ranked.loc[project, "p_first"], (places[project] == 1).mean(), 10_000), project
    contenders = ranked[ranked["p_top3"].between(0.01, 0.99)]
    assert set(contenders.index) <= sample.ds.suppliers and len(contenders) == 2
