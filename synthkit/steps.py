"""The orders in which papers update generator and discriminator.

A step is registered in STEPS: `step(model, batch, optimizers) -> logs`. It updates the networks once, through
`optimizers.update(group, losses)` with the groups of `Translator.parameter_groups`, and returns each loss
term as a detached scalar; what else is worth watching is returned as signal/NAME.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import torch
from torch import Tensor

from synthkit.augment import Transform, unchanged
from synthkit.errors import SynthkitError
from synthkit.optimizers import Optimizers
from synthkit.registry import STEPS
from synthkit.translator import Translator

SIGNAL = "signal/"  # begins the names of logs that are no losses


@dataclass
class Step:
    """What losses see of a training step; the discriminator runs when its outputs are first asked for.

    `condition` (N, C, H, W) belongs to the batch's real images, and to `fake` (N, 3, H, W) too unless that
    comes from a pool.
    """

    model: Translator
    batch: Mapping
    condition: Tensor
    fake: Tensor
    extras: dict = field(default_factory=dict)
    past_condition: Tensor | None = None

    @classmethod
    def forward(cls, model: Translator, batch: Mapping) -> "Step":
        """Generate the fakes of a batch."""
        condition, fake, extras = model.generate(batch)
        return cls(model, batch, condition, fake, extras)

    @property
    def number(self) -> int:
        """The step's number, from 0. Raises SynthkitError where the model's `training_step` is not set."""
        if self.model.training_step is None:
            raise SynthkitError("a loss needs the step's number: set model.training_step before each step")
        return self.model.training_step

    @property
    def fake_condition(self) -> Tensor:
        """The condition (N, C, H, W) that the fakes were made from."""
        return self.condition if self.past_condition is None else self.past_condition

    def with_fake(self, fake: Tensor) -> "Step":
        """The same step with another fake, and nothing computed from the old one."""
        return Step(self.model, self.batch, self.condition, fake, self.extras)

    def pooled(self) -> "Step":
        """This step with fakes from the model's pool, for the discriminator; itself without a pool."""
        if self.model.pool is None:
            return self
        condition, fake = self.model.pool.exchange(self.condition, self.fake)
        step = replace(self, fake=fake, past_condition=condition)
        step.augmentation, step.real_outputs = self.augmentation, self.real_outputs
        return step

    def discriminate(
        self, image: Tensor, condition: Tensor | None = None, *, full_precision: bool = False
    ) -> list[list[Tensor]]:
        """The discriminator's features of an augmented image under a condition, by default the step's.

        With `full_precision` in float32, whatever the model's precision.
        """
        pair = self.augmentation(self.condition if condition is None else condition, image)
        return self.model.discriminate(*pair, full_precision=full_precision)

    @cached_property
    def augmentation(self) -> Transform:
        """The model's augmentation as drawn for this step: real and fake images undergo the same."""
        augment = self.model.augment
        return unchanged if augment is None else augment.draw(len(self.fake), *self.fake.shape[2:])

    @cached_property
    def real_outputs(self) -> list[list[Tensor]]:
        return self.discriminate(self.batch["image"])

    @cached_property
    def fake_outputs(self) -> list[list[Tensor]]:
        return self.discriminate(self.fake, self.fake_condition)

    def signals(self) -> dict[str, Tensor]:
        """Signs of trouble, detached scalars, from what has been computed already.

        `saturation`: the share of the fake's values beyond 0.999, where tanh passes hardly any gradient.
        Where the discriminator has seen both images, over the places of all scales, `ranking`: the share
        whose real logit is above the fake one, at 1 the discriminator always wins; and `logit gap`: how far
        the real ones are above the fake ones in the mean, near 0 it is undecided.
        """
        signals = {"saturation": (self.fake.detach().abs() > 0.999).float().mean()}
        if {"real_outputs", "fake_outputs"} <= vars(self).keys():
            pairs = zip(self.real_outputs, self.fake_outputs, strict=True)
            gaps = torch.cat([(real[-1] - fake[-1]).detach().float().flatten() for real, fake in pairs])
            signals |= {"ranking": (gaps > 0).float().mean(), "logit gap": gaps.mean()}
        return signals


def _log(step: Step, *losses: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The terms and the step's signals, detached."""
    terms = {name: value.detach() for each in losses for name, value in each.items()}
    return terms | {f"{SIGNAL}{name}": value for name, value in step.signals().items()}


@STEPS.register_module("joint")
def joint(model: Translator, batch: Mapping, optimizers: Optimizers) -> dict[str, Tensor]:
    """Both losses from one forward pass, then the generator's step, then the discriminator's (pix2pixHD)."""
    step = Step.forward(model, batch)
    generator, discriminator = model.generator_losses(step), model.discriminator_losses(step)
    optimizers.update("generator", generator, retain_graph=True)
    optimizers.update("discriminator", discriminator)
    return _log(step, generator, discriminator)


@STEPS.register_module("discriminator_first")
def discriminator_first(model: Translator, batch: Mapping, optimizers: Optimizers) -> dict[str, Tensor]:
    """The discriminator's step, then the generator's against the new discriminator (pix2pix)."""
    step = Step.forward(model, batch)
    seen = step.with_fake(step.fake.detach())
    discriminator = model.discriminator_losses(seen)
    optimizers.update("discriminator", discriminator)
    generator = model.generator_losses(step)
    optimizers.update("generator", generator)
    return _log(seen, generator, discriminator)


@STEPS.register_module("generator_first")
def generator_first(model: Translator, batch: Mapping, optimizers: Optimizers) -> dict[str, Tensor]:
    """The generator's step, then the discriminator's on a fake of the new generator (SPADE)."""
    generator = model.generator_losses(Step.forward(model, batch))
    optimizers.update("generator", generator)
    with torch.no_grad():
        step = Step.forward(model, batch)
    discriminator = model.discriminator_losses(step)
    optimizers.update("discriminator", discriminator)
    return _log(step, generator, discriminator)


@STEPS.register_module("generator_only")
def generator_only(model: Translator, batch: Mapping, optimizers: Optimizers) -> dict[str, Tensor]:
    """One step of the generator, for methods without a discriminator (CRN)."""
    step = Step.forward(model, batch)
    generator = model.generator_losses(step)
    optimizers.update("generator", generator)
    return _log(step, generator)
