"""Mean and covariance of rows that come in batches, which need not be kept."""

import torch
from torch import Tensor


class Moments:
    """Mean and covariance of rows in float64, of several sets at once, such as fake and real.

    They are updated about the running mean (Chan, Golub and LeVeque, 1979), so that a mean that is large
    beside the spread costs no digits. `a + b` are the moments of both; those of no rows fit any.
    """

    def __init__(self, count: int = 0, mean: Tensor | None = None, scatter: Tensor | None = None):
        self.count, self.mean, self.scatter = count, mean, scatter

    def add(self, rows: Tensor) -> None:
        """Take in rows (sets, N, D)."""
        rows = rows.double().cpu()
        if self.mean is None:
            sets, _, size = rows.shape
            self.mean, self.scatter = rows.new_zeros(sets, size), rows.new_zeros(sets, size, size)
        mean = rows.mean(1)
        self._join(rows - mean[:, None], mean, rows.shape[1])

    def __add__(self, other: "Moments") -> "Moments":
        if not self.count or not other.count:
            return self if self.count else other
        sum_ = Moments(self.count, self.mean, self.scatter + other.scatter)
        sum_._join(self.mean.new_empty(len(self.mean), 0, self.mean.shape[1]), other.mean, other.count)
        return sum_

    def _join(self, centred: Tensor, mean: Tensor, count: int) -> None:
        """Join `count` rows of this mean, whose deviations from it are (sets, N, D), to the rows so far."""
        total, apart = self.count + count, mean - self.mean
        between = apart[:, None] * (self.count * count / total) ** 0.5
        rows = torch.cat([centred, between], 1)
        self.scatter.baddbmm_(rows.mT, rows)
        self.mean = self.mean + apart * (count / total)
        self.count = total

    @property
    def covariance(self) -> Tensor:
        """The unbiased covariance (sets, D, D), of two rows or more."""
        return self.scatter / (self.count - 1)
