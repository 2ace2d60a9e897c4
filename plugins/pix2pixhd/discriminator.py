"""The multi-scale discriminator (section 3.2)."""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from synthkit.discriminators import PatchGAN
from synthkit.nn.norms import NormFactory
from synthkit.registry import DISCRIMINATORS


@DISCRIMINATORS.register_module("pix2pixhd/multiscale")
class MultiscaleDiscriminator(nn.Module):
    """The same PatchGAN on an image pyramid of `scales` levels.

    The modules are numbered from the coarsest, so that adding a finer one later does not rename the others.

    Args:
        channels: features of each PatchGAN's first layer, doubled by each further one up to 512.
        layers: strided convolutions of each; a patch is 16, 70, 286 pixels wide for 1, 3, 5 of them.
        scales: levels of the pyramid, each half as large as the one before.
        norm: a norm by its name or as a mapping with its settings.
        padding: zeros around the input of each convolution.
        bias: whether convolutions before a norm have one.
        spectral: whether weights are divided by their spectral norm (Miyato et al., ICLR 2018).
    """

    def __init__(
        self,
        in_channels: int,
        channels: int = 64,
        *,
        layers: int = 3,
        scales: int = 2,
        norm: str | Mapping | NormFactory = "instance",
        padding: int = 2,
        bias: bool = True,
        spectral: bool = False,
    ):
        super().__init__()
        if scales < 1:
            raise ValueError(f"scales is {scales}: there must be at least one")
        options = dict(layers=layers, norm=norm, padding=padding, bias=bias, spectral=spectral)
        self.scales = nn.ModuleList(PatchGAN(in_channels, channels, **options) for _ in range(scales))

    def forward(self, condition: Tensor, image: Tensor) -> list[list[Tensor]]:
        """(N, C, H, W) and (N, 3, H, W) -> per scale, finest first, the features with the logits last."""
        pair = torch.cat([condition, image], 1)
        outputs = [self.scales[-1].features(pair)]
        for patch in reversed(self.scales[:-1]):
            pair = F.avg_pool2d(pair, 3, 2, 1, count_include_pad=False)
            outputs.append(patch.features(pair))
        return outputs
