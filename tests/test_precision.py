"""What bf16 saves and costs at inference."""

import numpy as np
import pytest
import torch
from small_runs import tiny
from torch import nn
from torch.nn.utils import spectral_norm
from torch.nn.utils.parametrizations import spectral_norm as parametrized

import synthkit
from synthkit import inference, memory
from synthkit.data.streets import paint
from synthkit.nn.norms import BatchNorm
from synthkit.nn.precision import store_weights

CPU = torch.device("cpu")


def test_stored_weights_give_the_bits_of_autocast():
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(3, 8, 3),
        BatchNorm(8),
        spectral_norm(nn.Conv2d(8, 8, 3)),
        parametrized(nn.Conv2d(8, 8, 3)),
        nn.ConvTranspose2d(8, 4, 3),
        nn.Flatten(),
        nn.Linear(4 * 12 * 12, 5),
    ).eval()
    given = torch.randn(2, 3, 16, 16)
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        expected = network(given)
        store_weights(network, torch.bfloat16)
        assert torch.equal(network(given), expected)
    kinds = {name: value.dtype for name, value in network.state_dict().items()}
    halved = {name for name, kind in kinds.items() if kind == torch.bfloat16}
    assert halved == {*("0.weight", "0.bias", "2.bias", "3.bias", "4.weight", "4.bias", "6.weight", "6.bias")}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    generator = "{type: pix2pixhd/local, channels: 8, downsamples: 2, blocks: 2}"
    cfg = tiny(f"model.generator={generator}", "data.size=[64, 128]", "train.steps=1")
    return synthkit.train(cfg, tmp_path_factory.mktemp("precision") / "run")


def test_bf16_is_close_to_fp32(run):
    scene = paint(3, 64, 128)
    images = {}
    for precision in ("fp32", "bf16"):
        model = synthkit.load(run, precision=precision)
        image = model.translate(label=scene.label, instance=scene.instance)
        images[precision] = np.asarray(image).astype(int)
    difference = np.abs(images["fp32"] - images["bf16"])
    assert 0 < difference.mean() < 1 and difference.max() <= 8  # of 255


@pytest.mark.parametrize(("supported", "precision"), [(True, "bf16"), (False, "fp32")])
def test_a_cpu_without_bf16_translates_in_fp32_what_was_trained_in_bf16(
    tmp_path, monkeypatch, supported, precision
):
    cfg = tiny("train.steps=1", "train.precision=bf16", "train.validation_images=0")
    run = synthkit.train(cfg, tmp_path / "run")
    monkeypatch.setattr(inference, "takes_bf16", lambda device: supported)
    assert synthkit.load(run, device="cpu").translator.precision == precision
    assert synthkit.load(run, device="cpu", precision="bf16").translator.precision == "bf16"


def test_the_condition_is_in_the_working_precision(run):
    translator = synthkit.load(run, precision="bf16").translator
    seen = []
    translator.networks["generator"].register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    batch = {key: torch.zeros(1, 1, 16, 16).int() for key in ("label", "instance")}
    translator.translate(batch)
    assert seen[0].dtype == torch.bfloat16
    assert translator.condition(batch).dtype == torch.float32


def test_a_large_image_takes_little_more_than_its_condition(tmp_path):
    """2048 x 1024 pixels and 36 channels: 151 MB of condition in bf16, and twice that for it to be made."""
    cfg = tiny("model.inputs.label.classes=35", "model.generator.channels=8", "train.steps=1")
    model = synthkit.load(synthkit.train(cfg, tmp_path / "run"), precision="bf16")
    label = np.random.default_rng(0).integers(0, 35, (1024, 2048), np.uint8)
    memory.reset_peak(CPU)
    before = memory.peak(CPU)
    model.translate(label=label, instance=label)
    assert memory.peak(CPU) - before < 450e6
