"""Means over seeds, and how sure they are."""

import math
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
from scipy import stats

CONFIDENCE = 0.95


class Interval(NamedTuple):
    """A mean, half the width of its 95% interval, and how many values it is of.

    `half` is None where the values tell nothing of their spread: of fewer than two, or infinite ones.
    """

    mean: float
    half: float | None
    count: int

    @property
    def excludes_zero(self) -> bool:
        """Whether 0 lies outside; an interval of unknown width leaves that open, which is False."""
        return self.half is not None and abs(self.mean) > self.half


def interval(values: Iterable[float]) -> Interval:
    """The mean of independent values and its 95% interval by Student's t, half = t(0.975, n - 1) s / sqrt(n).

    NaN is no value and is left out; without any the mean is NaN and the count 0.
    """
    kept = np.array([value for value in values if not math.isnan(value)], float)
    if not len(kept):
        return Interval(math.nan, None, 0)
    mean = kept.mean().item()
    if len(kept) == 1 or not math.isfinite(mean):
        return Interval(mean, None, len(kept))
    error = kept.std(ddof=1).item() / math.sqrt(len(kept))
    return Interval(mean, stats.t.ppf((1 + CONFIDENCE) / 2, len(kept) - 1).item() * error, len(kept))


def paired(values: Mapping[int, float], base: Mapping[int, float]) -> Interval:
    """The interval of the differences `values - base`, both by seed, over the seeds that both have.

    Pairing takes out what a seed does to both alike, and so is sharper than two separate intervals.
    """
    return interval(values[seed] - base[seed] for seed in values if seed in base)
