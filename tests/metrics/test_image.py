"""Metrics of single images, against their formulas on pixels of 0 to 255."""

import numpy as np
import pytest
import torch
from scipy.ndimage import correlate1d

from synthkit.metrics.image import psnr, ssim


@pytest.fixture
def pair():
    """Two pictures (H, W, 3) of 0 to 255, dark and alike."""
    rng = np.random.default_rng(0)
    first = rng.integers(20, 120, (24, 31, 3))
    return first, (first + rng.integers(-20, 20, first.shape)).clip(0, 255)


def tensors(pair):
    return [torch.from_numpy(each / 127.5 - 1).float().movedim(2, 0)[None] for each in pair]


def test_ssim_is_that_of_pixels_from_0(pair):
    window = np.exp(-0.5 * (np.arange(-5, 6) / 1.5) ** 2)
    window /= window.sum()

    def mean(x):
        return correlate1d(correlate1d(x, window, 0, mode="mirror"), window, 1, mode="mirror")

    x, y = (each.astype(float) for each in pair)
    mx, my = mean(x), mean(y)
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    covariance, spread = mean(x * y) - mx * my, mean(x * x) - mx**2 + mean(y * y) - my**2
    maps = (2 * mx * my + c1) * (2 * covariance + c2) / ((mx**2 + my**2 + c1) * (spread + c2))
    assert ssim(*tensors(pair)).item() == pytest.approx(maps.mean(), rel=1e-4)


def test_psnr_is_that_of_a_peak_of_255(pair):
    error = np.square(pair[0] - pair[1]).mean()
    assert psnr(*tensors(pair)).item() == pytest.approx(10 * np.log10(255**2 / error), rel=1e-5)
