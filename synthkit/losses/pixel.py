"""Losses on pixels."""

import torch.nn.functional as F
from torch import Tensor, nn

from synthkit.registry import LOSSES


@LOSSES.register_module("l1")
class L1(nn.Module):
    """Mean absolute difference of the fake and the real image, both in [-1, 1]."""

    def generator(self, step) -> Tensor:
        return F.l1_loss(step.fake, step.batch["image"])


@LOSSES.register_module("l2")
class L2(nn.Module):
    """Mean squared difference of the fake and the real image, both in [-1, 1]."""

    def generator(self, step) -> Tensor:
        return F.mse_loss(step.fake, step.batch["image"])
