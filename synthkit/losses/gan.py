"""Adversarial losses on the logits of a discriminator."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from synthkit.losses.penalty import gradient_norms
from synthkit.registry import LOSSES

REDUCTIONS = ("sum", "mean")


class MultiScaleLoss(nn.Module):
    """A loss with one cost per scale of a discriminator.

    Args:
        scales: sum (pix2pixHD) or mean (SPADE) of the costs of the scales.
    """

    def __init__(self, *, scales: str = "sum"):
        super().__init__()
        if scales not in REDUCTIONS:
            raise ValueError(f"scales is {scales!r}: choose one of {', '.join(REDUCTIONS)}")
        self.scales = scales

    def over_scales(self, costs: list[Tensor]) -> Tensor:
        """A scalar from the scalar costs of the scales."""
        stacked = torch.stack(costs)
        return stacked.sum() if self.scales == "sum" else stacked.mean()


class GANLoss(MultiScaleLoss):
    """An adversarial loss over the scales of a discriminator.

    A subclass says what logits cost that should be `real`, should be `fake`, or should `deceive`; each
    maps (N, 1, h, w) to a scalar. A config's `weight` is the generator's alone.

    Args:
        discriminator_weight: times the sum of its costs on real and on fake images is what the discriminator
            pays: 0.5 in pix2pix and pix2pixHD, 1 in SPADE.
    """

    def __init__(self, *, scales: str = "sum", discriminator_weight: float = 0.5):
        super().__init__(scales=scales)
        self.discriminator_weight = discriminator_weight

    def real(self, logits: Tensor) -> Tensor:
        raise NotImplementedError

    def fake(self, logits: Tensor) -> Tensor:
        raise NotImplementedError

    def deceive(self, logits: Tensor) -> Tensor:
        return self.real(logits)

    def generator(self, step) -> Tensor:
        """The generator's cost: how far the fake's logits are from deceiving the discriminator."""
        return self._cost(self.deceive, step.fake_outputs)

    def discriminator(self, step) -> Tensor:
        """The discriminator's cost on the real and on the fake images."""
        real, fake = self._cost(self.real, step.real_outputs), self._cost(self.fake, step.fake_outputs)
        return self.discriminator_weight * (real + fake)

    def _cost(self, cost, outputs: list[list[Tensor]]) -> Tensor:
        return self.over_scales([cost(features[-1].float()) for features in outputs])


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


@LOSSES.register_module("wgan")
class WGAN(GANLoss):
    """Wasserstein: the critic parts the means of its logits, unbounded (Arjovsky et al., ICML 2017).

    It needs a critic whose slope is bounded: a discriminator with `spectral: true`, or `wgan_gp`. The
    critic's weight is the paper's, 1.
    """

    def __init__(self, *, scales: str = "sum", discriminator_weight: float = 1.0):
        super().__init__(scales=scales, discriminator_weight=discriminator_weight)

    def real(self, logits: Tensor) -> Tensor:
        return -logits.mean()

    def fake(self, logits: Tensor) -> Tensor:
        return logits.mean()


@LOSSES.register_module("wgan_gp")
class WGANGP(WGAN):
    """`wgan` with `penalty` times the mean of (slope - 1)^2 (Gulrajani et al., NeurIPS 2017, equation 3).

    The slope is that of `gradient_norms` between each real pair of condition and image and its fake one, at
    a point drawn uniformly; in float32. A discriminator with batch norm mixes the images of a batch, and
    the penalty is then not one per image: use instance, layer or no norm.

    Args:
        penalty: the weight of the penalty, 10 in the paper.
    """

    def __init__(self, *, penalty: float = 10.0, scales: str = "sum", discriminator_weight: float = 1.0):
        super().__init__(scales=scales, discriminator_weight=discriminator_weight)
        self.penalty = penalty

    def discriminator(self, step) -> Tensor:
        """The critic's cost and its penalty, both times `discriminator_weight`."""
        costs = [(norms - 1).square().mean() for norms in self._slopes(step)]
        return super().discriminator(step) + self.discriminator_weight * self.penalty * self.over_scales(
            costs
        )

    def _slopes(self, step) -> list[Tensor]:
        real, fake = step.batch["image"], step.fake.detach()
        share = torch.rand(len(real), 1, 1, 1).to(real)
        condition = step.fake_condition.lerp(step.condition, share)
        image = fake.lerp(real, share).requires_grad_()
        return gradient_norms(step.discriminate(image, condition, full_precision=True), image)
