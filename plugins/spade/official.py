"""The authors' weights, renamed to ours, and what `synthkit import` asks about them."""

import re
from collections.abc import Mapping
from functools import reduce

from torch import Tensor

from synthkit import config
from synthkit.errors import CheckpointError
from synthkit.nn.state_dicts import with_batch_counts
from synthkit.plugins.spade.architecture import describe

__all__ = ["CHANNELS", "KINDS", "base_config", "convert", "describe"]

KINDS = {"G": "generator", "D": "discriminator", "E": "encoder"}
CITYSCAPES, COCO_STUFF, ADE20K = 35, 183, 151  # labels; of the last two one stands for unknown
# of the published generators: Cityscapes', COCO-Stuff's and ADE20K's
CHANNELS = {36: (CITYSCAPES, True), 184: (COCO_STUFF, True), 151: (ADE20K, False)}
BASES = {CITYSCAPES: "_base_/cityscapes", COCO_STUFF: "_base_/coco_stuff_unknown"}

_ENTRY = r"(weight|bias|weight_orig|weight_u|weight_v|running_mean|running_var|num_batches_tracked)"
_GENERATOR = re.compile(rf"(fc|conv_img)\.{_ENTRY}")
_BLOCKS = "(head_0|G_middle_[01]|up_[0-4])"
_BLOCK = re.compile(rf"{_BLOCKS}\.conv_([01s])\.{_ENTRY}")
_NORM = re.compile(rf"{_BLOCKS}\.norm_([01s])\.(param_free_norm|mlp_shared\.0|mlp_gamma|mlp_beta)\.{_ENTRY}")
_SCALE = re.compile(rf"discriminator_(\d)\.model(\d)\.0(?:\.([01]))?\.{_ENTRY}")
_LAYER = re.compile(rf"layer([1-9])(?:\.([01]))?\.{_ENTRY}")
_HEAD = re.compile(rf"(fc_mu|fc_var)\.{_ENTRY}")

_ENDS = {"fc": "start", "conv_img": "head.conv", "fc_mu": "mean", "fc_var": "log_variance"}
_HALVES = {"0": "first", "1": "second", "s": "around"}
_IN_NORM = {
    "param_free_norm": "norm",
    "mlp_shared.0": "modulation.shared",
    "mlp_gamma": "modulation.gain",
    "mlp_beta": "modulation.bias",
}


def convert(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename a state dict of the authors' generator, discriminator or image encoder.

    They are told apart by their keys. A count of batches is added to running statistics that lack it. Raises
    CheckpointError naming a key that fits none.
    """
    last = max((int(match[1]) for key in state if (match := _SCALE.fullmatch(key))), default=0)
    return with_batch_counts({_renamed(key, last): value for key, value in state.items()})


def base_config(generator: Mapping, labels: int, styles: int) -> config.Section:
    """The config around an imported generator: the paper's, on its data where it has as many labels.

    `labels` is how many there are (0 for an RGB source), `styles` the width of the style vector that it
    takes, 0 for none. Other data lies in folders below a root that only its owner knows.
    """
    own = {"transform": {"flip": True}}
    if labels == CITYSCAPES:  # at the published model's size
        own["transform"]["resize"] = [256, 512]
    elif labels != COCO_STUFF:
        own |= {"type": "folders" if labels else "ab_folders", "root": "datasets/own"}
    epochs, hold = (100, 1.0) if labels == COCO_STUFF else (200, 0.5)
    around = {"data": own, "train": {"steps": f"{epochs} epochs", "schedule": {"hold": hold}}}
    if styles:
        around["model"] = {"encoder": {"type": "spade/image_encoder", "out_channels": styles}}
    shipped = ["_base_/spade", *(["_base_/spade_styles"] if styles else [])]
    shipped += [BASES[labels]] if labels in BASES else []
    return reduce(config.merge, [*map(config.load, shipped), config.from_dict(around, name="import")])


def _renamed(key: str, last: int) -> str:
    """Our name of the authors' key; `last` is the number of the discriminator's coarsest scale."""
    if match := _GENERATOR.fullmatch(key) or _HEAD.fullmatch(key):
        return f"{_ENDS[match[1]]}.{match[2]}"
    if match := _BLOCK.fullmatch(key):
        return f"blocks.{_block(match[1])}.{_HALVES[match[2]]}.conv.{match[3]}"
    if match := _NORM.fullmatch(key):
        return f"blocks.{_block(match[1])}.{_HALVES[match[2]]}.norm.{_IN_NORM[match[3]]}.{match[4]}"
    if match := _SCALE.fullmatch(key):  # ours are numbered from the coarsest
        return f"scales.{last - int(match[1])}.blocks.{int(match[2])}.{_part(match[3])}.{match[4]}"
    if match := _LAYER.fullmatch(key):
        return f"layers.{int(match[1]) - 1}.{_part(match[2])}.{match[3]}"
    raise CheckpointError(f"{key!r} is not a key of SPADE's generator, discriminator or encoder")


def _block(name: str) -> int:
    """The place of a block: head_0, G_middle_0, G_middle_1, up_0 …"""
    part, number = name.rsplit("_", 1)
    return {"head": 0, "G_middle": 1, "up": 3}[part] + int(number)


def _part(place: str | None) -> str:
    """A layer with a norm is a pair: the convolution, then the norm."""
    return "norm" if place == "1" else "conv"
