"""What the settings of a training do."""

import re

import pytest
import torch
from small_runs import of, tiny, weights

from synthkit import config
from synthkit.errors import ConfigError
from synthkit.registry import STEPS
from synthkit.runner import train
from synthkit.trainer import Trainer

SGD = "train.optimizer={type: SGD, lr: 0.01}"


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


def test_trainer_needs_no_folder():
    trainer = Trainer(config.from_dict(tiny()))
    trainer.advance()
    assert trainer.progress.step == 1
    assert trainer.progress.position == 2
    trainer.close()
