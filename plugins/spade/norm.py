"""The spatially-adaptive norm (section 3)."""

from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from synthkit.nn.checkpointing import recomputed
from synthkit.nn.norms import BatchNorm, ConditionalNorm, InstanceNorm
from synthkit.registry import NORMS

PLAIN = {"instance": InstanceNorm, "batch": partial(BatchNorm, affine=False)}


def resized(condition: Tensor, size: tuple[int, int]) -> Tensor:
    """(N, C, H, W) -> (N, C, *size), each value the nearest one; itself where it has that size."""
    return condition if condition.shape[2:] == size else F.interpolate(condition, size)


@NORMS.register_module("spade/spatial")
class SpatialNorm(ConditionalNorm):
    """Normalised features times a gain plus a bias, both made from the condition at each pixel (equation 1).

    Features (N, channels, h, w) and a condition (N, condition_channels, H, W) of any size -> (N, channels,
    h, w). Raises ValueError for an even kernel, for no hidden channels, for another norm, and in a network
    without a condition.

    Args:
        norm: instance, or batch as in the paper; neither with a gain or a bias of its own.
        kernel: the odd width of the convolutions that make gain and bias.
        hidden: channels between them.
    """

    def __init__(
        self,
        channels: int,
        condition_channels: int,
        *,
        norm: str = "instance",
        kernel: int = 3,
        hidden: int = 128,
    ):
        super().__init__()
        if norm not in PLAIN:
            raise ValueError(f"norm is {norm!r}: choose one of {', '.join(PLAIN)}")
        if kernel < 1 or kernel % 2 == 0:
            raise ValueError(f"kernel is {kernel}: it must be odd, 1 or more")
        if hidden < 1:
            raise ValueError(f"hidden is {hidden}: it must be at least 1")
        if not condition_channels:
            raise ValueError("a spatial norm needs a condition, and this model has no inputs")
        self.norm = PLAIN[norm](channels)
        self.modulation = Modulation(condition_channels, channels, kernel=kernel, hidden=hidden)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        gain, bias = self.modulation(resized(condition, x.shape[2:]))
        return self.norm(x) * (1 + gain) + bias


class Modulation(nn.Module):
    """What a condition does to normalised features: (N, C, h, w) -> gain less one and bias, each as wide."""

    def __init__(self, condition_channels: int, channels: int, *, kernel: int, hidden: int):
        super().__init__()
        padding = kernel // 2
        self.shared = nn.Conv2d(condition_channels, hidden, kernel, padding=padding)
        self.gain = nn.Conv2d(hidden, channels, kernel, padding=padding)
        self.bias = nn.Conv2d(hidden, channels, kernel, padding=padding)

    @recomputed
    def forward(self, condition: Tensor) -> tuple[Tensor, Tensor]:
        features, both = F.relu(self.shared(condition), inplace=True), (self.gain, self.bias)
        weight, bias = (torch.cat([getattr(conv, name) for conv in both]) for name in ("weight", "bias"))
        # in a single convolution, by which a training step is a tenth quicker
        return F.conv2d(features, weight, bias, padding=self.gain.padding).chunk(2, 1)
