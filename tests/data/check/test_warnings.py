"""What is worth a look: each kind is found, the file is named, and training goes on."""

import numpy as np
import pytest
from PIL import Image

from synthkit.data.check.kinds import ERRORS, WARNINGS

SIZE = (12, 16)
BREAKS = {}


def breaks(kind):
    """Registers a function that breaks a sound data set and returns the place that the problem must name."""

    def register(function):
        assert kind not in BREAKS
        BREAKS[kind] = function
        return function

    return register


@breaks("constant image")
def _(broken):
    broken.change(broken.image(), lambda photo: np.full_like(photo, 7))
    return broken.image()


@breaks("constant label map")
def _(broken):
    broken.change(broken.label(), np.ones_like)
    return broken.label()


@breaks("grey photo")
def _(broken):
    broken.put(broken.photo(), broken.image(), "L")
    return broken.image()


@breaks("CMYK photo")
def _(broken):
    broken.put(broken.photo(), broken.image().with_suffix(".jpg"), "CMYK")
    broken.image().unlink()
    return broken.image().with_suffix(".jpg")


@breaks("alpha dropped")
def _(broken):
    broken.put(broken.photo(), broken.image(), "RGBA")
    return broken.image()


@breaks("turned by EXIF")
def _(broken):
    return broken.turned(broken.photo(SIZE[::-1]))


@breaks("name and content differ")
def _(broken):
    broken.put(broken.photo(), broken.image().with_suffix(".webp"))
    broken.image().with_suffix(".webp").rename(broken.image())
    return broken.image()


@breaks("formats mixed")
def _(broken):
    image = Image.open(broken.label())
    image.putpalette([0, 0, 0, 90, 90, 90, 200, 0, 0])
    image.save(broken.label())
    return broken.label()


@breaks("few of the values")
def _(broken):
    """Photos of 12 bits in files of 16."""
    broken.source(broken.rng.integers(0, 4096, (*SIZE, 2)).astype(np.uint16), span=None)
    for path in broken.root.glob("*_source/*.npy"):
        np.save(path, broken.rng.integers(0, 4096, (*SIZE, 2)).astype(np.uint16))
    return "split train"


@breaks("file passed over")
def _(broken):
    (broken.root / "train_img" / "b.gif").write_bytes(b"GIF89a")
    return broken.root / "train_img" / "b.gif"


@breaks("names differ only in case")
def _(broken):
    for path, array in zip((broken.label("B"), broken.instance("B")), broken.maps(), strict=True):
        broken.put(array, path)
    broken.put(broken.photo(), broken.image("B"))
    return broken.label()


@breaks("clipped instance ids")
def _(broken):
    broken.change(broken.instance(), lambda ids: ids.clip(max=255).astype(np.uint8))
    return broken.instance()


@breaks("instance over several classes")
def _(broken):
    broken.change(broken.instance(), lambda ids: np.where(ids == 2, 1000, ids).astype(np.uint16))
    return broken.instance()


@breaks("instance maps equal label maps")
def _(broken):
    for name in "abc":
        broken.put(np.array(Image.open(broken.label(name))), broken.instance(name))
    return "split train"


@breaks("same photo twice")
def _(broken):
    Image.open(broken.image("a")).save(broken.image("b"), compress_level=0)
    return broken.image("b")


@breaks("same label map twice")
def _(broken):
    for path in (broken.label, broken.instance):
        Image.open(path("a")).save(path("b"))
    return broken.label("b")


@breaks("photo in two splits")
def _(broken):
    Image.open(broken.image("a")).save(broken.image("d", "val"))
    return broken.image("d", "val")


@breaks("class never seen")
def _(broken):
    broken.needs["classes"] = 4
    broken.data["names"] = []
    return "split train"


@breaks("class only in validation")
def _(broken):
    for name in "abc":
        for path in (broken.label(name), broken.instance(name)):
            broken.change(path, lambda ids: np.where(ids == 2, 0, ids).astype(ids.dtype))
    return "split val"


@breaks("names do not match")
def _(broken):
    broken.data["names"] = ["road", "car"]
    return "data.names"


@breaks("fewer samples than a batch")
def _(broken):
    broken.needs["batch_size"] = 4
    return "split train"


@breaks("no photos")
def _(broken):
    for path in (broken.root / "val_img").iterdir():
        path.unlink()
    (broken.root / "val_img").rmdir()
    return "split val"


@breaks("padded to the stride")
def _(broken):
    broken.needs["stride"] = 8
    return "split train"


@pytest.mark.parametrize("kind", BREAKS)
def test_each_kind_is_found_and_the_file_named(broken, kind):
    broken.find(kind, BREAKS[kind](broken))


def test_sources_of_different_depths_without_a_range(broken):
    place = broken.source(broken.rng.integers(0, 256, (*SIZE, 2)).astype(np.uint8), span=None)
    for path in broken.root.glob("*_source/*.npy"):
        if path != place:
            np.save(path, broken.rng.integers(0, 2**16, (*SIZE, 2)).astype(np.uint16))
    broken.find("formats mixed", place)


def test_every_warning_is_tried():
    assert BREAKS.keys() == WARNINGS.keys()
    assert not ERRORS.keys() & WARNINGS.keys()
