"""Metrics: `(fake, real) -> (N,)` with the attribute `higher_is_better`."""

from synthkit.registry import METRICS
from synthkit.testing.component import Component, check
from synthkit.testing.samples import batch


@check(METRICS)
def order(component: Component) -> None:
    metric, images = component.target, batch()["image"]
    assert hasattr(metric, "higher_is_better"), "a metric has the attribute `higher_is_better`, True or False"
    same, other = metric(images, images), metric((images + 0.3).clamp(-1, 1), images)
    assert same.shape == (2,), f"one value per image is wanted, (N,), not {tuple(same.shape)}"
    better = same > other if metric.higher_is_better else same < other
    assert better.all(), f"equal images get {same.tolist()}, others {other.tolist()}: is higher better?"
