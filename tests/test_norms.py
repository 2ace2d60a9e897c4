"""Held statistics: a change stays where it is."""

import torch
from torch import nn

from synthkit.nn.norms import InstanceNorm, held_statistics


def test_held_statistics_keep_a_change_in_its_place():
    network = nn.Sequential(
        nn.Conv2d(2, 3, 1), InstanceNorm(3), nn.ReLU(), nn.Conv2d(3, 3, 1), InstanceNorm(3)
    )
    before = torch.randn(2, 2, 6, 8)
    after = before.clone()
    after[:, :, 1:3, 2:4] += 2
    changed = (after != before).any(1, keepdim=True).expand(-1, 3, -1, -1)
    plain, anew = network(before), network(after)
    with held_statistics(network):
        base, held = network(before), network(after)
    assert torch.equal(base, plain)
    torch.testing.assert_close(held[~changed], base[~changed])
    assert (held - base)[changed].abs().min() > 0 and (anew - base)[~changed].abs().min() > 0
    assert torch.equal(network(after), anew)  # nothing is held any more


def test_the_statistics_are_those_of_each_image_and_channel():
    norm, first, second = InstanceNorm(3, eps=0.1), torch.randn(2, 3, 4, 5), torch.randn(2, 3, 4, 5)
    with held_statistics(norm):
        norm(first)
        held = norm(second.bfloat16())
    mean = first.mean((2, 3), keepdim=True)
    scale = (first.var((2, 3), keepdim=True, correction=0) + 0.1).sqrt()
    assert held.dtype == torch.bfloat16
    torch.testing.assert_close(held.float(), (second - mean) / scale, atol=0.05, rtol=0.02)
