"""`streets`, the built-in data set: seeded street scenes of any size, labels and instances included."""

from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import NamedTuple

import numpy as np
from PIL import Image

from synthkit.data.streets.backdrop import backdrop, enlarged
from synthkit.data.streets.canvas import Canvas, Kind
from synthkit.data.streets.furniture import fence, lamp, sign, tree
from synthkit.data.streets.layout import plan
from synthkit.data.streets.traffic import car, person
from synthkit.registry import DATASETS

SMALLEST, LARGEST = 16, 4096
FINE_UP_TO = 512  # up to this height scenes are drawn at twice the size, which smooths the edges


DRAW = {
    Kind.TREE: tree, Kind.CAR: car, Kind.PERSON: person, Kind.POLE: lamp, Kind.SIGN: sign, Kind.FENCE: fence,
}  # fmt: skip


class Scene(NamedTuple):
    """image (H, W, 3) uint8, label (H, W) uint8 class ids, instance (H, W) int32."""

    image: np.ndarray
    label: np.ndarray
    instance: np.ndarray


def paint(seed: int, height: int, width: int) -> Scene:
    """Paint the scene of a seed. The same seed shows the same street at each size.

    Instances follow Cityscapes: pixels of countable things hold class * 1000 + k, others their class.
    Raises ValueError for a side outside 16..4096 pixels.
    """
    height, width = _checked((height, width))
    layout = plan(seed, height, width)
    fine = 2 if height <= FINE_UP_TO else 1
    image, codes = backdrop(layout, fine)
    canvas = Canvas(layout.camera.scaled(fine), enlarged(image, fine), enlarged(codes, fine))
    for thing in layout.things:
        DRAW[thing.kind](canvas, layout.mood, thing)
    instance = np.array(canvas.codes)[::fine, ::fine]
    label = np.where(instance >= 1000, instance // 1000, instance).astype(np.uint8)
    return Scene(_developed(canvas.image.reduce(fine), seed), label, np.ascontiguousarray(instance))


def _checked(size: Sequence[int]) -> tuple[int, int]:
    sides = tuple(size)
    if len(sides) != 2 or not all(isinstance(n, Integral) and SMALLEST <= n <= LARGEST for n in sides):
        raise ValueError(
            f"size {size!r} of streets: must be height and width, each {SMALLEST} to {LARGEST} pixels"
        )
    return int(sides[0]), int(sides[1])


def _developed(image: Image.Image, seed: int) -> np.ndarray:
    """The image with a film's grain of -3 to 3, which the narrowed range leaves room for."""
    pixels = np.clip(np.asarray(image), 3, 252)
    grain = np.random.Generator(np.random.PCG64(seed)).integers(7, size=pixels.shape[:2], dtype=np.uint8)
    return pixels - 3 + grain[..., None]


PALETTE = (
    (112, 178, 232), (156, 108, 96), (98, 92, 116), (246, 240, 214), (226, 178, 168), (158, 206, 98),
    (58, 130, 74), (44, 84, 198), (226, 54, 84), (84, 82, 84), (250, 190, 44), (196, 120, 190),
)  # fmt: skip
SPLITS = {"train": (0, 2000), "val": (1, 100), "test": (2, 100)}
SPAN = 10**7  # seeds that each split of each town has to itself


@DATASETS.register_module("streets")
class Streets:
    """Painted street scenes as a data set.

    The splits train, val and test share no scene. Raises ValueError, naming what is valid, for another
    split, size or count.

    Args:
        split: train, val or test.
        size: [height, width] in pixels, each 16 to 4096.
        count: how many scenes; 2000 for train, 100 for val and test where it is null.
        seed: from 0; each gives another town.
    """

    fields = ("label", "instance", "image")
    names = tuple(kind.name.lower().replace("_", " ") for kind in Kind)
    palette = np.array(PALETTE, np.uint8)

    def __init__(
        self, split: str, *, size: Sequence[int] = (128, 256), count: int | None = None, seed: int = 0
    ):
        if split not in SPLITS:
            raise ValueError(f"split {split!r} of streets: must be one of {', '.join(SPLITS)}")
        if seed < 0:
            raise ValueError(f"seed {seed} of streets: must be 0 or more")
        self.split, self.seed = split, seed
        self.height, self.width = _checked(size)
        if count is not None and not 0 <= count < SPAN:
            raise ValueError(f"count {count} of streets: must be 0 to {SPAN - 1}")
        self._stream, default = SPLITS[split]
        self.count = default if count is None else count
        self.stems = tuple(f"streets_{split}_{index:05d}" for index in range(self.count))

    @classmethod
    def class_table(cls, settings: Mapping) -> tuple[Sequence[str], np.ndarray]:
        """Names and colours by id."""
        return cls.names, cls.palette

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> dict:
        """label (H, W) uint8, instance (H, W) int32, image (H, W, 3) uint8 and name."""
        if not 0 <= index < self.count:
            raise IndexError(f"scene {index} of streets {self.split}: there are {self.count}")
        scene = paint(self._scene(index), self.height, self.width)
        return dict(scene._asdict(), name=self.stems[index])

    def fingerprint(self, index: int) -> str:
        """What decides a scene at any size."""
        return f"streets {self._scene(index)}"

    def _scene(self, index: int) -> int:
        """The seed of a scene."""
        return (self.seed * len(SPLITS) + self._stream) * SPAN + index
