"""What the shapes of our networks' weights say about the network: which it is and the settings it has."""

from collections.abc import Mapping

from torch import Tensor

from synthkit.errors import CheckpointError
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
        "downsamples": _count(weights, "down"),
        "norm": _norm(weights),
    }


def _discriminator(weights: Mapping[str, Tensor]) -> dict:
    channels, inputs, kernel = _shape(weights, "blocks.0")
    return {
        "type": "patch",
        "in_channels": inputs,
        "channels": channels,
        "layers": _count(weights, "blocks") - 2 if kernel > 1 else 0,
        "norm": _norm(weights),
        "padding": 1,
        "bias": "blocks.1.conv.bias" in weights,
        "max_channels": WIDEST * channels,
    }


def _shape(weights: Mapping[str, Tensor], layer: str) -> tuple[int, int, int]:
    """The output and the input channels of a layer's convolution, and its kernel's side."""
    key = f"{layer}.conv.weight"
    if key not in weights or weights[key].ndim != 4:
        raise CheckpointError(f"this is none of pix2pix's networks: they have a convolution {key!r}")
    return tuple(weights[key].shape[:3])


def _count(weights: Mapping[str, Tensor], prefix: str) -> int:
    return len({key.split(".")[1] for key in weights if key.startswith(f"{prefix}.")})


def _norm(weights: Mapping[str, Tensor]) -> str:
    """Batch norm has weights; instance norm has none, nor does the authors' third choice, no norm at all."""
    return "batch" if any(".norm." in key for key in weights) else "instance"
