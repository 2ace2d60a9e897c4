"""Encoders: `forward(image, instance)` -> (style, extras), a map, or a vector by `gives_vector`."""

import torch
from torch import Tensor, nn

from synthkit.registry import ENCODERS
from synthkit.testing.comparing import keeps_to_the_device, same_after_loading, same_gradients, unchanged
from synthkit.testing.component import Component, check
from synthkit.testing.samples import batch
from synthkit.translator import Translator

IMAGE = 3
SIZES = ((32, 48), (33, 47), (5, 64))


@check(ENCODERS)
def style(component: Component) -> None:
    """Through the model, which pads the images of maps to the encoder's `stride` and `smallest`."""
    network = component.build(in_channels=IMAGE)
    model = Translator({"encoder": network}, inputs={})
    for size in SIZES:
        data = batch(2, *size)
        with unchanged(data):
            output = model.encode(data)
        assert isinstance(output, tuple) and len(output) == 2 and isinstance(output[1], dict), (
            "(style, extras) is wanted, where extras is a dict, maybe an empty one"
        )
        _check_shape(output[0], network, model.pad(data["image"]))


def _check_shape(style: Tensor, network: nn.Module, image: Tensor) -> None:
    width, is_vector = getattr(network, "out_channels", None), getattr(network, "gives_vector", False)
    wanted = (2, width) if is_vector else (2, width, *image.shape[2:])
    form = "a vector (N, F), by its `gives_vector`," if is_vector else "a map (N, F, H, W)"
    other = "" if is_vector else "; one that gives vectors has the attribute `gives_vector = True`"
    assert style.shape == wanted, (
        f"the style is {tuple(style.shape)}: {form} is wanted, here {wanted}, where F is the attribute "
        f"`out_channels`, here {width}{other}"
    )


def _encode(network: nn.Module, image: Tensor) -> Tensor:
    return network(image, batch(len(image))["instance"].to(image.device))[0]


@check(ENCODERS)
def gradients(component: Component) -> None:
    size = batch()["image"].shape[1:]
    same_gradients(
        component.build(in_channels=IMAGE),
        lambda net, count, to: _encode(net, to(torch.randn(count, *size))),
    )


@check(ENCODERS)
def saving(component: Component) -> None:
    data, (network, rebuilt) = batch(), (component.build(in_channels=IMAGE) for _ in range(2))
    same_after_loading(network, rebuilt, lambda net: net(data["image"], data["instance"])[0])


@check(ENCODERS)
def device(component: Component) -> None:
    image = batch()["image"]
    keeps_to_the_device(component.build(in_channels=IMAGE), lambda net, to: _encode(net, to(image)))
