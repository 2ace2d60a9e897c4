"""The dry run: it finds what would fail later, says what a training will take, and leaves nothing."""

import pytest
import torch
from small_runs import of, tiny, weights
from torch import nn

from synthkit.errors import CheckpointError
from synthkit.registry import METRICS, STEPS
from synthkit.runner import dry_run, train


def test_dry_run_changes_nothing(tmp_path):
    """The training after it has the bits of one without; nothing of it is left in the folder."""
    plain = train(tiny(), tmp_path / "plain")
    tried = train(tiny("train.dry_run=true"), tmp_path / "tried")
    for key, value in weights(plain, 6).items():
        assert torch.equal(weights(tried, 6)[key], value), key
    kept = {path.name for path in tried.iterdir()}
    assert kept == {path.name for path in plain.iterdir()}
    estimate = of(tried, "start")[0]["estimate"]
    assert estimate["seconds"] > 0
    assert estimate["memory"] > 10**8
    assert {
        network["name"] if isinstance(network, dict) else network[0] for network in estimate["networks"]
    } == {
        "generator",
        "discriminator",
    }


@pytest.mark.parametrize(("part", "kind"), [("validation", "metric"), ("step", "order"), ("save", "disk")])
def test_dry_run_finds_what_would_fail_later(tmp_path, monkeypatch, part, kind):
    """Before the first step, and without it only then: a metric, a step, a full disk."""

    def refuse(*args, **options):
        raise CheckpointError(f"the {kind} fails")

    if part == "validation":
        METRICS.register_module("user/failing", force=True, module=refuse)
        cfg = tiny("train.metrics=[user/failing]", "train.dry_run=true")
    elif part == "step":
        STEPS.register_module("user/failing", force=True, module=refuse)
        cfg = tiny("train.order=user/failing", "train.dry_run=true")
    else:
        monkeypatch.setattr("synthkit.checkpoint.save_file", refuse)
        cfg = tiny("train.dry_run=true")
    with pytest.raises(CheckpointError, match=f"the {kind} fails"):
        train(cfg, tmp_path / "run")
    assert not (tmp_path / "run" / "metrics.jsonl").exists()
    assert not (tmp_path / "run" / "config.yaml").exists()
    good = tiny("train.steps=1")
    monkeypatch.undo()
    train(good, tmp_path / "run")  # the folder is as good as empty


def test_dry_run_alone_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = dry_run(tiny()).describe().splitlines()
    assert lines[0].split() == ["network", "parameters", "GFLOPs", "output"]
    assert lines[1].startswith("generator")
    assert "1x3x16x32" in lines[1]
    assert lines[-1].startswith("estimate: ")
    assert list(tmp_path.iterdir()) == []


def test_flops_of_a_summary_are_the_convolutions():
    """A 3x3 convolution of 7 to 5 channels on 8x10 pixels: twice 3*3*7*5*8*10 operations."""
    from synthkit.summary import summarize
    from synthkit.translator import Translator

    network = nn.Sequential(nn.Conv2d(7, 5, 3, padding=1))
    model = Translator({"generator": network}, {"label": lambda batch: batch["label"].float()})
    (summary,) = summarize(model, {"label": torch.zeros(1, 7, 8, 10)})
    assert summary.parameters == 3 * 3 * 7 * 5 + 5
    assert summary.gflops == pytest.approx(2 * 3 * 3 * 7 * 5 * 8 * 10 / 1e9)
    assert summary.outputs == [[1, 5, 8, 10]]
