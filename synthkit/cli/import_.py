"""`synthkit import`."""

from pathlib import Path
from typing import Annotated

import typer

from synthkit.cli import Overrides, app


@app.command("import")
def import_weights(
    plugin: Annotated[str, typer.Argument(help="The plugin of the method.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file of the method's original code.")],
    kind: Annotated[str, typer.Option(help="What the file holds: see `synthkit plugins`.")],
    overrides: Overrides = None,
    out: Annotated[
        Path | None, typer.Option(help="The run folder; by default runs/ and the name of FILE's folder.")
    ] = None,
    labels: Annotated[
        int | None, typer.Option(min=0, help="Classes that the generator takes; 0 if it takes RGB images.")
    ] = None,
    no_boundary: Annotated[
        bool, typer.Option("--no-boundary", help="The generator takes no instance boundary.")
    ] = False,
) -> None:
    """Make a run of a method's original weights, which translates and trains on.

    The generator comes first. Discriminator, encoder and clusters of styles,
    where the method has them, join its run:

    \b
    synthkit plugins                 shows METHOD and KIND
    synthkit import METHOD generator.pth --kind KIND --out RUN
    synthkit import METHOD discriminator.pth --kind KIND --out RUN

    Shapes tell how networks are built, but not what the generator's channels
    stand for. Those of published generators are known. Else say --labels and,
    where there is no boundary, --no-boundary: what is left are style features.

    Overrides set what no file tells: data.root=FOLDER, data.transform.resize=[512,1024].
    """
    from synthkit.importers import Source, import_file

    source, run = Source(plugin, file, kind), out or Path("runs") / file.absolute().parent.name
    typer.echo(import_file(source, run, labels=labels, boundary=not no_boundary, overrides=overrides or []))
