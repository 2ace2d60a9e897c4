"""Generators: `forward(condition, style=None)` -> an image of the condition's size, maybe with extras."""

import torch
from torch import Tensor, nn

from synthkit.errors import ConfigError
from synthkit.inputs import build_inputs
from synthkit.registry import GENERATORS
from synthkit.testing.comparing import keeps_to_the_device, same_after_loading, same_gradients, unchanged
from synthkit.testing.component import Component, check
from synthkit.testing.conditional import traced_norm
from synthkit.testing.samples import CLASSES, batch, condition_for
from synthkit.translator import Translator

CHANNELS, STYLE = 4, 3
ODD_SIZES = ((33, 47), (1, 1), (5, 64))


def image_of(network: nn.Module, condition: Tensor, *style: Tensor) -> Tensor:
    """The image alone, which may stand first in a tuple before a dict of extras."""
    output = network(condition, *style)
    if not isinstance(output, tuple):
        return output
    assert len(output) == 2 and isinstance(output[1], dict), "beside the image there may be a dict of extras"
    return output[0]


@check(GENERATORS)
def image(component: Component) -> None:
    network = component.build(in_channels=CHANNELS)
    condition = condition_for(network, CHANNELS)
    with unchanged({"condition": condition}):
        output, wanted = image_of(network, condition), (2, 3, *condition.shape[2:])
    assert output.shape == wanted, (
        f"a condition {tuple(condition.shape)} became {tuple(output.shape)}, not {wanted}; where the size "
        "must be a multiple of a number, the attribute `stride` says so"
    )
    assert torch.isfinite(output).all(), "the image is not finite"


@check(GENERATORS)
def condition(component: Component) -> None:
    network = component.build(in_channels=CHANNELS).eval()
    with torch.no_grad():
        images = [image_of(network, condition_for(network, CHANNELS)) for _ in range(2)]
    assert not torch.equal(*images), "another condition gives the same image: `condition` is not used"


@check(GENERATORS)
def odd_sizes(component: Component) -> None:
    """Through the model, which pads to the generator's `stride` and `smallest`."""
    generator = component.build(in_channels=CLASSES)
    model = Translator({"generator": generator}, build_inputs({"label": {"classes": CLASSES}}))
    for size in ODD_SIZES:
        shape = tuple(model.translate(batch(1, *size)).shape)
        assert shape == (1, 3, *size), f"labels of {size} became an image {shape}"


@check(GENERATORS)
def gradients(component: Component) -> None:
    network = component.build(in_channels=CHANNELS)
    size = condition_for(network, CHANNELS).shape[1:]
    same_gradients(network, lambda net, count, to: image_of(net, to(torch.randn(count, *size))))


@check(GENERATORS)
def saving(component: Component) -> None:
    network, rebuilt = (component.build(in_channels=CHANNELS) for _ in range(2))
    condition = condition_for(network, CHANNELS)
    same_after_loading(network, rebuilt, lambda net: image_of(net, condition))


@check(GENERATORS)
def device(component: Component) -> None:
    network = component.build(in_channels=CHANNELS)
    condition = condition_for(network, CHANNELS)
    keeps_to_the_device(network, lambda net, to: image_of(net, to(condition)))


@check(GENERATORS, takes="style_channels")
def style(component: Component) -> None:
    """A map (N, F, H, W), a vector (N, F), or both; what it does not take it refuses by name."""
    network = component.build(in_channels=CHANNELS, style_channels=STYLE).eval()
    condition = condition_for(network, CHANNELS)
    pairs = [_images(network, condition, *shape) for shape in (condition.shape[2:], ())]
    taken = [pair for pair in pairs if pair is not None]
    assert taken, "it takes neither style maps (N, F, H, W) nor vectors (N, F), and has `style_channels`"
    assert any(not torch.equal(first, second) for first, second in taken), (
        "another style gives the same image: `style` is not used"
    )


def _images(network: nn.Module, condition: Tensor, *size: int) -> list[Tensor] | None:
    """The images of two styles, maps of a size or vectors; None where it refuses such styles."""
    styles = torch.randn(2, len(condition), STYLE, *size)
    try:
        with torch.no_grad():
            images = [image_of(network, condition, each) for each in styles]
    except (ConfigError, ValueError):
        return None
    assert images[0].shape == (len(condition), 3, *condition.shape[2:]), (
        f"with a style {tuple(styles.shape[1:])} the image is {tuple(images[0].shape)}"
    )
    return images


@check(GENERATORS, takes="norm")
def conditional_norm(component: Component) -> None:
    """The norm can be a conditional one: each is called with (x, condition) and reaches the image."""
    with traced_norm() as (name, calls):
        network = component.having(norm=name).build(in_channels=CHANNELS)
        image_of(network, condition_for(network, CHANNELS)).square().sum().backward()
        assert calls, f"norm: {name} was never called: is `norm` used?"
        assert all(each.grad is not None and each.grad.any() for each in calls), (
            "the image does not follow from what a conditional norm gave"
        )
        first, count = calls[0].detach(), len(calls)
        image_of(network, condition_for(network, CHANNELS))
        assert not torch.equal(first, calls[count]), "the norm is given the same for another condition"
