"""Charts with a row a project, product or cause: bars, dots with ranges, waterfalls, heat maps."""

from collections.abc import Sequence
from operator import add, itemgetter
from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from importcut.language import Voice, texts
from importcut.telling.chart import style
from importcut.telling.finding import PRECISION, extent

KIND_COLOURS = {
    "rise": style.SERIES[1], "fall": style.SERIES[0], "project": style.SERIES[2], "total": style.SERIES[7],
}  # fmt: skip

TAIL = 0.05  # of the draws on each side of nine in ten


def plot_ranking(ranking: pd.DataFrame, say: Voice, *, ax: Axes | None = None) -> Axes:
    """Bars of one basis of table `ranking`, ten at most: net in front, gross behind, range a line.

    The leader is in colour; beside each bar stand its figures and the class, for a short one has no room for them.
    """
    bars = ranking.head(10).iloc[::-1].reset_index(drop=True)
    ax = ax or style.canvas(0.6 + 0.34 * len(bars))
    colours = [*[style.BESIDES] * (len(bars) - 1), style.SERIES[0]]
    ax.barh(bars.index, bars["gross_usd"], color=colours, alpha=0.3, height=0.72)
    ax.barh(bars.index, bars["headline_usd"], color=colours, height=0.46)
    bars = bars.join(extent(bars))
    known = bars[bars["low_usd"].notna()]
    ax.hlines(known.index, known["low_usd"], known["high_usd"], color=style.INK, linewidth=1.6)
    classes = bars["project_id"].map(say.ds.projects.set_index("project_id")["class"]).map(say.words("classes"))
    net = bars["net_usd"].notna().any()
    style.beside(ax, say("net") if net else "", bars["headline_usd"].map(say.millions), fontweight="bold")
    style.beside(ax, say("gross"), bars["gross_usd"].map(say.millions), color=style.MUTED)
    style.beside(ax, "", classes, color=style.MUTED, width=16, fontsize=7.5)
    style.name_rows(ax, bars["project_id"].map(say.names("projects")), width=34)
    reach = bars[["gross_usd", "headline_usd", "high_usd"]].max(axis=1)
    ax.set_xlim(style.from_zero(bars["headline_usd"].min(), reach.max(), 1.04))
    ax.xaxis.set_visible(False)  # every bar has its figures
    ax.spines["bottom"].set_visible(False)
    top = bars.iloc[::-1]
    ends = {end: top[end].fillna(top["headline_usd"]) for end in ("low_usd", "high_usd")}
    leading = {
        "name": say("net") if net else say("gross"),
        "usd": top["headline_usd"],
        "colour": style.SERIES[0],
    } | ends
    gross = {"name": say("gross"), "usd": top["gross_usd"], "colour": style.GRID}
    return style.editable(ax, say, top["project_id"].map(say.names("projects")), leading, *[gross] * bool(net))


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
    style.name_rows(ax, values.index, width=56)
    style.editable(ax, say, values.index[::-1], {"name": "", "usd": values[::-1], "colour": style.SERIES[0]})
    return _bars(ax, values, values.map(say.millions), say, colour=style.SERIES[0], room=1.12)


def plot_quality(bars: pd.DataFrame, say: Voice, *, ax: Axes | None = None) -> Axes:
    """Bars of `narrate.quality_bars`: the value a finding touches, by treatment; beside it lines and products."""
    ax = ax or style.canvas(0.7 + 0.24 * len(bars))
    bars, words = bars.iloc[::-1], say.words("treatments")
    colours = dict(zip(words, style.SERIES, strict=False))
    counts = [[say(of, n=int(row[of])) for of in ("lines", "products") if row[of]] for _, row in bars.iterrows()]
    amounts = [[say.money(usd)] if usd >= PRECISION else [] for usd in bars["affected_value_usd"]]
    notes = [", ".join(texts) for texts in map(add, amounts, counts)]
    style.name_rows(ax, say.in_words(bars["check"], "checks"), width=44)
    _bars(ax, bars["affected_value_usd"], notes, say, colour=bars["treatment"].map(colours), room=2.4)
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
    ax = ax or style.canvas(0.6 + 0.3 * len(table))
    table = table.iloc[::-1]
    (hollow, first), (full, second) = table.items()
    y = np.arange(len(table))
    ax.hlines(y, table.min(axis=1), table.max(axis=1), color=style.GRID, linewidth=4)
    ax.plot(first, y, "o", markerfacecolor="white", markeredgecolor=style.MUTED, markersize=8, label=hollow)
    ax.plot(second, y, "o", color=style.SERIES[0], markersize=8, label=full)
    style.name_rows(ax, table.index, width=60)
    ax.set_ylim(-0.6, len(table) - 0.4)
    ax.set_xlim(style.from_zero(table.min().min(), table.max().max(), 1.15))
    style.legend_below(ax)
    return style.million_axis(ax, "x", say)


def plot_target(target: pd.DataFrame, say: Voice, *, ax: Axes | None = None) -> Axes:
    """Bullet bars of table `target`, a reading a row: cut so far, planned by now, what is to come, target, ceiling."""
    rows = target.sort_values("leading").reset_index(drop=True)
    ax = ax or style.canvas(0.5 + 0.8 * len(rows))
    ends = rows[["on_course_low_usd", "on_course_high_usd"]].apply(lambda end: end.fillna(rows["on_course_usd"]))
    reach = 1.04 * np.fmax(rows["target_usd"].max(), ends.max().max())
    small = {"fontsize": 8.5}
    for y, row, low, high in zip(rows.index, rows.itertuples(), *ends.to_numpy().T, strict=True):
        ax.barh(y, high - low, left=low, color=style.SERIES[4], height=0.36)
        ax.vlines(row.target_usd, y - 0.3, y + 0.3, color=style.SERIES[5], linewidth=3)
        label = say("target {amount}", amount=say.millions(row.target_usd))
        style.note(ax, label, (row.target_usd, y + 0.3), 0, 2, ha="right", va="bottom", color=style.SERIES[5], **small)
        amounts = f"{say.millions(low)}–{say.millions(high)}" if high > low else say.millions(low)
        summed = row.reading == "cumulative"  # what was cut so far is part of a sum, not of the flow of one year
        place = ((high, y - 0.24), 0, -2) if summed else ((low, y - 0.24), 0, -2)
        label = say("on today's results {amounts}", amounts=amounts)
        style.note(ax, label, *place, ha="right" if summed else "left", va="top", **small)
        if summed:
            ax.barh(y, row.realised_usd, color=style.SERIES[0], height=0.18)
            ax.vlines(row.planned_to_date_usd, y - 0.2, y + 0.2, color=style.INK, linewidth=2)
            facts = {"realised": say.millions(row.realised_usd), "planned": say.millions(row.planned_to_date_usd)}
            label = say("so far {realised}, planned by now {planned}", **facts)
            style.note(ax, label, (0, y + 0.24), 3, 2, ha="left", va="bottom", **small)
        if row.addressable_usd < reach:
            ax.plot(row.addressable_usd, y, "D", color=style.INK, markersize=6)
            label = say("can be displaced {amount}", amount=say.millions(row.addressable_usd))
            style.note(ax, label, (row.addressable_usd, y + 0.24), 0, 2, ha="right", va="bottom", **small)
    style.name_rows(ax, say.in_words(rows["reading"], "readings"), width=18, size=9)
    ax.set(xlim=(0, reach), ylim=(-0.55, len(rows) - 0.4))
    heads = {column: say(head) for head, column in texts("listings")["target"]["columns"].items()}
    course, leading = heads["on_course_usd"], rows.assign(**ends).iloc[-1]  # a plan may lie outside its own range
    bars = {heads["realised_usd"]: "realised_usd", heads["planned_to_date_usd"]: "planned_to_date_usd"}
    bars |= {
        f"{course}: {say('low value')}": "on_course_low_usd",
        f"{course}: {say('high value')}": "on_course_high_usd",
    }
    bars |= {heads["target_usd"]: "target_usd"}
    bars |= {heads["addressable_usd"]: "addressable_usd"} if leading["addressable_usd"] < reach else {}
    values = {"name": "", "usd": leading[[*bars.values()]], "colour": style.SERIES[0]}
    style.editable(ax, say, bars, values)
    return style.million_axis(ax, "x", say)


def plot_estimates(estimates: pd.DataFrame, say: Voice, *, ax: Axes | None = None) -> Axes:
    """Gross cuts of table `estimates` by product and method, with their range; hollow where they may be chance."""
    products, words = list(estimates["product_id"].unique()), say.words("methods")
    colours = dict(zip(words, [style.INK, *style.SERIES], strict=False))
    methods = [m for m in words if m in set(estimates["method"])]
    ax = ax or style.canvas(0.5 + (0.12 + 0.08 * len(methods)) * len(products))
    for row in estimates.itertuples():
        y = products.index(row.product_id) + (methods.index(row.method) - (len(methods) - 1) / 2) * 0.8 / len(methods)
        colour = colours[row.method]
        ax.hlines(y, row.gross_low_usd, row.gross_high_usd, color=colour, linewidth=2.6, alpha=0.45)
        ax.plot(row.gross_usd, y, "o", color=colour, markerfacecolor=colour if row.told else "white", markersize=5)
    ax.axvline(0, color=style.MUTED, linewidth=0.8)
    style.name_rows(ax, say.names("products")[products], width=34)
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
    """What moved imports, from zero to the whole change; columns label, value_usd, kind (change, project, total)."""
    ax = ax or style.canvas(0.95 + 0.27 * len(steps))
    kinds = _waterfall(ax, steps, say, size=9)
    style.name_rows(ax, steps["label"], width=34, size=9)
    words = {"rise": say("raised imports"), "fall": say("lowered imports"), "project": say("projects")}
    style.legend_below(ax, handles=style.patches(kinds, KIND_COLOURS, words | {"total": say("change in imports")}))
    colours = [*kinds.map(KIND_COLOURS)]
    style.editable(ax, say, steps["label"], {"name": "", "usd": steps["value_usd"], "colour": colours})
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
    """Heat map of amounts (USD) with the sums of rows and columns, unknown ones left white; of one column its bars."""
    if len(values.columns) == 1:
        return plot_bars(values.iloc[:, 0], say, ax=ax)
    ax = ax or style.canvas(0.9 + 0.22 * len(values))
    style.heat_map(ax, values / 1e6, values.map(say.millions, na_action="ignore").fillna(""))
    sums = {"fontsize": 8, "fontweight": "bold", "ha": "center", "va": "center"}
    for y, usd in enumerate(values.sum(axis=1)):
        ax.text(len(values.columns) + 0.5, y + 0.5, say.millions(usd), **sums)
    for x, usd in enumerate([*values.sum(), values.sum().sum()]):
        ax.text(x + 0.5, len(values) + 0.5, say.millions(usd), **sums)
    rows, columns = ([*map(str, names), say("in all")] for names in (values.index, values.columns))
    style.name_cells(ax, [fill(row, 34) for row in rows], [fill(column, 20) for column in columns])
    ax.set_xticklabels(ax.get_xticklabels(), rotation=40, ha="right", rotation_mode="anchor")
    return ax


def plot_probabilities(certainty: pd.DataFrame, say: Voice, *, ax: Axes | None = None) -> Axes:
    """One basis of table `certainty`: a dot at each project's most probable rank, a line over nine draws in ten."""
    order = certainty.drop_duplicates("project_id").sort_values("mean_usd", ascending=False)["project_id"]
    wide = certainty.pivot_table(index="project_id", columns="rank", values="probability").reindex(order).fillna(0.0)
    summed, likely, y = wide.cumsum(axis=1), wide.idxmax(axis=1), np.arange(len(wide))
    ax = ax or style.canvas(0.5 + 0.22 * len(wide))
    first, last = (summed.gt(share).idxmax(axis=1) for share in (TAIL, 1 - TAIL - 1e-9))
    ax.hlines(y, first, last, color=style.SERIES[4], linewidth=4)
    ax.plot(likely, y, "o", color=style.SERIES[0], markersize=8)
    style.beside(ax, "", [say.percent(share) for share in wide.max(axis=1)], color=style.MUTED)
    style.name_rows(ax, order.map(say.names("projects")), width=34)
    ax.set(xlim=(0.5, wide.columns.max() + 0.5), ylim=(len(wide) - 0.5, -0.5), xlabel=say("rank"))
    ax.set_xticks(wide.columns, [*map(say.number, wide.columns)], fontsize=8.5)
    ax.xaxis.grid(True, color=style.GRID, linewidth=0.7)
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


def _waterfall(ax: Axes, steps: pd.DataFrame, say: Voice, *, size: float) -> pd.Series:
    """Bars from the level before to the level after each step, first on top, each with its figure; returns kinds."""
    total, value = steps["kind"].eq("total"), steps["value_usd"]
    kinds = steps["kind"].replace("change", np.nan).fillna(pd.Series(np.where(value < 0, "fall", "rise"), steps.index))
    level = value.where(~total, 0.0).cumsum()
    left = (level - value).where(~total, 0.0)
    ax.barh(steps.index, value, left=left, color=kinds.map(KIND_COLOURS), height=0.66)
    edge = np.maximum(left, left + value)
    for y, usd, x, whole in zip(steps.index, value, edge, total, strict=True):
        style.note(ax, signed(usd, say), (x, y), 4, fontsize=size, fontweight="bold" if whole else "normal")
    ax.vlines(level.iloc[:-1], steps.index[:-1] + 0.33, steps.index[1:] - 0.33, color=style.MUTED, linewidth=0.8)
    ax.axvline(0, color=style.MUTED, linewidth=0.8)
    ax.set_xlim(style.from_zero(min(level.min(), left.min()), max(edge.max(), 0), 1 + 0.016 * size))
    ax.set_ylim(len(steps) - 0.5, -0.5)
    return kinds
