"""Metrics of the core. A metric of images is a function `(fake, real) -> (N,)` of two (N, 3, H, W) in [-1, 1]."""

from synthkit.metrics import image

__all__ = ["image"]
