"""The orders in which papers update generator and discriminator.

A step is registered in STEPS: `step(model, batch, optimizers) -> logs`. It updates the networks once, through
`optimizers.update(group, losses)` with the groups of `Translator.parameter_groups`, and returns each loss
term as a detached scalar; what else is worth watching is returned as signal/NAME.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import Tensor

from synthkit.optimizers import Optimizers
from synthkit.registry import STEPS
from synthkit.translator import Translator

SIGNAL = "signal/"  # begins the names of logs that are no losses


@dataclass
class Step:
    """What losses see of a training step; the discriminator runs when its outputs are first asked for."""

    model: Translator
    batch: Mapping
    condition: Tensor
    fake: Tensor
    extras: dict = field(default_factory=dict)

    @classmethod
    def forward(cls, model: Translator, batch: Mapping) -> "Step":
        """Generate the fakes of a batch."""
        condition, fake, extras = model.generate(batch)
        return cls(model, batch, condition, fake, extras)

    def with_fake(self, fake: Tensor) -> "Step":
        """The same step with another fake, and nothing computed from the old one."""
        return Step(self.model, self.batch, self.condition, fake, self.extras)

    def discriminate(self, image: Tensor) -> list[list[Tensor]]:
        """The discriminator's features of an image under this step's condition."""
        return self.model.discriminate(self.condition, image)

    @cached_property
    def real_outputs(self) -> list[list[Tensor]]:
        return self.discriminate(self.batch["image"])

    @cached_property
    def fake_outputs(self) -> list[list[Tensor]]:
        return self.discriminate(self.fake)


def _log(*losses: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: value.detach() for terms in losses for name, value in terms.items()}


@STEPS.register_module("joint")
def joint(model: Translator, batch: Mapping, optimizers: Optimizers) -> dict[str, Tensor]:
    """Both losses from one forward pass, then the generator's step, then the discriminator's (pix2pixHD)."""
    step = Step.forward(model, batch)
    generator, discriminator = model.generator_losses(step), model.discriminator_losses(step)
    optimizers.update("generator", generator, retain_graph=True)
    optimizers.update("discriminator", discriminator)
    return _log(generator, discriminator)


@STEPS.register_module("discriminator_first")
def discriminator_first(model: Translator, batch: Mapping, optimizers: Optimizers) -> dict[str, Tensor]:
    """The discriminator's step, then the generator's against the new discriminator (pix2pix)."""
    step = Step.forward(model, batch)
    discriminator = model.discriminator_losses(step.with_fake(step.fake.detach()))
    optimizers.update("discriminator", discriminator)
    generator = model.generator_losses(step)
    optimizers.update("generator", generator)
    return _log(generator, discriminator)


@STEPS.register_module("generator_first")
def generator_first(model: Translator, batch: Mapping, optimizers: Optimizers) -> dict[str, Tensor]:
    """The generator's step, then the discriminator's on a fake of the new generator (SPADE)."""
    generator = model.generator_losses(Step.forward(model, batch))
    optimizers.update("generator", generator)
    with torch.no_grad():
        step = Step.forward(model, batch)
    discriminator = model.discriminator_losses(step)
    optimizers.update("discriminator", discriminator)
    return _log(generator, discriminator)


@STEPS.register_module("generator_only")
def generator_only(model: Translator, batch: Mapping, optimizers: Optimizers) -> dict[str, Tensor]:
    """One step of the generator, for methods without a discriminator (CRN)."""
    generator = model.generator_losses(Step.forward(model, batch))
    optimizers.update("generator", generator)
    return _log(generator)
