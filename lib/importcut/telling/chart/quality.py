"""Charts of what was found in the data: the value that it touches, and weights before and after repair."""

from textwrap import fill

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from importcut.telling.chart import page

MOST = 6  # small charts


def plot_quality(bars: pd.DataFrame, say, *, ax: Axes | None = None) -> Axes:
    """Bars of the value that each finding touches, coloured by treatment, in the order of `narrate.quality_bars`.

    Parameters
    ----------
    bars : label, treatment (a category, as read), value_usd (USD), note (what stands beside the bar)

    Examples
    --------
    >>> say = Voice("en", open_dataset("sample", period="2026Q3"))
    >>> bars = pd.DataFrame({"label": ["missing weight"], "value_usd": [2e6], "note": ["12 lines"]})
    >>> ax = plot_quality(bars.assign(treatment=pd.Categorical(["imputed"])), say)
    >>> ax.texts[0].get_text(), float(ax.patches[0].get_width())
    ('12 lines', 2000000.0)
    """
    ax = ax or page.canvas(8.0, 0.7 + 0.38 * len(bars))
    shown = bars.iloc[::-1].reset_index(drop=True)
    colours = dict(zip(shown["treatment"].cat.categories, page.SERIES, strict=False))
    ax.barh(shown.index, shown["value_usd"], color=shown["treatment"].astype("str").map(colours), height=0.66)
    for row in shown.itertuples():
        page.note(ax, row.note, (max(row.value_usd, 0), row.Index))
    page.name_rows(ax, shown["label"])
    ax.set_xlim(min(0, shown["value_usd"].min() * 1.1), max(shown["value_usd"].max(), 0) * 2.05)
    present = set(shown["treatment"])
    patches = [Patch(color=colour, label=text) for text, colour in colours.items() if text in present]
    page.legend_below(ax, columns=2, handles=patches)
    return page.million_axis(ax, "x", say)


def plot_weights(panel: pd.DataFrame, products: list[str], say) -> Axes:
    """Unit value of the first six `products` by period, USD per kg, before and after imputation.

    Columns of the panel: product_id, period, value_usd, raw_kg, net_kg, evidence. Hollow dots stand where a weight was
    imputed. Returns the first of the small charts; all are axes of its figure.
    """
    shown = panel[panel["product_id"].isin(products)].assign(imputed=panel["evidence"].eq("inferred"))
    totals = shown.groupby(["product_id", "period"]).agg(
        {"value_usd": "sum", "raw_kg": "sum", "net_kg": "sum", "imputed": "any"}
    )
    periods = pd.period_range(shown["period"].min(), shown["period"].max())
    drawn = list(products)[:MOST]
    axes, key = page.panes(len(drawn))
    for ax, product in zip(axes, drawn, strict=True):
        line = totals.loc[product].reindex(periods)
        raw = line["value_usd"] / line["raw_kg"].where(line["raw_kg"] > 0)
        final = line["value_usd"] / line["net_kg"].where(line["net_kg"] > 0)
        hollow = [n for n, imputed in enumerate(line["imputed"].eq(True)) if imputed]
        dots = {"marker": "o", "markerfacecolor": "white", "markersize": 4.5, "markevery": hollow}
        ax.plot(
            raw.to_numpy(), color=page.SERIES[1], linestyle="--", linewidth=1, label=say("before imputation"), **dots
        )
        ax.plot(final.to_numpy(), color=page.SERIES[0], linewidth=1.6, label=say("after imputation"))
        _finish(ax, say.names("products")[product], periods, say)
    key.legend(*axes[0].get_legend_handles_labels(), loc="center", ncols=2, fontsize=8.5)
    return axes[0]


def _finish(ax: Axes, name: str, periods: pd.PeriodIndex, say) -> None:
    """Name, axes from zero, few labels."""
    ax.set_title(fill(name, page.LABEL_WIDTH), fontsize=8.5, loc="left", color=page.MUTED)
    ax.set_ylim(0, ax.get_ylim()[1] * 1.05)
    ax.yaxis.set_major_locator(MaxNLocator(4))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda usd, _: say.number(usd, 1)))
    ax.tick_params(axis="y", labelsize=8)
    ax.grid(True, axis="y", color=page.GRID, linewidth=0.7)
    page.period_axis(ax, periods, say, labels=2)
