"""The frame of every chart: style, canvas, claim above and source below, axes, legends, small charts side by side."""

import io
import re
from collections.abc import Sequence
from textwrap import fill

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.transforms import blended_transform_factory

from importcut.language import Voice
from importcut.telling.drawing import Picture

# Okabe and Ito's colours: told apart by colour-blind readers too
SERIES = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#999999"]
BESIDES = "#8AA0AD"  # of bars beside the one that is spoken of
CLASS_COLOURS = {"innovation": SERIES[1], "diversification": SERIES[0], "investment": SERIES[2]}
INK, MUTED, GRID = "#222222", "#666666", "#DDDDDD"
STYLE = {
    "font.family": "DejaVu Sans", "font.size": 10, "svg.hashsalt": "importcut", "svg.fonttype": "path",
    "text.parse_math": False,
    "axes.spines.top": False, "axes.spines.right": False, "axes.edgecolor": MUTED, "axes.labelcolor": MUTED,
    "xtick.color": MUTED, "ytick.color": INK, "text.color": INK, "axes.axisbelow": True, "legend.frameon": False,
}  # fmt: skip
mpl.rcParams.update(STYLE)
LABEL_WIDTH = 28
LONG_LABEL = 18  # letters of a label in a legend, beyond which three columns are too wide
SLIDE_SCALE = 0.84  # of a chart that goes onto pages and slides too, with letters as they are: there they are larger
MOST = 6  # small charts side by side
COLUMNS = 3  # in which they stand
DARK = 0.48  # of the scale from white to blue, beyond which a label on it is white


def canvas(height: float = 4.5) -> Axes:
    """An empty chart of that height in inches."""
    figure = Figure(figsize=(8, height), layout="constrained", dpi=FigureCanvasSVG.fixed_dpi)
    FigureCanvasSVG(figure)
    return figure.add_subplot()


def picture(ax: Axes, say: Voice, *, title: str, unit: str, alt: str, name: str = "") -> Picture:
    """The finished chart: claim and unit above it, source and the mark of illustrative data below it.

    Parameters
    ----------
    ax : from a `plot_*` function
    title, unit : the claim, and what is measured in which unit
    alt : the sentence that stands in for the chart
    name : of the figure's file; of a chart with one, `plot` is it without claim, unit and source, for pages and slides

    Examples
    --------
    >>> say = Voice("en", open_dataset("sample", period="2026Q3"))
    >>> ax = plot_bars(pd.Series({"Painting": 4e6}), say)
    >>> picture(ax, say, title="Painting takes most", unit="million US dollars", alt="Painting: 4.").svg[:5]
    '<?xml'
    """
    figure = ax.figure
    width, height = figure.get_size_inches() * (SLIDE_SCALE if name else 1)
    claim, measure = fill(title, int(width * 8.4)), fill(unit, int(width * 12))
    source = ". ".join(filter(None, [say.source, say.mark])) + "."
    note = fill(source, int(width * 14.5))
    claimed = 0.1 + 0.22 * (claim.count("\n") + 1)
    above = 0.02 + claimed + 0.17 * (measure.count("\n") + 1)
    below = 0.1 + 0.15 * (note.count("\n") + 1)
    tall = height + above + below
    figure.set_size_inches(width, tall)
    figure.get_layout_engine().set(rect=(0, below / tall, 1, height / tall))
    left = 0.012
    figure.text(left, 1 - 0.06 / tall, claim, va="top", fontsize=12.5, fontweight="bold")
    figure.text(left, 1 - claimed / tall, measure, va="top", fontsize=9, color=MUTED)
    figure.text(left, 0.06 / tall, note, va="bottom", fontsize=8, color=MUTED)
    svg = _svg(figure)
    plot = _cut_out(svg, above, height) if name else ""
    return Picture(svg, plot, title, unit, source, alt, name or "figure", getattr(ax, "bars", {}))


def _svg(figure: Figure) -> str:
    """The drawing, without what the program notes about itself and the hour."""
    file, layout = io.StringIO(), figure.get_layout_engine()
    layout.execute(figure)
    figure.set_layout_engine("none")  # otherwise savefig draws everything twice
    figure.savefig(file, format="svg", metadata=dict.fromkeys(["Creator", "Date", "Format", "Type"]))
    figure.set_layout_engine(layout)
    return file.getvalue()


def _cut_out(svg: str, above: float, height: float) -> str:
    """The drawing from so far below its upper edge and so high, in inches: the chart without what stands around it."""
    root, above, height = re.search(r"<svg[^>]*>", svg)[0], above * 72, height * 72
    smaller = re.sub(r'height="[^"]*"', f'height="{height:g}pt"', root)
    smaller = re.sub(r'viewBox="0 0 (\S+) [^"]*"', rf'viewBox="0 {above:g} \1 {height:g}"', smaller)
    return svg.replace(root, smaller, 1)


def editable(ax: Axes, say: Voice, rows: Sequence[str], *series: dict) -> Axes:
    """Note on a chart what it shows, as horizontal bars that an Office program can draw and edit in its place.

    rows : names of the bars from the top
    series : name, usd and colour, of all bars or of each; low_usd and high_usd where they have a range
    """
    ax.bars = {"rows": [*map(str, rows)], "series": []}
    for own in series:
        columns = [column for column in ("usd", "low_usd", "high_usd") if column in own]
        amounts = {name: [None if pd.isna(usd) else float(usd) for usd in own[name]] for name in columns}
        texts = ["" if usd is None else say.millions(usd) for usd in amounts["usd"]]
        ax.bars["series"].append({"name": own["name"], "colour": own["colour"], "texts": texts} | amounts)
    return ax


def small_charts(names: Sequence[str], *, height: float, legend: bool = True) -> list[Axes]:
    """Small charts in rows on one page, each under its name; below them an empty strip for `legend_of_all`."""
    rows = -(-len(names) // COLUMNS)
    figure = canvas(height * rows + 0.6 * legend).figure
    figure.clear()
    places = figure.add_gridspec(rows + legend, COLUMNS, height_ratios=[1] * rows + [0.12] * legend)
    charts = [figure.add_subplot(places[n // COLUMNS, n % COLUMNS]) for n in range(len(names))]
    for ax, name in zip(charts, names, strict=True):
        ax.set_title(fill(name, LABEL_WIDTH), fontsize=9, loc="left")
        ax.tick_params(labelsize=8)
    if legend:
        figure.add_subplot(places[rows, :]).axis("off")
    return charts


def in_legend(name: str) -> str:
    """The name for a legend, which would leave out one that begins with an underscore."""
    return f"\N{ZERO WIDTH SPACE}{name}" if name.startswith("_") else name


def legend_of_all(charts: list[Axes], *, columns: int, handles: list | None = None) -> Axes:
    """Give small charts one legend, by default that of the first, which it returns."""
    handles = charts[0].get_legend_handles_labels()[0] if handles is None else handles
    charts[0].figure.axes[-1].legend(handles=handles, loc="center", ncols=columns, fontsize=8.5)
    return charts[0]


def note(ax: Axes, text: str, at: tuple, across: float = 5, up: float = 0, **style) -> None:
    """A text beside a point, or above or below it, at a distance in points."""
    style = {"fontsize": 8.5, "va" if across else "ha": "center"} | style
    ax.annotate(text, at, (across, up), textcoords="offset points", **style)


def from_zero(lowest: float, highest: float, room: float) -> tuple[float, float]:
    """Limits of an axis with zero and both values, and with room for what is written beyond the higher one."""
    return min(0, lowest * 1.1), max(highest, 0) * room or 1


def name_rows(ax: Axes, labels: Sequence[str], *, width: int = LABEL_WIDTH, size: float | None = 8.5) -> None:
    """Labels of the rows 0, 1, …, on several lines where they are long."""
    ax.set_yticks(range(len(labels)), [fill(label, width) for label in labels], fontsize=size)


def beside(ax: Axes, head: str, texts: Sequence[str], *, width: int = 12, **look) -> None:
    """A column of texts right of the rows 0, 1, … and of the columns that stand there, under its head."""
    ax.figure.draw_without_rendering()  # only then it is known how wide those are
    right = max([ax.bbox.x1, *(text.get_window_extent().x1 for text in ax.texts)])
    start = (right - ax.bbox.x1) * 72 / ax.figure.dpi + 10
    place = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points", "annotation_clip": False}
    for y, text in enumerate(texts):
        ax.annotate(fill(text, width), (1, y), (start, 0), **place | {"va": "center", "fontsize": 9} | look)
    ax.annotate(head, (1, len(texts) - 0.4), (start, 0), va="bottom", fontsize=8.5, color=MUTED, **place)


def heat_map(ax: Axes, values: pd.DataFrame, labels: pd.DataFrame) -> Axes:
    """A coloured grid with a label in each cell that is known, rows from the top; `name_cells` names them."""
    mesh = ax.pcolormesh(values, cmap="Blues", ec="white", linewidth=0.5)
    shades = mesh.norm(values.to_numpy(float))
    for (row, column), text in np.ndenumerate(labels.to_numpy()):
        colour = "white" if shades[row, column] > DARK else INK
        ax.text(column + 0.5, row + 0.5, text, color=colour, ha="center", va="center", fontsize=8)
    return ax


def name_cells(ax: Axes, rows: list[str], columns: list[str]) -> None:
    """Names of the rows from the top and of the columns of a grid, without lines."""
    ax.set(xlim=(0, len(columns)), ylim=(len(rows), 0))
    ax.set_xticks(np.arange(len(columns)) + 0.5, columns, fontsize=8)
    ax.set_yticks(np.arange(len(rows)) + 0.5, rows, fontsize=8.5)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)


def patches(codes: pd.Series, colours: dict[str, str], words: dict[str, str]) -> list[Patch]:
    """The colours of the codes that occur, and what they are called, for a legend."""
    present = set(codes)
    return [Patch(color=colour, label=words[code]) for code, colour in colours.items() if code in present]


def legend_below(ax: Axes, *, distance: float = 3.4, columns: int = 3, handles: list | None = None) -> None:
    """A legend under the axis at a distance in letters, whatever the chart's height; long labels in fewer columns."""
    handles = ax.get_legend_handles_labels()[0] if handles is None else handles
    longest = max((len(h.get_label()) for h in handles), default=0)
    columns = min(columns, 3 - (longest > LONG_LABEL) - (longest > 2 * LONG_LABEL))
    middle = blended_transform_factory(ax.figure.transFigure, ax.transAxes)
    place = {"loc": "upper center", "bbox_to_anchor": (0.5, 0), "borderaxespad": distance}
    ax.legend(handles=handles, **place, bbox_transform=middle, ncols=columns, fontsize=8.5)


def million_axis(ax: Axes, which: str, say: Voice, *, ticks: int = 6) -> Axes:
    """US dollars as millions along one axis, with its grid."""
    axis = ax.xaxis if which == "x" else ax.yaxis
    axis.set_major_locator(mpl.ticker.MaxNLocator(ticks))
    axis.set_major_formatter(lambda usd, _: say.number(usd / 1e6, _decimals(axis.get_majorticklocs() / 1e6)))
    axis.grid(True, color=GRID, linewidth=0.7)
    return ax


def _decimals(ticks: np.ndarray) -> int:
    """As many decimals as tell the ticks, so that 1.5 is not written as 2."""
    return next((digits for digits in range(3) if np.allclose(ticks, ticks.round(digits))), 3)


def period_axis(ax: Axes, periods: pd.PeriodIndex, say: Voice, *, labels: int = 6) -> None:
    """Names of some of the periods 0, 1, …, the last among them."""
    step = max(1, len(periods) // labels)
    places = range(len(periods) - 1, -1, -step)
    ax.set_xticks(list(places), [fill(say.period(periods[n]), 9) for n in places], fontsize=8.5)
