"""`synthkit data`: look at data sets, and make what they lack."""

import sys
from collections.abc import Iterable
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
    from synthkit.build import need, part
    from synthkit.config import load
    from synthkit.data.show import contact_sheet
    from synthkit.errors import DataError
    from synthkit.inputs import build_inputs, sample_checks

    cfg = load(config, overrides or [])
    checks = sample_checks(build_inputs(part(need(cfg, "model"), "inputs")))
    sheet, summary = contact_sheet(need(cfg, "data"), split, count, **checks)
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

    from synthkit.data.instances.annotations import Coco
    from synthkit.data.instances.folder import Maker, polygon_files
    from synthkit.errors import DataError

    if coco and polygons:
        raise DataError("--coco and --polygons exclude each other: give one of them")
    annotations = Coco(coco) if coco else polygon_files(polygons) if polygons else None
    maker = Maker(labels, out, things=_ids(things), annotations=annotations, numbering=numbering)
    total: Counter = Counter()
    for objects in progress(maker.run(), len(maker), "instance maps"):
        total += objects
    counts = ", ".join(f"class {thing}: {count}" for thing, count in sorted(total.items())) or "none"
    typer.echo(f"{len(maker)} instance maps: {out}\nobjects: {counts}")


@data_app.command("edges")
def draw_edges(
    photos: Annotated[Path, typer.Argument(help="The folder of photos.")],
    out: Annotated[Path, typer.Argument(help="The folder to write, such as train_edge.")],
    detector: Annotated[
        str, typer.Option(help="As model.inputs.edge.detector: canny, dexined, or {type: canny, sigma: 1}.")
    ] = "dexined",
) -> None:
    """Detect the edges of photos once, for detectors that are too slow while a model trains.

    Each photo gets a drawing of its name, black on white. The data set `folders` takes those of train_img
    from train_edge, or from any folder: data.folders: {image: photos, edge: drawings}.
    """
    from synthkit.data.edges.folder import Drawer
    from synthkit.registry import DETECTORS
    from synthkit.yaml_loader import parse

    drawer = Drawer(photos, out)
    detect = DETECTORS.build(parse(detector, "--detector"))  # after the folders: it may fetch weights
    for _ in progress(drawer.run(detect), len(drawer), "drawing"):
        pass
    typer.echo(f"{len(drawer)} drawings: {out}")


@data_app.command("export")
def export_data(
    config: Config,
    folder: Annotated[Path, typer.Argument(help="The folder to write; it must be empty or absent.")],
    overrides: Overrides = None,
    count: Annotated[int | None, typer.Option(min=1, help="Of each split the first N samples.")] = None,
    split: Annotated[
        list[str] | None, typer.Option(help="A split to write; by default those of training and validation.")
    ] = None,
) -> None:
    """Write a data set as pix2pixHD's folders: train_label, train_inst (16 bits), train_img, val_label …"""
    from synthkit.build import need
    from synthkit.config import load
    from synthkit.data.export import Export
    from synthkit.data.splits import name_of_split, splits_of_a_run
    from synthkit.data.writing import new_folder

    section = need(load(config, overrides or []), "data")
    new_folder(folder)
    for name in split or splits_of_a_run(section):
        export = Export(section, name, folder, count)
        for _ in progress(export.run(), len(export), "writing"):
            pass
        written = ", ".join(path.name for path in export.folders.values())
        typer.echo(f"{name_of_split(name)}: {len(export)} samples: {written}")
    typer.echo(f"folder: {folder}\nnext:   synthkit data init {folder}")


@data_app.command("init")
def init_data(
    folder: Annotated[Path, typer.Argument(help="A folder of your own images.")],
    out: Annotated[Path | None, typer.Option(help="The config to write; by default FOLDER's name.")] = None,
) -> None:
    """Look at a folder of your own images and write a config that trains on it."""
    from synthkit.data.init import draft
    from synthkit.errors import DataError

    out = out or Path(f"{folder.absolute().name}.yaml")
    if out.exists():
        raise DataError(f"{out} is there already: choose another file with --out")
    layout, report, text = draft(folder, watch=progress)
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as err:
        raise DataError(f"{out} cannot be written: {err}") from err
    typer.echo(f"recognised: {layout.name}")
    for field, role in layout.roles.items():
        typer.echo(f"  {field:<9} {role}")
    for split in report.splits:
        typer.echo(f"  {split.name:<9} {split.samples} sample{'' if split.samples == 1 else 's'}")
    for note in layout.notes:
        typer.echo(f"not sure: {note}")
    typer.echo(f"config: {out}\nnext:   synthkit data show {out}, data check {out}, train {out}")


def progress(items: Iterable, total: int, text: str) -> Iterable:
    """Passes the items on, with a bar on a terminal."""
    from rich.progress import track

    return track(items, text, total=total, transient=True, disable=not sys.stdout.isatty())


def _ids(text: str) -> list[int] | None:
    """The class ids in "8,9,10", None where the text is empty."""
    from synthkit.errors import DataError

    if not text.strip():
        return None
    if not all(part.strip().isdecimal() for part in text.split(",")):
        raise DataError(f"--things {text!r}: write class ids as in --things 8,9,10")
    return [int(part) for part in text.split(",")]
