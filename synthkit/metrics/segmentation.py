"""Scores of a segmentation, from counts of pixels.

A matrix (classes + 1, classes) counts pixels by their class in the ground truth, down, and by the class that
they are taken for, across. Its last row are the pixels that the ground truth leaves open ("don't care").
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from synthkit.errors import DataError
from synthkit.metrics.metric import Metric, Scored
from synthkit.registry import METRICS


def confusion_matrix(prediction: Tensor, label: Tensor, classes: int, ignore: int) -> Tensor:
    """Counts (classes + 1, classes) int64 of pixels by class in `label`, down, and in `prediction`, across.

    prediction, label: integers of equal shape, 0 to classes - 1; pixels of the label `ignore` are counted
    in the last row. Raises DataError for other values and for unequal shapes.
    """
    if prediction.shape != label.shape:
        raise DataError(f"predictions {tuple(prediction.shape)} and labels {tuple(label.shape)} differ")
    prediction, label = prediction.flatten().long(), label.flatten().long()
    label = torch.where(label == ignore, classes, label)
    for name, values, most in (("prediction", prediction, classes - 1), ("label", label, classes)):
        if values.numel() and not (values.min() >= 0 and values.max() <= most):
            wrong = values[(values < 0) | (values > most)][0].item()
            raise DataError(f"{name} {wrong} is outside 0..{classes - 1}")
    counts = torch.bincount(label * classes + prediction, minlength=(classes + 1) * classes)
    return counts.view(classes + 1, classes)


def class_iou(matrix: Tensor) -> Tensor:
    """Intersection over union of each class, (classes,) float64; NaN for those not in the ground truth.

    Pixels that the ground truth leaves open are in no union.
    """
    counts = matrix[:-1].double()
    hit, there = counts.diag(), counts.sum(1)
    return torch.where(there > 0, hit / (there + counts.sum(0) - hit), torch.nan)


def mean_iou(matrix: Tensor) -> Tensor:
    """The mean of `class_iou` over the classes in the ground truth.

    A class that is only predicted counts against those it is taken for, and has no share of its own.
    """
    return class_iou(matrix).nanmean()


def weighted_iou(matrix: Tensor) -> Tensor:
    """`class_iou` weighted by each class's share of the ground truth (Long et al., CVPR 2015, section 5)."""
    there = matrix[:-1].sum(1).double()
    return (there / there.sum() * class_iou(matrix)).nansum()


def accuracy(matrix: Tensor) -> Tensor:
    """The share of right pixels in those that have a class in the ground truth."""
    return matrix.diag().sum().double() / matrix[:-1].sum()


def accuracy_all(matrix: Tensor) -> Tensor:
    """The share of right pixels in all pixels: those that the ground truth leaves open count as wrong."""
    return matrix.diag().sum().double() / matrix.sum()


def scores(matrix: Tensor, names: Sequence[str]) -> dict[str, float]:
    """All scores of a matrix: miou, accuracy, fwiou, accuracy_all, and iou/NAME of each class that occurs.

    Empty where no pixel has a class.
    """
    if not matrix[:-1].any():
        return {}
    whole = {"miou": mean_iou, "accuracy": accuracy, "fwiou": weighted_iou, "accuracy_all": accuracy_all}
    each = zip(names, class_iou(matrix).tolist(), strict=True)
    return {name: function(matrix).item() for name, function in whole.items()} | {
        f"iou/{name}": value for name, value in each if value == value
    }


@METRICS.register_module("segmentation")
class Segmentation(Metric):
    """How well a judge, a segmentation network, finds the label map again in the synthesised image.

    Scores: `miou`, the mean intersection over union of the classes in the ground truth; `accuracy`, the share
    of right pixels; `fwiou`, weighted by the classes' shares; `accuracy_all`, with pixels that are not scored
    counted as wrong, as some papers do; `iou/NAME` of each class. The oracle are the real images' scores.
    """

    higher_is_better = True
    needs = ("real", "label")

    def __init__(self, *, judge):
        self.judge = judge
        count = len(judge.names)
        self.total = torch.zeros(2, count + 1, count, dtype=torch.int64)  # of synthesised and of real images

    def add(self, scored: Scored) -> None:
        """Take in a batch. Raises DataError where images and label maps differ in size."""
        label = self.judge.relabel(scored.label)
        self.total = self.total + torch.stack(
            [self._count(each, label) for each in (scored.fake, scored.real)]
        )

    @torch.inference_mode()
    def _count(self, image: Tensor, label: Tensor) -> Tensor:
        prediction = self.judge(image).argmax(1)
        return confusion_matrix(prediction, label, len(self.judge.names), self.judge.ignore).cpu()

    def values(self) -> dict[str, float]:
        return scores(self.total[0], self.judge.names)

    def oracle(self) -> dict[str, float]:
        return scores(self.total[1], self.judge.names)
