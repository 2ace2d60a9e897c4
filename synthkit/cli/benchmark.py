"""`synthkit benchmark`."""

from pathlib import Path
from typing import Annotated

import typer

from synthkit.cli import Device, Judges, Root, app
from synthkit.paths import JUDGES


@app.command()
def benchmark(
    protocol: Annotated[str, typer.Argument(help="A shipped protocol's name, or a YAML file.")],
    methods: Annotated[
        list[str] | None, typer.Option("--method", help="One of the protocol's methods, once for each; all.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Trials that run at a time.")] = 1,
    work_dir: Annotated[
        Path | None, typer.Option(help="Where the runs go; by default runs/benchmarks/PROTOCOL.")
    ] = None,
    root: Root = None,
    judges: Judges = JUDGES,
    db: Annotated[Path, typer.Option("--db", help="The leaderboard that takes the results.")] = Path(
        "runs/leaderboard.sqlite"
    ),
    device: Device = "auto",
) -> None:
    """Train and score every method of a protocol with every seed, and show the leaderboard.

    What the folder holds already is not trained again, so the same command goes on after an interruption. A
    trial that fails does not stop the others.
    """
    from synthkit.benchmark import protocol as protocols
    from synthkit.benchmark import suite
    from synthkit.benchmark.leaderboard import Leaderboard
    from synthkit.benchmark.queue import Failure
    from synthkit.cli.leaderboard import show_tables

    chosen = protocols.load(protocol, root)
    folder = work_dir or Path("runs") / "benchmarks" / chosen.name
    trials = suite.plan(chosen, folder, judges=judges, root=root, methods=tuple(methods or ()))
    typer.echo(f"{chosen.name}: {chosen.count} images, {len(trials)} trials in {folder}")
    Leaderboard(db, create=True).close()  # what is wrong with it is said before hours of training
    suite.prepare(chosen, judges, device=device, log=typer.echo)
    outcomes = suite.run(trials, folder, db, workers=workers, device=device, log=typer.echo)
    failed = [path for path, outcome in outcomes.items() if isinstance(outcome, Failure)]
    if len(failed) < len(trials):
        typer.echo()
        show_tables(chosen.name, db=db)
        typer.echo(f"leaderboard: {db}; as a page: synthkit leaderboard export --db {db}")
    if failed:
        typer.echo(f"{len(failed)} of {len(trials)} trials failed: {', '.join(map(str, failed))}")
        raise typer.Exit(1)
