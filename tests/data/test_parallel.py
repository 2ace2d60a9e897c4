import os
import signal
import time

import pytest

from synthkit.data.parallel import Died, each


def square_or_die(number):
    if number in (5, 23):
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.001 * (number % 3))
    return number * number


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_the_dead_are_named_and_nothing_else_is_lost(workers):
    results = list(each(square_or_die, range(40), workers))
    assert results == [Died(n) if n in (5, 23) else n * n for n in range(40)]


@pytest.mark.parametrize("workers", [0, 2])
def test_what_the_function_raises_is_raised(workers):
    arriving = each(lambda number: 6 // number, [3, 2, 0, 1], workers)
    assert [next(arriving), next(arriving)] == [2, 3]
    with pytest.raises(ZeroDivisionError):
        next(arriving)


def test_no_items():
    assert list(each(abs, [], 2)) == []
