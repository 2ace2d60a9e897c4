"""The leaderboard's file: what goes in comes out, once, whatever happens to those who write."""

import dataclasses
import math
import multiprocessing
import sqlite3
import time
from pathlib import Path

import pytest
from made_results import made_result, write_run, write_runs

from synthkit.benchmark.leaderboard import Leaderboard
from synthkit.benchmark.submission import Submission, find
from synthkit.errors import DataError


@pytest.fixture
def board(tmp_path):
    with Leaderboard(tmp_path / "board.sqlite", create=True) as opened:
        yield opened


def submission(**changed) -> Submission:
    return Submission(made_result(**changed), Path("runs/x"))


def test_results_come_back_with_their_pictures(tmp_path, board):
    run = write_run(tmp_path / "run", made_result(scores={"miou": 0.5, "fid": math.nan}))
    [found] = find([run])
    assert board.submit([found]) == 1
    [row] = board.rows()
    assert repr(row.result) == repr(found.result)
    assert row.run == run and row.sha256 == found.sha256
    assert board.pictures(row) == found.pictures
    file = run / "scores" / "streets_smoke" / "samples" / "street_2.fake.png"
    assert [each.png for each in found.pictures if (each.name, each.kind) == ("street_2", "fake")] == [
        file.read_bytes()
    ]


def test_pictures_that_results_share_are_stored_once(tmp_path, board):
    list(write_runs(tmp_path / "runs", protocols=["streets_smoke"], seeds=range(2)))
    assert board.submit(find([tmp_path / "runs"])) == 8
    [(count,)] = sqlite3.connect(board.path).execute("SELECT count(*) FROM pictures")
    assert count == 2 * (8 + 1 + 1)  # of two samples a fake each; label and photo are those of all


def test_the_same_result_is_one_row(board):
    assert [board.submit([submission()]) for _ in range(2)] == [1, 0]
    scored_again = submission(created="2026-01-01T00:00:00+00:00", scoring_seconds=1.0)
    assert board.submit([scored_again]) == 0
    assert len(board.rows()) == 1


def test_another_result_of_the_same_seed_is_refused_or_replaces(tmp_path, board):
    run = write_run(tmp_path / "run", made_result())
    board.submit(find([run]))
    other = submission(weights_sha256="f" * 64)
    with pytest.raises(DataError, match=r"pix2pixHD with seed 0 .* differs in weights_sha256; --replace"):
        board.submit([submission(seed=1), other])
    assert [row.result.seed for row in board.rows()] == [0]  # all or none
    assert board.submit([other], replacing=True) == 1
    assert [row.result for row in board.rows()] == [other.result]
    connection = sqlite3.connect(board.path)
    assert connection.execute("SELECT count(*) FROM pictures").fetchone() == (0,)


def test_results_of_another_protocol_data_judge_or_config_are_other_rows(board):
    keys = ("protocol_sha256", "data_sha256", "judge_sha256", "config_sha256")
    assert board.submit([submission(), *(submission(**{key: "f" * 64}) for key in keys)]) == 5


def test_rows_of_a_protocol(board):
    board.submit([submission(), submission(protocol="camvid_192")])
    assert [row.result.protocol for row in board.rows("camvid_192")] == ["camvid_192"]
    with pytest.raises(DataError, match="no result under 'x'. Protocols: camvid_192, streets_smoke"):
        board.rows("x")


def test_files_that_are_no_leaderboard(tmp_path):
    with pytest.raises(DataError, match="there is no leaderboard .*submit RUN"):
        Leaderboard(tmp_path / "none.sqlite")
    (tmp_path / "text").write_text("no database, but long enough to be looked at as one" * 99)
    with pytest.raises(DataError, match="cannot be used: file is not a database"):
        Leaderboard(tmp_path / "text")
    for name, statement, message in (
        ("other", "CREATE TABLE x (y)", "another program's database"),
        ("later", "PRAGMA user_version = 2", "of version 2; this synthkit reads 1"),
    ):
        if name == "later":
            Leaderboard(tmp_path / name, create=True).close()
        sqlite3.connect(tmp_path / name).execute(statement).connection.close()
        with pytest.raises(DataError, match=message):
            Leaderboard(tmp_path / name)


def _write(path: Path, log: Path, writer: int, count: int, commits: bool) -> None:
    """Submit results one by one; each that is acknowledged goes to the log."""
    made = made_result(method=f"writer {writer}")
    with Leaderboard(path, create=True) as board, log.open("ab", buffering=0) as file:
        board._file.execute("PRAGMA synchronous = OFF")  # what waiting for the disk guards against is no kill
        if not commits:
            board._file.execute("BEGIN")  # a transaction around all, which a killed writer never ends
        for seed in range(count):
            new = Submission(dataclasses.replace(made, seed=seed), Path("run"))
            board._insert(new) if not commits else board.submit([new])
            file.write(f"{writer} {seed}\n".encode())
        if not commits:
            time.sleep(60)


def _acknowledged(log: Path) -> set[tuple[str, int]]:
    lines = log.read_text().splitlines() if log.is_file() else []
    return {(f"writer {writer}", int(seed)) for writer, seed in map(str.split, lines)}


def _stored(path: Path) -> set[tuple[str, int]]:
    with Leaderboard(path) as board:
        return {(row.result.method, row.result.seed) for row in board.rows()}


def _started(path: Path, log: Path, writers: int, count: int, commits: bool = True) -> list:
    fork = multiprocessing.get_context("fork")
    processes = [
        fork.Process(target=_write, args=(path, log, writer, count, commits)) for writer in range(writers)
    ]
    for process in processes:
        process.start()
    return processes


def _wait_for(log: Path, count: int) -> None:
    began = time.monotonic()
    while not log.is_file() or log.read_bytes().count(b"\n") < count:
        assert time.monotonic() - began < 60
        time.sleep(0.01)


def test_no_acknowledged_row_is_lost_when_writers_are_killed(tmp_path):
    path, log, writers, count = tmp_path / "board.sqlite", tmp_path / "log", 8, 250
    processes = _started(path, log, writers, count)
    for number, process in enumerate(processes[: writers // 2], 1):
        _wait_for(log, number * count // 2)
        process.kill()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes[writers // 2 :]] == [0] * (writers - writers // 2)
    acknowledged, stored = _acknowledged(log), _stored(path)
    assert acknowledged <= stored
    assert len(stored - acknowledged) <= writers // 2  # stored, and killed before they could say so
    assert len(stored) < writers * count  # some were killed on the way
    [(health,)] = sqlite3.connect(path).execute("PRAGMA integrity_check")
    assert health == "ok"


def test_rows_that_were_never_committed_would_be_missed(tmp_path):
    path, log = tmp_path / "board.sqlite", tmp_path / "log"
    Leaderboard(path, create=True).close()
    [process] = _started(path, log, 1, 5, commits=False)
    _wait_for(log, 5)
    process.kill()
    process.join()
    assert len(_acknowledged(log)) == 5 and _stored(path) == set()


def test_a_row_of_another_storage_class_is_no_fault_of_synthkit(tmp_path):
    write_run(tmp_path / "run", made_result())
    with Leaderboard(tmp_path / "board.sqlite", create=True) as board:
        board.submit(find([tmp_path / "run"]))
    with sqlite3.connect(tmp_path / "board.sqlite") as connection:
        connection.execute("UPDATE pictures SET png = 'no picture'")
        connection.execute("UPDATE results SET run = CAST(run AS BLOB)")
    with Leaderboard(tmp_path / "board.sqlite") as board:
        [row] = board.rows()
        assert row.run == tmp_path / "run"
        with pytest.raises(DataError, match="cannot be read"):
            board.pictures(row)[0].image()
