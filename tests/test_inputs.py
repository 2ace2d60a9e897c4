"""Inputs against loops, and the condition they make together."""

import pytest
import torch
import torch.nn.functional as F

from synthkit.errors import ConfigError
from synthkit.inputs import build_inputs, sample_checks
from synthkit.registry import INPUTS
from synthkit.translator import Translator

GENERATOR = {"type": "pix2pixhd/global", "channels": 2, "downsamples": 1, "blocks": 0}


def test_one_hot_with_and_without_an_ignored_id():
    label = torch.randint(4, (2, 1, 6, 5), dtype=torch.int32)
    expected = F.one_hot(label[:, 0].long(), 4).permute(0, 3, 1, 2).bool()
    assert torch.equal(INPUTS.build({"type": "label", "classes": 4})({"label": label}), expected)
    ignored = label.masked_fill(label == 3, 255)
    expected[:, 3] = False
    made = INPUTS.build({"type": "label", "classes": 4, "ignore": 255})({"label": ignored})
    assert torch.equal(made, expected)


def test_boundary_is_a_loop_over_neighbours():
    instance = torch.randint(3, (2, 1, 7, 9), dtype=torch.int32)
    made = INPUTS.build("boundary")({"instance": instance})
    for image in range(2):
        ids = instance[image, 0]
        for y in range(7):
            for x in range(9):
                beside = [(y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)]
                inside = [(j, i) for j, i in beside if 0 <= j < 7 and 0 <= i < 9]
                assert made[image, 0, y, x] == any(ids[j, i] != ids[y, x] for j, i in inside)


def test_a_crop_keeps_the_boundaries_and_adds_none():
    """The edge of a crop is no boundary; inside it they are the whole map's."""
    instance, boundary = torch.zeros(1, 1, 12, 16, dtype=torch.int32), INPUTS.build("boundary")
    instance[..., 4:9, 5:] = 70000
    whole, part = (boundary({"instance": each}) for each in (instance, instance[..., 4:10, 3:14]))
    assert torch.equal(part[..., 1:, :], whole[..., 5:10, 3:14])
    assert part[0, 0, 0].nonzero().flatten().tolist() == [1, 2]


def test_order_is_fixed_whatever_the_config_says():
    section = {"source": {"channels": 2}, "boundary": {}, "label": {"classes": 3}}
    assert list(build_inputs(section)) == ["label", "boundary", "source"]
    assert list(build_inputs(section | {"boundary": None})) == ["label", "source"]
    model = Translator.from_config({"inputs": section, "generator": GENERATOR})
    batch = {
        "label": torch.full((1, 1, 4, 4), 2),
        "instance": torch.zeros(1, 1, 4, 4).int(),
        "source": torch.full((1, 2, 4, 4), 0.5),
    }
    assert model.condition(batch)[0, :, 0, 0].tolist() == [0, 0, 1, 0, 0.5, 0.5]
    assert model.fields == ("label", "instance", "source")


def test_what_samples_are_checked_by():
    assert sample_checks({}) == {"classes": None, "ignore": None, "source": None, "edge": None}
    section = {"source": {"channels": 2, "range": [0, 9]}, "label": {"classes": 3, "ignore": 255}}
    checks = sample_checks(build_inputs(section))
    assert (checks["classes"], checks["ignore"]) == (3, 255)
    assert (checks["source"].channels, checks["source"].range) == (2, (0, 9))


def test_no_input_at_all_is_legal():
    model = Translator.from_config({"generator": GENERATOR | {"type": "user/noise"}})
    assert model.translate({"image": torch.zeros(2, 3, 8, 8)}).shape == (2, 3, 8, 8)


@pytest.fixture(autouse=True)
def noise_generator():
    from synthkit.registry import GENERATORS

    @GENERATORS.register_module("user/noise", force=True)
    class Noise(torch.nn.Module):
        def __init__(self, in_channels: int, channels: int, downsamples: int, blocks: int):
            super().__init__()
            assert in_channels == 0
            self.value = torch.nn.Parameter(torch.zeros(()))

        def forward(self, condition):
            count, _, height, width = condition.shape
            return torch.rand(count, 3, height, width) + self.value


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"label": {}}, "'classes' missing"),
        ({"label": {"classes": 0}}, "classes is 0"),
        ({"label": {"classes": 5, "ignore": 4}}, "ignore is 4, which is one of the classes 0 to 4"),
        ({"source": {"channels": 0}}, "channels is 0"),
        ({"source": {"range": [3, 1]}}, "low < high"),
        ({"lable": {"classes": 5}}, "Did you mean 'label'"),
    ],
)
def test_wrong_inputs(section, message):
    with pytest.raises(ConfigError, match=message):
        build_inputs(section)
