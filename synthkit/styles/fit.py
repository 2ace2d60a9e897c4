"""Finding the style codes of a run: encode its data, cluster the codes of each class."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import numpy as np
import torch
from sklearn.cluster import KMeans

from synthkit import build
from synthkit.data import open_data
from synthkit.data.loader import sequence
from synthkit.data.samples import Samples
from synthkit.data.splits import TRAIN, SplitName
from synthkit.devices import to_device
from synthkit.errors import ConfigError
from synthkit.inference import Model
from synthkit.inputs import sample_checks
from synthkit.styles.codes import Styles
from synthkit.styles.regions import find_regions

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


def open_samples(model: Model, split: SplitName) -> Samples:
    """The samples of a split as `model` reads them, with photos, and instance maps where there are any.

    Raises ConfigError for a model without an encoder or without labels, which styles belong to.
    """
    translator = model.translator
    if not translator.has_encoder:
        raise ConfigError("the model has no encoder, so no styles: a config such as streets_128_styles has")
    if "label" not in translator.fields:
        raise ConfigError("styles are found for each class, and the model reads no labels")
    return open_data(
        build.need(model.config, "data"),
        split,
        training=False,
        fields=translator.fields,
        optional=translator.optional_fields,
        seed=0,
        **sample_checks(translator.inputs),
    )


def encode(model: Model, batches: Iterable[Mapping]) -> dict[int, Encoded]:
    """The instances of each class in batches of one, classes in order."""
    codes, shares = defaultdict(list), defaultdict(list)
    for batch in batches:
        regions = find_regions(batch)
        found = model.encode(to_device(batch, model.translator.device), regions).numpy()
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
    indices = range(len(samples) if count is None else min(count, len(samples)))
    encoded = encode(model, track(sequence(samples, 1, indices=indices), len(indices)))
    found = {label: clustering.find(clustering.chosen(each)) for label, each in encoded.items()}
    origin = {"step": model.step, "split": split, "samples": len(indices), **clustering._asdict()}
    styles = Styles(
        {label: centres for label, (centres, _) in found.items()},
        {label: counts for label, (_, counts) in found.items()},
        tuple(getattr(samples.data, "names", ())),
        {key: str(value) for key, value in origin.items()},
    )
    return styles, encoded
