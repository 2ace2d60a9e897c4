"""SPADE's networks in the arrangement of the authors' files, so that their state dicts have these keys."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import spectral_norm


class Norm(nn.Module):
    """The spatially-adaptive norm."""

    def __init__(self, channels: int, labels: int, plain: type[nn.Module]):
        super().__init__()
        self.param_free_norm = plain(channels, affine=False)
        self.mlp_shared = nn.Sequential(nn.Conv2d(labels, 128, 3, padding=1), nn.ReLU())
        self.mlp_gamma = nn.Conv2d(128, channels, 3, padding=1)
        self.mlp_beta = nn.Conv2d(128, channels, 3, padding=1)

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        hidden = self.mlp_shared(F.interpolate(labels, x.shape[2:]))
        return self.param_free_norm(x) * (1 + self.mlp_gamma(hidden)) + self.mlp_beta(hidden)


class Block(nn.Module):
    """A residual block."""

    def __init__(self, before: int, after: int, labels: int, plain: type[nn.Module]):
        super().__init__()
        middle = min(before, after)
        self.conv_0 = spectral_norm(nn.Conv2d(before, middle, 3, padding=1))
        self.conv_1 = spectral_norm(nn.Conv2d(middle, after, 3, padding=1))
        self.norm_0, self.norm_1 = Norm(before, labels, plain), Norm(middle, labels, plain)
        if before != after:
            self.conv_s = spectral_norm(nn.Conv2d(before, after, 1, bias=False))
            self.norm_s = Norm(before, labels, plain)

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        inner = self.conv_0(F.leaky_relu(self.norm_0(x, labels), 0.2))
        inner = self.conv_1(F.leaky_relu(self.norm_1(inner, labels), 0.2))
        return inner + (self.conv_s(self.norm_s(x, labels)) if hasattr(self, "conv_s") else x)


class Generator(nn.Module):
    """Doublings: 5 (normal), 6 (more), 7 (most). With `style` numbers it starts from a vector of them."""

    def __init__(self, labels: int, width: int, *, doublings=5, style=0, grid=(2, 4), plain=nn.BatchNorm2d):
        super().__init__()
        self.doublings, self.grid = doublings, grid
        wide = 16 * width
        if style:
            self.fc = nn.Linear(style, wide * grid[0] * grid[1])
        else:
            self.fc = nn.Conv2d(labels, wide, 3, padding=1)
        self.head_0, self.G_middle_0, self.G_middle_1 = (Block(wide, wide, labels, plain) for _ in range(3))
        sizes = [16 * width, 8 * width, 4 * width, 2 * width, width, width // 2]
        for level in range(5 if doublings == 7 else 4):
            setattr(self, f"up_{level}", Block(sizes[level], sizes[level + 1], labels, plain))
        self.conv_img = nn.Conv2d(width // 2 if doublings == 7 else width, 3, 3, padding=1)

    def forward(self, labels: Tensor, z: Tensor | None = None) -> Tensor:
        size = [side // 2**self.doublings for side in labels.shape[2:]]
        x = self.fc(F.interpolate(labels, size)) if z is None else self.fc(z).unflatten(1, (-1, *self.grid))
        x = F.interpolate(self.head_0(x, labels), scale_factor=2.0)
        x = self.G_middle_0(x, labels)
        x = F.interpolate(x, scale_factor=2.0) if self.doublings > 5 else x
        x = self.G_middle_1(x, labels)
        for level in range(5 if self.doublings == 7 else 4):
            x = getattr(self, f"up_{level}")(F.interpolate(x, scale_factor=2.0), labels)
        return torch.tanh(self.conv_img(F.leaky_relu(x, 0.2)))


def _normed(conv: nn.Conv2d) -> nn.Sequential:
    """With spectral norm and instance norm, in a pair."""
    return nn.Sequential(spectral_norm(conv), nn.InstanceNorm2d(conv.out_channels))


class Patches(nn.Module):
    """One scale of the discriminator."""

    def __init__(self, inputs: int, width: int):
        super().__init__()
        self.model0 = nn.Sequential(nn.Conv2d(inputs, width, 4, 2, 2), nn.LeakyReLU(0.2))
        for level in (1, 2, 3):
            before, after = width * 2 ** (level - 1), width * 2**level
            conv = nn.Conv2d(before, after, 4, 1 if level == 3 else 2, 2, bias=False)
            setattr(self, f"model{level}", nn.Sequential(_normed(conv), nn.LeakyReLU(0.2)))
        self.model4 = nn.Sequential(nn.Conv2d(width * 8, 1, 4, 1, 2))

    def forward(self, x: Tensor) -> list[Tensor]:
        outputs = [x]
        for layer in self.children():
            outputs.append(layer(outputs[-1]))
        return outputs[1:]


class Discriminator(nn.Module):
    """Scale 0 sees the full size."""

    def __init__(self, inputs: int, width: int, scales: int = 2):
        super().__init__()
        for scale in range(scales):
            setattr(self, f"discriminator_{scale}", Patches(inputs, width))

    def forward(self, x: Tensor) -> list[list[Tensor]]:
        outputs = []
        for scale in self.children():
            outputs.append(scale(x))
            x = F.avg_pool2d(x, 3, 2, 1, count_include_pad=False)
        return outputs


class Encoder(nn.Module):
    """The image encoder; gives mu and logvar."""

    def __init__(self, width: int, style: int = 256):
        super().__init__()
        widths = [3, width, 2 * width, 4 * width, 8 * width, 8 * width, 8 * width]
        for level, (before, after) in enumerate(zip(widths, widths[1:], strict=False), start=1):
            setattr(self, f"layer{level}", _normed(nn.Conv2d(before, after, 3, 2, 1, bias=False)))
        self.fc_mu, self.fc_var = (nn.Linear(8 * width * 16, style) for _ in range(2))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = F.interpolate(x, (256, 256), mode="bilinear")
        for level in range(1, 7):
            x = F.leaky_relu(getattr(self, f"layer{level}")(x), 0.2)
        return self.fc_mu(x.flatten(1)), self.fc_var(x.flatten(1))
