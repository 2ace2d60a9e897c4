"""The cascaded refinement network (section 3)."""

from collections import OrderedDict
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from synthkit.nn.blocks import ConditionalSequential
from synthkit.nn.checkpointing import recomputed
from synthkit.nn.norms import NormFactory, norm_factory
from synthkit.registry import GENERATORS

WIDEST = 1024
WIDTHS = {64: WIDEST, 256: 512, 512: 128}  # the channels of modules up to a height
NARROWEST = 32


@GENERATORS.register_module("crn/cascaded")
class Cascaded(nn.Module):
    """Refinement modules from 4 to 7 lines up to the whole height, each at twice the size of the one before.

    With several `images` it is the paper's diversity variant, which returns the first of them, and all of
    them as the extra `candidates`. The modules are numbered from the coarsest, so that a network for twice
    the height takes over all of them by their names. Raises ValueError for a height, channels or images that
    are too few.

    Args:
        height: lines of the images that it is trained for. With n = floor(log2(height / 4)) it has n + 1
            modules, and images are padded to a multiple of 2^n: of 64 for 256 lines.
        channels: of the widest modules, those up to 64 lines; modules up to 256 lines have half as many, up
            to 512 an eighth, beyond a thirty-second.
        images: how many it makes of one condition, 1 or 9 in the paper.
        norm: a norm by its name or as a mapping with its settings.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int = 3,
        *,
        height: int = 256,
        channels: int = WIDEST,
        images: int = 1,
        norm: str | Mapping | NormFactory = "layer",
    ):
        super().__init__()
        if height < 4:
            raise ValueError(f"height is {height}: the first module has 4 lines at least")
        if images < 1:
            raise ValueError(f"images is {images}: there must be at least one")
        doublings = (height // 4).bit_length() - 1
        self.stride = 2**doublings
        first = -(-height // self.stride)  # of a height that is padded
        widths = [_width(first * 2**level, channels) for level in range(doublings + 1)]
        norm = norm_factory(norm, in_channels)
        self.images = images
        self.refinements = nn.ModuleList(
            Refinement(in_channels + below, width, norm=norm)
            for below, width in zip([0, *widths], widths, strict=False)
        )
        self.head = nn.Conv2d(widths[-1], out_channels * images, 1)

    def forward(self, condition: Tensor) -> Tensor | tuple[Tensor, dict[str, Tensor]]:
        """Condition (N, in_channels, H, W) -> image (N, out_channels, H, W), nominally in [-1, 1].

        H and W are multiples of `stride`. With several images: the first, and {"candidates": (N, K,
        out_channels, H, W)}.
        """
        pyramid = [condition]
        for _ in self.refinements[1:]:
            pyramid.append(F.avg_pool2d(pyramid[-1], 2))
        features = None
        for refinement in self.refinements:
            features = refinement(pyramid.pop(), features)
        output = self.head(features)
        if self.images == 1:
            return output
        colours = output.unflatten(1, (-1, self.images))  # the first colour of all images, then the second …
        candidates = colours.transpose(1, 2)
        return candidates[:, 0], {"candidates": candidates}


class Refinement(nn.Module):
    """The features from below, at twice their size, and the condition: two convolutions, each with a norm."""

    def __init__(self, in_channels: int, channels: int, *, norm: NormFactory):
        super().__init__()
        self.layers = ConditionalSequential(
            _layer(in_channels, channels, norm=norm), _layer(channels, channels, norm=norm)
        )

    @recomputed
    def forward(self, condition: Tensor, below: Tensor | None) -> Tensor:
        """(N, D, H, W), and but for the first module (N, C, H/2, W/2) -> (N, channels, H, W)."""
        return self.layers(_joined(condition, below), condition)


def _joined(condition: Tensor, below: Tensor | None) -> Tensor:
    if below is None:
        return condition
    size = condition.shape[2:]
    return torch.cat([F.interpolate(below, size, mode="bilinear", align_corners=True), condition], 1)


def _layer(in_channels: int, channels: int, *, norm: NormFactory) -> ConditionalSequential:
    conv = nn.Conv2d(in_channels, channels, 3, padding=1, bias=False)
    act = nn.LeakyReLU(0.2, inplace=True)
    return ConditionalSequential(OrderedDict(conv=conv, norm=norm(channels), act=act))


def _width(lines: int, widest: int) -> int:
    """The channels of a module with so many lines, in proportion to the widest. Raises ValueError below 1."""
    width = next((width for most, width in WIDTHS.items() if lines <= most), NARROWEST) * widest // WIDEST
    if width < 1:
        raise ValueError(f"channels is {widest}, of which the module with {lines} lines would have none")
    return width
