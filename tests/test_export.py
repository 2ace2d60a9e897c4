"""Exported graphs give the model's images, whatever the size, the generator and the inputs."""

import json
import re
import shutil
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
from synthkit.export.formats import FORMATS
from synthkit.export.graph import EncoderGraph, GeneratorGraph, draw, pad, trace
from synthkit.nn.padding import pad_to
from synthkit.registry import GENERATORS
from synthkit.translator import Translator

MAPS = {"label": {"classes": 5, "ignore": 255}, "boundary": {}}
GLOBAL = {"type": "pix2pixhd/global", "channels": 4, "downsamples": 2, "blocks": 1}
LOCAL = GLOBAL | {"type": "pix2pixhd/local", "downsamples": 1}
ENCODER = {"type": "pix2pixhd/instance_encoder", "channels": 4, "downsamples": 1, "out_channels": 2}
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
    "down to one pixel": ({"type": "pix2pix/unet", "channels": 2, "downsamples": 3}, MAPS),
    "source": ({"type": "user/exported_plain"}, {"source": {"channels": 2, "range": [0, 4095]}}),
    "style": (LOCAL | {"upsample": "resize"}, MAPS),
}
SIZES = [(1, 16, 24), (3, 33, 17), (2, 3, 40), (1, 7, 5)]


@pytest.fixture(autouse=True, scope="module")
def plain_generators():
    """Two as a plugin might have them: no stride, no blocks; one of them not to be traced."""

    @GENERATORS.register_module("user/exported_plain")
    class Plain(nn.Module):
        def __init__(self, in_channels: int, out_channels: int = 3):
            super().__init__()
            self.layers = nn.Sequential(nn.Conv2d(in_channels, out_channels, 3, padding=1), nn.Tanh())

        def forward(self, condition):
            return self.layers(condition), {"extra": condition}

    @GENERATORS.register_module("user/exported_moody")
    class Moody(Plain):
        def forward(self, condition):
            return self.layers(condition if condition.mean() > 0 else -condition)

    yield
    for name in ("plain", "moody"):
        GENERATORS._module_dict.pop(f"user/exported_{name}")


def build(case: str) -> Translator:
    generator, inputs = CASES[case]
    model = {"inputs": inputs, "generator": generator} | ({"encoder": ENCODER} if case == "style" else {})
    translator = Translator.from_config(model, training=False).eval()
    for name, buffer in translator.named_buffers():  # statistics as after a training
        if name.endswith("running_var"):
            buffer.uniform_(0.5, 2)
    return translator


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
    graph = GeneratorGraph(translator)
    program = trace(graph).module()
    for shape in SIZES:
        inputs = draw(graph, shape)
        image = program(inputs)
        assert image.shape == (shape[0], 3, *shape[1:])
        torch.testing.assert_close(image, expected(translator, inputs), atol=1e-5, rtol=0)


@pytest.mark.parametrize("case", ["source", "style"])
def test_onnx_agrees_at_any_size(case, tmp_path, capfd):
    translator, path = build(case), tmp_path / "model.onnx"
    graph = GeneratorGraph(translator)
    FORMATS["onnx"].write(trace(graph), path, graph, {})
    run = FORMATS["onnx"].run(path)
    for shape in SIZES:
        inputs = draw(graph, shape)
        torch.testing.assert_close(run(inputs), expected(translator, inputs), atol=1e-4, rtol=0)
    assert capfd.readouterr() == ("", "")
    assert [each.name for each in tmp_path.iterdir()] == ["model.onnx"]


@pytest.mark.parametrize("stride", [1, 4, 32])
def test_padding_by_index_is_the_models(stride):
    for height, width in [(1, 1), (4, 8), (5, 70), (33, 31), (64, 64), (65, 3)]:
        image = torch.rand(2, 3, height, width)
        for smallest in (stride, 2 * stride):
            assert torch.equal(pad(image, stride, smallest), pad_to(image, stride, smallest))


@pytest.mark.parametrize("format", FORMATS)
def test_an_encoder_gives_the_styles_that_the_model_would_take(format, tmp_path):
    """The generator's graph, given the encoder's output, makes what the model makes of the photo itself."""
    translator, path = build("style"), tmp_path / f"encoder{FORMATS[format].suffix}"
    encoder, generator = EncoderGraph(translator), GeneratorGraph(translator)
    FORMATS[format].write(trace(encoder), path, encoder, {})
    for shape in ((1, 16, 24), (3, 8, 12)):  # on the stride: a style is cropped and padded again
        photo = draw(encoder, shape)
        maps = {"label": draw(generator, shape)["label"], "instance": photo["instance"]}
        style = FORMATS[format].run(path)(photo)
        with torch.no_grad():
            image = generator(maps | {"style": style})
        torch.testing.assert_close(image, translator.translate(maps | photo), atol=1e-4, rtol=0)


def test_only_what_is_read_is_an_input():
    graph = GeneratorGraph(build("style"))
    assert list(graph.fields) == ["label", "instance", "style"]
    assert all(name.startswith("network.") for name in graph.state_dict())  # no encoder
    assert list(GeneratorGraph(build("dropout, layer norm, no boundary")).fields) == ["label"]


def test_drawn_labels_have_every_class_and_the_ignored_one():
    label = draw(GeneratorGraph(build("global")), (4, 40, 40))["label"]
    assert set(label.unique().tolist()) == {0, 1, 2, 3, 4, 255}


def test_what_cannot_be_traced_is_said_in_a_line():
    translator = Translator.from_config(
        {"inputs": MAPS, "generator": {"type": "user/exported_moody"}}, training=False
    )
    with pytest.raises(ExportError, match=r"^Moody cannot be exported for all sizes: .+$"):
        trace(GeneratorGraph(translator.eval()))


def test_what_is_not_there_cannot_be_exported():
    with pytest.raises(ExportError, match="no encoder"):
        EncoderGraph(build("global"))
    bare = Translator.from_config({"inputs": {}, "generator": LOCAL, "encoder": ENCODER}, training=False)
    with pytest.raises(ExportError, match="without inputs"):
        GeneratorGraph(bare)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    cfg = tiny("train.steps=1", "train.precision=bf16", "data.transform.resize=[16, 32]")
    return synthkit.train(cfg, tmp_path_factory.mktemp("export") / "run")


def invoke(*words):
    return CliRunner().invoke(app, ["export", *map(str, words)])


@pytest.fixture(scope="module")
def written(run, tmp_path_factory):
    """An ONNX file by the command, and what this printed."""
    out = tmp_path_factory.mktemp("written") / "new" / "demo.onnx"
    result = invoke(run, "--out", out)
    assert result.exit_code == 0, result.output
    return out, result.output


def test_command_writes_onnx_with_what_a_user_should_know(written):
    path, printed = written
    assert "onnxruntime differs from PyTorch by at most" in printed
    assert [each.name for each in path.parent.iterdir()] == ["demo.onnx"]
    told = {entry.key: entry.value for entry in onnx.load(path).metadata_props}
    assert told["synthkit.version"] == synthkit.__version__
    assert told["synthkit.step"] == "1"
    assert json.loads(told["synthkit.inputs"])["label"] == "int32 (N, 1, H, W): classes 0 to 11"
    assert json.loads(told["synthkit.classes"])[:2] == ["sky", "building"]
    assert json.loads(told["synthkit.resize"]) == {"resize": [16, 32]}
    checkout = str(Path(synthkit.__file__).parents[1])
    assert checkout.encode() not in path.read_bytes()  # no trace of the code


def test_the_program_of_the_docs_gives_the_models_image(run, written, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(written[0], "demo.onnx")
    size = ["data.size=[16, 32]"]
    words = ["data", "export", "pix2pixhd/streets_64", "maps", "--split", "val", "--count", "1", *size]
    assert CliRunner().invoke(app, words).exit_code == 0
    page = (Path(__file__).parents[1] / "docs" / "export.md").read_text("utf-8")
    exec(re.search(r"^```python\n(.*?)^```", page, re.M | re.S)[1], {})
    folders = {"label": "maps/val_label", "instance": "maps/val_inst"}
    maps = {name: next(Path(folder).iterdir()) for name, folder in folders.items()}
    expected = np.asarray(synthkit.load(run, precision="fp32").translate(**maps), np.int16)
    assert np.abs(np.asarray(Image.open("street.png")) - expected).max() <= 1


def test_command_writes_a_torch_program_named_as_the_run(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = invoke(run / "checkpoints" / "00000001", "--format", "torch")
    assert result.exit_code == 0, result.output
    told = {"synthkit.json": ""}
    torch.export.load("00000001.pt2", extra_files=told)
    assert json.loads(told["synthkit.json"])["step"] == 1


def test_a_file_that_differs_is_not_kept(run, tmp_path, monkeypatch):
    """The comparison is with the model itself: a graph that pads otherwise does not pass."""
    monkeypatch.setattr("synthkit.export.graph.pad", lambda *given: pad(*given).flip(2))
    with pytest.raises(ExportError, match="torch.export differs from PyTorch by .*, which is more"):
        exporting.export(run, tmp_path / "model.pt2", format="torch")
    assert not list(tmp_path.iterdir())


def test_wrong_requests(run, tmp_path, monkeypatch):
    with pytest.raises(ExportError, match="format is 'tflite': choose one of onnx, torch"):
        exporting.export(run, tmp_path / "model", format="tflite")
    with pytest.raises(ExportError, match="part is 'discriminator': choose one of encoder, generator"):
        exporting.export(run, tmp_path / "model.pt2", part="discriminator", format="torch")
    with pytest.raises(ExportError, match=r"ends in \.onnx"):
        exporting.export(run, tmp_path / "model.pt2")
    (tmp_path / "file").touch()
    with pytest.raises(ExportError, match="cannot be written"):
        exporting.export(run, tmp_path / "file" / "model.pt2", format="torch")
    monkeypatch.setattr("synthkit.export.formats.find_spec", lambda name: None)
    with pytest.raises(
        ExportError, match=r"needs onnx, onnxscript, onnxruntime: pip install onnx onnxscript onnxruntime"
    ):
        exporting.export(run, tmp_path / "model.onnx")
