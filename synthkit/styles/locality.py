"""Whether a style is local: what changing one instance's does inside it, and what outside."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from synthkit.inference import Model
from synthkit.styles.regions import Regions, find_regions

LEAST = 1 / 256  # share of a scene from which on an instance is edited, or gives its cluster a colour


class Change(NamedTuple):
    """What one edit did, in values of [-1, 1].

    inside, outside: mean absolute change of the instance's pixels and of all others. before, after: distance
    (L2, RGB) of the instance's mean colour from the colour of the cluster that it was given.
    """

    inside: float
    outside: float
    before: float
    after: float


class Edit(NamedTuple):
    """An instance of a class in another cluster's style: rendered anew, and as `translate` edits it."""

    label: int
    anew: Change
    held: Change


class Sight(NamedTuple):
    """A scene as a batch of one, its instances, and their codes (R, F) as its photo has them."""

    batch: Mapping
    regions: Regions
    codes: Tensor

    @classmethod
    def of(cls, model: Model, batch: Mapping) -> "Sight":
        regions = find_regions(batch)
        return cls(batch, regions, model.encode(batch, regions))

    def large(self) -> list[tuple[int, int]]:
        """Label and place of each instance that is large enough, and not the whole scene."""
        places = np.flatnonzero((self.regions.shares >= LEAST) & (self.regions.shares < 1)).tolist()
        return [(int(self.regions.labels[place]), place) for place in places]

    def colour(self, image: Tensor, place: int) -> Tensor:
        """The mean colour (3,) of an instance in an image (1, 3, H, W)."""
        return image[0, :, torch.from_numpy(self.regions.where == place)].mean(1).cpu()

    def cluster(self, model: Model, label: int, place: int) -> int:
        """The cluster of its class that is nearest to an instance's code."""
        return int((model.styles.centres[label] - self.codes[place]).norm(dim=1).argmin())


def cluster_colours(model: Model, batches: Iterable[Mapping]) -> dict[int, dict[int, Tensor]]:
    """The mean colour (3,) of the photos' instances, by class and nearest cluster, of batches of one."""
    found = defaultdict(lambda: defaultdict(list))
    for sight in (Sight.of(model, batch) for batch in batches):
        for label, place in sight.large():
            if label in model.styles.centres:
                colour = sight.colour(sight.batch["image"], place)
                found[label][sight.cluster(model, label, place)].append(colour)
    return {
        label: {cluster: torch.stack(each).mean(0) for cluster, each in sorted(clusters.items())}
        for label, clusters in found.items()
    }


def edits(
    model: Model, batches: Iterable[Mapping], colours: Mapping[int, Mapping[int, Tensor]], seed: int = 0
) -> Iterator[Edit]:
    """Give one instance of each class in each scene the style of a cluster it is not in, drawn by `seed`."""
    draw = np.random.default_rng(seed)
    for sight in (Sight.of(model, batch) for batch in batches):
        for label, place in _one_of_each(sight.large(), draw):
            others = dict(colours.get(label, {}))
            if label in model.styles.centres:
                others.pop(sight.cluster(model, label, place), None)
            if others:
                cluster = int(draw.choice(list(others)))
                yield Edit(
                    label,
                    *_changes(model, sight, place, model.styles.centres[label][cluster], others[cluster]),
                )


def _one_of_each(large: Iterable[tuple[int, int]], draw: np.random.Generator) -> list[tuple[int, int]]:
    places = defaultdict(list)
    for label, place in large:
        places[label].append(place)
    return [(label, int(draw.choice(there))) for label, there in places.items()]


def _changes(model: Model, sight: Sight, place: int, code: Tensor, target: Tensor) -> Iterator[Change]:
    """What the code does to an instance, rendered anew and with the norms' statistics held."""
    codes = sight.codes.clone()
    codes[place] = code
    before, held = model.render(sight.batch, sight.regions, sight.codes, codes)
    (anew,) = model.render(sight.batch, sight.regions, codes)
    inside = torch.from_numpy(sight.regions.where == place)
    for after in (anew, held):
        change = (after - before).abs().mean((0, 1)).cpu()
        distances = ((sight.colour(image, place) - target).norm().item() for image in (before, after))
        yield Change(change[inside].mean().item(), change[~inside].mean().item(), *distances)
