"""A whole benchmark, with quick stand-ins for the trainings."""

import sys

import fake_trials
import pytest

from synthkit.benchmark import queue, suite
from synthkit.benchmark.leaderboard import Leaderboard
from synthkit.benchmark.trial import Trial
from synthkit.cli.benchmark import benchmark
from synthkit.errors import DataError
from synthkit.surroundings import Interrupted


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(queue, "COMMAND", (sys.executable, fake_trials.__file__))
    monkeypatch.setattr(queue, "PAUSE", 0.01)
    monkeypatch.setattr(queue, "stored", fake_trials.stored)


def methods(board) -> list[str]:
    with Leaderboard(board) as opened:
        return [row.result.method for row in opened.rows()]


def test_a_leaderboard_that_cannot_be_used_is_found_out_first(tmp_path, monkeypatch):
    def prepare(*arguments, **options):
        raise AssertionError("the judge was trained first")

    monkeypatch.setattr(suite, "prepare", prepare)
    (tmp_path / "board.sqlite").write_text("something else " * 100)
    with pytest.raises(DataError, match="board.sqlite cannot be used"):
        benchmark("streets_smoke", db=tmp_path / "board.sqlite", work_dir=tmp_path / "runs")


def test_what_is_done_before_an_interruption_is_submitted(tmp_path):
    folder, board = tmp_path / "runs", tmp_path / "board.sqlite"
    trials = {folder / name: Trial(protocol="toy", method=name, config="toy") for name in ("good", "slow")}
    fake_trials.interrupt_when_ready(folder / "slow" / "log.txt")
    with pytest.raises(Interrupted):
        suite.run(trials, folder, board, log=lambda line: None)
    assert methods(board) == ["good"]
    suite.run(trials, folder, board, log=lambda line: None)
    assert sorted(methods(board)) == ["good", "slow"]
