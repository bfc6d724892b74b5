"""Charts show the figures of their table: read from the artists, not from pixels."""

import re
from itertools import pairwise

import pandas as pd
import pytest

from importcut import (
    picture,
    plot_bridge,
    plot_chain,
    plot_cost_curve,
    plot_counterfactual,
    plot_estimates,
    plot_matrix,
    plot_pairs,
    plot_plan,
    plot_probabilities,
    plot_product_bridges,
    plot_quality,
    plot_ranking,
    plot_size_ratio,
    plot_target,
    plot_tornado,
    plot_variants,
    plot_weights,
)
from importcut.economics.cost_benefit import appraisal
from importcut.language import Voice, languages
from importcut.telling.chart.periods import plot_periods
from importcut.telling.chart.rows import plot_bars
from importcut.telling.chart.style import canvas, million_axis
from importcut.telling.narrate import bridge_steps, chain_steps, product_by_plant, product_steps, quality_bars


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
    ends = list(zip(ranked["net_low_usd"], ranked["net_high_usd"], strict=True))
    assert [(s[0][0], s[1][0]) for s in lines][::-1] == ends


def test_waterfall_goes_from_nothing_to_the_change_in_imports(sample, say):
    steps = bridge_steps(sample.bridge, say)
    bars = plot_bridge(steps, say).patches
    change = sample.bridge.query("comparison == 'base' and effect != 'base'")["value_usd"].sum()
    assert [bar.get_width() for bar in bars] == pytest.approx(steps["value_usd"].tolist())
    assert bars[-1].get_width() == pytest.approx(change) and bars[-1].get_x() == bars[0].get_x() == 0
    for before, bar in pairwise(bars[:-1]):
        assert bar.get_x() == pytest.approx(before.get_x() + before.get_width())
    assert bars[-2].get_x() + bars[-2].get_width() == pytest.approx(
        change, abs=5e3 * 6
    )  # what rounds to nothing is out


def test_factors_that_hardly_count_are_one_step(sample, say):
    steps = bridge_steps(sample.bridge, say)
    others = steps.query("kind == 'change'").set_index("label")["value_usd"]
    small = others.drop(say("other factors")).abs() < 0.03 * steps.query("kind != 'total'")["value_usd"].abs().max()
    assert not small.any()
    rows = sample.bridge.query("comparison == 'base' and effect not in ('base', 'project')")
    assert others.sum() == pytest.approx(rows["value_usd"].sum())


def test_waterfall_names_the_three_largest_projects_and_sums_the_rest(sample, say):
    rows = sample.bridge.query("comparison == 'base' and effect == 'project'").groupby("project_id")["value_usd"].sum()
    largest = rows.sort_values().head(3)
    steps = bridge_steps(sample.bridge, say).query("kind == 'project'").set_index("label")["value_usd"]
    assert steps.index.tolist() == [*largest.index.map(say.names("projects")), say("other projects")]
    assert steps.tolist() == pytest.approx([*largest, rows.drop(largest.index).sum()])


def test_four_projects_are_all_named(sample, say):
    four = sample.bridge.dropna(subset="project_id")["project_id"].unique()[:4]
    kept = sample.bridge[sample.bridge["project_id"].isna() | sample.bridge["project_id"].isin(four)]
    steps = bridge_steps(kept, say).query("kind == 'project'")
    assert set(steps["label"]) == set(say.names("projects")[four])


def test_small_waterfalls_are_those_of_the_products_that_the_projects_moved_most(sample, say):
    rows = sample.bridge.query("comparison == 'base'")
    moved = rows.query("effect == 'project'").groupby("product_id")["value_usd"].sum().sort_values().head(6)
    steps = product_steps(sample.bridge, say)
    axes = plot_product_bridges(steps, say)
    names = say.names("products")[moved.index].tolist()
    assert [ax.get_title(loc="left").replace("\n", " ") for ax in axes] == names
    for ax, product in zip(axes, moved.index, strict=True):
        widths = [bar.get_width() for bar in ax.patches]
        own = rows[rows["product_id"].eq(product)].groupby("effect")["value_usd"].sum()
        assert (widths[-2], widths[-1]) == pytest.approx((own["project"], own.drop("base").sum()))


def test_without_projects_the_products_that_moved_most_have_the_small_waterfalls(sample, say):
    rows = sample.bridge.query("comparison == 'base' and effect != 'project'")
    change = rows.query("effect != 'base'").groupby("product_id")["value_usd"].sum()
    largest = change.sort_values(key=abs, ascending=False).head(6)
    assert product_steps(rows, say)["product"].unique().tolist() == say.names("products")[largest.index].tolist()
    assert product_steps(rows.head(0), say).empty and chain_steps(rows.head(0), say).empty


def test_chain_stacks_and_dots_are_the_effects_and_changes_of_every_period(sample, say):
    rows = sample.bridge.query("comparison == 'chained' and effect != 'base'")
    ax = plot_chain(chain_steps(sample.bridge, say), say)
    change = rows.groupby("period")["value_usd"].sum()
    assert ax.lines[-1].get_ydata().tolist() == pytest.approx(change.tolist())
    heights = pd.DataFrame([[bar.get_height() for bar in stack] for stack in ax.containers])
    assert heights.sum().tolist() == pytest.approx(change.tolist(), abs=5e3)
    projects = rows.query("effect == 'project'").groupby("period")["value_usd"].sum()
    assert heights.iloc[-1].tolist() == pytest.approx(projects.reindex(change.index, fill_value=0).tolist())
    tops = [bar.get_y() + max(bar.get_height(), 0) for bar in ax.patches]
    assert max(tops) < ax.get_ylim()[1]


def test_each_bar_dot_and_field_is_labelled_with_its_figure(sample):
    """Millions with one decimal, less than one with two; changes with their sign; probabilities in per cent."""
    say = Voice("en", sample.ds)

    def labels(ax):
        return [text.get_text() for text in ax.texts]

    rows = pd.DataFrame({"project_id": ["antifreeze_navoi", "washer_fluid_tashkent"], "gross_usd": [4e6, 2e6]})
    rows = rows.assign(headline_usd=[3e6, 1e6], net_usd=[3e6, 1e6], net_low_usd=[2e6, 1e6], net_high_usd=[3.5e6, 2e6])
    rows = rows.assign(gross_low_usd=2.5e6, gross_high_usd=4.5e6, supported_usd=[4e6, 2e6])
    words = ["diversification\nproject", "innovation\nproject"]
    columns = ["1.0", "3.0", "net", "2.0", "4.0", "gross", *words[::-1], ""]
    assert labels(plot_ranking(rows, say)) == columns, "the largest on top"
    steps = pd.DataFrame({"label": ["price", "project A", "imports"], "value_usd": [1e6, -2e6, -1e6]})
    steps = steps.assign(kind=["change", "project", "total"])
    assert labels(plot_bridge(steps, say)) == ["+1.0", "−2.0", "−1.0"]
    status = {"reading": ["cumulative"], "leading": [True], "target_usd": [69e6], "realised_usd": [6e6]}
    status |= {"planned_to_date_usd": [7e6], "on_course_low_usd": [54e6], "on_course_high_usd": [67e6]}
    status |= {"on_course_usd": [60e6], "addressable_usd": [40e6]}
    told = ["target 69.0", "on today's results 54.0–67.0", "so far 6.0, planned by now 7.0", "can be displaced 40.0"]
    assert labels(plot_target(pd.DataFrame(status), say)) == told
    chain = pd.DataFrame({"label": ["price", "project A", "imports"], "value_usd": [1e6, -2e6, -1e6]})
    chain = chain.assign(kind=["change", "project", "total"], period=pd.Period("2026Q3"))
    assert labels(plot_chain(chain, say)) == ["−1.0"]
    plan = pd.DataFrame({"A": [1e6, 2e6], "B": [0.0, 1e6]}, [2026, 2027])
    assert labels(plot_plan(plan, say, target=5e6)) == ["1.0", "4.0", "A", "B", "target 5.0"]
    cells = pd.DataFrame({"Asaka": [2e6, 0.0], "Pitnak": [1e6, None]}, ["Top coat", "Primer"])
    assert labels(plot_matrix(cells, say)) == ["2.0", "1.0", "0.00", "", "3.0", "0.00", "2.0", "1.0", "3.0"]
    assert labels(plot_matrix(cells[["Asaka"]], say)) == ["0.00", "2.0"], "of one column its bars"
    ranks = pd.DataFrame({"project_id": ["antifreeze_navoi"] * 2 + ["fluids_jizzakh"] * 2, "rank": [1, 2, 1, 2]})
    ranks = ranks.assign(probability=[0.75, 0.25, 0.25, 0.75], mean_usd=[3e6, 3e6, 2e6, 2e6])
    assert labels(plot_probabilities(ranks, say)) == ["75%", "75%", ""]


def test_a_tornado_names_the_ends_of_a_bar_by_the_value_that_leads_there(sample):
    rows = pd.DataFrame({"assumption": ["delay_years"], "low_usd": [4e6], "high_usd": [3e6]})
    ends = plot_tornado(rows, Voice("en", sample.ds)).texts
    assert [(end.get_text(), end.xy[0]) for end in ends] == [("high value", 3e6), ("low value", 4e6)]


@pytest.mark.parametrize(("told", "face"), [(True, "#0072B2"), (False, "white")])
def test_an_estimate_that_chance_may_give_is_hollow(sample, told, face):
    row = {"product_id": "antifreeze", "method": "activity"}
    row |= {"gross_usd": 2e6, "gross_low_usd": 1e6, "gross_high_usd": 3e6}
    ax = plot_estimates(pd.DataFrame([row | {"told": told}]), Voice("en", sample.ds))
    assert ax.lines[0].get_markerfacecolor() == face


def test_nothing_of_the_bridge_charts_is_cut_off(sample, say):
    chain, steps = chain_steps(sample.bridge, say), bridge_steps(sample.bridge, say)
    waterfalls = plot_product_bridges(product_steps(sample.bridge, say), say)
    for axes in ([plot_bridge(steps, say)], [plot_chain(chain, say)], waterfalls):
        picture(axes[0], say, title="T", unit="U", alt="A")
        for ax in axes:
            legend, room = ax.get_legend().texts if ax.get_legend() else [], ax.figure.bbox
            for text in [*ax.texts, *ax.get_yticklabels(), *legend]:
                box = text.get_window_extent()
                inside = room.x0 <= box.x0 and box.x1 <= room.x1 and room.y0 <= box.y0 and box.y1 <= room.y1
                assert inside or not text.get_visible() or not text.get_text(), text.get_text()


@pytest.mark.parametrize(("top", "written"), [(6.3e6, "1.5"), (12e6, "2"), (1e6, "0.2"), (0.2e6, "0.04")])
def test_an_axis_of_millions_writes_its_ticks_as_they_are(sample, top, written):
    ax = million_axis(canvas(), "y", Voice("en", sample.ds))
    ax.set_ylim(0, top)
    ax.figure.draw_without_rendering()
    assert ax.get_yticklabels()[1].get_text() == written


def test_counterfactual_lines_are_those_of_the_table_from_a_year_before_the_first_cut(sample, say):
    ax = plot_counterfactual(sample.expected, say)
    actual, expected = ax.lines
    assert [text.get_text().replace("\n", " ") for text in ax.texts] == [
        say("actual imports"),
        say("imports without the projects"),
    ]
    totals = sample.expected.groupby("period")[["actual_usd", "counterfactual_usd"]].sum()
    first = totals.index[(totals["counterfactual_usd"] - totals["actual_usd"]) >= 5e3][0]
    totals = totals[totals.index >= first - 4]
    assert actual.get_ydata().tolist() == totals["actual_usd"].tolist()
    assert expected.get_ydata().tolist() == totals["counterfactual_usd"].tolist()


def test_plan_areas_add_up_from_year_to_year(sample, say):
    yearly = sample.planned.pivot_table(index="year", columns="project_id", values="gross_usd", aggfunc="sum")
    ax = plot_plan(yearly.rename(columns=say.names("projects")), say)
    tops = [area.get_paths()[0].get_extents().y1 for area in ax.collections]
    assert tops[-1] == pytest.approx(yearly.sum().sum()) and tops == sorted(tops)


@pytest.mark.filterwarnings("error")  # as of a letter that the font lacks
def test_a_name_that_begins_with_an_underscore_stands_in_the_legend():
    names, periods = ["_Sealants_", "$x^2$ and $y$"], pd.period_range("2030Q1", periods=1, freq="Q")
    ax = plot_periods(pd.DataFrame([[2e6, 1e6]], periods, names), Voice("en", None))
    assert [text.get_text().lstrip("\u200b") for text in ax.get_legend().get_texts()][:2] == names
    ax.figure.canvas.draw()


def test_matrix_cells_are_the_imports_by_product_and_plant(sample, say):
    matrix = product_by_plant(sample.profile, sample.ds.period, say)
    drawn = plot_matrix(matrix, say).collections[0].get_array().filled(float("nan"))
    assert drawn.ravel().tolist() == pytest.approx((matrix / 1e6).to_numpy().ravel().tolist(), nan_ok=True)
    year = sample.profile[sample.profile["period"].dt.year.eq(2026)]
    assert matrix.sum().sum() == pytest.approx(year["value_usd"].sum()) and matrix.index[-1] == say("others")


def test_pairs_are_both_columns(say):
    table = pd.DataFrame({"a": [1e6, 2e6], "b": [3e6, 1e6]}, index=["x", "y"])
    first, second = plot_pairs(table, say).lines
    assert [first.get_label(), second.get_label()] == ["a", "b"]
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


@pytest.mark.parametrize("dataset", ["sample", "uzbekistan"])
def test_quality_bars_are_the_values_that_the_findings_touch_by_rule_and_treatment(dataset, request):
    way = request.getfixturevalue(dataset)
    say = Voice("en", way.ds)
    bars = quality_bars(way.quality)
    ax, labels = plot_quality(bars, say), say.in_words(bars["check"], "checks").tolist()
    widths = [bar.get_width() for bar in ax.containers[0]][::-1]
    assert widths == bars["affected_value_usd"].tolist() == sorted(widths, reverse=True)
    assert sum(widths) == pytest.approx(way.quality["affected_value_usd"].sum())
    assert [t.get_text().replace("\n", " ") for t in ax.get_yticklabels()][::-1] == labels
    treatments = say.in_words(bars["treatment"], "treatments")[::-1]
    colours = {bar.get_facecolor(): t for bar, t in zip(ax.patches, treatments, strict=True)}
    shown = {p.get_facecolor(): t.get_text() for p, t in zip(*_legend(ax), strict=True)}
    assert colours == shown, "a treatment has one colour, and the legend names it"


def _legend(ax):
    return ax.get_legend().get_patches(), ax.get_legend().get_texts()


def test_a_bar_of_a_finding_tells_value_lines_and_products(sample):
    say = Voice("en", sample.ds)
    bars = quality_bars(sample.quality)
    broken = bars[bars["check"].eq("reporting_break")]
    rows = sample.quality.query("check == 'reporting_break'")
    lines, value = say.number(rows["lines"].sum()), say.money(rows["affected_value_usd"].sum())
    assert broken["treatment"].tolist() == ["imputed"]
    assert plot_quality(broken, say).texts[0].get_text() == f"{value}, {lines} lines, {len(rows)} products"


@pytest.mark.parametrize("dataset", ["sample", "uzbekistan"])
def test_weights_before_and_after_are_the_unit_values_of_the_panel(dataset, request):
    way = request.getfixturevalue(dataset)
    say = Voice("en", way.ds)
    imputed = way.quality[way.quality["treatment"].eq("imputed")].groupby("product_id")["affected_value_usd"].sum()
    products = imputed.nlargest(7).index
    *charts, key = plot_weights(way.panel, products, say).figure.axes
    assert [ax.get_title(loc="left").replace("\n", " ") for ax in charts] == [
        say.names("products")[product] for product in products[:6]
    ], "six at most"
    assert [text.get_text() for text in key.get_legend().texts] == ["before imputation", "after imputation"]
    periods = pd.period_range(way.panel["period"].min(), way.panel["period"].max())
    for ax, product in zip(charts, products, strict=False):
        cells = way.panel[way.panel["product_id"].eq(product)].groupby("period")
        total = cells[["value_usd", "raw_kg", "net_kg"]].sum().reindex(periods)
        before, *runs = ax.lines  # the line after imputation ends where nothing was imported
        declared = total["value_usd"] / total["raw_kg"].where(total["raw_kg"] > 0)
        assert before.get_ydata().tolist() == pytest.approx(declared.tolist(), nan_ok=True)
        after = [usd for run in runs for usd in run.get_ydata()]
        known = total["value_usd"] / total["net_kg"].where(total["net_kg"] > 0)
        assert after == pytest.approx(known.dropna().tolist())
        touched = cells["evidence"].agg(lambda grades: grades.eq("inferred").any()).reindex(periods, fill_value=False)
        assert before.get_markevery() == [n for n, hollow in enumerate(touched) if hollow]


def test_each_variant_is_a_dot_at_its_base_year_and_the_legend_names_what_is_compared(say):
    rows = pd.DataFrame({"base": ["2022", "2022", "all"], "basis": ["net_kg", "net_kg", "value_usd"]})
    rows = rows.assign(product_id="antifreeze", gross_usd=[2e6, 3e6, 1e6])
    chart, key = plot_variants(rows, say).figure.axes
    strips = [line for line in chart.lines if line.get_marker() == "o"]
    dots = sorted((float(x), round(float(y))) for strip in strips for x, y in strip.get_xydata())
    assert dots == [(1e6, 1), (2e6, 0), (3e6, 0)]
    assert [label.get_text() for label in chart.get_yticklabels()] == ["2022", say("all")]
    compared = say.words("compared")
    assert [text.get_text() for text in key.get_legend().texts] == [compared["net_kg"], compared["value_usd"]]
    assert chart.get_xlabel() == chart.get_ylabel() == ""


def drawn_ticks(ax):
    """Labels at the left of an axis; matplotlib has one more beyond its end."""
    low, high = sorted(ax.get_ylim())
    return [text for place, text in zip(ax.get_yticks(), ax.get_yticklabels(), strict=True) if low <= place <= high]


def test_nothing_of_the_quality_charts_is_cut_off(sample, say):
    bars = plot_quality(quality_bars(sample.quality), say)
    weights = plot_weights(sample.panel, sample.ds.products["product_id"][:4], say)
    for ax in (bars, weights):
        picture(ax, say, title="T", unit="U", alt="A")
        box = ax.figure.bbox
        keys = [text for each in ax.figure.axes if each.get_legend() for text in each.get_legend().texts]
        ticks = [text for each in ax.figure.axes for text in [*drawn_ticks(each), each._left_title]]
        for text in [*ax.texts, *ax.figure.texts, *keys, *ticks]:
            extent = text.get_window_extent()
            assert extent.x0 >= box.x0 and extent.x1 <= box.x1, text.get_text()


@pytest.mark.parametrize("title", ["A claim", "A claim that takes several lines, for it is long " * 3])
def test_what_goes_onto_pages_is_the_whole_chart_without_claim_unit_and_source(title, sample):
    ax = plot_bars(pd.Series({"Painting": 4e6, "Sealing": 1e6}), Voice("en", sample.ds))
    drawn = picture(ax, Voice("en", sample.ds), title=title, unit="million US dollars", alt="Bars.", name="bars")
    box = [float(n) for n in re.search(r'viewBox="([^"]+)"', drawn.plot)[1].split()]
    whole = [float(n) for n in re.search(r'viewBox="([^"]+)"', drawn.svg)[1].split()]
    points = 72 / ax.figure.dpi

    def extent(artist):
        bounds = artist.get_window_extent() if artist in ax.figure.texts else artist.get_tightbbox()
        return whole[3] - bounds.y1 * points, whole[3] - bounds.y0 * points

    top, bottom = box[1], box[1] + box[3]
    above, below = extent(ax)
    assert top <= above and below <= bottom and box[2] == whole[2]
    assert len(ax.figure.texts) == 3
    assert all(low <= top or high >= bottom for high, low in map(extent, ax.figure.texts))
