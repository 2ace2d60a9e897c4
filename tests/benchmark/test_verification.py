"""What was changed since a result was stored is found, and what cannot be looked at is not called sound."""

import shutil
import sqlite3
from pathlib import Path

import pytest
from made_results import made_result
from PIL import Image
from small_protocols import write

from synthkit.benchmark import protocol as protocols
from synthkit.benchmark import trial as trials
from synthkit.benchmark.leaderboard import Leaderboard
from synthkit.benchmark.scoring import open_source, score
from synthkit.benchmark.submission import Submission, find
from synthkit.benchmark.trial import Trial
from synthkit.benchmark.verification import Verifier
from synthkit.data.pictures import to_uint8


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    """A folder with a protocol, and with a run that was trained and scored under it."""
    folder = tmp_path_factory.mktemp("trained")
    path = write(folder)
    trial = Trial(protocol=str(path), method="tiny", config=str(folder / "base.yaml"))
    trials.run(trial, folder / "run", device="cpu")
    return folder


@pytest.fixture
def place(trained, tmp_path) -> Path:
    """A copy of it, with a leaderboard that holds the result."""
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    with Leaderboard(tmp_path / "board.sqlite", create=True) as board:
        board.submit(find([tmp_path / "run"]))
    return tmp_path


def found(place, **options) -> dict[str, str]:
    """What a check of the only row says of each part."""
    options = {"protocol": str(place / "small.yaml"), **options}
    with Leaderboard(place / "board.sqlite") as board:
        [row] = board.rows()
        return {check.what: str(check.state) for check in Verifier(board, **options).check(row)}


def change(place, statement: str) -> None:
    with sqlite3.connect(place / "board.sqlite") as connection:
        connection.execute(statement)
    connection.close()


SOUND = {"record": "ok", "protocol": "ok", "data": "ok", "run": "ok"}


def test_a_sound_row(place):
    assert found(place) == SOUND
    assert found(place, rescore=True, device="cpu") == {**SOUND, "scores": "ok"}


@pytest.mark.parametrize(
    "statement",
    [
        """UPDATE results SET result = replace(result, '"psnr": ', '"psnr": 9')""",
        "UPDATE results SET seed = 7",
        "UPDATE results SET method = 'other'",
        "UPDATE samples SET picture = (SELECT max(sha256) FROM pictures) WHERE kind = 'fake'",
        "UPDATE pictures SET png = (SELECT png FROM pictures LIMIT 1)",
        "DELETE FROM samples WHERE kind = 'real'",
    ],
)
def test_a_tampered_file(place, statement):
    change(place, statement)
    assert found(place) == {"record": "changed"}


def test_who_changes_the_hash_alike_is_found_by_the_scores(place):
    file = place / "run" / "scores" / "small" / "result.json"
    file.write_text(file.read_text().replace('"psnr": ', '"psnr": 1'))
    with Leaderboard(place / "board.sqlite") as board:
        board.submit(find([place / "run"]), replacing=True)
    assert found(place) == SOUND
    assert found(place, rescore=True, device="cpu")["scores"] == "changed"


def test_another_protocol(place):
    write(place, images=3)
    states = {**SOUND, "protocol": "changed", "data": "cannot be checked"}
    assert found(place) == states
    assert found(place, rescore=True, device="cpu") == {**states, "scores": "cannot be checked"}


def test_other_weights_and_no_run(place):
    weights = place / "run" / "checkpoints" / "00000003" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    assert found(place) == {**SOUND, "run": "changed"}
    shutil.rmtree(place / "run")
    assert found(place, rescore=True) == {**SOUND, "run": "cannot be checked", "scores": "cannot be checked"}


def test_what_is_not_at_hand(tmp_path):
    with Leaderboard(tmp_path / "board.sqlite", create=True) as board:
        board.submit([Submission(made_result(protocol="mine"), tmp_path / "gone")])
        checks = list(Verifier(board).check(board.rows()[0]))
    assert [str(check.state) for check in checks] == ["ok", "cannot be checked"]
    assert "none of the protocols: 'mine'" in checks[1].note


def test_a_folder_of_images(tmp_path):
    protocol = protocols.load(write(tmp_path))
    (tmp_path / "images").mkdir()
    for index, name in enumerate(protocol.stems):
        picture = Image.fromarray(to_uint8(protocol.reference[index]["image"]) // 2)
        picture.save(tmp_path / "images" / f"{name}.png")
    source = open_source(tmp_path / "images", protocol)
    score(source, protocol, tmp_path / "images" / "scores" / "small")
    with Leaderboard(tmp_path / "board.sqlite", create=True) as board:
        board.submit(find([tmp_path / "images"]))
    assert found(tmp_path, rescore=True) == {**SOUND, "scores": "ok"}
    picture.save(tmp_path / "images" / f"{protocol.stems[0]}.png")
    assert found(tmp_path, rescore=True) == {**SOUND, "run": "changed", "scores": "changed"}
