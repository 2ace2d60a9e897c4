"""A conditional norm that remembers what it was called with."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch.nn.functional as F
from torch import Tensor, nn

from synthkit.nn.norms import ConditionalNorm
from synthkit.registry import NORMS

NAME = "traced"


@contextmanager
def traced_norm() -> Iterator[tuple[str, list[Tensor]]]:
    """Within it there is one more norm: its name, and the list of the conditions it has been called with.

    These are cut off the graph: their gradients are what goes through the norm alone.
    """
    calls: list[Tensor] = []

    class Traced(ConditionalNorm):
        """Instance norm, and per pixel a gain and a bias that are linear in the condition."""

        def __init__(self, channels: int, condition_channels: int):
            super().__init__()
            self.channels, self.condition_channels = channels, condition_channels
            self.affine = nn.Conv2d(condition_channels, 2 * channels, 1)

        def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
            _check(condition, self.condition_channels)
            calls.append(condition.detach().requires_grad_())
            gain, bias = F.interpolate(self.affine(calls[-1]), x.shape[2:]).chunk(2, 1)
            return F.group_norm(x, self.channels) * (1 + gain) + bias

    NORMS.register_module(NAME, module=Traced)
    try:
        yield NAME, calls
    finally:
        del NORMS.module_dict[NAME]


def _check(condition: Tensor | None, channels: int) -> None:
    assert condition is not None, (
        "a conditional norm was called without the condition: put the layers into a ConditionalSequential of "
        "synthkit.nn.blocks, or blocks made of it, and call that with (x, condition)"
    )
    assert condition.shape[1] == channels, (
        f"the norm was built for {channels} channels of the condition and is given {condition.shape[1]}: "
        "norm_factory(norm, condition_channels) takes those of the condition that the norms are called with"
    )
