"""What metrics refuse, before anything is computed."""

import pytest
import torch
from small_runs import of, tiny

from synthkit.errors import ConfigError, DataError
from synthkit.evaluate import Scores
from synthkit.metrics.metric import Scored
from synthkit.runner import train

GOOD = torch.zeros(2, 3, 32, 32)


def holding(value: float) -> torch.Tensor:
    images = GOOD.clone()
    images[1, 2, 3, 4] = value
    return images


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (torch.zeros(2, 1, 32, 32), r"3 channels, \(N, 3, H, W\), not \(2, 1, 32, 32\)"),
        (torch.zeros(2, 4, 32, 32), r"not \(2, 4, 32, 32\)"),
        (torch.zeros(3, 32, 32), r"not \(3, 32, 32\)"),
        (torch.zeros(2, 3, 32, 32, dtype=torch.uint8), r"floats in \[-1, 1\], not torch\.uint8"),
        (torch.zeros(0, 3, 32, 32), "no pixel in"),
        (torch.zeros(2, 3, 32, 48), r"\(2, 3, 32, 48\), but that of the synthesised images \(2, 3, 32, 32\)"),
        (holding(float("nan")), "finite values"),
        (holding(float("inf")), "finite values"),
        (holding(255.0), r"in \[-1, 1\], and these span 0 to 255"),
        (holding(-1.1), "these span -1.1 to 0"),
    ],
)
def test_images_that_cannot_be_scored(images, message):
    with pytest.raises(DataError, match=f"the photos: .*{message}"):
        Scored(GOOD, images)
    with pytest.raises(DataError, match="samples"):
        Scored(GOOD, samples=torch.stack([images, images]))
    if images.shape != (2, 3, 32, 48):  # a size by itself is as good as any
        with pytest.raises(DataError, match=f"the synthesised images: .*{message}"):
            Scored(images, GOOD)


def test_a_single_sample_has_no_diversity():
    with pytest.raises(DataError, match=r"two samples .*, not \(1, 2, 3, 32, 32\)"):
        Scored(GOOD, samples=GOOD[None])


def test_a_little_outside_is_rounding():
    Scored(GOOD + 1.0005, GOOD - 1.0005)


@pytest.mark.parametrize(
    ("name", "message"),
    [("fd_efflite0", "needs photos, and there are none"), ("pd_efflite0_diversity", "needs several images")],
)
def test_what_a_metric_needs(name, message):
    with pytest.raises(DataError, match=f"'{name}' {message}"):
        Scores([name]).add(Scored(GOOD))


@pytest.mark.parametrize("name", ["fd_efflite0", "kd_efflite0"])
def test_one_image_has_no_covariance(name):
    scores = Scores([name])
    with pytest.raises(DataError, match=f"'{name}' takes 2 images or more, not 1"):
        scores.check(["real"], 1)
    scores.add(Scored(GOOD[:1], GOOD[:1]))
    with pytest.raises(DataError, match=f"'{name}' takes 2 images or more, not 1"):
        scores.values()


SIZED = ("data.size=[32, 64]", "data.count=4", "train.steps=2", "train.validate_every=1")


def test_a_training_is_told_its_best_by_a_set_of_images(tmp_path):
    cfg = tiny(*SIZED, "train.metrics=[l1, fd_efflite0, kd_efflite0]", "train.best=fd_efflite0")
    first, second = of(train(cfg, tmp_path / "run"), "validation")
    assert first["best"] is True
    assert first["metric"] == "fd_efflite0"
    values = [each["scores"]["fd_efflite0"] for each in (first, second)]
    assert second["best"] is (values[1] < values[0])
    assert set(first["scores"]) == {"l1", "fd_efflite0", "kd_efflite0", "kd_efflite0_std"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (("train.metrics=[fd_efflite0]", "train.validation_images=1"), "takes 2 images or more, not 1"),
        (("train.metrics=[pd_efflite0_diversity]",), "needs several images of each input"),
    ],
)
def test_a_training_refuses_metrics_that_could_not_score(tmp_path, changes, message):
    with pytest.raises(ConfigError, match=rf"train\.metrics .*{message}"):
        train(tiny(*SIZED, *changes), tmp_path / "run")
    assert not (tmp_path / "run").exists()
