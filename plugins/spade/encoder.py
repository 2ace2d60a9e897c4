"""The image encoder, which makes the generator one of many images (section 4, multi-modal synthesis)."""

from collections import OrderedDict
from collections.abc import Mapping
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import spectral_norm

from synthkit.nn.norms import NormFactory, norm_factory
from synthkit.registry import ENCODERS

SMALLEST = 4  # pixels of a side at the end


@ENCODERS.register_module("spade/image_encoder")
class ImageEncoder(nn.Module):
    """The style of a whole image, a vector: a normal distribution's mean and logarithm of the variance.

    In training the style is drawn from it, in evaluation it is the mean (Kingma and Welling, ICLR 2014). The
    loss `spade/kl` keeps it near the standard normal distribution, from which other styles can be drawn.

    Args:
        out_channels: numbers per image, its style.
        channels: features of the first layer, doubled by each of the next three.
        downsamples: layers that halve the size; images are resized to 4 x 2^downsamples pixels a side, 256
            as in the authors' code for 6.
        norm: a norm by its name or as a mapping with its settings.
    """

    gives_vector = True

    def __init__(
        self,
        in_channels: int = 3,
        out_channels: int = 256,
        *,
        channels: int = 64,
        downsamples: int = 6,
        norm: str | Mapping | NormFactory = "instance",
    ):
        super().__init__()
        for key, value in {
            "out_channels": out_channels,
            "channels": channels,
            "downsamples": downsamples,
        }.items():
            if value < 1:
                raise ValueError(f"{key} is {value}: it must be at least 1")
        self.out_channels, self.size = out_channels, SMALLEST * 2**downsamples
        widths = [in_channels, *(channels * 2 ** min(depth, 3) for depth in range(downsamples))]
        norm = norm_factory(norm)
        self.layers = nn.Sequential(*(_layer(before, after, norm) for before, after in pairwise(widths)))
        self.mean = nn.Linear(widths[-1] * SMALLEST**2, out_channels)
        self.log_variance = nn.Linear(widths[-1] * SMALLEST**2, out_channels)

    def forward(self, image: Tensor, instance: Tensor | None = None) -> tuple[Tensor, dict[str, Tensor]]:
        """(N, 3, H, W) in [-1, 1] -> style (N, out_channels), and mu and logvar of the same shape."""
        image = F.interpolate(image, (self.size, self.size), mode="bilinear")
        features = self.layers(image).flatten(1)
        mu, logvar = self.mean(features), self.log_variance(features)
        style = mu
        if self.training:
            style = mu + (logvar / 2).exp() * torch.randn_like(mu)
        return style, {"mu": mu, "logvar": logvar}


def _layer(in_channels: int, out_channels: int, norm: NormFactory) -> nn.Sequential:
    conv = spectral_norm(nn.Conv2d(in_channels, out_channels, 3, 2, 1, bias=False))
    return nn.Sequential(OrderedDict(conv=conv, norm=norm(out_channels), act=nn.LeakyReLU(0.2, inplace=True)))
