"""Means over seeds and their intervals, against scipy and numbers worked out by hand."""

import math

import numpy as np
import pytest
from scipy import stats

from synthkit.benchmark.statistics import Interval, interval, paired


@pytest.mark.parametrize("count", [2, 3, 10])
def test_the_interval_is_scipys(count):
    values = np.random.default_rng(count).normal(3, 2, count)
    found = interval(values)
    low, high = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert (found.mean - found.half, found.mean + found.half) == pytest.approx((low, high), rel=1e-12)
    assert found.count == count


def test_three_values_by_hand():
    # s = 1, and Student's t with two degrees of freedom is 4.302653
    assert interval([1, 2, 3]) == (2, pytest.approx(4.302653 / math.sqrt(3), rel=1e-6), 3)


def test_the_paired_difference_is_scipys_over_shared_seeds():
    base, values = {0: 1.0, 1: 2.0, 2: 4.0, 3: 0.0}, {2: 4.5, 1: 2.7, 0: 1.4, 9: 100.0}
    low, high = stats.ttest_rel([1.4, 2.7, 4.5], [1.0, 2.0, 4.0]).confidence_interval(0.95)
    found = paired(values, base)
    assert (found.mean - found.half, found.mean + found.half) == pytest.approx((low, high), rel=1e-12)
    assert found.count == 3
    assert found.excludes_zero
    separate = interval(values[seed] for seed in base if seed in values)
    assert found.half < separate.half / 5


def test_what_is_too_few_values_has_no_width():
    assert interval([0.5]) == Interval(0.5, None, 1)
    assert not interval([0.5]).excludes_zero
    empty = interval([])
    assert math.isnan(empty.mean) and empty[1:] == (None, 0)
    assert paired({0: 1.0}, {1: 1.0}).count == 0


def test_nan_is_left_out_and_counted_so():
    assert interval([1, math.nan, 3]) == interval([1, 3])
    assert interval([math.nan, math.nan]).count == 0
    assert interval([math.inf, 1.0]) == Interval(math.inf, None, 2)


def test_equal_values_leave_no_doubt():
    assert interval([0.2, 0.2]).half == 0
    assert interval([0.2, 0.2]).excludes_zero
    assert not interval([0.0, 0.0]).excludes_zero
