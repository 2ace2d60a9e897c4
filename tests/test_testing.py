"""The contract finds what breaks it, and says what it wants."""

import sys

import pytest
import torch
import torch.nn.functional as F
from broken import CASES
from torch import Tensor, nn

from synthkit import plugins, testing
from synthkit.errors import PluginError
from synthkit.registry import INPUTS, NORMS, REGISTRIES
from synthkit.testing import Component, checks_of
from synthkit.testing.component import checks_of_kind
from synthkit.testing.conditional import NAME, traced_norm
from synthkit.testing.samples import SmallGenerator

TOY = '''
from synthkit.registry import INPUTS

@INPUTS.register_module("contracted/zeros")
class Zeros:
    """Nothing."""

    field, channels = "label", 1

    def __init__(self, *, value: int):
        self.value = value

    def __call__(self, batch):
        return batch["label"].float() * 0 + self.value
'''


@pytest.mark.parametrize(
    ("kind", "check", "message", "target"),
    [pytest.param(*case, id=f"{case[3].__name__}-{case[1]}") for case in CASES],
)
def test_a_breach_is_found(kind, check, message, target):
    component = Component(kind, target.__name__, target)
    (refuses,) = [each for each in checks_of(component) if each.__name__ == check]
    with pytest.raises(AssertionError, match=message):
        refuses(component)


class Noisy(SmallGenerator):
    """Draws noise and drops features, as in training many do."""

    def __init__(self, in_channels: int):
        super().__init__(in_channels)
        self.gain = nn.Parameter(torch.ones(3, 1, 1))

    def forward(self, condition: Tensor, style: Tensor | None = None) -> Tensor:
        image = F.dropout(super().forward(condition), training=self.training)
        return image + self.gain * (torch.randn_like(image) if self.training else 1)


class Misspelt(SmallGenerator):
    def forward(self, condition: Tensor, style: Tensor | None = None) -> Tensor:
        return self.cnov(condition)


class WeighsItsInstances(nn.Module):
    """Instances by torch.unique, which the device without values does not have."""

    out_channels = 3

    def __init__(self, in_channels: int):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, 3, 1)

    def forward(self, image: Tensor, instance: Tensor) -> tuple[Tensor, dict]:
        return self.conv(image) / len(instance.unique()), {}


@pytest.mark.parametrize(("kind", "target"), [("generators", Noisy), ("encoders", WeighsItsInstances)])
def test_what_is_unusual_passes(kind, target):
    component = Component(kind, target.__name__, target)
    for check in checks_of(component):
        check(component)


def test_whatever_is_raised_says_what_is_owed():
    component = Component("generators", "Misspelt", Misspelt)
    with pytest.raises(AttributeError) as raised:
        testing.contract()(component, checks_of(component)[-1])
    assert "Generators: `forward(condition, style=None)`" in raised.value.__notes__[0]


def test_every_check_has_its_breach():
    tried = {check if check in ("docstring", "settings") else (kind, check) for kind, check, *_ in CASES}
    for each in REGISTRIES:
        for check in (found.__name__ for found in checks_of_kind(each.name)):
            assert check in tried or (each.name, check) in tried


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """The folder of a plugin that is not known yet."""
    (tmp_path / "contracted.py").write_text(TOY)
    monkeypatch.setattr(plugins, "_added", [])
    monkeypatch.setattr(plugins, "_loaded", set(plugins._loaded))
    yield tmp_path
    INPUTS.module_dict.pop("contracted/zeros", None)


def test_settings_and_folder(plugin):
    with pytest.raises(PluginError, match="no plugin 'contracted'"):
        testing.contract("contracted")
    settings = {"contracted/zeros": {"value": 1}}
    (component,) = testing.components("contracted", small=settings, folder=plugin)
    for check in checks_of(component):
        check(component)
    assert testing.components("contracted", small={"contracted/zeros": None}) == []
    with pytest.raises(PluginError, match="Did you mean 'contracted/zeros'"):
        testing.contract("contracted", small={"contracted/zero": {}})
    with pytest.raises(AssertionError, match="'value' missing. The contract takes settings in `small`"):
        Component("inputs", component.name, component.target).build()


def test_the_traced_norm_leaves_nothing_behind():
    with traced_norm() as (name, calls):
        assert name in NORMS
    assert NAME not in NORMS
    assert not calls


def test_without_pytest_the_error_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "pytest", None)
    with pytest.raises(PluginError, match="the contract needs pytest: pip install pytest"):
        testing.contract()
