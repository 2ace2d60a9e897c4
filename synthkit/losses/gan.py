"""Adversarial losses on the logits of a discriminator."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from synthkit.registry import LOSSES

REDUCTIONS = ("sum", "mean")


class GANLoss(nn.Module):
    """An adversarial loss over the scales of a discriminator.

    A subclass says what logits cost that should be `real`, should be `fake`, or should `deceive`; each
    maps (N, 1, h, w) to a scalar. `scales` sums the costs of the scales (pix2pixHD) or averages them
    (SPADE). The discriminator pays `discriminator_weight` times the sum of its costs on real and on fake
    images: 0.5 in pix2pix and pix2pixHD, 1 in SPADE.
    """

    def __init__(self, *, scales: str = "sum", discriminator_weight: float = 0.5):
        super().__init__()
        if scales not in REDUCTIONS:
            raise ValueError(f"scales is {scales!r}: choose one of {', '.join(REDUCTIONS)}")
        self.scales, self.discriminator_weight = scales, discriminator_weight

    def real(self, logits: Tensor) -> Tensor:
        raise NotImplementedError

    def fake(self, logits: Tensor) -> Tensor:
        raise NotImplementedError

    def deceive(self, logits: Tensor) -> Tensor:
        return self.real(logits)

    def generator(self, step) -> Tensor:
        """The generator's cost: how far the fake's logits are from deceiving the discriminator."""
        return self._over_scales(self.deceive, step.fake_outputs)

    def discriminator(self, step) -> Tensor:
        """The discriminator's cost on the real and on the fake images."""
        real = self._over_scales(self.real, step.real_outputs)
        fake = self._over_scales(self.fake, step.fake_outputs)
        return self.discriminator_weight * (real + fake)

    def _over_scales(self, cost, outputs: list[list[Tensor]]) -> Tensor:
        costs = torch.stack([cost(features[-1].float()) for features in outputs])
        return costs.sum() if self.scales == "sum" else costs.mean()


@LOSSES.register_module("lsgan")
class LSGAN(GANLoss):
    """Least squares: real logits to 1, fake ones to 0 (Mao et al., ICCV 2017)."""

    def real(self, logits: Tensor) -> Tensor:
        return (logits - 1).square().mean()

    def fake(self, logits: Tensor) -> Tensor:
        return logits.square().mean()


@LOSSES.register_module("vanilla")
class Vanilla(GANLoss):
    """Cross entropy on logits, non-saturating for the generator (Goodfellow et al., 2014)."""

    def real(self, logits: Tensor) -> Tensor:
        return F.softplus(-logits).mean()

    def fake(self, logits: Tensor) -> Tensor:
        return F.softplus(logits).mean()


@LOSSES.register_module("hinge")
class Hinge(GANLoss):
    """Hinge: real logits above 1, fake ones below -1; the generator raises its own (Lim and Ye, 2017)."""

    def real(self, logits: Tensor) -> Tensor:
        return F.relu(1 - logits).mean()

    def fake(self, logits: Tensor) -> Tensor:
        return F.relu(1 + logits).mean()

    def deceive(self, logits: Tensor) -> Tensor:
        return -logits.mean()
