"""The computations that are exported, written so that they can be recorded for any size."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram
from torch.fx.experimental._config import patch

from synthkit.errors import ExportError
from synthkit.export.fields import encoder_fields, generator_fields
from synthkit.nn.modes import Inference
from synthkit.translator import Translator

SMALLEST = 3  # pixels of a side: two have a single difference, which a tracer takes for a number


class GeneratorGraph(nn.Module):
    """`Translator.translate` with its padding and cropping written for a tracer: no step asks for a size.

    It holds the generator alone. Fields by name, each (N, C, H, W) -> image (N, 3, H, W) in [-1, 1].
    """

    output, values = "image", "float32 (N, 3, H, W): RGB, -1 to 1"

    def __init__(self, translator: Translator):
        super().__init__()
        self.network = translator.networks["generator"]
        self.stride, self.smallest = translator.stride, translator.smallest
        self.fields, self.condition = generator_fields(translator), translator.condition
        self.source = translator.inputs["source"].format.range if "source" in translator.inputs else None
        self.translate, self.inference = translator.translate, translator.inference

    def forward(self, fields: Mapping[str, Tensor]) -> Tensor:
        condition = self.condition(self._batch(fields))
        style = [fields["style"]] if "style" in fields else []
        style = [self._pad(each) if each.ndim == 4 else each for each in style]
        image = self.network(self._pad(condition), *style)
        image = image[0] if isinstance(image, tuple) else image
        return crop(image, *condition.shape[2:]).clamp(-1, 1)

    def expected(self, fields: Mapping[str, Tensor]) -> Tensor:
        """What the model makes of them."""
        return self.translate(self._batch(fields))

    def _pad(self, image: Tensor) -> Tensor:
        return pad(image, self.stride, self.smallest)

    def _batch(self, fields: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The fields as the model takes them: `source` in [-1, 1]."""
        if self.source is None:
            return dict(fields)
        low, high = self.source
        return {**fields, "source": (fields["source"] - low) / (high - low) * 2 - 1}


class EncoderGraph(nn.Module):
    """The encoder: image -> style (N, F), or between the same padding and cropping image and instance ->
    style (N, F, H, W).
    """

    output, inference = "style", Inference()

    def __init__(self, translator: Translator):
        super().__init__()
        if not translator.has_encoder:
            raise ExportError("this model has no encoder")
        self.network, self.fields = translator.networks["encoder"], encoder_fields(translator)
        self.stride, self.smallest, self.encode = translator.stride, translator.smallest, translator.encode
        by_instance = (", H, W", "one code for each instance")
        size, style = by_instance if "instance" in self.fields else ("", "the image's")
        self.values = f"float32 (N, {self.network.out_channels}{size}): {style}"

    def forward(self, fields: Mapping[str, Tensor]) -> Tensor:
        if "instance" not in fields:
            return self.network(fields["image"], None)[0]
        image, instance = (pad(fields[name], self.stride, self.smallest) for name in ("image", "instance"))
        return crop(self.network(image, instance)[0], *fields["image"].shape[2:])

    @torch.inference_mode()
    def expected(self, fields: Mapping[str, Tensor]) -> Tensor:
        """What the model's encoder makes of them."""
        style, _ = self.encode(fields)
        height, width = fields["image"].shape[2:]
        return style[..., :height, :width] if style.ndim == 4 else style


Graph = GeneratorGraph | EncoderGraph
PARTS = {"generator": GeneratorGraph, "encoder": EncoderGraph}


def pad(image: Tensor, stride: int, smallest: int) -> Tensor:
    """`padding.pad_to` by index: the sizes may be symbols, and no branch depends on them."""
    last = [size - 1 for size in image.shape[2:]]
    steps = [torch.arange(_padded(size, stride, smallest), device=image.device) for size in image.shape[2:]]
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


def dynamic_shapes(graph: Graph) -> dict:
    """Every field has any number of samples, and any height and width from `SMALLEST` up."""
    count, sizes = {0: Dim("N")}, {2: Dim("H", min=SMALLEST), 3: Dim("W", min=SMALLEST)}
    return {"fields": {name: count | (sizes if each.spatial else {}) for name, each in graph.fields.items()}}


def draw(graph: Graph, shape: tuple[int, int, int]) -> dict[str, Tensor]:
    """Random fields of (N, H, W)."""
    return {name: field.draw(shape) for name, field in graph.fields.items()}


def trace(graph: Graph) -> ExportedProgram:
    """The graph as torch.export records it. Raises ExportError, with torch's reason, where it cannot."""
    example = draw(graph, (2, graph.smallest + 3, graph.smallest + graph.stride + 5))
    try:
        # a network may have features of one pixel, which the tracer by itself would rule out
        with graph.inference.applied(graph.network), patch(backed_size_oblivious=True):
            program = torch.export.export(
                graph,
                (example,),
                dynamic_shapes=dynamic_shapes(graph),
                prefer_deferred_runtime_asserts_over_guards=True,
            )
    except Exception as error:  # the tracer runs a plugin's code
        kind = type(graph.network).__name__
        raise ExportError(f"{kind} cannot be exported for all sizes: {reason(error)}") from error
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)  # names of files on this machine
    return program


def reason(error: Exception) -> str:
    """The first line of what an error, or the one that it arose from, has to say; its kind if nothing."""
    while error.__cause__:
        error = error.__cause__
    return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)


def _padded(size: int, stride: int, smallest: int) -> int:
    return torch.sym_max((size + stride - 1) // stride, smallest // stride) * stride
