"""Discriminators, encoders and norms that break the contract."""

import torch
import torch.nn.functional as F
from torch import nn

from broken import breaks
from synthkit.nn.norms import ConditionalNorm


class Discriminator(nn.Module):
    def __init__(self, in_channels: int):
        super().__init__()
        self.first, self.last = nn.Conv2d(in_channels, 4, 4, 2), nn.Conv2d(4, 1, 4, 2)

    def features(self, pair):
        return [first := self.first(pair), self.last(first.relu())]

    def forward(self, condition, image):
        return [self.features(torch.cat([condition, image], 1))]


@breaks("discriminators", "outputs", "a list over scales of lists")
class ReturnsLogitsAlone(Discriminator):
    def forward(self, condition, image):
        return super().forward(condition, image)[0][-1]


@breaks("discriminators", "outputs", "the finest scale comes first")
class BeginsWithTheCoarsest(Discriminator):
    def forward(self, condition, image):
        pair = torch.cat([condition, image], 1)
        return [self.features(F.avg_pool2d(pair, 2)), self.features(pair)]


@breaks("discriminators", "outputs", "there must be features")
class HidesItsFeatures(Discriminator):
    def features(self, pair):
        return super().features(pair)[-1:]


@breaks("discriminators", "sees_both", "do not follow from the condition")
class IgnoresTheCondition(Discriminator):
    def forward(self, condition, image):
        return super().forward(torch.zeros_like(condition), image)


@breaks("discriminators", "gradients", "is not finite")
class DividesByZero(Discriminator):
    def features(self, pair):
        return [self.first(pair), self.last(self.first(pair).relu()).mul(0).sqrt()]


@breaks("discriminators", "saving", "draws random numbers")
class DropsAlways(Discriminator):
    def features(self, pair):
        return super().features(F.dropout(pair))


@breaks("discriminators", "device", "on another device")
class AddsNoiseOfTheCPU(Discriminator):
    def features(self, pair):
        return super().features(pair + torch.randn(pair.shape))


class Encoder(nn.Module):
    def __init__(self, in_channels: int):
        super().__init__()
        self.out_channels, self.conv = 2, nn.Conv2d(in_channels, 2, 3, padding=1)

    def forward(self, image, instance):
        return self.conv(image), {}


@breaks("encoders", "style", r"\(style, extras\) is wanted")
class ReturnsTheStyleAlone(Encoder):
    def forward(self, image, instance):
        return self.conv(image)


@breaks("encoders", "style", "where F is the attribute `out_channels`, here 7")
class MiscountsItsChannels(Encoder):
    def __init__(self, in_channels: int):
        super().__init__(in_channels)
        self.out_channels = 7


@breaks("encoders", "style", "one that gives vectors has the attribute `gives_vector = True`")
class DoesNotSayThatItGivesVectors(Encoder):
    def forward(self, image, instance):
        return self.conv(image).mean((2, 3)), {}


@breaks("encoders", "style", "a vector .* is wanted")
class SaysThatItGivesVectors(Encoder):
    gives_vector = True


@breaks("encoders", "style", r"is \(2, 2, 34, 48\)")
class LeavesOutItsStride(Encoder):
    def forward(self, image, instance):
        return F.interpolate(self.conv(image[..., ::2, ::2]), scale_factor=2.0), {}


@breaks("encoders", "device", "on another device")
class DrawsOnTheCPU(Encoder):
    def forward(self, image, instance):
        return self.conv(image) + torch.randn(image.shape[2:]), {}


@breaks("encoders", "gradients", "conv.weight gets no gradient")
class DetachesTheStyle(Encoder):
    def forward(self, image, instance):
        return self.conv(image).detach() + self.conv.bias.view(-1, 1, 1), {}


@breaks("encoders", "saving", "draws random numbers")
class SamplesInEvaluation(Encoder):
    def forward(self, image, instance):
        style = self.conv(image)
        return style + torch.randn_like(style), {}


@breaks("norms", "shape", "became")
class Crops(nn.Identity):
    def __init__(self, channels: int):
        super().__init__()

    def forward(self, x):
        return x[..., 1:]


@breaks("norms", "gradients", "differs from that in contiguous float64")
class ReadsTheMemoryOrder(nn.Module):
    def __init__(self, channels: int):
        super().__init__()

    def forward(self, x):
        return x * torch.as_strided(x, (1,), (1,), 1).detach()


@breaks("norms", "shape", "it writes into what it is given, features")
class CentresInPlace(nn.Identity):
    def __init__(self, channels: int):
        super().__init__()

    def forward(self, x):
        return x.sub_(x.mean((2, 3), keepdim=True))


@breaks("norms", "saving", "something outside its parameters and buffers")
class KeepsItsMeanOutside(nn.Module):
    def __init__(self, channels: int):
        super().__init__()
        self.mean = 0.0

    def forward(self, x):
        if self.training:
            self.mean = x.mean().item()
        return x - self.mean


@breaks("norms", "device", "on another device")
class KeepsItsGainOutside(nn.Module):
    def __init__(self, channels: int):
        super().__init__()
        self.gain = torch.ones(channels, 1, 1)

    def forward(self, x):
        return x * self.gain


@breaks("norms", "condition", "does not follow from the condition")
class ForgetsTheCondition(ConditionalNorm):
    def __init__(self, channels: int, condition_channels: int):
        super().__init__()

    def forward(self, x, condition):
        return x


@breaks("norms", "condition", "derives from ConditionalNorm")
class DoesNotSayThatItIsConditional(ForgetsTheCondition):
    conditional = False
