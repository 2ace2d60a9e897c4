"""Folders of made images as people have them, and the samples that the config written for one reads."""

import numpy as np
from PIL import Image

from synthkit.config import load
from synthkit.data import open_data
from synthkit.data.init import draft
from synthkit.data.splits import validation_split
from synthkit.inputs import build_inputs, sample_checks

COLOURS = np.array([[0, 0, 0], [128, 64, 128], [70, 130, 180]], np.uint8)


def photo(rng):
    return rng.integers(0, 256, (64, 96, 3)).astype(np.uint8)


def label(rng):
    ids = np.zeros((64, 96), np.uint8)
    ids[: rng.integers(10, 30)] = 1
    ids[30:60, rng.integers(0, 20) : rng.integers(40, 90)] = 2
    return ids


def instance(rng):
    ids = label(rng).astype(np.uint16)
    return np.where(ids == 2, 2000 + np.arange(96) // 48, ids).astype(np.uint16)


def coloured(rng):
    return COLOURS[label(rng)]


def binary(rng):
    return (label(rng) == 2).astype(np.uint8) * 255


def depth(rng):
    return rng.random((64, 96)).astype(np.float32) * 80


def edges(rng):
    return np.where(label(rng) == 2, 0, 255).astype(np.uint8)


def pair(rng):
    return np.concatenate([photo(rng), photo(rng)], 1)


def fill(folder, maker, *, count=4, suffix="", ending=".png"):
    folder.mkdir(parents=True)
    rng = np.random.default_rng("val" in folder.as_posix().rpartition("/d/")[2])
    for number in range(count):
        path = folder / f"street {number}{suffix}{ending}"
        if ending == ".npy":
            np.save(path, maker(rng))
        else:
            Image.fromarray(maker(rng)).save(path)


def two_splits(root, **makers):
    for split, count in (("train", 4), ("val", 2)):
        for folder, maker in makers.items():
            fill(root / folder.format(split=split), maker, count=count)


def written(root, tmp_path):
    """The config that is written for a folder, read back, and its training samples and validation samples."""
    layout, _, text = draft(root)
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    cfg = load(path)
    inputs = build_inputs(cfg["model"]["inputs"])
    fields = [each.field for each in inputs.values()]
    parts = [
        open_data(
            cfg["data"], split, training=training, fields=(*fields, "image"), seed=0, **sample_checks(inputs)
        )
        for split, training in (("train", True), (validation_split(cfg["data"]), False))
    ]
    for part in parts:
        for index in range(len(part)):
            part[index]
    return layout, cfg, parts
