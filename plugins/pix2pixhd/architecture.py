"""What the shapes of our networks' weights say about the network: which it is and the settings it has."""

from collections.abc import Mapping

from torch import Tensor

from synthkit.errors import CheckpointError


def describe(weights: Mapping[str, Tensor]) -> tuple[str, dict]:
    """generator, discriminator or encoder, and the settings that build it, `type` and `in_channels` too.

    They are read from the first layers and from how many there are, so that a network built from them tells
    whether the other weights fit. Raises CheckpointError naming a key that is missing.
    """
    if any(key.startswith("scales.") for key in weights):
        return "discriminator", _discriminator(weights)
    if any(key.startswith("network.") for key in weights):
        body = {key.removeprefix("network."): value for key, value in weights.items()}
        outputs, _ = _channels(body, "head")
        return "encoder", _global(body) | {"type": "pix2pixhd/instance_encoder", "out_channels": outputs}
    return "generator", _generator(weights)


def _discriminator(weights: Mapping[str, Tensor]) -> dict:
    channels, inputs = _channels(weights, "scales.0.blocks.0")
    return {
        "type": "pix2pixhd/multiscale",
        "in_channels": inputs,
        "channels": channels,
        "layers": _count(weights, "scales.0.blocks") - 2,
        "scales": _count(weights, "scales"),
        "norm": _norm(weights),
    }


def _generator(weights: Mapping[str, Tensor]) -> dict:
    settings = {"type": "pix2pixhd/global", **_global(weights), "blocks": _count(weights, "blocks")}
    if enhancers := _count(weights, "enhancers"):
        channels, _ = _channels(weights, f"enhancers.{enhancers - 1}.down.0")
        blocks = _count(weights, "enhancers.0.blocks")
        settings |= {"type": "pix2pixhd/local", "channels": channels}
        settings |= {"enhancers": enhancers, "local_blocks": blocks}
    return settings


def _global(weights: Mapping[str, Tensor]) -> dict:
    channels, inputs = _channels(weights, "down.0")
    downsamples = _count(weights, "down") - 1
    return dict(in_channels=inputs, channels=channels, downsamples=downsamples, norm=_norm(weights))


def _channels(weights: Mapping[str, Tensor], layer: str) -> tuple[int, int]:
    """The output and the input channels of a layer's convolution."""
    key = f"{layer}.conv.weight"
    if key not in weights or weights[key].ndim != 4:
        raise CheckpointError(f"this is none of pix2pixHD's networks: they have a convolution {key!r}")
    return tuple(weights[key].shape[:2])


def _count(weights: Mapping[str, Tensor], prefix: str) -> int:
    """How many numbers stand behind a prefix."""
    start = f"{prefix}."
    return len({key.removeprefix(start).split(".")[0] for key in weights if key.startswith(start)})


def _norm(weights: Mapping[str, Tensor]) -> str:
    """Only batch norm has running statistics."""
    return "batch" if any(key.endswith(".running_mean") for key in weights) else "instance"
