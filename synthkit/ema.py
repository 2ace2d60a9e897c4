"""Weights averaged over the training, which translate better than the last ones."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel


class Average:
    """An exponential moving average of the networks that translate.

    Used by most GANs since Karras et al. (ICLR 2018, section 5). In the first steps the average is shorter,
    (1 + n) / (10 + n) after n of them, so that it forgets the initial weights. Running statistics of norms
    are averaged like weights; all other buffers are copied.

    Args:
        networks: by name; the discriminator is left out.
        decay: the share of the old average that a step keeps, 0 to below 1.
    """

    def __init__(self, networks: nn.ModuleDict, *, decay: float = 0.999):
        if not 0 <= decay < 1:
            raise ValueError(f"decay is {decay}: it must be from 0 to below 1")

        def average(old: Sequence[Tensor], new: Sequence[Tensor], count: Tensor) -> None:
            kept = min(decay, (1 + count.item()) / (10 + count.item()))
            for before, now in zip(old, new, strict=True):
                if before.is_floating_point():
                    before.lerp_(now, 1 - kept)

        self._source = nn.ModuleDict({name: net for name, net in networks.items() if name != "discriminator"})
        self._averaged = AveragedModel(self._source, multi_avg_fn=average, use_buffers=True)
        self._averaged.requires_grad_(False)

    @property
    def networks(self) -> nn.ModuleDict:
        """The networks with averaged weights."""
        return self._averaged.module

    @torch.no_grad()
    def update(self) -> None:
        """Take in the networks' present weights."""
        self._averaged.update_parameters(self._source)
        for (name, ours), theirs in zip(self.networks.named_buffers(), self._source.buffers(), strict=True):
            if "running_" not in name:  # a mean of spectral norm's unit vectors would be too short
                ours.copy_(theirs)

    def tensors(self) -> dict[str, Tensor]:
        """The averaged state dict, and `count`, the updates so far."""
        return {**self.networks.state_dict(), "count": self._averaged.n_averaged}

    def load_tensors(self, tensors: Mapping[str, Tensor]) -> None:
        """Take in what `tensors` gave; raises KeyError or RuntimeError where it does not fit."""
        rest = dict(tensors)
        self._averaged.n_averaged.copy_(rest.pop("count"))
        self.networks.load_state_dict(rest)
