"""How long what is costly takes: `python benchmarks/speed.py` prints seconds, of each the best of three."""

import time
import warnings
from collections.abc import Callable

import numpy as np
import torch

from synthkit.metrics import frechet_distance


def best(function: Callable[[], object], *, times: int = 3) -> float:
    """Seconds of the quickest of several calls."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        function()
        taken.append(time.perf_counter() - began)
    return min(taken)


def gaussian(seed: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of rows of uneven spread, three times as many as dimensions."""
    draw = np.random.default_rng(seed)
    rows = draw.standard_normal((3 * size, size)) * draw.gamma(1, 1, size)
    rows = rows @ np.linalg.qr(draw.standard_normal((size, size)))[0]
    return rows.mean(0), np.cov(rows, rowvar=False)


def published(mean1: np.ndarray, cov1: np.ndarray, mean2: np.ndarray, cov2: np.ndarray) -> float:
    """pytorch-fid's own function; the same by scipy's sqrtm where that has no argument `disp` any more."""
    from pytorch_fid.fid_score import calculate_frechet_distance
    from scipy.linalg import sqrtm

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            return calculate_frechet_distance(mean1, cov1, mean2, cov2)
        except TypeError:
            roots = np.trace(sqrtm(cov1 @ cov2)).real
            return ((mean1 - mean2) ** 2).sum() + np.trace(cov1) + np.trace(cov2) - 2 * roots


def frechet(size: int = 2048) -> tuple[float, float]:
    """Seconds of the Fréchet distance of two Gaussians, here and as published."""
    pair = (*gaussian(1, size), *gaussian(2, size))
    return best(lambda: frechet_distance(*pair)), best(lambda: published(*pair), times=1)


if __name__ == "__main__":
    ours, theirs = frechet()
    threads = torch.get_num_threads()
    print(
        f"Fréchet distance, 2048 dimensions, {threads} thread(s): {ours:.2f} s; "
        f"pytorch-fid {theirs:.2f} s; {theirs / ours:.1f} times"
    )
