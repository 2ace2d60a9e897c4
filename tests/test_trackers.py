"""The console with and without a terminal, and the file of metrics."""

import json

import pytest

from synthkit.registry import TRACKERS

RECORDS = [
    {"kind": "start", "step": 0, "steps": 40, "device": "cpu", "parameters": {"generator": 4_000_000}},
    {"kind": "step", "step": 19},
    {
        "kind": "train",
        "step": 20,
        "losses": {"gan": 0.5, "gan/discriminator": 0.25},
        "seconds_per_step": 3.5,
    },
    {"kind": "validation", "step": 20, "scores": {"psnr": 17.25}, "images": 3},
    {"kind": "notice", "step": 20, "message": "something happened"},
    {"kind": "end", "step": 40, "seconds": 3700},
]


def test_plain_lines_without_a_terminal(tmp_path, capsys):
    console = TRACKERS.build("console", run=tmp_path)
    for record in RECORDS:
        console.log(record)
    console.close()
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "training on cpu: generator 4.00 M parameters, 40 steps",
        "step 20/40  gan 0.500  gan/discriminator 0.250  3.500 s/step  1:10 left",
        "step 20  validation on 3 images: psnr 17.2500",
        "something happened",
        "finished step 40 after 1:01:40",
    ]


def test_progress_bar_in_a_terminal(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "160")
    console = TRACKERS.build("console", run=tmp_path)
    for record in RECORDS:
        console.log(record)
    console.close()
    shown = capsys.readouterr().err
    assert "20/40" in shown
    assert "gan 0.500" in shown
    assert "3.500 s/step" in shown


def test_metrics_file_appends_lines_of_json(tmp_path):
    for record in RECORDS:
        tracker = TRACKERS.build("metrics", run=tmp_path)
        tracker.log(record)
        tracker.close()
    lines = (tmp_path / "metrics.jsonl").read_text().splitlines()
    kept = [record for record in RECORDS if record["kind"] not in ("step", "notice")]
    assert [json.loads(line) for line in lines] == kept
    with pytest.raises(ValueError, match="not JSON compliant"):
        TRACKERS.build("metrics", run=tmp_path).log({"kind": "train", "loss": float("nan")})
