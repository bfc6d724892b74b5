"""Charts of what the projects cost and bring: size and ratio together."""

from itertools import pairwise
from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from matplotlib.text import Annotation
from matplotlib.transforms import Bbox

from importcut.language import Voice
from importcut.telling.chart import style

LETTER_WIDTH = 0.07  # inches, width of a letter of a label
WIDE_SPREAD = 30  # ratio of the largest to the smallest value from which an axis is logarithmic
MOST_LABELS = 5  # projects named for their size, besides those on the Pareto front
BESIDE = [
    (7, 0, "left", "center"), (6, 5, "left", "bottom"), (0, 7, "center", "bottom"), (-6, 5, "right", "bottom"),
    (6, -5, "left", "top"), (0, -7, "center", "top"), (-6, -5, "right", "top"), (-7, 0, "right", "center"),
]  # fmt: skip


def plot_cost_curve(appraisal: pd.DataFrame, say: Voice, *, ax: Axes | None = None) -> Axes:
    """Bars of table `appraisal`, cheapest first: width the annual net cut, height the cost per dollar of it."""
    rows = _with_ratio(appraisal, say)
    ax = ax or style.canvas(3.6 + 0.1 * len(rows))
    height, width = 1 / rows["cut_per_cost"], rows["annual_net_usd"]
    left = width.cumsum() - width
    ax.bar(left, height, width=width, align="edge", color=rows["colour"], edgecolor="white", linewidth=0.8)
    room = ax.get_position().width * ax.figure.get_figwidth() / LETTER_WIDTH
    legend = style.patches(rows["class"], style.CLASS_COLOURS, say.words("classes"))
    for middle, top, share, name, colour in zip(
        left + width / 2, height, width / width.sum(), rows["name"], rows["colour"], strict=True
    ):
        label = fill(name, max(int(share * room), 1), break_long_words=False, break_on_hyphens=False)
        if max(map(len, label.split("\n"))) > share * room:
            label = say.number(len(legend) - rows["class"].nunique() + 1)
            legend.append(Patch(color=colour, label=f"{label}  {name}"))
        style.note(ax, label, (middle, top), 0, 3)
    ax.set_xlim(0, width.sum())
    ax.set_ylim(0, height.max() * 1.14)
    across = say("annual net import cut, cumulated, million US dollars")
    return _finish(ax, across, say("cost per dollar of annual net import cut, US dollars"), legend, say)


def plot_size_ratio(appraisal: pd.DataFrame, say: Voice, *, ax: Axes | None = None) -> Axes:
    """Dots of table `appraisal`: annual net cut against what a dollar invested brings of it, and the Pareto front."""
    rows = _with_ratio(appraisal, say)
    ax = ax or style.canvas(5.0)
    x, y = rows["annual_net_usd"], rows["cut_per_cost"]
    front = rows[rows["pareto"]].sort_values("annual_net_usd")
    (line,) = ax.plot(front["annual_net_usd"], front["cut_per_cost"], color=style.MUTED, linewidth=1.2, zorder=1)
    line.set_label(say("projects that none beats in both"))
    ax.scatter(x, y, c=rows["colour"], s=46, edgecolor="white", linewidth=0.8)
    ax.set_xlim(0, x.max() * 1.12)
    if y.max() / y.min() > WIDE_SPREAD:
        ax.set_yscale("log")
        ax.set_ylim(y.min() / 1.6, y.max() * 1.6)
    else:
        ax.set_ylim(0, y.max() * 1.12)
    across = say("annual net import cut, million US dollars")
    legend = [*style.patches(rows["class"], style.CLASS_COLOURS, say.words("classes")), line]
    _finish(ax, across, say("annual net import cut per dollar invested, US dollars"), legend, say)
    _name_points(ax, rows)
    return ax


def _with_ratio(appraisal: pd.DataFrame, say: Voice) -> pd.DataFrame:
    """The projects with a positive ratio, largest first, with name, class and colour."""
    rows = appraisal[appraisal["cut_per_cost"] > 0].sort_values("cut_per_cost", ascending=False)
    group = rows["project_id"].map(say.ds.projects.set_index("project_id")["class"])
    names = rows["project_id"].map(say.names("projects"))
    return rows.assign(**{"name": names, "class": group, "colour": group.map(style.CLASS_COLOURS)})


def _name_points(ax: Axes, rows: pd.DataFrame) -> None:
    """Names beside the Pareto points and the largest, each where it covers no dot and no other name, if possible."""
    ax.figure.draw_without_rendering()  # only then the places on the page are known
    dots = ax.transData.transform(rows[["annual_net_usd", "cut_per_cost"]].to_numpy(float))
    front = dots[rows["pareto"].to_numpy()]  # from the top left to the bottom right
    along = [a + (b - a) * step for a, b in pairwise(front) for step in np.linspace(0, 1, 100)]
    taken = [Bbox.from_bounds(x - 4, y - 4, 8, 8) for x, y in [*dots, *along]]
    named = rows["pareto"] | rows["annual_net_usd"].rank(ascending=False).le(MOST_LABELS)
    for row in rows[named].sort_values(["pareto", "annual_net_usd"], ascending=False).itertuples():
        at = (row.annual_net_usd, row.cut_per_cost)
        note = ax.annotate(row.name, at, (0, 0), textcoords="offset points", fontsize=8.5)
        boxes = [_placed(note, place) for place in BESIDE]
        inside = [ax.bbox.contains(*box.min) and ax.bbox.contains(*box.max) for box in boxes]
        covered = [box.count_overlaps(taken) + 10 * (not i) for box, i in zip(boxes, inside, strict=True)]
        best = int(np.argmin(covered))
        taken.append(_placed(note, BESIDE[best]))


def _placed(note: Annotation, place: tuple) -> Bbox:
    """The box that the text takes when it is put there."""
    x, y, across, along = place
    note.set(position=(x, y), ha=across, va=along)
    return note.get_window_extent()


def _finish(ax: Axes, across: str, along: str, legend: list, say: Voice) -> Axes:
    """Names of both axes, the ratio's figures, and below them the legend."""
    ax.set_xlabel(across, fontsize=9)
    ax.set_ylabel(fill(along, 42), fontsize=9)
    digits = 1 if ax.get_yscale() == "linear" else 2
    ax.yaxis.set_major_formatter(lambda value, _: say.number(value, digits))
    ax.yaxis.grid(True, color=style.GRID, linewidth=0.7)
    style.legend_below(ax, distance=5.2, handles=legend)
    return style.million_axis(ax, "x", say)
