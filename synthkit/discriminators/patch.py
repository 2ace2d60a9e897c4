"""PatchGAN, the discriminator of overlapping patches."""

from collections import OrderedDict
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn.utils import spectral_norm

from synthkit.errors import ConfigError
from synthkit.nn.checkpointing import recomputed
from synthkit.nn.norms import NormFactory, norm_factory
from synthkit.registry import DISCRIMINATORS


class PatchBlock(nn.Sequential):
    """A convolution, mostly a norm, and a leaky ReLU: (N, C, H, W) -> (N, C', H', W')."""

    @recomputed
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x)


def _activation() -> nn.Module:
    return nn.LeakyReLU(0.2, inplace=True)


@DISCRIMINATORS.register_module("patch")
class PatchGAN(nn.Module):
    """Classifies overlapping patches as real or fake (Isola et al., CVPR 2017, section 3.2.2).

    Strided 4x4 convolutions, then two of stride one. Three networks share the name: pix2pix pads 1 and has
    no bias before a norm; pix2pixHD pads 2 and has one (the defaults here); SPADE pads 2, has none and adds
    spectral norm. The first and the last convolution always have a bias and are never spectrally normalised.

    Args:
        channels: features of the first layer, doubled by each further one up to `max_channels`.
        layers: strided convolutions; a patch is 16, 70, 286 pixels wide for 1, 3, 5 of them. With none, 1x1
            convolutions look at each pixel alone (the paper's PixelGAN).
        norm: a norm by its name or as a mapping with its settings.
        padding: zeros around the input of each 4x4 convolution.
        bias: whether convolutions before a norm have one.
        spectral: whether weights are divided by their spectral norm (Miyato et al., ICLR 2018).
        max_channels: the most features of a layer; in pix2pix eight times `channels`.
    """

    def __init__(
        self,
        in_channels: int,
        channels: int = 64,
        *,
        layers: int = 3,
        norm: str | Mapping | NormFactory = "instance",
        padding: int = 2,
        bias: bool = True,
        spectral: bool = False,
        max_channels: int = 512,
    ):
        super().__init__()
        if layers < 0:
            raise ValueError(f"layers is {layers}: a PatchGAN has 0 (1x1 convolutions) or more")
        make_norm = norm_factory(norm)
        kernel, halving, padding = (4, 2, padding) if layers else (1, 1, 0)

        def block(wide_in: int, wide_out: int, stride: int) -> nn.Sequential:
            conv = nn.Conv2d(wide_in, wide_out, kernel, stride, padding, bias=bias)
            conv = spectral_norm(conv) if spectral else conv
            return PatchBlock(OrderedDict(conv=conv, norm=make_norm(wide_out), act=_activation()))

        widths = [channels, *(min(channels * 2**n, max_channels) for n in range(1, max(layers, 1) + 1))]
        first = nn.Conv2d(in_channels, channels, kernel, halving, padding)
        last = nn.Conv2d(widths[-1], 1, kernel, 1, padding)
        self.blocks = nn.ModuleList(
            [
                PatchBlock(OrderedDict(conv=first, act=_activation())),
                *(block(a, b, 2) for a, b in zip(widths, widths[1:-1], strict=False)),
                block(widths[-2], widths[-1], 1),
                nn.Sequential(OrderedDict(conv=last)),
            ]
        )
        self.smallest = _smallest([block.conv for block in self.blocks])

    def features(self, pair: Tensor) -> list[Tensor]:
        """(N, in_channels, H, W) -> the output of every block; the last one is the logits (N, 1, h, w).

        Raises ConfigError for images that have less than `smallest` pixels on a side.
        """
        height, width = pair.shape[2:]
        if min(height, width) < self.smallest:
            raise ConfigError(
                f"model.discriminator: its strided layers need {self.smallest} pixels on each side, and an "
                f"image has {height} x {width}: set fewer `layers`, or train on larger images"
            )
        outputs = []
        for block in self.blocks:
            pair = block(pair)
            outputs.append(pair)
        return outputs

    def forward(self, condition: Tensor, image: Tensor) -> list[list[Tensor]]:
        """(N, C, H, W) and (N, 3, H, W) -> one scale of features, the logits last."""
        return [self.features(torch.cat([condition, image], 1))]


def _smallest(convs: list[nn.Conv2d]) -> int:
    """The pixels on a side that leave the last convolution one, and before it two for a norm."""
    side = 1
    for conv in reversed(convs):
        (kernel, _), (stride, _), (padding, _) = conv.kernel_size, conv.stride, conv.padding
        side = max((side - 1) * stride + kernel - 2 * padding, min(kernel, 2))
    return side
