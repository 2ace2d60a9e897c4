"""`synthkit objects`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from synthkit.cli import Run, app

if TYPE_CHECKING:
    from synthkit.editing.collect import Gathered

objects_app = typer.Typer(no_args_is_help=True, help="Gather and look at objects to set down in scenes.")
app.add_typer(objects_app, name="objects")


@objects_app.command("collect")
def collect_objects(
    run: Run,
    split: Annotated[str, typer.Option(help="Whose scenes to look through.")] = "train",
    scenes: Annotated[int, typer.Option(min=1, help="How many of the first ones.")] = 200,
    count: Annotated[int, typer.Option(min=1, help="At most as many objects of each class.")] = 12,
    classes: Annotated[
        str | None, typer.Option(help="Names or ids with commas between them; by default all.")
    ] = None,
) -> None:
    """Cut whole things out of a data set's scenes, as different as may be, and store them in the run."""
    from rich.progress import track

    from synthkit.editing.collect import collect
    from synthkit.inference import load
    from synthkit.styles.codes import writable_run

    model = load(run)
    folder = writable_run(model.source.path)
    gathered = collect(
        model,
        split=split,
        scenes=scenes,
        count=count,
        classes=_classes(classes),
        track=lambda batches, total: track(batches, "looking", total=total),
    )
    _print(gathered)
    objects = gathered.objects
    typer.echo(f"{len(objects)} objects of {objects.origin['scenes']} scenes: {objects.save(folder)}")


def _classes(text: str | None) -> list[str | int]:
    words = [word.strip() for word in (text or "").split(",")]
    return [int(word) if word.isdecimal() else word for word in words if word]


def _print(gathered: "Gathered") -> None:
    """A table: each class with its instances, those that are whole, and its objects."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("class", "instances", "whole", "objects"):
        table.add_column(title, justify="left" if title == "class" else "right")
    taken = gathered.objects.by_class()
    for label in sorted(gathered.instances):
        row = (gathered.instances[label], gathered.whole[label], len(taken.get(label, ())))
        table.add_row(gathered.names[label], *map(str, row))
    Console(highlight=False).print(table)


@objects_app.command("show")
def show_objects(
    run: Run,
    out: Annotated[Path | None, typer.Option(help="The page; by default RUN/objects.html.")] = None,
) -> None:
    """Show all objects of a run by class, on one HTML page."""
    from synthkit import checkpoint
    from synthkit.editing.gallery import write_gallery
    from synthkit.editing.objects import Objects
    from synthkit.styles.codes import run_folder, writable_run

    found, _ = checkpoint.find(run)
    folder = run_folder(found.path)
    target = out or writable_run(found.path) / "objects.html"
    typer.echo(write_gallery(Objects.load(folder), folder.name, target))
