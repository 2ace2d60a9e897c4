"""pix2pixHD: high-resolution synthesis and semantic manipulation (Wang et al., CVPR 2018)."""

from synthkit.plugins.pix2pixhd import discriminator, encoder, generator, losses

__all__ = ["discriminator", "encoder", "generator", "losses"]
