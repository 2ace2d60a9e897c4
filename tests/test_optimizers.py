"""Optimisers from configs, and the learning rate's course."""

import pytest
import torch
from torch import nn

from synthkit.errors import ConfigError
from synthkit.nn.init import initialize
from synthkit.optimizers import build_optimizers
from synthkit.schedules import Schedule


def groups() -> dict:
    return {"generator": [nn.Parameter(torch.ones(2))], "discriminator": [nn.Parameter(torch.ones(3))]}


def test_one_setting_for_all_or_one_each():
    both = build_optimizers({"type": "Adam", "lr": 2e-4, "betas": [0.5, 0.999]}, groups())
    assert {name: each.defaults["betas"] for name, each in both.items()} == {
        "generator": (0.5, 0.999),
        "discriminator": (0.5, 0.999),
    }
    apart = build_optimizers(
        {"generator": {"type": "SGD", "lr": 0.1}, "discriminator": {"lr": 4e-4}}, groups()
    )
    assert isinstance(apart["generator"], torch.optim.SGD)
    assert apart["discriminator"].defaults["lr"] == 4e-4


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"type": "os.system"}, "no optimizer 'os.system'; choose one of Adam"),
        ({"type": "Adam", "lrr": 1}, "unknown key 'lrr'"),
        ({"generator": {}, "discriminator": {}, "encoder": {}}, "unknown key 'encoder'"),
    ],
)
def test_wrong_settings(section, message):
    with pytest.raises(ConfigError, match=message):
        build_optimizers(section, groups())


def test_hold_then_linear_to_zero():
    factors = [Schedule(hold=0.5).factor(step, steps=10) for step in range(11)]
    assert factors[:6] == [1.0] * 6
    assert factors[6:] == pytest.approx([0.8, 0.6, 0.4, 0.2, 0.0])
    assert Schedule(hold=1.0).factor(9, steps=10) == 1.0


def test_rates_are_factors_of_the_first_one():
    optimizers = build_optimizers({"lr": 0.5}, groups())
    for factor in (0.5, 0.1, 1.0):
        optimizers.set_rate(factor)
        assert optimizers["generator"].param_groups[0]["lr"] == 0.5 * factor


def test_betas_may_be_whole_numbers():
    optimizers = build_optimizers({"type": "Adam", "betas": [0, 0.9]}, groups())
    assert optimizers["generator"].param_groups[0]["betas"] == (0.0, 0.9)


@pytest.mark.parametrize(("method", "deviation"), [("normal", 0.02), ("xavier", 0.02 * (2 / 1152) ** 0.5)])
def test_initial_weights(method, deviation):
    network = nn.Sequential(nn.Conv2d(64, 64, 3), nn.BatchNorm2d(64))
    bias = network[0].bias.clone()
    initialize(network, method)
    assert network[0].weight.std().item() == pytest.approx(deviation, rel=0.05)
    assert network[1].weight.mean().item() == pytest.approx(1.0, abs=0.01)
    assert torch.equal(network[0].bias, bias)
    initialize(network, method, zero_biases=True)
    assert not network[0].bias.any()


def test_orthogonal_and_spectral_weights():
    layer = initialize(nn.Linear(8, 8), "orthogonal", 1.0)
    torch.testing.assert_close(layer.weight @ layer.weight.T, torch.eye(8), atol=1e-5, rtol=0)
    normed = nn.utils.spectral_norm(nn.Conv2d(16, 16, 3))
    initialize(normed, "normal")
    assert normed.weight_orig.std().item() == pytest.approx(0.02, rel=0.1)
    with pytest.raises(ValueError, match="choose one of normal, xavier, kaiming, orthogonal"):
        initialize(nn.Linear(2, 2), "uniform")
