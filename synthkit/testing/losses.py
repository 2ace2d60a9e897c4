"""Losses: `generator(step)` and/or `discriminator(step)`, each a scalar."""

import torch
from torch import Tensor, nn

from synthkit.discriminators import PatchGAN
from synthkit.registry import LOSSES
from synthkit.steps import Step
from synthkit.testing.comparing import unchanged
from synthkit.testing.component import Component, check
from synthkit.testing.samples import batch
from synthkit.translator import Translator

CONDITION = 3
CANDIDATES = 2
SIDES = ("generator", "discriminator")


def _step() -> Step:
    """A step with random fakes, and with the extras of variational encoders and of several images."""
    model = Translator({"discriminator": PatchGAN(CONDITION + 3, 4, layers=2)}, inputs={})
    model.training_step = 0
    data = batch()
    size = data["image"].shape[2:]
    extras = {
        "mu": torch.randn(2, 8, requires_grad=True),
        "logvar": torch.randn(2, 8, requires_grad=True),
        "candidates": torch.rand(2, CANDIDATES, 3, *size, requires_grad=True),
    }
    fake = torch.rand(2, 3, *size, requires_grad=True)
    return Step(model, data, condition=torch.randn(2, CONDITION, *size), fake=fake, extras=extras)


def _check_side(value: Tensor, watched: list[Tensor], side: str) -> None:
    assert isinstance(value, Tensor) and value.shape == (), f"{side}(step) must return a scalar tensor"
    assert value.requires_grad, f"{side}(step) has no gradient: it is detached, or does not use the networks"
    gradients = torch.autograd.grad(value, watched, allow_unused=True, retain_graph=True)
    used = [each for each in gradients if each is not None]
    assert all(torch.isfinite(each).all() for each in used), f"the gradient of {side}(step) is not finite"
    assert any(each.any() for each in used), f"{side}(step) has no gradient for what it should train"


@check(LOSSES)
def gradients(component: Component) -> None:
    loss, step = component.build(), _step()
    assert isinstance(loss, nn.Module), "a loss is an nn.Module"
    assert any(hasattr(loss, side) for side in SIDES), (
        "a loss has a method generator(step) or discriminator(step)"
    )
    weight = step.model.networks["discriminator"].blocks[0].conv.weight
    for side, watched in zip(SIDES, ([step.fake, *step.extras.values()], [weight]), strict=True):
        if hasattr(loss, side):
            with unchanged({**step.batch, "condition": step.condition}):
                value = getattr(loss, side)(step)
            _check_side(value, watched, side)
