"""Moving all fields of a sample together, by torchvision's transforms."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torchvision import tv_tensors
from torchvision.transforms import v2

from synthkit.data.edges import resize_lines
from synthkit.data.transforms import EDGE, IMAGES

WINDOWS = {"crop": v2.RandomCrop, "validation_crop": v2.CenterCrop}


def move(
    arrays: Mapping[str, np.ndarray],
    *,
    resize: Sequence[int] | None,
    window: tuple[str, Sequence[int] | None],
    flip: bool,
) -> dict[str, np.ndarray]:
    """Arrays by field, resized, then cut to a window of one of the WINDOWS, then flipped by a coin's toss.

    Sizes are (height, width); None leaves a step out. What is random comes from torch's global generator.
    """
    kind, size = window
    steps = [Resize(resize)] if resize else []
    steps += [WINDOWS[kind](size)] if size else []
    steps += [v2.RandomHorizontalFlip(0.5)] if flip else []
    tensors = v2.Compose(steps)({field: _wrap(field, array) for field, array in arrays.items()})
    return {field: _unwrap(tensors[field], array) for field, array in arrays.items()}


class Lines(tv_tensors.Mask):
    """Lines of one pixel, which a resize must not lose."""


class Resize(v2.Transform):
    """Resizes to `size` (height, width): images bicubic, maps by the nearest pixel centre, lines to lines.

    torchvision's own resize takes each map's id from the new pixel's corner, which shifts maps against images
    by up to half a pixel.
    """

    def __init__(self, size: Sequence[int]):
        super().__init__()
        self.size = list(size)

    def transform(self, inpt: torch.Tensor, params: dict) -> torch.Tensor:
        """`inpt` (C, h, w), Lines, a Mask or an Image, as (C, H, W)."""
        if isinstance(inpt, Lines):
            return Lines(resize_lines(inpt.as_subclass(torch.Tensor), *self.size))
        if isinstance(inpt, tv_tensors.Mask):
            plain = inpt.as_subclass(torch.Tensor)
            resized = v2.functional.resize(plain, self.size, v2.InterpolationMode.NEAREST_EXACT)
            return tv_tensors.Mask(resized)
        resized = v2.functional.resize(inpt, self.size, v2.InterpolationMode.BICUBIC, antialias=True)
        if resized.is_floating_point():
            resized = resized.clamp(-1, 1)  # bicubic overshoots at edges
        return tv_tensors.Image(resized)  # a plain tensor beside it would be neither cropped nor flipped


def _wrap(field: str, array: np.ndarray) -> torch.Tensor:
    """A map's bytes become channels: torchvision resizes wide integers in float32, exact to 2**24."""
    if field in IMAGES:
        return tv_tensors.Image(torch.from_numpy(np.array(array, order="C")).permute(2, 0, 1))
    planes = np.array(array, order="C").view(np.uint8).reshape(*array.shape[:2], -1)
    kind = Lines if field == EDGE else tv_tensors.Mask
    return kind(torch.from_numpy(planes).permute(2, 0, 1))


def _unwrap(tensor: torch.Tensor, like: np.ndarray) -> np.ndarray:
    planes = np.ascontiguousarray(tensor.permute(1, 2, 0).numpy())
    return planes.view(like.dtype).reshape(*planes.shape[:2], *like.shape[2:])
