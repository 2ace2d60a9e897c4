"""Losses against torch's own functions and sums written out."""

import math
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F

from synthkit.losses.perceptual import Perceptual
from synthkit.registry import LOSSES


def step():
    real = [[torch.randn(2, 4, 9, 9), torch.randn(2, 1, 5, 5)], [torch.randn(2, 1, 3, 3)]]
    fake = [[torch.randn(2, 4, 9, 9), torch.randn(2, 1, 5, 5)], [torch.randn(2, 1, 3, 3)]]
    return SimpleNamespace(
        real_outputs=real,
        fake_outputs=fake,
        fake=torch.rand(2, 3, 32, 32) * 2 - 1,
        batch={"image": torch.rand(2, 3, 32, 32) * 2 - 1},
    )


def expected(kind: str, given) -> tuple[list, list]:
    """Per scale: what the generator pays, and what the discriminator pays."""
    generator, discriminator = [], []
    for real, fake in zip(given.real_outputs, given.fake_outputs, strict=True):
        real, fake = real[-1], fake[-1]
        ones, zeros = torch.ones_like(fake), torch.zeros_like(fake)
        if kind == "lsgan":
            generator.append(F.mse_loss(fake, ones))
            discriminator.append(F.mse_loss(real, ones) + F.mse_loss(fake, zeros))
        elif kind == "vanilla":
            entropy = F.binary_cross_entropy_with_logits
            generator.append(entropy(fake, ones))
            discriminator.append(entropy(real, ones) + entropy(fake, zeros))
        elif kind == "wgan":
            generator.append(-fake.mean())
            discriminator.append(fake.mean() - real.mean())
        else:
            generator.append(-fake.mean())
            below = torch.where(real < 1, 1 - real, 0.0).mean()
            discriminator.append(below + torch.where(fake > -1, 1 + fake, 0.0).mean())
    return generator, discriminator


@pytest.mark.parametrize("kind", ["lsgan", "vanilla", "hinge", "wgan"])
@pytest.mark.parametrize("scales", ["sum", "mean"])
@pytest.mark.parametrize("weight", [0.5, 1.0])
def test_gan(kind, scales, weight):
    given = step()
    loss = LOSSES.build({"type": kind, "scales": scales, "discriminator_weight": weight})
    generator, discriminator = (
        sum(terms) / (2 if scales == "mean" else 1) for terms in expected(kind, given)
    )
    torch.testing.assert_close(loss.generator(given), generator)
    torch.testing.assert_close(loss.discriminator(given), weight * discriminator)


def test_defaults_of_the_discriminators_weight():
    given = step()
    weights = {"lsgan": 0.5, "vanilla": 0.5, "hinge": 0.5, "wgan": 1.0}
    for kind, weight in weights.items():
        pays = sum(expected(kind, given)[1])
        torch.testing.assert_close(LOSSES.build(kind).discriminator(given), weight * pays, msg=kind)


def test_gan_of_bf16_logits_is_computed_in_float32():
    given = step()
    given.fake_outputs = [[logits[-1].bfloat16()] for logits in given.fake_outputs]
    assert LOSSES.build("lsgan").generator(given).dtype == torch.float32


@pytest.mark.parametrize(("name", "function"), [("l1", F.l1_loss), ("l2", F.mse_loss)])
def test_pixel(name, function):
    given = step()
    torch.testing.assert_close(
        LOSSES.build(name).generator(given), function(given.fake, given.batch["image"])
    )


def test_perceptual_is_zero_for_equal_images_and_weighs_layers():
    loss, given = Perceptual(), step()
    real = loss.backbone(given.batch["image"])
    fake = loss.backbone(given.fake)
    each = [F.l1_loss(a, b).item() for a, b in zip(real, fake, strict=True)]
    weighted = sum(value * weight for value, weight in zip(each, loss.backbone.layer_weights, strict=True))
    assert math.isclose(loss.generator(given).item(), weighted, rel_tol=1e-5)
    last = Perceptual(layers=[0, 0, 0, 0, 2.0])
    assert math.isclose(last.generator(given).item(), 2 * each[-1], rel_tol=1e-5)
    given.fake = given.batch["image"]
    assert loss.generator(given).item() == 0


def test_perceptual_stays_frozen_in_training_mode():
    loss = Perceptual().train()
    assert not any(module.training for module in loss.modules())
    assert not any(parameter.requires_grad for parameter in loss.parameters())


def test_wrong_settings_are_named():
    with pytest.raises(ValueError, match="'max': choose one of sum, mean"):
        LOSSES.get("lsgan")(scales="max")
    with pytest.raises(ValueError, match="layers has 2 weights, and the backbone 5"):
        Perceptual(layers=[1, 1])
