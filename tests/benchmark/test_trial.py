"""Trials: trained for the budget, scored, never done twice, and continued where they were interrupted."""

import dataclasses

import pytest
from small_protocols import small, write
from small_runs import of

from synthkit import config
from synthkit.benchmark import trial as trials
from synthkit.benchmark.trial import Trial
from synthkit.errors import ConfigError, DataError


def made(folder, seed=0, **changes):
    path = write(folder, **changes)
    return Trial(protocol=str(path), method="tiny", config=str(folder / "base.yaml"), seed=seed)


def test_a_trial_is_trained_and_scored_once(tmp_path, monkeypatch):
    trial, folder = made(tmp_path, seed=5), tmp_path / "run"
    assert trials.stored(trial, folder) is None
    found = trials.run(trial, folder)
    assert (found.method, found.seed, found.steps, found.on_budget) == ("tiny", 5, 3, True)
    assert of(folder, "end") and trials.stored(trial, folder) == found
    monkeypatch.setattr(trials.stages, "train", None)
    assert trials.run(trial, folder) == found


def test_a_config_of_other_photos_is_refused_before_it_is_trained(tmp_path):
    trial = dataclasses.replace(made(tmp_path), overrides=("data.size=[32, 64]",))
    with pytest.raises(DataError, match=r"\(64x32\) than small scores \(32x16\)"):
        trials.run(trial, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_method_cannot_set_its_length_beside_a_budget(tmp_path):
    trial = dataclasses.replace(made(tmp_path), overrides=("train.steps=9",))
    with pytest.raises(ConfigError, match="train.steps follows from the budget of small: 3 steps"):
        trials.run(trial, tmp_path / "run")


def test_the_same_trial_gives_the_same_scores(tmp_path):
    first, second = (trials.run(made(tmp_path), tmp_path / name) for name in ("one", "two"))
    assert first.scores == second.scores and first.weights_sha256 == second.weights_sha256
    other = trials.run(made(tmp_path, seed=1), tmp_path / "three")
    assert other.scores != first.scores and other.config_sha256 == first.config_sha256


def test_a_changed_protocol_scores_again_without_training(tmp_path):
    folder = tmp_path / "run"
    first = trials.run(made(tmp_path), folder)
    changed = made(tmp_path, metrics={"ssim": {}})
    assert trials.stored(changed, folder) is None
    second = trials.run(changed, folder)
    assert list(second.scores) == ["ssim"] and second.weights_sha256 == first.weights_sha256
    assert len(of(folder, "start")) == 1


def test_a_folder_of_another_trial_is_refused(tmp_path):
    folder = tmp_path / "run"
    trials.run(made(tmp_path), folder)
    with pytest.raises(ConfigError, match="made with another config"):
        trials.run(made(tmp_path, seed=1), folder)


def test_minutes_become_steps_that_a_resumed_trial_keeps(tmp_path, monkeypatch):
    protocol = small(tmp_path, budget={"minutes": 0.1})
    trial = made(tmp_path, budget={"minutes": 0.1})
    speed = type("Estimate", (), {"seconds_per_step": 0.5})
    monkeypatch.setattr(trials, "dry_run", lambda cfg: speed)
    cfg = trials.resolved(trial, protocol, tmp_path / "run")
    assert cfg["train"]["steps"] == 12
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.yaml").write_text(config.dump(cfg))
    monkeypatch.setattr(trials, "dry_run", None)
    assert trials.resolved(trial, protocol, tmp_path / "run")["train"]["steps"] == 12


def test_the_judge_is_where_the_model_is(tmp_path, monkeypatch):
    def open_judge(protocol, folder, *, device="auto"):
        raise DataError(f"opened on {device}")

    monkeypatch.setattr(trials, "judge_of", open_judge)
    trial = made(tmp_path, judge={"type": "fpn"})
    with pytest.raises(DataError, match="opened on cuda:1"):
        trials.run(trial, tmp_path / "run", device="cuda:1")
