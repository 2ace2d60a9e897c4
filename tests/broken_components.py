"""Small components, each of which breaks the contract in one way: what the checks must find.

`CASES` holds kind, check, a piece of the message, and the component.
"""

from itertools import count

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from synthkit.nn.norms import ConditionalNorm, norm_factory
from synthkit.steps import generator_only
from synthkit.testing.samples import SmallGenerator

CASES = []


def breaks(kind: str, check: str, message: str):
    """Decorates a component of this kind that the check refuses with such a message."""

    def wrap(target):
        CASES.append((kind, check, message, target))
        return target

    return wrap


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


class Loss(nn.Module):
    def generator(self, step):
        return (step.fake - step.batch["image"]).abs().mean()


@breaks("losses", "gradients", "must return a scalar")
class PerImage(Loss):
    def generator(self, step):
        return step.fake.mean((1, 2, 3))


@breaks("losses", "gradients", "it is detached")
class Detached(Loss):
    def generator(self, step):
        return super().generator(step).detach()


@breaks("losses", "gradients", "is not finite")
class RootOfZero(Loss):
    def generator(self, step):
        return (step.fake - step.fake).sqrt().mean()


@breaks("losses", "gradients", "no gradient for what it should train")
class TrainsNothing(nn.Module):
    def discriminator(self, step):
        return step.fake.mean()


class Input:
    field, channels = "label", 1

    def __call__(self, batch):
        return batch["label"].float()


@breaks("inputs", "channels", "by its `channels`")
class Miscounts(Input):
    channels = 2


@breaks("inputs", "one_field", "beside its field 'label'")
class ReadsTwoFields(Input):
    def __call__(self, batch):
        return batch["label"] + batch["edge"]


@breaks("steps", "updates", r"it changed \[\]")
def changes_nothing(model, batch, optimizers):
    return {"gan": torch.zeros(()), "pixels": torch.zeros(())}


@breaks("steps", "updates", "each loss is logged by its name")
def logs_nothing(model, batch, optimizers):
    generator_only(model, batch, optimizers)
    return {}


@breaks("metrics", "order", "is higher better?")
def upside_down(fake, real):
    return (fake - real).abs().mean((1, 2, 3))


upside_down.higher_is_better = True


class Backbone(nn.Conv2d):
    layer_weights = (1.0,)

    def __init__(self):
        super().__init__(3, 4, 3)

    def forward(self, image):
        return [super().forward(image)]


@breaks("backbones", "features", "`layer_weights` has 2 weights, and there are 1")
class WeighsTwo(Backbone):
    layer_weights = (1.0, 1.0)


@breaks("backbones", "features", "a second time")
class Drops(Backbone):
    def forward(self, image):
        return super().forward(F.dropout(image))


class Data:
    fields = ("label", "image")

    def __init__(self, split: str):
        pass

    def __len__(self):
        return 1

    def __getitem__(self, index):
        return {"label": np.zeros((4, 6), int), "image": np.zeros((4, 6, 3), np.uint8), "name": "only"}


@breaks("datasets", "samples", "a sample has no instance")
class PromisesInstances(Data):
    fields = (*Data.fields, "instance")


@breaks("datasets", "samples", r"an image is \(H, W, 3\) uint8")
class HasFloats(Data):
    def __getitem__(self, index):
        return super().__getitem__(index) | {"image": np.zeros((4, 6, 3))}


@breaks("datasets", "workers", "label of sample 0 is another one")
class CountsItsCalls(Data):
    calls = count()

    def __getitem__(self, index):
        return super().__getitem__(index) | {"label": np.full((4, 6), next(self.calls))}


@breaks("detectors", "lines", r"lines \(H, W\) bool are wanted")
class DrawsInGrey:
    def __call__(self, photo):
        return photo.mean(2)


@breaks("detectors", "lines", "it changes the photo")
class PaintsOver:
    def __call__(self, photo):
        photo[:] = 0
        return photo[..., 0] > 0
