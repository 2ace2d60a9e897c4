"""Inputs: `(batch) -> (N, channels, H, W)` of the one field of the batch that they name."""

import torch

from synthkit.registry import INPUTS
from synthkit.testing.comparing import unchanged
from synthkit.testing.component import Component, check
from synthkit.testing.samples import batch


@check(INPUTS)
def channels(component: Component) -> None:
    each, data = component.build(), batch()
    for attribute in ("channels", "field"):
        assert hasattr(each, attribute), f"an input has the attribute `{attribute}`"
    data.setdefault(each.field, torch.rand(2, 1, *data["image"].shape[2:]))
    with unchanged(data):
        output = each(data)
    wanted = (2, each.channels, *data["image"].shape[2:])
    assert output.shape == wanted, f"{wanted} are wanted, by its `channels`, not {tuple(output.shape)}"
    assert output.dtype in (torch.bool, torch.float32), f"bool or float32 is wanted, not {output.dtype}"


@check(INPUTS)
def one_field(component: Component) -> None:
    each, data = component.build(), batch()
    data.setdefault(each.field, torch.rand(2, 1, *data["image"].shape[2:]))
    try:
        alone = each({each.field: data[each.field]})
    except KeyError as error:
        raise AssertionError(f"it reads {error} of the batch beside its field {each.field!r}") from error
    assert torch.equal(each(data), alone), f"it depends on more of the batch than its field {each.field!r}"
