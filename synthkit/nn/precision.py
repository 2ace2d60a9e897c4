"""The type that a network's weights are kept in."""

import torch
from torch import nn


def store_weights(network: nn.Module, dtype: torch.dtype) -> None:
    """Keep the weights and biases of convolutions and linear layers in `dtype`, for use under autocast to it.

    Autocast would make the same copy of them in each call, so the outputs have the same bits. All else (gains
    of norms, running statistics, weights under spectral norm, unless it is folded) keeps its type. For
    inference: optimisers need float32.
    """
    for layer in network.modules():
        if isinstance(layer, (nn.modules.conv._ConvNd, nn.Linear)):
            for name, weight in layer.named_parameters(recurse=False):
                if name in ("weight", "bias"):
                    weight.data = weight.data.to(dtype)
