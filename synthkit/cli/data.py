"""`synthkit data`: look at data sets, and make what they lack."""

from pathlib import Path
from typing import Annotated

import typer

from synthkit.cli import Config, Overrides, app

data_app = typer.Typer(no_args_is_help=True, help="Look at data sets, and make what they lack.")
app.add_typer(data_app, name="data")


@data_app.command("show")
def show_data(
    config: Config,
    overrides: Overrides = None,
    out: Annotated[Path, typer.Option(help="The picture to write.")] = Path("data.png"),
    split: Annotated[str, typer.Option(help="train, val, test …")] = "train",
    count: Annotated[int, typer.Option(min=1, help="How many samples to draw.")] = 6,
) -> None:
    """Draw a contact sheet of a data set as training sees it: maps with boundaries, photos, classes."""
    from synthkit.config import load
    from synthkit.data.show import contact_sheet
    from synthkit.errors import DataError

    sheet, summary = contact_sheet(load(config, overrides or []), split, count)
    try:
        sheet.save(out)
    except (OSError, ValueError) as err:
        raise DataError(f"{out} cannot be written: {err}") from err
    typer.echo(f"{summary}\nsheet: {out}")


@data_app.command("instances")
def make_instances(
    labels: Annotated[Path, typer.Argument(help="The folder of label maps.")],
    out: Annotated[Path, typer.Argument(help="The folder to write, such as train_inst.")],
    things: Annotated[str, typer.Option(help="The classes that have objects, such as 8,9,10.")] = "",
    coco: Annotated[Path | None, typer.Option(help="Objects from a COCO annotation file.")] = None,
    polygons: Annotated[
        Path | None, typer.Option(help="Objects from a folder of Cityscapes' or LabelMe's JSON files.")
    ] = None,
    numbering: Annotated[
        str, typer.Option(help="class: object k of class c has id 1000 c + k; running: 1000 + k.")
    ] = "class",
) -> None:
    """Make instance maps, 16 bit PNGs: from annotations, or of connected areas of the classes --things."""
    from collections import Counter

    from rich.progress import track

    from synthkit.data.instances.annotations import Coco
    from synthkit.data.instances.folder import Maker, polygon_files
    from synthkit.errors import DataError

    if coco and polygons:
        raise DataError("--coco and --polygons exclude each other: give one of them")
    annotations = Coco(coco) if coco else polygon_files(polygons) if polygons else None
    maker = Maker(labels, out, things=_ids(things), annotations=annotations, numbering=numbering)
    total: Counter = Counter()
    for objects in track(maker.run(), "instance maps", total=len(maker), transient=True):
        total += objects
    counts = ", ".join(f"class {thing}: {count}" for thing, count in sorted(total.items())) or "none"
    typer.echo(f"{len(maker)} instance maps: {out}\nobjects: {counts}")


def _ids(text: str) -> list[int] | None:
    """The class ids in "8,9,10", None where the text is empty."""
    from synthkit.errors import DataError

    if not text.strip():
        return None
    if not all(part.strip().isdecimal() for part in text.split(",")):
        raise DataError(f"--things {text!r}: write class ids as in --things 8,9,10")
    return [int(part) for part in text.split(",")]
