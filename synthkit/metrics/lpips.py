"""Distances of single images in the unit-normalised feature maps of a network.

Zhang et al., "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric", CVPR 2018. The
distance is the squared Euclidean one of the maps as `UnitMaps` scales them, averaged over positions and
summed over layers.
"""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from synthkit.backbones import EfficientNetLite0, TorchvisionFeatures
from synthkit.metrics.features import Shared
from synthkit.metrics.metric import Metric, PerImage, Scored
from synthkit.registry import METRICS

VERSION = "0.1"  # of LPIPS's weights
OFFLINE = (
    "the metrics pd_efflite0 and pd_efflite0_diversity need no download; they are other numbers than LPIPS"
)
BACKBONES = {  # torchvision's name and file, and the layers of `features` whose outputs count
    "alex": ("alexnet", "alexnet-owt-7be5be79.pth", (1, 4, 7, 9, 11)),
    "vgg": ("vgg16", "vgg16-397923af.pth", (3, 8, 15, 22, 29)),
}


class UnitMaps(nn.Module):
    """A backbone's maps, of length 1 at each position, then times the root of each channel's weight."""

    def __init__(self, backbone: nn.Module, weights: Sequence[Tensor] | None = None):
        super().__init__()
        self.backbone = backbone
        roots = [] if weights is None else [weight.sqrt() for weight in weights]
        self.roots = nn.ParameterList(roots)

    def forward(self, image: Tensor) -> list[Tensor]:
        maps = [F.normalize(each, dim=1, eps=1e-10) for each in self.backbone(image)]
        return [each * root for each, root in zip(maps, self.roots, strict=True)] if self.roots else maps


def distance(first: Sequence[Tensor], second: Sequence[Tensor]) -> Tensor:
    """The distances (N,) of two lists of scaled maps (N, C, h, w)."""
    return sum((a - b).square().sum(1).mean((1, 2)) for a, b in zip(first, second, strict=True))


def diversity(maps: Sequence[Tensor]) -> Tensor:
    """The mean distance, a scalar, of all pairs among S images, two or more, by their maps (S, C, h, w).

    The mean of the squared distances of pairs is twice the unbiased variance.
    """
    return sum(2 * each.var(0).sum(0).mean() for each in maps)


@cache
def network(net: str) -> Shared:
    """LPIPS's network by its name, alex or vgg."""
    return Shared(lambda: _lpips(net), least=32)


def _lpips(net: str) -> nn.Module:
    import lpips

    backbone = TorchvisionFeatures(*BACKBONES[net], instead=OFFLINE)
    path = files(lpips) / "weights" / f"v{VERSION}" / f"{net}.pth"
    linear = torch.load(path, map_location="cpu", weights_only=True)
    weights = [linear[f"lin{layer}.model.1.weight"] for layer in range(len(BACKBONES[net][2]))]
    return UnitMaps(nn.Sequential(lpips.ScalingLayer(), backbone), weights)


LITE0 = Shared(lambda: UnitMaps(EfficientNetLite0()), least=32)


class Diversity(Metric):
    """The mean over inputs of the mean distance between the images synthesised of one input."""

    higher_is_better = True
    needs = ("samples",)

    def __init__(self, name: str, network: Shared):
        self.name, self.network = name, network.load()
        self.total: list[Tensor] = []

    def add(self, scored: Scored) -> None:
        values = [diversity(self.network(images)) for images in scored.samples.unbind(1)]
        self.total = [*self.total, torch.stack(values).double().cpu()]

    def values(self) -> dict[str, float]:
        return {self.name: torch.cat(self.total).mean().item()} if self.total else {}


@METRICS.register_module("lpips")
class LPIPS(PerImage):
    """Learned perceptual distance of each image to its photo (Zhang et al., CVPR 2018), version 0.1.

    The value of the package lpips for images in [-1, 1] at their own size, which matters: state it. Its
    linear weights come with the package, its backbone's are torchvision's. Images of 32 pixels or more.

    Args:
        net: the backbone, alex or vgg; their values are not comparable.
    """

    higher_is_better = False

    def __init__(self, *, net: Literal["alex", "vgg"] = "alex"):
        shared = network(net).load()
        super().__init__("lpips", lambda fake, real: distance(shared(fake), shared(real)))


@METRICS.register_module("lpips_diversity")
class LPIPSDiversity(Diversity):
    """How much the images of one input differ: the mean LPIPS of all their pairs, and over inputs.

    Zhu et al., "Toward Multimodal Image-to-Image Translation", NIPS 2017. More is more varied, not better
    looking. Two samples of each input or more, of 32 pixels or more.

    Args:
        net: the backbone, alex or vgg; their values are not comparable.
    """

    def __init__(self, *, net: Literal["alex", "vgg"] = "alex"):
        super().__init__("lpips_diversity", network(net))


@METRICS.register_module("pd_efflite0")
def pd_efflite0(fake: Tensor, real: Tensor) -> Tensor:
    """LPIPS's distance (N,) without weights, on EfficientNet-Lite0's maps at strides 2 to 32; no download.

    It is not LPIPS. Images of 32 pixels or more, at their own size.
    """
    return distance(LITE0(fake), LITE0(real))


pd_efflite0.higher_is_better = False


@METRICS.register_module("pd_efflite0_diversity")
class EfficientNetDiversity(Diversity):
    """How much the images of one input differ: the mean `pd_efflite0` of all their pairs, and over inputs.

    More is more varied, not better looking. Two samples of each input or more, of 32 pixels or more.
    """

    def __init__(self):
        super().__init__("pd_efflite0_diversity", LITE0)
