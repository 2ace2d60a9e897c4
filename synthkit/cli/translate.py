"""`synthkit translate`."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from synthkit.cli import Device, Run, app

if TYPE_CHECKING:
    from PIL.Image import Image

    from synthkit.inference import Model
    from synthkit.own_samples import OwnSamples

SINGLE_FILE = (".png", ".jpg", ".jpeg", ".webp")


@app.command()
def translate(
    run: Run,
    out: Annotated[Path, typer.Argument(help="A folder, or for one image a file to write.")],
    label: Annotated[Path | None, typer.Option(help="A label map, or a folder of them.")] = None,
    instance: Annotated[Path | None, typer.Option(help="An instance map, or a folder.")] = None,
    source: Annotated[Path | None, typer.Option(help="A source image, or a folder.")] = None,
    pair: Annotated[
        Path | None, typer.Option(help="A side-by-side pair, or a folder, whose source half is translated.")
    ] = None,
    edge: Annotated[Path | None, typer.Option(help="A line drawing, or a folder of them.")] = None,
    edge_from: Annotated[
        Path | None, typer.Option(help="A photo, or a folder, whose edges are drawn as in training.")
    ] = None,
    split: Annotated[
        str | None, typer.Option(help="In place of files: the samples of the run's own data, such as val.")
    ] = None,
    count: Annotated[int | None, typer.Option(min=1, help="Translate the first ones only.")] = None,
    style: Annotated[
        list[str] | None,
        typer.Option(
            help="CLASS=CLUSTER or CLASS=sample, once per class; sample alone draws for all others."
        ),
    ] = None,
    instance_style: Annotated[
        list[str] | None, typer.Option(help="ID=CLUSTER or ID=sample, for single instances.")
    ] = None,
    style_from: Annotated[
        Path | None, typer.Option(help="A photo to take the styles from, or a folder: one for each scene.")
    ] = None,
    seed: Annotated[
        int, typer.Option(min=0, help="Of sampled styles and of dropout; the next image's is one more.")
    ] = 0,
    candidate: Annotated[
        str, typer.Option(help="Which image of a model that makes several, from 0; all writes OUT_0.png …")
    ] = "0",
    best: Annotated[
        bool, typer.Option("--best", help="Use the best checkpoint by train.best, not the newest.")
    ] = False,
    device: Device = "auto",
    precision: Annotated[
        str | None, typer.Option(help="fp32, or bf16 in half the memory; by default the training's.")
    ] = None,
) -> None:
    """Turn label maps, source images or drawings into photos with a trained model."""
    from rich.progress import track

    from synthkit.errors import DataError
    from synthkit.inference import load

    given = {"label": label, "instance": instance, "source": source, "edge": edge}
    given |= {"pair": pair, "edge_from": edge_from, "style_from": style_from}
    given = {field: path for field, path in given.items() if path is not None}
    if split is not None and not given.keys() <= {"style_from"}:
        raise DataError(f"--split translates the run's own data: leave out {', '.join(given)}")
    jobs = _jobs(given, out)[:count] if split is None else []
    chosen = _candidate(candidate)
    by_class = ["all=sample" if text == "sample" else text for text in style or []]
    styles = {"style": _picks(by_class, "CLASS=CLUSTER, CLASS=sample or sample")}
    styles["instance_style"] = _picks(instance_style or [], "ID=CLUSTER or ID=sample")
    _spare_inputs(jobs, numbered=chosen == "all")
    model, written = load(run, best=best, device=device, precision=precision), 0
    if split is not None:
        samples = _own_samples(model, split, count, out)
        jobs = ((_target(out, name, len(samples)), inputs | given) for name, inputs in samples)
    total = len(jobs if split is None else samples)
    watched = track(jobs, "translating", total=total) if total > 1 else jobs
    for number, (target, inputs) in enumerate(watched):
        made = model.translate(**inputs, **styles, seed=seed + number, candidate=chosen)
        for path, picture in _numbered(target, made) if chosen == "all" else [(target, made)]:
            _save(picture, path)
            written += 1
    kept = f", with {model.translator.inference} as in training" if str(model.translator.inference) else ""
    typer.echo(f"{written} image{'s' if written > 1 else ''}: {out}{kept}")


def _own_samples(model: "Model", split: str, count: int | None, out: Path) -> "OwnSamples":
    """The samples of the run's own data. Raises DataError where images would be written beside them."""
    from synthkit.errors import DataError
    from synthkit.own_samples import OwnSamples

    samples = OwnSamples(model, split, count)
    folder = _target(out, "", len(samples)).parent
    if folder.resolve() in {file.parent.resolve() for file in samples.files}:
        raise DataError(f"{folder} holds the run's own data: give another folder")
    return samples


def _candidate(text: str) -> int | str:
    from synthkit.errors import DataError

    if text != "all" and not text.isdecimal():
        raise DataError(f"--candidate {text}: write a number, 0 or more, or all")
    return text if text == "all" else int(text)


def _numbered(target: Path, pictures: list["Image"]) -> list[tuple[Path, "Image"]]:
    """A file for each candidate: NAME_0.png, NAME_1.png …"""
    return [(target.with_stem(f"{target.stem}_{number}"), each) for number, each in enumerate(pictures)]


def _save(picture: "Image", path: Path) -> None:
    from synthkit.errors import DataError

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        picture.save(path)
    except OSError as err:
        raise DataError(f"{path} cannot be written: {err}") from err


def _picks(texts: list[str], form: str) -> dict[str | int, str | int]:
    """KEY=CLUSTER as a mapping, numbers as such; `form` is what there is to write."""
    from synthkit.errors import DataError

    picks = {}
    for text in texts:
        key, _, pick = text.rpartition("=")
        if not key or not pick:
            raise DataError(f"style {text!r}: write {form}")
        if _number(key) in picks:
            raise DataError(f"style {text!r}: {key} has another one already")
        picks[_number(key)] = _number(pick)
    return picks


def _number(text: str) -> str | int:
    return int(text) if text.isdecimal() else text


def _jobs(given: dict[str, Path], out: Path) -> list[tuple[Path, dict[str, Path]]]:
    """The file to write and the inputs for each image; files of folders pair by stem.

    One photo can give its style to all that is in folders.
    """
    from synthkit.data.paired import pair_folders
    from synthkit.errors import DataError

    folders = {field: path for field, path in given.items() if path.is_dir()}
    single = {field: path for field, path in given.items() if field not in folders}
    if folders and not single.keys() <= {"style_from"}:
        raise DataError(f"{', '.join(given)}: must all be files or all be folders")
    if folders:
        return [(out / f"{stem}.png", inputs | single) for stem, inputs in pair_folders(folders).items()]
    if not given:
        raise DataError("nothing to translate: give --label, --instance, --source, --edge or --split")
    return [(_target(out, next(iter(given.values())).stem, 1), given)]


def _target(out: Path, stem: str, count: int) -> Path:
    """The file for one of `count` images: `out` itself where that names one for a single image."""
    return out if count == 1 and out.suffix.lower() in SINGLE_FILE else out / f"{stem}.png"


def _spare_inputs(jobs: list[tuple[Path, dict[str, Path]]], *, numbered: bool) -> None:
    """Raises DataError where an image, or a numbered candidate, would be written over a file that is read."""
    from synthkit.errors import DataError

    read = {path.resolve() for _, inputs in jobs for path in inputs.values()}
    if numbered:
        matches = {path: re.fullmatch(r"(.+)_\d+", path.stem) for path in read}
        read = {path.with_stem(match[1]) for path, match in matches.items() if match}
    for target, _ in jobs:
        if target.resolve() in read:
            raise DataError(f"{target} is an input and would be written over: give another folder or file")
