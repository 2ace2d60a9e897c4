"""CRN: photographic image synthesis with cascaded refinement networks (Chen and Koltun, ICCV 2017)."""

from synthkit.plugins.crn import generator, losses, vgg

__all__ = ["generator", "losses", "vgg"]
