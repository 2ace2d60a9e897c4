"""Normalisation layers by name, and the factories that networks take."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributed.nn.functional import all_reduce

from synthkit.distributed import get_world_size
from synthkit.errors import ConfigError, shown
from synthkit.registry import NORMS

NormFactory = Callable[[int], nn.Module]


class ConditionalNorm(nn.Module):
    """A norm whose gains and biases follow from the network's condition, by pixel or by image.

    A subclass is built with `channels` and `condition_channels`, and called with features (N, C, h, w) and
    the condition (N, condition_channels, H, W), of the image's size or a level of its pyramid.
    """

    conditional = True

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        raise NotImplementedError


def norm_factory(norm: str | Mapping | NormFactory, condition_channels: int | None = None) -> NormFactory:
    """Turn a norm as written in YAML into `factory(channels) -> Module`.

    `norm` is a registered name ("instance"), a mapping with a `type` ({type: group, groups: 8}), or a
    factory, which is returned as it is. `condition_channels` are those of the condition that the network
    gives to conditional norms; without, it has none for them, and ConfigError says so.
    """
    if not isinstance(norm, (str, Mapping)):
        return norm
    if not NORMS.takes(norm, "condition_channels"):
        return lambda channels: NORMS.build(norm, channels=channels)
    if condition_channels is None:
        raise ConfigError(f"norm {shown(norm)} is conditional, and this network has no condition for it")
    return lambda channels: NORMS.build(norm, channels=channels, condition_channels=condition_channels)


@NORMS.register_module("instance")
class InstanceNorm(nn.Module):
    """Instance normalisation without affine parameters or running statistics (Ulyanov et al., 2016).

    Input and output (N, C, H, W). Computed as group norm with a group per channel: on the CPU,
    `F.instance_norm` returns wrong gradients for a batch of one in channels_last.

    Args:
        eps: added to the variance.
    """

    def __init__(self, channels: int, *, eps: float = 1e-5):
        super().__init__()
        self.channels, self.eps = channels, eps

    def forward(self, x: Tensor) -> Tensor:
        return F.group_norm(x, self.channels, eps=self.eps)

    def extra_repr(self) -> str:
        return f"{self.channels}, eps={self.eps}"


Statistics = dict[nn.Module, tuple[Tensor, Tensor]]  # mean and variance, (C,) each, by norm


@contextmanager
def held_statistics(network: nn.Module, statistics: Statistics | None = None) -> Iterator[Statistics]:
    """Within it, each instance norm in `network` keeps the mean and the variance of its first input.

    An instance norm spreads a change at one place over the whole image, through the statistics. Those of an
    image before the change, taken by the first call, leave later images alone where nothing changed. They
    are what it gives, and may be given to it again. All calls round alike, and otherwise than without it.
    """
    statistics = {} if statistics is None else statistics

    def hold(norm: InstanceNorm, inputs: tuple[Tensor], _: Tensor) -> Tensor:
        flat = inputs[0].reshape(1, -1, *inputs[0].shape[2:])  # a channel per image and channel
        if norm not in statistics:
            variance, mean = torch.var_mean(flat.detach().float(), (0, 2, 3), correction=0)
            statistics[norm] = mean, variance
        return F.batch_norm(flat, *statistics[norm], eps=norm.eps).view_as(inputs[0])

    hooks = [each.register_forward_hook(hold) for each in network.modules() if isinstance(each, InstanceNorm)]
    try:
        yield statistics
    finally:
        for hook in hooks:
            hook.remove()


@NORMS.register_module("batch")
class BatchNorm(nn.BatchNorm2d):
    """Batch normalisation with running statistics (Ioffe and Szegedy, 2015).

    In a training of several processes the statistics are those of the joined batch, on GPUs as on CPUs; each
    process must have as many pixels as the others. Where the running ones are not tracked, as in a
    translation, each has its own.

    Args:
        momentum: the share of the running statistics that a batch replaces.
        eps: added to the variance.
        affine: whether it has a gain and a bias per channel.
    """

    def __init__(self, channels: int, *, momentum: float = 0.1, eps: float = 1e-5, affine: bool = True):
        super().__init__(channels, eps=eps, momentum=momentum, affine=affine)

    def forward(self, x: Tensor) -> Tensor:
        if not (self.training and self.track_running_stats) or get_world_size() == 1:
            return super().forward(x)
        centred, count = x.float(), get_world_size()
        mean = all_reduce(centred.mean((0, 2, 3))) / count
        centred = centred - mean.view(-1, 1, 1)  # the mean of squares less the squared mean would cancel out
        variance = all_reduce(centred.square().mean((0, 2, 3))) / count
        self._follow(mean.detach(), variance.detach(), x.numel() // x.shape[1] * count)
        normalised = centred * torch.rsqrt(variance + self.eps).view(-1, 1, 1)
        if self.affine:
            normalised = normalised * self.weight.view(-1, 1, 1) + self.bias.view(-1, 1, 1)
        return normalised.to(x.dtype)

    def _follow(self, mean: Tensor, variance: Tensor, pixels: int) -> None:
        """Update the running statistics, whose variance is the unbiased one."""
        self.num_batches_tracked += 1
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance * pixels / (pixels - 1), self.momentum)


@NORMS.register_module("group")
class GroupNorm(nn.GroupNorm):
    """Group normalisation (Wu and He, 2018).

    Args:
        groups: into how many the channels are parted; it must divide their number.
        eps: added to the variance.
    """

    def __init__(self, channels: int, *, groups: int = 8, eps: float = 1e-5):
        if groups < 1 or channels % groups:
            raise ValueError(f"groups {groups} does not divide {channels} channels")
        super().__init__(groups, channels, eps=eps)


@NORMS.register_module("layer")
class LayerNorm(nn.GroupNorm):
    """Layer normalisation over (C, H, W) with a gain and a bias per channel (Ba et al., 2016).

    Args:
        eps: added to the variance.
    """

    def __init__(self, channels: int, *, eps: float = 1e-5):
        super().__init__(1, channels, eps=eps)


@NORMS.register_module("none")
class NoNorm(nn.Identity):
    """No normalisation."""

    def __init__(self, channels: int):
        super().__init__()
