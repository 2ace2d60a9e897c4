"""A resumed run has the same bits as one that was never stopped, however it was stopped."""

import os
import random
import subprocess
import sys

import pytest
import torch
from small_runs import half_of, records, tiny

from synthkit import checkpoint, config
from synthkit.registry import STEPS
from synthkit.runner import train

FULL = (
    "train.ema={decay: 0.9}",
    "train.accumulate=2",
    "train.batch_size=1",
    "train.clip=1.0",
    "train.schedule={hold: 0, decay: cosine, warmup: 2}",
    "train.best=psnr",
    "model.losses.lecam={type: lecam}",
    "model.losses.r1={type: r1, every: 2}",
    "model.pool=3",
    "model.augment={}",
    "model.generator.dropout=0.5",
)


def assert_equal(ours, theirs) -> None:
    """Weights, averages, optimisers, losses' means, pool, random numbers, progress but for its seconds."""
    contents = [(ours.weights(), theirs.weights()), (ours.training(), theirs.training())]
    if theirs.is_averaged:
        contents.append((ours.average(), theirs.average()))
    for mine, other in contents:
        assert mine.keys() == other.keys()
        for key in mine:
            assert torch.equal(mine[key], other[key]), key
    assert ours.state["random"] == theirs.state["random"]
    left, right = (each.state["progress"] | {"seconds": 0} for each in (ours, theirs))
    assert left == right


def at(run, step: int) -> checkpoint.Checkpoint:
    return checkpoint.read(run / "checkpoints" / f"{step:08d}")


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("count", [3, 5], ids=["at the end of an epoch", "within an epoch"])
@pytest.mark.parametrize("changes", [(), FULL], ids=["plain", "with everything"])
def test_matrix(tmp_path, workers, count, changes):
    """Stopped after three steps of two samples, of epochs of 3 or 5."""
    settings = tiny(f"data.count={count}", *changes)
    whole = train(settings, tmp_path / "whole")
    half = half_of(whole, tmp_path / "half")
    train(tiny(f"data.count={count}", *changes, f"train.workers={workers}"), half, resume=True)
    assert_equal(at(half, 6), at(whole, 6))


def test_with_everything_there_is_something_to_lose(tmp_path):
    """The positive control: what the matrix compares is not empty, and differs from step to step."""
    run = train(tiny(*FULL), tmp_path / "run")
    early, late = at(run, 3), at(run, 6)
    for prefix in (
        "losses/lecam/means",
        "process0/pool/fakes",
        "process0/random/cpu",
        "optimizers/generator/0/",
    ):
        keys = [key for key in late.training() if key.startswith(prefix)]
        assert keys
        assert any(not torch.equal(early.training()[key], late.training()[key]) for key in keys), prefix
    assert early.average().keys() >= {"count", "generator.head.conv.weight"}
    assert late.state["progress"]["best"]["step"] in (3, 6)


KILLED = """
import os, random, signal, sys, time
import torch
torch.set_num_threads(1)
from synthkit import load_config
from synthkit.runner import train  # imported once: each try is a fork
rng, tries = random.Random(int(sys.argv[3])), 0
cfg = load_config(sys.argv[1])
while True:
    child = os.fork()
    if not child:
        train(cfg, sys.argv[2], resume=True)
        os._exit(0)
    if tries < int(sys.argv[4]):
        time.sleep(rng.uniform(0.05, 1.2))
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    tries += os.WIFSIGNALED(status)
    if os.WIFEXITED(status):
        sys.exit(os.WEXITSTATUS(status) or 10 + min(tries, 100))
"""


def test_killed_again_and_again(tmp_path):
    """SIGKILL at random moments, eight times; in the end the bits of the run that was left alone."""
    settings = ("train.steps=60", "train.save_every=1", "train.keep=2", "train.validate_every=20")
    (tmp_path / "cfg.yaml").write_text(config.dump(tiny(*settings)))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as in the program: the number of threads is part of the machine
    whole = train(tiny(*settings), tmp_path / "whole")
    torch.set_num_threads(threads)
    killed, seed = tmp_path / "killed", random.randrange(10**6)
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path / "cfg.yaml"), str(killed), str(seed), "8"],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode > 10, (seed, done.stderr)
    assert done.returncode - 10 >= 4, f"killed {done.returncode - 10} times only; seed {seed}"
    assert_equal(at(killed, 60), at(whole, 60))


def test_signal_in_a_validation_makes_it_up(tmp_path, monkeypatch):
    """A run that was stopped within a validation begins with it when it goes on."""
    whole = train(tiny("train.best=psnr"), tmp_path / "whole")
    calls = []

    def give_up_once(*args, give_up, **options):
        calls.append(1)
        if len(calls) == 1:
            os.kill(os.getpid(), 15)
        return validate(*args, give_up=give_up, **options)

    from synthkit.validation import validate

    monkeypatch.setattr("synthkit.trainer.validate", give_up_once)
    with pytest.raises(SystemExit) as ended:
        train(tiny("train.best=psnr"), tmp_path / "run")
    assert ended.value.code == 143
    assert checkpoint.find(tmp_path / "run")[0].state["progress"]["validated"] == 0
    train(tiny("train.best=psnr"), tmp_path / "run", resume=True)
    assert_equal(at(tmp_path / "run", 6), at(whole, 6))


def test_fewer_processes_are_said(tmp_path, monkeypatch, capsys):
    """They make the steps smaller; the same number passes without a word."""
    monkeypatch.setattr("synthkit.training_state.all_gather_object", lambda state: [state, state])
    run = train(tiny("train.steps=3"), tmp_path / "run")
    monkeypatch.undo()
    capsys.readouterr()
    train(tiny("train.steps=6"), run, resume=True)
    assert "1 in place of 2 processes train: a step takes 2 samples" in capsys.readouterr().err
    train(tiny("train.steps=9"), run, resume=True)
    assert "in place of" not in capsys.readouterr().err


def test_a_run_that_died_while_it_replaced_its_only_checkpoint_goes_on(tmp_path):
    whole = train(tiny(), tmp_path / "whole")
    half = half_of(whole, tmp_path / "half")
    (half / "checkpoints" / "00000003").rename(half / "checkpoints" / ".00000003.replaced")
    train(tiny(), half, resume=True)
    assert_equal(at(half, 6), at(whole, 6))


def test_signal_in_the_last_step_makes_up_the_last_validation(tmp_path):
    """It ends with the signal's code, and the run that goes on scores, saves the best and ends."""

    @STEPS.register_module("user/stopped_late", force=True)
    def stopped_late(model, batch, optimizers):
        if model.training_step == 5 and not (tmp_path / "stopped").exists():
            (tmp_path / "stopped").touch()
            os.kill(os.getpid(), 15)
        return STEPS.get("joint")(model, batch, optimizers)

    settings = ("train.order=user/stopped_late", "train.best=psnr", "train.validate_every=4")
    (tmp_path / "stopped").touch()
    whole = train(tiny(*settings), tmp_path / "whole")
    (tmp_path / "stopped").unlink()
    with pytest.raises(SystemExit) as ended:
        train(tiny(*settings), tmp_path / "run")
    assert ended.value.code == 143
    assert at(tmp_path / "run", 6).state["progress"]["validated"] == 4
    train(tiny(*settings), tmp_path / "run", resume=True)
    assert_equal(at(tmp_path / "run", 6), at(whole, 6))
    assert checkpoint.find_best(tmp_path / "run")[0].step == checkpoint.find_best(whole)[0].step
    assert records(tmp_path / "run")[-1]["kind"] == "end"
