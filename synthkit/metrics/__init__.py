"""Metrics of the core. One of images is a function `(fake, real) -> (N,)` of (N, 3, H, W) in [-1, 1]."""

from synthkit.metrics import image, segmentation

__all__ = ["image", "segmentation"]
