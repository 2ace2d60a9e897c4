"""Generators that break the contract."""

import torch
import torch.nn.functional as F
from torch import nn

from broken import breaks
from synthkit.nn.norms import norm_factory
from synthkit.testing.samples import SmallGenerator


@breaks("generators", "docstring", "has no docstring")
class Silent(nn.Module):
    pass


@breaks("generators", "settings", r"Module \| None, which no config can hold")
class TakesAnObject(SmallGenerator):
    def __init__(self, in_channels: int, *, act: nn.Module | None = None):
        super().__init__(in_channels)


@breaks("losses", "settings", "weights of TakesAnything has no annotation")
class TakesAnything(nn.Module):
    def __init__(self, weights=()):
        super().__init__()


@breaks("generators", "settings", r"\*\*settings of TakesAnySetting: each setting needs a name")
class TakesAnySetting(SmallGenerator):
    def __init__(self, in_channels: int, **settings):
        super().__init__(in_channels)


@breaks("generators", "image", "it writes into what it is given, condition")
class WritesIntoTheCondition(SmallGenerator):
    def forward(self, condition, style=None):
        return super().forward(F.relu(condition, inplace=True))


@breaks("generators", "condition", "`condition` is not used")
class IgnoresTheCondition(SmallGenerator):
    def forward(self, condition, style=None):
        return super().forward(torch.ones_like(condition))


@breaks("generators", "image", r"became \(2, 3, 16, 24\)")
class Halves(SmallGenerator):
    def forward(self, condition, style=None):
        return F.avg_pool2d(super().forward(condition), 2)


@breaks("generators", "odd_sizes", "an even size")
class NeedsAnEvenSize(SmallGenerator):
    def forward(self, condition, style=None):
        assert not condition.shape[2] % 2, "an even size is needed"
        return super().forward(condition)


@breaks("generators", "gradients", "spare.weight gets no gradient")
class HasASparePart(SmallGenerator):
    def __init__(self, in_channels: int):
        super().__init__(in_channels)
        self.spare = nn.Conv2d(3, 3, 1)


@breaks("generators", "saving", "something outside its parameters and buffers")
class KeepsATensorAside(SmallGenerator):
    def __init__(self, in_channels: int):
        super().__init__(in_channels)
        self.aside = torch.rand(3, 1, 1)

    def forward(self, condition, style=None):
        return super().forward(condition) + self.aside


@breaks("generators", "device", "on another device than the CPU it fails")
class MakesTensorsOnTheCPU(SmallGenerator):
    def forward(self, condition, style=None):
        return super().forward(condition) + torch.ones(1, 3, 1, 1)


@breaks("generators", "style", "`style` is not used")
class IgnoresTheStyle(SmallGenerator):
    def __init__(self, in_channels: int, style_channels: int = 0):
        super().__init__(in_channels)


@breaks("generators", "style", "neither style maps")
class RefusesEveryStyle(IgnoresTheStyle):
    def forward(self, condition, style=None):
        if style is not None:
            raise ValueError("no")
        return super().forward(condition)


class WithANorm(SmallGenerator):
    channels = None  # of the condition, as the norm is told

    def __init__(self, in_channels: int, norm: str = "instance"):
        super().__init__(in_channels)
        self.norm = norm_factory(norm, self.channels or in_channels)(3)


@breaks("generators", "conditional_norm", "was called without the condition")
class KeepsTheConditionFromTheNorm(WithANorm):
    def forward(self, condition, style=None):
        return self.norm(super().forward(condition))


@breaks("generators", "conditional_norm", "the norm was built for 9 channels")
class TellsTheNormOtherChannels(WithANorm):
    channels = 9

    def forward(self, condition, style=None):
        return self.norm(super().forward(condition), condition)


@breaks("generators", "conditional_norm", "was never called")
class LeavesTheNormOut(WithANorm):
    pass


@breaks("generators", "conditional_norm", "does not follow from what a conditional norm gave")
class DropsWhatTheNormGives(WithANorm):
    def forward(self, condition, style=None):
        return super().forward(condition) + 0 * self.norm(super().forward(condition), condition)


@breaks("generators", "conditional_norm", "is given the same for another condition")
class GivesTheNormAConstant(WithANorm):
    def forward(self, condition, style=None):
        return self.norm(super().forward(condition), torch.ones_like(condition))


@breaks("generators", "conditional_norm", "this network has no condition for it")
class TakesPlainNormsAlone(SmallGenerator):
    def __init__(self, in_channels: int, norm: str = "instance"):
        super().__init__(in_channels)
        self.norm = norm_factory(norm)(3)
