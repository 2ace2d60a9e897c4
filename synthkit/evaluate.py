"""Scores of synthesised images."""

from collections.abc import Sequence

import torch
from torch import Tensor

from synthkit.registry import METRICS

IMAGE_METRICS = ("l1", "psnr", "ssim")


class ImageScores:
    """Accumulates registered metrics of (fake, real) pairs; both are (N, 3, H, W) in [-1, 1]."""

    def __init__(self, metrics: Sequence[str] = IMAGE_METRICS):
        self.functions = {name: METRICS.get(name) for name in metrics}
        self.values: dict[str, list[Tensor]] = {name: [] for name in metrics}

    def add(self, fake: Tensor, real: Tensor) -> None:
        """Score a batch."""
        for name, function in self.functions.items():
            self.values[name].append(function(fake, real).double().cpu())

    def means(self) -> dict[str, float]:
        """The mean of each metric over all images so far; empty without any."""
        return {name: torch.cat(parts).mean().item() for name, parts in self.values.items() if parts}
