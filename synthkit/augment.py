"""Differentiable augmentation of what a discriminator sees, so that it cannot learn a small set by heart."""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

Transform = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


def unchanged(condition: Tensor, image: Tensor) -> tuple[Tensor, Tensor]:
    """The transform of a model without augmentation."""
    return condition, image


class Augment:
    """Random transforms of condition and image (Zhao et al., NeurIPS 2020: DiffAugment).

    Raises ValueError on another name in `policy` and without any.

    Args:
        policy: some of colour (of the image), translation and cutout (of image and condition), in the order
            in which they are applied.
    """

    def __init__(self, policy: Sequence[str] = ("colour", "translation", "cutout")):
        if unknown := [name for name in policy if name not in POLICIES]:
            raise ValueError(f"no augmentation {unknown[0]!r}: choose from {', '.join(POLICIES)}")
        if not policy:
            raise ValueError(f"policy is empty: choose from {', '.join(POLICIES)}")
        self.policy = tuple(policy)

    def draw(self, count: int, height: int, width: int) -> Transform:
        """A transform `(condition, image) -> (condition, image)` of `count` samples of height x width.

        It does the same each time it is called, lets gradients through, and keeps shapes; what moves
        out of the picture is lost, what comes in is zero. Drawn from torch's random numbers on the CPU.
        """
        transforms = [POLICIES[name](count, height, width) for name in self.policy]

        def apply(condition: Tensor, image: Tensor) -> tuple[Tensor, Tensor]:
            for transform in transforms:
                condition, image = transform(condition, image)
            return condition, image

        return apply


def colour(count: int, height: int, width: int) -> Transform:
    """Brightness by up to 0.5 either way, saturation by 0 to 2, contrast by 0.5 to 1.5; of the image."""
    drawn = torch.rand(3, count, 1, 1, 1)

    def apply(condition: Tensor, image: Tensor) -> tuple[Tensor, Tensor]:
        brightness, saturation, contrast = drawn.to(image)
        image = image + brightness - 0.5
        image = _scaled(image, 2 * saturation, dim=1)
        return condition, _scaled(image, 0.5 + contrast, dim=(1, 2, 3))

    return apply


def _scaled(image: Tensor, factor: Tensor, *, dim: int | tuple[int, ...]) -> Tensor:
    """Distances from the mean over `dim`, times a factor."""
    mean = image.mean(dim, keepdim=True)
    return mean + factor * (image - mean)


def translation(count: int, height: int, width: int) -> Transform:
    """A shift by up to an eighth of the size in each direction, by whole pixels."""
    below, right = (_integers(-round(size / 8), round(size / 8), count) for size in (height, width))

    def shifted(images: Tensor) -> Tensor:
        moves = zip(images, below, right, strict=True)
        return torch.stack([F.pad(image, (dx, -dx, dy, -dy)) for image, dy, dx in moves])

    return lambda condition, image: (shifted(condition), shifted(image))


def cutout(count: int, height: int, width: int) -> Transform:
    """A hole of half the height and half the width, centred anywhere in the picture."""
    inside = [_near(_integers(0, size - 1, count), size) for size in (height, width)]
    kept = ~(inside[0].view(count, 1, height, 1) & inside[1].view(count, 1, 1, width))

    def apply(condition: Tensor, image: Tensor) -> tuple[Tensor, Tensor]:
        mask = kept.to(image)
        return condition * mask, image * mask

    return apply


def _near(centres: list[int], size: int) -> Tensor:
    """(N, size): which of the places lie less than a quarter of `size` from each centre."""
    return (torch.arange(size) - torch.tensor(centres).unsqueeze(1)).abs() < size / 4


def _integers(low: int, high: int, count: int) -> list[int]:
    return torch.randint(low, high + 1, (count,)).tolist()


POLICIES = {"colour": colour, "translation": translation, "cutout": cutout}
