"""Regularisers: they steady a discriminator that another loss trains."""

import torch
from torch import Tensor

from synthkit import distributed
from synthkit.losses.gan import MultiScaleLoss
from synthkit.losses.penalty import gradient_norms
from synthkit.registry import LOSSES

MAX_SCALES = 8  # the coarsest sees the image at 1/128


class Regulariser(MultiScaleLoss):
    """A loss with a discriminator's side alone that does not tell real from fake: it needs a GAN loss."""

    def discriminator(self, step) -> Tensor:
        raise NotImplementedError


@LOSSES.register_module("r1")
class R1(Regulariser):
    """gamma / 2 times the mean squared slope at real images (Mescheder et al., ICML 2018, equation 9).

    Computed at the first of every `every` steps and multiplied by it, which costs less and comes to the
    same (Karras et al., CVPR 2020, section 3.1: lazy regularisation); zero at the others. The slope is
    that of `gradient_norms`, in float32. With `every` above 1 the model's `training_step` must be set.

    Args:
        gamma: the weight, 10 in the paper; less for small images.
        every: steps from one computation to the next; 1 for each step.
    """

    def __init__(self, *, gamma: float = 10.0, every: int = 16, scales: str = "sum"):
        super().__init__(scales=scales)
        if every < 1:
            raise ValueError(f"every is {every}: it must be at least 1")
        self.gamma, self.every = gamma, every

    def discriminator(self, step) -> Tensor:
        if self.every > 1 and step.number % self.every:
            return step.fake.new_zeros(())
        image = step.batch["image"].detach().requires_grad_()
        norms = gradient_norms(step.discriminate(image, full_precision=True), image)
        return self.every * self.gamma / 2 * self.over_scales([each.square().mean() for each in norms])


@LOSSES.register_module("lecam")
class LeCam(Regulariser):
    """Real logits stay near the fakes' running mean, and fake ones near the reals' (Tseng et al., CVPR 2021).

    The mean squared distances, for small data sets; the authors' code leaves out the distances of logits on
    the wrong side. There is one running mean per scale; while they have seen fewer than 1 / (1 - decay)
    steps they are plain means. With a `start` the model's `training_step` must be set.

    Args:
        strength: the weight, 0.3 in the paper.
        decay: the share of the old running means that a step keeps, 0 to below 1.
        start: the steps at the beginning in which the term is zero.
    """

    def __init__(self, *, strength: float = 0.3, decay: float = 0.99, start: int = 0, scales: str = "sum"):
        super().__init__(scales=scales)
        if not 0 <= decay < 1:
            raise ValueError(f"decay is {decay}: it must be at least 0 and below 1")
        self.strength, self.decay, self.start = strength, decay, start
        self.register_buffer("means", torch.zeros(2, MAX_SCALES))  # of real and of fake logits
        self.register_buffer("updates", torch.zeros((), dtype=torch.int64))

    def discriminator(self, step) -> Tensor:
        real, fake = ([each[-1].float() for each in side] for side in (step.real_outputs, step.fake_outputs))
        self._follow(real, fake)
        if self.start and step.number < self.start:
            return step.fake.new_zeros(())
        distances = [
            (on_real - of_fake).square().mean() + (on_fake - of_real).square().mean()
            for on_real, on_fake, of_real, of_fake in zip(real, fake, *self.means, strict=False)
        ]
        return self.strength * self.over_scales(distances)

    @torch.no_grad()
    def _follow(self, real: list[Tensor], fake: list[Tensor]) -> None:
        now = torch.stack([torch.stack([logits.mean() for logits in side]) for side in (real, fake)])
        self.updates += 1
        rate = (1 / self.updates).clamp(min=1 - self.decay)
        self.means[:, : len(real)].lerp_(distributed.mean(now), rate)
