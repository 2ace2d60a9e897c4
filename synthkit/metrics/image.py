"""Metrics that compare a synthesised image with the photo it stands for, one value per image.

Inputs are (N, 3, H, W) in [-1, 1]; `higher_is_better` is an attribute of each function.
"""

import torch
from torch import Tensor

from synthkit.errors import DataError
from synthkit.registry import METRICS

SSIM_WINDOW = 11


def _register(name: str, *, higher_is_better: bool):
    def wrap(function):
        function.higher_is_better = higher_is_better
        return METRICS.register_module(name, module=function)

    return wrap


@_register("l1", higher_is_better=False)
def l1(fake: Tensor, real: Tensor) -> Tensor:
    """Mean absolute difference (N,), in units of the range [-1, 1]: 0 to 2."""
    return (fake - real).abs().mean((1, 2, 3))


@_register("psnr", higher_is_better=True)
def psnr(fake: Tensor, real: Tensor) -> Tensor:
    """Peak signal-to-noise ratio (N,) in dB, for a peak of 2 (the range's width); 106 for equal images."""
    return 10 * torch.log10(4 / (fake - real).square().mean((1, 2, 3)).clamp_min(1e-10))


@_register("ssim", higher_is_better=True)
def ssim(fake: Tensor, real: Tensor) -> Tensor:
    """Structural similarity (N,), at most 1 (Wang et al., 2004): Gaussian window of 11, sigma 1.5.

    It compares means, so that its value is defined for intensities from 0 up: black is 0 here, and not -1.
    The mean over all positions, with the border mirrored, and over channels.
    Raises DataError for images smaller than the window.
    """
    if min(fake.shape[2:]) < SSIM_WINDOW:
        raise DataError(f"SSIM needs images of {SSIM_WINDOW} pixels or more, not {tuple(fake.shape[2:])}")
    from torchmetrics.functional.image import structural_similarity_index_measure as similarity  # seconds

    fake, real = fake + 1, real + 1
    channels = zip(fake.split(1, 1), real.split(1, 1), strict=True)  # all at once take three times the memory
    maps = [similarity(*pair, data_range=2.0, reduction="none") for pair in channels]
    return torch.stack([each.reshape(-1) for each in maps]).mean(0)
