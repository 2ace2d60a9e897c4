"""The generator of blocks with spatially-adaptive norms (section 3, figure 4, and appendix A)."""

import math
from collections import OrderedDict
from collections.abc import Mapping, Sequence

import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import spectral_norm

from synthkit.errors import ConfigError
from synthkit.nn.blocks import ConditionalSequential
from synthkit.nn.checkpointing import recomputed
from synthkit.nn.norms import NormFactory, norm_factory
from synthkit.plugins.spade.norm import resized
from synthkit.registry import GENERATORS

SLOPE = 0.2  # of the leaky ReLUs
# how much larger the features are made before each block
FACTORS = {
    "normal": (1, 2, 1, 2, 2, 2, 2),
    "more": (1, 2, 2, 2, 2, 2, 2),
    "most": (1, 2, 2, 2, 2, 2, 2, 2),
}


@GENERATORS.register_module("spade/generator")
class SpatialGenerator(nn.Module):
    """No way down: from a few pixels up to the image, told at each size by the norms what is to be where.

    It starts from the condition at 1 / stride of the size, or from a style vector, when it may draw as many
    images of one condition as there are vectors.

    Args:
        channels: features of the last block but that of `most`; the first three have 16 times as many.
        upsampling: how often the size is doubled: normal 5 times, more 6, most 7 with a last block of half as
            many features; images are padded to a multiple of 32, 64 or 128.
        norm: a norm by its name or as a mapping with its settings; conditional ones see the condition.
        start: height and width of the features that a style vector becomes, those of the training's images
            over the stride; for images of another size they are resized.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int = 3,
        *,
        style_channels: int = 0,
        channels: int = 64,
        upsampling: str = "normal",
        norm: str | Mapping | NormFactory = "spade/spatial",
        start: Sequence[int] = (4, 8),
    ):
        super().__init__()
        if upsampling not in FACTORS:
            raise ValueError(f"upsampling is {upsampling!r}: choose one of {', '.join(FACTORS)}")
        least = 2 if upsampling == "most" else 1
        if channels < least:
            raise ValueError(f"channels is {channels}: it must be at least {least}")
        self.factors = FACTORS[upsampling]
        self.stride = math.prod(self.factors)
        wide = 16 * channels
        widths = [wide] * 4 + [8 * channels, 4 * channels, 2 * channels, channels, channels // 2]
        pairs = zip(widths, widths[1:], self.factors, strict=False)
        norm = norm_factory(norm, in_channels)
        self.blocks = nn.ModuleList(SpatialBlock(before, after, norm=norm) for before, after, _ in pairs)
        if style_channels:
            self.start = StyleStart(style_channels, wide, start)
        else:
            self.start = ConditionStart(in_channels, wide)
        last = nn.Conv2d(widths[len(self.blocks)], out_channels, 3, padding=1)
        self.head = nn.Sequential(OrderedDict(act=nn.LeakyReLU(SLOPE), conv=last, bound=nn.Tanh()))

    def forward(self, condition: Tensor, style: Tensor | None = None) -> Tensor:
        """(N, in_channels, H, W), and style vectors (N, style_channels) if it has any -> (N, 3, H, W).

        Raises ConfigError for a style that is a map.
        """
        height, width = condition.shape[2:]
        x = self.start(condition, style, (height // self.stride, width // self.stride))
        condition = condition.to(x.dtype)  # once, where autocast would copy it for each convolution
        for block, factor in zip(self.blocks, self.factors, strict=True):
            x = F.interpolate(x, scale_factor=float(factor)) if factor > 1 else x
            x = block(x, resized(condition, x.shape[2:]))
        return self.head(x)


class ConditionStart(nn.Conv2d):
    """The first features, from the condition shrunk to their size."""

    def __init__(self, in_channels: int, out_channels: int):
        super().__init__(in_channels, out_channels, 3, padding=1)

    def forward(self, condition: Tensor, style: Tensor | None, size: tuple[int, int]) -> Tensor:
        return super().forward(resized(condition, size))


class StyleStart(nn.Linear):
    """The first features, from a style vector."""

    def __init__(self, style_channels: int, out_channels: int, grid: Sequence[int]):
        if len(grid) != 2 or min(grid) < 1:
            raise ValueError(f"start is {list(grid)}: a height and a width are needed, 1 or more each")
        super().__init__(style_channels, out_channels * math.prod(grid))
        self.shape = (out_channels, *grid)

    def forward(self, condition: Tensor, style: Tensor, size: tuple[int, int]) -> Tensor:
        if style.ndim != 2:
            raise ConfigError(
                f"spade/generator takes one style for an image, (N, F), not a map {tuple(style.shape)}: "
                "use an encoder that gives vectors, such as spade/image_encoder"
            )
        return F.interpolate(super().forward(style).unflatten(1, self.shape), size, mode="bilinear")


class SpatialBlock(nn.Module):
    """A residual block: norm, leaky ReLU, convolution, twice; on the way around a norm and a 1x1 convolution.

    (N, in_channels, h, w) and a condition -> (N, out_channels, h, w). Where it keeps the number of channels,
    the way around is plain. Convolutions have spectral norm.
    """

    conditional = True

    def __init__(self, in_channels: int, out_channels: int, *, norm: NormFactory):
        super().__init__()
        middle = min(in_channels, out_channels)
        self.first = _half(in_channels, middle, norm)
        self.second = _half(middle, out_channels, norm)
        self.around = ConditionalSequential()
        if in_channels != out_channels:
            conv = spectral_norm(nn.Conv2d(in_channels, out_channels, 1, bias=False))
            self.around = ConditionalSequential(OrderedDict(norm=norm(in_channels), conv=conv))

    @recomputed
    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        return self.around(x, condition) + self.second(self.first(x, condition), condition)


def _half(in_channels: int, out_channels: int, norm: NormFactory) -> ConditionalSequential:
    conv = spectral_norm(nn.Conv2d(in_channels, out_channels, 3, padding=1))
    return ConditionalSequential(OrderedDict(norm=norm(in_channels), act=nn.LeakyReLU(SLOPE), conv=conv))
