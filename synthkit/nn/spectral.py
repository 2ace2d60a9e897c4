"""Spectral norms of a network that is trained no more."""

from torch import nn
from torch.nn.utils import remove_spectral_norm


def fold_spectral_norms(network: nn.Module) -> None:
    """Divide weights by their spectral norm once and for all: outputs keep their bits, in evaluation mode.

    What would be done again in each call is spared, and the weights are plain ones, to be stored in another
    type and exported.
    """
    for layer in network.modules():
        if hasattr(layer, "weight_orig"):
            remove_spectral_norm(layer)
