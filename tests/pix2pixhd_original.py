"""Files as the original's training writes them: its layers in its arrangement, with seeded weights."""

import torch
from torch import nn


def generator(inputs: int, channels: int, downsamples: int, blocks: int, *, outputs: int = 3, norm=None):
    """The global network (without blocks: the encoder's body) as the flat list that the original numbers."""
    norm = norm or nn.InstanceNorm2d
    widths = [channels * 2**depth for depth in range(downsamples + 1)]
    layers = [nn.ReflectionPad2d(3), nn.Conv2d(inputs, channels, 7), norm(channels), nn.ReLU()]
    for narrow, wide in zip(widths, widths[1:], strict=False):
        layers += [nn.Conv2d(narrow, wide, 3, 2, 1), norm(wide), nn.ReLU()]
    layers += [Block(widths[-1], norm) for _ in range(blocks)]
    for narrow, wide in reversed(list(zip(widths, widths[1:], strict=False))):
        layers += [nn.ConvTranspose2d(wide, narrow, 3, 2, 1, 1), norm(narrow), nn.ReLU()]
    layers += [nn.ReflectionPad2d(3), nn.Conv2d(channels, outputs, 7), nn.Tanh()]
    return nn.ModuleDict({"model": nn.Sequential(*layers)})


class Block(nn.Module):
    """A residual block."""

    def __init__(self, channels: int, norm):
        super().__init__()
        half = [nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3), norm(channels)]
        again = [nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3), norm(channels)]
        self.conv_block = nn.Sequential(*half, nn.ReLU(), *again)

    def forward(self, x):
        return x + self.conv_block(x)


def discriminator(inputs: int, channels: int, scales: int, *, matching: bool = True, norm=None) -> dict:
    """The state dict of a three-layer discriminator, as it is with feature matching or without."""
    norm = norm or nn.InstanceNorm2d
    widths = [inputs, channels, channels * 2, channels * 4, channels * 8, 1]
    state = {}
    for scale in range(scales):
        blocks = [
            nn.Sequential(
                nn.Conv2d(wide_in, wide_out, 4, 2 if layer < 3 else 1, 2),
                *([norm(wide_out)] if 0 < layer < 4 else []),
                *([nn.LeakyReLU(0.2)] if layer < 4 else []),
            )
            for layer, (wide_in, wide_out) in enumerate(zip(widths, widths[1:], strict=False))
        ]
        if matching:
            parts = {f"scale{scale}_layer{layer}": block for layer, block in enumerate(blocks)}
        else:
            parts = {f"layer{scale}": nn.Sequential(*(layer for block in blocks for layer in block))}
        for name, part in parts.items():
            state |= {f"{name}.{key}": value for key, value in part.state_dict().items()}
    return state


def seeded(shapes: dict[str, list[int]]) -> dict[str, torch.Tensor]:
    """A state dict of these shapes: small random weights, biases of zero."""
    return {key: torch.randn(shape) * 0.02 for key, shape in shapes.items()}
