"""The best checkpoint by a score: it is kept and found, and a training without a better one ends early."""

import numpy as np
import pytest
import torch
from small_runs import of, tiny

from synthkit import checkpoint, inference
from synthkit.errors import CheckpointError, ConfigError
from synthkit.progress import Progress
from synthkit.registry import DATASETS, METRICS
from synthkit.runner import train


def score_by_step(values: dict[int, float]):
    """A metric `user/scripted` whose value at each validation is given."""
    calls = iter(value for value in values.values() for _ in range(2))  # two images each

    @METRICS.register_module("user/scripted", force=True)
    def scripted(fake, real):
        return torch.full((len(fake),), next(calls))

    scripted.higher_is_better = False


BEST = ("train.metrics=[l1, user/scripted]", "train.best=user/scripted", "train.validate_every=1")


def test_best_checkpoint_is_kept_and_found(tmp_path):
    score_by_step({1: 5.0, 2: 1.0, 3: 2.0, 4: 3.0, 5: 4.0, 6: 5.0})
    run = train(tiny(*BEST, "train.save_every=1", "train.keep=1"), tmp_path / "run")
    assert checkpoint.steps(run / "checkpoints") == [2, 6]
    assert [record["best"] for record in of(run, "validation")] == [True, True, False, False, False, False]
    assert inference.load(run).step == 6
    assert inference.load(run, best=True).step == 2
    assert inference.load(run / "checkpoints" / "00000006", best=True).step == 2


def test_best_is_saved_between_the_saves(tmp_path):
    score_by_step({1: 5.0, 2: 1.0, 3: 2.0, 4: 3.0, 5: 4.0, 6: 5.0})
    run = train(tiny(*BEST, "train.save_every=100", "train.keep=1"), tmp_path / "run")
    assert checkpoint.steps(run / "checkpoints") == [2, 6]


def test_best_where_none_was_told(tmp_path):
    run = train(tiny("train.steps=1"), tmp_path / "run")
    with pytest.raises(CheckpointError, match=r"no best checkpoint.*train\.best"):
        inference.load(run, best=True)


def test_early_stop(tmp_path, capsys):
    """After two validations without a better value; the run says so again, and goes on with more patience."""
    score_by_step({1: 5.0, 2: 1.0, 3: 2.0, 4: 3.0, 5: 0.5, 6: 5.0})
    run = train(tiny(*BEST, "train.patience=2"), tmp_path / "run")
    assert of(run, "end")[-1]["step"] == 4
    assert "user/scripted was best at step 2" in of(run, "end")[-1]["reason"]
    train(tiny(*BEST, "train.patience=2"), run, resume=True)
    assert "stopped early at step 4" in capsys.readouterr().err
    train(tiny(*BEST, "train.patience=3"), run, resume=True)
    assert of(run, "end")[-1]["step"] == 6


def test_a_score_that_is_no_number_is_never_the_best(tmp_path):
    score_by_step({1: float("nan"), 2: 3.0, 3: float("nan"), 4: 2.0, 5: 4.0, 6: 5.0})
    run = train(tiny(*BEST), tmp_path / "run")
    assert [record["best"] for record in of(run, "validation")] == [False, True, False, True, False, False]
    score_by_step(dict.fromkeys(range(1, 7), float("nan")))
    run = train(tiny(*BEST, "train.patience=2"), tmp_path / "none")
    assert "user/scripted was never a number" in of(run, "end")[-1]["reason"]


def test_best_that_nothing_can_tell(tmp_path):
    """A metric without a direction, and held-out samples without photos."""
    METRICS.register_module("user/aimless", force=True, module=lambda fake, real: torch.zeros(len(fake)))
    with pytest.raises(ConfigError, match=r"train\.best .*'user/aimless' does not say"):
        train(tiny("train.metrics=[user/aimless]", "train.best=user/aimless"), tmp_path / "run")

    @DATASETS.register_module("user/blind", force=True)
    class Blind:
        def __init__(self, *, split):
            self.fields = ("label", "instance", "image") if split == "train" else ("label", "instance")

        def __len__(self):
            return 2

        def __getitem__(self, index):
            sample = {"label": np.zeros((16, 32), np.int32), "instance": np.zeros((16, 32), np.int32)}
            return sample | {"image": np.zeros((16, 32, 3), np.uint8), "name": str(index)}

    blind = "data={type: user/blind, _delete_: true}"
    train(tiny(blind, "train.steps=1"), tmp_path / "blind")
    with pytest.raises(ConfigError, match=r"train\.best .*have no photos"):
        train(tiny(blind, "train.best=psnr"), tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("best", [{"a": 1}, {"step": "1", "value": 1.0}, {"step": 1, "value": "high"}])
def test_progress_of_another_kind_is_refused(best):
    with pytest.raises(ValueError, match="best is"):
        Progress(best=best)
    assert Progress(best={"step": 1, "value": 1.0}).best["step"] == 1
