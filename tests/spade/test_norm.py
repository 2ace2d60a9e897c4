"""The spatially-adaptive norm in generators that were written without it."""

import pytest
import torch
from small_runs import records, tiny

import synthkit
from synthkit import inference
from synthkit.errors import ConfigError
from synthkit.nn.checkpointing import checkpoint_blocks
from synthkit.plugins import load as load_plugin
from synthkit.registry import ENCODERS, GENERATORS, NORMS
from synthkit.translator import Translator

load_plugin("spade")

OTHERS = [
    {"type": "pix2pixhd/global", "channels": 4, "downsamples": 1, "blocks": 1},
    {"type": "pix2pixhd/local", "channels": 2, "downsamples": 1, "blocks": 1, "local_blocks": 1},
    {"type": "pix2pix/unet", "channels": 2, "downsamples": 3},
    {"type": "crn/cascaded", "channels": 16, "height": 16},
]
SPATIAL = {"type": "spade/spatial", "hidden": 4}


@pytest.mark.parametrize("generator", OTHERS, ids=lambda spec: spec["type"])
def test_every_norm_of_another_generator_sees_the_condition(generator):
    network = GENERATORS.build({**generator, "norm": SPATIAL}, in_channels=3)
    condition = torch.randn(2, 3, 16, 24)
    network(condition).square().sum().backward()
    norms = [module for module in network.modules() if type(module) is NORMS.get("spade/spatial")]
    assert len(norms) >= 3
    assert all(norm.modulation.shared.weight.grad.any() for norm in norms)


def test_another_generator_trains_and_translates_with_it(tmp_path):
    cfg = tiny("model.generator.norm={type: spade/spatial, norm: batch, hidden: 4}", "train.steps=3")
    run = synthkit.train(cfg, tmp_path / "run")
    assert [each["step"] for each in records(run) if each.get("kind") == "validation"] == [3]
    generator = inference.load(run, device="cpu").translator.networks["generator"]
    assert generator.blocks[0].first.norm.norm.num_batches_tracked == 3


def test_checkpointing_spares_what_is_hidden_and_changes_no_gradient():
    """Blocks with spectral norm are left out, and within them the modulations are not."""
    spec = {"type": "spade/generator", "channels": 2, "norm": SPATIAL}
    torch.manual_seed(1)
    plain = GENERATORS.build(spec, in_channels=3)
    saving = GENERATORS.build(spec, in_channels=3)
    saving.load_state_dict(plain.state_dict())
    assert checkpoint_blocks(saving) == sum(hasattr(each, "gain") for each in saving.modules())
    condition = torch.randn(1, 3, 64, 64)
    for network in (plain, saving):
        network(condition).sum().backward()
    for (name, ours), theirs in zip(saving.named_parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad, msg=name)


def test_wrong_settings_name_what_is_valid():
    for settings, message in (
        ({"norm": "layer"}, "norm is 'layer': choose one of instance, batch"),
        ({"kernel": 4}, "kernel is 4: it must be odd"),
        ({"kernel": -1}, "kernel is -1: it must be odd"),
        ({"hidden": 0}, "hidden is 0: it must be at least 1"),
    ):
        with pytest.raises(ConfigError, match=message):
            NORMS.build({**SPATIAL, **settings}, channels=4, condition_channels=2)
    with pytest.raises(ConfigError, match="this model has no inputs"):
        Translator.from_config({"generator": {"type": "spade/generator", "channels": 2}})
    with pytest.raises(ConfigError, match="upsampling is 'much': choose one of normal, more, most"):
        GENERATORS.build({"type": "spade/generator", "upsampling": "much"}, in_channels=3)
    with pytest.raises(ConfigError, match="channels is 1: it must be at least 2"):
        GENERATORS.build({"type": "spade/generator", "upsampling": "most", "channels": 1}, in_channels=3)
    with pytest.raises(ConfigError, match="out_channels is 0: it must be at least 1"):
        ENCODERS.build({"type": "spade/image_encoder", "out_channels": 0})


@pytest.mark.parametrize("encoder", ["pix2pixhd/instance_encoder", "spade/image_encoder"])
def test_an_encoder_has_no_condition_for_it(encoder):
    with pytest.raises(ConfigError, match="is conditional, and this network has no condition for it"):
        ENCODERS.build({"type": encoder, "norm": SPATIAL})
