"""Convolution blocks that several networks are made of."""

from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from synthkit.nn.checkpointing import recomputed
from synthkit.nn.norms import NormFactory

LARGE = 2**20  # pixels of a feature map


def reflect(x: Tensor, padding: int) -> Tensor:
    """Pad (N, C, H, W) by reflection, without repeating the edge, on all four sides.

    With torch's deterministic algorithms on CUDA this is `reflect_by_slices`, since torch's own padding
    has no deterministic gradient there. Raises RuntimeError where height or width is not above the padding.
    """
    if x.is_cuda and torch.are_deterministic_algorithms_enabled():
        return reflect_by_slices(x, padding)
    return F.pad(x, (padding,) * 4, mode="reflect")


def reflect_by_slices(x: Tensor, padding: int) -> Tensor:
    """`reflect`, put together from flipped slices, whose gradients are added in a fixed order."""
    for dim in (2, 3):
        before = x.narrow(dim, 1, padding).flip(dim)
        after = x.narrow(dim, x.shape[dim] - 1 - padding, padding).flip(dim)
        x = torch.cat([before, x, after], dim)
    return x


def reflected_rows(x: Tensor, top: int, bottom: int, padding: int) -> Tensor:
    """The rows of (N, C, H, W) from `top` to below `bottom`, with the `padding` that `reflect` adds."""
    first, last, height = top - padding, min(bottom, x.shape[2]) + padding, x.shape[2]
    rows = x[:, :, max(first, 0) : min(last, height)]
    return F.pad(rows, (padding, padding, max(-first, 0), max(last - height, 0)), mode="reflect")


class ReflectConv2d(nn.Conv2d):
    """A convolution with an odd kernel, padded by reflection.

    (N, in_channels, H, W) -> (N, out_channels, H / stride, W / stride). In inference mode a large image goes
    through it in stripes of rows, so that padded and reordered copies of the whole are never held.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel: int = 3, *, stride: int = 1):
        super().__init__(in_channels, out_channels, kernel, stride)

    def forward(self, x: Tensor) -> Tensor:
        padding, (height, width) = self.kernel_size[0] // 2, x.shape[2:]
        if torch.is_inference_mode_enabled() and height * width > LARGE:
            rows = max(LARGE // 4 // width, 1) * self.stride[0]
            stripes = (reflected_rows(x, top, top + rows, padding) for top in range(0, height, rows))
            return torch.cat([super(ReflectConv2d, self).forward(stripe) for stripe in stripes], 2)
        return super().forward(reflect(x, padding))


class ConditionalSequential(nn.Sequential):
    """Layers one after another, of which those that are `conditional` see the condition, too.

    x (N, C, h, w), and the condition (N, D, H, W) if any layer needs it.
    """

    conditional = True

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        for layer in self:
            x = layer(x, condition) if getattr(layer, "conditional", False) else layer(x)
        return x


class ConvBlock(ConditionalSequential):
    """Convolution, norm, ReLU: (N, in_channels, H, W) -> (N, out_channels, H / stride, W / stride).

    The kernel is odd and the padding keeps the size at stride 1. `norm` is a factory, and
    `padding_mode` is torch's ("zeros", "reflect").
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        kernel: int = 3,
        stride: int = 1,
        norm: NormFactory,
        padding_mode: str = "zeros",
    ):
        if padding_mode == "reflect":
            conv = ReflectConv2d(in_channels, out_channels, kernel, stride=stride)
        else:
            conv = nn.Conv2d(
                in_channels, out_channels, kernel, stride, padding=kernel // 2, padding_mode=padding_mode
            )
        super().__init__(OrderedDict(conv=conv, norm=norm(out_channels), act=nn.ReLU(inplace=True)))

    @recomputed
    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        return super().forward(x, condition)


class ResizeConv2d(ReflectConv2d):
    """Doubles the size by repeating pixels, then convolves.

    (N, in_channels, H, W) -> (N, out_channels, 2H, 2W). Unlike a transposed convolution it leaves no
    checkerboard (Odena et al., Distill 2016).
    """

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(F.interpolate(x, scale_factor=2.0, mode="nearest"))


def _transposed(in_channels: int, out_channels: int) -> nn.Module:
    return nn.ConvTranspose2d(in_channels, out_channels, 3, stride=2, padding=1, output_padding=1)


UPSAMPLING = {"transposed": _transposed, "resize": ResizeConv2d}


class UpBlock(ConditionalSequential):
    """Upsampling convolution, norm, ReLU: (N, in_channels, H, W) -> (N, out_channels, 2H, 2W).

    `upsample` is transposed (a transposed convolution, as in the papers) or resize (`ResizeConv2d`). Raises
    ValueError on another name.
    """

    def __init__(
        self, in_channels: int, out_channels: int, *, norm: NormFactory, upsample: str = "transposed"
    ):
        if upsample not in UPSAMPLING:
            raise ValueError(f"upsample is {upsample!r}: choose one of {', '.join(UPSAMPLING)}")
        conv = UPSAMPLING[upsample](in_channels, out_channels)
        super().__init__(OrderedDict(conv=conv, norm=norm(out_channels), act=nn.ReLU(inplace=True)))

    @recomputed
    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        return super().forward(x, condition)


class ResidualBlock(nn.Module):
    """x + norm(conv(dropout(relu(norm(conv(x)))))), 3x3 with reflection, (N, C, H, W) in and out.

    The form of Johnson et al. (ECCV 2016): no activation after the sum. `dropout` is the share of values
    that are zeroed in training, 0 to 1.
    """

    conditional = True

    def __init__(self, channels: int, *, norm: NormFactory, dropout: float = 0.0):
        super().__init__()
        self.first = ConvBlock(channels, channels, norm=norm, padding_mode="reflect")
        self.dropout = nn.Dropout(dropout)
        convolved = OrderedDict(conv=ReflectConv2d(channels, channels), norm=norm(channels))
        self.second = ConditionalSequential(convolved)

    @recomputed
    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        return x + self.second(self.dropout(self.first(x, condition)), condition)


class ImageHead(nn.Sequential):
    """The last layer of an image network: 7x7 convolution with reflection and tanh, to [-1, 1]."""

    def __init__(self, in_channels: int, out_channels: int = 3):
        super().__init__(OrderedDict(conv=ReflectConv2d(in_channels, out_channels, 7), act=nn.Tanh()))

    @recomputed
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x)
