"""pix2pix: image-to-image translation with conditional adversarial networks (Isola et al., CVPR 2017)."""

from synthkit.plugins.pix2pix import generator

__all__ = ["generator"]
