"""Charts of what moved imports: waterfalls between two periods, and the chain from period to period."""

from textwrap import fill

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from importcut.telling.chart import page

COLUMNS = 3  # waterfalls side by side
KIND_COLOURS = {"total": page.SERIES[7], "change": page.SERIES[4], "project": page.SERIES[2]}
OTHERS = [
    colour for colour in page.SERIES if colour != page.SERIES[2]
]  # of the factors; the projects are green everywhere
CROWDED = 16  # periods from which the totals are not written out


def plot_bridge(steps: pd.DataFrame, say, *, ax: Axes | None = None) -> Axes:
    """Waterfall between the imports of two periods; columns label, value_usd, kind (total, change, project).

    Parameters
    ----------
    steps : label, value_usd (USD), kind (total, change, project), in their order

    Examples
    --------
    >>> say = Voice("en", open_dataset("sample", period="2026Q3"))
    >>> steps = pd.DataFrame({"label": ["2023", "price", "project A", "2024"], "value_usd": [5e6, 1e6, -2e6, 4e6]})
    >>> ax = plot_bridge(steps.assign(kind=["total", "change", "project", "total"]), say)
    >>> [label.get_text() for label in ax.texts]
    ['5.00', '+1.00', '−2.00', '4.00']
    """
    ax = ax or page.canvas(8.0, 0.7 + 0.36 * len(steps))
    _waterfall(ax, steps, say, size=9)
    page.name_rows(ax, steps["label"], size=9)
    names = {"change": say("other factors"), "project": say("projects")}
    present = [kind for kind in names if steps["kind"].eq(kind).any()]
    page.legend_below(ax, handles=[mpl.patches.Patch(color=KIND_COLOURS[kind], label=names[kind]) for kind in present])
    return page.million_axis(ax, "x", say)


def plot_product_bridges(steps: pd.DataFrame, say) -> list[Axes]:
    """Small waterfalls, one a product, each on its own scale; columns product and as of `plot_bridge`."""
    products = steps["product"].unique()
    rows = -(-len(products) // COLUMNS)
    height = 0.55 + 0.26 * (len(steps) // len(products))
    figure = page.canvas(8.0, rows * height).figure
    figure.clear()
    axes = figure.subplots(rows, COLUMNS, sharey=True, squeeze=False).ravel()
    for ax, product in zip(axes, products, strict=False):
        own = steps[steps["product"].eq(product)].reset_index(drop=True)
        _waterfall(ax, own, say, size=7.5)
        ax.set_title(fill(product, 26), fontsize=8.5, loc="left")
        ax.set_xticks([])
        page.name_rows(ax, own["label"], width=22, size=8)
    for ax in axes[len(products) :]:
        ax.remove()
    return list(axes[: len(products)])


def plot_chain(chain: pd.DataFrame, say, *, ax: Axes | None = None) -> Axes:
    """Stacked effects of every period against the one before, dots the whole change; period, label, value_usd, kind.

    Parameters
    ----------
    chain : period, label, value_usd (USD), kind (total, change, project)

    Examples
    --------
    >>> say = Voice("en", open_dataset("sample", period="2026Q3"))
    >>> chain = pd.DataFrame({"label": ["price", "project A", "imports"], "value_usd": [1e6, -2e6, -1e6]})
    >>> chain = chain.assign(kind=["change", "project", "total"], period=pd.Period("2026Q3"))
    >>> plot_chain(chain, say).texts[0].get_text()
    '−1.00'
    """
    ax = ax or page.canvas(8.0, 4.2)
    wide = chain.pivot(index="period", columns="label", values="value_usd")
    kinds = chain.drop_duplicates("label").set_index("label")["kind"]
    x, ends = np.arange(len(wide)), {1: np.zeros(len(wide)), -1: np.zeros(len(wide))}
    others = iter(OTHERS)
    for label in kinds[kinds.ne("total")].index:
        colour = KIND_COLOURS["project"] if kinds[label] == "project" else next(others)
        value = wide[label].to_numpy()
        ax.bar(x, value, bottom=np.where(value < 0, ends[-1], ends[1]), color=colour, width=0.66, label=label)
        ends = {1: ends[1] + value.clip(min=0), -1: ends[-1] + value.clip(max=0)}
    total = wide[kinds[kinds.eq("total")].index[0]]
    ax.axhline(0, color=page.MUTED, linewidth=0.8)
    ax.plot(x, total, "o", color=page.INK, markeredgecolor="white", markersize=7, label=total.name)
    for at, usd in enumerate(total if len(wide) < CROWDED else []):
        edge, side, va = (ends[-1][at], -4, "top") if usd < 0 else (ends[1][at], 3, "bottom")
        page.note(ax, _signed(usd, say), (at, edge), 0, side, va=va, fontweight="bold")
    ax.use_sticky_edges = False  # each bar would hold the frame at its foot
    ax.margins(y=0.1)
    page.legend_below(ax)
    page.period_axis(ax, wide.index, say)
    return page.million_axis(ax, "y", say)


def _waterfall(ax: Axes, steps: pd.DataFrame, say, *, size: float) -> None:
    """Bars from the level before to the level after each step, first on top, each with its figure."""
    total = steps["kind"].eq("total")
    change = steps["value_usd"].where(~total, 0.0)
    level = steps["value_usd"].where(total).ffill() + change.groupby(total.cumsum()).cumsum()
    left, width = (level - change).where(~total, 0.0), change.where(~total, steps["value_usd"])
    ax.barh(steps.index, width, left=left, color=steps["kind"].map(KIND_COLOURS), height=0.66)
    edge = np.maximum(left, left + width)
    for y, value, x, whole in zip(steps.index, steps["value_usd"], edge, total, strict=True):
        label = say.millions(value) if whole else _signed(value, say)
        page.note(ax, label, (x, y), 4, fontsize=size, fontweight="bold" if whole else "normal")
    ax.vlines(level.iloc[:-1], steps.index[:-1] + 0.33, steps.index[1:] - 0.33, color=page.MUTED, linewidth=0.8)
    ax.set_xlim(min(0, level.min() * 1.1), edge.max() * (1 + 0.016 * size))
    ax.set_ylim(len(steps) - 0.5, -0.5)


def _signed(usd: float, say) -> str:
    """The amount with its sign; nothing where it rounds to nothing."""
    text = say.millions(usd)
    if text.lstrip("\N{MINUS SIGN}") == say.millions(0):
        return ""
    return "+" + text if usd > 0 else text
