"""Reading metrics.jsonl as interrupted, resumed and foreign writers leave it."""

import json

import pytest

from synthkit import records


def write(path, *lines) -> None:
    text = (line if isinstance(line, str) else json.dumps(line) for line in lines)
    path.write_text("".join(f"{line}\n" for line in text))


def start(step: int) -> dict:
    return {"kind": "start", "step": step, "steps": 90}


def train(step: int, loss: float | None = 1.0) -> dict:
    return {"kind": "train", "step": step, "losses": {"gan": loss}}


@pytest.mark.parametrize("sparse", [True, False])
def test_what_is_no_record_is_passed_over(tmp_path, sparse):
    path = tmp_path / "metrics.jsonl"
    strange = ("", "[]", "3", '"x"', "nonsense", '{"kind": 5}', '{"kind": "start", "step": 0}', "[" * 20000)
    odd = ({"kind": "train", "step": "1", "losses": {}}, {"kind": "validation", "step": 1, "scores": [1]})
    write(path, start(0), *strange, *odd, {"kind": "new", "step": 3}, train(20))
    with path.open("ab") as file:
        file.write(b'\xff\xfe\n{"kind": "train", "step": 40, "los')
    assert records.read(path, sparse=sparse) == [start(0), {"kind": "new", "step": 3}, train(20)]
    assert records.read(tmp_path / "missing") == []


@pytest.mark.parametrize(
    "record",
    [
        {**start(0), "parameters": [1]},
        {**start(0), "steps": 10**400},
        {**train(20), "seconds": "long"},
        {**train(20), "data_wait": {}},
        {**train(20), "seconds_per_step": float("nan")},
        {"kind": "validation", "step": 20, "scores": {}, "images": [4]},
        {"kind": "end", "step": 20, "seconds": None},
        {"kind": ["start"], "step": 20, "steps": 90},
    ],
)
def test_records_whose_keys_have_other_types_are_passed_over(tmp_path, record):
    path = tmp_path / "metrics.jsonl"
    write(path, start(0), record)
    assert records.read(path) == [start(0)]


def test_figures_that_no_sum_can_hold_are_left_out(tmp_path):
    path = tmp_path / "metrics.jsonl"
    odd = {"a": 10**400, "b": float("inf"), "c": float("nan"), "d": "1", "e": [1], "f": 2.0}
    write(path, start(0), {"kind": "train", "step": 20, "losses": odd, "rate": None})
    assert records.read(path)[-1] == {"kind": "train", "step": 20, "losses": {"f": 2.0}}


def test_sparse_keeps_all_but_the_trains_before_the_last(tmp_path):
    path = tmp_path / "metrics.jsonl"
    scores = {"kind": "validation", "step": 30, "scores": {"l1": 0.5}}
    write(path, start(0), train(10), train(20), train(30), scores, train(40))
    assert records.read(path, sparse=True) == [start(0), scores, train(40)]
    assert len(records.read(path)) == 6


@pytest.mark.parametrize("sparse", [True, False])
def test_a_resumed_run_replaces_what_it_does_again(tmp_path, sparse):
    path = tmp_path / "metrics.jsonl"
    scores = [{"kind": "validation", "step": step, "scores": {"l1": step}} for step in (20, 40)]
    end = {"kind": "end", "step": 40, "seconds": 9.0}
    write(path, start(0), train(20), scores[0], train(40), scores[1], end, start(20))
    kept = records.read(path, sparse=sparse)
    assert [(record["kind"], record["step"]) for record in kept if record["kind"] != "train"] == [
        ("start", 0),
        ("validation", 20),
        ("start", 20),
    ]
    assert all(record["step"] <= 20 for record in kept)


def test_figures_that_were_not_finite_are_gaps(tmp_path):
    path = tmp_path / "metrics.jsonl"
    write(path, start(0), train(10, 3.0), train(20, None), train(30, 2.0))
    assert records.curve(records.read(path), "losses", "gan") == ([10, 30], [3.0, 2.0])
