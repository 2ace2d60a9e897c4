"""`synthkit runs`."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from synthkit.cli import app

if TYPE_CHECKING:
    from rich.text import Text

    from synthkit.runs import Run

ABSENT = "-"
DISPENSABLE = (
    "size",
    "config",
    "updated",
    "time",
)  # columns, in the order in which a narrow terminal loses them
LEFT = ("run", "state", "updated", "config")  # columns of words
NARROWEST = 16  # letters to which a run's name is folded
GAP = 2  # between columns
STATES = {
    "running": "green",
    "finished": "",
    "failed": "red",
    "stopped": "yellow",
    "imported": "",
    "empty": "dim",
    "unreadable": "red",
}


@app.command()
def runs(
    folders: Annotated[list[Path] | None, typer.Argument(help="Where to look; by default runs/.")] = None,
    sort: Annotated[
        str | None, typer.Option(help="The best score of a metric first, not the newest.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with all there is to know.")] = False,
) -> None:
    """List runs with state, progress, scores and size."""
    import json
    from dataclasses import asdict

    from synthkit.runs import find_runs

    found = find_runs(folders or [Path("runs")], sort)
    if as_json:
        typer.echo(json.dumps([asdict(run) for run in found], default=str, indent=2))
    elif not found:
        typer.echo(f"no runs in {', '.join(map(str, folders or ['runs']))}")
    else:
        _print(found)


def _print(found: "Sequence[Run]") -> None:
    from rich.console import Console
    from rich.table import Table

    from synthkit.cli.text import printable

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 1000  # lines for other programs are not broken
    columns = _fitting(_columns(found), console.width)
    console.width = max(console.width, _width(columns))
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title, _ in columns:
        justify = "left" if title in LEFT else "right"
        table.add_column(printable(title), justify=justify, no_wrap=title != "run", overflow="fold")
    for row in zip(*(cells for _, cells in columns), strict=True):
        table.add_row(*row)
    console.print(table)
    for run in found:
        if run.note:
            console.print(printable(f"{run.name}: {' '.join(run.note.split())}"), soft_wrap=True)


def _columns(found: "Sequence[Run]") -> "list[tuple[str, list[Text]]]":
    """Title and cells of each column."""
    from synthkit.cli.text import printable
    from synthkit.quantities import clock

    metrics = dict.fromkeys(name for run in found for name in run.last)
    return [
        ("run", [printable(run.name) for run in found]),
        ("state", [printable(run.state, STATES[run.state]) for run in found]),
        ("step", [printable(_progress(run)) for run in found]),
        ("time", [printable(clock(run.seconds)) for run in found]),
        ("updated", [printable(_moment(run.updated)) for run in found]),
        *((name, [printable(_score(run, name)) for run in found]) for name in metrics),
        ("config", [printable(run.config) for run in found]),
        ("size", [printable(_bytes(run.size)) for run in found]),
    ]


def _fitting(columns: "list[tuple[str, list[Text]]]", width: int) -> "list[tuple[str, list[Text]]]":
    """The columns, without as many of the dispensable ones as there is no room for."""
    for least in DISPENSABLE:
        if _width(columns) > width:
            columns = [column for column in columns if column[0] != least]
    return columns


def _width(columns: "list[tuple[str, list[Text]]]") -> int:
    """The width of a table whose names of runs are folded as far as they may be."""
    widest = [max(len(title), *(cell.cell_len for cell in cells)) for title, cells in columns]
    return min(widest[0], NARROWEST) + sum(GAP + each for each in widest[1:])


def _score(run: "Run", name: str) -> str:
    """The last score, and in brackets the best one where that is another."""
    from synthkit.scores import score

    if name not in run.last:
        return ABSENT
    last = score(name).text(run.last[name])
    best = score(name).text(run.best[name].value) if name in run.best else last
    return last if best == last else f"{last} ({best})"


def _progress(run: "Run") -> str:
    return ABSENT if run.steps is None else f"{run.step}/{run.steps}"


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M") if seconds else ABSENT


def _bytes(size: int) -> str:
    from rich.filesize import decimal

    return decimal(size)
