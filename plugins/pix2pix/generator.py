"""The U-Net generator (section 3.2.1)."""

from collections import OrderedDict
from collections.abc import Mapping
from itertools import pairwise

import torch
from torch import Tensor, nn

from synthkit.nn.blocks import ConditionalSequential
from synthkit.nn.checkpointing import recomputed
from synthkit.nn.norms import NormFactory, norm_factory
from synthkit.nn.style import with_style
from synthkit.registry import GENERATORS

WIDEST = 8  # times the first layer's features, which the first three doublings reach
DROPPED = 0.5  # the share of features


class Block(ConditionalSequential):
    """An activation, a convolution that halves or doubles the size, and mostly a norm and dropout."""

    @recomputed
    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        return super().forward(x, condition)


@GENERATORS.register_module("pix2pix/unet")
class UNet(nn.Module):
    """An encoder and a decoder whose layers of equal size are joined by skips (Ronneberger et al., 2015).

    4x4 convolutions halve the size down to one pixel of a square image, transposed ones double it again. They
    have a bias where the norm has none.

    Args:
        channels: features of the first layer, doubled by each further one up to eight times as many.
        downsamples: how often the size is halved, and what images are padded to: a multiple of 2^downsamples.
        norm: a norm by its name or as a mapping with its settings.
        dropout: drop half the features of the coarsest decoder layers. As in the authors' PyTorch code these
            are the layers of most features but for the innermost: three of eight, none of five or fewer. In
            the paper (section 6.1.1) they are the innermost and the two after it.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int = 3,
        *,
        channels: int = 64,
        downsamples: int = 8,
        norm: str | Mapping | NormFactory = "batch",
        dropout: bool = True,
        style_channels: int = 0,
    ):
        super().__init__()
        if downsamples < 1:
            raise ValueError(f"downsamples is {downsamples}: a U-Net has at least one")
        inputs = in_channels + style_channels
        make_norm, innermost = norm_factory(norm, inputs), downsamples - 1
        bias = getattr(make_norm(channels), "bias", None) is None
        widths = [channels * min(2**depth, WIDEST) for depth in range(downsamples)]
        self.stride = self.smallest = 2**downsamples
        self.down = nn.ModuleList([Block(OrderedDict(conv=nn.Conv2d(inputs, channels, 4, 2, 1, bias=bias)))])
        for depth, (narrow, wide) in enumerate(pairwise(widths), 1):
            layers = OrderedDict(act=nn.LeakyReLU(0.2), conv=nn.Conv2d(narrow, wide, 4, 2, 1, bias=bias))
            norms = {"norm": make_norm(wide)} if depth < innermost else {}
            self.down.append(Block(layers | norms))
        self.up = nn.ModuleList()
        for depth, (narrow, wide) in reversed([*enumerate(pairwise(widths), 1)]):
            joined = wide if depth == innermost else 2 * wide
            drops = dropout and narrow == wide and depth < innermost
            layers = _doubling(joined, narrow, bias=bias) | {"norm": make_norm(narrow)}
            self.up.append(Block(layers | ({"dropout": nn.Dropout(DROPPED)} if drops else {})))
        joined = channels if innermost == 0 else 2 * channels
        self.head = Block(_doubling(joined, out_channels, bias=True) | {"tanh": nn.Tanh()})

    def forward(self, condition: Tensor, style: Tensor | None = None) -> Tensor:
        """(N, in_channels, H, W), and the style (N, style_channels, H, W) or a vector -> (N, 3, H, W)."""
        condition = x = with_style(condition, style)
        skips = []
        for block in self.down:
            x = block(x, condition)
            skips.append(x)
        skips.pop()
        for block in self.up:
            x = torch.cat([skips.pop(), block(x, condition)], 1)
        return self.head(x)


def _doubling(in_channels: int, out_channels: int, *, bias: bool) -> OrderedDict[str, nn.Module]:
    conv = nn.ConvTranspose2d(in_channels, out_channels, 4, 2, 1, bias=bias)
    return OrderedDict(act=nn.ReLU(), conv=conv)
