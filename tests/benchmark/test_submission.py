"""What a leaderboard takes in, and what it refuses before anything is stored."""

import json

import pytest
from made_results import made_result, write_run

from synthkit.benchmark.submission import find
from synthkit.errors import DataError


@pytest.fixture
def run(tmp_path):
    return write_run(tmp_path / "runs" / "a", made_result())


def test_runs_are_found_below_a_folder_and_by_protocol(tmp_path, run):
    write_run(run, made_result(protocol="camvid_192"))
    write_run(tmp_path / "runs" / "deeper" / "b", made_result(seed=1))
    found = find([tmp_path / "runs", run])
    assert [(each.run.name, each.result.protocol) for each in found] == [
        ("a", "camvid_192"),
        ("a", "streets_smoke"),
        ("b", "streets_smoke"),
    ]
    assert [each.result.protocol for each in find([run], "camvid_192")] == ["camvid_192"]


def test_the_hash_is_of_result_and_pictures_but_not_of_the_place(tmp_path, run):
    other = write_run(tmp_path / "elsewhere", made_result())
    assert find([run])[0].sha256 == find([other])[0].sha256
    picture = other / "scores" / "streets_smoke" / "samples"
    (picture / "street_1.real.png").unlink()
    assert find([run])[0].sha256 != find([other])[0].sha256


def test_what_is_no_scored_run(tmp_path, run):
    (tmp_path / "empty").mkdir()
    for where, protocol, message in (
        (tmp_path / "none", None, "there is no folder .*none"),
        (tmp_path / "empty", None, "holds no scored run .*synthkit evaluate"),
        (run, "camvid_192", "no result under the protocol camvid_192; there are some under streets_smoke"),
    ):
        with pytest.raises(DataError, match=message):
            find([where], protocol)


def test_damaged_results_and_pictures_are_named(run):
    scores = run / "scores" / "streets_smoke"
    fake, content = scores / "samples" / "street_1.fake.png", json.loads((scores / "result.json").read_text())
    fake.write_bytes(fake.read_bytes()[:200])
    with pytest.raises(DataError, match=r"street_1\.fake\.png.*cannot be read"):
        find([run])
    fake.unlink()
    with pytest.raises(DataError, match=r"street_1\.fake\.png"):
        find([run])
    for changed, message in (
        ({"samples": ["../../../secret"]}, "a sample's name is that of a file, not '../../../secret'"),
        ({"samples": ["a\0b"]}, "a sample's name is that of a file"),
        ({"samples": ["street_2", "street_2"]}, "samples names one twice: street_2, street_2"),
        ({"seconds": float("nan")}, r"result\.json is no result: .*seconds is nan: a number from 0"),
        ({"memory": -5}, "memory is -5: a number from 0"),
        ({"seed": "one"}, r"result\.json is no result: .*seed"),
        ({"format": 9}, "no result of format 1"),
    ):
        (scores / "result.json").write_text(json.dumps(content | changed))
        with pytest.raises(DataError, match=message):
            find([run])
