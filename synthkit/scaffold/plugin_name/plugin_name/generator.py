"""The generator: down, residual blocks, up, beside what is seen at full size."""

from collections.abc import Mapping

from torch import Tensor, nn

from synthkit.nn.blocks import ConditionalSequential, ConvBlock, ImageHead, ResidualBlock, UpBlock
from synthkit.nn.norms import NormFactory, norm_factory
from synthkit.nn.style import with_style
from synthkit.registry import GENERATORS


@GENERATORS.register_module("plugin_name/generator")
class Generator(nn.Module):
    """Halves the size twice, refines, and doubles it twice, as Johnson et al. do (ECCV 2016).

    The features of the first layer are added to the last ones, so that fine lines stay.

    Args:
        channels: features at full size, doubled by each halving.
        blocks: residual blocks at a quarter of the size.
        norm: a norm by its name or as a mapping with its settings; a conditional one sees the condition.
    """

    stride = 4  # the size that the network takes is a multiple of it: the model pads, and crops the image

    def __init__(
        self,
        in_channels: int,  # of the condition; these two are set by synthkit, the others by a config
        style_channels: int = 0,  # of an encoder's style, 0 without one
        *,
        channels: int = 16,
        blocks: int = 3,
        norm: str | Mapping | NormFactory = "instance",
    ):
        super().__init__()
        factory = norm_factory(norm, in_channels)
        self.first = ConvBlock(in_channels + style_channels, channels, kernel=7, norm=factory)
        self.deep = ConditionalSequential(
            ConvBlock(channels, 2 * channels, stride=2, norm=factory),
            ConvBlock(2 * channels, 4 * channels, stride=2, norm=factory),
            *(ResidualBlock(4 * channels, norm=factory) for _ in range(blocks)),
            UpBlock(4 * channels, 2 * channels, norm=factory),
            UpBlock(2 * channels, channels, norm=factory),
        )
        self.head = ImageHead(channels)

    def forward(self, condition: Tensor, style: Tensor | None = None) -> Tensor:
        """(N, in_channels, H, W), and a style (N, style_channels, H, W) -> image (N, 3, H, W) in [-1, 1]."""
        features = self.first(with_style(condition, style), condition)
        return self.head(features + self.deep(features, condition))
