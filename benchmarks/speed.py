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


def frechet(size: int = 2048) -> tuple[float, float]:
    """Seconds of the Fréchet distance of two Gaussians, here and by pytorch-fid's function."""
    from pytorch_fid.fid_score import calculate_frechet_distance

    pair = (*gaussian(1, size), *gaussian(2, size))
    warnings.simplefilter("ignore", DeprecationWarning)  # of an argument to scipy's sqrtm
    return best(lambda: frechet_distance(*pair)), best(lambda: calculate_frechet_distance(*pair), times=1)


if __name__ == "__main__":
    ours, theirs = frechet()
    threads = torch.get_num_threads()
    print(
        f"Fréchet distance, 2048 dimensions, {threads} thread(s): {ours:.2f} s; "
        f"pytorch-fid {theirs:.2f} s; {theirs / ours:.1f} times"
    )
