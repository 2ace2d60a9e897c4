"""The pool of fakes: how it fills and mixes, and that it goes on after a restore."""

import pytest
import torch

from synthkit.errors import SynthkitError
from synthkit.pool import FakePool


def pairs(numbers) -> tuple[torch.Tensor, torch.Tensor]:
    """Conditions and fakes that carry their number, in channels_last memory as in training."""
    fakes = torch.tensor(list(numbers), dtype=torch.float32).view(-1, 1, 1, 1).expand(-1, 3, 2, 4)
    fakes = fakes.contiguous(memory_format=torch.channels_last)
    return fakes.repeat(1, 2, 1, 1) + 1000, fakes


def test_it_fills_then_passes_on_about_half():
    pool = FakePool(20)
    assert torch.equal(pool.exchange(*pairs(range(20)))[1], pairs(range(20))[1])
    new = 0
    for number in range(20, 1020):
        condition, fake = pool.exchange(*pairs([number]))
        assert torch.equal(condition[:, :3], fake + 1000), "the pair is kept together"
        assert fake[0, 0, 0, 0] <= number
        new += int(fake[0, 0, 0, 0] == number)
    assert 450 < new < 550
    held = [int(fake[0, 0, 0]) for _, fake in pool.pairs]
    assert len(held) == len(set(held)) == 20


def test_what_it_keeps_has_no_gradient_and_memory_of_its_own():
    pool, (condition, fake) = FakePool(2), pairs(range(2))
    fake.requires_grad_()
    _, passed = pool.exchange(condition, fake * 1)
    assert not passed.requires_grad
    assert all(not kept.requires_grad for pair in pool.pairs for kept in pair)
    assert all(kept.untyped_storage().nbytes() == kept.numel() * 4 for pair in pool.pairs for kept in pair)


def test_a_restored_pool_goes_on_with_the_same_bits():
    first, second = FakePool(4), FakePool(4)
    for number in range(0, 12, 2):
        first.exchange(*pairs([number, number + 1]))
    tensors = {key: value.contiguous().clone() for key, value in first.tensors().items()}
    assert {key: value.shape for key, value in tensors.items()} == {
        "conditions": (4, 6, 2, 4),
        "fakes": (4, 3, 2, 4),
    }
    second.load_tensors(tensors)
    state = torch.get_rng_state()
    results = []
    for pool in (first, second):
        torch.set_rng_state(state)
        results.append([pool.exchange(*pairs([number, number + 1])) for number in range(12, 40, 2)])
    for ours, theirs in zip(*results, strict=True):
        for one, other in zip(ours, theirs, strict=True):
            assert torch.equal(one, other)
            assert one.stride() == other.stride(), "another layout sums in another order"


def test_an_empty_pool_is_restored_empty():
    pool = FakePool(3)
    assert pool.tensors() == {}
    pool.exchange(*pairs([1]))
    pool.load_tensors({})
    assert pool.pairs == []


def test_another_size_is_refused():
    pool = FakePool(3)
    pool.exchange(*pairs([1]))
    with pytest.raises(
        SynthkitError, match="holds fakes of 2 x 4 pixels, not 5 x 5: crop images to one size"
    ):
        pool.exchange(torch.rand(1, 6, 5, 5), torch.rand(1, 3, 5, 5))
