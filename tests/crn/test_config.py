"""The config has the values of the authors' code."""

import torch

from synthkit import config
from synthkit.translator import Translator


def test_first_weights_have_xavier_s_variance():
    """2 / (what a weight's layer takes in + what it gives out), as in their library."""
    torch.manual_seed(0)
    cfg = config.load("crn/cityscapes_256", ["model.generator.channels=64", "model.losses.perceptual=null"])
    for refinement in Translator.from_config(cfg["model"]).networks["generator"].refinements:
        for layer in refinement.layers:
            wide_out, wide_in = layer.conv.weight.shape[:2]
            expected = (2 / (9 * (wide_in + wide_out))) ** 0.5
            assert abs(layer.conv.weight.std().item() / expected - 1) < 0.05


def test_training_is_the_authors():
    train = config.plain(config.load("crn/cityscapes_256_diversity")["train"])
    assert (train["batch_size"], train["steps"], train["order"]) == (1, "200 epochs", "generator_only")
    assert train["optimizer"] == {"type": "Adam", "lr": 1e-4}
