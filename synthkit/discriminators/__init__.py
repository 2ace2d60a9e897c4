"""Discriminators of the core."""

from synthkit.discriminators.patch import PatchGAN

__all__ = ["PatchGAN"]
