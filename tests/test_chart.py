"""Charts show the figures of their table: read from the artists, not from pixels."""

import pandas as pd
import pytest

from importcut.appraise import appraisal
from importcut.chart import (
    picture,
    plot_bridge,
    plot_cost_curve,
    plot_counterfactual,
    plot_matrix,
    plot_pairs,
    plot_plan,
    plot_ranking,
    plot_size_ratio,
)
from importcut.language import Voice, languages
from importcut.narrate import bridge_steps, product_by_plant


@pytest.fixture(params=languages())
def say(request, sample):
    return Voice(request.param, sample.ds)


@pytest.fixture
def ranked(sample):
    rows = sample.ranking[sample.ranking["basis"].eq("realised_to_date")]
    return rows[rows["rank"].notna()].sort_values("rank")


def written(ax):
    """All text of a chart."""
    return [t.get_text() for t in [*ax.texts, *ax.figure.texts, *ax.get_xticklabels(), *ax.get_yticklabels()]]


def test_ranking_bars_are_the_gross_and_net_cuts_largest_on_top(ranked, say):
    gross, net = plot_ranking(ranked, say).containers[:2]
    assert [bar.get_width() for bar in gross][::-1] == ranked["gross_usd"].tolist()
    assert [bar.get_width() for bar in net][::-1] == ranked["headline_usd"].tolist()


def test_ranking_ranges_are_those_of_the_table(ranked, say):
    lines = [p for c in plot_ranking(ranked, say).collections for p in c.get_segments()]
    assert [(s[0][0], s[1][0]) for s in lines][::-1] == list(zip(ranked["low_usd"], ranked["high_usd"], strict=True))


def test_waterfall_ends_at_the_imports_of_the_period(sample, say):
    steps = bridge_steps(sample.bridge, say)
    bars = plot_bridge(steps, say).patches
    assert bars[0].get_height() == pytest.approx(steps["value_usd"].iloc[0])
    assert bars[-1].get_height() == pytest.approx(sample.bridge["value_usd"].sum())
    ends = [bar.get_y() + bar.get_height() for bar in bars[1:-1]]
    assert ends[-1] == pytest.approx(bars[-1].get_height(), abs=5e3 * 6)  # steps that round to nothing are left out


def test_counterfactual_lines_are_those_of_the_table(sample, say):
    actual, expected = plot_counterfactual(sample.expected, sample.realised, say).lines
    totals = sample.expected.groupby("period")[["actual_usd", "counterfactual_usd"]].sum()
    assert actual.get_ydata().tolist() == totals["actual_usd"].tolist()
    assert expected.get_ydata().tolist() == totals["counterfactual_usd"].tolist()


def test_plan_stacks_add_up_to_the_year(sample, say):
    yearly = sample.planned.pivot_table(index="year", columns="project_id", values="gross_usd", aggfunc="sum")
    ax = plot_plan(yearly.rename(columns=say.names("projects")), say)
    heights = pd.DataFrame([[bar.get_height() for bar in stack] for stack in ax.containers]).sum()
    assert heights.tolist() == pytest.approx(yearly.sum(axis=1).tolist())


def test_matrix_cells_are_the_imports_by_product_and_plant(sample, say):
    matrix = product_by_plant(sample.profile, sample.ds.period, say)
    mesh = plot_matrix(matrix, say).collections[0]
    assert mesh.get_array().data.ravel().tolist() == pytest.approx((matrix / 1e6).to_numpy().ravel().tolist())


def test_pairs_are_both_columns(say):
    table = pd.DataFrame({"a": [1e6, 2e6], "b": [3e6, 1e6]}, index=["x", "y"])
    first, second = plot_pairs(table, say).lines
    assert first.get_xdata().tolist() == [2e6, 1e6] and second.get_xdata().tolist() == [1e6, 3e6]


def test_every_chart_of_illustrative_data_says_so_and_names_its_source(ranked, say):
    ax = plot_ranking(ranked, say)
    shown = picture(ax, say, title="T", unit="U", alt="A")
    text = " ".join(written(ax)).replace("\n", " ")
    assert say.mark and say.mark in text and say.source in text
    assert shown._repr_mimebundle_()[1]["image/svg+xml"]["alt"] == "A"


def test_a_chart_of_real_data_carries_no_such_mark(uzbekistan):
    assert Voice("en", uzbekistan.ds).mark == ""


def test_nothing_of_a_chart_is_cut_off(ranked, say):
    ax = plot_ranking(ranked, say)
    picture(ax, say, title=say("Which projects cut the most imports"), unit="U", alt="A")
    box = ax.figure.bbox
    for text in [*ax.texts, *ax.figure.texts, *ax.get_yticklabels()]:
        extent = text.get_window_extent()
        assert extent.x0 >= box.x0 and extent.x1 <= box.x1, text.get_text()


def test_a_picture_is_the_same_bytes_each_time_and_names_no_address(ranked, say):
    first, second = (picture(plot_ranking(ranked, say), say, title="T", unit="U", alt="A") for _ in range(2))
    assert first.svg == second.svg
    assert "metadata" not in first.svg


@pytest.fixture
def appraised(sample):
    return appraisal(sample.ds, sample.planned, sample.credit)


def test_cost_curve_bars_are_cut_and_cost_per_dollar_cheapest_first(appraised, say):
    bars = plot_cost_curve(appraised, say).patches
    assert [bar.get_width() for bar in bars] == pytest.approx(appraised["annual_net_usd"].tolist())
    assert [bar.get_width() * bar.get_height() for bar in bars] == pytest.approx(appraised["cost_usd"].tolist())
    heights = [bar.get_height() for bar in bars]
    assert heights == sorted(heights)
    assert bars[-1].get_x() + bars[-1].get_width() == pytest.approx(appraised["annual_net_usd"].sum())


def test_cost_curve_names_every_bar_on_it_or_by_number_in_the_legend(appraised, say):
    ax = plot_cost_curve(appraised, say)
    on_bars = [note.get_text().replace("\n", " ") for note in ax.texts]
    legend = dict(entry.get_text().split("  ", 1) for entry in ax.get_legend().texts if "  " in entry.get_text())
    assert [legend.get(label, label) for label in on_bars] == [
        say.names("projects")[project] for project in appraised["project_id"]
    ]


def test_size_and_ratio_dots_and_front_are_those_of_the_table(appraised, say):
    ax = plot_size_ratio(appraised, say)
    dots = ax.collections[0].get_offsets().data
    assert dots[:, 0].tolist() == appraised["annual_net_usd"].tolist()
    assert dots[:, 1].tolist() == appraised["cut_per_cost"].tolist()
    front = appraised[appraised["pareto"]].sort_values("annual_net_usd")
    assert ax.lines[0].get_xydata().tolist() == front[["annual_net_usd", "cut_per_cost"]].to_numpy().tolist()
    named = [note.get_text() for note in ax.texts]
    assert {say.names("projects")[project] for project in front["project_id"]} <= set(named)


def test_names_in_the_size_and_ratio_chart_do_not_overlap(appraised, say):
    ax = plot_size_ratio(appraised, say)
    picture(ax, say, title="T", unit="U", alt="A")
    boxes = [note.get_window_extent() for note in ax.texts]
    assert not any(a.overlaps(b) for n, a in enumerate(boxes) for b in boxes[:n])
    assert all(ax.bbox.x0 <= box.x0 and box.x1 <= ax.bbox.x1 for box in boxes)


def test_only_positive_ratios_are_drawn_and_a_wide_spread_on_a_logarithmic_axis(appraised, say):
    ratio = appraised["cut_per_cost"].mask(appraised.index == 0, -1.0).mask(appraised.index == 1, float("nan"))
    rest = appraised.assign(cut_per_cost=ratio.mask(appraised.index == 2, 99.0))
    assert len(plot_cost_curve(rest, say).patches) == len(appraised) - 2
    ax = plot_size_ratio(rest, say)
    assert len(ax.collections[0].get_offsets()) == len(appraised) - 2 and ax.get_yscale() == "log"
    assert plot_size_ratio(appraised, say).get_yscale() == "linear"


def test_nothing_of_the_appraisal_charts_is_cut_off(appraised, say):
    for plot in (plot_cost_curve, plot_size_ratio):
        ax = plot(appraised, say)
        picture(ax, say, title="T", unit="U", alt="A")
        box = ax.figure.bbox
        for text in [*ax.texts, *ax.get_legend().texts, ax.xaxis.label, ax.yaxis.label]:
            extent = text.get_window_extent()
            assert extent.x0 >= box.x0 and extent.x1 <= box.x1, text.get_text()
            assert extent.y0 >= box.y0 and extent.y1 <= box.y1, text.get_text()
