"""Exported graphs give the model's images, whatever the size, the generator and the inputs."""

import json
import re
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from PIL import Image
from small_runs import tiny
from torch import nn
from typer.testing import CliRunner

import synthkit
from synthkit import export as exporting
from synthkit.cli import app, data, export  # noqa: F401  (importing registers the command)
from synthkit.errors import ExportError
from synthkit.export.fields import fields_of
from synthkit.export.formats import FORMATS
from synthkit.export.graph import Graph, dynamic_shapes, pad, trace
from synthkit.registry import GENERATORS
from synthkit.translator import Translator, pad_to

MAPS = {"label": {"classes": 5, "ignore": 255}, "boundary": {}}
GLOBAL = {"type": "pix2pixhd/global", "channels": 4, "downsamples": 2, "blocks": 1}
LOCAL = GLOBAL | {"type": "pix2pixhd/local", "downsamples": 1}
CASES = {
    "global": (GLOBAL, MAPS),
    "dropout, layer norm, no boundary": (
        GLOBAL | {"dropout": 0.5, "norm": "layer"},
        {"label": {"classes": 3}},
    ),
    "enhancer, batch norm": (LOCAL | {"norm": "batch"}, MAPS),
    "two enhancers, group norm, resize": (
        LOCAL | {"enhancers": 2, "upsample": "resize", "norm": {"type": "group", "groups": 2}},
        MAPS,
    ),
    "source": ({"type": "user/plain"}, {"source": {"channels": 2, "range": [0, 4095]}}),
    "style": (GLOBAL, MAPS),
}
SIZES = [(1, 16, 24), (3, 33, 17), (2, 3, 40), (1, 7, 5)]


@pytest.fixture(autouse=True, scope="module")
def plain_generators():
    """Two as a plugin might have them: no stride, no blocks; one of them not to be traced."""

    @GENERATORS.register_module("user/plain")
    class Plain(nn.Module):
        def __init__(self, in_channels: int, out_channels: int = 3):
            super().__init__()
            self.layers = nn.Sequential(nn.Conv2d(in_channels, out_channels, 3, padding=1), nn.Tanh())

        def forward(self, condition, style=None):
            return self.layers(condition), {"extra": condition}

    @GENERATORS.register_module("user/moody")
    class Moody(Plain):
        def forward(self, condition, style=None):
            return self.layers(condition if condition.mean() > 0 else -condition)

    yield
    for name in ("plain", "moody"):
        GENERATORS._module_dict.pop(f"user/{name}")


def build(case: str) -> Translator:
    generator, inputs = CASES[case]
    encoder = {"type": "pix2pixhd/instance_encoder", "channels": 4, "downsamples": 1, "out_channels": 2}
    model = {"inputs": inputs, "generator": generator} | ({"encoder": encoder} if case == "style" else {})
    translator = Translator.from_config(model, training=False).eval()
    for name, buffer in translator.named_buffers():  # statistics as after a training
        if name.endswith("running_var"):
            buffer.uniform_(0.5, 2)
    return translator


def inputs_of(translator: Translator, shape) -> dict:
    return {name: field.draw(shape) for name, field in fields_of(translator).items()}


def expected(translator: Translator, inputs: dict) -> torch.Tensor:
    """By the path that inference takes, the source's range as a data set maps it."""
    if "source" in inputs:
        arrays = inputs["source"].permute(0, 2, 3, 1).numpy()
        scaled = np.stack([translator.inputs["source"].format.scale(array, "here") for array in arrays])
        inputs = {"source": torch.from_numpy(scaled).permute(0, 3, 1, 2)}
    return translator.translate(inputs)


@pytest.mark.parametrize("case", CASES)
def test_programs_agree_at_any_size(case):
    translator = build(case)
    fields = fields_of(translator)
    program = trace(Graph(translator), fields).module()
    for shape in SIZES:
        inputs = inputs_of(translator, shape)
        image = program(inputs)
        assert image.shape == (shape[0], 3, *shape[1:])
        torch.testing.assert_close(image, expected(translator, inputs), atol=1e-5, rtol=0)


@pytest.mark.parametrize("case", ["two enhancers, group norm, resize", "source", "style"])
def test_onnx_agrees_at_any_size(case, tmp_path, capfd):
    translator = build(case)
    fields, path = fields_of(translator), tmp_path / "model.onnx"
    program = trace(Graph(translator), fields)
    FORMATS["onnx"].write(program, path, {}, dynamic_shapes(fields))
    run = FORMATS["onnx"].run(path)
    for shape in SIZES:
        inputs = inputs_of(translator, shape)
        torch.testing.assert_close(run(inputs), expected(translator, inputs), atol=1e-4, rtol=0)
    assert capfd.readouterr() == ("", "")
    assert [each.name for each in tmp_path.iterdir()] == ["model.onnx"]


@pytest.mark.parametrize("stride", [1, 4, 32])
def test_padding_by_index_is_the_models(stride):
    for height, width in [(1, 1), (4, 8), (5, 70), (33, 31), (64, 64), (65, 3)]:
        image = torch.rand(2, 3, height, width)
        assert torch.equal(pad(image, stride), pad_to(image, stride))


def test_only_what_is_read_is_an_input():
    translator = build("style")
    assert list(fields_of(translator)) == ["label", "instance", "style"]
    program = trace(Graph(translator), fields_of(translator))
    assert all(name.startswith("generator.") for name in program.state_dict)  # no encoder
    assert list(fields_of(build("dropout, layer norm, no boundary"))) == ["label"]


def test_drawn_labels_have_every_class_and_the_ignored_one():
    label = fields_of(build("global"))["label"].draw((4, 40, 40))
    assert set(label.unique().tolist()) == {0, 1, 2, 3, 4, 255}


def test_what_cannot_be_traced_is_said_in_a_line():
    translator = Translator.from_config({"inputs": MAPS, "generator": {"type": "user/moody"}}, training=False)
    with pytest.raises(ExportError, match=r"^Moody cannot be exported for all sizes: .+$"):
        trace(Graph(translator.eval()), fields_of(translator))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    cfg = tiny("train.steps=1", "train.precision=bf16", "data.transform.resize=[16, 32]")
    return synthkit.train(cfg, tmp_path_factory.mktemp("export") / "run")


def invoke(*words):
    return CliRunner().invoke(app, ["export", *map(str, words)])


def test_command_writes_onnx_with_what_a_user_should_know(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = invoke(run)
    assert result.exit_code == 0, result.output
    assert "onnxruntime differs from PyTorch by at most" in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["run.onnx"]
    told = {entry.key: entry.value for entry in onnx.load("run.onnx").metadata_props}
    assert told["synthkit.version"] == synthkit.__version__
    assert told["synthkit.step"] == "1"
    assert json.loads(told["synthkit.inputs"])["label"] == "int32 (N, 1, H, W): classes 0 to 11"
    assert json.loads(told["synthkit.classes"])[:2] == ["sky", "building"]
    assert json.loads(told["synthkit.resize"]) == {"resize": [16, 32]}
    checkout = str(Path(synthkit.__file__).parents[1])
    assert checkout.encode() not in Path("run.onnx").read_bytes()  # no trace of the code


def test_the_program_of_the_docs_gives_the_models_image(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exporting.export(run, "demo.onnx")
    size = ["data.size=[16, 32]"]
    words = ["data", "export", "pix2pixhd/streets_64", "maps", "--split", "val", "--count", "1", *size]
    assert CliRunner().invoke(app, words).exit_code == 0
    page = (Path(__file__).parents[1] / "docs" / "export.md").read_text("utf-8")
    exec(re.search(r"^```python\n(.*?)^```", page, re.M | re.S)[1], {})
    folders = {"label": "maps/val_label", "instance": "maps/val_inst"}
    maps = {name: next(Path(folder).iterdir()) for name, folder in folders.items()}
    expected = np.asarray(synthkit.load(run, precision="fp32").translate(**maps), np.int16)
    assert np.abs(np.asarray(Image.open("street.png")) - expected).max() <= 1


def test_command_writes_a_torch_program(run, tmp_path):
    out = tmp_path / "new" / "model.pt2"
    result = invoke(run / "checkpoints" / "00000001", "--format", "torch", "--out", out)
    assert result.exit_code == 0, result.output
    told = {"synthkit.json": ""}
    torch.export.load(out, extra_files=told)
    assert json.loads(told["synthkit.json"])["step"] == 1


def test_a_file_that_differs_is_not_kept(run, tmp_path, monkeypatch):
    monkeypatch.setattr(exporting, "TOLERANCE", -1.0)
    result = invoke(run, "--format", "torch", "--out", tmp_path / "model.pt2")
    assert isinstance(result.exception, ExportError)
    assert "differs from PyTorch by" in str(result.exception)
    assert not list(tmp_path.iterdir())


def test_an_altered_graph_is_found(run, tmp_path, monkeypatch):
    """The comparison is with the model itself: a graph that pads otherwise does not pass."""
    monkeypatch.setattr("synthkit.export.graph.pad", lambda image, stride: pad(image, stride).flip(2))
    with pytest.raises(ExportError, match="differs from PyTorch"):
        exporting.export(run, tmp_path / "model.pt2", format="torch")


def test_wrong_requests(run, tmp_path, monkeypatch):
    with pytest.raises(ExportError, match="format is 'tflite': choose one of onnx, torch"):
        exporting.export(run, tmp_path / "model", format="tflite")
    with pytest.raises(ExportError, match=r"ends in \.onnx"):
        exporting.export(run, tmp_path / "model.pt2")
    (tmp_path / "file").touch()
    with pytest.raises(ExportError, match="cannot be written"):
        exporting.export(run, tmp_path / "file" / "model.pt2", format="torch")
    monkeypatch.setattr("synthkit.export.formats.find_spec", lambda name: None)
    with pytest.raises(
        ExportError, match=r"needs onnx, onnxscript, onnxruntime: pip install 'synthkit\[onnx\]'"
    ):
        exporting.export(run, tmp_path / "model.onnx")
