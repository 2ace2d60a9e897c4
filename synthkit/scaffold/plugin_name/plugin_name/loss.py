"""The loss: edges of the fake where the photo has them."""

import torch.nn.functional as F
from torch import Tensor, nn

from synthkit.registry import LOSSES


def differences(image: Tensor) -> tuple[Tensor, Tensor]:
    """What each pixel of (N, C, H, W) differs by from the one above it, and from the one to its left."""
    return image.diff(dim=2), image.diff(dim=3)


@LOSSES.register_module("plugin_name/gradient")
class GradientDifference(nn.Module):
    """Mean absolute difference of the image gradients of fake and photo (Mathieu et al., ICLR 2016).

    Unlike L1 on pixels it does not mind a wrong colour, but a blurred edge.
    """

    def generator(self, step) -> Tensor:
        """`step.fake` and `step.batch["image"]` are (N, 3, H, W) in [-1, 1]; a scalar is returned."""
        pairs = zip(differences(step.fake), differences(step.batch["image"]), strict=True)
        return sum(F.l1_loss(fake, real) for fake, real in pairs)
