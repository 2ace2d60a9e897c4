"""The feature-matching loss (section 3.2, equation 4)."""

import torch
from torch import Tensor, nn

from synthkit.registry import LOSSES


def feature_matching(real: list[list[Tensor]], fake: list[list[Tensor]]) -> Tensor:
    """L1 distance of the discriminator's features on real and fake images, the logits left out.

    Both are lists over scales of lists of (N, C, h, w). Averaged over scales and layers and multiplied by
    four, which is the authors' normalisation: their three-layer PatchGAN sums four layers.
    """
    distances = [  # kept in the features' own precision and averaged in float32, the gradients are the same
        (fake_layer - real_layer.detach()).abs().mean(dtype=torch.float32) / (len(real_scale) - 1)
        for real_scale, fake_scale in zip(real, fake, strict=True)
        for real_layer, fake_layer in zip(real_scale[:-1], fake_scale[:-1], strict=True)
    ]
    return 4 * sum(distances) / len(real)


@LOSSES.register_module("pix2pixhd/feature_matching")
class FeatureMatching(nn.Module):
    """`feature_matching` of the step's outputs. The paper's weight is 10."""

    def generator(self, step) -> Tensor:
        return feature_matching(step.real_outputs, step.fake_outputs)
