"""The authors' weights, renamed to ours.

Their generator and encoder are flat lists of layers, numbered with gaps where a layer has no weights; what a
number means follows from the order and the shapes.
"""

import re
from collections.abc import Mapping

from torch import Tensor

from synthkit.errors import CheckpointError

_DISCRIMINATOR = re.compile(r"scale(\d+)_layer(\d+)\.0\.(weight|bias)")
_GENERATOR = re.compile(r"model(?:(\d+)_([12]))?\.(\d+)\.(?:conv_block\.(\d+)\.)?(weight|bias)")


def convert(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename a state dict of the authors' generator (global or local), encoder or discriminator.

    They are told apart by their keys. Raises CheckpointError naming the first key that fits none of them.
    """
    if any(key.startswith("scale") for key in state):
        return {_discriminator_key(key): value for key, value in state.items()}
    matches = [_match(_GENERATOR, key) for key in state]
    parts: dict[tuple[str | None, str | None], list[re.Match]] = {}
    for match in matches:
        parts.setdefault((match[1], match[2]), []).append(match)
    names = {}
    for (enhancer, half), keys in parts.items():
        prefix = f"enhancers.{int(enhancer) - 1}." if enhancer else ""
        names |= {key: prefix + name for key, name in _part_names(keys, state, half).items()}
    if not any("conv_block" in key for key in state):
        names = {key: f"network.{name}" for key, name in names.items()}
    return {names[key]: value for key, value in state.items()}


def _match(pattern: re.Pattern, key: str) -> re.Match:
    match = pattern.fullmatch(key)
    if match is None:
        raise CheckpointError(f"{key!r} is not a key of pix2pixHD's generator, encoder or discriminator")
    return match


def _discriminator_key(key: str) -> str:
    scale, layer, kind = _match(_DISCRIMINATOR, key).groups()
    return f"scales.{scale}.blocks.{layer}.conv.{kind}"


def _part_names(keys: list[re.Match], state: Mapping[str, Tensor], half: str | None) -> dict[str, str]:
    """Old key -> new key, within one of their Sequentials: layers in order, by what their shapes say."""
    layers = sorted({int(match[3]) for match in keys})
    blocks = sorted({int(match[3]) for match in keys if match[4]})
    plain = [layer for layer in layers if layer not in blocks]
    prefix = keys[0][0].split(".")[0]
    roles = {layer: f"blocks.{index}" for index, layer in enumerate(blocks)}
    counts = {"down": 0, "up": 0}
    for layer in plain:
        role = _role(state[f"{prefix}.{layer}.weight"], state[f"{prefix}.{layer}.bias"], first=layer == 1)
        if role == "head" or (role == "up" and half == "2"):  # an enhancer has a single way up
            roles[layer] = f"{role}.conv"
        else:
            roles[layer] = f"{role}.{counts[role]}.conv"
            counts[role] += 1
    convolutions = {"1": "first.conv", "5": "second.conv"}
    return {
        match[0]: ".".join(filter(None, (roles[int(match[3])], convolutions.get(match[4]), match[5])))
        for match in keys
    }


def _role(weight: Tensor, bias: Tensor, *, first: bool) -> str:
    """A 7x7 layer is the first or the head; a transposed convolution has its outputs in the second place."""
    if weight.shape[-1] == 7:
        return "down" if first else "head"
    return "down" if weight.shape[0] == len(bias) else "up"
