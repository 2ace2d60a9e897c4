"""Canny's edge detector."""

import numpy as np

from synthkit.registry import DETECTORS


@DETECTORS.register_module("canny")
class Canny:
    """Edges by Canny (PAMI 1986), of scikit-image, in the grey values of a photo.

    Lines of one pixel, thinned across the edge; a weak edge is kept where it goes on from a strong one.
    Takes milliseconds. The defaults draw the outlines of things and little of textures at heights of 128 to
    512; a smaller `sigma` and higher thresholds draw fine detail.

    Args:
        sigma: of the Gaussian that smooths the photo first, in pixels of the size that is trained at.
        low: the gradient (of grey values in 0..1, Sobel) from which an edge is weak.
        high: from which it is strong.

    Raises ValueError unless 0 < sigma and 0 <= low <= high.
    """

    def __init__(self, *, sigma: float = 2.0, low: float = 0.05, high: float = 0.1):
        if not sigma > 0:
            raise ValueError(f"sigma is {sigma}: it must be over 0")
        if not 0 <= low <= high:
            raise ValueError(f"low is {low} and high is {high}: needed are 0 <= low <= high")
        self.sigma, self.low, self.high = sigma, low, high

    def __call__(self, photo: np.ndarray) -> np.ndarray:
        from skimage.color import rgb2gray  # takes a while to import
        from skimage.feature import canny

        return canny(rgb2gray(photo), self.sigma, self.low, self.high)
