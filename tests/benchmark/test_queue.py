"""The queue of trials: none is run twice, none is lost, one that fails does not stop the others."""

import json
import signal
import sys
from pathlib import Path

import fake_trials
import pytest
from fake_trials import starts

from synthkit import plugins
from synthkit.benchmark import queue
from synthkit.benchmark.queue import Failure, run_trials
from synthkit.benchmark.result import Result
from synthkit.benchmark.trial import Trial
from synthkit.errors import ConfigError
from synthkit.surroundings import Interrupted


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """The process of a trial is the stand-in; results are taken as they lie there."""
    monkeypatch.setattr(queue, "COMMAND", (sys.executable, fake_trials.__file__))
    monkeypatch.setattr(queue, "PAUSE", 0.01)
    monkeypatch.setattr(queue, "stored", fake_trials.stored)


def trials(folder: Path, *methods: str) -> dict[Path, Trial]:
    return {folder / method: Trial(protocol="toy", method=method, config="toy") for method in methods}


def test_one_that_fails_does_not_stop_the_others(tmp_path):
    said = []
    outcomes = run_trials(trials(tmp_path, "bad", "silent", "good"), log=said.append)
    assert list(outcomes) == [tmp_path / name for name in ("bad", "silent", "good")]
    bad, silent, good = outcomes.values()
    assert bad == Failure("the file x.png is no image\n  see there", tmp_path / "bad" / "log.txt")
    assert "without a result" in silent.reason
    assert isinstance(good, Result) and good.scores == {"l1": 0.25, "iou/road": 0.5}
    assert any("FAILED" in line and "x.png" in line for line in said)


def test_none_is_run_twice(tmp_path):
    wanted = trials(tmp_path, "good", "bad")
    first = run_trials(wanted)
    again = run_trials(wanted)
    assert again[tmp_path / "good"] == first[tmp_path / "good"]
    assert (starts(tmp_path / "good"), starts(tmp_path / "bad")) == (1, 2)
    (tmp_path / "good" / "scores" / "toy" / "result.json").unlink()  # without its result it is run
    run_trials(wanted)
    assert starts(tmp_path / "good") == 2


def test_a_killed_process_is_started_once_more(tmp_path):
    outcomes = run_trials(trials(tmp_path, "killed", "killed once"), workers=2)
    assert outcomes[tmp_path / "killed"].reason.startswith("killed by SIGKILL, 2 times")
    assert isinstance(outcomes[tmp_path / "killed once"], Result)
    assert starts(tmp_path / "killed") == starts(tmp_path / "killed once") == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_reaches_the_processes_and_the_same_call_goes_on(tmp_path, number):
    wanted, said = trials(tmp_path, "slow", "good"), []
    log = tmp_path / "slow" / "log.txt"
    fake_trials.interrupt_when_ready(log, number)
    with pytest.raises(Interrupted) as caught:
        run_trials(wanted, log=said.append)
    assert caught.value.code == 128 + number
    assert starts(tmp_path / "good") == 0
    assert "goes on" in said[-1]
    if number == signal.SIGINT:
        assert log.read_text().endswith("saved 1\n")  # it had the time to, and got the signal once
    assert all(isinstance(each, Result) for each in run_trials(wanted).values())


def test_no_process_is_left_where_the_queue_itself_ends(tmp_path, monkeypatch):
    processes = []

    class Broken(queue._Queue):
        def _start(self, folder):
            super()._start(folder)
            processes.append(self.running[0].process)
            raise KeyboardInterrupt

    monkeypatch.setattr(queue, "_Queue", Broken)
    with pytest.raises(KeyboardInterrupt):
        run_trials(trials(tmp_path, "slow"))
    assert processes[0].returncode == -signal.SIGKILL


def test_processes_work_at_once_and_share_the_cores(tmp_path, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(queue, "cores", lambda: 8)
    monkeypatch.setattr(plugins, "_added", [tmp_path])
    most = []

    class Watched(queue._Queue):
        def _start(self, folder):
            super()._start(folder)
            most.append(len(self.running))

    monkeypatch.setattr(queue, "_Queue", Watched)
    run_trials(trials(tmp_path, "good", "bad", "killed once"), workers=2)
    assert max(most) == 2
    environment = json.loads((tmp_path / "good" / "environment").read_text())
    assert environment["OMP_NUM_THREADS"] == "4"
    assert environment[plugins.VARIABLE] == str(tmp_path)


def test_no_worker_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="at least one"):
        run_trials({}, workers=0)
