"""A trained generator or encoder as one file that runs without synthkit, in ONNX or as torch.export saves it.

The graph takes what the model reads, by name, for any N, and for any H and W from three pixels up:

- `label` (N, 1, H, W) int32, the model's own ids (not those of the files, where `data.labels` has a table)
- `instance` (N, 1, H, W) int32, any ids
- `source` (N, C, H, W) float32 in the range of `model.inputs.source.range`, or in [-1, 1] where there is none
- `edge` (N, 1, H, W) float32, 1 on lines, else 0
- `style` (N, F, H, W) float32, where the model has an encoder, in the place of a photo; (N, F) where an image
  has a single style

and gives `image` (N, 3, H, W) float32 in [-1, 1], of the same size. The encoder takes `image`, and `instance`
where each has a style, and gives `style`. One-hot labels, boundaries, padding to the network's stride and
cropping are inside; a resize (`data.transform`) is not.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import torch

from synthkit import __version__, inference
from synthkit.errors import ExportError, SynthkitWarning, listed
from synthkit.export.formats import FORMATS, Run, find_format
from synthkit.export.graph import PARTS, SMALLEST, Graph, draw, trace
from synthkit.registry import DATASETS

__all__ = ["FORMATS", "Exported", "export"]

TOLERANCE = 1e-4  # in an image of [-1, 1]
RESIZING = ("resize", "scale_width", "scale_short")


class Exported(NamedTuple):
    """A file that was written and checked: the largest difference to PyTorch, and on which (N, H, W)."""

    path: Path
    step: int
    graph: Graph
    difference: float
    shapes: list[tuple[int, int, int]]


def export(
    run: str | Path, out: str | Path, *, part: str = "generator", format: str = "onnx", best: bool = False
) -> Exported:
    """Write the generator or the encoder of a run to the file `out`, run that, and compare with PyTorch.

    `part` is generator or encoder, `format` is onnx or torch, `best` as in `inference.load`. All is float32.
    Dropout that the model keeps as noise is left out, with a warning: a graph has no seed.
    Nothing is left of a file whose results differ by more than 1e-4. Raises ExportError for that, for a
    network that cannot be exported, for a missing package and where the file cannot be written; and what
    `inference.load` raises.
    """
    kind = find_format(format, out := Path(out))
    if part not in PARTS:
        raise ExportError(f"part is {part!r}: choose one of {listed(PARTS)}")
    model = inference.load(run, best=best, device="cpu", precision="fp32")
    if part == "generator" and model.translator.inference.dropout:
        warnings.warn("exported without model.inference.dropout", SynthkitWarning, stacklevel=2)
        model.translator.inference = replace(model.translator.inference, dropout=False)
    graph = PARTS[part](model.translator)
    program = trace(graph)
    with _replacing(out) as partial, torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        kind.write(program, partial, graph, _metadata(model, graph))
        shapes = _shapes(graph.stride)
        difference = _difference(kind.run(partial), graph, shapes)
        if not difference <= TOLERANCE:  # nor NaN
            raise ExportError(
                f"{kind.runtime} differs from PyTorch by {difference:.1e}, which is more than {TOLERANCE:g}"
            )
    return Exported(out, model.step, graph, difference, shapes)


def _metadata(model: inference.Model, graph: Graph) -> dict:
    """What a user of the file should know, as plain data."""
    data = model.config["data"]
    names = data.get("names") or getattr(DATASETS.get(data["type"]), "names", ())
    return {
        "version": __version__,
        "step": model.step,
        "inputs": {name: str(field) for name, field in graph.fields.items()},
        "outputs": {graph.output: graph.values},
        "classes": list(names),
        "resize": {key: value for key in RESIZING if (value := getattr(model.transform, key))},
    }


def _shapes(stride: int) -> list[tuple[int, int, int]]:
    """(N, H, W) to compare on: on the stride, odd, and too low to be padded by reflection.

    All are large enough to be no single patch of one id, whose norms would magnify rounding without bound.
    """
    return [(1, 4 * stride, 8 * stride), (3, 4 * stride + 1, 6 * stride - 1), (2, SMALLEST, 8 * stride)]


def _difference(run: Run, graph: Graph, shapes: list[tuple[int, int, int]]) -> float:
    """The largest difference between what `run` and the model make of random inputs of these (N, H, W)."""
    drawn = [draw(graph, shape) for shape in shapes]
    return torch.stack([(run(fields) - graph.expected(fields)).abs().max() for fields in drawn]).max().item()


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """A file beside `path` to write, which takes its place at the end, and is removed after an error."""
    partial = path.with_name(f".{path.stem}.partial{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield partial
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise ExportError(f"{path} cannot be written: {error}") from error
