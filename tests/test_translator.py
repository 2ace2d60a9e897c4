"""The model around the networks: precision, padding and what optimisers get."""

import pytest
import torch
from torch import nn

from synthkit.errors import ConfigError
from synthkit.nn.padding import pad_to
from synthkit.registry import GENERATORS
from synthkit.steps import Step
from synthkit.translator import Translator

MODEL = {
    "inputs": {"label": {"classes": 4}},
    "generator": {"type": "pix2pixhd/global", "channels": 4, "downsamples": 1, "blocks": 1},
    "discriminator": {"type": "patch", "channels": 4, "layers": 1},
    "losses": {"gan": "lsgan", "pixels": {"type": "l1", "weight": 10}},
}


def batch(count=2, size=(8, 12)) -> dict:
    return {"label": torch.randint(4, (count, 1, *size)), "image": torch.rand(count, 3, *size) * 2 - 1}


def test_bf16_is_for_networks_and_losses_are_float32():
    seen = {}

    class Watch(torch.nn.Module):
        def generator(self, step):
            seen["fake"], seen["logits"] = step.fake.dtype, step.fake_outputs[0][-1].dtype
            seen["autocast"] = torch.is_autocast_enabled("cpu")
            return step.fake.mean()

    whole = Translator.from_config(MODEL, precision="bf16")
    model = Translator(whole.networks, whole.inputs, {"watch": Watch()}, precision="bf16")
    model.generator_losses(Step.forward(model, batch()))
    assert seen == {"fake": torch.float32, "logits": torch.bfloat16, "autocast": False}


def test_weights_stand_beside_the_losses():
    model = Translator.from_config(MODEL)
    step = Step.forward(model, batch())
    pixels = (step.fake - step.batch["image"]).abs().mean()
    torch.testing.assert_close(model.generator_losses(step)["pixels"], 10 * pixels)
    assert model.discriminator_losses(step).keys() == {"gan/discriminator"}


def test_groups_leave_out_frozen_parameters():
    model = Translator.from_config(MODEL | {"encoder": {"type": "pix2pixhd/instance_encoder", "channels": 2}})
    networks = model.networks
    networks["generator"].down.requires_grad_(False)
    groups = {name: {id(p) for _, p in group} for name, group in model.parameter_groups().items()}
    assert groups["discriminator"] == set(map(id, networks["discriminator"].parameters()))
    assert set(map(id, networks["encoder"].parameters())) < groups["generator"]
    assert not groups["generator"] & set(map(id, networks["generator"].down.parameters()))


@pytest.mark.parametrize(
    ("size", "stride", "smallest", "expected"),
    [
        ((8, 8), 4, 8, (8, 8)),
        ((9, 8), 4, 8, (12, 8)),
        ((1, 3), 4, 8, (8, 8)),
        ((1, 3), 4, 4, (4, 4)),
        ((5, 7), 1, 1, (5, 7)),
    ],
)
def test_padding(size, stride, smallest, expected):
    image = torch.rand(1, 2, *size)
    padded = pad_to(image, stride, smallest)
    assert padded.shape[2:] == expected
    assert torch.equal(padded[..., : size[0], : size[1]], image)
    if size == (9, 8):
        assert torch.equal(padded[0, :, 9:], image[0, :, [7, 6, 5]])


class Sized(nn.Identity):
    def __init__(self, stride: int, smallest: int | None = None):
        super().__init__()
        self.stride = stride
        if smallest:
            self.smallest = smallest


@pytest.mark.parametrize(
    ("generator", "encoder", "smallest"),
    [(Sized(16), None, 32), (Sized(1), None, 1), (Sized(256, 256), None, 256), (Sized(6, 6), Sized(4), 12)],
)
def test_smallest_size(generator, encoder, smallest):
    """Two strides of each network, or what it says itself, and a multiple of all strides."""
    networks = {"generator": generator} | ({"encoder": encoder} if encoder else {})
    assert Translator(networks, inputs={}).smallest == smallest


@GENERATORS.register_module("user/styleless")
class Styleless(nn.Conv2d):
    def __init__(self, in_channels: int):
        super().__init__(in_channels, 3, 1)


def test_a_generator_without_style_refuses_an_encoder():
    cfg = {"inputs": {"label": {"classes": 3}}, "encoder": "pix2pixhd/instance_encoder"}
    with pytest.raises(ConfigError, match="'user/styleless' takes no style"):
        Translator.from_config(cfg | {"generator": "user/styleless"})
    Translator.from_config({**cfg, "encoder": None, "generator": "user/styleless"})


def test_nobody_writes_the_style_channels():
    generator = {"type": "pix2pixhd/global", "style_channels": 3}
    with pytest.raises(ConfigError, match="'style_channels' is set by synthkit"):
        Translator.from_config({"inputs": {"label": {"classes": 3}}, "generator": generator})


@pytest.mark.parametrize("name", ["generator", "discriminator"])
def test_a_network_without_weights_is_refused(name):
    settings = {**MODEL, name: MODEL[name] | {"channels": 0}}
    with pytest.raises(ConfigError, match=rf"^{name}: .*weight has no values, its shape is \(0, "):
        Translator.from_config(settings)


def test_a_generator_may_see_its_style_alone():
    """Without inputs the condition has no channels, and is padded all the same."""
    encoder = {"type": "spade/image_encoder", "channels": 2, "downsamples": 1, "out_channels": 3}
    model = Translator.from_config({"generator": MODEL["generator"], "encoder": encoder}, training=False)
    assert Step.forward(model, batch(size=(7, 11))).fake.shape == (2, 3, 7, 11)
