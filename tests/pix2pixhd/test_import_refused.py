"""Files and settings that an import refuses, and what it says of them."""

import pytest
import torch
from pix2pixhd_original import discriminator, generator

from synthkit.errors import CheckpointError, ConfigError


def test_what_does_not_fit(bring, tmp_path):
    small = generator(16, 4, 1, 1).state_dict()
    for kind, state in (("D", discriminator(16, 4, 2)), ("E", generator(3, 4, 1, 0).state_dict())):
        with pytest.raises(CheckpointError, match="its generator comes first"):
            bring(state, kind)
    with pytest.raises(
        CheckpointError, match=r"holds the discriminator \(pix2pixhd/multiscale\), not the gen"
    ):
        bring(discriminator(16, 4, 2))
    with pytest.raises(CheckpointError, match="takes 16 channels"):
        bring(small)
    with pytest.raises(ConfigError, match="unknown key 'epochs'"):
        bring(small, labels=12, overrides=["train.epochs=3"])
    with pytest.raises(ConfigError, match="dropuot"):
        bring(small, labels=12, overrides=["model.generator.dropuot=0.5"])
    for wrong, place in (
        ("data.rot=here", "data.rot"),
        ("data.type=folder", "data.type"),
        ("data.transform.resize=[64]", r"data.transform .* not \[64\]"),
        ("data.validation=2", "data.validation"),
    ):
        with pytest.raises(ConfigError, match=place):
            bring(small, labels=12, overrides=[wrong])
    with pytest.raises(
        CheckpointError, match=r"reshaped: generator.blocks.0.first.conv.weight, \(8, 8, 3, 3\)"
    ):
        bring(small, labels=12, overrides=["model.generator.channels=5"])
    assert not (tmp_path / "run").exists()
    bring(small, labels=12)
    with pytest.raises(CheckpointError, match="run is not empty"):
        bring(small, labels=12)
    with pytest.raises(CheckpointError, match=r"discriminator is for a condition of 12 channels; .* has 13"):
        bring(discriminator(15, 4, 2), "D")
    with pytest.raises(CheckpointError, match=r"encoder is for a style of 5 channels; .* has 3"):
        bring(generator(3, 4, 1, 0, outputs=5).state_dict(), "E")
    with pytest.raises(
        CheckpointError, match=r"reshaped: encoder.network.down.0.conv.weight, \(4, 1, 7, 7\)"
    ):
        bring(generator(1, 4, 1, 0).state_dict(), "E")
    with pytest.raises(CheckpointError, match="channels of a generator"):
        bring(discriminator(16, 4, 2), "D", labels=12)
    bring(discriminator(16, 4, 2), "D")
    with pytest.raises(CheckpointError, match="has its discriminator already"):
        bring(discriminator(16, 4, 2), "D")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model.4.weight": torch.zeros(8, 5, 3, 3)}, r"reshaped: generator\.down\.1\.conv\.weight"),
        ({"model.4.weight": torch.zeros(8)}, r"'model\.4\.weight' is a norm's"),
        ({"model.4.bias": torch.zeros(5)}, r"'model\.4\.bias' is \(5,\)"),
        ({"model.4.bias": None}, r"'model\.4\.bias' is absent"),
        ({"model.4.weight": None}, r"'model\.4\.weight' is absent"),
        ({"model.1.weight": None, "model.1.bias": None}, r"'model\.1\.weight' is absent"),
        ({"model.7.conv_block.5.weight": None}, r"missing: generator\.blocks\.0\.second\.conv\.weight"),
        (
            {"model.7.conv_block.6.weight": torch.zeros(8)},
            r"extra: generator\.blocks\.0\.second\.norm\.weight",
        ),
        ({"model.7.conv_block.9.weight": torch.zeros(8)}, r"'model\.7\.conv_block\.9\.weight' is not a key"),
        (
            {"model.12.weight": torch.zeros(1, 4, 7, 7), "model.12.bias": torch.zeros(1)},
            r"generator\.head\.conv",
        ),
        ({"model.1.weight": None, "conv1.weight": torch.zeros(1)}, r"'conv1\.weight' is not a key"),
        ({"optimizer.weight": torch.zeros(1)}, r"'optimizer\.weight' is not a key"),
        ({"epoch": torch.zeros(1)}, r"'epoch' is not a key"),
        ({"model.01.bias": torch.zeros(4)}, r"several keys stand for 'down\.0\.conv\.bias'"),
        ({"scale0_layer0.0.weight": torch.zeros(1)}, r"'model\.1\.weight' is not a key"),
    ],
)
def test_a_changed_file_is_refused_by_the_key(bring, change, message):
    state = {**generator(13, 4, 1, 1).state_dict(), **change}
    with pytest.raises(CheckpointError, match=message):
        bring({key: value for key, value in state.items() if value is not None}, labels=12)
