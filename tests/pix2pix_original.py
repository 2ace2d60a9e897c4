"""Networks in the arrangement of the authors' PyTorch code, whose state dicts have the authors' keys."""

from torch import nn


def unet(inputs: int, channels: int, downs: int, norm=nn.BatchNorm2d) -> nn.Module:
    """The nested U-Net, at least five levels deep, as their training saves it (it does not compute)."""
    widths = [channels * min(2**depth, 8) for depth in range(downs)]
    bias = norm is nn.InstanceNorm2d
    inner = None
    for depth in range(downs - 1, 0, -1):
        outer, wide = widths[depth - 1], widths[depth]
        down = [nn.LeakyReLU(0.2), nn.Conv2d(outer, wide, 4, 2, 1, bias=bias)]
        up = [nn.ReLU(), nn.ConvTranspose2d(wide * (2 if inner else 1), outer, 4, 2, 1, bias=bias)]
        between = [norm(wide), inner] if inner else []
        inner = _holder(*down, *between, *up, norm(outer))
    down = nn.Conv2d(inputs, channels, 4, 2, 1, bias=bias)
    return nn.ModuleDict(
        {"model": _holder(down, inner, nn.ReLU(), nn.ConvTranspose2d(2 * channels, 3, 4, 2, 1), nn.Tanh())}
    )


def _holder(*layers: nn.Module) -> nn.Module:
    return nn.ModuleDict({"model": nn.Sequential(*layers)})


def patch(inputs: int, channels: int, layers: int, norm=nn.BatchNorm2d) -> nn.Module:
    """The flat list of the PatchGAN with 4x4 convolutions."""
    bias = norm is nn.InstanceNorm2d
    widths = [channels * min(2**n, 8) for n in range(layers + 1)]
    parts = [nn.Conv2d(inputs, channels, 4, 2, 1), nn.LeakyReLU(0.2)]
    for number, (narrow, wide) in enumerate(zip(widths, widths[1:], strict=False), 1):
        stride = 2 if number < layers else 1
        parts += [nn.Conv2d(narrow, wide, 4, stride, 1, bias=bias), norm(wide), nn.LeakyReLU(0.2)]
    return _holder(*parts, nn.Conv2d(widths[-1], 1, 4, 1, 1))


def pixel(inputs: int, channels: int, norm=nn.BatchNorm2d) -> nn.Module:
    """The list of the 1x1 discriminator, whose last bias follows the norm, too."""
    bias = norm is nn.InstanceNorm2d
    first = [nn.Conv2d(inputs, channels, 1), nn.LeakyReLU(0.2)]
    second = [nn.Conv2d(channels, 2 * channels, 1, bias=bias), norm(2 * channels), nn.LeakyReLU(0.2)]
    return nn.ModuleDict({"net": nn.Sequential(*first, *second, nn.Conv2d(2 * channels, 1, 1, bias=bias))})
