"""`synthkit styles`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from synthkit.cli import Run, app

if TYPE_CHECKING:
    from synthkit.styles import Styles
    from synthkit.styles.fit import Clustering, Encoded
    from synthkit.styles.locality import Change, Edit

styles_app = typer.Typer(no_args_is_help=True, help="Find and look at the styles of a model with an encoder.")
app.add_typer(styles_app, name="styles")


@styles_app.command("fit")
def fit_styles(
    run: Run,
    clusters: Annotated[int, typer.Option(min=1, help="At most as many styles for each class.")] = 10,
    smallest: Annotated[
        float, typer.Option(min=0, max=1, help="Leave out instances below this share of the image.")
    ] = 1 / 64,
    seed: Annotated[int, typer.Option(min=0, help="Of the clustering.")] = 0,
    split: Annotated[str, typer.Option(help="Which samples to encode.")] = "train",
    count: Annotated[int | None, typer.Option(min=1, help="Encode the first ones only.")] = None,
) -> None:
    """Encode a data set's photos and cluster the codes of each class; store them in the run."""
    from rich.progress import track

    from synthkit.inference import load
    from synthkit.styles.codes import writable_run
    from synthkit.styles.fit import Clustering, fit

    clustering = Clustering(clusters, smallest, seed)
    model = load(run)
    folder = writable_run(model.source.path)
    styles, encoded = fit(
        model,
        clustering,
        split=split,
        count=count,
        track=lambda batches, total: track(batches, "encoding", total=total),
    )
    _print(styles, encoded, clustering)
    typer.echo(f"{styles.origin['samples']} samples of {split}: {styles.save(folder)}")


def _print(styles: "Styles", encoded: "Mapping[int, Encoded]", clustering: "Clustering") -> None:
    """A table: each class with its instances, those that were clustered, and the size of each cluster."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("class", "instances", "clustered", "styles", "instances of each"):
        table.add_column(title, justify="left" if title.startswith(("class", "instances of")) else "right")
    for label, each in encoded.items():
        counts = styles.counts[label].tolist()
        all_too_small = each.shares.max() < clustering.smallest
        table.add_row(
            styles.name(label),
            str(len(each.shares)),
            f"{sum(counts)}{'*' if all_too_small else ''}",
            str(len(counts)),
            " ".join(map(str, counts)),
        )
    console = Console(highlight=False)
    console.print(table)
    if any(each.shares.max() < clustering.smallest for each in encoded.values()):
        console.print(f"* none takes {clustering.smallest:.3g} of its image, so all of them were clustered")


@styles_app.command("show")
def show_styles(
    run: Run,
    out: Annotated[Path | None, typer.Option(help="The page; by default RUN/styles/gallery.html.")] = None,
    split: Annotated[
        str | None, typer.Option(help="Whose scenes to draw; by default those of validation.")
    ] = None,
) -> None:
    """Draw each class in each of its styles, on one HTML page."""
    from synthkit.data.splits import validation_split
    from synthkit.inference import load
    from synthkit.styles.codes import writable_run
    from synthkit.styles.gallery import write_gallery
    from synthkit.styles.scenes import open_samples

    model = load(run)
    target = out or writable_run(model.source.path) / "styles" / "gallery.html"
    samples = open_samples(model, split or validation_split(model.config["data"]))
    typer.echo(write_gallery(model, samples, target))


@styles_app.command("measure")
def measure_styles(
    run: Run,
    count: Annotated[int, typer.Option(min=1, help="Held-out scenes to edit.")] = 30,
    coloured: Annotated[int, typer.Option(min=1, help="Training photos that give clusters a colour.")] = 150,
    seed: Annotated[int, typer.Option(min=0, help="Decides instances and styles.")] = 0,
) -> None:
    """Change the style of single instances, and tell what changes inside them and what outside."""
    from collections import defaultdict

    from synthkit.data.splits import TRAIN, validation_split
    from synthkit.errors import DataError
    from synthkit.inference import load
    from synthkit.styles.locality import cluster_colours, edits
    from synthkit.styles.scenes import first_scenes, open_samples

    model = load(run)
    photos, _ = first_scenes(open_samples(model, TRAIN), coloured)
    scenes, _ = first_scenes(open_samples(model, validation_split(model.config["data"])), count)
    found = defaultdict(list)
    for edit in edits(model, scenes, cluster_colours(model, photos), seed):
        found[model.styles.name(edit.label)].append(edit)
    if not found:
        raise DataError(
            "there is nothing to edit: no class has photos in two of its styles; raise --coloured"
        )
    _print_edits(found)


def _print_edits(found: "Mapping[str, Sequence[Edit]]") -> None:
    """A table: mean absolute changes inside and outside the instances, and how many came nearer."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    kinds = ("inside", "outside", "ratio", "nearer", "held: inside", "outside", "ratio", "nearer")
    for title in ("class", "edits", *kinds):
        table.add_column(title, justify="left" if title == "class" else "right")
    rows = {**found, "all": [edit for each in found.values() for edit in each]}
    for name, each in rows.items():
        anew, held = [edit.anew for edit in each], [edit.held for edit in each]
        table.add_row(name, str(len(each)), *_cells(anew), *_cells(held))
    console = Console(highlight=False)
    console.print(table)
    console.print(
        "mean absolute changes, their ratio, and how many instances came nearer to the cluster's colour:\n"
        "at first with the scene rendered anew, then with the norms' statistics held, as translate edits",
        soft_wrap=True,
    )


def _cells(changes: "Sequence[Change]") -> list[str]:
    from math import inf
    from statistics import fmean

    inside, outside = (fmean(getattr(each, side) for each in changes) for side in ("inside", "outside"))
    nearer = fmean(each.after < each.before for each in changes)
    return [f"{inside:.4f}", f"{outside:.4f}", f"{inside / outside if outside else inf:.1f}", f"{nearer:.0%}"]
