"""Scores of synthesised images."""

from collections.abc import Sequence

import torch
from torch import Tensor

from synthkit.distributed import all_gather_object
from synthkit.errors import ConfigError, shown
from synthkit.registry import METRICS


class ImageScores:
    """Accumulates registered metrics of (fake, real) pairs; both are (N, 3, H, W) in [-1, 1]."""

    def __init__(self, metrics: Sequence[str]):
        self.functions = {name: METRICS.get(name) for name in metrics}
        self.values: dict[str, list[Tensor]] = {name: [] for name in metrics}

    def add(self, fake: Tensor, real: Tensor) -> None:
        """Score a batch. Raises ConfigError where a metric does not give one value per image."""
        for name, function in self.functions.items():
            values = function(fake, real)
            if not isinstance(values, Tensor) or values.shape != (len(fake),):
                kind = tuple(values.shape) if isinstance(values, Tensor) else shown(values)
                raise ConfigError(
                    f"the metric {name!r} gave {kind}, not one value for each of {len(fake)} images"
                )
            self.values[name].append(values.double().cpu())

    def means(self) -> dict[str, float]:
        """The mean of each metric over all images so far, of all processes; empty without any."""
        processes = all_gather_object(self.values)
        parts = {name: [part for values in processes for part in values[name]] for name in self.values}
        return {name: torch.cat(found).mean().item() for name, found in parts.items() if found}
