"""The authors' weights (those of their PyTorch code), renamed to ours, and what `synthkit import` asks.

Their U-Net is nested: each block holds the next coarser one between its way down and its way up. The
discriminator is a flat list. Both are numbered with gaps where a layer has no weights.
"""

import re
from collections.abc import Mapping
from functools import reduce

import torch
from torch import Tensor

from synthkit import config
from synthkit.errors import CheckpointError
from synthkit.nn.state_dicts import with_batch_counts, without_unused_statistics
from synthkit.plugins.pix2pix.architecture import describe

__all__ = ["CHANNELS", "KINDS", "base_config", "convert", "describe"]

KINDS = {"G": "generator", "D": "discriminator"}
CHANNELS = {3: (0, False)}  # all published generators translate RGB images

_ENTRY = r"(weight|bias|running_mean|running_var|num_batches_tracked)"
_UNET = re.compile(rf"model(\.model\.1((?:\.model\.3)*))?\.model\.(\d+)\.{_ENTRY}")
_FLAT = re.compile(rf"(?:model|net)\.(\d+)\.{_ENTRY}")  # `net` where the convolutions are 1x1
_OUTERMOST = {0: "down.{0}.conv", 3: "head.conv"}
_BETWEEN = {1: "down.{0}.conv", 2: "down.{0}.norm", 5: "up.{1}.conv", 6: "up.{1}.norm"}
_INNERMOST = {1: "down.{0}.conv", 3: "up.0.conv", 4: "up.0.norm"}


def convert(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename a state dict of the authors' U-Net or discriminator, told apart by their keys.

    Running statistics that are not used are left out, and get a count of batches where they lack one. Raises
    CheckpointError naming a key that fits none.
    """
    state = without_unused_statistics(state)
    nested = any(key.startswith("model.model.") for key in state)
    names = (_unet_names if nested else _flat_names)(list(state))
    weights = with_batch_counts({name: state[key] for key, name in names.items()})
    return weights if nested else _with_last_bias(weights)


def base_config(generator: Mapping, labels: int, styles: int) -> config.Section:
    """The config around an imported generator: the paper's, on side-by-side images where it takes RGB ones.

    `generator` is what `describe` says of it, `labels` how many there are (0 for an RGB source). The run
    translates as the authors test: with dropout and the batch's statistics, as far as the generator has them.
    Where the data lies, and on which side the photos are, only their owner knows. Raises CheckpointError for
    style features.
    """
    if styles:
        raise CheckpointError(f"{labels} labels leave {styles} channels, and pix2pix has no style features")
    data = {"type": "folders", "root": "datasets/own", "validation": "test"}
    if not labels:
        data |= {"type": "aligned", "direction": "a_to_b"}
    drops, batch = generator["downsamples"] > 5, generator["norm"] == "batch"
    model = {"inference": {"dropout": drops, "batch_statistics": batch}}
    around = {"model": model, "data": data, "train": {"steps": "200 epochs"}}
    return reduce(config.merge, [config.load("_base_/pix2pix"), config.from_dict(around, name="import")])


def _match(pattern: re.Pattern, key: str) -> re.Match:
    match = pattern.fullmatch(key)
    if match is None:
        raise CheckpointError(f"{key!r} is not a key of pix2pix's generator or discriminator")
    return match


def _unet_names(keys: list[str]) -> dict[str, str]:
    """Old key -> new key: the depth of a block is how often its key goes down one."""
    matches = {key: _match(_UNET, key) for key in keys}
    depths = {key: 1 + match[2].count("model") if match[1] else 0 for key, match in matches.items()}
    innermost = max(depths.values())
    names = {}
    for key, match in matches.items():
        depth, layer = depths[key], int(match[3])
        layers = _OUTERMOST if not depth else _INNERMOST if depth == innermost else _BETWEEN
        if layer not in layers:
            raise CheckpointError(f"{key!r}: a block {depth} deep of {innermost} has no layer {layer}")
        names[key] = f"{layers[layer].format(depth, innermost - depth)}.{match[4]}"
    return names


def _flat_names(keys: list[str]) -> dict[str, str]:
    """Old key -> new key: a convolution is the first, or stands two or three layers behind another.

    A norm stands right behind its convolution.
    """
    matches = {key: _match(_FLAT, key) for key in keys}
    names, block = {}, -1
    for layer in sorted({int(match[1]) for match in matches.values()}):
        follows = layer - 1 in names
        block += not follows
        names[layer] = f"blocks.{block}.{'norm' if follows else 'conv'}"
    return {key: f"{names[int(match[1])]}.{match[2]}" for key, match in matches.items()}


def _with_last_bias(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """The 1x1 discriminator has no last bias beside batch norm; ours always has, of zero then."""
    last = max(weights, key=lambda key: int(key.split(".")[1])).rpartition(".")[0]
    return {f"{last}.bias": torch.zeros(1)} | weights
