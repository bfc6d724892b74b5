"""How sure: draws that keep their promises, probabilities that add up, and a known case."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from importcut.dataset import what_if
from importcut.economics.planning import addressable, yearly_cuts
from importcut.economics.simulation import (
    certainty,
    draws,
    pert,
    portfolio_outcomes,
    rank_probabilities,
    sensitivity,
    sobol,
    with_certainty,
)
from importcut.intake.opening import open_dataset


def test_two_normals_reproduce_the_known_probability():
    """N(10, 3) beats N(8, 4) with Φ(0.4) = 0.6554."""
    rng = np.random.default_rng(1)
    drawn = pd.DataFrame({"a": rng.normal(10, 3, 200_000), "b": rng.normal(8, 4, 200_000)})
    ranks = rank_probabilities(drawn)
    error = np.sqrt(0.6554 * 0.3446 / 200_000)
    assert ranks.loc["a", 1] == pytest.approx(0.6554, abs=4 * error)
    assert ranks.loc["b", 2] == ranks.loc["a", 1]


@given(arrays(float, st.tuples(st.integers(1, 30), st.integers(1, 6)), elements=st.integers(0, 3).map(float)))
def test_rank_probabilities_add_up_by_project_and_by_rank_also_with_ties(values):
    ranks = rank_probabilities(pd.DataFrame(values))
    assert ranks.sum(axis=0).tolist() == pytest.approx([1.0] * values.shape[1])
    assert ranks.sum(axis=1).tolist() == pytest.approx([1.0] * values.shape[1])


def test_projects_that_always_tie_share_the_ranks_by_lot():
    ranks = rank_probabilities(pd.DataFrame(np.zeros((20_000, 2)), columns=["a", "b"]))
    assert ranks.loc["a", 1] == pytest.approx(0.5, abs=0.02)


def test_pert_has_its_published_mean_and_stays_within_its_range():
    u = (np.arange(100_000) + 0.5) / 100_000
    values = pert(u, 0.6, 1.0, 1.2)
    assert values.mean() == pytest.approx((0.6 + 4 * 1.0 + 1.2) / 6, abs=1e-4)
    assert values.min() >= 0.6 and values.max() <= 1.2 and (np.diff(values) >= 0).all()
    assert pert(u[:3], 1.0, 1.0, 1.0).tolist() == [1.0] * 3


def test_a_seed_gives_the_same_draws_and_a_scenario_uses_the_same_random_numbers(sample):
    first, again = draws(sample.ds, 500, seed=3), draws(sample.ds, 500, seed=3)
    late = draws(open_dataset("sample", period="2026Q3", scenario="late"), 500, seed=3)
    for name in first:
        assert (first[name] == again[name]).all()
        assert name == "delay_years" or (first[name] == late[name]).all()
    assert np.corrcoef(first["delay_years"].ravel(), late["delay_years"].ravel())[0, 1] > 0.8


def test_success_is_drawn_with_the_sheets_probability_and_a_project_that_delivers_has_succeeded(sample):
    drawn = draws(sample.ds, 20_000)["success"].mean(axis=0)
    sheet = sample.ds.projects["success_probability"].to_numpy()
    runs = sample.ds.projects["project_id"].isin(sample.ds.deliveries["project_id"]).to_numpy()
    assert (drawn[runs] == 1).all()
    assert drawn[~runs] == pytest.approx(sheet[~runs], abs=0.015)


def test_a_projects_own_value_is_not_drawn(sample):
    asked = what_if(sample.ds, {"rubber_angren": {"delay_years": 2.0}})
    place = sample.ds.projects["project_id"].tolist().index("rubber_angren")
    drawn = draws(asked, 100)["delay_years"]
    assert (drawn[:, place] == 2.0).all() and drawn[:, place - 1].std() > 0


@pytest.fixture(scope="module")
def outcomes(sample):
    caps = addressable(sample.ds, sample.panel, sample.cuts)
    return portfolio_outcomes(sample.ds, draws(sample.ds, 2000), lambda d: yearly_cuts(sample.ds, caps, d), size=700)


def test_outcomes_do_not_depend_on_how_many_draws_are_computed_at_a_time(sample, outcomes):
    caps = addressable(sample.ds, sample.panel, sample.cuts)
    nets, totals = portfolio_outcomes(sample.ds, draws(sample.ds, 2000), lambda d: yearly_cuts(sample.ds, caps, d))
    assert totals.to_numpy() == pytest.approx(outcomes[1].to_numpy())
    assert nets["cumulative"].to_numpy() == pytest.approx(outcomes[0]["cumulative"].to_numpy())


def test_the_portfolio_adds_up_projects_in_the_last_year_and_over_all_years():
    """Two projects cut 1, 2, 4 and 10, 20, 40 net, and twice that gross, times the draw; two draws at a time."""
    ds = SimpleNamespace(projects=pd.DataFrame({"project_id": ["a", "b"]}))
    cuts = np.array([[1.0, 2.0, 4.0], [10.0, 20.0, 40.0]])

    def evaluate(drawn):
        net = drawn["success"][:, None, None] * cuts
        return {"net": net, "gross": 2 * net}

    nets, totals = portfolio_outcomes(ds, {"success": np.array([0.0, 1.0, 3.0])}, evaluate, size=2)
    assert nets["target_year"].to_dict("list") == {"a": [0, 4, 12], "b": [0, 40, 120]}
    assert nets["cumulative"].to_dict("list") == {"a": [0, 7, 21], "b": [0, 70, 210]}
    assert totals.to_dict("list") == {"annual": [0, 88, 264], "cumulative": [0, 154, 462]}


def test_the_ranking_takes_range_and_probabilities_from_the_draws(sample, outcomes):
    certain = certainty(outcomes[0], sample.ds)
    filled = with_certainty(sample.ranking, certain)
    planned = filled[filled["basis"].ne("realised_to_date")]
    assert planned[["net_low_usd", "net_high_usd", "p_first", "p_top3"]].notna().all(axis=None)
    assert planned.groupby("basis")["p_first"].sum().tolist() == pytest.approx([1.0, 1.0])
    assert planned.groupby("basis")["p_top3"].sum().tolist() == pytest.approx([3.0, 3.0])
    realised = filled[filled["basis"].eq("realised_to_date")]
    assert realised["p_first"].isna().all()
    pd.testing.assert_frame_equal(realised, sample.ranking[sample.ranking["basis"].eq("realised_to_date")])


def test_whoever_is_always_among_the_first_three_is_so_with_probability_one_and_not_above_it():
    """Ranked first, second and third in 1, 9 and 18 of 28 draws: in binary their sum is above one."""
    places = pd.DataFrame({"rank": [1, 2, 3], "probability": [1 / 28, 9 / 28, 18 / 28]})
    certain = places.assign(project_id="a", basis="cumulative", net_low_usd=1.0, net_high_usd=2.0)
    ranking = pd.DataFrame({"project_id": ["a", "b"], "basis": "cumulative"})
    ranking = ranking.assign(**dict.fromkeys(["net_low_usd", "net_high_usd", "p_first", "p_top3"], np.nan))
    filled = with_certainty(ranking, certain).set_index("project_id")
    assert filled.loc["a", ["net_low_usd", "net_high_usd", "p_first", "p_top3"]].tolist() == [1.0, 2.0, 1 / 28, 1.0]
    assert filled.loc["b", ["net_low_usd", "p_first"]].isna().all()


def test_a_sum_of_assumptions_has_the_variance_shares_as_sobol_indices(sample):
    """The outcome 3 × output + 1 × drift × 10 is linear: each index is its share of the variance."""

    def outcome(drawn):
        n = len(next(iter(drawn.values())))
        return 3 * drawn.get("vehicle_output", np.ones(n)) + 10 * drawn.get("price_drift", np.zeros(n))

    found = sobol(sample.ds, outcome, n=2048).set_index("assumption")
    about, u = sample.ds.scenario["assumptions"], (np.arange(100_000) + 0.5) / 100_000
    variance = {
        name: factor**2 * pert(u, *(about[name][end] for end in ("low", "value", "high"))).var()
        for name, factor in (("vehicle_output", 3), ("price_drift", 10))
    }
    total = sum(variance.values())
    for name, part in variance.items():
        assert found.loc[name, "first_order"] == pytest.approx(part / total, abs=0.03)
        assert found.loc[name, "total"] == pytest.approx(part / total, abs=0.03)
    assert found.loc["capacity_use", "total"] == pytest.approx(0, abs=1e-6)


def test_sensitivity_names_what_matters_most_first(sample):
    caps = addressable(sample.ds, sample.panel, sample.cuts)
    table = sensitivity(sample.ds, lambda d: yearly_cuts(sample.ds, caps, d)["net"].sum(axis=(1, 2)), n=128)
    assert table["total"].is_monotonic_decreasing and table["total"].iloc[0] > 0.3
    assert (table["high_usd"] != table["low_usd"]).all()


def test_a_dataset_without_assumptions_has_no_sensitivity(uzbekistan):
    assert sensitivity(uzbekistan.ds, lambda drawn: None).empty
