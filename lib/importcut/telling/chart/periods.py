"""Charts over time: imports with and without the projects, stacks by period or year, unit values."""

from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from importcut.language import Voice
from importcut.schema import PAIR, YEAR
from importcut.telling.chart import style
from importcut.telling.chart.rows import KIND_COLOURS, signed
from importcut.telling.finding import PRECISION

OWN_COLOURS = 6  # projects with a colour of their own; the rest are summed
CROWDED = 16  # periods from which the totals are not written out
CENTRAL = 0.8  # part of the donors that the band holds, so that a fall below it is rarer than one in ten


def plot_counterfactual(counterfactual: pd.DataFrame, say: Voice, *, ax: Axes | None = None) -> Axes:
    """Imports with and without the projects (table `counterfactual`), from a year before the first cut; gap shaded."""
    ax = ax or style.canvas(2.8)
    totals = counterfactual.groupby("period")[["actual_usd", "counterfactual_usd"]].sum()
    apart = np.flatnonzero((totals["counterfactual_usd"] - totals["actual_usd"]).abs() >= PRECISION)
    if len(apart):
        totals = totals.iloc[max(apart[0] - YEAR[say.ds.frequency], 0) :]
    actual, without, at = totals["actual_usd"], totals["counterfactual_usd"], np.arange(len(totals))
    ax.fill_between(at, actual, without, color=KIND_COLOURS["project"], alpha=0.35, linewidth=0)
    ax.plot(at, actual, color=style.INK, linewidth=2.2)
    ax.plot(at, without, color=KIND_COLOURS["project"], linewidth=2.2, linestyle="--")
    upper = without.iloc[-1] >= actual.iloc[-1]
    names = (say("actual imports"), say("imports without the projects"))
    for line, name, above in zip(ax.lines, names, (not upper, upper), strict=True):
        place = {"va": "bottom" if above else "top", "color": line.get_color(), "fontsize": 9, "fontweight": "bold"}
        style.note(ax, fill(name, 16), (at[-1], line.get_ydata()[-1]), 6, 1 if above else -1, **place)
    low, high = min(actual.min(), without.min()), max(actual.max(), without.max())
    ax.set_ylim(max(0, low - (high - low)), high + 0.1 * (high - low))
    ax.set_xlim(0, max(at[-1], 1))
    style.period_axis(ax, totals.index, say)
    return style.million_axis(ax, "y", say)


def plot_plan(yearly: pd.DataFrame, say: Voice, *, target: float | None = None, ax: Axes | None = None) -> Axes:
    """Planned gross cuts (USD) summed up from year to year, and the target; the largest of the columns by name."""
    ax = ax or style.canvas(3.2)
    sums = _largest(yearly, say("other projects")).cumsum()
    years = [sums.index[0] - 1, *sums.index]
    heights = np.vstack([np.zeros(len(sums.columns)), sums])
    colours = [*style.SERIES[:OWN_COLOURS], style.SERIES[-1]][: len(sums.columns)]
    ax.stackplot(range(len(years)), heights.T, colors=colours, alpha=0.85)
    tops = sums.sum(axis=1)
    for at, usd in enumerate(tops, start=1):
        style.note(ax, say.millions(usd), (at, usd), -2, 3, ha="right", fontsize=9, fontweight="bold")
    reach, last = max(tops.max(), target or 0) * 1.08, 0.0
    for name, usd, foot in zip(sums, sums.iloc[-1], sums.iloc[-1].cumsum().shift(fill_value=0.0), strict=True):
        label = fill(name, style.LABEL_WIDTH)
        last = max(foot + usd / 2, last + reach * 0.045 * (label.count("\n") + 1))
        style.note(ax, label, (len(sums), last), 6)
    if target:
        ax.axhline(target, color=style.SERIES[5], linewidth=1.6, linestyle="--")
        label = say("target {amount}", amount=say.millions(target))
        style.note(ax, label, (0, target), 0, 3, ha="left", color=style.SERIES[5], fontweight="bold")
    ax.set_xticks(range(len(years)), map(str, years))
    ax.set(xlim=(0, len(sums)), ylim=(0, max(reach, last)))
    return style.million_axis(ax, "y", say)


def plot_periods(amounts: pd.DataFrame, say: Voice, *, marks: pd.Series | None = None, ax: Axes | None = None) -> Axes:
    """Amounts by period (rows), stacked by what the columns name, the largest by name; `marks` beside them as dots."""
    ax = ax or style.canvas(4.2)
    tops = _stack(ax, amounts, say("others"))
    if marks is not None:
        usd = marks.reindex(amounts.index).to_numpy(float)
        look = {"markerfacecolor": "white", "markeredgecolor": style.INK, "markersize": 7}
        ax.plot(range(len(amounts)), usd, "o", label=marks.name, **look)
        tops = np.fmax(tops, usd)
    ax.set_ylim(style.from_zero(amounts.min().min(), tops.max(), 1.08))
    ax.set_xlim(-0.6, len(amounts) - 0.4)
    return _over_time(ax, pd.PeriodIndex(amounts.index), say)


def plot_chain(chain: pd.DataFrame, say: Voice, *, ax: Axes | None = None) -> Axes:
    """Stacked effects of every period against the one before, dots the whole change; columns as of `chain_steps`."""
    ax = ax or style.canvas(4.2)
    wide = chain.pivot(index="period", columns="label", values="value_usd")
    kinds = chain.drop_duplicates("label").set_index("label")["kind"]
    total = wide[kinds[kinds.eq("total")].index[0]]
    green = KIND_COLOURS["project"]  # of the projects in every chart, so of no other effect
    others = (colour for colour in style.SERIES if colour != green)
    bottom, top = np.zeros(len(wide)), np.zeros(len(wide))
    for label, kind in kinds[kinds.ne("total")].items():
        usd, colour = wide[label].to_numpy(), green if kind == "project" else next(others)
        base = np.where(usd < 0, bottom, top)
        ax.bar(range(len(wide)), usd, bottom=base, color=colour, width=0.66, label=style.in_legend(label))
        bottom, top = bottom + usd.clip(max=0), top + usd.clip(min=0)
    ax.axhline(0, color=style.MUTED, linewidth=0.8)
    ax.plot(range(len(wide)), total, "o", color=style.INK, markeredgecolor="white", markersize=7, label=total.name)
    for at, usd in enumerate(total if len(wide) < CROWDED else []):
        edge, side, va = (bottom[at], -4, "top") if usd < 0 else (top[at], 3, "bottom")
        style.note(ax, signed(usd, say), (at, edge), 0, side, va=va, fontweight="bold")
    ax.use_sticky_edges = False  # each bar would hold the frame at its foot
    ax.margins(y=0.1)
    return _over_time(ax, wide.index, say)


def plot_placebos(placebo: pd.DataFrame, say: Voice) -> Axes:
    """Actual and expected imports of table `placebo`, thousand tonnes, and the band of most donors; the first chart."""
    rows = placebo.assign(ratio=placebo["actual_kg"] / placebo["expected_kg"])
    pairs = rows.loc[rows["role"].eq("product"), PAIR].drop_duplicates().head(style.MOST)
    charts = style.small_charts(pairs["product_id"].map(say.names("products")).tolist(), height=2.1)
    for ax, (project, product) in zip(charts, pairs.itertuples(index=False), strict=True):
        pair = rows[rows["project_id"].eq(project) & rows["product_id"].eq(product)]
        own = pair[pair["role"].eq("product")].set_index("period").sort_index()
        at, expected = np.arange(len(own)), own["expected_kg"] / 1e6
        donors, tail = pair[pair["role"].eq("donor")].groupby("period")["ratio"], (1 - CENTRAL) / 2
        low, high = (expected * donors.quantile(share).reindex(own.index) for share in (tail, 1 - tail))
        label = say("where four in five comparable products lie")
        ax.fill_between(at, low, high, color=style.GRID, linewidth=0, label=label)
        ax.plot(at, own["actual_kg"] / 1e6, color=style.SERIES[0], linewidth=1.8, label=say("actual imports"))
        label = say("imports without the projects")
        ax.plot(at, expected, color=style.INK, linewidth=1.2, linestyle="--", label=label)
        ax.axvline(np.flatnonzero(own["output"])[0] - 0.5, color=style.MUTED, linewidth=0.8, linestyle=":")
        ax.yaxis.set_major_formatter(lambda kt, _: say.number(kt, 0 if kt >= 5 or kt == 0 else 1))
        ax.set_ylim(0)
        _small_axes(ax, own.index, say)
    return style.legend_of_all(charts, columns=2)


def plot_weights(panel: pd.DataFrame, products: list[str], say: Voice) -> Axes:
    """Unit values (USD per kg) in the panel, six products, hollow dots where a weight was imputed; the first chart."""
    import seaborn as sns  # here, since it costs a kernel a second: notebook 02 alone draws this

    cells = panel[panel["product_id"].isin(products)].assign(imputed=panel["evidence"].eq("inferred"))
    sums = {"value_usd": "sum", "raw_kg": "sum", "net_kg": "sum", "imputed": "any"}
    totals = cells.groupby(["product_id", "period"]).agg(sums)
    periods = pd.period_range(cells["period"].min(), cells["period"].max())
    products = list(products)[: style.MOST]
    charts = style.small_charts([say.names("products")[product] for product in products], height=1.75)
    for ax, product in zip(charts, products, strict=True):
        own = totals.loc[product].reindex(periods)
        before, after = (own["value_usd"] / own[kg].where(own[kg] > 0) for kg in ("raw_kg", "net_kg"))
        look = {"linestyle": "--", "marker": "o", "markerfacecolor": "white", "markersize": 4.5}
        look["markevery"] = [n for n, imputed in enumerate(own["imputed"].eq(True)) if imputed]
        ax.plot(before.to_numpy(), color=style.SERIES[1], linewidth=1, label=say("before imputation"), **look)
        known = pd.DataFrame({"at": range(len(periods)), "usd": after.array, "run": after.isna().cumsum().array})
        runs = {"units": "run", "estimator": None, "legend": False}  # a line ends where nothing was imported
        sns.lineplot(known.dropna(), x="at", y="usd", ax=ax, color=style.SERIES[0], linewidth=1.6, **runs)
        ax.set(xlabel="", ylabel="")
        ax.yaxis.set_major_locator(MaxNLocator(4))
        ax.yaxis.set_major_formatter(lambda usd, _: say.number(usd, 1))
        ax.set_ylim(0, ax.get_ylim()[1] * 1.05)
        _small_axes(ax, periods, say)
    before, *_, after = charts[0].lines
    after.set_label(say("after imputation"))
    return style.legend_of_all(charts, columns=2, handles=[before, after])


def _over_time(ax: Axes, periods: pd.PeriodIndex, say: Voice) -> Axes:
    """Legend, periods below, millions at the side."""
    style.legend_below(ax)
    style.period_axis(ax, periods, say)
    return style.million_axis(ax, "y", say)


def _small_axes(ax: Axes, periods: pd.PeriodIndex, say: Voice) -> None:
    ax.grid(axis="y", color=style.GRID, linewidth=0.7)
    style.period_axis(ax, periods, say, labels=2)


def _stack(ax: Axes, amounts: pd.DataFrame, others: str) -> np.ndarray:
    """Bars of the rows, stacked by column; returns their tops."""
    top = np.zeros(len(amounts))
    colours = [*style.SERIES[:OWN_COLOURS], style.SERIES[-1]]
    for (name, usd), colour in zip(_largest(amounts, others).items(), colours, strict=False):
        ax.bar(range(len(usd)), usd, bottom=top, color=colour, width=0.7, label=style.in_legend(name))
        top = top + usd.to_numpy()
    return top


def _largest(amounts: pd.DataFrame, others: str) -> pd.DataFrame:
    """The columns that have a colour of their own, the largest first, and the sum of the others."""
    order = amounts.sum().sort_values(ascending=False, kind="stable").index
    largest = amounts[order[:OWN_COLOURS]].fillna(0.0)
    if len(order) > OWN_COLOURS:
        largest[others] = amounts[order[OWN_COLOURS:]].sum(axis=1)
    return largest
