"""What an exported model is given: the fields that it reads, their types and their values."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from synthkit.errors import ExportError
from synthkit.translator import Translator

INSTANCES = 4  # in a drawn map
BLOCK = 4  # pixels: the side of a patch of one id in a drawn map


class Field(NamedTuple):
    """One input of the graph: (N, channels, H, W) of `dtype`, what its values mean, and a draw of some.

    One that is not `spatial` is (N, channels).
    """

    channels: int
    dtype: torch.dtype
    values: str
    draw: Callable[[tuple[int, int, int]], Tensor]
    spatial: bool = True

    def __str__(self) -> str:
        dtype = str(self.dtype).removeprefix("torch.")
        return f"{dtype} (N, {self.channels}{', H, W' if self.spatial else ''}): {self.values}"


def generator_fields(translator: Translator) -> dict[str, Field]:
    """What the model's generator reads, by name: its inputs, and `style` where there is an encoder.

    Raises ExportError for a model without inputs.
    """
    if not translator.inputs:
        raise ExportError("a model without inputs has nothing that a graph could be given")
    fields = {each.field: _field(each) for each in translator.inputs.values()}
    if translator.has_encoder:
        channels = translator.networks["encoder"].out_channels
        if translator.has_style_vector:
            fields["style"] = _vector(channels)
        else:
            fields["style"] = _floats(channels, "as of the encoder, one for each instance")
    return fields


def encoder_fields(translator: Translator) -> dict[str, Field]:
    """What the model's encoder reads: the photo, and its instances where each has a style."""
    image = {"image": _floats(3, "RGB, -1 to 1")}
    return image if translator.has_style_vector else image | {"instance": _instances()}


def _field(kind) -> Field:
    """The field that an input reads. What only a plugin knows is passed on as floats."""
    if kind.field == "label":
        ignored = [] if kind.ignore is None else [kind.ignore]
        words = [f"classes 0 to {kind.channels - 1}", *(f"{each} for none" for each in ignored)]
        return _ids([*range(kind.channels), *ignored], ", ".join(words))
    if kind.field == "instance":
        return _instances()
    if kind.field == "source":
        low, high = kind.format.range or (-1, 1)
        return _floats(kind.channels, f"{low:g} to {high:g}", low, high)
    if kind.field == "edge":
        return _floats(kind.channels, "1 on lines, else 0", 0, 1)
    return _floats(kind.channels, "as the model takes them")


def _instances() -> Field:
    return _ids(range(INSTANCES), "one id for each instance, any integers")


def _ids(choices: Sequence[int], values: str) -> Field:
    """A map of one of `choices` for each pixel, drawn in blocks."""

    def draw(shape: tuple[int, int, int]) -> Tensor:
        count, height, width = shape
        blocks = torch.randint(len(choices), (count, 1, -(-height // BLOCK), -(-width // BLOCK)))
        ids = torch.tensor(choices, dtype=torch.int32)[blocks]
        return ids.repeat_interleave(BLOCK, 2).repeat_interleave(BLOCK, 3)[..., :height, :width].contiguous()

    return Field(1, torch.int32, values, draw)


def _vector(channels: int) -> Field:
    values = "as of the encoder, or drawn from the standard normal distribution"
    return Field(
        channels, torch.float32, values, lambda shape: torch.randn(shape[0], channels), spatial=False
    )


def _floats(channels: int, values: str, low: float = -1, high: float = 1) -> Field:
    return Field(
        channels,
        torch.float32,
        values,
        lambda shape: torch.empty(shape[0], channels, *shape[1:]).uniform_(low, high),
    )
