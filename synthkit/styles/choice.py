"""Choosing the style code of each instance of a scene: by class, by instance, or at random."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from synthkit.errors import DataError, did_you_mean, shown
from synthkit.styles.codes import Styles
from synthkit.styles.regions import Regions

ALL, SAMPLE = "all", "sample"
Pick = int | Literal["sample"]  # a cluster of the instance's class, from 0, or one drawn at random
ClassPicks = Literal["sample"] | Mapping[str | int, Pick]


@dataclass(frozen=True)
class Picks:
    """What is laid over the codes of a scene.

    by_class: a pick by a class's name or id, and "sample" under "all" for the other classes, or alone.
    by_instance: a pick by an instance's id, which goes before its class's.
    seed: of the draws. A draw hangs on it and on the instance's id alone, so that an instance keeps its own
        whatever else is in the scene; a cluster is drawn as often as it had instances.
    """

    by_class: ClassPicks = field(default_factory=dict)
    by_instance: Mapping[int, Pick] = field(default_factory=dict)
    seed: int = 0

    def __bool__(self) -> bool:
        return bool(self.by_class or self.by_instance)

    def lay_over(self, codes: Tensor, regions: Regions, styles: Styles) -> Tensor:
        """`codes` (R, F) with those of the picks in their places.

        Raises DataError for a class, an instance or a cluster that there is not.
        """
        by_label = self._by_label(styles)
        if absent := set(self.by_instance) - set(regions.ids.tolist()):
            raise DataError(
                f"instance {shown(min(absent, key=str))} is not in this scene, "
                f"which has {', '.join(map(str, regions.ids))}"
            )
        codes = codes.clone()
        for place, (instance, label) in enumerate(
            zip(regions.ids.tolist(), regions.labels.tolist(), strict=True)
        ):
            default = by_label.get(ALL) if label in styles.centres else None
            pick = self.by_instance.get(instance, by_label.get(label, default))
            if pick is not None:
                codes[place] = styles.centres[_label(styles, label)][
                    self._cluster(styles, label, instance, pick)
                ]
        return codes

    def _by_label(self, styles: Styles) -> dict[int | str, Pick]:
        """The picks by class id, each one checked, even where a scene has none of the class."""
        by_class = {ALL: SAMPLE} if self.by_class == SAMPLE else self.by_class
        if not isinstance(by_class, Mapping) or by_class.get(ALL, SAMPLE) != SAMPLE:
            raise DataError(f"style is {shown(self.by_class)}: give 'sample', or clusters by class")
        picks = {key if key == ALL else _label(styles, key): pick for key, pick in by_class.items()}
        for label in picks.keys() - {ALL}:
            _check(styles, label, picks[label])
        return picks

    def _cluster(self, styles: Styles, label: int, instance: int, pick: Pick) -> int:
        _check(styles, label, pick)
        if pick != SAMPLE:
            return pick
        counts = styles.counts[label].double().numpy()
        return int(np.random.default_rng([self.seed, instance]).choice(len(counts), p=counts / counts.sum()))


def common_codes(regions: Regions, styles: Styles) -> Tensor:
    """The most common cluster's code for each instance, (R, F); zeros where a class has no styles."""
    none = torch.zeros(1, styles.width)
    return torch.cat([styles.centres.get(label, none)[:1] for label in regions.labels.tolist()])


def _label(styles: Styles, key: str | int) -> int:
    """The id of a class given by name or id."""
    names = {styles.name(label): label for label in styles.centres}
    label = names.get(key, key)
    if label not in styles.centres:
        known = ", ".join(f"{name} ({label})" for name, label in names.items())
        raise DataError(f"class {shown(key)} has no styles.{did_you_mean(key, names)} These have: {known}")
    return label


def _check(styles: Styles, label: int, pick: Pick) -> None:
    count = len(styles.centres[label])
    if pick != SAMPLE and (type(pick) is not int or not 0 <= pick < count):
        raise DataError(
            f"style {shown(pick)} of {styles.name(label)}: give 'sample' or one of its {count} clusters, "
            f"0 to {count - 1}"
        )
