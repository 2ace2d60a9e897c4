"""`synthkit editor`."""

from pathlib import Path
from typing import Annotated

import typer

from synthkit.cli import app

SHIPPED = "streets"


@app.command()
def editor(
    run: Annotated[
        str | None,
        typer.Argument(help="A run folder, or one checkpoint in it; by default a small shipped model."),
    ] = None,
    scene: Annotated[
        Path | None, typer.Option(help="A saved scene to begin with; without RUN, its own model draws it.")
    ] = None,
    host: Annotated[str, typer.Option(help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 for any that is free.")] = 0,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(help="A name that browsers may use for this machine, besides localhost."),
    ] = None,
    max_pixels: Annotated[int, typer.Option(min=1, help="Of an uploaded map or photo.")] = 2**23,
) -> None:
    """Edit scenes in the browser: paint labels, set objects down, choose styles."""
    from synthkit.editor.serve import Place, serve

    serve(
        run or (None if scene else SHIPPED),
        scene,
        Place(host, port, allow_host or ()),
        most_pixels=max_pixels,
        show=_show,
    )


def _show(address: str) -> None:
    typer.echo(f"The editor is at {address}\nCtrl+C stops it: download what you want to keep.")
