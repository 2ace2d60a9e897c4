"""What the checks feed to components."""

import torch
from torch import Tensor, nn

from synthkit.translator import Translator

CLASSES = 5


def batch(count: int = 2, height: int = 32, width: int = 48) -> dict[str, Tensor]:
    """A batch of random values with all the core's fields."""
    return {
        "label": torch.randint(CLASSES, (count, 1, height, width), dtype=torch.int32),
        "instance": torch.randint(9, (count, 1, height, width), dtype=torch.int32),
        "image": torch.rand(count, 3, height, width) * 2 - 1,
        "source": torch.rand(count, 3, height, width) * 2 - 1,
        "edge": torch.randint(2, (count, 1, height, width)).float(),
    }


def condition_for(network: nn.Module, channels: int, count: int = 2) -> Tensor:
    """A random condition (count, channels, H, W) of a size that a generator takes without padding."""
    return Translator({"generator": network}, inputs={}).pad(torch.randn(count, channels, 32, 48))


class SmallGenerator(nn.Module):
    """A single convolution, for checks that need some generator."""

    def __init__(self, in_channels: int):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, 3, 3, padding=1)

    def forward(self, condition: Tensor, style: Tensor | None = None) -> Tensor:
        return self.conv(condition).tanh()
