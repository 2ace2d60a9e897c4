"""The Fréchet distance of Gaussians, and the metrics that fit them to features of images."""

import numpy as np
import torch
from numpy.typing import ArrayLike

from synthkit.errors import DataError
from synthkit.metrics.checks import check_count
from synthkit.metrics.features import INCEPTION, INCEPTION_CLEAN, LITE0, Shared
from synthkit.metrics.metric import Metric, Scored
from synthkit.metrics.moments import Moments
from synthkit.registry import METRICS


def frechet_distance(mean1: ArrayLike, cov1: ArrayLike, mean2: ArrayLike, cov2: ArrayLike) -> float:
    """|mean1 - mean2|² + Tr(C1 + C2 - 2 (C1 C2)^½) of two Gaussians, 0 or more, in float64.

    Dowson and Landau, 1982. Means are (D,), covariances symmetric (D, D), possibly singular. With C1 = F F'
    the eigenvalues of C1 C2 are those of the symmetric F' C2 F, other than zeros, so that no square root of a
    matrix is needed. C1 is the one of lower rank, and F has no more columns than that. Raises DataError for
    other shapes and for values that are not finite.
    """
    from scipy.linalg import eigvalsh

    mean1, cov1, mean2, cov2 = (np.asarray(each, np.float64) for each in (mean1, cov1, mean2, cov2))
    size = mean1.size
    if [each.shape for each in (mean1, cov1, mean2, cov2)] != [(size,), (size, size)] * 2:
        shapes = ", ".join(str(each.shape) for each in (mean1, cov1, mean2, cov2))
        raise DataError(f"two means (D,) and covariances (D, D) are needed, not {shapes}")
    if not all(np.isfinite(each).all() for each in (mean1, cov1, mean2, cov2)):
        raise DataError("a mean or a covariance holds values that are not finite")
    factor, other = min(((_factor(cov1), cov2), (_factor(cov2), cov1)), key=lambda pair: pair[0].shape[1])
    values = eigvalsh(factor.T @ other @ factor, driver="evd") if factor.size else np.zeros(1)
    roots = np.sqrt(values.clip(0)).sum()
    difference = mean1 - mean2
    return max(0.0, float(difference @ difference + np.trace(cov1) + np.trace(cov2) - 2 * roots))


def _factor(covariance: np.ndarray) -> np.ndarray:
    """F (D, rank) with F F' = covariance, by Cholesky's decomposition with pivots."""
    from scipy.linalg.lapack import dpstrf

    lower, pivots, rank, _ = dpstrf(covariance, lower=1)
    factor = np.empty((len(covariance), rank))
    factor[pivots - 1] = np.tril(lower)[:, :rank]
    return factor


class Frechet(Metric):
    """The Fréchet distance of Gaussians fitted to a network's features of synthesised and of real images."""

    higher_is_better = False
    least = 2  # of one image there is no covariance
    network: Shared

    def __init__(self):
        self.network.load()  # a missing file is found before anything is scored
        self.total = Moments()

    def add(self, scored: Scored) -> None:
        self.total.add(torch.stack(scored.features(self.network)))

    def values(self) -> dict[str, float]:
        if not self.total.count:
            return {}
        check_count(self.name, self.total.count, self.least)
        (mean1, mean2), (cov1, cov2) = self.total.mean, self.total.covariance
        return {self.name: frechet_distance(mean1, cov1, mean2, cov2)}


@METRICS.register_module("fid")
class FID(Frechet):
    """Fréchet Inception distance (Heusel et al., NIPS 2017): how far the images as a set are from the photos.

    Network, weights file (pt_inception-2015-12-05-6726825d.pth) and resizing (bilinear to 299x299, no
    antialias) are pytorch-fid's, and so is the value for 8 bit PNGs of the images. Below 2,048 images the
    covariance is singular and the value biased upwards: compare equal numbers alone, and report `kid` too.
    Two images or more.
    """

    name, network = "fid", INCEPTION


@METRICS.register_module("fid_clean")
class CleanFID(Frechet):
    """FID of images that are resized with antialias, bicubic as by Pillow (Parmar et al., CVPR 2022).

    Other numbers than `fid`, which has all else in common. clean-fid's own differ a little: it shifts pixels
    by 128 and not 127.5. Two images or more.
    """

    name, network = "fid_clean", INCEPTION_CLEAN


@METRICS.register_module("fd_efflite0")
class EfficientNetFrechet(Frechet):
    """The Fréchet distance on features of EfficientNet-Lite0 trained on ImageNet; needs no download.

    It is not FID. The 1280 features are those before the classifier, averaged over positions, of images of
    8 bits at their own size. Biased upwards as `fid` is below some thousand images, so report `kd_efflite0`
    too. Two images or more, of 32 pixels or more.
    """

    name, network = "fd_efflite0", LITE0
