"""What the shapes of our networks' weights say about the network: which it is and the settings it has."""

import math
from collections.abc import Mapping

from torch import Tensor

from synthkit.errors import CheckpointError
from synthkit.nn.state_dicts import count_parts, norm_of, weight_shape

CITYSCAPES = 36  # channels: of the published generators the one that doubles the size six times
MOST = 8  # blocks


def describe(weights: Mapping[str, Tensor]) -> tuple[str, dict]:
    """generator, discriminator or encoder, and the settings that build it, with what synthkit wires.

    No file tells `normal` from `more` upsampling: `more` is taken for 36 channels, Cityscapes'. Raises
    CheckpointError naming a key that is missing.
    """
    if any(key.startswith("scales.") for key in weights):
        return "discriminator", _discriminator(weights)
    if any(key.startswith("layers.") for key in weights):
        return "encoder", _encoder(weights)
    return "generator", _generator(weights)


def _generator(weights: Mapping[str, Tensor]) -> dict:
    hidden, inputs, kernel, _ = _shape(weights, "blocks.0.first.norm.modulation.shared.weight", 4)
    is_most = count_parts(weights, "blocks") == MOST
    upsampling = "most" if is_most else "more" if inputs == CITYSCAPES else "normal"
    _, channels, _, _ = _shape(weights, "head.conv.weight", 4)
    channels *= 2 if is_most else 1
    settings = {
        "type": "spade/generator",
        "in_channels": inputs,
        "channels": channels,
        "upsampling": upsampling,
    }
    norm = {"type": "spade/spatial", "norm": norm_of(weights), "kernel": kernel, "hidden": hidden}
    return settings | {"norm": norm} | _style(weights, 16 * channels)


def _style(weights: Mapping[str, Tensor], wide: int) -> dict:
    """The width of the style vector and the grid that it becomes: a square, or twice as wide as high."""
    key = "start.weight"
    if key in weights and weights[key].ndim == 4:
        return {"style_channels": 0}
    features, styles = _shape(weights, key, 2)
    for width in (1, 2):  # of the grid, in heights
        height = math.isqrt(features // wide // width)
        if height and wide * width * height**2 == features:
            return {"style_channels": styles, "start": [height, width * height]}
    raise CheckpointError(f"{key!r} makes {features} features: a grid of {wide} is 1:1 or 1:2")


def _discriminator(weights: Mapping[str, Tensor]) -> dict:
    channels, inputs, _, _ = _shape(weights, "scales.0.blocks.0.conv.weight", 4)
    is_biased = "scales.0.blocks.1.conv.bias" in weights  # where a norm follows there is none
    return {
        "type": "pix2pixhd/multiscale",
        "in_channels": inputs,
        "channels": channels,
        "layers": count_parts(weights, "scales.0.blocks") - 2,
        "scales": count_parts(weights, "scales"),
        "norm": "none" if is_biased else norm_of(weights),
        "bias": is_biased,
        "spectral": "scales.0.blocks.1.conv.weight_orig" in weights,
    }


def _encoder(weights: Mapping[str, Tensor]) -> dict:
    channels, inputs, _, _ = _shape(weights, "layers.0.conv.weight_orig", 4)
    return {
        "type": "spade/image_encoder",
        "in_channels": inputs,
        "out_channels": _shape(weights, "mean.weight", 2)[0],
        "channels": channels,
        "downsamples": count_parts(weights, "layers"),
        "norm": norm_of(weights),
    }


def _shape(weights: Mapping[str, Tensor], key: str, dimensions: int) -> tuple[int, ...]:
    return weight_shape(weights, key, dimensions, method="SPADE")
