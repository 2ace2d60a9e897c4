"""Detectors of edges: a photo (H, W, 3) uint8 -> lines (H, W) bool."""

import pickle

import numpy as np

from synthkit.registry import DETECTORS
from synthkit.testing.component import Component, check


def _photo() -> np.ndarray:
    """A bright square on a dark ground, and some noise."""
    photo = np.random.default_rng(0).integers(0, 20, (48, 64, 3), dtype=np.uint8)
    photo[12:36, 16:48] += 200
    return photo


@check(DETECTORS)
def lines(component: Component) -> None:
    detector, photo = component.build(), _photo()
    found = detector(photo)
    assert np.array_equal(photo, _photo()), "it changes the photo, which others read"
    assert found.dtype == bool and found.shape == photo.shape[:2], (
        f"lines (H, W) bool are wanted, not {found.shape} {found.dtype}"
    )
    assert 0 < found.mean() < 0.5, f"a bright square on black has {found.mean():.0%} of its pixels on lines"
    assert np.array_equal(found, pickle.loads(pickle.dumps(detector))(photo)), "a copy finds other lines"
