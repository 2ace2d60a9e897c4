"""Discriminators: `forward(condition, image)` -> features by scale, finest first; the last are logits."""

import torch
from torch import Tensor, nn

from synthkit.registry import DISCRIMINATORS
from synthkit.testing.comparing import keeps_to_the_device, same_after_loading, same_gradients, unchanged
from synthkit.testing.component import Component, check

CONDITION, IMAGE = 4, 3
SIZE = 64


def _logits(network: nn.Module, pair: Tensor) -> Tensor:
    outputs = network(pair[:, :CONDITION], pair[:, CONDITION:])
    return torch.cat([features[-1].flatten() for features in outputs])


def _pairs(count: int) -> Tensor:
    return torch.randn(count, CONDITION + IMAGE, SIZE, SIZE)


@check(DISCRIMINATORS)
def outputs(component: Component) -> None:
    condition, image = _pairs(2).split([CONDITION, IMAGE], 1)
    with unchanged({"condition": condition, "image": image}):
        scales = component.build(in_channels=CONDITION + IMAGE)(condition, image)
    assert isinstance(scales, list) and all(isinstance(features, list) for features in scales), (
        "a list over scales of lists of feature maps is wanted, of a single scale, too"
    )
    widths = [features[0].shape[-1] for features in scales]
    assert widths == sorted(widths, reverse=True), f"the finest scale comes first; the widths are {widths}"
    for features in scales:
        assert len(features) > 1, "before the logits there must be features, for feature matching"
        assert features[-1].shape[:2] == (2, 1), (
            f"the last of a scale are the logits (N, 1, h, w), not {tuple(features[-1].shape)}"
        )


@check(DISCRIMINATORS)
def sees_both(component: Component) -> None:
    pair = _pairs(2).requires_grad_()
    _logits(component.build(in_channels=CONDITION + IMAGE), pair).square().sum().backward()
    for name, part in (("condition", slice(CONDITION)), ("image", slice(CONDITION, None))):
        assert pair.grad[:, part].any(), f"the logits do not follow from the {name}"


@check(DISCRIMINATORS)
def gradients(component: Component) -> None:
    network = component.build(in_channels=CONDITION + IMAGE)
    same_gradients(network, lambda net, count, to: _logits(net, to(_pairs(count))))


@check(DISCRIMINATORS)
def saving(component: Component) -> None:
    network, rebuilt = (component.build(in_channels=CONDITION + IMAGE) for _ in range(2))
    pair = _pairs(2)
    same_after_loading(network, rebuilt, lambda net: _logits(net, pair))


@check(DISCRIMINATORS)
def device(component: Component) -> None:
    network = component.build(in_channels=CONDITION + IMAGE)
    keeps_to_the_device(network, lambda net, to: _logits(net, to(_pairs(2))))
