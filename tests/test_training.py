"""What the settings of a training do."""

import os
import re

import numpy as np
import pytest
import torch
from small_runs import records, tiny
from torch import nn

from synthkit import checkpoint, config, inference
from synthkit.ema import Average
from synthkit.errors import CheckpointError, ConfigError, SynthkitError
from synthkit.health import Monitor, Sign
from synthkit.memory import advice
from synthkit.progress import Progress
from synthkit.registry import DATASETS, METRICS, STEPS
from synthkit.runner import dry_run, train
from synthkit.trainer import Trainer

SGD = "train.optimizer={type: SGD, lr: 0.01}"


def of(run, kind: str) -> list[dict]:
    return [record for record in records(run) if record["kind"] == kind]


def weights(run, step: int) -> dict:
    return checkpoint.read(run / "checkpoints" / f"{step:08d}").weights()


def test_accumulated_batches_equal_one_large_batch(tmp_path):
    """In the order `joint` exactly, but for rounding: the same samples, the same sum of gradients."""
    large = train(tiny(SGD, "train.batch_size=4"), tmp_path / "large")
    small = train(tiny(SGD, "train.batch_size=1", "train.accumulate=4"), tmp_path / "small")
    for key, value in weights(large, 6).items():
        torch.testing.assert_close(weights(small, 6)[key], value, atol=1e-5, rtol=1e-4)
    assert of(small, "train")[-1]["losses"] == pytest.approx(of(large, "train")[-1]["losses"], rel=1e-3)


def test_clipped_gradients_have_the_norm(tmp_path):
    """With SGD at rate 1 the step is the gradient: none is longer than the limit, and the logged norm is."""
    settings = (
        "train.optimizer={type: SGD, lr: 1.0}",
        "train.clip=0.01",
        "train.steps=2",
        "train.save_every=1",
    )
    run = train(tiny(*settings, "train.schedule.hold=1"), tmp_path / "run")
    for network in ("generator", "discriminator"):
        before, after = weights(run, 1), weights(run, 2)
        moved = torch.cat([(after[key] - before[key]).flatten() for key in after if key.startswith(network)])
        assert moved.norm().item() == pytest.approx(0.01, rel=1e-3)
    assert of(run, "train")[-1]["signals"]["gradient norm/generator"] > 0.01


def test_averaged_weights_are_the_running_mean():
    """Against a plain loop, with its warm-up; the first update takes the weights as they are."""
    network = nn.BatchNorm1d(3)
    average = Average(nn.ModuleDict({"generator": network, "discriminator": nn.Linear(2, 2)}), decay=0.6)
    assert list(average.networks) == ["generator"]
    expected = None
    for count in range(6):
        nn.init.normal_(network.weight)
        network(torch.randn(4, 3))
        average.update()
        decay = min(0.6, (1 + count) / (10 + count))
        now = network.weight.detach().clone()
        expected = now if expected is None else decay * expected + (1 - decay) * now
    torch.testing.assert_close(average.networks["generator"].weight, expected)
    assert average.networks["generator"].num_batches_tracked == 6


def test_averaged_weights_translate(tmp_path):
    run = train(tiny("train.ema={decay: 0.9}"), tmp_path / "run")
    model = inference.load(run)
    stored = checkpoint.find(run)[0]
    name = "generator.head.conv.weight"
    ours = model.translator.networks.state_dict()[name]
    assert torch.equal(ours, stored.average()[name])
    assert not torch.equal(ours, stored.weights()[name])


def score_by_step(values: dict[int, float]):
    """A metric `user/scripted` whose value at each validation is given."""
    calls = iter(value for value in values.values() for _ in range(2))  # two images each

    @METRICS.register_module("user/scripted", force=True)
    def scripted(fake, real):
        return torch.full((len(fake),), next(calls))

    scripted.higher_is_better = False


BEST = ("train.metrics=[l1, user/scripted]", "train.best=user/scripted", "train.validate_every=1")


def test_best_checkpoint_is_kept_and_found(tmp_path):
    score_by_step({1: 5.0, 2: 1.0, 3: 2.0, 4: 3.0, 5: 4.0, 6: 5.0})
    run = train(tiny(*BEST, "train.save_every=1", "train.keep=1"), tmp_path / "run")
    assert checkpoint.steps(run / "checkpoints") == [2, 6]
    assert [record["best"] for record in of(run, "validation")] == [True, True, False, False, False, False]
    assert inference.load(run).step == 6
    assert inference.load(run, best=True).step == 2
    assert inference.load(run / "checkpoints" / "00000006", best=True).step == 2


def test_best_is_saved_between_the_saves(tmp_path):
    score_by_step({1: 5.0, 2: 1.0, 3: 2.0, 4: 3.0, 5: 4.0, 6: 5.0})
    run = train(tiny(*BEST, "train.save_every=100", "train.keep=1"), tmp_path / "run")
    assert checkpoint.steps(run / "checkpoints") == [2, 6]


def test_best_where_none_was_told(tmp_path):
    run = train(tiny("train.steps=1"), tmp_path / "run")
    with pytest.raises(CheckpointError, match=r"no best checkpoint.*train\.best"):
        inference.load(run, best=True)


def test_early_stop(tmp_path, capsys):
    """After two validations without a better value; the run says so again, and goes on with more patience."""
    score_by_step({1: 5.0, 2: 1.0, 3: 2.0, 4: 3.0, 5: 0.5, 6: 5.0})
    run = train(tiny(*BEST, "train.patience=2"), tmp_path / "run")
    assert of(run, "end")[-1]["step"] == 4
    assert "user/scripted was best at step 2" in of(run, "end")[-1]["reason"]
    train(tiny(*BEST, "train.patience=2"), run, resume=True)
    assert "stopped early at step 4" in capsys.readouterr().err
    train(tiny(*BEST, "train.patience=3"), run, resume=True)
    assert of(run, "end")[-1]["step"] == 6


def test_a_score_that_is_no_number_is_never_the_best(tmp_path):
    score_by_step({1: float("nan"), 2: 3.0, 3: float("nan"), 4: 2.0, 5: 4.0, 6: 5.0})
    run = train(tiny(*BEST), tmp_path / "run")
    assert [record["best"] for record in of(run, "validation")] == [False, True, False, True, False, False]
    score_by_step(dict.fromkeys(range(1, 7), float("nan")))
    run = train(tiny(*BEST, "train.patience=2"), tmp_path / "none")
    assert "user/scripted was never a number" in of(run, "end")[-1]["reason"]


def test_best_that_nothing_can_tell(tmp_path):
    """A metric without a direction, and held-out samples without photos."""
    METRICS.register_module("user/aimless", force=True, module=lambda fake, real: torch.zeros(len(fake)))
    with pytest.raises(ConfigError, match=r"train\.best .*'user/aimless' does not say"):
        train(tiny("train.metrics=[user/aimless]", "train.best=user/aimless"), tmp_path / "run")

    @DATASETS.register_module("user/blind", force=True)
    class Blind:
        def __init__(self, *, split):
            self.fields = ("label", "instance", "image") if split == "train" else ("label", "instance")

        def __len__(self):
            return 2

        def __getitem__(self, index):
            sample = {"label": np.zeros((16, 32), np.int32), "instance": np.zeros((16, 32), np.int32)}
            return sample | {"image": np.zeros((16, 32, 3), np.uint8), "name": str(index)}

    blind = "data={type: user/blind, _delete_: true}"
    train(tiny(blind, "train.steps=1"), tmp_path / "blind")
    with pytest.raises(ConfigError, match=r"train\.best .*have no photos"):
        train(tiny(blind, "train.best=psnr"), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_lengths_in_epochs(tmp_path):
    """Five samples in steps of two: an epoch takes two and a half steps."""
    settings = ("train.steps=2 epochs", "train.validate_every=1 epoch", "train.save_every=1 epoch")
    run = train(tiny(*settings), tmp_path / "run")
    assert of(run, "end")[0]["step"] == 5
    assert [record["step"] for record in of(run, "validation")] == [3, 5]


def test_init_from_says_what_it_did(tmp_path, capsys):
    source = train(tiny(), tmp_path / "source")
    capsys.readouterr()
    changes = (
        "train.steps=1",
        "train.save_every=1",
        SGD,
        "train.schedule.hold=1",
        f"train.init_from={source}",
    )
    same = train(tiny(*changes, "train.optimizer.lr=0.0"), tmp_path / "same")
    for key, value in weights(same, 1).items():
        assert torch.equal(value, weights(source, 6)[key]), key
    assert re.search(
        r"weights from .*00000006, step 6: \d+ loaded, 0 new, 0 refused", capsys.readouterr().err
    )
    train(tiny(*changes, "model.generator.channels=8", "model.discriminator.layers=2"), tmp_path / "other")
    said = capsys.readouterr().err
    assert (
        "refused: generator.down.0.conv.weight, (4, 13, 7, 7) float32 in the file and (8, 13, 7, 7)" in said
    )
    assert "new: discriminator.blocks.3 (2 tensors)" in said
    with pytest.raises(ConfigError, match=r"train\.init_from .*no run folder nowhere"):
        train(tiny("train.init_from=nowhere"), tmp_path / "none")


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


def test_deterministic_runs_have_the_same_bits(tmp_path):
    """Twice; and what torch was set to before is set again."""
    runs = [train(tiny("train.deterministic=true", "train.workers=2"), tmp_path / name) for name in "ab"]
    for key, value in weights(runs[0], 6).items():
        assert torch.equal(weights(runs[1], 6)[key], value), key
    assert not torch.are_deterministic_algorithms_enabled()
    assert of(runs[0], "start")[0]["seed"] == 0


def test_deterministic_refuses_what_is_not(tmp_path):
    """The control: within the training torch raises at an operation that has no deterministic form."""

    @STEPS.register_module("user/watched", force=True)
    def watched(model, batch, optimizers):
        assert torch.are_deterministic_algorithms_enabled()
        return STEPS.get("joint")(model, batch, optimizers)

    train(tiny("train.order=user/watched", "train.deterministic=true", "train.steps=1"), tmp_path / "run")
    with pytest.raises(AssertionError):
        train(tiny("train.order=user/watched", "train.steps=1"), tmp_path / "other")


def test_rates_apart(tmp_path):
    rates = "train.optimizer={lr: 2e-4, discriminator: {lr: 4e-4}}"
    run = train(
        tiny(rates, "train.steps=2", "train.log_every=1", "train.schedule.warmup=4"), tmp_path / "run"
    )
    first, second = (record["rates"] for record in of(run, "train"))
    assert first == pytest.approx({"generator": 0.5e-4, "discriminator": 1e-4})
    assert second == pytest.approx({"generator": 1e-4, "discriminator": 2e-4})


@pytest.mark.parametrize("size", [(33, 47), (17, 16)])
def test_sizes_that_no_stride_divides(tmp_path, size):
    """Padded and cropped back in training, validation and inference."""
    height, width = size
    settings = (f"data.size=[{height}, {width}]", "model.generator.downsamples=3", "train.steps=1")
    run = train(tiny(*settings), tmp_path / "run")
    from PIL import Image

    for kind in ("fake", "real", "label"):
        assert Image.open(run / "samples" / "00000001" / f"streets_val_00000.{kind}.png").size == (
            width,
            height,
        )


def test_each_sign_is_reported_once_until_it_has_gone():
    sign = Sign("high", 3, lambda figures: figures["x"] > 1, "lower it")
    monitor = Monitor((sign,))
    values = [2, 2, 0, 2, 2, 2, 2, 0, 2, 2, 2]
    assert [bool(monitor.look({"x": value})) for value in values] == [n in (5, 10) for n in range(11)]


@pytest.mark.parametrize(
    ("figures", "name", "logs"),
    [
        ({"ranking": 1.0}, "the discriminator always wins", 20),
        ({"logit gap": 0.01, "ranking": 0.6}, "the discriminator has given up", 20),
        ({"saturation": 0.9}, "the outputs are saturated", 3),
        ({"data_wait": 0.6}, "the training waits for data", 5),
        ({"ranking": 0.9, "logit gap": 0.3, "saturation": 0.05, "data_wait": 0.01}, None, 100),
    ],
)
def test_signs_of_trouble(figures, name, logs):
    monitor = Monitor()
    found = [[sign.name for sign in monitor.look(figures)] for _ in range(logs)]
    assert found[-1] == ([name] if name else [])
    assert not any(found[:-1])


def test_a_dead_generator_is_warned_of(tmp_path):
    """Outputs at the rails, in a real run: the warning is recorded and names the cause."""

    @STEPS.register_module("user/saturating", force=True)
    def saturating(model, batch, optimizers):
        with torch.no_grad():
            model.networks["generator"].head.conv.bias.fill_(50.0)
        return STEPS.get("joint")(model, batch, optimizers)

    run = train(tiny("train.order=user/saturating", "train.log_every=1"), tmp_path / "run")
    assert "the outputs are saturated" in [record["name"] for record in of(run, "warning")]
    assert of(run, "train")[0]["signals"]["saturation"] == 1


def test_memory_that_runs_out_says_what_helps():
    with (
        pytest.raises(SynthkitError, match=r"(?s)out of memory on cpu of .* GB: .*train\.precision=bf16"),
        advice(torch.device("cpu")),
    ):
        torch.empty(2**50)
    with pytest.raises(RuntimeError, match=r"^another thing$"), advice(torch.device("cpu")):
        raise RuntimeError("another thing")


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("train.best=fid", "best is 'fid', which is none of the metrics: l1, psnr, ssim"),
        ("train.patience=3", "patience counts validations"),
        ("train={best: psnr, validation_images: 0}", "best needs validation_images"),
        ("train.metrics=[l3]", "'l3' is not one of the metrics"),
        ("train.clip=0", "clip is 0: it must be above 0"),
        ("train.ema={decay: 1.0}", r"decay is 1\.0"),
        ("train.steps=2 weeks", "steps is '2 weeks': write a number of steps, or text such as '20 epochs'"),
        ("train.schedule.decay=square", "decay is 'square': choose one of linear, cosine"),
        ("train.schedule.warmup=-1", "warmup is -1"),
        ("train.accumulate=0", "accumulate is 0"),
        ("train.trackers={tensorbord: {}}", r"train\.trackers.tensorbord.*\n?.*Did you mean 'tensorboard'"),
        ("train.optimizer.differentiable=true", "is set by synthkit"),
        ("train.optimizer.weight_decay=-1", r"train\.optimizer \(.*Invalid weight_decay value: -1"),
        ("train.optimizer.lr=fast", r"train\.optimizer\.lr \(command line\): 'fast'"),
        ("train.optimizer={critic: {lr: 0.1}}", r"train\.optimizer\.critic .*unknown key 'critic'"),
    ],
)
def test_wrong_settings(tmp_path, override, message):
    with pytest.raises(ConfigError, match=message):
        train(tiny(override), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_read_only_folder_is_found_before_the_first_step(tmp_path):
    if os.geteuid() == 0:
        folder = tmp_path / "file"
        folder.write_text("not a folder")
    else:
        folder = tmp_path / "read_only"
        folder.mkdir(mode=0o500)
    with pytest.raises(CheckpointError, match="cannot be written"):
        train(tiny(), folder / "run")


def test_trainer_needs_no_folder():
    trainer = Trainer(config.from_dict(tiny()))
    trainer.advance()
    assert trainer.progress.step == 1
    assert trainer.progress.position == 2
    trainer.close()


def test_a_failed_run_is_told_from_a_stopped_one(tmp_path):
    """In its records, the list of runs and the report; and no longer when it has gone on."""
    from synthkit.runs import summarise

    @STEPS.register_module("user/fails_once", force=True)
    def fails_once(model, batch, optimizers):
        if model.training_step == 4 and not (tmp_path / "failed").exists():
            (tmp_path / "failed").touch()
            raise ValueError("an unlucky step")
        return STEPS.get("joint")(model, batch, optimizers)

    with pytest.raises(ValueError, match="an unlucky step"):
        train(tiny("train.order=user/fails_once"), tmp_path / "run")
    run = summarise(tmp_path / "run")
    assert (run.state, run.note) == ("failed", "ValueError: an unlucky step")
    assert "the training failed" in (tmp_path / "run" / "report.html").read_text()
    train(tiny("train.order=user/fails_once"), tmp_path / "run", resume=True)
    assert summarise(tmp_path / "run").state == "finished"
    assert "the training failed" not in (tmp_path / "run" / "report.html").read_text()


def test_samples_that_cannot_be_written_cost_a_notice(tmp_path, monkeypatch, capsys):
    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("synthkit.runner.write_samples", full)
    run = train(tiny(), tmp_path / "run")
    assert "the samples could not be written: [Errno 28] No space left on device" in capsys.readouterr().err
    assert checkpoint.steps(run / "checkpoints") == [3, 6]


@pytest.mark.parametrize("norm", [nn.utils.spectral_norm, nn.utils.parametrizations.spectral_norm])
def test_averaged_weights_keep_their_spectral_norm(norm):
    """Averaged vectors of the power iteration would be too short, and the norm several times too large."""
    torch.manual_seed(0)
    network = nn.Sequential(norm(nn.Conv2d(4, 16, 3, padding=1)), nn.ReLU(), nn.Conv2d(16, 3, 1))
    average = Average(nn.ModuleDict({"generator": network}))
    optimizer = torch.optim.Adam(network.parameters(), lr=5e-3)
    inputs, targets = torch.randn(4, 4, 8, 8), torch.randn(4, 3, 8, 8)
    for _ in range(150):
        optimizer.zero_grad()
        (network(inputs) - targets).square().mean().backward()
        optimizer.step()
        average.update()
    averaged = average.networks["generator"].eval()
    averaged(inputs)
    assert torch.linalg.matrix_norm(averaged[0].weight.flatten(1), 2).item() == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("best", [{"a": 1}, {"step": "1", "value": 1.0}, {"step": 1, "value": "high"}])
def test_progress_of_another_kind_is_refused(best):
    with pytest.raises(ValueError, match="best is"):
        Progress(best=best)
    assert Progress(best={"step": 1, "value": 1.0}).best["step"] == 1
