"""Masks: the nearest of some pixels against a search of all, and how little is looked at for it."""

import numpy as np
import pytest
from scipy import ndimage

from synthkit.editing import painting


def searched(mask, sources):
    """(row, column) of the nearest source of each pixel of a mask; the first in order of equal ones."""
    places = np.argwhere(sources)
    return [tuple(places[((places - pixel) ** 2).sum(1).argmin()]) for pixel in np.argwhere(mask)]


@pytest.mark.parametrize("seed", range(8))
def test_nearest_ones_are_found_wherever_they_lie(seed):
    """Blobs, thick and thin, of which some sources are far and some equally near."""
    random = np.random.default_rng(seed)
    heights = ndimage.uniform_filter(random.random((40, 70)), 3 + 2 * seed)
    mask = heights > np.quantile(heights, 0.8)
    sources = ~mask & (random.random(mask.shape) < (0.004, 0.2)[seed % 2])
    assert list(zip(*painting.nearest(mask, sources), strict=True)) == searched(mask, sources)


def test_a_solid_thing_is_filled_in_one_search_and_any_in_few(monkeypatch):
    searches, transform = [], ndimage.distance_transform_edt

    def counted(free, **options):
        searches.append(free.size)
        return transform(free, **options)

    monkeypatch.setattr(ndimage, "distance_transform_edt", counted)
    mask = np.zeros((200, 300), bool)
    mask[50:150, 60:240] = True
    painting.nearest(mask, ~mask)
    assert len(searches) == 1 and searches[0] < 1.3 * mask.sum()
    searches.clear()
    painting.nearest(mask, np.eye(*mask.shape, 250, dtype=bool))  # nothing near to most of it
    assert len(searches) <= 2


def test_a_long_stroke_is_measured_along_itself(monkeypatch):
    measured, distance = [], painting._distance

    def counted(x, y, *ends):
        measured.append(x.size * y.size)
        return distance(x, y, *ends)

    monkeypatch.setattr(painting, "_distance", counted)
    mask = painting.stroke((512, 1024), np.array([[0.0, 0.0], [1023.0, 511.0]]), 20)
    assert sum(measured) < 6 * mask.sum() < mask.size / 3
    measured.clear()
    far = np.array([[-(2.0**20), -(2.0**20)], [2.0**20, 2.0**20]])
    assert np.array_equal(painting.stroke((8, 8), far, 1), np.eye(8, dtype=bool)) and sum(measured) < 5000
