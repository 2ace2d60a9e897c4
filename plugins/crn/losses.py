"""The losses on the image and on the layers of a pretrained network (section 3)."""

import math
from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from synthkit.errors import ConfigError
from synthkit.plugins.crn.vgg import PUBLISHED, VGG19
from synthkit.registry import BACKBONES, LOSSES


def differences(fake: list[Tensor], real: list[Tensor]) -> list[Tensor]:
    """Mean absolute difference over the channels, for each map of the two lists.

    (N, K, C, h, w) of K images and (N, C, h, w) of the real one -> (N, K, h, w).
    """
    pairs = zip(fake, real, strict=True)
    return [(a.float() - b.float().unsqueeze(1)).abs().mean(2) for a, b in pairs]


def by_class(difference: Tensor, masks: Tensor) -> Tensor:
    """The mean over the pixels of (N, K, h, w) within each of the masks (N, L, H, W) -> (N, K, L).

    The masks are averaged over the area of each pixel; the pixels outside of one count as zero.
    """
    masks = F.interpolate(masks, difference.shape[2:], mode="area")
    return torch.einsum("nkhw,nlhw->nkl", difference, masks) / difference[0, 0].numel()


def best_of(values: Tensor) -> Tensor:
    """The diversity loss of the values (N, K, L) of K images and L classes.

    0.999 times the least value over the images and 0.001 times their mean, summed over the classes.
    """
    return (0.999 * values.amin(1) + 0.001 * values.mean(1)).sum(1).mean()


class FeatureDistance(nn.Module):
    """Differences of the image in 0..255 and of a frozen backbone's layers, each divided by a number."""

    published: tuple[float, ...]

    def __init__(self, backbone: str | Mapping, divisors: Sequence[float] | None):
        super().__init__()
        self.backbone = BACKBONES.build(backbone).eval().requires_grad_(False)
        if divisors is None and not isinstance(self.backbone, VGG19):
            raise ValueError(
                "divisors are published for crn/vgg19 alone: tools/calibrate_crn.py finds another backbone's"
            )
        self.divisors = tuple(self.published if divisors is None else divisors)
        terms = 1 + len(self.backbone.layer_weights)
        if len(self.divisors) != terms or not all(0 < each < math.inf for each in self.divisors):
            raise ValueError(
                f"divisors is {list(self.divisors)}: {terms} numbers above 0 are needed, of the image and of "
                "the backbone's layers"
            )

    def train(self, mode: bool = True) -> nn.Module:
        return super().train(False)  # the backbone's batch norms keep their statistics

    def generator(self, step) -> Tensor:
        pairs = zip(self.terms(step), self.divisors, strict=True)
        return self.reduce(sum(term / divisor for term, divisor in pairs))

    def contributions(self, step) -> Tensor:
        """What each term alone would add to the loss, divided by nothing: (terms,)."""
        return torch.stack([self.reduce(term) for term in self.terms(step)])

    def compare(self, images: Tensor, real: Tensor) -> list[Tensor]:
        """`differences` of images (N, K, 3, H, W) to the real one (N, 3, H, W), and of their features."""
        with torch.no_grad():
            seen = [real * 127.5, *self.backbone(real)]
        made = [images.flatten(0, 1) * 127.5, *self.backbone(images.flatten(0, 1))]
        return differences([each.unflatten(0, images.shape[:2]) for each in made], seen)


@LOSSES.register_module("crn/perceptual")
class Perceptual(FeatureDistance):
    """Mean absolute difference of the image and of each layer of a backbone, divided and summed.

    The loss of Chen and Koltun (ICCV 2017, section 3), whose layers are VGG19's. The image counts in 0..255,
    and each divisor gives its term the share that the others have. Raises ValueError for another number of
    `divisors` than there are terms.

    Args:
        backbone: one of the backbones by its name or as a mapping.
        divisors: of the image and of each layer, finest first; null for the published ones of crn/vgg19:
            1, 2.6, 4.8, 3.7, 5.6, 0.15.
    """

    published = (1.0, *PUBLISHED)

    def __init__(self, *, backbone: str | Mapping = "crn/vgg19", divisors: Sequence[float] | None = None):
        super().__init__(backbone, divisors)

    def terms(self, step) -> list[Tensor]:
        return [each.mean() for each in self.compare(step.fake.unsqueeze(1), step.batch["image"])]

    def reduce(self, value: Tensor) -> Tensor:
        return value


@LOSSES.register_module("crn/diversity")
class Diversity(FeatureDistance):
    """Of several images, the one nearest to the real image pays, class by class.

    The diversity loss of Chen and Koltun (ICCV 2017, section 3). The differences are those of
    `crn/perceptual`, where each label has its share of the mean over all pixels: 0.999 times the least over
    the images and 0.001 times their mean, summed over the labels. Pixels that the model ignores count as a
    class, too. It needs a generator that gives `candidates`, such as crn/cascaded with `images`, and label
    maps; ConfigError without them, ValueError for another number of `divisors` than there are terms.

    Args:
        backbone: one of the backbones by its name or as a mapping.
        divisors: of the image and of each layer, finest first; null for the published ones of crn/vgg19 on
            Cityscapes: 1, 1.6, 2.3, 1.8, 2.8, 0.08. On GTA they are 1, 1.4, 1.8, 1.3, 2.2, 0.062.
    """

    published = (1.0, 1.6, 2.3, 1.8, 2.8, 0.08)

    def __init__(self, *, backbone: str | Mapping = "crn/vgg19", divisors: Sequence[float] | None = None):
        super().__init__(backbone, divisors)

    def terms(self, step) -> list[Tensor]:
        for place, needed in ((step.extras, "candidates"), (step.batch, "label")):
            if needed not in place:
                raise ConfigError(f"crn/diversity needs {_SOURCES[needed]}")
        label = step.batch["label"]
        masks = (label == label.unique().view(-1, 1, 1)).float()
        maps = self.compare(step.extras["candidates"], step.batch["image"])
        return [by_class(each, masks) for each in maps]

    def reduce(self, value: Tensor) -> Tensor:
        return best_of(value)


_SOURCES = {
    "candidates": "a generator that makes several images: model.generator.images",
    "label": "label maps: model.inputs.label",
}
