"""Metrics: functions `(fake, real) -> (N,)`, or classes of `synthkit.metrics.metric.Metric`.

Both have the attribute `higher_is_better`. A class gives its own name first among its `values()`, unless it
takes a judge, and nothing without images; the totals of several processes add up.
"""

import inspect
import math

import torch
from torch import Tensor

from synthkit.metrics.metric import Metric, PerImage, Scored
from synthkit.registry import METRICS
from synthkit.testing.component import Component, check
from synthkit.testing.samples import batch


class Judge:
    """Two classes by brightness."""

    names, ignore, description, sha256 = ("dark", "bright"), 255, "brightness", ""

    def __call__(self, image: Tensor) -> Tensor:
        bright = image.mean(1, keepdim=True)
        return torch.cat([-bright, bright], 1)

    def relabel(self, label: Tensor) -> Tensor:
        return label[:, 0].long()


def _built(component: Component) -> Metric:
    if not inspect.isclass(component.target):
        return PerImage(component.name, component.target)
    metric = component.build(**({"judge": Judge()} if component.takes("judge") else {}))
    assert isinstance(metric, Metric), "a class of metrics derives from synthkit.metrics.metric.Metric"
    return metric


def _scored(fake: Tensor, real: Tensor) -> Scored:
    label = Judge()(real).argmax(1, keepdim=True).int()
    return Scored(fake, real, label=label, samples=torch.stack([fake, real]))


def _brighter(images: Tensor) -> Tensor:
    return (images + 0.3).clamp(-1, 1)


@check(METRICS)
def order(component: Component) -> None:
    assert hasattr(component.target, "higher_is_better"), (
        "a metric has the attribute `higher_is_better`, True or False"
    )
    images, scores = batch()["image"], []
    for fake in (images, _brighter(images)):
        metric = _built(component)
        metric.add(_scored(fake, images))
        scores.append(next(iter(metric.values().values())))
    same, other = scores
    if "samples" in metric.needs:  # equal ones may be the best or the worst
        assert same != other, f"samples get {same} whether they are equal or not"
        return
    better = same > other if component.target.higher_is_better else same < other
    assert better, f"equal images get {same}, others {other}: is higher better?"


@check(METRICS)
def totals(component: Component) -> None:
    whole, *parts, none = (_built(component) for _ in range(4))
    assert none.values() == {}, f"values() is {none.values()} without any image, where {{}} is wanted"
    for part in parts:
        images = batch()["image"]
        scored = _scored(_brighter(images), images)
        part.add(scored)
        whole.add(scored)
    none.total = none.total + parts[0].total + parts[1].total
    expected, values = whole.values(), none.values()
    assert component.takes("judge") or next(iter(expected)) == component.name, (
        f"the scores are {', '.join(expected)}: the first is called {component.name!r}"
    )
    assert values.keys() == expected.keys() and all(
        math.isclose(values[name], expected[name], rel_tol=1e-5, abs_tol=1e-9) for name in values
    ), f"the totals of two processes add up to {values}, not to the {expected} of one"
