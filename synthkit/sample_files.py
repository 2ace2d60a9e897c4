"""RUN/samples/: pictures of held-out samples at some steps of a training, in STEP/NAME.KIND.png."""

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

HEADINGS = {"label": "label map", "source": "source", "edge": "edges", "fake": "synthesised", "real": "real"}
LONGEST_NAME = 200  # bytes of a file name that are left to the picture's name

Scenes = dict[str, dict[str, Path]]  # files by the sample's name and by kind


def write_samples(run: Path, step: int, pictures: Mapping[str, Mapping[str, np.ndarray]]) -> None:
    """Write the pictures of a validation to RUN/samples/STEP, as `write_pictures`."""
    write_pictures(run / "samples" / f"{step:08d}", pictures)


def write_pictures(folder: Path, pictures: Mapping[str, Mapping[str, np.ndarray]]) -> list[str]:
    """Write pictures to FOLDER/NAME.KIND.png; returns the names that they got.

    `pictures` maps a sample's name to (H, W, 3) uint8 arrays by kind: label, source, edge, fake, real. What a
    file name cannot hold is replaced by underscores; names that become alike are told apart by more.
    """
    folder.mkdir(parents=True, exist_ok=True)
    taken: list[str] = []
    for name, kinds in pictures.items():
        name = _file_name(name)
        while name in taken:
            name += "_"
        taken.append(name)
        for kind, array in kinds.items():
            Image.fromarray(np.ascontiguousarray(array)).save(folder / f"{name}.{kind}.png")
    return taken


def read_samples(run: Path) -> dict[int, Scenes]:
    """The scenes of each step that has any, in order; scenes without a synthesised picture are left out."""
    folder = run / "samples"
    steps = sorted(path for path in folder.glob("*") if path.name.isdecimal()) if folder.is_dir() else []
    return {int(path.name): scenes for path in steps if (scenes := _scenes(path))}


def _scenes(folder: Path) -> Scenes:
    scenes: Scenes = {}
    for path in sorted(folder.glob("*.png")):
        name, _, kind = path.stem.rpartition(".")
        if name and kind in HEADINGS:
            scenes.setdefault(name, {})[kind] = path
    return {name: files for name, files in scenes.items() if "fake" in files}


def _file_name(name: str) -> str:
    name = re.sub(r"[/\\\x00-\x1f\x7f]", "_", name)
    name = re.sub(r"^\.+", lambda dots: "_" * len(dots[0]), name)
    return name.encode("utf-8", "ignore")[:LONGEST_NAME].decode("utf-8", "ignore") or "_"
