"""A list of edits as pictures: an image after each, a strip of all, an animation."""

import time
from collections.abc import Iterator, Sequence
from math import ceil
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from synthkit.data.pictures import label_colours, sheet, stack
from synthkit.editing.folders import told
from synthkit.editing.operations import KEY
from synthkit.editing.scene import Scene
from synthkit.section import Section

OPENED = "opened"
WIDEST, ACROSS = 640, 4  # pixels of a picture in a strip, and pictures of a row
SHOWN, LAST = 1000, 2500  # milliseconds of an image in an animation


class Step(NamedTuple):
    """What an edit made: its number and operation, what it did in words, the image, and seconds that it took.

    `label` is the label map as a small picture, (h, w, 3) uint8.
    """

    number: int
    name: str
    text: str
    image: Image.Image
    label: np.ndarray
    seconds: float

    @property
    def file(self) -> str:
        return f"{self.number:02}_{self.name}.png"

    def reduced(self) -> "Step":
        """The same with a small image, as in a strip."""
        return self._replace(image=self.image.reduce(_smaller(self.image.width)))


def play(scene: Scene, edits: Sequence[Section]) -> Iterator[Step]:
    """Do edits and draw the scene before the first and after each.

    All are done before anything is drawn: one that cannot be raises what `Scene.apply` does, and its place.
    """
    start, seconds = scene.position, [0.0]
    for edit in edits:
        began = time.perf_counter()
        with told(edit.where()):
            scene.apply(edit)
        seconds.append(time.perf_counter() - began)
    names = [OPENED, *(edit[KEY] for edit in edits)]
    texts = ["as opened", *scene.texts[start:]]
    for number, (name, text, applying) in enumerate(zip(names, texts, seconds, strict=True)):
        began = time.perf_counter()
        scene.goto(start + number)
        image = scene.render()
        yield Step(number, name, text, image, _map(scene), applying + time.perf_counter() - began)


def write_strip(steps: Sequence[Step], path: Path) -> None:
    """Write a picture of reduced steps: label maps above images, what was done above both, four in a row."""
    rows = []
    for start in range(0, len(steps), ACROSS):
        some = steps[start : start + ACROSS]
        images = [np.asarray(step.image) for step in some]
        rows.append(sheet([[step.label for step in some], images], [_title(step) for step in some]))
    stack(rows).save(path)


def write_animation(files: Sequence[Path], path: Path) -> None:
    """Write the images of files one after the other, for ever, as a GIF."""
    images = (Image.open(file).quantize(256) for file in files)
    durations = [SHOWN] * (len(files) - 1) + [LAST]
    next(images).save(path, save_all=True, append_images=images, duration=durations, loop=0)


def _map(scene: Scene) -> np.ndarray:
    """The label map in the classes' colours, small."""
    thin = (slice(None, None, _smaller(scene.state.width)),) * 2
    palette = np.array([each.colour for each in scene.classes], np.uint8)
    return label_colours(scene.state.label[thin], palette, scene.state.instance[thin])


def _smaller(width: int) -> int:
    """By how much a picture of a strip is reduced."""
    return ceil(width / WIDEST)


def _title(step: Step) -> str:
    return f"{step.number}  {step.text}" if step.number else step.text
