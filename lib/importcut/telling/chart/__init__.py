"""Draws finished tables. Text comes from `say` (language.Voice); the caller gives the claim as title."""

from importcut.telling.chart.investment import plot_cost_curve, plot_size_ratio
from importcut.telling.chart.periods import (
    plot_chain,
    plot_counterfactual,
    plot_periods,
    plot_placebos,
    plot_plan,
    plot_weights,
)
from importcut.telling.chart.rows import (
    plot_bars,
    plot_bridge,
    plot_estimates,
    plot_matrix,
    plot_pairs,
    plot_probabilities,
    plot_product_bridges,
    plot_quality,
    plot_ranking,
    plot_tornado,
    plot_variants,
)
from importcut.telling.chart.style import Picture, canvas, picture
