"""Photos with edges, and the samples of a folder of them, for the tests of edges."""

import numpy as np

from synthkit.config import from_dict
from synthkit.data import open_data
from synthkit.inputs import build_inputs, sample_checks


def photo(seed, height=60, width=80):
    """Overlapping rectangles of random colours: edges, and some noise."""
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 30, (height, width, 3))
    for _ in range(6):
        top, left = rng.integers(0, height - 12), rng.integers(0, width - 12)
        image[top : top + 30, left : left + 25] += rng.integers(0, 110, 3)
    return image.clip(0, 255).astype(np.uint8)


def samples(root, *, training=False, edge=None, fields=("edge",), **keys):
    section = from_dict({"data": {"type": "folders", "root": str(root), **keys}})["data"]
    checks = sample_checks(build_inputs({"edge": edge or {}}))
    return open_data(section, "train", training=training, fields=fields, seed=3, **checks)


def as_photo(image):
    return ((image + 1) * 127.5).round().byte().permute(1, 2, 0).numpy()
