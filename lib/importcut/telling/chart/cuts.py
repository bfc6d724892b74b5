"""Charts of imports and of what the projects cut."""

from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from importcut.telling.chart import page

NAMED = 6  # projects with a colour of their own; the rest are summed


def plot_ranking(ranking: pd.DataFrame, say, *, ax: Axes | None = None) -> Axes:
    """Bars of the ranked projects: net in front, gross behind, range as a line, class by colour; ten at most.

    Parameters
    ----------
    ranking : rows of one basis of table `ranking`, in the order of the rank; amounts in USD

    Examples
    --------
    >>> say = Voice("en", open_dataset("sample", period="2026Q3"))
    >>> rows = pd.DataFrame({"project_id": ["antifreeze_navoi", "washer_fluid_tashkent"], "gross_usd": [4e6, 2e6]})
    >>> rows = rows.assign(headline_usd=[3e6, 1e6], low_usd=[2e6, 1e6], high_usd=[3.5e6, 2e6])
    >>> ax = plot_ranking(rows, say)
    >>> [label.get_text() for label in ax.texts]
    ['1.00', '3.00']
    """
    ax = ax or page.canvas(8.0, 0.6 + 0.46 * min(len(ranking), 10))
    shown = ranking.head(10).iloc[::-1].reset_index(drop=True)
    projects = say.ds.projects.set_index("project_id")
    colours = shown["project_id"].map(projects["class"]).map(page.CLASS_COLOURS)
    ax.barh(shown.index, shown["gross_usd"], color=colours, alpha=0.25, height=0.72)
    ax.barh(shown.index, shown["headline_usd"], color=colours, height=0.46)
    known = shown[shown["low_usd"].notna()]
    ax.hlines(known.index, known["low_usd"], known["high_usd"], color=page.INK, linewidth=1.6)
    reach = shown[["gross_usd", "headline_usd", "high_usd"]].max(axis=1)
    for row, edge in zip(shown.itertuples(), reach, strict=True):
        page.note(ax, say.millions(row.headline_usd), (edge, row.Index), 6, fontsize=10, fontweight="bold")
    page.name_rows(ax, shown["project_id"].map(say.names("projects")), size=None)
    ax.set_xlim(min(0, shown["headline_usd"].min() * 1.1), reach.max() * 1.12)
    page.legend_below(ax, handles=page.class_patches(projects.loc[shown["project_id"], "class"], say))
    return page.million_axis(ax, "x", say)


def plot_counterfactual(counterfactual: pd.DataFrame, cuts: pd.DataFrame, say, *, ax: Axes | None = None) -> Axes:
    """Actual imports, and above them the cuts of the projects up to what would have been imported without them.

    Parameters
    ----------
    counterfactual, cuts : tables `counterfactual` and `cuts_realised`; USD by period

    Examples
    --------
    >>> say = Voice("en", open_dataset("sample", period="2026Q3"))
    >>> at = {"period": pd.PeriodIndex(["2026Q2", "2026Q3"], freq="Q")}
    >>> imports = pd.DataFrame(at | {"actual_usd": [5e6, 4e6], "counterfactual_usd": [5.5e6, 6e6]})
    >>> cuts = pd.DataFrame(at | {"project_id": "antifreeze_navoi", "identified": True, "gross_usd": [5e5, 2e6]})
    >>> ax = plot_counterfactual(imports, cuts, say)
    >>> ax.get_legend().get_texts()[-1].get_text()
    'imports without the projects'
    """
    ax = ax or page.canvas(8.0, 4.2)
    totals = counterfactual.groupby("period")[["actual_usd", "counterfactual_usd"]].sum()
    at = np.arange(len(totals))
    told = cuts[cuts["identified"]]
    by_project = told.pivot_table(index="period", columns="project_id", values="gross_usd", aggfunc="sum")
    by_project = by_project.reindex(totals.index).fillna(0.0)
    order = by_project.sum().sort_values(ascending=False).index
    names, lower = say.names("projects"), totals["actual_usd"].to_numpy()
    band = {"alpha": 0.75, "linewidth": 0}
    for project, colour in zip(order[:NAMED], page.SERIES, strict=False):
        upper = lower + by_project[project].to_numpy()
        ax.fill_between(at, lower, upper, color=colour, label=names[project], **band)
        lower = upper
    if len(order) > NAMED:
        others = {"color": page.SERIES[-1], "label": say("other projects")}
        ax.fill_between(at, lower, totals["counterfactual_usd"], **others, **band)
    ax.plot(at, totals["actual_usd"], color=page.INK, linewidth=2, label=say("actual imports"))
    without = {"linewidth": 1.4, "linestyle": "--", "label": say("imports without the projects")}
    ax.plot(at, totals["counterfactual_usd"], color=page.INK, **without)
    low, high = totals["actual_usd"].min(), totals["counterfactual_usd"].max()
    ax.set_ylim(max(0, low - (high - low)), high + 0.1 * (high - low))
    ax.set_xlim(0, at[-1])
    page.legend_below(ax)
    page.period_axis(ax, totals.index, say)
    return page.million_axis(ax, "y", say)


def plot_matrix(values: pd.DataFrame, say, *, ax: Axes | None = None) -> Axes:
    """Heat map of amounts in million dollars; rows and columns are named as they will be read.

    Parameters
    ----------
    values : amounts (USD), rows by columns

    Examples
    --------
    >>> say = Voice("en", open_dataset("sample", period="2026Q3"))
    >>> ax = plot_matrix(pd.DataFrame({"Asaka": [2e6, 0.0]}, ["Top coat", "Primer"]), say)
    >>> ax.texts[0].get_text()
    '2.00'
    """
    ax = ax or page.canvas(8.0, 0.6 + 0.3 * len(values))
    labels = values.map(lambda usd: say.millions(usd) if usd >= 5e3 else "")
    page.heat_map(ax, values / 1e6, labels)
    slanted = {"rotation": 40, "ha": "right", "rotation_mode": "anchor"}
    ax.set_xticklabels([fill(c, 20) for c in values.columns], **slanted, fontsize=8)
    ax.set_yticklabels([fill(r, 34) for r in values.index], rotation=0, fontsize=8.5)
    return ax


def plot_bars(values: pd.Series, say, *, ax: Axes | None = None) -> Axes:
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
    ax = ax or page.canvas(8.0, 0.5 + 0.27 * len(values))
    shown = values.sort_values()
    ax.barh(range(len(shown)), shown, color=page.SERIES[0], height=0.66)
    for y, usd in enumerate(shown):
        page.note(ax, say.millions(usd), (max(usd, 0), y))
    page.name_rows(ax, shown.index, width=36)
    ax.set_xlim(min(0, shown.min() * 1.1), max(shown.max(), 0) * 1.12)
    return page.million_axis(ax, "x", say)


def plot_plan(yearly: pd.DataFrame, say, *, ax: Axes | None = None) -> Axes:
    """Planned gross cuts by year, stacked by project (the largest by name); years × projects, names as read.

    Parameters
    ----------
    yearly : gross cuts (USD), years by projects

    Examples
    --------
    >>> say = Voice("en", open_dataset("sample", period="2026Q3"))
    >>> yearly = pd.DataFrame({"A": [1e6, 2e6], "B": [0.0, 1e6]}, [2026, 2027])
    >>> [label.get_text() for label in plot_plan(yearly, say).texts]
    ['1.00', '3.00']
    """
    ax = ax or page.canvas(8.0, 4.2)
    top, x = _stack(ax, yearly, say("other projects")), np.arange(len(yearly))
    for at, usd in zip(x, top, strict=True):
        page.note(ax, say.millions(usd), (at, usd), 0, 3, fontsize=10, fontweight="bold")
    ax.set_xticks(x, [str(year) for year in yearly.index])
    ax.set_ylim(0, top.max() * 1.12)
    page.legend_below(ax)
    return page.million_axis(ax, "y", say)


def plot_periods(amounts: pd.DataFrame, say, *, marks: pd.Series | None = None, ax: Axes | None = None) -> Axes:
    """Amounts by period (rows), stacked by what the columns name, the largest by name; `marks` beside them as dots."""
    ax = ax or page.canvas(8.0, 4.2)
    top = _stack(ax, amounts, say("others"))
    if marks is not None:
        look = {"marker": "o", "linestyle": "", "markerfacecolor": "white", "markeredgecolor": page.INK, "ms": 7}
        ax.plot(range(len(amounts)), marks.reindex(amounts.index), label=marks.name, **look)
        top = np.fmax(top, marks.reindex(amounts.index).to_numpy(float))
    ax.set_ylim(min(0, amounts.min().min() * 1.1), max(top.max(), 0) * 1.08 or 1)
    ax.set_xlim(-0.6, len(amounts) - 0.4)
    page.period_axis(ax, pd.PeriodIndex(amounts.index), say)
    page.legend_below(ax)
    return page.million_axis(ax, "y", say)


def plot_pairs(table: pd.DataFrame, say, *, ax: Axes | None = None) -> Axes:
    """Two amounts for each row as hollow and full dots on a line; rows and columns named as they will be read.

    Parameters
    ----------
    table : two columns of amounts (USD), by name

    Examples
    --------
    >>> say = Voice("en", open_dataset("sample", period="2026Q3"))
    >>> table = pd.DataFrame({"planned": [3e6], "realised": [2e6]}, ["Antifreeze"])
    >>> [line.get_label() for line in plot_pairs(table, say).lines]
    ['planned', 'realised']
    """
    ax = ax or page.canvas(8.0, 0.6 + 0.46 * len(table))
    shown = table.iloc[::-1]
    first, second = shown.columns
    y = np.arange(len(shown))
    ax.hlines(y, shown.min(axis=1), shown.max(axis=1), color=page.GRID, linewidth=4)
    ax.plot(shown[first], y, "o", markerfacecolor="white", markeredgecolor=page.MUTED, markersize=8, label=first)
    ax.plot(shown[second], y, "o", color=page.SERIES[0], markersize=8, label=second)
    page.name_rows(ax, shown.index, size=None)
    ax.set_ylim(-0.6, len(shown) - 0.4)
    ax.set_xlim(min(0, shown.min().min() * 1.1), shown.max().max() * 1.15)
    page.legend_below(ax)
    return page.million_axis(ax, "x", say)


def _stack(ax: Axes, amounts: pd.DataFrame, others: str) -> np.ndarray:
    """Bars of the rows, stacked by column: the largest in colours of their own, the rest summed; returns their tops."""
    order = amounts.sum().sort_values(ascending=False, kind="stable").index
    shown, bottom = amounts[order[:NAMED]], np.zeros(len(amounts))
    if len(order) > NAMED:
        shown = shown.assign(**{others: amounts[order[NAMED:]].sum(axis=1)})
    for column, colour in zip(shown, [*page.SERIES[:NAMED], page.SERIES[-1]], strict=False):
        ax.bar(np.arange(len(shown)), shown[column], bottom=bottom, color=colour, width=0.7, label=column)
        bottom = bottom + shown[column].to_numpy()
    return bottom
