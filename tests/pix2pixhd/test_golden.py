"""Our networks with the authors' weights against the outputs of the authors' networks."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from golden import close, train_as_the_original, under
from torch import Tensor

from synthkit.inputs import BoundaryInput
from synthkit.plugins import load as load_plugin
from synthkit.registry import DISCRIMINATORS, ENCODERS, GENERATORS, LOSSES
from synthkit.translator import Translator

GOLDEN = Path(__file__).parents[1] / "data" / "golden" / "pix2pixhd"

load_plugin("pix2pixhd")
from synthkit.plugins.pix2pixhd.official import convert  # noqa: E402  (after the plugin is found)


def loaded(network: torch.nn.Module, tensors: dict[str, Tensor], prefix: str = "weights") -> torch.nn.Module:
    network.load_state_dict(convert(under(tensors, prefix)))
    return network.eval()


def test_global_generator(golden):
    tensors, original = golden("pix2pixhd/global_generator")
    spec = dict(
        type="pix2pixhd/global",
        channels=original["ngf"],
        downsamples=original["n_downsampling"],
        blocks=original["n_blocks"],
    )
    network = loaded(GENERATORS.build(spec, in_channels=original["input_nc"]), tensors)
    close(network(tensors["input.condition"]), tensors["output.image"])


@pytest.mark.parametrize("enhancers", [1, 2])
def test_local_enhancer(golden, enhancers):
    tensors, original = golden(f"pix2pixhd/local_enhancer_{enhancers}")
    assert original["n_local_enhancers"] == enhancers
    spec = dict(
        type="pix2pixhd/local",
        channels=original["ngf"],
        downsamples=original["n_downsample_global"],
        blocks=original["n_blocks_global"],
        enhancers=enhancers,
        local_blocks=original["n_blocks_local"],
    )
    network = loaded(GENERATORS.build(spec, in_channels=original["input_nc"]), tensors)
    close(network(tensors["input.condition"]), tensors["output.image"])


def test_instance_encoder(golden):
    tensors, original = golden("pix2pixhd/instance_encoder")
    spec = dict(
        type="pix2pixhd/instance_encoder", channels=original["nef"], downsamples=original["n_downsampling"]
    )
    network = loaded(ENCODERS.build(spec), tensors)
    image, instance = tensors["input.image"], tensors["input.instance"]
    close(network.network(image), tensors["output.unpooled"])
    style, extras = network(image, instance)
    close(style, tensors["output.features"])
    assert extras == {}


@pytest.mark.parametrize("scales", [2, 3])
def test_multiscale_discriminator(golden, scales):
    tensors, original = golden(f"pix2pixhd/multiscale_discriminator_{scales}")
    spec = dict(
        type="pix2pixhd/multiscale", channels=original["ndf"], layers=original["n_layers"], scales=scales
    )
    network = loaded(DISCRIMINATORS.build(spec, in_channels=original["input_nc"]), tensors)
    pair = tensors["input.pair"]
    outputs = network(pair[:, :-3], pair[:, -3:])
    assert [len(features) for features in outputs] == [original["n_layers"] + 2] * scales
    for scale, features in enumerate(outputs):
        for layer, feature in enumerate(features):
            close(feature, tensors[f"output.scale{scale}.layer{layer}"])


def test_losses(golden):
    tensors, original = golden("pix2pixhd/losses")

    def outputs(kind: str) -> list[list[Tensor]]:
        layers = range(original["n_layers"] + 2)
        scales = range(original["num_D"])
        return [[tensors[f"input.{kind}.scale{s}.layer{n}"] for n in layers] for s in scales]

    step = SimpleNamespace(real_outputs=outputs("real"), fake_outputs=outputs("fake"))
    gan, matching = LOSSES.build("lsgan"), LOSSES.build("pix2pixhd/feature_matching")
    expected = {key.removeprefix("output."): v.squeeze() for key, v in tensors.items() if "output" in key}
    close(gan.generator(step), expected["lsgan_generator"])
    halves = expected["lsgan_real_on_real"] + expected["lsgan_fake_on_fake"]
    close(gan.discriminator(step), halves / 2)
    close(original["lambda_feat"] * matching.generator(step), expected["feature_matching_weighted_10"])


def test_boundary(golden):
    tensors, _ = golden("pix2pixhd/boundary")
    assert torch.equal(BoundaryInput()({"instance": tensors["input.instance"]}), tensors["output.boundary"])


def test_three_training_steps(golden):
    """The registered step, given the same batches, gives the authors' losses and weights."""
    tensors, original = golden("pix2pixhd/training_3_steps")
    model = Translator.from_config(
        {
            "inputs": {"label": {"classes": original["labels"]}, "boundary": {}},
            "generator": {
                "type": "pix2pixhd/global",
                "channels": original["ngf"],
                "downsamples": original["n_downsampling"],
                "blocks": original["n_blocks"],
            },
            "discriminator": {
                "type": "pix2pixhd/multiscale",
                "channels": original["ndf"],
                "layers": original["n_layers"],
                "scales": original["num_D"],
            },
            "losses": {
                "gan": {"type": "lsgan"},
                "features": {"type": "pix2pixhd/feature_matching", "weight": original["lambda_feat"]},
            },
        }
    )
    networks = train_as_the_original(model, "joint", tensors, original, convert, term="features")
    for name, network in networks.items():
        state, expected = network.state_dict(), convert(under(tensors, f"after.{name}"))
        for key in _meaningful(expected):
            close(state[key], expected[key])


def _meaningful(keys) -> list[str]:
    """Without the biases that feed a normalisation: their true gradient is zero, and Adam blows up noise."""
    ends = ("head.conv.bias", "blocks.0.conv.bias", "blocks.4.conv.bias")
    return [key for key in keys if key.endswith("weight") or key.endswith(ends)]


def test_official_layouts_fit_the_networks():
    """The published checkpoints' shapes are those of the networks that the paper's settings build."""
    layouts = json.loads((GOLDEN / "official_state_dict_layout.json").read_text())
    specs = {
        "label2city_512p_G": (GENERATORS, {"type": "pix2pixhd/global"}, 36),
        "label2city_512p_feat_G": (GENERATORS, {"type": "pix2pixhd/global"}, 39),
        "label2city_1024p_G": (GENERATORS, {"type": "pix2pixhd/local"}, 36),
        "label2city_512p_feat_E": (ENCODERS, {"type": "pix2pixhd/instance_encoder"}, 3),
        "label2city_512p_D": (DISCRIMINATORS, {"type": "pix2pixhd/multiscale", "scales": 2}, 39),
        "label2city_1024p_D": (DISCRIMINATORS, {"type": "pix2pixhd/multiscale", "scales": 3}, 39),
    }
    assert specs.keys() == layouts.keys()
    for name, (registry, spec, channels) in specs.items():
        with torch.device("meta"):
            network = registry.build(spec, in_channels=channels)
            official = {key: torch.empty(shape) for key, shape in layouts[name].items()}
        shapes = {key: value.shape for key, value in network.state_dict().items()}
        assert {key: value.shape for key, value in convert(official).items()} == shapes, name
