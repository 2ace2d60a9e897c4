"""The raw data set of a split; validation may be a split of its own or a share of the training samples."""

import copy
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from synthkit.build import where, without
from synthkit.data.files import FileData
from synthkit.data.instances.computed import add_instances
from synthkit.errors import ConfigError, shown
from synthkit.registry import DATASETS

CORE_KEYS = ("transform", "validation", "instances")
TRAIN, VAL = "train", "val"
SplitName = str | float


def validation_split(section: Mapping) -> SplitName:
    """What `section`, the config's `data`, validates on: a split's name, or the share of "train" held out.

    Raises ConfigError for anything else.
    """
    split = section.get("validation", VAL)
    if isinstance(split, str) or (isinstance(split, float) and 0 < split < 1):
        return split
    message = f"{shown(split)}: the name of a split is needed, or a share of the training samples such as 0.1"
    raise ConfigError(message, where(section, "validation"))


def splits_of_a_run(section: Mapping) -> list[SplitName]:
    """The splits that a run reads: that of training first, and that of validation if it is another one."""
    return list(dict.fromkeys((TRAIN, validation_split(section))))


def build_data(section: Mapping, split: SplitName) -> Any:
    """The raw data set of a split, as `section`, the config's `data`, describes it.

    With a share as `validation`, "train" lacks the samples that are held out, and the share itself, or
    "val", is the split that holds them. A sample's name alone decides its place in the order of which the
    first are held out, so that other samples added later change little.
    Raises ConfigError for wrong keys and values, DataError where the data are not there.
    """
    share = validation_split(section)
    whole = TRAIN if split in (VAL, share) and isinstance(share, float) else split
    data = add_instances(DATASETS.build(without(section, *CORE_KEYS), split=whole), section)
    if isinstance(share, str) or split not in (TRAIN, VAL, share):
        return data
    if not isinstance(data, FileData):
        message = "only data sets of files hold a share of their samples out: name a split"
        raise ConfigError(message, where(section, "validation"))
    held_out, rest = _parted(data.stems, share)
    if split == TRAIN:
        return with_stems(data, rest)
    part = with_stems(data, held_out)
    part.problems = []  # they are the training part's to tell
    return part


def with_stems(data: FileData, stems: Sequence[str]) -> FileData:
    """The same data set with these of its samples alone."""
    part = copy.copy(data)
    part.stems = tuple(stems)
    return part


def spread(data: FileData, most: int) -> FileData:
    """At most `most` samples, evenly spread over the data set."""
    if len(data) <= most:
        return data
    chosen = np.linspace(0, len(data) - 1, most).round().astype(int)
    return with_stems(data, [data.stems[index] for index in chosen])


def name_of_split(split: SplitName) -> str:
    """The split's name, "val" for a share that is held out."""
    return split if isinstance(split, str) else VAL


def _parted(stems: Sequence[str], share: float) -> tuple[list[str], list[str]]:
    """The held-out stems and the rest, sorted; at least one is held out, and one left of two or more."""
    count = max(1, min(round(share * len(stems)), len(stems) - 1))
    order = sorted(stems, key=lambda stem: (zlib.crc32(stem.encode()), stem))
    return sorted(order[:count]), sorted(order[count:])
