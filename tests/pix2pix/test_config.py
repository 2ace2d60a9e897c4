"""The config has the values of the paper, and builds the networks of the authors' code."""

import torch
from pix2pix_original import patch, unet
from torch import nn

from synthkit import config
from synthkit.plugins import load as load_plugin
from synthkit.translator import Translator

load_plugin("pix2pix")
from synthkit.plugins.pix2pix.official import convert  # noqa: E402  (after the plugin is found)


def shapes(state) -> dict[str, torch.Size]:
    return {key: value.shape for key, value in state.items()}


def test_networks_and_losses_are_the_paper_s():
    """Section 3 and 6.1: channels, depth, biases, weights of the losses, Adam."""
    cfg = config.load("pix2pix/aligned_256")
    with torch.device("meta"):
        model, originals = Translator.from_config(cfg["model"]), (unet(3, 64, 8), patch(6, 64, 3))
        expected = [shapes(convert(each.state_dict())) for each in originals]
    assert [shapes(model.networks[name].state_dict()) for name in ("generator", "discriminator")] == expected
    assert model.loss_weights == {"gan": 1, "l1": 100}
    assert model.losses["gan"].discriminator_weight == 0.5
    assert config.plain(cfg["train"])["optimizer"] == {"type": "Adam", "lr": 2e-4, "betas": [0.5, 0.999]}


def test_first_weights_are_the_paper_s():
    """Section 6.2: normal, of a deviation of 0.02; biases begin at zero, and gains of norms around one."""
    torch.manual_seed(0)
    cfg = config.load("pix2pix/aligned_256", ["model.generator.channels=8", "model.discriminator.channels=8"])
    for network in Translator.from_config(cfg["model"]).networks.values():
        layers = [each for each in network.modules() if isinstance(each, nn.Conv2d | nn.ConvTranspose2d)]
        weights = torch.cat([layer.weight.flatten() for layer in layers])
        assert abs(weights.std() - 0.02) < 3e-4 and abs(weights.mean()) < 5e-4
        assert all((layer.bias == 0).all() for layer in layers if layer.bias is not None)
        gains = torch.cat([each.weight for each in network.modules() if isinstance(each, nn.BatchNorm2d)])
        assert abs(gains.mean() - 1) < 5e-3 and abs(gains.std() - 0.02) < 3e-3
