"""How sure: draws that keep their promises, probabilities that add up, and a known case."""

from dataclasses import replace
from types import MappingProxyType, SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from importcut.economics.planning import addressable, yearly_cuts
from importcut.economics.simulation import certainty, draws, portfolio_outcomes, sensitivity, sobol
from importcut.economics.standing import ranking
from importcut.economics.uncertainty import delivery_outcome, pert, rank_probabilities
from importcut.intake.opening import open_dataset
from importcut.intake.scenario import what_if


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
    return portfolio_outcomes(
        sample.ds, draws(sample.ds, 2000), lambda d: yearly_cuts(sample.ds, caps, d, sample.realised), size=700
    )


def test_outcomes_do_not_depend_on_how_many_draws_are_computed_at_a_time(sample, outcomes):
    caps = addressable(sample.ds, sample.panel, sample.cuts)
    whole = portfolio_outcomes(
        sample.ds, draws(sample.ds, 2000), lambda d: yearly_cuts(sample.ds, caps, d, sample.realised)
    )
    for basis, drawn in whole.items():
        for kind, cuts in drawn.items():
            assert cuts.to_numpy() == pytest.approx(outcomes[basis][kind].to_numpy()), (basis, kind)


def test_the_portfolio_adds_up_projects_in_the_last_year_and_over_all_years():
    """Two projects cut 1, 2, 4 and 10, 20, 40 net, and twice that gross, times the draw; two draws at a time."""
    ds = SimpleNamespace(projects=pd.DataFrame({"project_id": ["a", "b"]}))
    cuts = np.array([[1.0, 2.0, 4.0], [10.0, 20.0, 40.0]])

    def evaluate(drawn):
        net = drawn["success"][:, None, None] * cuts
        return {"net": net, "gross": 2 * net}

    drawn = portfolio_outcomes(ds, {"success": np.array([0.0, 1.0, 3.0])}, evaluate, size=2)
    assert drawn["target_year"]["net"].to_dict("list") == {"a": [0, 4, 12], "b": [0, 40, 120]}
    assert drawn["cumulative"]["net"].to_dict("list") == {"a": [0, 7, 21], "b": [0, 70, 210]}
    assert drawn["target_year"]["gross"].sum(axis=1).tolist() == [0, 88, 264]


def test_the_ranking_takes_range_and_probabilities_from_the_draws(sample, outcomes):
    table = ranking(sample.ds, sample.realised, sample.credit, outcomes=outcomes)
    known, sure = table.dropna(subset="rank"), ["net_low_usd", "net_high_usd", "gross_low_usd", "p_first", "p_top3"]
    assert known[sure].notna().all(axis=None) and table.loc[table["rank"].isna(), sure].isna().all(axis=None)
    assert known.groupby("basis")["p_first"].sum().tolist() == pytest.approx([1.0] * 3)
    assert known.groupby("basis")["p_top3"].sum().tolist() == pytest.approx([3.0] * 3)
    assert (known["p_beats_next"].isna() == known["rank"].eq(known.groupby("basis")["rank"].transform("max"))).all()
    bare = ranking(sample.ds, sample.realised, sample.credit)
    same = bare["basis"].eq("realised_to_date")
    pd.testing.assert_frame_equal(bare[same], table[table["basis"].eq("realised_to_date")])
    assert bare.loc[~same, sure].isna().all(axis=None), "of the plan nothing was drawn"


def test_certainty_says_of_each_basis_what_the_ranking_says(sample, outcomes):
    bases = {"realised_to_date": delivery_outcome(sample.ds, sample.realised)} | outcomes
    certain = certainty(bases, sample.ds)
    ranked = ranking(sample.ds, sample.realised, sample.credit, outcomes=outcomes).set_index(["basis", "project_id"])
    first = certain[certain["rank"].eq(1)].set_index(["basis", "project_id"])
    assert set(certain["basis"]) == {"realised_to_date", "target_year", "cumulative"}
    for column, same in (
        ("net_low_usd", "net_low_usd"),
        ("gross_high_usd", "gross_high_usd"),
        ("probability", "p_first"),
    ):
        assert first[column].to_numpy() == pytest.approx(ranked[same].reindex(first.index).to_numpy()), column
    assert certainty({"realised_to_date": {}}, sample.ds).empty


def test_a_sum_of_assumptions_has_the_variance_shares_as_sobol_indices(sample):
    """The outcome 3 × output + 1 × drift × 10 is linear: each index is its share of the variance."""

    def outcome(drawn):
        n = len(next(iter(drawn.values())))
        return 3 * drawn.get("vehicle_output", np.ones(n)) + 10 * drawn.get("price_drift", np.zeros(n))

    found = sobol(sample.ds, outcome, n=2048).set_index("assumption")
    assert found.loc["success", ["first_order", "total"]].tolist() == pytest.approx([0, 0], abs=1e-6)
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


def test_the_share_of_a_project_by_project_assumption_is_that_of_what_is_drawn_of_it(sample):
    """The mean use of all projects: with a common share it hardly averages out, without one it does by their number."""
    n, drift = len(sample.ds.projects), lambda drawn: drawn.get("price_drift", 0.0)
    draw, shares = draws(sample.ds, 20_000), {}
    for share in (0.0, 1.0):
        ds = what_if(sample.ds, {}, assumptions={"common_share": share})
        found = sobol(ds, lambda d: d["capacity_use"].mean(axis=1) + drift(d), n=1024).set_index("assumption")
        shares[share] = found.loc["capacity_use", "total"]
        use = draw["capacity_use"][:, 0].var() * (share + (1 - share) / n)
        expected = use / (use + draw["price_drift"].var())
        assert shares[share] == pytest.approx(expected, abs=found.loc["capacity_use", "total_conf"] + 0.02)
    assert shares[0.0] < shares[1.0]


def test_sensitivity_names_what_matters_most_first_and_total_is_not_below_first_order(sample):
    caps = addressable(sample.ds, sample.panel, sample.cuts)

    def net(drawn):
        return yearly_cuts(sample.ds, caps, drawn, sample.realised, kinds=["net"])["net"].sum(axis=(1, 2))

    table = sensitivity(sample.ds, net, n=128)
    assert table["total"].is_monotonic_decreasing and table["total"].iloc[0] > 0.3
    limits = np.hypot(table["first_order_conf"], table["total_conf"])
    assert (table["first_order"] - table["total"] < 2 * limits).all() and (table["total_conf"] > 0).all()
    ranged = table[table["assumption"].ne("success")]
    assert (ranged["high_usd"] != ranged["low_usd"]).all() and len(ranged) == len(table) - 1


def test_delays_and_use_of_capacity_of_two_projects_correlate_by_their_common_share(sample):
    """A normal copula: Spearman's correlation is 6/π · asin(share / 2)."""
    for share in (0.5, 0.0):
        drawn = draws(what_if(sample.ds, {}, assumptions={"common_share": share}), 20_000)
        for name, other in (("capacity_use", False), ("delay_years", False), ("ramp_pace", True)):
            rho = pd.DataFrame(drawn[name][:, [5, 9]]).corr("spearman").iloc[0, 1]
            assert rho == pytest.approx(0 if other else 6 / np.pi * np.arcsin(share / 2), abs=0.03), name


def test_what_is_due_and_delivers_nothing_is_late_already(sample):
    """Half a year late: what is drawn is the rest of the distribution, above half a year."""
    late = sample.ds.projects.assign(first_output=sample.ds.projects["first_output"].mask(
        sample.ds.projects["project_id"].eq("fluids_jizzakh"), "2026-04"))  # fmt: skip
    ds = replace(sample.ds, registers=MappingProxyType(dict(sample.ds.registers) | {"projects": late}))
    place = ds.projects["project_id"].tolist().index("fluids_jizzakh")
    drawn, before = (draws(each, 20_000)["delay_years"][:, place] for each in (ds, sample.ds))
    rest = before[before >= 0.5]
    assert drawn.min() >= 0.5 and drawn.mean() == pytest.approx(rest.mean(), abs=0.01)
    assert np.quantile(drawn, 0.9) == pytest.approx(np.quantile(rest, 0.9), abs=0.02)


def test_a_dataset_without_assumptions_has_no_sensitivity(uzbekistan):
    assert sensitivity(uzbekistan.ds, lambda drawn: None).empty
