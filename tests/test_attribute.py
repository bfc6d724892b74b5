"""Credit rules: the published cases, and for each rule the properties that it guarantees."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from importcut.economics.attribution import credit, credits, dispatched, shapley_sampled
from importcut.schema import DISPATCH, RULES, UsageError

CASES = [
    ([30, 50, 60], 100, [20, 35, 45]),
    ([100, 200, 300], 200, [100 / 3, 250 / 3, 250 / 3]),
    ([50, 100], 100, [25, 75]),
    ([20, 30, 40], 100, [20, 30, 40]),
]


@pytest.mark.parametrize(("supply", "cap", "expected"), CASES)
def test_shapley_gives_the_reference_credit(supply, cap, expected):
    supply = pd.Series(supply, index=list("abc")[: len(supply)])
    shares = credit(supply, cap, rule="shapley")
    assert shares.index.equals(supply.index)
    assert shares.tolist() == pytest.approx(expected)


def test_net_total_under_proportional_dispatch():
    supply, worth = pd.Series([100.0, 100.0]), pd.Series([1.0, 0.1])
    for rule in ("shapley", "dispatched", "proportional"):
        assert credit(supply, 100, unit_value=worth, rule=rule).sum() == pytest.approx(55)


portfolios = st.tuples(st.lists(st.floats(0, 1000), min_size=1, max_size=6), st.floats(0, 2000))


@settings(max_examples=60)
@given(portfolios)
def test_shapley_dispatched_and_proportional_add_up_to_what_flows(portfolio):
    supply, cap = pd.Series(portfolio[0]), portfolio[1]
    for rule in ("shapley", "dispatched", "proportional"):
        assert credit(supply, cap, rule=rule).sum() == pytest.approx(min(supply.sum(), cap), abs=1e-9, rel=1e-9)


@settings(max_examples=60)
@given(portfolios)
def test_alone_claims_at_least_and_marginal_at_most_the_total(portfolio):
    supply, cap = pd.Series(portfolio[0]), portfolio[1]
    total = min(supply.sum(), cap)
    assert credit(supply, cap, rule="stand_alone").sum() >= total - 1e-9
    assert credit(supply, cap, rule="marginal").sum() <= total + 1e-9


@settings(max_examples=40)
@given(portfolios, st.floats(0, 500))
def test_equal_projects_get_equal_credit(portfolio, twin):
    supply, cap = pd.Series([*portfolio[0], twin, twin]), portfolio[1]
    for rule in RULES:
        shares = credit(supply, cap, rule=rule)
        assert shares.iloc[-1] == pytest.approx(shares.iloc[-2], abs=1e-9, rel=1e-9)


@settings(max_examples=40)
@given(portfolios)
def test_a_useless_project_gets_nothing_and_changes_nothing(portfolio):
    supply, cap = pd.Series(portfolio[0]), portfolio[1]
    for rule in RULES:
        without, with_it = credit(supply, cap, rule=rule), credit(pd.Series([*portfolio[0], 0.0]), cap, rule=rule)
        assert with_it.iloc[-1] == 0
        assert with_it.iloc[:-1].tolist() == pytest.approx(without.tolist(), abs=1e-9, rel=1e-9)


def test_sampled_credit_agrees_with_exact_within_five_standard_errors():
    supply, cap = np.array([120.0, 80, 60, 200, 40, 10]), 250.0
    mean, error = shapley_sampled(supply, cap, np.ones(6), seed=1)
    exact = credit(pd.Series(supply), cap)
    assert (np.abs(mean - exact) <= 5 * error + 1e-12).all()


def test_ordered_dispatch_serves_the_first_first():
    supply, order = pd.Series([60.0, 60.0, 60.0]), pd.Series([2, 3, 1])
    assert credit(supply, 100, rule="dispatched", dispatch="merit_order", order=order).tolist() == [40, 0, 60]


@pytest.mark.parametrize(("supply", "cap"), [([10.0], -1), ([-10.0], 1)])
def test_negative_supply_or_cap_is_an_error(supply, cap):
    with pytest.raises(ValueError, match="zero or more"):
        credit(pd.Series(supply), cap)


def test_an_unknown_rule_is_an_error_that_names_the_known_ones():
    with pytest.raises(UsageError, match=r"there is no rule .* — choose one of shapley"):
        credit(pd.Series([1.0]), 1, rule="fair")


orders = st.permutations(range(4)).map(np.array)
four = st.lists(st.floats(0, 500), min_size=4, max_size=4).map(np.array)


@settings(max_examples=40)
@given(four, st.floats(0, 1500), orders, st.lists(st.floats(-1, 5), min_size=4, max_size=4))
def test_under_every_dispatch_shapley_divides_just_what_flows(supply, cap, order, worth):
    for dispatch in DISPATCH:
        flows = dispatched(supply, cap, dispatch, order)
        assert flows.sum() == pytest.approx(min(supply.sum(), cap)) and (flows <= supply + 1e-9).all()
        shares = credits(supply, cap, np.array(worth), rule="shapley", dispatch=dispatch, order=order)
        assert shares.sum() == pytest.approx((flows * worth).sum(), abs=1e-8)


def brute_shapley(supply, cap, worth, dispatch, order):
    """The definition: the average of what a project adds over all orders of arrival."""
    from itertools import permutations

    def value(members):
        mask = np.isin(np.arange(len(supply)), members)
        return (dispatched(supply * mask, cap, dispatch, order) * worth).sum()

    added = np.zeros(len(supply))
    arrivals = list(permutations(range(len(supply))))
    for arrival in arrivals:
        for place, project in enumerate(arrival):
            added[project] += value(arrival[: place + 1]) - value(arrival[:place])
    return added / len(arrivals)


@settings(max_examples=20)
@given(four, st.floats(0, 1500), orders, st.lists(st.floats(-1, 5), min_size=4, max_size=4))
def test_shapley_is_its_definition_also_for_net_cuts_and_every_dispatch(supply, cap, order, worth):
    for dispatch in DISPATCH:
        shares = credits(supply, cap, np.array(worth), rule="shapley", dispatch=dispatch, order=order)
        assert shares == pytest.approx(brute_shapley(supply, cap, np.array(worth), dispatch, order), abs=1e-8)


def test_draws_and_periods_are_credited_like_single_cases():
    rng = np.random.default_rng(5)
    supply, cap, order = rng.uniform(0, 100, (3, 2, 4)), rng.uniform(0, 250, (3, 2)), rng.uniform(size=(3, 2, 4))
    worth = rng.uniform(-1, 3, 4)
    for rule in RULES:
        for dispatch in DISPATCH:
            together = credits(supply, cap, worth, rule=rule, dispatch=dispatch, order=order)
            for at in np.ndindex(3, 2):
                single = credits(supply[at], cap[at], worth, rule=rule, dispatch=dispatch, order=order[at])
                assert together[at] == pytest.approx(single)


def test_up_to_sixteen_projects_credit_is_exact_to_the_last_digit():
    """Each of n equal projects adds something only if it arrives first: one time in n."""
    for n in (15, 16):
        assert credit(pd.Series(1.0, range(n)), 1.0).tolist() == pytest.approx([1 / n] * n, rel=1e-12)


def test_beyond_sixteen_projects_credit_is_sampled_and_still_adds_up():
    supply = pd.Series(np.linspace(10, 50, 18))
    assert credit(supply, 300).sum() == pytest.approx(300)


def test_an_unknown_dispatch_or_a_missing_order_is_an_error():
    for dispatch in ("lottery", "merit_order"):
        with pytest.raises(ValueError, match="choose proportional, or merit_order or first_come with an order"):
            credit(pd.Series([1.0, 2.0]), 1, dispatch=dispatch)
