"""The Fréchet distance against pytorch-fid's, and what is exact for singular covariances."""

import runpy
from pathlib import Path

import numpy as np
import pytest

from synthkit.errors import DataError
from synthkit.metrics import frechet_distance

SPEED = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks" / "speed.py"))


def gaussian(seed: int, size: int, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of rows of uneven spread."""
    draw = np.random.default_rng(seed)
    rows = draw.standard_normal((rows, size)) @ draw.standard_normal((size, size)) * draw.gamma(1, 1, size)
    return rows.mean(0), np.cov(rows, rowvar=False)


@pytest.mark.parametrize("size", [2, 7, 64, 200])
def test_equals_pytorch_fid(size):
    first, second = gaussian(1, size, 3 * size + 2), gaussian(2, size, 4 * size + 2)
    assert frechet_distance(*first, *second) == pytest.approx(SPEED["published"](*first, *second), rel=1e-9)


@pytest.mark.parametrize("ranks", [(20, 30), (30, 20), (100, 20), (20, 100), (0, 20)])
def test_singular_covariances(ranks):
    """With C1 = A A' and C2 = B B' the trace of (C1 C2)^½ is the sum of A'B's singular values."""
    draw, size = np.random.default_rng(0), 100
    factors = [draw.standard_normal((size, rank)) for rank in ranks]
    cov1, cov2 = (factor @ factor.T for factor in factors)
    mean = np.zeros(size)
    roots = np.linalg.svd(factors[0].T @ factors[1], compute_uv=False).sum() if min(ranks) else 0
    expected = np.trace(cov1) + np.trace(cov2) - 2 * roots
    assert frechet_distance(mean, cov1, mean + 2, cov2) == pytest.approx(expected + 4 * size, rel=1e-9)


def test_of_equal_ones_is_zero():
    mean, covariance = gaussian(3, 50, 20)
    assert frechet_distance(mean, covariance, mean, covariance) < 1e-9 * np.trace(covariance)
    shifted = frechet_distance(mean + 1, covariance, mean, covariance)
    assert shifted == pytest.approx(50, rel=1e-6)


def test_what_is_no_gaussian_is_refused():
    mean, covariance = gaussian(4, 5, 20)
    with pytest.raises(DataError, match=r"\(5,\), \(5, 5\), \(4,\), \(5, 5\)"):
        frechet_distance(mean, covariance, mean[:4], covariance)
    with pytest.raises(DataError, match="not finite"):
        frechet_distance(mean * np.nan, covariance, mean, covariance)


@pytest.mark.slow
def test_is_several_times_as_fast_as_pytorch_fid():
    """At 2048 dimensions more than five times, which benchmarks/speed.py shows on a quiet machine."""
    ours, theirs = SPEED["frechet"](size=1024)
    assert theirs > 3 * ours
