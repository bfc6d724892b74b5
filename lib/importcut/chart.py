"""Draws finished tables. Text comes from `say` (language.Voice); the caller gives the claim as title."""

import io
import re
from dataclasses import dataclass
from textwrap import fill

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

# Okabe and Ito's colours: told apart by colour-blind readers too
CLASS_COLOURS = {"innovation": "#E69F00", "diversification": "#0072B2", "investment": "#009E73"}
SERIES = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#999999"]
INK, MUTED, GRID = "#222222", "#666666", "#DDDDDD"
STYLE = {
    "font.family": "DejaVu Sans", "font.size": 10, "svg.hashsalt": "importcut", "svg.fonttype": "path",
    "text.parse_math": False,
    "axes.spines.top": False, "axes.spines.right": False, "axes.edgecolor": MUTED, "axes.labelcolor": MUTED,
    "xtick.color": MUTED, "ytick.color": INK, "text.color": INK, "axes.axisbelow": True, "legend.frameon": False,
}  # fmt: skip
mpl.rcParams.update(STYLE)
LABEL_WIDTH = 28
NAMED = 6  # projects with a colour of their own; the rest are summed


@dataclass(frozen=True)
class Picture:
    """A finished chart as SVG, with the sentence that stands in for it."""

    svg: str
    alt: str
    name: str

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"image/svg+xml": self.svg}, {"image/svg+xml": {"alt": self.alt, "name": self.name}}


def canvas(width: float = 8.0, height: float = 4.5) -> Axes:
    """An empty chart of that size in inches."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasSVG(figure)
    return figure.add_subplot()


def picture(ax: Axes, say, *, title: str, unit: str, alt: str, name: str = "figure") -> Picture:
    """The finished chart: claim and unit above it, source and the mark of illustrative data below it."""
    figure = ax.figure
    width, height = figure.get_size_inches()
    claim, measure = fill(title, int(width * 8.4)), fill(unit, int(width * 13))
    note = fill(". ".join(filter(None, [say.source, say.mark])) + ".", int(width * 14.5))
    above = 0.12 + 0.22 * (claim.count("\n") + 1) + 0.17 * (measure.count("\n") + 1)
    below = 0.1 + 0.15 * (note.count("\n") + 1)
    tall = height + above + below
    figure.set_figheight(tall)
    figure.get_layout_engine().set(rect=(0, below / tall, 1, height / tall))
    left = 0.012
    figure.text(left, 1 - 0.06 / tall, claim, va="top", fontsize=12.5, fontweight="bold")
    figure.text(left, 1 - (0.1 + 0.22 * (claim.count("\n") + 1)) / tall, measure, va="top", fontsize=9, color=MUTED)
    figure.text(left, 0.06 / tall, note, va="bottom", fontsize=8, color=MUTED)
    file = io.StringIO()
    figure.savefig(file, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    return Picture(re.sub(r"<metadata>.*?</metadata>", "", file.getvalue(), flags=re.DOTALL), alt, name)


def plot_ranking(ranking: pd.DataFrame, say, *, ax: Axes | None = None) -> Axes:
    """Bars of the ranked projects: net in front, gross behind, range as a line, class by colour; ten at most."""
    ax = ax or canvas(8.0, 0.6 + 0.42 * min(len(ranking), 10))
    shown = ranking.head(10).iloc[::-1].reset_index(drop=True)
    projects = say.ds.projects.set_index("project_id")
    colours = shown["project_id"].map(projects["class"]).map(CLASS_COLOURS)
    ax.barh(shown.index, shown["gross_usd"], color=colours, alpha=0.25, height=0.72)
    ax.barh(shown.index, shown["headline_usd"], color=colours, height=0.46)
    known = shown[shown["low_usd"].notna()]
    ax.hlines(known.index, known["low_usd"], known["high_usd"], color=INK, linewidth=1.6)
    reach = shown[["gross_usd", "headline_usd", "high_usd"]].max(axis=1)
    for row, edge in zip(shown.itertuples(), reach, strict=True):
        label = say.millions(row.headline_usd)
        ax.annotate(label, (edge, row.Index), (6, 0), textcoords="offset points", va="center", fontweight="bold")
    ax.set_yticks(shown.index, [fill(n, LABEL_WIDTH) for n in shown["project_id"].map(say.names("projects"))])
    ax.set_xlim(min(0, shown["headline_usd"].min() * 1.1), reach.max() * 1.12)
    present = [c for c in CLASS_COLOURS if (projects.loc[shown["project_id"], "class"] == c).any()]
    handles = [mpl.patches.Patch(color=CLASS_COLOURS[c], label=say(CLASSES[c])) for c in present]
    _legend_below(ax, handles=handles)
    return _million_axis(ax, "x", say)


CLASSES = {
    "innovation": "innovation project",
    "diversification": "diversification project",
    "investment": "investment project",
}


def plot_counterfactual(counterfactual: pd.DataFrame, cuts: pd.DataFrame, say, *, ax: Axes | None = None) -> Axes:
    """Actual imports, and above them the cuts of the projects up to what would have been imported without them."""
    ax = ax or canvas(8.0, 4.2)
    totals = counterfactual.groupby("period")[["actual_usd", "counterfactual_usd"]].sum()
    at = np.arange(len(totals))
    by_project = cuts[cuts["identified"]].pivot_table(
        index="period", columns="project_id", values="gross_usd", aggfunc="sum"
    )
    by_project = by_project.reindex(totals.index).fillna(0.0)
    order = by_project.sum().sort_values(ascending=False).index
    names, lower = say.names("projects"), totals["actual_usd"].to_numpy()
    for project, colour in zip(order[:NAMED], SERIES, strict=False):
        upper = lower + by_project[project].to_numpy()
        ax.fill_between(at, lower, upper, color=colour, alpha=0.75, linewidth=0, label=names[project])
        lower = upper
    if len(order) > NAMED:
        ax.fill_between(
            at,
            lower,
            totals["counterfactual_usd"],
            color=SERIES[-1],
            alpha=0.75,
            linewidth=0,
            label=say("other projects"),
        )
    ax.plot(at, totals["actual_usd"], color=INK, linewidth=2, label=say("actual imports"))
    ax.plot(
        at,
        totals["counterfactual_usd"],
        color=INK,
        linewidth=1.4,
        linestyle="--",
        label=say("imports without the projects"),
    )
    low, high = totals["actual_usd"].min(), totals["counterfactual_usd"].max()
    ax.set_ylim(max(0, low - (high - low)), high + 0.1 * (high - low))
    ax.set_xlim(0, at[-1])
    _legend_below(ax)
    _period_axis(ax, totals.index, say)
    return _million_axis(ax, "y", say)


def plot_bridge(steps: pd.DataFrame, say, *, ax: Axes | None = None) -> Axes:
    """Waterfall between the imports of two periods; columns label, value_usd, kind (total, change, project)."""
    ax = ax or canvas(8.0, 3.6)
    change = steps["value_usd"].where(steps["kind"].ne("total"), 0.0)
    level = (
        steps["value_usd"].where(steps["kind"].eq("total")).ffill()
        + change.groupby(steps["kind"].eq("total").cumsum()).cumsum()
    )
    bottom = (level - change).where(steps["kind"].ne("total"), 0.0)
    height = change.where(steps["kind"].ne("total"), steps["value_usd"])
    colours = steps["kind"].map({"total": "#999999", "change": "#56B4E9", "project": "#009E73"})
    ax.bar(steps.index, height, bottom=bottom, color=colours, width=0.66)
    top = np.maximum(bottom, bottom + height)
    for x, kind, value, y in zip(steps.index, steps["kind"], steps["value_usd"], top, strict=True):
        sign = "+" if kind != "total" and value > 0 else ""
        ax.annotate(sign + say.millions(value), (x, y), (0, 3), textcoords="offset points", ha="center", fontsize=9)
    ends = steps.index[1:]
    ax.hlines(level.iloc[:-1], ends - 0.67, ends - 0.33, color=MUTED, linewidth=0.8)
    ax.set_xticks(steps.index, [fill(label, 14) for label in steps["label"]], fontsize=9)
    ax.set_ylim(0, top.max() * 1.08)
    return _million_axis(ax, "y", say)


def plot_matrix(values: pd.DataFrame, say, *, ax: Axes | None = None) -> Axes:
    """Heat map of amounts in million dollars; rows and columns are named as they will be read."""
    ax = ax or canvas(8.0, 0.6 + 0.3 * len(values))
    labels = values.map(lambda usd: say.millions(usd) if usd >= 5e3 else "")
    sns.heatmap(
        values / 1e6, annot=labels, fmt="", cmap="Blues", cbar=False, linewidths=0.5, ax=ax, annot_kws={"size": 8}
    )
    ax.set_xticklabels(
        [fill(c, 20) for c in values.columns], rotation=40, ha="right", rotation_mode="anchor", fontsize=8
    )
    ax.set_yticklabels([fill(r, 34) for r in values.index], rotation=0, fontsize=8.5)
    ax.set_xlabel("")
    ax.set_ylabel("")
    ax.tick_params(length=0)
    return ax


def plot_bars(values: pd.Series, say, *, ax: Axes | None = None) -> Axes:
    """Horizontal bars of amounts, largest on top, each with its figure; the index is named as it will be read."""
    ax = ax or canvas(8.0, 0.5 + 0.27 * len(values))
    shown = values.sort_values()
    ax.barh(range(len(shown)), shown, color=SERIES[0], height=0.66)
    for y, usd in enumerate(shown):
        ax.annotate(say.millions(usd), (max(usd, 0), y), (5, 0), textcoords="offset points", va="center", fontsize=8.5)
    ax.set_yticks(range(len(shown)), [fill(label, 36) for label in shown.index], fontsize=8.5)
    ax.set_xlim(min(0, shown.min() * 1.1), max(shown.max(), 0) * 1.12)
    return _million_axis(ax, "x", say)


def plot_plan(yearly: pd.DataFrame, say, *, target: pd.Series | None = None, ax: Axes | None = None) -> Axes:
    """Planned gross cuts by year, stacked by project (the largest by name); years × projects, names as read."""
    ax = ax or canvas(8.0, 4.2)
    order = yearly.sum().sort_values(ascending=False).index
    shown = yearly[order[:NAMED]].assign(**{say("other projects"): yearly[order[NAMED:]].sum(axis=1)})
    bottom, x = np.zeros(len(shown)), np.arange(len(shown))
    for column, colour in zip(shown, [*SERIES[:NAMED], SERIES[-1]], strict=True):
        ax.bar(x, shown[column], bottom=bottom, color=colour, width=0.7, label=column)
        bottom = bottom + shown[column].to_numpy()
    for at, usd in zip(x, bottom, strict=True):
        ax.annotate(say.millions(usd), (at, usd), (0, 3), textcoords="offset points", ha="center", fontweight="bold")
    ax.set_xticks(x, [str(year) for year in shown.index])
    ax.set_ylim(0, bottom.max() * 1.12)
    _legend_below(ax)
    return _million_axis(ax, "y", say)


def plot_pairs(table: pd.DataFrame, say, *, ax: Axes | None = None) -> Axes:
    """Two amounts for each row as hollow and full dots on a line; rows and columns named as they will be read."""
    ax = ax or canvas(8.0, 0.6 + 0.36 * len(table))
    shown = table.iloc[::-1]
    first, second = shown.columns
    y = np.arange(len(shown))
    ax.hlines(y, shown.min(axis=1), shown.max(axis=1), color=GRID, linewidth=4)
    ax.plot(shown[first], y, "o", markerfacecolor="white", markeredgecolor=MUTED, markersize=8, label=first)
    ax.plot(shown[second], y, "o", color=SERIES[0], markersize=8, label=second)
    ax.set_yticks(y, [fill(label, LABEL_WIDTH) for label in shown.index])
    ax.set_ylim(-0.6, len(shown) - 0.4)
    ax.set_xlim(min(0, shown.min().min() * 1.1), shown.max().max() * 1.15)
    _legend_below(ax)
    return _million_axis(ax, "x", say)


def _legend_below(ax: Axes, **handles) -> None:
    """A legend under the axis at a distance that does not depend on the height of the chart."""
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, 0), borderaxespad=3.4, ncols=3, fontsize=8.5, **handles)


def _million_axis(ax: Axes, which: str, say) -> Axes:
    axis = ax.xaxis if which == "x" else ax.yaxis
    axis.set_major_locator(mpl.ticker.MaxNLocator(6))
    digits = 0 if np.ptp(axis.get_view_interval()) > 6e6 else 1
    axis.set_major_formatter(lambda usd, _: say.number(usd / 1e6, digits))
    axis.grid(True, color=GRID, linewidth=0.7)
    return ax


def _period_axis(ax: Axes, periods: pd.PeriodIndex, say) -> None:
    step = max(1, len(periods) // 8)
    shown = range(len(periods) - 1, -1, -step)
    ax.set_xticks(list(shown), [fill(say.period(periods[n]), 9) for n in shown], fontsize=8.5)
