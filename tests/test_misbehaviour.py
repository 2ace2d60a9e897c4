"""Plugins and disks that misbehave while a training runs: each is named, and nothing is lost."""

import os
import sys

import pytest
import torch
from small_runs import tiny
from torch import nn

from synthkit import checkpoint
from synthkit.errors import CheckpointError, ConfigError, NotFiniteError, PluginError
from synthkit.evaluate import Scores
from synthkit.figures import Figures
from synthkit.metrics.metric import Scored
from synthkit.registry import DISCRIMINATORS, GENERATORS, LOSSES, METRICS, STEPS
from synthkit.runner import train


def loss(value):
    """A loss `user/odd` whose generator's term is given."""

    @LOSSES.register_module("user/odd", force=True)
    class Odd(nn.Module):
        def generator(self, step):
            return value(step)


ALONE = ("model.losses.gan=null", "model.discriminator=null", "train.order=generator_only")
ODD = "model.losses.pixels={type: user/odd, _delete_: true}"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            lambda step: step.fake.mean((1, 2, 3)),
            r"the loss 'pixels' of the generator gave \(2,\), not a scalar",
        ),
        (lambda step: 1.0, r"the loss 'pixels' of the generator gave 1\.0, not a scalar tensor"),
        (lambda step: torch.ones(()), "no loss trains the generator: pixels depend on none of its weights"),
    ],
)
def test_losses_that_cannot_train(tmp_path, value, message):
    loss(value)
    with pytest.raises(ConfigError, match=message):
        train(tiny(*ALONE, ODD), tmp_path / "run")


def test_a_generator_without_a_loss(tmp_path):
    with pytest.raises(ConfigError, match=r"no loss trains the generator: model\.losses has none"):
        train(tiny(*ALONE, "model.losses.pixels=null"), tmp_path / "run")


def test_a_part_that_exits_is_no_success(tmp_path):
    loss(lambda step: sys.exit(0))
    with pytest.raises(PluginError, match="step 1: a part of it exits, with 0"):
        train(tiny(*ALONE, ODD), tmp_path / "run")


@pytest.mark.parametrize("value", [1.0, torch.ones(()), torch.ones(3)])
def test_metrics_give_a_value_per_image(value):
    METRICS.register_module("user/odd", force=True, module=lambda fake, real: value)
    with pytest.raises(
        ConfigError, match="the metric 'user/odd' gave .*, not one value for each of 2 images"
    ):
        Scores(["user/odd"]).add(Scored(torch.zeros(2, 3, 4, 4), torch.zeros(2, 3, 4, 4)))


@pytest.mark.parametrize("logs", [None, {"a": 1.0}, {"a": torch.ones(3)}])
def test_steps_log_scalars(logs):
    with pytest.raises(ConfigError, match=r"the step of train\.order must"):
        Figures().add(logs)


def test_a_dry_run_of_norms_that_refuse_a_single_image(tmp_path):
    """The training's batches are larger; the summary of one image leaves modes and statistics as they are."""

    @DISCRIMINATORS.register_module("user/pooled", force=True)
    class Pooled(nn.Module):
        def __init__(self, in_channels):
            super().__init__()
            self.norm, self.last = nn.BatchNorm1d(in_channels), nn.Linear(in_channels, 1)

        def forward(self, condition, image):
            return [[self.last(self.norm(torch.cat([condition, image], 1).mean((2, 3))))]]

    pooled = "model.discriminator={type: user/pooled, _delete_: true}"
    train(tiny(pooled, "train.steps=1", "train.dry_run=true"), tmp_path / "run")


def test_init_from_says_what_it_passed_over(tmp_path, capsys):
    source = train(tiny(), tmp_path / "source")
    (source / "checkpoints" / "00000006" / "weights.safetensors").write_bytes(b"torn")
    train(tiny("train.steps=1", f"train.init_from={source}"), tmp_path / "run")
    said = capsys.readouterr().err
    assert "passed over: " in said
    assert "weights.safetensors is damaged" in said


def test_weights_that_are_not_finite_are_not_saved(tmp_path):
    """The step's gradients were finite; the rate was not to be believed."""
    changes = ("train.optimizer={type: SGD, lr: 1e300}", "train.save_every=1", "train.dry_run=false")
    with pytest.raises(NotFiniteError, match=r"step 1 left weights that are not finite: generator\."):
        train(tiny(*changes), tmp_path / "run")
    assert checkpoint.steps(tmp_path / "run" / "checkpoints") == []


def test_a_generator_without_weights(tmp_path):
    @GENERATORS.register_module("user/frozen", force=True)
    class Frozen(nn.Conv2d):
        def __init__(self, in_channels):
            super().__init__(in_channels, 3, 1)
            self.requires_grad_(False)

    with pytest.raises(ConfigError, match="the generator has no weights to train"):
        train(tiny("model.generator={type: user/frozen, _delete_: true}"), tmp_path / "run")


def test_read_only_folder_is_found_before_the_first_step(tmp_path):
    if os.geteuid() == 0:
        folder = tmp_path / "file"
        folder.write_text("not a folder")
    else:
        folder = tmp_path / "read_only"
        folder.mkdir(mode=0o500)
    with pytest.raises(CheckpointError, match="cannot be written"):
        train(tiny(), folder / "run")


def test_samples_that_cannot_be_written_cost_a_notice(tmp_path, monkeypatch, capsys):
    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("synthkit.runner.write_samples", full)
    run = train(tiny(), tmp_path / "run")
    assert "the samples could not be written: [Errno 28] No space left on device" in capsys.readouterr().err
    assert checkpoint.steps(run / "checkpoints") == [3, 6]


def test_a_failed_run_is_told_from_a_stopped_one(tmp_path):
    """In its records, the list of runs and the report; and no longer when it has gone on."""
    from synthkit.runs import summarise

    @STEPS.register_module("user/fails_once", force=True)
    def fails_once(model, batch, optimizers):
        if model.training_step == 4 and not (tmp_path / "failed").exists():
            (tmp_path / "failed").touch()
            raise ValueError("an unlucky step")
        return STEPS.get("joint")(model, batch, optimizers)

    with pytest.raises(ValueError, match="an unlucky step"):
        train(tiny("train.order=user/fails_once"), tmp_path / "run")
    run = summarise(tmp_path / "run")
    assert (run.state, run.note) == ("failed", "ValueError: an unlucky step")
    assert "the training failed" in (tmp_path / "run" / "report.html").read_text()
    train(tiny("train.order=user/fails_once"), tmp_path / "run", resume=True)
    assert summarise(tmp_path / "run").state == "finished"
    assert "the training failed" not in (tmp_path / "run" / "report.html").read_text()
