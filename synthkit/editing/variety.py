"""Choosing a few things that stand for many: what they look like is as different as may be."""

from collections.abc import Sequence

import numpy as np
from PIL import Image
from sklearn.cluster import KMeans
from sklearn.neighbors import NearestNeighbors

GRID = 8  # a shape is compared by its mask on so many cells a side
COMMON, NEIGHBOURS = 3 / 4, 5  # share of the things that are most like others, and how many others those are
RESTARTS = 10  # of k-means; the best is kept


def varied(masks: Sequence[np.ndarray], codes: np.ndarray, count: int) -> list[int]:
    """The places of up to `count` things, with masks (h, w) bool and styles (N, F), that stand for all.

    They are clustered by shape, size and style, and one of each cluster is taken, the largest cluster first.
    Shapes that hardly any other has are left out: mostly something hides a part of them. Of the half of a
    cluster that is nearest to its centre, the largest thing is taken, for its detail.
    """
    shapes = np.stack([_shape(mask) for mask in masks])
    pixels = np.array([mask.sum() for mask in masks])
    common = _common(shapes)
    traits = (shapes, np.log(pixels)[:, None], codes)
    points = np.concatenate([_balanced(each[common]) for each in traits], 1)
    count = min(count, len(np.unique(points, axis=0)))
    means = KMeans(count, n_init=RESTARTS, random_state=0).fit(points)
    order = np.lexsort((range(count), -np.bincount(means.labels_, minlength=count)))
    return [int(common[_largest_near(means, points, pixels[common], cluster)]) for cluster in order]


def _shape(mask: np.ndarray) -> np.ndarray:
    """The shares of a grid's cells that a mask covers, whatever its size."""
    return np.asarray(Image.fromarray(mask.astype(np.float32)).resize((GRID, GRID), Image.BOX)).ravel()


def _common(shapes: np.ndarray) -> np.ndarray:
    """The places of the shapes (N, D) that are most like others, in order."""
    neighbours = min(NEIGHBOURS, len(shapes) - 1)
    if not neighbours:
        return np.arange(1)
    apart = NearestNeighbors(n_neighbors=neighbours).fit(shapes).kneighbors()[0].sum(1)
    return np.flatnonzero(apart <= np.quantile(apart, COMMON))


def _balanced(values: np.ndarray) -> np.ndarray:
    """Values (N, D) around 0 and of variance 1 in all, so that no kind of trait outweighs another."""
    values = values.astype(np.float64) - values.mean(0)
    return values / (np.sqrt((values**2).sum(1).mean()) or 1)


def _largest_near(means: KMeans, points: np.ndarray, pixels: np.ndarray, cluster: int) -> int:
    members = np.flatnonzero(means.labels_ == cluster)
    distances = np.linalg.norm(points[members] - means.cluster_centers_[cluster], axis=1)
    near = members[distances <= np.median(distances)]
    return near[pixels[near].argmax()]
