"""Losses of the core. A loss has `generator(step)`, `discriminator(step)` or both, each a scalar."""

from synthkit.losses.gan import GANLoss
from synthkit.losses.perceptual import Perceptual
from synthkit.losses.pixel import L1, L2

__all__ = ["L1", "L2", "GANLoss", "Perceptual"]
