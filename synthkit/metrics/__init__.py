"""Metrics of the core: of images one by one, or of all of them as a set.

Images are (N, 3, H, W) in [-1, 1]. The maths is in functions: `frechet_distance`, `kernel_distance`,
`distance` and those of `image`; the registered classes gather what these take.
"""

from synthkit.metrics import frechet, image, kernel, lpips, segmentation
from synthkit.metrics.frechet import frechet_distance
from synthkit.metrics.kernel import kernel_distance, polynomial_mmd
from synthkit.metrics.moments import Moments

__all__ = [
    "Moments",
    "frechet",
    "frechet_distance",
    "image",
    "kernel",
    "kernel_distance",
    "lpips",
    "polynomial_mmd",
    "segmentation",
]
