"""Moments of batches are those of all rows at once, whatever their mean, and add up."""

import numpy as np
import pytest
import torch

from synthkit.metrics import Moments


@pytest.fixture
def rows():
    """Two sets of rows whose mean is a hundred million times their spread."""
    return 1e8 + torch.randn(2, 1001, 5, dtype=torch.float64) * torch.tensor([0.1, 1, 2, 3, 4]).double()


def check(moments: Moments, rows: torch.Tensor) -> None:
    assert moments.count == rows.shape[1]
    for index, each in enumerate(rows.numpy()):
        np.testing.assert_allclose(moments.mean[index], each.mean(0), rtol=1e-14)
        np.testing.assert_allclose(
            moments.covariance[index], np.cov(each, rowvar=False), rtol=1e-6, atol=1e-6
        )


@pytest.mark.parametrize("size", [1, 64, 1001])
def test_of_batches(rows, size):
    moments = Moments()
    for batch in rows.split(size, 1):
        moments.add(batch)
    check(moments, rows)


def test_sums_of_squares_would_not_do(rows):
    """The control: what is textbook loses all digits here."""
    (first, _), count = rows, rows.shape[1]
    naive = (first.T @ first - count * torch.outer(first.mean(0), first.mean(0))) / (count - 1)
    assert not np.allclose(naive, np.cov(first, rowvar=False), rtol=0.1)


def test_add_up(rows):
    parts = Moments(), Moments(), Moments()
    for part, batch in zip(parts, rows.split([1, 300, 700], 1), strict=True):
        part.add(batch)
    before = parts[1].covariance.clone()
    check(Moments() + parts[0] + parts[1] + Moments() + parts[2], rows)
    assert torch.equal(parts[1].covariance, before)
    assert (Moments() + Moments()).count == 0


def test_a_million_rows_are_not_kept():
    """A thousand batches of a thousand rows in 64 dimensions, which would be half a gigabyte."""
    moments = Moments()
    batch = torch.randn(1, 1000, 64)
    for _ in range(1000):
        moments.add(batch)
    held = sum(value.nbytes for value in vars(moments).values() if isinstance(value, torch.Tensor))
    assert moments.count == 10**6
    assert held < 100_000
    np.testing.assert_allclose(moments.covariance[0], torch.cov(batch[0].double().T, correction=0), rtol=1e-4)
