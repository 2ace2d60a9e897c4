"""A run that is exported to translate: the same images from fewer bytes, and nothing of its machine."""

import json

import numpy as np
import pytest
from made_models import untrained
from small_runs import tiny
from small_styles import ENCODER, call

import synthkit
from synthkit import checkpoint
from synthkit.cli import export, train  # noqa: F401  (importing registers the commands)
from synthkit.data.streets import paint
from synthkit.editing.collect import collect
from synthkit.editing.objects import Objects
from synthkit.errors import CheckpointError, DataError, ExportError
from synthkit.export.run import export_run
from synthkit.styles import Styles

SPECTRAL = (
    "model.generator={_delete_: true, type: spade/generator, channels: 4, upsampling: normal}",
    "model.inputs.boundary={}",
)
UNTRAINED = {"spectral": (*SPECTRAL, "train.precision=bf16"), "fp32": ("train.precision=fp32",)}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run in bf16 with averaged weights, an encoder and styles."""
    settings = ("train.steps=1", "train.batch_size=1", "train.validation_images=0", "data.size=[32, 64]")
    cfg = tiny(ENCODER, "train.ema={decay: 0.5}", "train.precision=bf16", *settings)
    run = synthkit.train(cfg, tmp_path_factory.mktemp("exported") / "run")
    call("styles", "fit", run, "--clusters", 2)
    return run


def image(run) -> np.ndarray:
    scene, model = paint(3, 32, 64), synthkit.load(run, device="cpu")
    maps = {"label": scene.label, "instance": scene.instance}
    return np.asarray(model.translate(**{field: maps[field] for field in model.fields}))


def test_a_trained_run_gives_the_same_images_from_fewer_bytes(trained, tmp_path):
    small = tmp_path / "small"
    printed = call("export", trained, "--format", "run", "--out", small)
    assert f"step 1: {small}" in printed
    np.testing.assert_array_equal(image(small), image(trained))
    sizes = [sum(path.stat().st_size for path in run.rglob("*.safetensors")) for run in (trained, small)]
    assert sizes[1] < sizes[0] / 3
    names = {path.name for path in small.rglob("*") if path.is_file()}
    weights = {"config.yaml", "weights.safetensors", "state.json", "manifest.json"}
    assert names == weights | {"styles.safetensors"}


@pytest.mark.parametrize("case", UNTRAINED)
def test_images_have_the_same_bits(case, tmp_path):
    run = untrained(tmp_path / "run", *UNTRAINED[case])
    export_run(run, tmp_path / "small")
    np.testing.assert_array_equal(image(tmp_path / "small"), image(run))


def test_weights_take_two_bytes_in_bf16(tmp_path):
    """Of a network whose weights are nearly all of convolutions."""
    sizes = {}
    for precision in ("fp32", "bf16"):
        run = untrained(tmp_path / precision, "model.generator.channels=32", f"train.precision={precision}")
        written = export_run(run, tmp_path / f"{precision}.run")
        sizes[precision] = (written / "weights.safetensors").stat().st_size
    assert sizes["bf16"] == pytest.approx(sizes["fp32"] / 2, rel=0.05)


def test_nothing_of_the_machine_is_kept(tmp_path):
    """Neither the places of data, plugins and weights, nor the random states; elsewhere they stay."""
    run = untrained(tmp_path / "run", "train.init_from=/home/somebody/runs/first")
    (path,) = run.glob("checkpoints/*/state.json")
    plugin = {"origin": "/home/somebody/toy", "version": "1"}
    state = json.loads(path.read_text()) | {"plugins": {"toy": plugin}}
    found = checkpoint.find(run)[0]
    checkpoint.save(run / "checkpoints", step=1, state=state, tensors={"weights": found.weights()})
    written = export_run(run, tmp_path / "small")
    texts = [(written / "state.json").read_text(), (tmp_path / "small" / "config.yaml").read_text()]
    assert "somebody" in (run / "checkpoints" / "00000001" / "state.json").read_text()
    assert not [text for text in texts if "somebody" in text or str(tmp_path) in text]
    kept = checkpoint.read(written)
    assert kept.config["train"]["init_from"] == "first" and kept.state["plugins"] == {"toy": {"version": "1"}}


def test_styles_and_objects_come_along(tmp_path):
    run = untrained(tmp_path / "run", ENCODER, "data.size=[64, 128]", "data.count=2")
    call("styles", "fit", run, "--clusters", 2)
    collect(synthkit.load(run), count=1).objects.save(run)
    export_run(run, tmp_path / "small")
    small = tmp_path / "small"
    assert Styles.load(small).origin == Styles.load(run).origin
    assert list(Objects.load(small)) == list(Objects.load(run))


def test_a_training_starts_from_it_but_does_not_go_on(tmp_path):
    run = untrained(tmp_path / "run")
    small = export_run(run, tmp_path / "small").parent.parent
    with pytest.raises(CheckpointError, match="small was exported to translate and has no training state"):
        synthkit.train(synthkit.load_config(small / "config.yaml"), small, resume=True)
    cfg = tiny(f"train.init_from={small}", "train.steps=1", "train.validation_images=0")
    synthkit.train(cfg, tmp_path / "next")


def test_what_stands_in_the_way_is_left_alone(tmp_path):
    run = untrained(tmp_path / "run")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").touch()
    with pytest.raises(DataError, match="full is there already"):
        export_run(run, tmp_path / "full")
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["mine.txt"]
    with pytest.raises(ExportError, match="--part"):
        call("export", run, "--format", "run", "--part", "encoder", "--out", tmp_path / "part")
    with pytest.raises(CheckpointError, match="no run folder"):
        export_run(tmp_path / "nowhere", tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_an_export_that_fails_leaves_nothing(tmp_path):
    run = untrained(tmp_path / "run", ENCODER)
    (run / "styles").mkdir()
    (run / "styles" / "styles.safetensors").write_bytes(b"damaged")
    with pytest.raises(CheckpointError, match="styles.safetensors cannot be read"):
        export_run(run, tmp_path / "small")
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
