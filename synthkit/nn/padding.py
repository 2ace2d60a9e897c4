"""The sizes that networks take, and images padded to them."""

import math
from collections.abc import Iterable

import torch.nn.functional as F
from torch import Tensor, nn


def common_stride(networks: Iterable[nn.Module]) -> int:
    """What height and width must be a multiple of: the least multiple of each network's `stride`, or 1."""
    return math.lcm(*(getattr(network, "stride", 1) for network in networks))


def smallest_side(networks: Iterable[nn.Module], stride: int) -> int:
    """The pixels that height and width have at least, a multiple of the common `stride`.

    A network says so in the attribute `smallest`; without, it is two of its strides, which leave the coarsest
    features enough pixels for a norm and a reflection of their own.
    """
    strides = [(network, getattr(network, "stride", 1)) for network in networks]
    least = max(getattr(network, "smallest", 2 * own if own > 1 else 1) for network, own in strides)
    return least + -least % stride


def pad_to(image: Tensor, stride: int, smallest: int = 1) -> Tensor:
    """Pad (N, C, H, W) on the right and below to a multiple of `stride`, and to `smallest` at least.

    By reflection, or by repeating the last pixel where the image is too small to reflect. `smallest` is a
    multiple of `stride`. An image of no channels only becomes larger.
    """
    height, width = image.shape[2:]
    below, right = (max(size + -size % stride, smallest) - size for size in (height, width))
    if not below and not right:
        return image
    if not image.shape[1]:  # which torch's modes refuse
        return image.new_zeros(len(image), 0, height + below, width + right)
    mode = "reflect" if below < height and right < width else "replicate"
    return F.pad(image, (0, right, 0, below), mode=mode)
