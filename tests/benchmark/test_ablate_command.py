"""`synthkit ablate`: what it lists beforehand, and how it ends."""

from types import SimpleNamespace

import fake_trials
import pytest
from small_studies import small, write
from typer.testing import CliRunner

import synthkit.cli.ablate  # noqa: F401  (registers the command)
from synthkit import runner
from synthkit.benchmark import ablation
from synthkit.benchmark.findings import gather
from synthkit.benchmark.queue import Failure
from synthkit.cli import app

TRIED = SimpleNamespace(seconds=100.0, seconds_per_step=2.0, memory=10**8)


@pytest.fixture
def tried(monkeypatch):
    """A dry run takes no time, and finds two seconds for a step."""
    monkeypatch.setattr(runner, "dry_run", lambda cfg: TRIED)


def test_a_dry_run_lists_what_differs_and_estimates(tmp_path, tried):
    found = CliRunner().invoke(app, ["ablate", str(write(tmp_path)), "--dry-run", "--workers", "2"])
    assert found.exit_code == 0
    assert "2 variants x 2 seeds under small" in found.output
    assert "channels 6: 6 s a training, 100 MB" in found.output
    assert "model.generator.channels: 4 -> 6" in found.output
    assert "all: 12 s of training if 2 at a time are as quick as one; 200 MB" in found.output
    assert not list(tmp_path.glob("runs"))


@pytest.mark.parametrize(("budget", "seconds"), [({"steps": 7}, 14), ({"minutes": 2}, 120), ({}, 100)])
def test_the_budget_says_how_long_a_training_is(tmp_path, tried, budget, seconds):
    study = small(tmp_path, scoring={"budget": budget})
    assert ablation.estimate(study, study.base) == (seconds, 10**8)


def test_failed_trials_make_the_command_fail(tmp_path, monkeypatch):
    def failing(study, folder, **options):
        outcomes = {path: Failure("no memory", path / "log.txt") for path in study.trials(folder)}
        return gather(study, folder, outcomes)

    monkeypatch.setattr(ablation, "ablate", failing)
    found = CliRunner().invoke(app, ["ablate", str(write(tmp_path)), "--work-dir", str(tmp_path / "runs")])
    assert found.exit_code == 1
    assert "0, 2 failed" in found.output and "report.html" in found.output


def test_a_narrow_terminal_shows_all_scores_whole(tmp_path, monkeypatch):
    study, outcomes = small(tmp_path), {}
    scores = {f"score_{number}": 1000.5 + number for number in range(9)}
    for folder, trial in study.trials(tmp_path / "runs").items():
        fake_trials.write_result(folder, protocol=trial.protocol, seed=trial.seed, scores=scores)
        outcomes[folder] = fake_trials.stored(trial, folder)
    found = gather(study, tmp_path / "runs", outcomes)
    monkeypatch.setattr(ablation, "ablate", lambda *arguments, **options: found)
    monkeypatch.setenv("FORCE_COLOR", "1")  # as on a terminal
    monkeypatch.setenv("COLUMNS", "80")
    said = CliRunner().invoke(app, ["ablate", str(tmp_path / "study.yaml")]).output
    assert "…" not in said
    for name, value in scores.items():
        assert said.count(name) == 1 and said.count(f"{value:.4f} ± 0.0000") == 2
