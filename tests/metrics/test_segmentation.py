"""Scores of a segmentation: by hand, and beside the evaluation of cityscapesscripts."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from synthkit.benchmark.judges.labels import Labels
from synthkit.data import cityscapes
from synthkit.errors import DataError
from synthkit.evaluate import Scores
from synthkit.metrics import segmentation
from synthkit.metrics.metric import Scored

IGNORE = -1


def test_a_matrix_and_its_scores_by_hand():
    label = torch.tensor([[0, 0, 0, 1], [1, IGNORE, IGNORE, 0]])
    prediction = torch.tensor([[0, 0, 1, 1], [2, 0, 2, 0]])
    matrix = segmentation.confusion_matrix(prediction, label, 3, IGNORE)
    assert matrix.tolist() == [[3, 1, 0], [0, 1, 1], [0, 0, 0], [1, 0, 1]]
    found = segmentation.scores(matrix, ["sky", "road", "car"])
    assert found == pytest.approx(
        {
            "miou": (3 / 4 + 1 / 3) / 2,
            "accuracy": 4 / 6,
            "fwiou": (4 * 3 / 4 + 2 * 1 / 3) / 6,
            "accuracy_all": 4 / 8,
            "iou/sky": 3 / 4,
            "iou/road": 1 / 3,
        }
    )


def test_matrix_and_iou_equal_those_of_cityscapesscripts(tmp_path):
    reference = pytest.importorskip("cityscapesscripts.evaluation.evalPixelLevelSemanticLabeling")

    generator = np.random.default_rng(0)
    label = generator.integers(0, 34, (90, 130), dtype=np.uint8)
    scored = [number for number, (_, train, _) in enumerate(cityscapes.CLASSES) if train is not None]
    label[label == scored[3]] = 0  # one that the ground truth lacks
    guess = generator.choice(np.array(scored, np.uint8), label.shape)
    prediction = np.where(generator.random(label.shape) < 0.4, guess, label)
    prediction = np.where(np.isin(prediction, scored), prediction, guess)
    for name, array in (("label", label), ("prediction", prediction)):
        Image.fromarray(array).save(tmp_path / f"{name}.png")
    args = SimpleNamespace(evalInstLevelScore=False, evalPixelAccuracy=False)
    theirs = reference.generateMatrix(args)
    files = (str(tmp_path / f"{name}.png") for name in ("prediction", "label"))
    reference.evaluatePair(*files, theirs, {}, {}, args)

    labels = Labels("cityscapes", count=35)
    ids = [torch.from_numpy(each.astype(np.int64))[None, None] for each in (prediction, label)]
    ours = segmentation.confusion_matrix(*map(labels, ids), 19, IGNORE)
    assert ours[:-1].tolist() == theirs[np.ix_(scored, scored)].tolist()
    expected = [reference.getIouScoreForLabel(number, theirs, args) for number in scored]
    found = segmentation.class_iou(ours).tolist()
    assert expected[3] == 0 and math.isnan(found[3])  # only predicted: a zero there, no share here
    del expected[3], found[3]
    assert found == pytest.approx(expected, rel=1e-12)
    assert segmentation.mean_iou(ours).item() == pytest.approx(np.mean(expected))
    hits = (prediction == label)[np.isin(label, scored)]
    assert segmentation.accuracy(ours).item() == pytest.approx(hits.mean())
    assert segmentation.accuracy_all(ours).item() == pytest.approx(hits.sum() / label.size)


@pytest.mark.parametrize(
    ("prediction", "label", "reason"),
    [([3], [0], "prediction 3 is outside 0..2"), ([0], [7], "label 7 is"), ([0, 1], [0], "differ")],
)
def test_what_is_no_class_is_refused(prediction, label, reason):
    with pytest.raises(DataError, match=reason):
        segmentation.confusion_matrix(torch.tensor(prediction), torch.tensor(label), 3, IGNORE)


class Threshold:
    """Judges red to be class 1, all else class 0; label 2 is not scored."""

    names, ignore = ("dark", "red"), IGNORE

    def __call__(self, image):
        return torch.stack([-image[:, 0], image[:, 0]], 1)

    def relabel(self, label):
        return torch.where(label == 2, IGNORE, label)[:, 0].long()


def test_the_metric_adds_up_over_batches_and_scores_real_images_too():
    label = torch.randint(3, (4, 1, 8, 8))
    real = (label - 0.5).clamp(-1, 1).expand(-1, 3, -1, -1)
    fake = real * torch.where(torch.rand(4, 1, 8, 8) < 0.25, -1, 1)
    right = ((fake[:, :1] > 0) == (label == 1))[label < 2].float().mean().item()
    scores = Scores(["segmentation"], judge=Threshold())
    assert scores.values() == {}
    for part in (slice(0, 1), slice(1, 4)):
        scores.add(Scored(fake[part], real[part], label=label[part]))
    values = scores.values()
    assert list(values) == ["miou", "accuracy", "fwiou", "accuracy_all", "iou/dark", "iou/red"]
    assert values["accuracy"] == pytest.approx(right) and right < 0.9
    assert values["accuracy_all"] == pytest.approx(right * (label < 2).float().mean().item())
    assert scores.oracle()["miou"] == scores.oracle()["accuracy"] == 1
    with pytest.raises(DataError, match="differ"):
        scores.add(Scored(fake, real, label=label[..., :4]))
