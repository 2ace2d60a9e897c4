"""Losses of the core. A loss has `generator(step)`, `discriminator(step)` or both, each a scalar."""

from synthkit.losses.gan import WGAN, WGANGP, GANLoss
from synthkit.losses.perceptual import Perceptual
from synthkit.losses.pixel import L1, L2
from synthkit.losses.regularisers import R1, LeCam, Regulariser

__all__ = ["L1", "L2", "R1", "WGAN", "WGANGP", "GANLoss", "LeCam", "Perceptual", "Regulariser"]
