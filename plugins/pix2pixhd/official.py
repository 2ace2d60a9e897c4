"""The authors' weights, renamed to ours, and what `synthkit import` asks about them.

Their generator and encoder are flat lists of layers, numbered with gaps where a layer has no weights; what a
number means follows from the order and the shapes.
"""

import re
from collections import Counter
from collections.abc import Mapping
from functools import reduce

from torch import Tensor

from synthkit import config
from synthkit.errors import CheckpointError
from synthkit.nn.state_dicts import with_batch_counts, without_unused_statistics
from synthkit.plugins.pix2pixhd.architecture import describe

__all__ = ["CHANNELS", "KINDS", "base_config", "convert", "describe"]

KINDS = {"G": "generator", "D": "discriminator", "E": "encoder", "clusters": "styles"}
CITYSCAPES = 35
CHANNELS = {36: (CITYSCAPES, True), 39: (CITYSCAPES, True)}  # of the published generators

_ENTRY = r"(weight|bias|running_mean|running_var|num_batches_tracked)"
_SCALES = re.compile(rf"scale(\d+)_layer(\d+)\.([01])\.{_ENTRY}")  # with feature matching
_PLAIN_SCALES = re.compile(rf"layer(\d+)\.(\d+)\.{_ENTRY}")  # without: each scale is one list
_LAYERS = re.compile(rf"model(?:(\d+)_([12]))?\.(\d+)\.(?:conv_block\.([1256])\.)?{_ENTRY}")
_IN_BLOCK = {"1": "first.conv", "2": "first.norm", "5": "second.conv", "6": "second.norm"}


def convert(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename a state dict of the authors' generator (global or local), encoder or discriminator.

    They are told apart by their keys. Running statistics that are not used are left out. Raises
    CheckpointError naming a key that fits none.
    """
    state = without_unused_statistics(state)
    if any(key.startswith("scale") for key in state):
        names = {key: _scale_name(key) for key in state}
    elif any(key.startswith("layer") for key in state):
        names = _plain_scale_names(state)
    else:
        names = _layer_names(state)
    if twice := [name for name, count in Counter(names.values()).items() if count > 1]:
        raise CheckpointError(f"several keys stand for {twice[0]!r}")
    return with_batch_counts({names[key]: value for key, value in state.items()})


def base_config(generator: Mapping, labels: int, styles: int) -> config.Section:
    """The config around an imported generator: the paper's, on Cityscapes where it has as many labels.

    `generator` is what `describe` says of it, `labels` how many there are (0 for an RGB source), `styles` the
    width of the style features that it takes. Other data lies in the original's folders, below a root that
    only its owner knows.
    """
    enhancers = generator.get("enhancers", 0)
    own = {"root": "datasets/own", "validation": "test", "transform": {"flip": True}}
    if labels == CITYSCAPES:  # at the published models' sizes
        own = {"transform": {"resize": [512 * 2**enhancers, 1024 * 2**enhancers], "flip": True}}
    else:
        own["type"] = "folders" if labels else "ab_folders"
    model = {"discriminator": {"scales": 2 + enhancers}}
    if styles:
        model["encoder"] = {"type": "pix2pixhd/instance_encoder", "out_channels": styles}
    around = {"model": model, "data": own, "train": {"steps": "200 epochs"}}
    shipped = ["_base_/pix2pixhd", *(["_base_/cityscapes"] if labels == CITYSCAPES else [])]
    sections = [*map(config.load, shipped), config.from_dict(around, name="import")]
    return reduce(config.merge, sections)


def _match(pattern: re.Pattern, key: str) -> re.Match:
    match = pattern.fullmatch(key)
    if match is None:
        raise CheckpointError(f"{key!r} is not a key of pix2pixHD's generator, encoder or discriminator")
    return match


def _is_conv(state: Mapping[str, Tensor], layer: str) -> bool:
    """Whether a layer, by the beginning of its keys, is a convolution; else it is a norm."""
    weight = state.get(f"{layer}.weight")
    if weight is None or weight.ndim not in (1, 4):
        found = "absent" if weight is None else tuple(weight.shape)
        raise CheckpointError(f"'{layer}.weight' is {found}: a convolution's or a norm's is needed")
    return weight.ndim == 4


def _scale_name(key: str) -> str:
    scale, layer, place, entry = _match(_SCALES, key).groups()
    return f"scales.{scale}.blocks.{layer}.{'norm' if place == '1' else 'conv'}.{entry}"


def _plain_scale_names(state: Mapping[str, Tensor]) -> dict[str, str]:
    """Old key -> new key of a discriminator whose scales are one list each, a norm behind its convolution."""
    matches = [_match(_PLAIN_SCALES, key) for key in state]
    names, blocks = {}, {}
    for scale, layer in sorted({(match[1], int(match[2])) for match in matches}):
        is_conv = _is_conv(state, f"layer{scale}.{layer}")
        blocks[scale] = blocks.get(scale, -1) + is_conv
        names[scale, layer] = f"scales.{scale}.blocks.{blocks[scale]}.{'conv' if is_conv else 'norm'}"
    return {match[0]: f"{names[match[1], int(match[2])]}.{match[3]}" for match in matches}


def _layer_names(state: Mapping[str, Tensor]) -> dict[str, str]:
    """Old key -> new key of a generator or an encoder."""
    parts: dict[tuple[str | None, str | None], list[re.Match]] = {}
    for match in [_match(_LAYERS, key) for key in state]:
        parts.setdefault((match[1], match[2]), []).append(match)
    _is_conv(state, "model.1")  # each has it; without, those that follow would be taken for others
    names = {}
    for (enhancer, half), keys in parts.items():
        prefix = f"enhancers.{int(enhancer) - 1}." if enhancer else ""
        names |= {key: prefix + name for key, name in _part_names(keys, state, half).items()}
    if not any("conv_block" in key for key in state):
        names = {key: f"network.{name}" for key, name in names.items()}
    return names


def _part_names(keys: list[re.Match], state: Mapping[str, Tensor], half: str | None) -> dict[str, str]:
    """Old key -> new key, within one of their Sequentials: layers in order, by what their shapes say."""
    blocks = sorted({int(match[3]) for match in keys if match[4]})
    prefix = keys[0][0].split(".")[0]
    roles = {layer: f"blocks.{index}" for index, layer in enumerate(blocks)}
    counts = {"down": 0, "up": 0}
    for layer in sorted({int(match[3]) for match in keys} - {*blocks}):
        if not _is_conv(state, f"{prefix}.{layer}"):
            roles[layer] = _norm_behind(roles.get(layer - 1, ""), f"{prefix}.{layer}")
            continue
        role = _role(state, f"{prefix}.{layer}", first=layer == 1)
        if role == "head" or (role == "up" and half == "2"):  # an enhancer has a single way up
            roles[layer] = f"{role}.conv"
        else:
            roles[layer] = f"{role}.{counts[role]}.conv"
            counts[role] += 1
    return {
        match[0]: ".".join(filter(None, (roles[int(match[3])], _IN_BLOCK.get(match[4]), match[5])))
        for match in keys
    }


def _norm_behind(convolution: str, layer: str) -> str:
    if not convolution.endswith("conv"):
        raise CheckpointError(f"'{layer}.weight' is a norm's, and no convolution stands before it")
    return convolution.removesuffix("conv") + "norm"


def _role(state: Mapping[str, Tensor], layer: str, *, first: bool) -> str:
    """A 7x7 layer is the first or the head; a transposed convolution has its outputs in the second place."""
    weight, bias = state[f"{layer}.weight"], state.get(f"{layer}.bias")
    if weight.shape[-1] == 7:
        return "down" if first else "head"
    if bias is None or len(bias) not in weight.shape[:2]:
        found = "absent" if bias is None else tuple(bias.shape)
        raise CheckpointError(f"'{layer}.bias' is {found}, beside a weight of {tuple(weight.shape)}")
    return "down" if weight.shape[0] == len(bias) else "up"
