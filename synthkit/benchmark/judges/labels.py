"""Which class of a judge each label id of a data set is, and which ids are not scored."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from synthkit.data import cityscapes
from synthkit.errors import ConfigError, DataError, listed, shown

IGNORE = -1  # the class of pixels that are not scored
_UNKNOWN = -2
TABLES = {"cityscapes": [train for _, train, _ in cityscapes.CLASSES]}
Classes = str | Sequence[int | None] | Mapping[int, int | None]


class Labels:
    """The classes of a data set's label ids.

    Args:
        classes: the class of each id 0 to count - 1, null where it is not scored, as a list or a mapping;
            "cityscapes" for the 19 classes of its benchmark from the 35 labelIds; None for each id its own.
        count: how many label ids there are, beside `ignore`.
        ignore: one more id, which is not scored; None for none.

    Raises ConfigError where an id has no class, an id is none of the data's, or no id is scored.
    """

    def __init__(self, classes: Classes | None, *, count: int, ignore: int | None = None):
        given = _rows(range(count) if classes is None else classes)
        if wrong := [number for number in given.values() if not _is_class(number)]:
            raise ConfigError(f"{shown(wrong[0])} is no class: a number from 0, or null, is needed")
        if given.keys() != set(range(count)):
            lacking, beyond = set(range(count)) - given.keys(), given.keys() - set(range(count))
            problem = f"nothing for {listed(lacking)}" if lacking else f"rows for {listed(beyond)}, too"
            raise ConfigError(f"the label ids are 0 to {count - 1}, and there is {problem}")
        if all(number is None for number in given.values()):
            raise ConfigError("no label id is scored")
        self.by_id = {label: IGNORE if number is None else number for label, number in sorted(given.items())}
        self.count = max(self.by_id.values()) + 1
        ids = self.by_id if ignore is None else {**self.by_id, ignore: IGNORE}
        self._table = torch.full((max(ids) + 1,), _UNKNOWN)
        self._table[list(ids)] = torch.tensor(list(ids.values()))

    def __call__(self, label: Tensor) -> Tensor:
        """Classes (N, H, W) int64 of ids (N, 1, H, W), IGNORE where they are not scored.

        Raises DataError for an id that is none of the data's.
        """
        last = len(self._table) - 1
        classes = self._table.to(label.device)[label.long().clamp(0, last)]
        unknown = (classes == _UNKNOWN) | (label < 0) | (label > last)
        if unknown.any():
            raise DataError(f"label {label[unknown][0].item()} is none of those that the judge knows")
        return classes[:, 0]

    def first_ids(self) -> dict[int, int]:
        """The first label id of each class: it gives the class its name and its colour."""
        return {number: label for label, number in reversed(self.by_id.items()) if number != IGNORE}

    def names(self, count: int, of_ids: Sequence[str] = ()) -> tuple[str, ...]:
        """The names of `count` classes, each that of its first label id; `class N` where that has none."""
        ids = self.first_ids()
        named = {number: of_ids[label] for number, label in ids.items() if label < len(of_ids)}
        return tuple(named.get(number, f"class {number}") for number in range(count))


def _rows(classes: Classes) -> dict[int, int | None]:
    if isinstance(classes, str):
        if classes not in TABLES:
            raise ConfigError(f"no table {shown(classes)}: {listed(TABLES)}, a list or a mapping is needed")
        classes = TABLES[classes]
    return dict(classes) if isinstance(classes, Mapping) else dict(enumerate(classes))


def _is_class(number: object) -> bool:
    return number is None or (type(number) is int and number >= 0)
