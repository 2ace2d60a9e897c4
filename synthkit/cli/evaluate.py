"""`synthkit evaluate`."""

from pathlib import Path
from typing import Annotated

import typer

from synthkit.cli import Device, Judges, Root, app
from synthkit.paths import JUDGES


@app.command()
def evaluate(
    run: Annotated[Path, typer.Argument(help="A run folder, a checkpoint in it, or a folder of PNG images.")],
    protocol: Annotated[str, typer.Option(help="A shipped protocol's name, or a YAML file.")],
    root: Root = None,
    judges: Judges = JUDGES,
    method: Annotated[
        str | None, typer.Option(help="Its name in tables; by default that of its trial, or of its folder.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Where the result goes; by default RUN/scores/PROTOCOL[/STEP]."),
    ] = None,
    device: Device = "auto",
) -> None:
    """Score what a run makes of a protocol's held-out inputs, or images made elsewhere, named as these."""
    from synthkit.benchmark import protocol as protocols
    from synthkit.benchmark import trial_process
    from synthkit.benchmark.judges import judge_of
    from synthkit.benchmark.scoring import open_source, score
    from synthkit.benchmark.trial import scores_folder
    from synthkit.cli.columns import print_scores
    from synthkit.paths import TRIAL
    from synthkit.styles.codes import run_folder

    chosen = protocols.load(protocol, root)
    judge = judge_of(chosen, judges, device=device)
    source = open_source(run, chosen, root=root, device=device)
    home = run_folder(run)
    if method is None and (home / TRIAL).is_file():
        method = trial_process.read(home).method
    folder = out or scores_folder(home, chosen) / ("" if run == home else run.name)
    result, times = score(source, chosen, folder, judge=judge, method=method)
    real = {"real images": result.oracle} if result.oracle else {}
    print_scores({result.method: result.scores} | real)
    typer.echo(f"{result.images} images in {times.describe()}")
    if not result.on_budget:
        known = f"{result.steps} steps" if result.steps else "for how long is not known"
        typer.echo(f"not trained as long as the protocol says: {known}")
    if not result.apart:
        typer.echo("the training data are not at hand: whether they hold scored images is not known")
    typer.echo(f"result:     {folder / 'result.json'}")
