"""The kinds of input a model is conditioned on, and the condition tensor they make together.

A kind is registered in INPUTS: a callable `(batch) -> (N, C, H, W)` with the attributes `channels` (C) and
`field`, the entry of the batch that it reads. Masks are boolean; the condition tensor has a type of its own.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from synthkit import build
from synthkit.data.sources import RGB, SourceFormat
from synthkit.errors import DataError
from synthkit.registry import DETECTORS, INPUTS

ORDER = ("label", "boundary", "source", "edge")


@INPUTS.register_module("label")
class LabelInput:
    """One-hot labels, boolean.

    Args:
        classes: how many there are; ids run from 0 to one less.
        ignore: the id of pixels that belong to none, which are zero in every channel.
    """

    field = "label"

    def __init__(self, *, classes: int, ignore: int | None = None):
        if classes < 1:
            raise ValueError(f"classes is {classes}: there must be at least one")
        if ignore is not None and 0 <= ignore < classes:
            raise ValueError(f"ignore is {ignore}, which is one of the classes 0 to {classes - 1}")
        self.channels, self.ignore = classes, ignore

    def __call__(self, batch: Mapping) -> Tensor:
        ids = torch.arange(self.channels, device=batch["label"].device).view(-1, 1, 1)
        return batch["label"] == ids


@INPUTS.register_module("boundary")
class BoundaryInput:
    """Instance boundaries: true where one of the four neighbours belongs to another instance.

    pix2pixHD, section 3.3.
    """

    field, channels = "instance", 1

    def __call__(self, batch: Mapping) -> Tensor:
        instance = batch["instance"]
        beside = F.pad(instance[..., :, 1:] != instance[..., :, :-1], (1, 1))
        above = F.pad(instance[..., 1:, :] != instance[..., :-1, :], (0, 0, 1, 1))
        return beside[..., 1:] | beside[..., :-1] | above[..., 1:, :] | above[..., :-1, :]


@INPUTS.register_module("source")
class SourceInput:
    """A source image of `channels` channels, passed on as it is.

    Args:
        channels: of the source image, such as 1 for grey, 3 for RGB, 4 for RGBA.
        range: [low, high], the values that become -1 and 1 when a sample is read. By default all values of
            an 8 or 16 bit integer type, as in PNG; wider integers and floats need a range.
    """

    field = "source"

    def __init__(self, *, channels: int = RGB, range: Sequence[float] | None = None):
        self.format, self.channels = SourceFormat(channels, range), channels

    def __call__(self, batch: Mapping) -> Tensor:
        source = batch["source"]
        if source.shape[1] != self.channels:
            raise DataError(f"the source has {source.shape[1]} channels, and the model wants {self.channels}")
        return source


@INPUTS.register_module("edge")
class EdgeInput:
    """A line drawing: 1 on lines, else 0.

    Detected in the photo as training sees it, resized, cropped and flipped, in the workers that read the
    data; so any photos will do. Where the data set has a folder of drawings (its field `edge`), these are
    taken instead. A trained model translates a drawing, or a photo through its edges.

    Args:
        detector: one of the detectors by its name or as a mapping ({type: canny, sigma: 1}).
    """

    field, channels = "edge", 1

    def __init__(self, *, detector: str | Mapping = "canny"):
        self._detector = detector
        if isinstance(detector, str):
            DETECTORS.get(detector)

    @cached_property
    def detector(self) -> Callable[[np.ndarray], np.ndarray]:
        """Photo (H, W, 3) uint8 -> lines (H, W) bool. Built on first use: it may need weights."""
        return DETECTORS.build(self._detector)

    def __call__(self, batch: Mapping) -> Tensor:
        return batch["edge"]


def sample_checks(inputs: Mapping) -> dict:
    """What `open_data` makes of a model's inputs: `classes`, `ignore`, `source` and `edge`."""
    label, source = inputs.get("label"), inputs.get("source")
    return {
        "classes": label.channels if label else None,
        "ignore": label.ignore if label else None,
        "source": source.format if source else None,
        "edge": inputs.get("edge"),
    }


def build_inputs(section: Mapping) -> dict:
    """Name -> input, in the order in which their channels are concatenated, whatever the config's order.

    A key of the section is the registered kind, its value the kind's settings; a null input is left out.
    """
    chosen = {name for name, settings in section.items() if settings is not None}
    known = [name for name in ORDER if name in chosen]
    others = sorted(chosen - set(ORDER))
    return {name: build.call(INPUTS.get(name), build.part(section, name)) for name in (*known, *others)}
