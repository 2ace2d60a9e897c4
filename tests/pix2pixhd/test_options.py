"""What is often asked for is one key on the command line of a shipped config, and trains."""

import numpy as np
import pytest
import torch
from torch import nn
from typer.testing import CliRunner

import synthkit
from synthkit import checkpoint
from synthkit.cli import app, train  # noqa: F401  (importing registers the command)
from synthkit.data.streets import paint
from synthkit.nn.blocks import ResizeConv2d

CONFIG = "pix2pixhd/streets_64"
SMALL = [
    "data.size=[32, 32]",
    "model.generator={channels: 4, downsamples: 2, blocks: 1}",
    "model.discriminator.channels=4",
    "model.losses.perceptual=null",
    "train={steps: 2, workers: 0, validation_images: 1, samples: 1, dry_run: false, precision: fp32}",
]
LOCAL = ["model.generator.type=pix2pixhd/local"]


def trained(folder, *overrides: str):
    result = CliRunner().invoke(app, ["train", CONFIG, *SMALL, *overrides, "--work-dir", str(folder)])
    assert result.exit_code == 0, result.output
    return folder


def kinds(network: nn.Module) -> set[type]:
    return {type(module) for module in network.modules()}


@pytest.mark.parametrize("network", [[], LOCAL], ids=["global", "local"])
def test_resize_convolution(network, tmp_path):
    run = trained(tmp_path / "run", "model.generator.upsample=resize", *network)
    found = kinds(synthkit.load(run).translator.networks["generator"])
    assert ResizeConv2d in found and nn.ConvTranspose2d not in found


def test_spectral_norm(tmp_path):
    run = trained(tmp_path / "run", "model.discriminator.spectral=true")
    stored = checkpoint.find(run)[0].weights()
    normed = [key for key in stored if key.startswith("discriminator.") and key.endswith("weight_orig")]
    assert len(normed) == 2 * 3  # scales, and the convolutions that have a norm


@pytest.mark.parametrize("network", [[], LOCAL], ids=["global", "local"])
def test_dropout_in_training_alone(network, tmp_path):
    run = trained(tmp_path / "run", "model.generator.dropout=0.5", *network)
    model, scene = synthkit.load(run), paint(0, 32, 32)
    images = [np.asarray(model.translate(label=scene.label, instance=scene.instance)) for _ in range(2)]
    assert np.array_equal(*images)
    generator = model.translator.networks["generator"].train()
    given = torch.rand(1, 13, 32, 32)
    assert not torch.equal(generator(given), generator(given))
