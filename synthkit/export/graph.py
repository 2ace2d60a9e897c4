"""The computation that is exported: from maps of any size to an image of the same size."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

from synthkit.errors import ExportError
from synthkit.export.fields import Field
from synthkit.translator import Translator

SMALLEST = 3  # pixels of a side: the differences of two pixels would be broadcast like one


class Graph(nn.Module):
    """`Translator.translate` with its padding and cropping written for a tracer: no step asks for a size.

    It holds the generator alone. Fields by name, each (N, C, H, W) -> image (N, 3, H, W) in [-1, 1].
    """

    def __init__(self, translator: Translator):
        super().__init__()
        self.generator = translator.networks["generator"]
        self.condition, self.stride = translator.condition, translator.stride
        self.source = translator.inputs["source"].format.range if "source" in translator.inputs else None

    def forward(self, fields: Mapping[str, Tensor]) -> Tensor:
        condition = self.condition(self.batch(fields))
        style = [pad(fields["style"], self.stride)] if "style" in fields else []
        image = self.generator(pad(condition, self.stride), *style)
        image = image[0] if isinstance(image, tuple) else image
        return crop(image, *condition.shape[2:]).clamp(-1, 1)

    def batch(self, fields: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The fields as the model takes them: `source` in [-1, 1]."""
        if self.source is None:
            return dict(fields)
        low, high = self.source
        return {**fields, "source": (fields["source"] - low) / (high - low) * 2 - 1}


def pad(image: Tensor, stride: int) -> Tensor:
    """`translator.pad_to` by index: the sizes may be symbols, and no branch depends on them."""
    last = [size - 1 for size in image.shape[2:]]
    steps = [torch.arange(_padded(size, stride), device=image.device) for size in image.shape[2:]]
    mirrored = [end - (end - step).abs() for end, step in zip(last, steps, strict=True)]
    reflects = (mirrored[0].min() >= 0) & (mirrored[1].min() >= 0)
    for dim, end in enumerate(last):
        places = torch.where(reflects, mirrored[dim], steps[dim].clamp(max=end))
        image = image.index_select(dim + 2, places)
    return image


def crop(image: Tensor, height: int, width: int) -> Tensor:
    """The upper left part of (N, C, H, W), by index: a slice would compare symbols."""
    rows, columns = (torch.arange(size, device=image.device) for size in (height, width))
    return image.index_select(2, rows).index_select(3, columns)


def dynamic_shapes(fields: dict[str, Field]) -> dict:
    """Every field has any number of samples, and any height and width from `SMALLEST` up."""
    sizes = {0: Dim("N"), 2: Dim("H", min=SMALLEST), 3: Dim("W", min=SMALLEST)}
    return {"fields": dict.fromkeys(fields, sizes)}


def trace(graph: Graph, fields: dict[str, Field]) -> ExportedProgram:
    """The graph as torch.export records it. Raises ExportError, with torch's reason, where it cannot."""
    shape = (2, 2 * graph.stride + 3, 3 * graph.stride + 5)
    example = {name: field.draw(shape) for name, field in fields.items()}
    try:
        program = torch.export.export(
            graph,
            (example,),
            dynamic_shapes=dynamic_shapes(fields),
            prefer_deferred_runtime_asserts_over_guards=True,
        )
    except Exception as error:  # the tracer runs a plugin's code
        kind = type(graph.generator).__name__
        raise ExportError(f"{kind} cannot be exported for all sizes: {reason(error)}") from error
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)  # names of files on this machine
    return program


def reason(error: Exception) -> str:
    """The first line of what an error, or the one that it arose from, has to say; its kind if nothing."""
    while error.__cause__:
        error = error.__cause__
    return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)


def _padded(size: int, stride: int) -> int:
    return torch.sym_max((size + stride - 1) // stride, 2 if stride > 1 else 1) * stride
