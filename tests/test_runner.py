"""Training from a config to a run folder: what it leaves, how it goes on, how it ends."""

import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
import torch
from small_runs import half_of, records, tiny

import synthkit
from synthkit import checkpoint, config, runner
from synthkit.errors import CheckpointError, ConfigError, DataError, NotFiniteError
from synthkit.registry import LOSSES
from synthkit.run_folder import claim
from synthkit.runner import train


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run of six steps with checkpoints at three and six."""
    return train(tiny(), tmp_path_factory.mktemp("runs") / "finished")


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


@pytest.mark.parametrize(
    "changes",
    [
        (),
        ("train.memory_format=channels_last", "model.discriminator.spectral=true"),
        ("train.optimizer={type: SGD, lr: 0.01, momentum: 0.9}", "model.generator.norm=batch"),
        ("train.optimizer={type: RMSprop, lr: 1e-3}", "train.precision=bf16"),
    ],
)
def test_resumed_run_equals_the_whole_one(tmp_path, changes):
    """From the checkpoint in the middle of an epoch, with other workers: the same bits in the end."""
    finished = train(tiny(*changes), tmp_path / "whole")
    half = half_of(finished, tmp_path / "half")
    train(tiny(*changes, "train.workers=2"), half, resume=True)
    ours, theirs = (checkpoint.read(run / "checkpoints" / "00000006") for run in (half, finished))
    for mine, other in ((ours.weights(), theirs.weights()), (ours.training(), theirs.training())):
        assert mine.keys() == other.keys()
        for key in mine:
            assert torch.equal(mine[key], other[key]), key
    assert ours.state["random"] == theirs.state["random"]


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
        ("train.steps=99999999999", "steps is 99999999999: it must be at least 1, and below 4294967296"),
        ("train.steps=99999999999 epochs", r"train \(dict\): '99999999999 epochs' are too many"),
        (f"train.save_every={'9' * 400} epochs", "are too many: they take inf steps"),
        ("train.save_every=0 epochs", "save_every is '0 epochs': write a number"),
        ("train.device=5", r"train\.device \(command line\): no device 5: choose"),
        ("train.device=null", "no device None"),
        ("train.trackers={nope: {}}", r"train\.trackers\.nope .*not one of the trackers"),
        ("train.trackers={tensorboard: {nope: 1}}", r"train\.trackers\.tensorboard\.nope"),
        ("train.steps=many", "steps is 'many': write a number of steps, or text such as '20 epochs'"),
        ("train.precision=fp8", "choose one of fp32, bf16"),
        ("train.device=tpu9", "no device 'tpu9'"),
        ("train.order=alphabetical", r"(?s)train\.order \(command line\): .*joint"),
        ("train.workers=-1", "workers is -1: it must be at least 0"),
        ("train.seed=-1", "seed is -1"),
        ("train.schedule.hold=2", "hold is 2: it must be between 0 and 1"),
        ("train.optimizer={type: [a]}", r"no optimizer \['a'\]"),
        ("model.inputs=null", "a mapping is needed, not None"),
        ("model.inputs.label=12", r"model\.inputs\.label \(command line\): a mapping is needed, not 12"),
        ("model.losses.gan=[1]", r"model\.losses\.gan \(command line\): a mapping is needed"),
        ("model.generator.channels=-4", r"model\.generator"),
        ("data.transform=null", r"data\.transform \(command line\): a mapping is needed"),
        ("data.seed=-1", "seed -1 of streets"),
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


@pytest.mark.parametrize(
    ("cost", "message"),
    [
        (lambda fake: fake.mean() * float("nan"), "broken = nan"),
        (
            lambda fake: (fake - fake).square().sum().sqrt(),
            "gradients that are not finite: generator.down.0.conv.weight",
        ),
    ],
)
def test_nan_is_named_and_never_saved(tmp_path, cost, message):
    """In a loss, or only in its gradient."""

    @LOSSES.register_module("user/broken", force=True)
    class Broken(torch.nn.Module):
        def generator(self, step):
            return cost(step.fake)

    with pytest.raises(NotFiniteError, match=message):
        train(tiny("model.losses.broken={type: user/broken}", "train.save_every=1"), tmp_path / "run")
    assert checkpoint.steps(tmp_path / "run" / "checkpoints") == []


def test_failing_validation_costs_no_weights(finished, tmp_path, monkeypatch):
    def refuse(*args, **options):
        raise DataError("a bad sample")

    monkeypatch.setattr("synthkit.validation.sequence", refuse)
    with pytest.raises(DataError, match="a bad sample"):
        train(tiny(), tmp_path / "run")
    assert checkpoint.steps(tmp_path / "run" / "checkpoints") == [3]


def test_damaged_newest_checkpoint_is_passed_over(finished, tmp_path, capsys):
    """It is said, the older one serves, and both keep their place until the run has written over them."""
    half = half_of(finished, tmp_path / "half")
    newest = shutil.copytree(finished / "checkpoints" / "00000006", half / "checkpoints" / "00000006")
    (newest / "weights.safetensors").write_bytes(b"torn")
    with pytest.warns(UserWarning, match="passed over: .*weights.safetensors is damaged"):
        assert synthkit.load(half).step == 3
    train(tiny("train.save_every=1", "train.keep=1"), half, resume=True)
    assert "passed over" in capsys.readouterr().err
    assert checkpoint.find(half)[0].step == 6


def test_one_run_per_folder(tmp_path):
    """The lock goes with its holder, however it ends."""
    folder = tmp_path / "run"
    lock = claim(folder)
    code = f"import pathlib, synthkit.run_folder as run\nrun.claim(pathlib.Path({str(folder)!r}))"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert f"in use by process {os.getpid()}" in other.stderr
    lock.close()
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0


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


@pytest.mark.parametrize(("resume", "message"), [(False, "is not empty"), (True, "has just trained in")])
def test_a_run_that_came_and_went_meanwhile_is_not_written_over(tmp_path, monkeypatch, resume, message):
    """The folder is looked at before the model is built and claimed after it."""
    folder, prepared, others = tmp_path / "run", runner._prepared, [tiny("train.steps=3")]

    def slow(*arguments):
        trainer = prepared(*arguments)
        if others:
            train(others.pop(), folder)
        return trainer

    monkeypatch.setattr("synthkit.runner._prepared", slow)
    with pytest.raises(CheckpointError, match=message):
        train(tiny(), folder, resume=resume)
    assert checkpoint.steps(folder / "checkpoints") == [3]
    assert [record["kind"] for record in records(folder)].count("start") == 1
