"""SPADE: semantic image synthesis with spatially-adaptive normalization (Park et al., CVPR 2019)."""

from synthkit.plugins.spade import encoder, generator, losses, norm

__all__ = ["encoder", "generator", "losses", "norm"]
