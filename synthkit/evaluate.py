"""Scores of synthesised images."""

import inspect
import sys
from collections.abc import Collection, Iterable
from functools import reduce
from operator import add
from typing import Any

from synthkit import build
from synthkit.distributed import all_gather_object
from synthkit.errors import ConfigError, DataError
from synthkit.metrics.checks import check_count
from synthkit.metrics.metric import Metric, PerImage, Scored
from synthkit.registry import METRICS

NEEDS = {"real": "photos", "label": "label maps", "samples": "several images of each input"}


class Scores:
    """Accumulates registered metrics, given by name and settings, over batches of images.

    `wired` are values for the metrics that have such a parameter, such as `judge`.
    """

    def __init__(self, metrics: Iterable[str] | dict[str, dict], **wired: Any):
        settings = metrics if isinstance(metrics, dict) else {name: {} for name in metrics}
        self.metrics = {name: _built(name, values, wired) for name, values in settings.items()}

    def check(self, offered: Collection[str], images: int) -> None:
        """Raise DataError where a metric needs other parts of `Scored` than are offered, or more images."""
        for name, metric in self.metrics.items():
            if missing := [need for need in metric.needs if need not in offered]:
                raise DataError(f"the metric {name!r} needs {NEEDS[missing[0]]}, and there are none")
            check_count(name, images, metric.least)

    def add(self, scored: Scored) -> None:
        """Score a batch. Raises DataError and ConfigError as the metrics do."""
        self.check([need for need in NEEDS if getattr(scored, need) is not None], images=sys.maxsize)
        for metric in self.metrics.values():
            metric.add(scored)

    def values(self) -> dict[str, float]:
        """All scores over the images so far, of all processes; empty without any."""
        for metric in self.metrics.values():
            metric.total = reduce(add, all_gather_object(metric.total))
        return {name: value for metric in self.metrics.values() for name, value in metric.values().items()}

    def oracle(self) -> dict[str, float]:
        """The scores that the real images get, of the metrics where that says something."""
        return {name: value for metric in self.metrics.values() for name, value in metric.oracle().items()}


def _built(name: str, settings: dict, wired: dict) -> Metric:
    """The accumulator of a registered metric. Raises ConfigError for one that lacks what it is wired with."""
    target = METRICS.get(name)
    if not inspect.isclass(target):
        build.check_keys(settings, ())
        return PerImage(name, target)
    taken = {key: value for key, value in wired.items() if METRICS.takes(name, key)}
    lacking = [key for key in ("judge",) if METRICS.takes(name, key) and key not in taken]
    if lacking:
        raise ConfigError(f"the metric {name!r} needs a {lacking[0]}, which a protocol names")
    return build.call(target, settings, **taken)
