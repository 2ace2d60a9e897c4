"""Finding the style codes of a run: encode its data, cluster the codes of each class."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import numpy as np
import torch
from sklearn.cluster import KMeans

from synthkit.data.splits import TRAIN, SplitName
from synthkit.inference import Model
from synthkit.styles.codes import Styles
from synthkit.styles.regions import find_regions
from synthkit.styles.scenes import first_scenes, open_samples

SMALLEST = 1 / 64  # of the image, as in the original
RESTARTS = 10  # of k-means; the best is kept


class Encoded(NamedTuple):
    """The instances of one class: their codes (R, F) float32 and shares of their images (R,)."""

    codes: np.ndarray
    shares: np.ndarray


class Clustering(NamedTuple):
    """How codes are clustered.

    clusters: of a class at most, 1 or more.
    smallest: share of the image from which on an instance counts. A class without one that large uses all.
    seed: of k-means.
    """

    clusters: int = 10
    smallest: float = SMALLEST
    seed: int = 0

    def chosen(self, encoded: Encoded) -> np.ndarray:
        """The codes (R, F) that are clustered."""
        large = encoded.shares >= self.smallest
        return encoded.codes[large] if large.any() else encoded.codes

    def find(self, codes: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        """Centres (K, F) float32 and counts (K,) of codes (R, F), the most common cluster first."""
        count = min(self.clusters, len(np.unique(codes, axis=0)))
        means = KMeans(count, n_init=RESTARTS, random_state=self.seed).fit(codes.astype(np.float64))
        counts = np.bincount(means.labels_, minlength=count)
        order = np.lexsort((*means.cluster_centers_.T, -counts))
        return torch.from_numpy(means.cluster_centers_[order]).float(), torch.from_numpy(counts[order])


def encode(model: Model, batches: Iterable[Mapping]) -> dict[int, Encoded]:
    """The instances of each class in batches of one, classes in order."""
    codes, shares = defaultdict(list), defaultdict(list)
    for batch in batches:
        regions = find_regions(batch)
        found = model.encode(batch, regions).numpy()
        for label, code, share in zip(regions.labels.tolist(), found, regions.shares, strict=True):
            codes[label].append(code)
            shares[label].append(share)
    return {label: Encoded(np.stack(codes[label]), np.array(shares[label])) for label in sorted(codes)}


def fit(
    model: Model,
    clustering: Clustering,
    *,
    split: SplitName = TRAIN,
    count: int | None = None,
    track: Callable[[Iterable, int], Iterable] = lambda batches, total: batches,
) -> tuple[Styles, dict[int, Encoded]]:
    """The style codes of each class in the model's data, and the instances that they were found from.

    The first `count` samples of the split are encoded, or all; `track(batches, count)` may watch. An
    instance's code is the encoder's mean over it; k-means clusters those of a class (pix2pixHD, section 3.4).
    The same model, data and clustering give the same codes. Raises ConfigError and DataError as
    `open_samples` does.
    """
    samples = open_samples(model, split)
    batches, count = first_scenes(samples, count)
    encoded = encode(model, track(batches, count))
    found = {label: clustering.find(clustering.chosen(each)) for label, each in encoded.items()}
    origin = {"step": model.step, "split": split, "samples": count, **clustering._asdict()}
    styles = Styles(
        {label: centres for label, (centres, _) in found.items()},
        {label: counts for label, (_, counts) in found.items()},
        {key: str(value) for key, value in origin.items()},
        tuple(getattr(samples.data, "names", ())),
    )
    return styles, encoded
