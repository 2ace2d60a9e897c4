"""Averaged weights: the running mean of a training's weights, and what translates in its runs."""

import pytest
import torch
from small_runs import tiny
from torch import nn

from synthkit import checkpoint, inference
from synthkit.ema import Average
from synthkit.runner import train


def test_averaged_weights_are_the_running_mean():
    """Against a plain loop, with its warm-up; the first update takes the weights as they are."""
    network = nn.BatchNorm1d(3)
    average = Average(nn.ModuleDict({"generator": network, "discriminator": nn.Linear(2, 2)}), decay=0.6)
    assert list(average.networks) == ["generator"]
    expected = None
    for count in range(6):
        nn.init.normal_(network.weight)
        network(torch.randn(4, 3))
        average.update()
        decay = min(0.6, (1 + count) / (10 + count))
        now = network.weight.detach().clone()
        expected = now if expected is None else decay * expected + (1 - decay) * now
    torch.testing.assert_close(average.networks["generator"].weight, expected)
    assert average.networks["generator"].num_batches_tracked == 6


@pytest.mark.parametrize("norm", [nn.utils.spectral_norm, nn.utils.parametrizations.spectral_norm])
def test_averaged_weights_keep_their_spectral_norm(norm):
    """Averaged vectors of the power iteration would be too short, and the norm several times too large."""
    torch.manual_seed(0)
    network = nn.Sequential(norm(nn.Conv2d(4, 16, 3, padding=1)), nn.ReLU(), nn.Conv2d(16, 3, 1))
    average = Average(nn.ModuleDict({"generator": network}))
    optimizer = torch.optim.Adam(network.parameters(), lr=5e-3)
    inputs, targets = torch.randn(4, 4, 8, 8), torch.randn(4, 3, 8, 8)
    for _ in range(150):
        optimizer.zero_grad()
        (network(inputs) - targets).square().mean().backward()
        optimizer.step()
        average.update()
    averaged = average.networks["generator"].eval()
    averaged(inputs)
    assert torch.linalg.matrix_norm(averaged[0].weight.flatten(1), 2).item() == pytest.approx(1, abs=0.1)


def test_averaged_weights_translate(tmp_path):
    run = train(tiny("train.ema={decay: 0.9}"), tmp_path / "run")
    model = inference.load(run)
    stored = checkpoint.find(run)[0]
    name = "generator.head.conv.weight"
    ours = model.translator.networks.state_dict()[name]
    assert torch.equal(ours, stored.average()[name])
    assert not torch.equal(ours, stored.weights()[name])
