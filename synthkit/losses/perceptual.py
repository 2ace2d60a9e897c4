"""Perceptual loss on the features of a pretrained network."""

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from synthkit.registry import BACKBONES, LOSSES


def perceptual_distance(first: list[Tensor], second: list[Tensor], weights: Sequence[float]) -> Tensor:
    """Weighted sum over layers of the mean absolute difference of two lists of (N, C, h, w) features."""
    pairs = zip(first, second, weights, strict=True)
    return sum(weight * F.l1_loss(a.float(), b.float()) for a, b, weight in pairs)


@LOSSES.register_module("perceptual")
class Perceptual(nn.Module):
    """Distance of the fake to the real image in a frozen backbone's features.

    Johnson et al. (ECCV 2016), as used by pix2pixHD (Wang et al., CVPR 2018, section 4: "perceptual
    loss"). Raises ValueError when the number of `layers` differs from the backbone's.

    Args:
        backbone: one of the backbones by its name or as a mapping ({type: timm, model: resnet18}).
        layers: the weights of its layers, finest first; where it is null the backbone's own, such as
            1/32, 1/16, 1/8, 1/4, 1 of vgg19.
    """

    def __init__(
        self, *, backbone: str | Mapping = "efficientnet_lite0", layers: Sequence[float] | None = None
    ):
        super().__init__()
        self.backbone = BACKBONES.build(backbone).eval().requires_grad_(False)
        self.layers = tuple(self.backbone.layer_weights if layers is None else layers)
        if len(self.layers) != len(self.backbone.layer_weights):
            raise ValueError(
                f"layers has {len(self.layers)} weights, and the backbone {len(self.backbone.layer_weights)}"
            )

    def train(self, mode: bool = True) -> nn.Module:
        return super().train(False)  # its batch norms keep their statistics

    def generator(self, step) -> Tensor:
        with torch.no_grad():
            real = self.backbone(step.batch["image"])
        return perceptual_distance(self.backbone(step.fake), real, self.layers)
