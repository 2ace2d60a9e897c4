"""Norms: (N, C, h, w) in and out; conditional ones are called with (x, condition), which may be larger."""

import torch
from torch import Tensor, nn

from synthkit.nn.blocks import ConditionalSequential
from synthkit.registry import NORMS
from synthkit.testing.comparing import keeps_to_the_device, same_after_loading, same_gradients, unchanged
from synthkit.testing.component import Component, check

CHANNELS, CONDITION = 8, 5
SIZE = (12, 10)


class _Around(nn.Module):
    """Convolutions around a norm; its input is features, and the condition behind them."""

    def __init__(self, component: Component):
        super().__init__()
        self.layers = ConditionalSequential(
            nn.Conv2d(3, CHANNELS, 3), norm(component), nn.Conv2d(CHANNELS, 4, 3)
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x[:, :3], x[:, 3:])


def norm(component: Component) -> nn.Module:
    """The norm, told the condition's channels if it is conditional."""
    wired = {"condition_channels": CONDITION} if component.takes("condition_channels") else {}
    return component.build(channels=CHANNELS, **wired)


def _input(count: int) -> Tensor:
    return torch.randn(count, 3 + CONDITION, *SIZE)


@check(NORMS)
def shape(component: Component) -> None:
    for size in ((9, 7), (4, 6)):
        x, condition = torch.randn(2, CHANNELS, *size), torch.randn(2, CONDITION, 2 * size[0], 2 * size[1])
        each = norm(component)
        with unchanged({"features": x, "condition": condition}):
            output = each(x, condition) if component.takes("condition_channels") else each(x)
        assert output.shape == x.shape, f"features {tuple(x.shape)} became {tuple(output.shape)}"


@check(NORMS)
def gradients(component: Component) -> None:
    same_gradients(_Around(component), lambda net, count, to: net(to(_input(count))))


@check(NORMS)
def saving(component: Component) -> None:
    network, rebuilt = _Around(component), _Around(component)
    for _ in range(2):  # in training mode, for norms with running statistics
        network(_input(2))
    inputs = _input(2)
    same_after_loading(network, rebuilt, lambda net: net(inputs))


@check(NORMS)
def device(component: Component) -> None:
    keeps_to_the_device(_Around(component), lambda net, to: net(to(_input(2))))


@check(NORMS, takes="condition_channels")
def condition(component: Component) -> None:
    each = norm(component)
    assert getattr(each, "conditional", False), (
        "a norm with `condition_channels` derives from ConditionalNorm, or has `conditional = True`"
    )
    x, given = torch.randn(2, CHANNELS, *SIZE), torch.randn(2, CONDITION, *SIZE)
    assert not torch.equal(each(x, given), each(x, -given)), "its output does not follow from the condition"
