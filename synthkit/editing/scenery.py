"""What edits refer to besides the state that they change: classes, styles, objects, the scene as opened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

from synthkit.editing.state import ALL, Look, State
from synthkit.errors import DataError, did_you_mean, listed, shown

if TYPE_CHECKING:
    from synthkit.editing.objects import SceneObject


MOST = 2**20  # of a style's numbers, either way


class SceneClass(NamedTuple):
    """A class that a scene may hold: id, name, colour in 0..255, and how many styles it has."""

    id: int
    name: str
    colour: tuple[int, int, int]
    styles: int


@dataclass(frozen=True)
class Scenery:
    """What an edit may name.

    opening: the scene as it was opened. classes: by id, from 0. styles: whether the model gives a style to
    each instance, to the image, or to none. width: how many numbers a style has. objects: the library.
    """

    opening: State
    classes: Sequence[SceneClass]
    styles: Literal["instance", "image", "none"] = "none"
    width: int = 0
    objects: "Mapping[str, SceneObject]" = field(default_factory=dict)

    def label(self, name: str | int) -> int:
        """The id of a class given by name or id. Raises DataError where there is none."""
        return class_id({each.id: each.name for each in self.classes}, name)

    def class_label(self, name: str | int) -> int:
        """The same, and ALL for "all"."""
        return ALL if name == "all" and all(each.name != "all" for each in self.classes) else self.label(name)

    def object(self, name: str) -> "SceneObject":
        """An object of the library. Raises DataError where it has none of that name."""
        if name not in self.objects:
            advice = "" if self.objects else ": `synthkit objects collect RUN` makes one"
            raise DataError(
                f"object {shown(name)} is not in the library.{did_you_mean(name, self.objects)} "
                f"It has: {listed(self.objects)}{advice}"
            )
        return self.objects[name]

    def check(self, look: Look, label: int) -> None:
        """Raise DataError unless a class, or ALL, can have the look."""
        name, count = self._clusters(label)
        if self.styles == "none":
            raise DataError("this model has no encoder, so it takes no styles")
        if self.styles == "image" and (label != ALL or look.cluster is not None):
            raise DataError("this model gives an image a single style: set a seed or a code of label: all")
        if look.cluster is not None and look.cluster not in range(count):
            those = (
                f"one of its {count} clusters, 0 to {count - 1}" if count else "a seed: it has no clusters"
            )
            raise DataError(f"cluster {shown(look.cluster)} of {name}: give {those}")
        if look.seed is not None and not 0 <= look.seed < 2**63:
            raise DataError(f"seed is {shown(look.seed)}: a whole number from 0 to 2^63 - 1 is needed")
        if look.code is not None and len(look.code) != self.width:
            raise DataError(f"code has {len(look.code)} numbers: this model's styles have {self.width}")
        if look.code is not None and not all(abs(number) <= MOST for number in look.code):  # nor NaN
            raise DataError(f"code is {shown(list(look.code))}: each number must be from -{MOST} to {MOST}")

    def _clusters(self, label: int) -> tuple[str, int]:
        """What a class, or ALL, is called, and how many clusters it has."""
        if label == ALL:
            return "all classes", 0
        if label not in range(len(self.classes)):
            return f"label {label}", 0  # one that the model ignores
        return self.classes[label].name, self.classes[label].styles


def class_id(names: Mapping[int, str], key: str | int) -> int:
    """The id of a class by its name or id, where names are by id. Raises DataError where there is none."""
    by_name = {name: label for label, name in reversed(names.items())}
    label = by_name.get(key, key)
    if isinstance(label, bool) or label not in names:
        known = ", ".join(f"{name} ({label})" for label, name in names.items())
        raise DataError(f"class {shown(key)} is none.{did_you_mean(key, by_name)} There are: {known}")
    return label
