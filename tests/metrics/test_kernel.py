"""The kernel distance against a plain double loop, and the rows that it keeps."""

import numpy as np
import pytest
import torch

from synthkit.metrics import kernel
from synthkit.metrics.kernel import Drawn, kernel_distance, polynomial_mmd


def loops(first: np.ndarray, second: np.ndarray) -> float:
    """The unbiased estimate as its definition has it."""
    size = first.shape[1]

    def kernel(x, y):
        return (sum(a * b for a, b in zip(x, y, strict=True)) / size + 1) ** 3

    def within(rows):
        pairs = [kernel(rows[i], rows[j]) for i in range(len(rows)) for j in range(len(rows)) if i != j]
        return sum(pairs) / len(pairs)

    across = [kernel(x, y) for x in first for y in second]
    return within(first) + within(second) - 2 * sum(across) / len(across)


def test_equals_a_double_loop():
    first, second = torch.randn(9, 6).double(), torch.randn(7, 6).double() + 0.5
    expected = loops(first.numpy(), second.numpy())
    assert polynomial_mmd(first, second).item() == pytest.approx(expected, rel=1e-12)
    mean, deviation = kernel_distance(first.float(), second.float())  # a hundred times the subset of 7 and 7
    assert deviation > 0  # the nine are drawn from
    mean, deviation = kernel_distance(first[:7], second)
    assert mean == pytest.approx(loops(first[:7].numpy(), second.numpy()), rel=1e-9)
    assert deviation == pytest.approx(0, abs=1e-12)


def test_subsets_have_the_value_of_all_rows_in_the_mean():
    """Within four standard errors; and the draw is the same each time."""
    fake, real = torch.randn(400, 8) + 0.3, torch.randn(400, 8)
    mean, deviation = kernel_distance(fake, real)
    assert abs(mean - polynomial_mmd(fake.double(), real.double()).item()) < 4 * deviation / 10
    assert (mean, deviation) == kernel_distance(fake, real)


def test_unbiased_where_the_frechet_distance_is_not():
    """Of equal distributions the mean over many small sets is zero."""
    values = polynomial_mmd(torch.randn(2000, 10, 4).double(), torch.randn(2000, 10, 4).double())
    assert abs(values.mean()) < 4 * values.std() / 2000**0.5
    assert (values < 0).any()


def test_up_to_a_limit_all_rows_are_kept_in_order():
    rows, drawn = torch.randn(2, 20, 3), Drawn()
    for batch in rows.split(6, 1):
        drawn.add(batch)
    assert torch.equal(drawn.all(), rows)


def test_beyond_it_a_fair_share_is(monkeypatch):
    monkeypatch.setattr(kernel, "KEPT", 500)
    halves = [Drawn(), Drawn()]
    for number, drawn in enumerate(halves):
        for start in range(0, 5000, 8):
            drawn.add((torch.arange(start, start + 8) + 5000 * number).expand(2, 8)[..., None].float())
            assert sum(map(len, drawn.chances)) <= 1000
    rows = (halves[0] + halves[1]).all()
    assert rows.shape == (2, 500, 1)
    assert torch.equal(rows[0], rows[1])
    assert len(rows[0].unique()) == 500
    quarters = torch.histc(rows[0], 4, 0, 10_000)
    assert (quarters - 125).abs().max() < 50
