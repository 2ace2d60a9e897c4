"""The coarse-to-fine generator: a global network and the enhancers around it (section 3.1)."""

from collections.abc import Mapping

import torch.nn.functional as F
from torch import Tensor, nn

from synthkit.nn.blocks import ConditionalSequential, ConvBlock, ImageHead, ResidualBlock, UpBlock
from synthkit.nn.norms import NormFactory, norm_factory
from synthkit.nn.style import with_style
from synthkit.registry import GENERATORS


@GENERATORS.register_module("pix2pixhd/global")
class GlobalGenerator(nn.Module):
    """The global network G1, after Johnson et al. (ECCV 2016): down, residual blocks, up.

    Without blocks it is also the body of the instance encoder.

    Args:
        channels: features at full size, doubled by each downsample.
        downsamples: how often the size is halved; images are padded to a multiple of 2^downsamples.
        blocks: residual blocks at the smallest size.
        norm: a norm by its name or as a mapping with its settings.
        upsample: transposed (a transposed convolution, as in the paper) or resize (pixels repeated, then a
            convolution), which leaves no checkerboard; the weights do not fit each other.
        dropout: the share of features that the residual blocks drop in training, 0 to below 1.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int = 3,
        *,
        channels: int = 64,
        downsamples: int = 4,
        blocks: int = 9,
        norm: str | Mapping | NormFactory = "instance",
        upsample: str = "transposed",
        dropout: float = 0.0,
        style_channels: int = 0,
    ):
        super().__init__()
        in_channels += style_channels
        norm = norm_factory(norm, in_channels)
        widths = [channels * 2**depth for depth in range(downsamples + 1)]
        steps = list(zip(widths, widths[1:], strict=False))
        self.stride = 2**downsamples
        self.down = ConditionalSequential(
            ConvBlock(in_channels, channels, kernel=7, norm=norm, padding_mode="reflect"),
            *(ConvBlock(narrow, wide, stride=2, norm=norm) for narrow, wide in steps),
        )
        self.blocks = _residual_blocks(blocks, widths[-1], norm=norm, dropout=dropout)
        self.up = ConditionalSequential(
            *(UpBlock(wide, narrow, norm=norm, upsample=upsample) for narrow, wide in reversed(steps))
        )
        self.head = ImageHead(channels, out_channels)

    def features(self, condition: Tensor) -> Tensor:
        """Condition and style together, (N, C, H, W) -> the last features, (N, channels, H, W)."""
        return self.up(self.blocks(self.down(condition, condition), condition), condition)

    def forward(self, condition: Tensor, style: Tensor | None = None) -> Tensor:
        """(N, in_channels, H, W), and the style (N, style_channels, H, W) or a vector -> (N, 3, H, W)."""
        return self.head(self.features(with_style(condition, style)))


@GENERATORS.register_module("pix2pixhd/local")
class LocalEnhancer(GlobalGenerator):
    """The global network at 1 / 2^enhancers of the size, and `enhancers` G2 around it.

    The global network's weights keep the names they have in `pix2pixhd/global`, which hands them over by
    name. The head belongs to the last enhancer, since both are trained together.

    Args:
        channels: features of the finest enhancer; the global network has 2^enhancers times as many.
        downsamples: how often the global network halves the size; images are padded to a multiple of
            2^(downsamples + enhancers).
        blocks: residual blocks of the global network.
        enhancers: local networks, each of which doubles the size.
        local_blocks: residual blocks of each enhancer.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int = 3,
        *,
        channels: int = 32,
        downsamples: int = 4,
        blocks: int = 9,
        enhancers: int = 1,
        local_blocks: int = 3,
        norm: str | Mapping | NormFactory = "instance",
        upsample: str = "transposed",
        dropout: float = 0.0,
        style_channels: int = 0,
    ):
        super().__init__(
            in_channels,
            out_channels,
            channels=channels * 2**enhancers,
            downsamples=downsamples,
            blocks=blocks,
            norm=norm,
            upsample=upsample,
            dropout=dropout,
            style_channels=style_channels,
        )
        if enhancers < 1:
            raise ValueError(f"enhancers is {enhancers}: with none, use pix2pixhd/global")
        in_channels += style_channels
        norm = norm_factory(norm, in_channels)
        del self.head
        self.stride *= 2**enhancers
        widths = [channels * 2**level for level in reversed(range(enhancers))]
        options = dict(blocks=local_blocks, norm=norm, upsample=upsample, dropout=dropout)
        self.enhancers = nn.ModuleList(Enhancer(in_channels, width, **options) for width in widths)
        self.enhancers[-1].head = ImageHead(channels, out_channels)

    def forward(self, condition: Tensor, style: Tensor | None = None) -> Tensor:
        """As the global generator's, at the full size."""
        pyramid = [with_style(condition, style)]
        for _ in self.enhancers:
            pyramid.append(F.avg_pool2d(pyramid[-1], 3, 2, 1, count_include_pad=False))
        features = self.features(pyramid.pop())
        for enhancer in self.enhancers:
            features = enhancer(pyramid.pop(), features)
        return self.enhancers[-1].head(features)


class Enhancer(nn.Module):
    """One local network G2: its own downsampled features plus those from below, refined and doubled."""

    def __init__(
        self,
        in_channels: int,
        channels: int,
        *,
        blocks: int,
        norm: NormFactory,
        upsample: str,
        dropout: float,
    ):
        super().__init__()
        self.down = ConditionalSequential(
            ConvBlock(in_channels, channels, kernel=7, norm=norm, padding_mode="reflect"),
            ConvBlock(channels, 2 * channels, stride=2, norm=norm),
        )
        self.blocks = _residual_blocks(blocks, 2 * channels, norm=norm, dropout=dropout)
        self.up = UpBlock(2 * channels, channels, norm=norm, upsample=upsample)

    def forward(self, condition: Tensor, below: Tensor) -> Tensor:
        """(N, in_channels, H, W) and (N, 2 channels, H/2, W/2) -> (N, channels, H, W)."""
        features = self.down(condition, condition) + below
        return self.up(self.blocks(features, condition), condition)


def _residual_blocks(
    count: int, channels: int, *, norm: NormFactory, dropout: float
) -> ConditionalSequential:
    return ConditionalSequential(*(ResidualBlock(channels, norm=norm, dropout=dropout) for _ in range(count)))
