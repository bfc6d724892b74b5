"""Charts of certainty: probabilities of the ranks, and which assumption matters."""

from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from importcut.telling.chart import page


def plot_probabilities(certainty: pd.DataFrame, say, *, ax: Axes | None = None) -> Axes:
    """Heat map of the probability of every rank of one basis, in per cent; the project with the largest mean on top.

    Parameters
    ----------
    certainty : rows of one basis of table `certainty`

    Examples
    --------
    >>> say = Voice("en", open_dataset("sample", period="2026Q3"))
    >>> rows = pd.DataFrame({"project_id": ["antifreeze_navoi"] * 2 + ["fluids_jizzakh"] * 2, "rank": [1, 2, 1, 2]})
    >>> rows = rows.assign(probability=[0.75, 0.25, 0.25, 0.75], mean_usd=[3e6, 3e6, 2e6, 2e6])
    >>> [label.get_text() for label in plot_probabilities(rows, say).texts]
    ['75', '25', '25', '75']
    """
    order = certainty.drop_duplicates("project_id").sort_values("mean_usd", ascending=False)["project_id"]
    wide = certainty.pivot_table(index="project_id", columns="rank", values="probability").reindex(order)
    ax = ax or page.canvas(8.0, 0.6 + 0.32 * len(wide))
    labels = wide.map(lambda p: say.number(100 * p) if p >= 0.005 else "")
    page.heat_map(ax, wide, labels, vmin=0, vmax=1)
    ax.set_yticklabels([fill(n, page.LABEL_WIDTH) for n in order.map(say.names("projects"))], rotation=0, fontsize=8.5)
    ax.set_xticklabels([say.number(rank) for rank in wide.columns], fontsize=8.5)
    ax.set_xlabel(say("rank"))
    return ax


def plot_tornado(sensitivity: pd.DataFrame, names: pd.Series, say, *, ax: Axes | None = None) -> Axes:
    """Bars from the outcome at an assumption's low value to that at its high value; the widest on top.

    Parameters
    ----------
    sensitivity : table `sensitivity`; low_usd and high_usd (USD) by assumption
    names : of the assumptions, as they will be read, by assumption

    Examples
    --------
    >>> say = Voice("en", open_dataset("sample", period="2026Q3"))
    >>> rows = pd.DataFrame({"assumption": ["delay_years"], "low_usd": [4e6], "high_usd": [3e6]})
    >>> [label.get_text() for label in plot_tornado(rows, pd.Series({"delay_years": "delay"}), say).texts]
    ['high value', 'low value']
    """
    ax = ax or page.canvas(8.0, 0.7 + 0.4 * len(sensitivity))
    width = (sensitivity["high_usd"] - sensitivity["low_usd"]).abs()
    shown = sensitivity.loc[width.sort_values().index]
    y = np.arange(len(shown))
    left, right = shown[["low_usd", "high_usd"]].min(axis=1), shown[["low_usd", "high_usd"]].max(axis=1)
    ax.barh(y, right - left, left=left, color=page.SERIES[0], height=0.6)
    for at, low, high, falls in zip(y, left, right, shown["high_usd"] < shown["low_usd"], strict=True):
        ends = (say("high value"), say("low value")) if falls else (say("low value"), say("high value"))
        for x, text, side in ((low, ends[0], -1), (high, ends[1], 1)):
            style = {"fontsize": 8, "color": page.MUTED, "ha": "left" if side > 0 else "right"}
            page.note(ax, text, (x, at), 4 * side, **style)
    ax.set_yticks(y, shown["assumption"].map(names))
    spread = right.max() - left.min()
    ax.set_xlim(left.min() - 0.18 * spread, right.max() + 0.18 * spread)
    return page.million_axis(ax, "x", say)
