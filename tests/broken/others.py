"""What is no network and breaks the contract."""

from itertools import count

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from broken import breaks
from synthkit.metrics.metric import Metric
from synthkit.steps import Step, generator_only


class Loss(nn.Module):
    def generator(self, step):
        return (step.fake - step.batch["image"]).abs().mean()


@breaks("losses", "gradients", "must return a scalar")
class PerImage(Loss):
    def generator(self, step):
        return step.fake.mean((1, 2, 3))


@breaks("losses", "gradients", "it writes into what it is given, image")
class ClampsThePhoto(Loss):
    def generator(self, step):
        step.batch["image"].clamp_(0, 1)
        return super().generator(step)


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


@breaks("steps", "updates", "the losses by name are returned, to be logged, not None")
def returns_nothing(model, batch, optimizers):
    generator_only(model, batch, optimizers)


@breaks("steps", "uses_each_loss", "the loss 'pixels' does not train the generator")
def forgets_the_pixels(model, batch, optimizers):
    losses = model.generator_losses(Step.forward(model, batch))
    optimizers.update("generator", {"gan": losses["gan"]})
    return {name: loss.detach() for name, loss in losses.items()}


@breaks("metrics", "order", "is higher better?")
def upside_down(fake, real):
    return (fake - real).abs().mean((1, 2, 3))


upside_down.higher_is_better = True


@breaks("metrics", "totals", "the totals of two processes add up to")
class LastImages(Metric):
    """Forgets all but the last batch."""

    name, higher_is_better, total = "LastImages", False, 0.0

    def add(self, scored):
        self.total = (scored.fake - scored.real).abs().mean().item()

    def values(self):
        return {"LastImages": self.total} if self.total else {}


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
        return 2

    def __getitem__(self, index):
        return {"label": np.zeros((4, 6), int), "image": np.zeros((4, 6, 3), np.uint8), "name": str(index)}


@breaks("datasets", "samples", "a sample has no instance")
class PromisesInstances(Data):
    fields = (*Data.fields, "instance")


@breaks("datasets", "samples", r"an image is \(H, W, 3\) uint8")
class HasFloats(Data):
    def __getitem__(self, index):
        return super().__getitem__(index) | {"image": np.zeros((4, 6, 3))}


@breaks("datasets", "samples", r"label holds an id \(H, W\) for each pixel, .* not \(4, 6\) float32")
class HasFloatLabels(Data):
    def __getitem__(self, index):
        return super().__getitem__(index) | {"label": np.zeros((4, 6), np.float32)}


@breaks("datasets", "names", "two samples have the name 'only'")
class HasOneName(Data):
    def __getitem__(self, index):
        return super().__getitem__(index) | {"name": "only"}


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


@breaks("judges", "logits", r"logits \(N, \d+, h, w\) are wanted, not \(2, 3, ")
class HasThreeClasses(nn.Module):
    def __init__(self, *, classes: int):
        super().__init__()
        self.layer = nn.Conv2d(3, 3, 1)

    def forward(self, image):
        return self.layer(image)


@breaks("judges", "trains", "logits of the image's size")
class HasHalfTheSize(nn.Module):
    def __init__(self, *, classes: int):
        super().__init__()
        self.layer = nn.Conv2d(3, classes, 1, stride=2)

    def forward(self, image):
        return self.layer(image)


@breaks("judges", "trains", "no gradient reaches lost.weight")
class LeavesALayerOut(nn.Module):
    def __init__(self, *, classes: int):
        super().__init__()
        self.layer, self.lost = nn.Conv2d(3, classes, 1), nn.Conv2d(3, 3, 1)

    def forward(self, image):
        return self.layer(image)
