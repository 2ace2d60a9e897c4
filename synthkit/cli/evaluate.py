"""`synthkit evaluate`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from synthkit.cli import app

if TYPE_CHECKING:
    from synthkit.benchmark.result import Result


@app.command()
def evaluate(
    run: Annotated[Path, typer.Argument(help="A run folder, a checkpoint in it, or a folder of PNG images.")],
    protocol: Annotated[str, typer.Option(help="A shipped protocol's name, or a YAML file.")],
    root: Annotated[Path | None, typer.Option(help="Where the data lie, if not where the files say.")] = None,
    judges: Annotated[Path, typer.Option(help="The folder of trained judges.")] = Path("runs/judges"),
    method: Annotated[
        str | None, typer.Option(help="Its name in tables; by default that of its trial, or of its folder.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Where the result goes; by default RUN/scores/PROTOCOL[/STEP]."),
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
) -> None:
    """Score what a run makes of a protocol's held-out inputs, or images made elsewhere, named as these."""
    from synthkit.benchmark import protocol as protocols
    from synthkit.benchmark import trial_process
    from synthkit.benchmark.judges import open_judge
    from synthkit.benchmark.scoring import open_source, score
    from synthkit.benchmark.trial import scores_folder
    from synthkit.paths import TRIAL
    from synthkit.styles.codes import run_folder

    chosen = protocols.load(protocol, root)
    judge = None if chosen.judge is None else open_judge(chosen, judges, device=device)
    source = open_source(run, chosen, root=root, device=device)
    home = run_folder(run)
    if method is None and (home / TRIAL).is_file():
        method = trial_process.read(home).method
    folder = out or scores_folder(home, chosen) / ("" if run == home else run.name)
    result, times = score(source, chosen, folder, judge=judge, method=method)
    _print(result)
    typer.echo(f"{result.images} images in {times.describe()}")
    if not result.on_budget:
        known = f"{result.steps} steps" if result.steps else "for how long is not known"
        typer.echo(f"not trained as long as the protocol says: {known}")
    if not result.apart:
        typer.echo("the training data are not at hand: whether they hold scored images is not known")
    typer.echo(f"result:     {folder / 'result.json'}")


def _print(result: "Result") -> None:
    """The scores, beside them those of the real images, and the single classes below."""
    from rich.console import Console
    from rich.table import Table

    from synthkit.scores import score

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("score")
    for title in (result.method, "real images") if result.oracle else (result.method,):
        table.add_column(title, justify="right")
    for name, value in result.scores.items():
        real = score(name).text(result.oracle[name]) if name in result.oracle else ""
        table.add_row(score(name).title, score(name).text(value), *([real] if result.oracle else []))
    Console(highlight=False).print(table)
