"""The process of a trial, as a queue starts it."""

import subprocess
import sys

import pytest
from small_protocols import write

from synthkit.benchmark import trial_process
from synthkit.benchmark.queue import run_trials
from synthkit.benchmark.trial import Trial, stored
from synthkit.errors import DataError


def test_a_trial_runs_in_a_process_from_its_spec_alone(tmp_path):
    config = str(tmp_path / "base.yaml")
    trial = Trial(protocol=str(write(tmp_path)), method="tiny", config=config, overrides=("train.clip=1",))
    folder = tmp_path / "run"
    found = run_trials({folder: trial}, log=lambda line: None)[folder]
    assert (found.method, found.steps) == ("tiny", 3)
    assert stored(trial_process.read(folder), folder) == found
    assert "step 3/3" in (folder / "log.txt").read_text()


def test_a_trial_is_read_as_it_was_written(tmp_path):
    trial = Trial(protocol="p", method="m", config="a/b", overrides=("x=1", "y=[2]"), seed=3, root="data")
    trial_process.write(trial, tmp_path)
    assert trial_process.read(tmp_path) == trial
    (tmp_path / "trial.json").write_text('{"protocol": "toy", "sed": 1}')
    with pytest.raises(DataError, match=r"trial\.json is no trial.*'sed'"):
        trial_process.read(tmp_path)


def test_what_is_wrong_with_a_trial_is_its_last_word(tmp_path):
    command = [sys.executable, "-m", "synthkit.benchmark.trial_process", str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True)
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].startswith(f"error: {tmp_path / 'trial.json'} is no trial")
