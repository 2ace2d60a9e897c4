"""Training from a config to a run folder: what it leaves, how it goes on, how it ends."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
import torch

import synthkit
from synthkit import checkpoint, config
from synthkit.errors import CheckpointError, ConfigError, DataError
from synthkit.registry import LOSSES
from synthkit.runner import train
from synthkit.steps import NotFiniteError

TINY = {
    "model": {
        "inputs": {"label": {"classes": 12}, "boundary": {}},
        "generator": {"type": "pix2pixhd/global", "channels": 4, "downsamples": 1, "blocks": 1},
        "discriminator": {"type": "patch", "channels": 4, "layers": 1},
        "losses": {"gan": {"type": "lsgan"}, "pixels": {"type": "l1", "weight": 10}},
    },
    "data": {"type": "streets", "size": [16, 32], "count": 5, "transform": {"flip": True}},
    "train": {
        "steps": 6,
        "batch_size": 2,
        "workers": 0,
        "log_every": 2,
        "validate_every": 3,
        "save_every": 3,
        "validation_images": 2,
        "samples": 2,
        "keep": 2,
    },
}


def tiny(*overrides: str):
    return config.from_dict(TINY, overrides=overrides)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run of six steps with checkpoints at three and six."""
    return train(tiny(), tmp_path_factory.mktemp("runs") / "finished")


def records(run) -> list[dict]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def test_what_a_run_leaves(finished):
    assert checkpoint.steps(finished / "checkpoints") == [3, 6]
    assert config.load(finished / "config.yaml") == tiny()
    kinds = [record["kind"] for record in records(finished)]
    assert kinds == ["start", "train", "validation", "train", "train", "validation", "end"]
    logged = records(finished)[1]
    assert logged["losses"].keys() == {"gan", "pixels", "gan/discriminator"}
    assert records(finished)[2]["scores"].keys() == {"l1", "psnr", "ssim"}
    assert (finished / "report.html").stat().st_size > 1000
    shown = {path.name for path in (finished / "samples" / "00000006").iterdir()}
    assert {f"streets_val_00000.{kind}.png" for kind in ("label", "fake", "real")} <= shown
    state = checkpoint.find(finished)[0].state
    assert state["plugins"]["pix2pixhd"]["version"] == synthkit.__version__
    assert state["versions"]["torch"] == torch.__version__


@pytest.mark.parametrize("workers", [0, 2])
def test_resumed_run_equals_the_whole_one(finished, tmp_path, workers):
    """From the checkpoint in the middle of an epoch, with other workers: the same bits in the end."""
    half = tmp_path / "half"
    (half / "checkpoints").mkdir(parents=True)
    (half / "config.yaml").write_text((finished / "config.yaml").read_text())
    shutil.copytree(finished / "checkpoints" / "00000003", half / "checkpoints" / "00000003")
    train(tiny(f"train.workers={workers}"), half, resume=True)
    ours, theirs = (checkpoint.read(run / "checkpoints" / "00000006") for run in (half, finished))
    for mine, other in ((ours.weights(), theirs.weights()), (ours.training(), theirs.training())):
        assert mine.keys() == other.keys()
        for key in mine:
            assert torch.equal(mine[key], other[key]), key
    assert ours.state["rng"] == theirs.state["rng"]


def test_finished_run_says_so(finished, capsys):
    before = (finished / "metrics.jsonl").read_text()
    train(tiny(), finished, resume=True)
    assert "finished at step 6: raise train.steps above it to go on" in capsys.readouterr().err
    assert (finished / "metrics.jsonl").read_text() == before


def test_used_folder_and_changed_config_are_refused(finished):
    with pytest.raises(CheckpointError, match="not empty: --resume continues it"):
        train(tiny(), finished)
    with pytest.raises(ConfigError, match=r"model\.generator\.channels: 4 in the run, 8 now"):
        train(tiny("model.generator.channels=8"), finished, resume=True)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("train.stepz=3", "unknown key 'stepz'"),
        ("train.steps=0", "steps is 0: it must be at least 1"),
        ("train.steps=many", r"train\.steps .*'many' is not an int"),
        ("train.precision=fp8", "choose one of fp32, bf16"),
        ("train.device=tpu9", "no device 'tpu9'"),
        ("train.order=alphabetical", "joint"),
        ("model.generator.chanels=8", "Did you mean 'channels'"),
        ("model.generator.in_channels=8", "is set by synthkit"),
        ("model.losses.gan.weight=heavy", "model.losses.gan.weight"),
        ("data.validation=valid", "train, val, test"),
        ("model.discriminator=null", "the loss 'gan' needs model.discriminator"),
        ("model.losses.gan=null", "no loss trains the discriminator"),
        ("data.transform.flip=maybe", "data.transform.flip"),
    ],
)
def test_wrong_settings_leave_no_folder(tmp_path, override, message):
    with pytest.raises((ConfigError, DataError), match=message):
        train(tiny(override), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_order_that_needs_a_discriminator(tmp_path):
    changes = ("model.discriminator=null", "model.losses.gan=null")
    with pytest.raises(
        ConfigError, match=r"train\.order updates the discriminator, and the model has only gene"
    ):
        train(tiny(*changes), tmp_path / "run")


def test_too_few_classes_name_the_pixel(tmp_path):
    with pytest.raises(DataError, match=r"streets_train_\d+: label \d+ at x=\d+, y=\d+ is outside 0\.\.2"):
        train(tiny("model.inputs.label.classes=3"), tmp_path / "run")


def test_nan_is_named_and_never_saved(tmp_path):
    @LOSSES.register_module("user/broken", force=True)
    class Broken(torch.nn.Module):
        def generator(self, step):
            return step.fake.mean() * float("nan")

    with pytest.raises(NotFiniteError, match="broken = nan"):
        train(tiny("model.losses.broken={type: user/broken}"), tmp_path / "run")
    assert checkpoint.steps(tmp_path / "run" / "checkpoints") == []


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_signal_saves_and_ends(tmp_path, number, code):
    """Sent to the run and its workers at once, as a terminal does on Ctrl-C."""
    cfg = tmp_path / "cfg.yaml"
    cfg.write_text(config.dump(tiny("train.steps=100000", "train.log_every=1", "train.workers=2")))
    run = tmp_path / "run"
    command = [sys.executable, "-m", "synthkit", "train", str(cfg), "--work-dir", str(run)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    metrics, deadline = run / "metrics.jsonl", time.monotonic() + 60
    while not (metrics.exists() and len(metrics.read_text().splitlines()) > 2):
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.killpg(process.pid, number)
    assert process.wait(60) == code, process.stderr.read()
    assert checkpoint.find(run)[0].step > 0


@pytest.mark.parametrize("order", ["joint", "discriminator_first", "generator_first", "generator_only"])
@pytest.mark.parametrize("settings", [("fp32", "channels_last"), ("bf16", "contiguous")])
def test_every_order_trains(tmp_path, order, settings):
    precision, layout = settings
    changes = [f"train.order={order}", f"train.precision={precision}", f"train.memory_format={layout}"]
    if order == "generator_only":
        changes += ["model.discriminator=null", "model.losses.gan={_delete_: true, type: l2}"]
    run = train(tiny("train.steps=2", "train.log_every=1", *changes), tmp_path / "run")
    first, second = (record["losses"] for record in records(run) if record["kind"] == "train")
    assert first["pixels"] != second["pixels"]
    assert ("gan/discriminator" in first) == (order != "generator_only")


def test_an_encoder_trains_with_the_generator(tmp_path):
    encoder = "model.encoder={type: pix2pixhd/instance_encoder, channels: 4, downsamples: 1}"
    run = train(tiny(encoder, "train.steps=2", "train.save_every=1"), tmp_path / "run")
    first, second = (checkpoint.read(run / "checkpoints" / f"{step:08d}").weights() for step in (1, 2))
    changed = {key.split(".")[0] for key in first if not torch.equal(first[key], second[key])}
    assert changed == {"encoder", "generator", "discriminator"}


def test_it_learns(tmp_path):
    """A hundred steps on one scene bring the image closer to it than it was."""
    cfg = tiny(
        "data.count=1",
        "train.steps=100",
        "train.batch_size=1",
        "train.log_every=10",
        "data.transform={flip: false}",
    )
    run = train(cfg, tmp_path / "run")
    losses = [record["losses"]["pixels"] for record in records(run) if record["kind"] == "train"]
    assert losses[-1] < 0.6 * losses[0]
