"""The kinds of file: how each is written, and run again to check it."""

import json
import warnings
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor
from torch.export import ExportedProgram

from synthkit.errors import ExportError, listed
from synthkit.export.graph import Graph, dynamic_shapes, reason

LARGEST = 2**31 - 2**24  # bytes of weights: an ONNX file ends at 2 GB

Run = Callable[[Mapping[str, Tensor]], Tensor]


class Torch:
    """A torch.export.ExportedProgram of a dict of inputs; the metadata is its extra file synthkit.json."""

    suffix, runtime, packages = ".pt2", "torch.export", ()

    def write(self, program: ExportedProgram, path: Path, graph: Graph, metadata: dict) -> None:
        torch.export.save(program, path, extra_files={"synthkit.json": json.dumps(metadata)})

    def run(self, path: Path) -> Run:
        return torch.export.load(path).module()


class Onnx:
    """An ONNX graph in one file; the metadata is text, or JSON where it is more than text."""

    suffix, runtime, packages = ".onnx", "onnxruntime", ("onnx", "onnxscript", "onnxruntime")

    def write(self, program: ExportedProgram, path: Path, graph: Graph, metadata: dict) -> None:
        weights = sum(each.nbytes for each in program.state_dict.values())
        if weights > LARGEST:
            raise ExportError(f"the weights take {weights} bytes, and an ONNX file 2 GB: use --format torch")
        exported = _translated(program, graph)
        for node in exported.model.graph.all_nodes():
            node.metadata_props.clear()  # names of files on this machine, and much of the size
        for key, value in metadata.items():
            text = value if isinstance(value, str) else json.dumps(value)
            exported.model.metadata_props[f"synthkit.{key}"] = text
        exported.save(path, external_data=False)

    def run(self, path: Path) -> Run:
        import onnxruntime

        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        return lambda fields: torch.from_numpy(
            session.run(None, {name: field.numpy() for name, field in fields.items()})[0]
        )


def _translated(program: ExportedProgram, graph: Graph) -> "torch.onnx.ONNXProgram":
    """The program in ONNX. Raises ExportError, with the exporter's reason, where it cannot."""
    try:
        with warnings.catch_warnings(action="ignore"):  # of axes that share a name, as they should
            return torch.onnx.export(
                program,
                dynamo=True,
                verbose=False,
                dynamic_shapes=dynamic_shapes(graph),
                input_names=list(graph.fields),
                output_names=[graph.output],
            )
    except Exception as error:  # an operator that ONNX lacks, or a fault of the exporter's
        raise ExportError(f"torch cannot write this model as ONNX: {reason(error)}") from error


FORMATS = {"onnx": Onnx(), "torch": Torch()}


def find_format(name: str, out: Path) -> Onnx | Torch:
    """The format of a name. Raises ExportError where `out` has another suffix, or a package is missing."""
    if name not in FORMATS:
        raise ExportError(f"format is {name!r}: choose one of {listed(FORMATS)}")
    kind = FORMATS[name]
    if out.suffix != kind.suffix:
        raise ExportError(f"{out}: a file of format {name} ends in {kind.suffix}")
    if missing := [package for package in kind.packages if find_spec(package) is None]:
        raise ExportError(f"format {name} needs {', '.join(missing)}: pip install {' '.join(missing)}")
    return kind
