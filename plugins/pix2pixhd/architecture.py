"""What the shapes of our networks' weights say about the network: which it is and the settings it has."""

from collections.abc import Mapping

from torch import Tensor

from synthkit.nn.state_dicts import count_parts, norm_of, weight_shape


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
        "layers": count_parts(weights, "scales.0.blocks") - 2,
        "scales": count_parts(weights, "scales"),
        "norm": norm_of(weights),
    }


def _generator(weights: Mapping[str, Tensor]) -> dict:
    settings = {"type": "pix2pixhd/global", **_global(weights), "blocks": count_parts(weights, "blocks")}
    if enhancers := count_parts(weights, "enhancers"):
        channels, _ = _channels(weights, f"enhancers.{enhancers - 1}.down.0")
        blocks = count_parts(weights, "enhancers.0.blocks")
        settings |= {"type": "pix2pixhd/local", "channels": channels}
        settings |= {"enhancers": enhancers, "local_blocks": blocks}
    return settings


def _global(weights: Mapping[str, Tensor]) -> dict:
    channels, inputs = _channels(weights, "down.0")
    downsamples = count_parts(weights, "down") - 1
    return dict(in_channels=inputs, channels=channels, downsamples=downsamples, norm=norm_of(weights))


def _channels(weights: Mapping[str, Tensor], layer: str) -> tuple[int, ...]:
    """The output and the input channels of a layer's convolution."""
    return weight_shape(weights, f"{layer}.conv.weight", 4, method="pix2pixHD")[:2]
