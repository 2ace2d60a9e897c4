"""Picking the style code of each instance of a scene: by class, by instance, or at random."""

from collections.abc import Mapping
from numbers import Integral
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from synthkit.errors import DataError, did_you_mean, shown
from synthkit.styles.codes import Styles
from synthkit.styles.regions import Regions

ALL, SAMPLE = "all", "sample"
Pick = int | Literal["sample"]  # a cluster of the instance's class, from 0, or one drawn at random
ClassPicks = Literal["sample"] | Mapping[str | int, Pick]  # by a class's name or id, or for ALL other classes


def draw_vector(width: int, seed: int) -> Tensor:
    """The style (1, width) of a whole image, from the standard normal distribution.

    Raises DataError for a seed that is none.
    """
    drawn = np.random.default_rng(check_seed(seed)).standard_normal((1, width), np.float32)
    return torch.from_numpy(drawn)


def check_seed(seed: int) -> int:
    """The seed as Python's integer. Raises DataError where it is none."""
    if not _is_whole(seed) or not 0 <= seed < 2**64:
        raise DataError(f"seed is {shown(seed)}: a whole number from 0 to 2^64 - 1 is needed")
    return int(seed)  # torch takes no number of numpy's


class Chooser:
    """Looks up and draws the styles of a scene's instances.

    A draw hangs on `seed` and the instance's id alone, so that an instance keeps its own whatever else is in
    the scene; a cluster is drawn as often as it had instances. Raises DataError for a seed that is none.
    """

    def __init__(self, styles: Styles, regions: Regions, seed: int = 0):
        self.styles, self.regions, self.seed = styles, regions, check_seed(seed)

    def common(self) -> Tensor:
        """The most common cluster's code for each instance, (R, F); zeros where a class has no styles."""
        none = torch.zeros(1, self.styles.width)
        return torch.cat([self.styles.centres.get(label, none)[:1] for label in self.regions.labels.tolist()])

    def by_class(self, codes: Tensor, picks: ClassPicks) -> Tensor:
        """`codes` (R, F) with those that were picked by class. Raises DataError for what there is not."""
        picks = {ALL: SAMPLE} if picks == SAMPLE else picks
        if not isinstance(picks, Mapping) or picks.get(ALL, SAMPLE) != SAMPLE:
            raise DataError(f"style is {shown(picks)}: give 'sample', or clusters by class")
        by_label = {self._label(key): pick for key, pick in picks.items() if key != ALL}
        if len(by_label) < len(picks.keys() - {ALL}):
            raise DataError(f"style is {shown(picks)}: a class is given twice, by its name and its id")
        for label, pick in by_label.items():
            self._check(label, pick)  # even where the scene has none of the class
        if ALL in picks:
            by_label = dict.fromkeys(self.styles.centres, SAMPLE) | by_label
        codes = codes.clone()
        for place, label in enumerate(self.regions.labels.tolist()):
            if label in by_label:
                codes[place] = self._code(place, by_label[label])
        return codes

    def by_instance(self, codes: Tensor, picks: Mapping[int, Pick]) -> Tensor:
        """`codes` (R, F) with those that were picked by instance. Raises DataError for what there is not."""
        if not isinstance(picks, Mapping):
            raise DataError(f"instance_style is {shown(picks)}: give clusters by instance id")
        places = {instance: place for place, instance in enumerate(self.regions.ids.tolist())}
        codes = codes.clone()
        for instance, pick in picks.items():
            if instance not in places:
                there = ", ".join(map(str, places))
                raise DataError(f"instance {shown(instance)} is not in this scene, which has {there}")
            codes[places[instance]] = self._code(places[instance], pick)
        return codes

    def _code(self, place: int, pick: Pick) -> Tensor:
        """The code (F,) that a pick stands for at an instance."""
        instance, label = int(self.regions.ids[place]), self._label(int(self.regions.labels[place]))
        self._check(label, pick)
        if pick == SAMPLE:
            counts = self.styles.counts[label].double().numpy()
            pick = np.random.default_rng([self.seed, instance]).choice(len(counts), p=counts / counts.sum())
        return self.styles.centres[label][pick]

    def _label(self, key: str | int) -> int:
        """The id of a class given by name or id."""
        names = {self.styles.name(label): label for label in self.styles.centres}
        label = names.get(key, key)
        if label not in self.styles.centres:
            known = ", ".join(f"{name} ({label})" for name, label in names.items())
            raise DataError(
                f"class {shown(key)} has no styles.{did_you_mean(key, names)} These have: {known}"
            )
        return label

    def _check(self, label: int, pick: Pick) -> None:
        count = len(self.styles.centres[label])
        if pick != SAMPLE and not (_is_whole(pick) and 0 <= pick < count):
            raise DataError(
                f"style {shown(pick)} of {self.styles.name(label)}: give 'sample' or one of its {count} "
                f"clusters, 0 to {count - 1}"
            )


def _is_whole(value: object) -> bool:
    """Whether it is an integer, Python's or NumPy's; True and False are none."""
    return isinstance(value, Integral) and not isinstance(value, bool)
