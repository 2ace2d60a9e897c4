"""A study's plots: a point for each seed, and for each variant its mean and 95% interval."""

import math
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from synthkit.benchmark.findings import Findings, Row
from synthkit.charts import COLOURS, INK, ROUND
from synthkit.scores import score

BLUE, ORANGE = COLOURS[:2]  # told apart by those who see few colours; the marks' shapes differ, too
VERDICTS = {"better": (BLUE, "^"), "worse": (ORANGE, "v"), "differs": (BLUE, "D"), "": (None, "o")}
WIDTH, LINE, MARGIN = 5.4, 0.42, 0.5  # inches: of a plot, of a variant's line, and for the axis
DARK = "#23262b"
LONGEST = 34  # letters of a label
SPREAD = 0.16  # lines between the mean and the seeds' points


def plot(findings: Findings, name: str, ink: str = INK) -> Figure:
    """A score of all variants, one below the other; the base's mean is a line through all of them.

    A filled triangle is a mean whose paired difference to the base has an interval without 0: better points
    up, worse down. `ink` is the colour of the text.
    """
    figure = Figure(figsize=(WIDTH, MARGIN + LINE * len(findings.rows)), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.03, h_pad=0.03)
    figure.patch.set_visible(False)
    axes = figure.add_subplot()
    for line, row in enumerate(findings.rows):
        _draw(axes, line, row, name, findings.verdict(row, name), ink)
    _draw_base(axes, findings.base.score(name).mean, ink)
    _style(axes, [row.variant.label for row in findings.rows], ink)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.6g}"))
    return figure


def _draw(axes: Axes, line: int, row: Row, name: str, verdict: str, ink: str) -> None:
    colour, marker = VERDICTS[verdict]
    colour = colour or ink
    values = [value for value in row.values(name).values() if math.isfinite(value)]
    axes.plot(values, [line + SPREAD] * len(values), "o", color=colour, alpha=0.45, markersize=3.5, mew=0)
    found = row.score(name)
    if not math.isfinite(found.mean):
        axes.text(
            0.5,
            line,
            "no score",
            transform=axes.get_yaxis_transform(),
            color=ink,
            alpha=0.6,
            ha="center",
            va="center",
            fontsize=8,
        )
        return
    if found.half is not None:
        axes.plot(
            [found.mean - found.half, found.mean + found.half], [line, line], color=colour, linewidth=1.6
        )
    axes.plot(found.mean, line, marker, color=colour, markersize=7, mew=0)


def _draw_base(axes: Axes, mean: float, ink: str) -> None:
    if math.isfinite(mean):
        axes.axvline(mean, color=ink, alpha=0.45, linewidth=0.9, linestyle=(0, (4, 3)), zorder=0)


def _style(axes: Axes, labels: list[str], ink: str) -> None:
    axes.patch.set_visible(False)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set(color=ink, alpha=0.4, linewidth=0.7)
    axes.grid(axis="x", color=ink, alpha=0.13, linewidth=0.7)
    axes.tick_params(length=0, labelsize=8.5, labelcolor=ink)
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=ROUND))
    axes.set_ylim(len(labels) - 0.5, -0.5)
    short = [label if len(label) <= LONGEST else f"{label[: LONGEST - 1]}…" for label in labels]
    axes.set_yticks(range(len(labels)), short, parse_math=False)


def write_plot(findings: Findings, name: str, path: Path) -> Path:
    """A score's plot as a PNG that stands alone, with its title, on white."""
    figure, shown = plot(findings, name, DARK), score(name)
    better = f", {shown.better} is better" if shown.better else ""
    title = f"{shown.title} {shown.unit}".strip() + better
    figure.suptitle(title, x=0.02, ha="left", fontsize=10, color=DARK, parse_math=False)
    figure.patch.set_visible(True)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=200)
    return path
