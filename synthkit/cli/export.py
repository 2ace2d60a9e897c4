"""`synthkit export`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from synthkit.cli import app


@app.command()
def export(
    run: Annotated[Path, typer.Argument(help="A run folder, or one checkpoint in it.")],
    format: Annotated[
        Literal["onnx", "torch"], typer.Option(help="An ONNX graph, or a torch.export program.")
    ] = "onnx",
    out: Annotated[
        Path | None, typer.Option(help="The file to write; by default the run's name, here.")
    ] = None,
    part: Annotated[
        Literal["generator", "encoder"], typer.Option(help="The network to write.")
    ] = "generator",
    best: Annotated[
        bool, typer.Option("--best", help="Use the best checkpoint by train.best, not the newest.")
    ] = False,
) -> None:
    """Write a trained generator as one file that runs without synthkit, and check that against PyTorch."""
    from synthkit.export import FORMATS, export
    from synthkit.quantities import size

    name = run.resolve().name + ("" if part == "generator" else f".{part}")
    out = out or Path(name + FORMATS[format].suffix)
    done = export(run, out, part=part, format=format, best=best)
    for name, values in (*done.graph.fields.items(), (done.graph.output, done.graph.values)):
        typer.echo(f"{name:<8} {values}")
    sizes = ", ".join("x".join(map(str, shape)) for shape in done.shapes)
    typer.echo(f"{FORMATS[format].runtime} differs from PyTorch by at most {done.difference:.1e} on {sizes}")
    typer.echo(f"step {done.step}: {out}, {size(out.stat().st_size)}")
