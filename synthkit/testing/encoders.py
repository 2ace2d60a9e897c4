"""Encoders: `forward(image, instance)` -> (style, extras); the style is a map or a vector."""

import torch

from synthkit.registry import ENCODERS
from synthkit.testing.comparing import same_after_loading, same_gradients
from synthkit.testing.component import Component, check
from synthkit.testing.samples import batch

IMAGE = 3


@check(ENCODERS)
def style(component: Component) -> None:
    data, network = batch(), component.build(in_channels=IMAGE)
    output = network(data["image"], data["instance"])
    assert isinstance(output, tuple) and len(output) == 2 and isinstance(output[1], dict), (
        "(style, extras) is wanted, where extras is a dict, maybe an empty one"
    )
    shape, width = tuple(output[0].shape), getattr(network, "out_channels", None)
    assert shape in ((2, width), (2, width, *data["image"].shape[2:])), (
        f"the style is {shape}: a vector (N, F) or a map (N, F, H, W) is wanted, where F is the attribute "
        f"`out_channels`, here {width}"
    )


@check(ENCODERS)
def gradients(component: Component) -> None:
    instance = batch()["instance"]
    size = batch()["image"].shape[1:]
    same_gradients(
        component.build(in_channels=IMAGE),
        lambda net, count, to: net(to(torch.randn(count, *size)), instance[:count])[0],
    )


@check(ENCODERS)
def saving(component: Component) -> None:
    data, (network, rebuilt) = batch(), (component.build(in_channels=IMAGE) for _ in range(2))
    same_after_loading(network, rebuilt, lambda net: net(data["image"], data["instance"])[0])
