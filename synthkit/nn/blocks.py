"""Convolution blocks that several networks are made of."""

from collections import OrderedDict

from torch import Tensor, nn

from synthkit.nn.norms import NormFactory


class ConvBlock(nn.Sequential):
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
        conv = nn.Conv2d(
            in_channels, out_channels, kernel, stride, padding=kernel // 2, padding_mode=padding_mode
        )
        super().__init__(OrderedDict(conv=conv, norm=norm(out_channels), act=nn.ReLU(inplace=True)))


class UpBlock(nn.Sequential):
    """Transposed convolution, norm, ReLU: (N, in_channels, H, W) -> (N, out_channels, 2H, 2W)."""

    def __init__(self, in_channels: int, out_channels: int, *, norm: NormFactory):
        conv = nn.ConvTranspose2d(in_channels, out_channels, 3, stride=2, padding=1, output_padding=1)
        super().__init__(OrderedDict(conv=conv, norm=norm(out_channels), act=nn.ReLU(inplace=True)))


class ResidualBlock(nn.Module):
    """x + norm(conv(relu(norm(conv(x))))), 3x3 with reflection, (N, C, H, W) in and out.

    The form of Johnson et al. (ECCV 2016): no activation after the sum.
    """

    def __init__(self, channels: int, *, norm: NormFactory):
        super().__init__()
        self.first = ConvBlock(channels, channels, norm=norm, padding_mode="reflect")
        self.second = nn.Sequential(
            OrderedDict(
                conv=nn.Conv2d(channels, channels, 3, padding=1, padding_mode="reflect"), norm=norm(channels)
            )
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(self.first(x))


class ImageHead(nn.Sequential):
    """The last layer of an image network: 7x7 convolution with reflection and tanh, to [-1, 1]."""

    def __init__(self, in_channels: int, out_channels: int = 3):
        conv = nn.Conv2d(in_channels, out_channels, 7, padding=3, padding_mode="reflect")
        super().__init__(OrderedDict(conv=conv, act=nn.Tanh()))
