"""The networks in the original's files: what their shapes say, and that ours give what theirs give."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from pix2pixhd_original import discriminator, generator
from torch import nn

import synthkit
from synthkit import checkpoint
from synthkit.data.streets import paint
from synthkit.importers.draft import Draft

LAYOUTS = json.loads(
    (
        Path(__file__).parents[1] / "data" / "golden" / "pix2pixhd" / "official_state_dict_layout.json"
    ).read_text()
)
GLOBAL = dict(type="pix2pixhd/global", channels=64, downsamples=4, blocks=9, norm="instance")
LOCAL = dict(GLOBAL, type="pix2pixhd/local", channels=32, enhancers=1, local_blocks=3)
ENCODER = dict(type="pix2pixhd/instance_encoder", channels=16, downsamples=4, out_channels=3, norm="instance")
MULTISCALE = dict(type="pix2pixhd/multiscale", channels=64, layers=3, norm="instance")
CITYSCAPES = {"label": {"classes": 35}, "boundary": {}}


def weights(golden, name: str) -> tuple[dict, dict]:
    tensors, _ = golden(f"pix2pixhd/{name}")
    return {
        key.removeprefix("weights."): v for key, v in tensors.items() if key.startswith("weights.")
    }, tensors


@pytest.mark.parametrize(
    ("name", "settings", "styles", "size", "scales"),
    [
        ("label2city_512p_G", GLOBAL, 0, [512, 1024], 2),
        ("label2city_512p_feat_G", GLOBAL, 3, [512, 1024], 2),
        ("label2city_1024p_G", LOCAL, 0, [1024, 2048], 3),
    ],
)
def test_published_generators(bring, monkeypatch, name, settings, styles, size, scales):
    drafts = []
    monkeypatch.setattr(Draft, "write", lambda draft: drafts.append(draft))  # it would be 730 MB
    bring({key: torch.randn(()).expand(shape) for key, shape in LAYOUTS[name].items()})
    (draft,) = drafts
    assert draft.model["generator"] == settings and draft.model["inputs"] == CITYSCAPES
    encoder = draft.model.get("encoder")
    assert encoder == ({"type": "pix2pixhd/instance_encoder", "out_channels": styles} if styles else None)
    assert draft.model["discriminator"] == MULTISCALE | {"scales": scales}
    data = draft.config["data"]
    assert data["transform"]["resize"] == size and data["names"][26] == "car"
    built = draft.translator().networks["generator"].state_dict()
    stored = {key.removeprefix("generator."): value.shape for key, value in draft.weights.items()}
    assert {key: value.shape for key, value in built.items()} == stored
    assert sum(map(np.prod, LAYOUTS[name].values())) == sum(value.numel() for value in draft.weights.values())


def test_published_discriminator_and_encoder(bring):
    bring(generator(39, 4, 1, 1).state_dict())
    bring({key: torch.randn(shape) for key, shape in LAYOUTS["label2city_512p_D"].items()}, "D")
    run = bring({key: torch.randn(shape) for key, shape in LAYOUTS["label2city_512p_feat_E"].items()}, "E")
    model = checkpoint.find(run)[0].config["model"]
    assert model["discriminator"] == MULTISCALE | {"scales": 2} and model["encoder"] == ENCODER
    assert "image" in synthkit.load(run, device="cpu").translator.fields
    assert "no discriminator" not in bring.told and "--label LABEL --instance INSTANCE" in bring.told


@pytest.mark.parametrize("name", ["global_generator", "local_enhancer_1", "local_enhancer_2"])
def test_golden_generators(bring, golden, name):
    state, tensors = weights(golden, name)
    condition = tensors["input.condition"]
    run = bring(state, labels=condition.shape[1] - 1)
    network = synthkit.load(run, device="cpu").translator.networks["generator"]
    close(network(condition), tensors["output.image"])


def test_golden_discriminator_and_encoder(bring, golden):
    (judge, pairs), (encoder, images) = (
        weights(golden, name) for name in ("multiscale_discriminator_2", "instance_encoder")
    )
    bring(generator(9, 4, 1, 1).state_dict(), labels=5)
    bring(judge, "D")
    run = bring(encoder, "E")
    translator = Draft.of_run(run).translator().to_empty(device="cpu")
    checkpoint.restore_networks(checkpoint.find(run)[0], translator.networks)
    condition, image = pairs["input.pair"].split([6, 3], 1)
    for scale, features in enumerate(translator.discriminate(condition, image)):
        for layer, feature in enumerate(features):
            close(feature, pairs[f"output.scale{scale}.layer{layer}"])
    style, _ = translator.networks["encoder"](images["input.image"], images["input.instance"])
    close(style, images["output.features"])


def close(actual, expected):
    torch.testing.assert_close(actual, expected, atol=1e-5, rtol=0)


def test_translate_is_the_original_on_the_same_map(bring):
    """One-hot labels, then the boundary, computed here by hand."""
    network = generator(13, 4, 2, 1)
    scene = paint(3, 32, 64)
    one_hot = torch.eye(12)[torch.from_numpy(scene.label.astype(int))].permute(2, 0, 1)
    ids = scene.instance
    boundary = torch.zeros(1, *ids.shape)
    for y, x in np.argwhere(ids[:, 1:] != ids[:, :-1]):
        boundary[0, y, x] = boundary[0, y, x + 1] = 1
    for y, x in np.argwhere(ids[1:] != ids[:-1]):
        boundary[0, y, x] = boundary[0, y + 1, x] = 1
    with torch.inference_mode():
        expected = network["model"](torch.cat([one_hot, boundary])[None])[0]
    model = synthkit.load(bring(network.state_dict(), labels=12), device="cpu")
    image = np.asarray(model.translate(label=scene.label, instance=ids)).astype(int)
    assert np.abs(image - ((expected + 1) * 127.5).permute(1, 2, 0).numpy()).max() < 0.51


@pytest.mark.parametrize("norm", [nn.InstanceNorm2d, nn.BatchNorm2d])
def test_discriminators_without_feature_matching(bring, norm):
    """Their layers are numbered through, and are the same networks."""
    bring(generator(13, 4, 1, 1, norm=norm).state_dict(), labels=12)
    torch.manual_seed(5)
    split = discriminator(16, 4, 2, norm=norm)
    torch.manual_seed(5)
    plain = discriminator(16, 4, 2, matching=False, norm=norm)
    assert split.keys().isdisjoint(plain)
    stored = checkpoint.find(bring(plain, "D"))[0].weights()
    assert len(split) == sum(key.startswith("discriminator.") for key in stored)
    for key, value in split.items():
        scale, layer, place, entry = key.replace("scale", "").replace("_layer", ".").split(".")
        part = "norm" if place == "1" else "conv"
        assert torch.equal(stored[f"discriminator.scales.{scale}.blocks.{layer}.{part}.{entry}"], value), key


def test_batch_norm(bring):
    network = generator(12, 4, 2, 2, norm=nn.BatchNorm2d)
    network["model"](torch.randn(4, 12, 16, 16))  # running statistics of its own
    run = bring(network.state_dict(), labels=12, boundary=False)
    assert checkpoint.find(run)[0].config["model"]["generator"]["norm"] == "batch"
    condition = torch.randn(1, 12, 16, 16)
    mine = synthkit.load(run, device="cpu").translator.networks["generator"]
    close(mine(condition), network.eval()["model"](condition))


def test_statistics_of_old_instance_norms_are_left_out(bring):
    def old(channels):
        return nn.InstanceNorm2d(channels, track_running_stats=True)

    state = generator(12, 4, 1, 1, norm=old).state_dict()
    assert "model.2.running_mean" in state
    run = bring(state, labels=12, boundary=False)
    assert not any("running" in key for key in checkpoint.find(run)[0].weights())
