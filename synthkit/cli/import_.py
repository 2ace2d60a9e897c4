"""`synthkit import`."""

from pathlib import Path
from typing import Annotated

import typer

from synthkit.cli import Overrides, app


@app.command("import")
def import_weights(
    plugin: Annotated[str, typer.Argument(help="The plugin of the method, such as pix2pixhd.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file of the method's original code.")],
    kind: Annotated[
        str, typer.Option(help="What the file holds; of pix2pixhd G, D, E (latest_net_G.pth …) or clusters.")
    ],
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

    The generator comes first. Discriminator, encoder and clusters join its run:

    \b
    synthkit import pix2pixhd latest_net_G.pth --kind G --out RUN
    synthkit import pix2pixhd latest_net_D.pth --kind D --out RUN
    synthkit import pix2pixhd latest_net_E.pth --kind E --out RUN
    synthkit import pix2pixhd features_clustered_010.npy --kind clusters --out RUN

    Shapes tell how networks are built, but not what the generator's channels
    stand for. 36 are read as Cityscapes' 35 labels and a boundary, 39 as these
    and 3 style features. Else say --labels and, where there is no boundary,
    --no-boundary: what is left are style features.

    Overrides set what no file tells: data.root=FOLDER, data.transform.resize=[512,1024].
    """
    from synthkit.importers import Source, import_file

    source, run = Source(plugin, file, kind), out or Path("runs") / file.absolute().parent.name
    typer.echo(import_file(source, run, labels=labels, boundary=not no_boundary, overrides=overrides or []))
