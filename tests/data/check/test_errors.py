"""What stops training: each kind is found, the file is named, and training is indeed stopped."""

import numpy as np
import pytest

from synthkit.data.check.kinds import ERRORS

SIZE = (12, 16)
BREAKS = {}


def breaks(kind):
    """Registers a function that breaks a sound data set and returns the place that the problem must name."""

    def register(function):
        assert kind not in BREAKS
        BREAKS[kind] = function
        return function

    return register


@breaks("no data")
def _(broken):
    for folder in broken.root.glob("val_*"):
        folder.rename(broken.root / f"old_{folder.name}")
    return "split val"


@breaks("no samples")
def _(broken):
    for name in "abc":
        broken.label(name).rename(broken.label(f"{name}2"))
    return "split train"


@breaks("no files")
def _(broken):
    for name in "abc":
        broken.image(name).unlink()
    return broken.image().parent


@breaks("no partner")
def _(broken):
    broken.instance("c").unlink()
    return broken.label("c")


@breaks("no suffix")
def _(broken):
    broken.data["suffixes"] = {"label": "_ids"}
    for path in [*broken.root.glob("*_label/*")][1:]:
        path.rename(path.with_stem(f"{path.stem}_ids"))
    return next(path for path in broken.root.glob("*_label/*") if not path.stem.endswith("_ids"))


@breaks("two files of one stem")
def _(broken):
    broken.put(broken.photo(), broken.image().with_suffix(".webp"))
    return broken.image().with_suffix(".webp")


@breaks("field missing")
def _(broken):
    broken.needs["fields"] = ("label", "instance", "source")
    return "split train"


@breaks("file is gone")
def _(broken):
    broken.image().rename(broken.root / "elsewhere.png")
    broken.image().symlink_to("nowhere.png")
    return broken.image()


@breaks("empty file")
def _(broken):
    broken.image().write_bytes(b"")
    return broken.image()


@breaks("not an image")
def _(broken):
    broken.image().write_text("<html>404</html>")
    return broken.image()


@breaks("damaged file")
def _(broken):
    broken.image().write_bytes(broken.image().read_bytes()[:300])
    return broken.image()


@breaks("map saved as JPEG")
def _(broken):
    broken.put(broken.maps()[0], broken.label().with_suffix(".jpg"))
    broken.label().with_suffix(".jpg").rename(broken.label())
    return broken.label()


@breaks("map in colour")
def _(broken):
    broken.put(broken.photo(), broken.label())
    return broken.label()


@breaks("not in the table")
def _(broken):
    broken.data["labels"] = {"colours": [[0, 0, 0], [1, 1, 1], [2, 2, 2]]}
    broken.change(broken.label(), lambda label: np.where(label == 2, 7, label).astype(np.uint8))
    return broken.label()


@breaks("depth of photo")
def _(broken):
    broken.put(broken.maps()[1], broken.image())
    return broken.image()


@breaks("unreadable")
def _(broken):
    return broken.source(np.zeros((3, *SIZE, 2), np.float32))


@breaks("sizes differ")
def _(broken):
    broken.put(broken.photo((16, 12)), broken.image())
    return broken.image()


@breaks("label out of range")
def _(broken):
    def change(label):
        label[2:4, 5] = 3, 9
        return label

    broken.change(broken.label(), change)
    return broken.label()


@breaks("255 not declared")
def _(broken):
    broken.change(broken.label(), lambda label: np.where(label == 2, 255, label).astype(np.uint8))
    return broken.label()


@breaks("channel count")
def _(broken):
    return broken.source(np.linspace(0, 1, 3 * 192, dtype=np.float32).reshape(*SIZE, 3))


@breaks("values not finite")
def _(broken):
    array = broken.rng.random((*SIZE, 2)).astype(np.float32)
    array[3, 4, 1] = np.nan
    return broken.source(array)


@breaks("values out of range")
def _(broken):
    return broken.source(2 * broken.rng.random((*SIZE, 2)).astype(np.float32))


@breaks("range missing")
def _(broken):
    return broken.source(broken.rng.random((*SIZE, 2)).astype(np.float32), span=None)


@breaks("smaller than the crop")
def _(broken):
    broken.data["transform"] = {"crop": [10, 17]}
    return "a"


@breaks("sizes vary in a batch")
def _(broken):
    broken.needs["batch_size"] = 2
    for array, path in zip(broken.maps((8, 16)), (broken.label(), broken.instance()), strict=True):
        broken.put(array, path)
    broken.put(broken.photo((8, 16)), broken.image())
    return "split train"


@pytest.mark.parametrize("kind", BREAKS)
def test_each_kind_is_found_and_the_file_named(broken, kind):
    broken.find(kind, BREAKS[kind](broken))


def test_every_error_is_tried():
    apart = {"no permission", "too large", "reader died", "id out of range", "shape"}  # in test_check.py
    assert BREAKS.keys() | apart == ERRORS.keys()


def test_pixel_value_and_count_of_labels_out_of_range(broken):
    BREAKS["label out of range"](broken)
    (problem,) = broken.check().problems
    assert problem.message == "3 at x=5, y=2 and at 1 more: ids 3, 9; allowed are 0 to 2"
