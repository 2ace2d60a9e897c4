"""Norms: held statistics, by which a change stays where it is, and norms that follow from the condition."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from synthkit.errors import ConfigError
from synthkit.nn.norms import BatchNorm, ConditionalNorm, InstanceNorm, held_statistics, norm_factory
from synthkit.registry import DISCRIMINATORS, GENERATORS, NORMS


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
    torch.testing.assert_close(base, plain)
    assert torch.equal(held[~changed], base[~changed])
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


@NORMS.register_module("user/gained")
class Gained(ConditionalNorm):
    """Instance norm times one plus a 1x1 convolution of the condition."""

    def __init__(self, channels: int, condition_channels: int):
        super().__init__()
        self.norm, self.gain = InstanceNorm(channels), nn.Conv2d(condition_channels, channels, 1)

    def forward(self, x, condition):
        return self.norm(x) * (1 + self.gain(F.interpolate(condition, x.shape[2:])))


GENERATOR = {"type": "pix2pixhd/local", "channels": 2, "downsamples": 1, "blocks": 1, "local_blocks": 1}


def test_a_conditional_norm_in_every_block_sees_the_condition():
    network = GENERATORS.build(GENERATOR | {"norm": "user/gained"}, in_channels=4, style_channels=2)
    gains = [each.gain for each in network.modules() if isinstance(each, Gained)]
    plain = GENERATORS.build(GENERATOR, in_channels=4, style_channels=2)
    assert len(gains) == sum(isinstance(each, InstanceNorm) for each in plain.modules())
    image = network(torch.randn(1, 4, 16, 24), torch.randn(1, 2))
    for gradient in torch.autograd.grad(image.square().sum(), [gain.weight for gain in gains]):
        assert gradient.shape[1] == 6 and (gradient.abs().sum((0, 2, 3)) > 0).all()


def test_a_network_without_a_condition_refuses_a_conditional_norm():
    with pytest.raises(ConfigError, match="'user/gained' is conditional"):
        DISCRIMINATORS.build({"type": "patch", "norm": "user/gained"}, in_channels=4)


def test_a_factory_may_make_conditional_norms():
    network = GENERATORS.build(GENERATOR | {"norm": lambda channels: Gained(channels, 4)}, in_channels=4)
    assert network(torch.randn(1, 4, 16, 24)).shape == (1, 3, 16, 24)


def test_norms_as_in_yaml():
    assert isinstance(norm_factory({"type": "batch", "affine": False})(4), BatchNorm)
    assert [*norm_factory({"type": "batch", "affine": False})(4).parameters()] == []
