"""What the shapes of our networks' weights say about the network: which it is and the settings it has."""

from collections.abc import Mapping

from torch import Tensor

from synthkit.nn.state_dicts import count_parts, norm_of, weight_shape
from synthkit.plugins.pix2pix.generator import WIDEST


def describe(weights: Mapping[str, Tensor]) -> tuple[str, dict]:
    """generator or discriminator, and the settings that build it, `type` and `in_channels` too.

    Whether the generator has dropout is not to be seen. Raises CheckpointError naming a key that is missing.
    """
    if any(key.startswith("blocks.") for key in weights):
        return "discriminator", _discriminator(weights)
    return "generator", _generator(weights)


def _generator(weights: Mapping[str, Tensor]) -> dict:
    channels, inputs, _ = _shape(weights, "down.0")
    return {
        "type": "pix2pix/unet",
        "in_channels": inputs,
        "channels": channels,
        "downsamples": count_parts(weights, "down"),
        "norm": norm_of(weights),
    }


def _discriminator(weights: Mapping[str, Tensor]) -> dict:
    channels, inputs, kernel = _shape(weights, "blocks.0")
    return {
        "type": "patch",
        "in_channels": inputs,
        "channels": channels,
        "layers": count_parts(weights, "blocks") - 2 if kernel > 1 else 0,
        "norm": norm_of(weights),
        "padding": 1,
        "bias": "blocks.1.conv.bias" in weights,
        "max_channels": WIDEST * channels,
    }


def _shape(weights: Mapping[str, Tensor], layer: str) -> tuple[int, ...]:
    """The output and the input channels of a layer's convolution, and its kernel's side."""
    return weight_shape(weights, f"{layer}.conv.weight", 4, method="pix2pix")[:3]
