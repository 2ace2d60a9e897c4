"""`synthkit runs`."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from synthkit.cli import app

ABSENT = "-"
STATES = {
    "running": "green",
    "finished": "",
    "failed": "red",
    "stopped": "yellow",
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


def _print(found: list) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    metrics = list(dict.fromkeys(name for run in found for name in run.last))
    for title in ("run", "state", "step", "time", "updated", *metrics, "config", "size"):
        right = title in ("step", "time", "size", *metrics)
        table.add_column(title, justify="right" if right else "left", no_wrap=title != "run", overflow="fold")
    for run in found:
        state = Text(run.state, style=STATES[run.state])
        scores = (_score(run, name) for name in metrics)
        table.add_row(
            Text(run.name), state, _progress(run), _duration(run.seconds), _moment(run.updated), *scores,
            Text(run.config), _bytes(run.size),
        )  # fmt: skip
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 1000  # lines for other programs are not broken
    console.print(table)
    for run in found:
        if run.note:
            console.print(Text(f"{run.name}: {run.note}"), soft_wrap=True)


def _score(run, name: str) -> str:
    """The last score, and in brackets the best one where that is another."""
    from synthkit.scores import score

    if name not in run.last:
        return ABSENT
    last = score(name).text(run.last[name])
    best = score(name).text(run.best[name].value) if name in run.best else last
    return last if best == last else f"{last} ({best})"


def _progress(run) -> str:
    return ABSENT if run.steps is None else f"{run.step}/{run.steps}"


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M") if seconds else ABSENT


def _bytes(size: int) -> str:
    from rich.filesize import decimal

    return decimal(size)
