"""`synthkit export`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from synthkit.cli import Run, app


@app.command()
def export(
    run: Run,
    format: Annotated[
        Literal["onnx", "torch", "run"],
        typer.Option(help="An ONNX graph, a torch.export program, or a run folder that only translates."),
    ] = "onnx",
    out: Annotated[
        Path | None, typer.Option(help="What to write; by default a file or folder by the run's name, here.")
    ] = None,
    part: Annotated[
        Literal["generator", "encoder"], typer.Option(help="The network to write.")
    ] = "generator",
    best: Annotated[
        bool, typer.Option("--best", help="Use the best checkpoint by train.best, not the newest.")
    ] = False,
) -> None:
    """Write a trained generator as one file that runs without synthkit, or a run without its training.

    The file is checked against PyTorch. The run keeps its styles and objects, and gives the same images.
    """
    if format == "run":
        _export_run(run, out, part, best)
    else:
        _export_file(run, out, part, best, format)


def _export_run(run: Path, out: Path | None, part: str, best: bool) -> None:
    from synthkit.errors import ExportError
    from synthkit.export.run import export_run
    from synthkit.quantities import size
    from synthkit.runs import size_of

    if part != "generator":
        raise ExportError("--part is of --format onnx and torch: a run keeps all networks that translate")
    out = out or Path(f"{run.resolve().name}.run")
    written = export_run(run, out, best=best)
    typer.echo(f"step {int(written.name)}: {out}, {size(size_of(out))}")


def _export_file(run: Path, out: Path | None, part: str, best: bool, format: str) -> None:
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
