"""Charts with a row a project, product or cause: bars, dots with ranges, waterfalls, heat maps."""

from collections.abc import Sequence
from operator import itemgetter
from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from importcut.language import Voice
from importcut.telling.chart import style
from importcut.telling.finding import extent

KIND_COLOURS = {"total": style.SERIES[7], "change": style.SERIES[4], "project": style.SERIES[2]}


def plot_ranking(ranking: pd.DataFrame, say: Voice, *, ax: Axes | None = None) -> Axes:
    """Bars of one basis of table `ranking`, ten at most: net in front, gross behind, range a line, class by colour."""
    bars = ranking.head(10).iloc[::-1].reset_index(drop=True)
    ax = ax or style.canvas(0.6 + 0.46 * len(bars))
    classes = bars["project_id"].map(say.ds.projects.set_index("project_id")["class"])
    colours = classes.map(style.CLASS_COLOURS)
    ax.barh(bars.index, bars["gross_usd"], color=colours, alpha=0.25, height=0.72)
    ax.barh(bars.index, bars["headline_usd"], color=colours, height=0.46)
    bars = bars.join(extent(bars))
    known = bars[bars["low_usd"].notna()]
    ax.hlines(known.index, known["low_usd"], known["high_usd"], color=style.INK, linewidth=1.6)
    reach = bars[["gross_usd", "headline_usd", "high_usd"]].max(axis=1)
    for row, edge in zip(bars.itertuples(), reach, strict=True):
        style.note(ax, say.millions(row.headline_usd), (edge, row.Index), 6, fontsize=10, fontweight="bold")
    style.name_rows(ax, bars["project_id"].map(say.names("projects")), size=None)
    ax.set_xlim(style.from_zero(bars["headline_usd"].min(), reach.max(), 1.12))
    style.legend_below(ax, handles=style.patches(classes, style.CLASS_COLOURS, say.words("classes")))
    return style.million_axis(ax, "x", say)


def plot_bars(values: pd.Series, say: Voice, *, ax: Axes | None = None) -> Axes:
    """Horizontal bars of amounts, largest on top, each with its figure; the index is named as it will be read.

    Parameters
    ----------
    values : amounts (USD) by name

    Examples
    --------
    >>> say = Voice("en", open_dataset("sample", period="2026Q3"))
    >>> ax = plot_bars(pd.Series({"Painting": 4e6, "Assembly": 1e6}), say)
    >>> [float(bar.get_width()) for bar in ax.patches]
    [1000000.0, 4000000.0]
    """
    ax = ax or style.canvas(0.5 + 0.27 * len(values))
    values = values.sort_values()
    style.name_rows(ax, values.index, width=36)
    return _bars(ax, values, values.map(say.millions), say, colour=style.SERIES[0], room=1.12)


def plot_quality(bars: pd.DataFrame, say: Voice, *, ax: Axes | None = None) -> Axes:
    """Bars of `narrate.quality_bars`: the value a finding touches, by treatment; beside it lines and products."""
    ax = ax or style.canvas(0.7 + 0.38 * len(bars))
    bars, words = bars.iloc[::-1], say.words("treatments")
    colours = dict(zip(words, style.SERIES, strict=False))
    counts = [[say(of, n=int(row[of])) for of in ("lines", "products") if row[of]] for _, row in bars.iterrows()]
    notes = [", ".join([say.money(usd), *n]) for usd, n in zip(bars["affected_value_usd"], counts, strict=True)]
    style.name_rows(ax, say.in_words(bars["check"], "checks"))
    _bars(ax, bars["affected_value_usd"], notes, say, colour=bars["treatment"].map(colours), room=2.05)
    style.legend_below(ax, columns=2, handles=style.patches(bars["treatment"], colours, words))
    return ax


def plot_tornado(sensitivity: pd.DataFrame, say: Voice, *, ax: Axes | None = None) -> Axes:
    """Bars of table `sensitivity`, from the outcome at an assumption's low value to that at its high; widest on top."""
    ax = ax or style.canvas(0.7 + 0.4 * len(sensitivity))
    sensitivity = sensitivity.dropna(subset="low_usd")
    width = (sensitivity["high_usd"] - sensitivity["low_usd"]).abs()
    bars = sensitivity.loc[width.sort_values().index].reset_index(drop=True)
    left, right = bars[["low_usd", "high_usd"]].min(axis=1), bars[["low_usd", "high_usd"]].max(axis=1)
    ax.barh(bars.index, right - left, left=left, color=style.SERIES[0], height=0.6)
    for bar in bars.itertuples():
        ends = [(bar.low_usd, say("low value")), (bar.high_usd, say("high value"))]
        for (usd, text), side, align in zip(sorted(ends, key=itemgetter(0)), (-4, 4), ("right", "left"), strict=True):
            style.note(ax, text, (usd, bar.Index), side, fontsize=8, color=style.MUTED, ha=align)
    ax.set_yticks(bars.index, say.in_words(bars["assumption"], "assumptions"))
    spread = right.max() - left.min()
    ax.set_xlim(left.min() - 0.18 * spread, right.max() + 0.18 * spread)
    return style.million_axis(ax, "x", say)


def plot_pairs(table: pd.DataFrame, say: Voice, *, ax: Axes | None = None) -> Axes:
    """Two columns of amounts (USD) as hollow and full dots on a line; rows and columns named as they will be read."""
    ax = ax or style.canvas(0.6 + 0.46 * len(table))
    table = table.iloc[::-1]
    (hollow, first), (full, second) = table.items()
    y = np.arange(len(table))
    ax.hlines(y, table.min(axis=1), table.max(axis=1), color=style.GRID, linewidth=4)
    ax.plot(first, y, "o", markerfacecolor="white", markeredgecolor=style.MUTED, markersize=8, label=hollow)
    ax.plot(second, y, "o", color=style.SERIES[0], markersize=8, label=full)
    style.name_rows(ax, table.index, size=None)
    ax.set_ylim(-0.6, len(table) - 0.4)
    ax.set_xlim(style.from_zero(table.min().min(), table.max().max(), 1.15))
    style.legend_below(ax)
    return style.million_axis(ax, "x", say)


def plot_estimates(estimates: pd.DataFrame, say: Voice, *, ax: Axes | None = None) -> Axes:
    """Gross cuts of table `estimates` by product and method, with their range; hollow where they may be chance."""
    products, words = list(estimates["product_id"].unique()), say.words("methods")
    colours = dict(zip(words, [style.INK, *style.SERIES], strict=False))
    methods = [m for m in words if m in set(estimates["method"])]
    ax = ax or style.canvas(0.5 + (0.16 + 0.12 * len(methods)) * len(products))
    for row in estimates.itertuples():
        y = products.index(row.product_id) + (methods.index(row.method) - (len(methods) - 1) / 2) * 0.8 / len(methods)
        colour = colours[row.method]
        ax.hlines(y, row.gross_low_usd, row.gross_high_usd, color=colour, linewidth=2.6, alpha=0.45)
        ax.plot(row.gross_usd, y, "o", color=colour, markerfacecolor=colour if row.told else "white", markersize=5)
    ax.axvline(0, color=style.MUTED, linewidth=0.8)
    style.name_rows(ax, say.names("products")[products], size=None)
    ax.set_ylim(len(products) - 0.5, -0.5)
    handles = [Line2D([], [], color=colours[m], marker="o", linewidth=3, label=words[m]) for m in methods]
    style.legend_below(ax, columns=2, handles=handles)
    return style.million_axis(ax, "x", say)


def plot_variants(variants: pd.DataFrame, say: Voice) -> Axes:
    """Gross cuts of six products in every variant of a method, by base year, coloured by basis; the first chart."""
    products = variants["product_id"].unique()[: style.MOST]
    charts = style.small_charts([*say.names("products")[products]], height=2.1)
    words, look = say.words("compared"), {"linestyle": "", "marker": "o", "markersize": 3.5, "alpha": 0.5}
    colours = dict(zip(words, style.SERIES, strict=False))
    for ax, product in zip(charts, products, strict=True):
        own = variants[variants["product_id"].eq(product)]
        bases = sorted(set(own["base"]))
        ax.axvline(0, color=style.MUTED, linewidth=0.8)
        for n, (basis, colour) in enumerate(colours.items()):
            dots = own[own["basis"].eq(basis)]
            if len(dots):
                ax.plot(dots["gross_usd"], dots["base"].map(bases.index) + (1 - n) * 0.22, color=colour, **look)
        names = [say("all") if base == "all" else base for base in bases]
        ax.set(ylim=(len(bases) - 0.4, -0.6), yticks=range(len(bases)), yticklabels=names)
        style.million_axis(ax, "x", say, ticks=4)
    present = [code for code in words if variants["basis"].eq(code).any()]
    handles = [Line2D([], [], color=colours[code], label=words[code], **look) for code in present]
    return style.legend_of_all(charts, columns=3, handles=handles)


def plot_bridge(steps: pd.DataFrame, say: Voice, *, ax: Axes | None = None) -> Axes:
    """Waterfall between the imports of two periods; columns label, value_usd, kind (total, change, project)."""
    ax = ax or style.canvas(0.7 + 0.36 * len(steps))
    _waterfall(ax, steps, say, size=9)
    style.name_rows(ax, steps["label"], size=9)
    words = {"change": say("other factors"), "project": say("projects")}
    moves = steps.loc[steps["kind"].ne("total"), "kind"]
    style.legend_below(ax, handles=style.patches(moves, KIND_COLOURS, words))
    return style.million_axis(ax, "x", say)


def plot_product_bridges(steps: pd.DataFrame, say: Voice) -> list[Axes]:
    """Small waterfalls, one a product, each on its own scale; columns product and as of `plot_bridge`."""
    products = steps["product"].unique()
    charts = style.small_charts(products, height=0.55 + 0.26 * (len(steps) // len(products)), legend=False)
    for n, (ax, product) in enumerate(zip(charts, products, strict=True)):
        own = steps[steps["product"].eq(product)].reset_index(drop=True)
        _waterfall(ax, own, say, size=7.5)
        ax.set_xticks([])
        style.name_rows(ax, own["label"] if n % style.COLUMNS == 0 else [""] * len(own), width=22, size=8)
    return charts


def plot_matrix(values: pd.DataFrame, say: Voice, *, ax: Axes | None = None) -> Axes:
    """Heat map of amounts (USD) in million dollars; rows and columns are named as they will be read."""
    ax = ax or style.canvas(0.6 + 0.3 * len(values))
    style.heat_map(ax, values / 1e6, values.map(lambda usd: say.millions(usd) if usd >= 5e3 else ""))
    slanted = {"rotation": 40, "ha": "right", "rotation_mode": "anchor"}
    ax.set_xticklabels([fill(c, 20) for c in values.columns], **slanted, fontsize=8)
    ax.set_yticklabels([fill(r, 34) for r in values.index], fontsize=8.5)
    return ax


def plot_probabilities(certainty: pd.DataFrame, say: Voice, *, ax: Axes | None = None) -> Axes:
    """Heat map of one basis of table `certainty`: each rank's probability in per cent; the largest mean on top."""
    order = certainty.drop_duplicates("project_id").sort_values("mean_usd", ascending=False)["project_id"]
    wide = certainty.pivot_table(index="project_id", columns="rank", values="probability").reindex(order)
    ax = ax or style.canvas(0.6 + 0.32 * len(wide))
    style.heat_map(ax, wide, wide.map(lambda p: say.number(100 * p) if p >= 0.005 else ""), most=1)
    ax.set_yticklabels([fill(name, style.LABEL_WIDTH) for name in order.map(say.names("projects"))], fontsize=8.5)
    ax.set_xticklabels([say.number(rank) for rank in wide.columns], fontsize=8.5)
    ax.set_xlabel(say("rank"))
    return ax


def signed(usd: float, say: Voice) -> str:
    """The amount in millions with its sign; nothing where it rounds to nothing."""
    text = say.millions(usd)
    if text.lstrip("\N{MINUS SIGN}") == say.millions(0):
        return ""
    return "+" + text if usd > 0 else text


def _bars(
    ax: Axes, values: pd.Series, notes: Sequence[str], say: Voice, *, colour: str | Sequence[str], room: float
) -> Axes:
    """Bars from the bottom up, each with what is said of it behind its end."""
    ax.barh(range(len(values)), values, color=colour, height=0.66)
    for y, (usd, text) in enumerate(zip(values, notes, strict=True)):
        style.note(ax, text, (max(usd, 0), y))
    ax.set_xlim(style.from_zero(values.min(), values.max(), room))
    return style.million_axis(ax, "x", say)


def _waterfall(ax: Axes, steps: pd.DataFrame, say: Voice, *, size: float) -> None:
    """Bars from the level before to the level after each step, first on top, each with its figure."""
    total = steps["kind"].eq("total")
    change = steps["value_usd"].where(~total, 0.0)
    level = steps["value_usd"].where(total).ffill() + change.groupby(total.cumsum()).cumsum()
    left, width = (level - change).where(~total, 0.0), change.where(~total, steps["value_usd"])
    ax.barh(steps.index, width, left=left, color=steps["kind"].map(KIND_COLOURS), height=0.66)
    edge = np.maximum(left, left + width)
    for y, value, x, whole in zip(steps.index, steps["value_usd"], edge, total, strict=True):
        label = say.millions(value) if whole else signed(value, say)
        style.note(ax, label, (x, y), 4, fontsize=size, fontweight="bold" if whole else "normal")
    ax.vlines(level.iloc[:-1], steps.index[:-1] + 0.33, steps.index[1:] - 0.33, color=style.MUTED, linewidth=0.8)
    ax.set_xlim(style.from_zero(level.min(), edge.max(), 1 + 0.016 * size))
    ax.set_ylim(len(steps) - 0.5, -0.5)
