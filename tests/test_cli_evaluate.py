"""`synthkit evaluate` as its users meet it."""

import small_protocols
from small_runs import of
from typer.testing import CliRunner

from synthkit.benchmark import result, trial_process
from synthkit.benchmark import trial as trials
from synthkit.benchmark.trial import Trial
from synthkit.cli import app, evaluate  # noqa: F401  (importing registers the command)
from synthkit.runner import train


def evaluated(*arguments):
    outcome = CliRunner().invoke(app, ["evaluate", *map(str, arguments)])
    assert outcome.exit_code == 0, outcome.output
    return outcome.output


def test_what_is_scored_of_a_trial_stays_apart_from_its_result(tmp_path):
    page, folder = small_protocols.write(tmp_path), tmp_path / "seed_0"
    trial = Trial(protocol=str(page), method="ours", config=str(tmp_path / "base.yaml"))
    protocol = trials.protocols.load(page)
    train(trials.resolved(trial, protocol, folder), folder)
    trial_process.write(trial, folder)
    files = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    printed = evaluated(folder, "--protocol", page)
    assert "PSNR" in printed and "seed_0/scores/small/result.json" in printed
    own = result.read(folder / "scores" / "small" / "result.json")
    assert (own.method, own.steps) == ("ours", 3) and trials.stored(trial, folder) == own

    evaluated(folder / "checkpoints" / "00000003", "--protocol", page)
    part = result.read(folder / "scores" / "small" / "00000003" / "result.json")
    assert part.scores == own.scores and trials.stored(trial, folder) == own
    assert {path: path.read_bytes() for path in files} == files


def test_a_result_of_a_training_under_way_does_not_end_its_trial(tmp_path):
    page, folder = small_protocols.write(tmp_path), tmp_path / "run"
    trial = Trial(protocol=str(page), method="ours", config=str(tmp_path / "base.yaml"))
    cfg = trials.page(trial, trials.protocols.load(page), length=["train.steps=1", "train.save_every=1"])
    train(cfg, folder)
    evaluated(folder, "--protocol", page)
    assert trials.stored(trial, folder) is None
    assert trials.run(trial, folder).steps == 3 and of(folder, "end")
