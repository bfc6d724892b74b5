"""Published cases of the index formulas, and the identities that hold for any input."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from importcut.economics.indices import (
    beyond_quartiles,
    concentration,
    fisher,
    hidiroglou_berthelot,
    lmdi,
    lmdi_effects,
    log_mean,
)


def test_ratio_test_gives_the_published_scores():
    previous, current = pd.Series([2200.0, 3600.0, 5700.0]), pd.Series([600.0, 1600.0, 1050.0])
    scores = hidiroglou_berthelot(previous, current, median=0.875)
    assert scores.tolist() == pytest.approx([-103.58001, -58.125, -283.11879], abs=5e-6)


def test_ratio_test_scores_a_rise_and_an_equal_fall_alike():
    previous, current = pd.Series([100.0, 100.0, 200.0]), pd.Series([100.0, 200.0, 100.0])
    scores = hidiroglou_berthelot(previous, current)
    assert scores[1] == pytest.approx(-scores[2]) and scores[0] == 0


def test_the_size_of_a_line_may_be_another_than_its_values():
    previous, current = pd.Series([2.0, 2.0, 2.0]), pd.Series([2.0, 4.0, 1.0])
    scores = hidiroglou_berthelot(previous, current, size=pd.Series([100.0, 25.0, 9.0]))
    assert scores.tolist() == [0.0, 5.0, -3.0], "s = 0, 1, -1 times the root of the size"


def test_scores_beyond_the_quartile_distance_of_their_side_are_outliers():
    scores = pd.Series([-4.0, -2, -2, 0, 0, 0, 1, 1, 6])  # median 0, quartiles -2 and 1
    assert scores[beyond_quartiles(scores, a=0.05, c=2.5)].tolist() == [6]  # from -5 to 2.5
    assert scores[beyond_quartiles(scores, a=0.05, c=1.5)].tolist() == [-4, 6]  # from -3 to 1.5


def test_where_most_scores_are_alike_a_share_of_the_median_stands_for_the_quartile_distance():
    scores = pd.Series([10.0] * 8 + [10.4])
    assert not beyond_quartiles(scores, a=0.05, c=1).any() and beyond_quartiles(scores, a=0.03, c=1).sum() == 1
    assert not beyond_quartiles(pd.Series([0.0] * 8 + [1e-12]), a=0.05, c=1).any()


def test_fisher_gives_balks_figure():
    p0, q0 = pd.Series([1.0] * 6), pd.Series([1, 1, 2, 1, 4.5, 0.5])
    p1, q1 = pd.Series([1.2, 3, 1.3, 0.7, 1.4, 0.8]), pd.Series([0.8, 0.9, 1.9, 1.3, 4.7, 0.6])
    assert fisher(p0, q0, p1, q1) == pytest.approx(1.4011, abs=5e-5)
    assert (p1 * q0).sum() / (p0 * q0).sum() == pytest.approx(1.4200, abs=5e-5)


positive = st.floats(0.1, 100)
four = arrays(float, 4, elements=positive).map(pd.Series)


@given(four, four, four, four)
def test_fisher_of_the_way_back_is_the_inverse(p0, q0, p1, q1):
    assert fisher(p0, q0, p1, q1) * fisher(p1, q1, p0, q0) == pytest.approx(1)


def test_lmdi_gives_the_published_effects():
    base = pd.DataFrame({"x": [1, 4], "y": [10, 5], "z": [2, 3]})
    current = pd.DataFrame({"x": [4, 5], "y": [5, 6], "z": [3, 4]})
    effects = lmdi(base, current)
    assert effects.tolist() == pytest.approx([69.79007, -9.45513, 39.66506], abs=5e-6)


some_zeros = arrays(float, (3, 3), elements=st.one_of(st.just(0.0), st.floats(0.01, 100)))


@given(some_zeros, some_zeros)
def test_lmdi_leaves_no_residual_also_with_zeros(base, current):
    effects = lmdi(pd.DataFrame(base), pd.DataFrame(current))
    change = current.prod(axis=1).sum() - base.prod(axis=1).sum()
    assert effects.sum() == pytest.approx(change, rel=1e-9, abs=1e-6)


def test_lmdi_gives_a_newcomer_to_the_factor_that_was_zero():
    effects = lmdi(pd.DataFrame({"x": [0.0], "y": [5.0]}), pd.DataFrame({"x": [2.0], "y": [7.0]}))
    assert effects.tolist() == [14.0, 0.0]


def test_lmdi_is_the_limit_of_ever_smaller_values():
    base, current = np.array([[0.0, 5.0]]), np.array([[2.0, 7.0]])
    near = lmdi(pd.DataFrame(np.where(base == 0, 1e-300, base)), pd.DataFrame(current))
    assert near.tolist() == pytest.approx(lmdi(pd.DataFrame(base), pd.DataFrame(current)).tolist(), abs=0.01)


def test_lmdi_refuses_a_negative_factor():
    with pytest.raises(ValueError, match="negative"):
        lmdi(pd.DataFrame({"x": [-1.0]}), pd.DataFrame({"x": [1.0]}))


def test_a_factor_that_changes_its_sign_passes_through_zero():
    effects = lmdi_effects(np.array([[-4.0, 3.0], [4.0, 3.0]]), np.array([[2.0, 5.0], [-2.0, 5.0]]))
    assert effects.tolist() == [[22.0, 0.0], [-22.0, 0.0]]
    both = lmdi_effects(np.array([-4.0, 3.0]), np.array([-2.0, 5.0]))
    assert both.sum() == pytest.approx(2) and both.tolist() == pytest.approx((-lmdi_effects(*POSITIVE)).tolist())


POSITIVE = np.array([4.0, 3.0]), np.array([2.0, 5.0])


def test_the_logarithmic_mean_lies_between_and_is_exact_where_the_difference_cancels():
    assert log_mean(
        np.array([8.0, 3.0, 0.0, 5.0, -1.0]), np.array([2.0, 3.0, 4.0, 0.0, 1.0])
    ).tolist() == pytest.approx([6 / np.log(4), 3, 0, 0, 0])
    assert log_mean(1e8 * (1 + 1e-12), 1e8) == pytest.approx(1e8 * (1 + 5e-13), rel=1e-15)
    assert log_mean(831_600.0, 600_000.0) == pytest.approx(709_511.22, abs=0.005)


def test_concentration_of_four_suppliers():
    panel = pd.DataFrame({"product_id": "x", "origin": list("ABCD"), "value_usd": [30.0, 30.0, 20.0, 20.0]})
    assert concentration(panel)["x"] == pytest.approx(2600)
