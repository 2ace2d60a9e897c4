"""Runs of the authors' files: what the shapes say, what the run makes of an image, what does not fit."""

import numpy as np
import pytest
import torch
from PIL import Image
from pix2pix_original import patch, pixel, unet
from torch import nn

import synthkit
from synthkit import checkpoint, config
from synthkit.data.streets import paint
from synthkit.errors import CheckpointError
from synthkit.importers import Source, import_file
from synthkit.registry import DISCRIMINATORS
from synthkit.runner import train


@pytest.fixture
def bring(tmp_path):
    """`bring(state, kind, **options)`: the state dict in a file of the original's, imported into a run."""
    run = tmp_path / "run"

    def bring(state, kind="G", **options):
        file = tmp_path / f"latest_net_{kind}.pth"
        torch.save(dict(state), file)
        bring.told = import_file(Source("pix2pix", file, kind), run, **options)
        return run

    return bring


def with_statistics(network: nn.Module) -> nn.Module:
    """The network as it is once a batch has passed: running statistics that matter."""
    for norm in network.modules():
        if isinstance(norm, nn.BatchNorm2d):
            nn.init.uniform_(norm.running_mean, -1, 1)
            nn.init.uniform_(norm.running_var, 0.5, 2)
    return network


@pytest.mark.parametrize(
    ("downs", "norm", "name", "inference"),
    [
        (5, nn.BatchNorm2d, "batch", {"dropout": False, "batch_statistics": True}),
        (7, nn.BatchNorm2d, "batch", {"dropout": True, "batch_statistics": True}),
        (8, nn.InstanceNorm2d, "instance", {"dropout": True, "batch_statistics": False}),
        (9, nn.BatchNorm2d, "batch", {"dropout": True, "batch_statistics": True}),
    ],
)
def test_generators(bring, downs, norm, name, inference):
    run = bring(with_statistics(unet(3, 2, downs, norm)).state_dict())
    cfg = config.load(run / "config.yaml")
    assert cfg["model"]["generator"] == {
        "type": "pix2pix/unet", "channels": 2, "downsamples": downs, "norm": name, "dropout": True
    }  # fmt: skip
    assert cfg["model"]["inputs"] == {"source": {"channels": 3}}
    assert cfg["model"]["inference"] == inference
    assert cfg["data"]["type"] == "aligned" and cfg["data"]["direction"] == "a_to_b"
    assert "--pair PAIR" in bring.told
    photo = paint(3, 16, 32).image
    assert synthkit.load(run, device="cpu").translate(source=photo).size == (32, 16)


@pytest.mark.parametrize("prefix", ["", "module."])
def test_golden_generator(bring, golden, prefix):
    """Through the file of today, and of DataParallel before PyTorch counted batches."""
    tensors, _ = golden("pix2pix/unet_generator")
    state = {key.removeprefix("weights."): v for key, v in tensors.items() if key.startswith("weights.")}
    if prefix:
        state = {prefix + key: v for key, v in state.items() if not key.endswith("num_batches_tracked")}
    run = bring(state, labels=4, boundary=False)
    assert config.load(run / "config.yaml")["data"]["type"] == "folders"
    network = synthkit.load(run, device="cpu").translator.networks["generator"]
    condition = tensors["input.condition"]
    torch.testing.assert_close(network(condition), tensors["output.image_eval_mode"], atol=1e-5, rtol=0)
    network.train()
    torch.testing.assert_close(network(condition), tensors["output.image_train_mode"], atol=1e-5, rtol=0)


@pytest.mark.parametrize("norm", [nn.BatchNorm2d, nn.InstanceNorm2d])
@pytest.mark.parametrize("layers", [0, 1, 3, 5])
def test_discriminators(bring, layers, norm):
    bring(unet(3, 2, 5).state_dict())
    original = with_statistics(pixel(6, 4, norm) if layers == 0 else patch(6, 4, layers, norm))
    run = bring(original.state_dict(), "D")
    settings = config.load(run / "config.yaml")["model"]["discriminator"]
    assert settings["layers"] == layers and settings["bias"] == (norm is nn.InstanceNorm2d)
    weights = checkpoint.find(run)[0].weights()
    network = DISCRIMINATORS.build(settings, in_channels=6).eval()
    ours = {key.removeprefix("discriminator."): v for key, v in weights.items() if key.startswith("disc")}
    network.load_state_dict(ours)
    pair = torch.randn(2, 6, 128, 128)
    expected = original.eval()["net" if layers == 0 else "model"](pair)
    torch.testing.assert_close(network(pair[:, :3], pair[:, 3:])[0][-1], expected, atol=1e-5, rtol=0)


def test_training_goes_on_from_it(bring, tmp_path):
    halves = [paint(seed, 32, 32).image for seed in (1, 2)]
    for split in ("train", "test"):
        (tmp_path / "data" / split).mkdir(parents=True)
        Image.fromarray(np.hstack(halves)).save(tmp_path / "data" / split / "a.png")
    short = "train={steps: 2, workers: 0, validation_images: 1, samples: 1, dry_run: false}"
    bring(unet(3, 2, 5).state_dict(), overrides=[f"data.root={tmp_path / 'data'}", short])
    run = bring(patch(6, 4, 1).state_dict(), "D")
    train(config.load(run / "config.yaml"), run, resume=True)
    assert checkpoint.find(run)[0].step == 2


DEEP = "model.model.1.model.3.model.3.model.3"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model.model.0.weight": torch.zeros(2, 4, 4, 4)}, r"takes 4 channels"),
        ({f"{DEEP}.model.3.weight": None}, r"missing: generator\.up\.0\.conv\.weight"),
        ({f"{DEEP}.model.1.weight": None}, r"extra: generator\.up\.3\.conv\.weight"),
        ({f"{DEEP}.model.7.weight": torch.zeros(1)}, r"a block 4 deep of 4 has no layer 7"),
        ({f"{DEEP}.model.2.weight": torch.zeros(1)}, r"a block 4 deep of 4 has no layer 2"),
        ({"model.model.1.model.2.weight": torch.zeros(5)}, r"reshaped: generator\.down\.1\.norm\.weight"),
        ({"model.model.0.weight": None}, r"they have a convolution 'down\.0\.conv\.weight'"),
        ({"epoch": torch.zeros(1)}, r"'epoch' is not a key"),
    ],
)
def test_a_changed_file_is_refused_by_the_key(bring, tmp_path, change, message):
    state = {**unet(3, 2, 5).state_dict(), **change}
    with pytest.raises(CheckpointError, match=message):
        bring({key: value for key, value in state.items() if value is not None})
    assert not (tmp_path / "run").exists()


def test_what_does_not_fit(bring):
    with pytest.raises(CheckpointError, match="holds the discriminator"):
        bring(patch(6, 4, 1).state_dict())
    with pytest.raises(CheckpointError, match="2 labels leave 3 channels, and pix2pix has no style"):
        bring(unet(5, 2, 5).state_dict(), labels=2, boundary=False)
    bring(unet(3, 2, 5).state_dict())
    with pytest.raises(CheckpointError, match="for a condition of 4 channels"):
        bring(patch(7, 4, 1).state_dict(), "D")
