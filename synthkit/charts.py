"""Line charts as SVG for a page: transparent, with axes in the colour of the text around them."""

import io
import re
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends import backend_svg  # noqa: F401  (not at first use, which may be in a thread)
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, FuncFormatter, LogLocator, MaxNLocator, NullLocator

COLOURS = ("#3d85c6", "#e0803a", "#45a36f", "#c9578f", "#8f74d6", "#b3982f", "#3fa3b3", "#d2604f")
GROUP = "curve-group-"  # begins the id that becomes a class: several curves and charts may share it
INK = "#010203"  # stands for the page's own colour until the SVG is written
MOST_POINTS, MARKED_BELOW = 1000, 30  # points of a curve
LOGARITHMIC_FROM = 20  # times the smallest value of a chart
ROUND = (1, 2, 2.5, 5, 10)  # steps between ticks, times a power of ten

Style = Literal["marked", "smoothed", "from_zero"]


class Curve(NamedTuple):
    """Values over steps (or times), of the same length; their colour, and their class in the SVG."""

    steps: Sequence[float]
    values: Sequence[float]
    colour: str = COLOURS[0]
    group: str = ""


def smoothed(values: Sequence[float]) -> np.ndarray:
    """Each value's Gaussian mean over its neighbours, as wide as suits a curve of this many values."""
    sigma = len(values) / 30
    offsets = np.arange(-round(3 * sigma), round(3 * sigma) + 1)
    kernel = np.exp(-0.5 * (offsets / sigma) ** 2)
    return np.convolve(values, kernel, "same") / np.convolve(np.ones(len(values)), kernel, "same")


def line_chart(curves: Mapping[str, Curve], size: tuple[float, float], style: Style) -> str:
    """The curves over a shared axis of steps, as an `<svg>` element without names or legend.

    size: width and height in inches at 72 units each. style: "marked" shows each value as a dot, "smoothed"
    a running mean over a paler original, on a logarithmic axis where the means span orders of magnitude,
    "from_zero" a line over an axis that starts at 0.
    """
    figure = Figure(figsize=size, layout="constrained")
    figure.get_layout_engine().set(w_pad=0.02, h_pad=0.03)
    axes = figure.add_subplot()
    values = np.concatenate([_draw(axes, curve, style) for curve in curves.values()])
    _style(axes, ticks=round(1.3 * size[1]) + 1)
    if style == "smoothed" and values.min() > 0 and values.max() > LOGARITHMIC_FROM * values.min():
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_minor_locator(NullLocator())
    if style == "from_zero":
        axes.set_ylim(0, max(1.1 * values.max(), 1e-12))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.6g}"))
    return svg(figure)


def _draw(axes: Axes, curve: Curve, style: Style) -> np.ndarray:
    """Draw a curve, return the values of its bold line."""
    steps, raw = stretches(curve.steps), stretches(curve.values)
    group = {"gid": GROUP + curve.group} if curve.group else {}
    values = smoothed(raw) if style == "smoothed" else raw
    if style == "smoothed":
        axes.plot(steps, raw, color=curve.colour, linewidth=0.8, alpha=0.35, **group)
    dotted = len(steps) == 1 or (style == "marked" and len(steps) < MARKED_BELOW)
    marker = {"marker": "o" if dotted else "", "markersize": 3.2}
    axes.plot(steps, values, color=curve.colour, linewidth=1.6, **marker, **group)
    return values


def stretches(values: Sequence[float], most: int = MOST_POINTS) -> np.ndarray:
    """The values, or the means of so many equal stretches of them."""
    parts = np.array_split(np.asarray(values, float), min(len(values), most)) if len(values) else []
    return np.array([part.mean() for part in parts])


def _style(axes: Axes, ticks: int) -> None:
    axes.patch.set_visible(False)
    axes.figure.patch.set_visible(False)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set(color=INK, alpha=0.4, linewidth=0.7)
    axes.grid(axis="y", color=INK, alpha=0.13, linewidth=0.7)
    axes.tick_params(length=0, labelsize=8, labelcolor=INK)
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=ROUND, integer=True))
    axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    axes.yaxis.set_major_locator(MaxNLocator(ticks, steps=ROUND))


def svg(figure: Figure) -> str:
    """The figure's `<svg>` element, which fills the width it is given."""
    file = io.StringIO()
    figure.savefig(file, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    text = file.getvalue().replace(INK, "currentColor")
    text = text[text.index("<svg") :].replace(f'id="{GROUP}', 'class="')
    opening, rest = text.split(">", 1)
    return re.sub(r' (width|height)="[^"]*"', "", opening) + ">" + rest
