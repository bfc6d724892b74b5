"""Charts of what carries an inferred cut: actual against expected imports, and the cut by every method."""

from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from importcut.telling.chart import page

METHOD_COLOURS = dict(
    zip(("deliveries", "activity", "control_basket", "synthetic_control"), (page.INK, *page.SERIES[:3]), strict=True)
)
MOST = 6  # products with a small chart
CENTRAL = 0.8  # part of the donors that the band holds, so that a fall below it is rarer than one in ten


def plot_placebos(placebo: pd.DataFrame, say) -> Axes:
    """Actual and expected imports of each product, thousand tonnes, with the band in which most donors lie.

    Columns as of table `placebo`. The band is the expectation × the central four fifths of the donors' actual over
    expected imports in that period. Returns the first of the small charts; all are axes of its figure.
    """
    shown = placebo.assign(ratio=placebo["actual_kg"] / placebo["expected_kg"])
    own = shown[shown["role"].eq("product")]
    drawn = own[["project_id", "product_id"]].drop_duplicates().head(MOST)
    axes, key = page.panes(len(drawn), height=2.1)
    for ax, (project, product) in zip(axes, drawn.itertuples(index=False), strict=True):
        mine = own[own["project_id"].eq(project) & own["product_id"].eq(product)].set_index("period").sort_index()
        donors = shown[shown["project_id"].eq(project) & shown["product_id"].eq(product) & shown["role"].eq("donor")]
        at, expected = np.arange(len(mine)), mine["expected_kg"] / 1e6
        label = say("where four in five comparable products lie")
        by_period, tail = donors.groupby("period")["ratio"], (1 - CENTRAL) / 2
        low, high = (expected * by_period.quantile(share).reindex(mine.index) for share in (tail, 1 - tail))
        ax.fill_between(at, low, high, color=page.GRID, linewidth=0, label=label)
        ax.plot(at, mine["actual_kg"] / 1e6, color=page.SERIES[0], linewidth=1.8, label=say("actual imports"))
        label = say("imports without the projects")
        ax.plot(at, expected, color=page.INK, linewidth=1.2, linestyle="--", label=label)
        ax.axvline(np.flatnonzero(mine["output"])[0] - 0.5, color=page.MUTED, linewidth=0.8, linestyle=":")
        ax.set_title(fill(say.names("products")[product], page.LABEL_WIDTH), fontsize=9, loc="left")
        ax.set_ylim(0)
        ax.grid(axis="y", color=page.GRID, linewidth=0.7)
        ax.yaxis.set_major_formatter(lambda kt, _: say.number(kt, 0 if kt >= 5 or kt == 0 else 1))
        ax.tick_params(labelsize=8)
        page.period_axis(ax, mine.index, say, labels=2)
    key.legend(*axes[0].get_legend_handles_labels(), loc="center", ncols=2, fontsize=8.5)
    return axes[0]


def plot_variants(variants: pd.DataFrame, say) -> Axes:
    """The gross cut of each product in every variant, by base year, coloured by what is compared; a dot a donor set.

    Columns label (of the product), base, basis, gross_usd (USD), as one method has them; six products at most. Returns
    the first of the small charts; all are axes of its figure.
    """
    labels = list(dict.fromkeys(variants["label"]))[:MOST]
    axes, key = page.panes(len(labels), height=2.1)
    for ax, label in zip(axes, labels, strict=True):
        own = variants[variants["label"].eq(label)]
        bases = sorted(set(own["base"]), reverse=True)
        for n, (basis, text) in enumerate(say.words("compared").items()):
            dots = own[own["basis"].eq(basis)]
            if dots.empty:
                continue
            y = dots["base"].map(bases.index) + (n - 1) * 0.22
            ax.plot(dots["gross_usd"], y, "o", color=page.SERIES[n], markersize=3.5, alpha=0.5, label=text)
        ax.axvline(0, color=page.MUTED, linewidth=0.8)
        ax.set_yticks(range(len(bases)), [say("all") if base == "all" else base for base in bases], fontsize=8)
        ax.set_ylim(-0.6, len(bases) - 0.4)
        ax.set_title(fill(label, page.LABEL_WIDTH), fontsize=9, loc="left")
        ax.tick_params(labelsize=8)
        page.million_axis(ax, "x", say, ticks=4)
    key.legend(*axes[0].get_legend_handles_labels(), loc="center", ncols=3, fontsize=8.5)
    return axes[0]


def plot_estimates(estimates: pd.DataFrame, say, *, ax: Axes | None = None) -> Axes:
    """The gross cut of each product by every method, with its range; hollow where chance gives as large a fall.

    Parameters
    ----------
    estimates : label (of the row), method, method_label, gross_usd, low_usd, high_usd (USD), told

    Examples
    --------
    >>> say = Voice("en", open_dataset("sample", period="2026Q3"))
    >>> row = {"label": "Antifreeze", "method": "activity", "method_label": "vehicles", "gross_usd": 2e6}
    >>> ax = plot_estimates(pd.DataFrame([row | {"low_usd": 1e6, "high_usd": 3e6, "told": False}]), say)
    >>> ax.lines[0].get_markerfacecolor()  # hollow
    'white'
    """
    labels = list(dict.fromkeys(estimates["label"]))
    methods = [m for m in METHOD_COLOURS if m in set(estimates["method"])]
    ax = ax or page.canvas(8.0, 0.5 + (0.16 + 0.12 * len(methods)) * len(labels))
    step = 0.8 / len(methods)
    for row in estimates.itertuples():
        y = labels.index(row.label) + (methods.index(row.method) - (len(methods) - 1) / 2) * step
        colour = METHOD_COLOURS[row.method]
        ax.hlines(y, row.low_usd, row.high_usd, color=colour, linewidth=2.6, alpha=0.45)
        ax.plot(row.gross_usd, y, "o", color=colour, markerfacecolor=colour if row.told else "white", markersize=5)
    ax.axvline(0, color=page.MUTED, linewidth=0.8)
    page.name_rows(ax, labels, size=None)
    ax.set_ylim(len(labels) - 0.5, -0.5)
    named = estimates.drop_duplicates("method").set_index("method")["method_label"]
    handles = [Line2D([], [], color=METHOD_COLOURS[m], marker="o", linewidth=3, label=named[m]) for m in methods]
    page.legend_below(ax, columns=2, handles=handles)
    return page.million_axis(ax, "x", say)
