"""`synthkit import`."""

from pathlib import Path
from typing import Annotated

import typer

from synthkit.cli import Overrides, app


@app.command("import")
def import_weights(
    plugin: Annotated[str, typer.Argument(help="The plugin of the method, such as pix2pixhd.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file of the method's original code.")],
    overrides: Overrides = None,
    kind: Annotated[
        str,
        typer.Option(help="What the file holds. For pix2pixhd: G, D, E (latest_net_G.pth …) or clusters."),
    ] = "G",
    out: Annotated[
        Path | None, typer.Option(help="The run folder; by default runs/FOLDER of FILE's folder.")
    ] = None,
    labels: Annotated[
        int | None,
        typer.Option(min=0, help="Label classes that the generator takes; 0 where it takes an RGB image."),
    ] = None,
    no_boundary: Annotated[
        bool, typer.Option("--no-boundary", help="The generator takes no instance boundary.")
    ] = False,
) -> None:
    """Make a run of a method's original weights, which translates and trains on.

    The generator comes first; discriminator, encoder and style clusters are added to its run:

    \b
      synthkit import pix2pixhd latest_net_G.pth --kind G --out RUN
      synthkit import pix2pixhd latest_net_D.pth --kind D --out RUN
      synthkit import pix2pixhd latest_net_E.pth --kind E --out RUN
      synthkit import pix2pixhd features_clustered_010.npy --kind clusters --out RUN

    Shapes tell the networks' settings. What the channels of the condition are, the file does not tell:
    35 labels and a boundary are known by their number, all else by --labels and --no-boundary; what is
    left are style features. Overrides set the rest, such as data.root=FOLDER or the size of the images,
    data.transform.resize=[512,1024].

    Then:

    \b
      synthkit translate RUN OUT --label … --instance …
      synthkit train RUN/config.yaml --work-dir NEW train.init_from=RUN
    """
    from synthkit.importers import Source, import_file

    source, run = Source(plugin, file, kind), out or Path("runs") / file.absolute().parent.name
    typer.echo(import_file(source, run, labels=labels, boundary=not no_boundary, overrides=overrides or []))
