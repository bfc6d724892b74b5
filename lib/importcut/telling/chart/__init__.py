"""Draws finished tables. Text comes from `say` (language.Voice); the caller gives the claim as title."""

from importcut.telling.chart.bridge import plot_bridge, plot_chain, plot_product_bridges
from importcut.telling.chart.cuts import (
    plot_bars,
    plot_counterfactual,
    plot_matrix,
    plot_pairs,
    plot_periods,
    plot_plan,
    plot_ranking,
)  # fmt: skip
from importcut.telling.chart.evidence import plot_estimates, plot_placebos, plot_variants
from importcut.telling.chart.page import Picture, canvas, picture
from importcut.telling.chart.quality import plot_quality, plot_weights
from importcut.telling.chart.sure import plot_probabilities, plot_tornado
from importcut.telling.chart.worth import plot_cost_curve, plot_size_ratio
