"""What a leaderboard takes in: the results in run folders, each with the pictures that lie beside it."""

import hashlib
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from PIL import Image

from synthkit.benchmark import result
from synthkit.benchmark.result import Result
from synthkit.errors import DataError, listed

PATTERN = "scores/*/result.json"  # in a run's folder
KINDS = ("label", "fake", "real")
LARGEST = 50_000_000  # bytes of a picture's file
WIDEST = 512  # pixels of a picture that is kept: enough to look at, and small enough to keep many


@dataclass(frozen=True)
class Picture:
    """A PNG file, the name of the sample that it shows, and which of KINDS it is."""

    name: str
    kind: str
    png: bytes = field(repr=False)

    @cached_property
    def sha256(self) -> str:
        """The hash of the file."""
        return hashlib.sha256(self.png).hexdigest()

    def image(self) -> Image.Image:
        """The picture, decoded. Raises DataError where the file is no whole PNG of at most LARGEST bytes."""
        try:
            if len(self.png) > LARGEST:
                raise OSError(f"more than {LARGEST // 10**6} MB")
            image = Image.open(io.BytesIO(self.png), formats=["PNG"])
            image.load()
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            raise DataError(f"the picture {self.name}.{self.kind}.png cannot be read: {error}") from error
        return image


@dataclass(frozen=True)
class Submission:
    """A result, the folder of its run, and pictures of the scored samples."""

    result: Result
    run: Path
    pictures: tuple[Picture, ...] = ()

    @property
    def sha256(self) -> str:
        return digest(self.result.text, self.pictures)


def digest(text: str, pictures: Iterable[Picture]) -> str:
    """The hash of a result's text and of all its pictures; where the run lies is not among it."""
    lines = sorted(f"{each.name}\n{each.kind}\n{each.sha256}" for each in pictures)
    return hashlib.sha256("\n".join([text, *lines]).encode()).hexdigest()


def find(runs: Sequence[Path], protocol: str | None = None) -> list[Submission]:
    """The results of runs, or of all runs below a folder, by path; of one protocol where it is named.

    Raises DataError, naming the folder or the file, where there is none or where one is damaged.
    """
    files = {file.resolve() for run in runs for file in _files(run)}
    found = [_read(file) for file in sorted(files)]
    chosen = [each for each in found if protocol in (None, each.result.protocol)]
    if not chosen:
        known = listed({each.result.protocol for each in found})
        raise DataError(f"no result under the protocol {protocol}; there are some under {known}")
    return chosen


def _files(run: Path) -> list[Path]:
    if not run.is_dir():
        raise DataError(f"there is no folder {run}")
    files = list(run.rglob(PATTERN))
    if not files:
        raise DataError(f"{run} holds no scored run (RUN/{PATTERN}): `synthkit evaluate` scores one")
    return files


def _read(file: Path) -> Submission:
    read = result.read(file)
    pictures = [_picture(file.parent / "samples", name, kind) for name in read.samples for kind in KINDS]
    return Submission(read, file.parents[2], tuple(picture for picture in pictures if picture))


def _picture(folder: Path, name: str, kind: str) -> Picture | None:
    """A sample's picture of a kind; None where there is none, which a synthesised one must not be."""
    path = folder / f"{name}.{kind}.png"
    if path.parent != folder or "\0" in name:
        raise DataError(f"{folder.parent}: a sample's name is that of a file, not {name!r}")
    if kind != "fake" and not path.exists():
        return None
    try:
        return _narrowed(Picture(name, kind, path.read_bytes()))
    except (OSError, DataError) as error:
        raise DataError(f"{path}: {error}") from error


def _narrowed(picture: Picture) -> Picture:
    """The picture, or a copy of at most WIDEST pixels."""
    image, file = picture.image(), io.BytesIO()
    if image.width <= WIDEST:
        return picture
    height = max(1, round(WIDEST * image.height / image.width))
    way = Image.Resampling.NEAREST if picture.kind == "label" else Image.Resampling.LANCZOS
    image.convert("RGB").resize((WIDEST, height), way).save(file, "PNG")
    return replace(picture, png=file.getvalue())
