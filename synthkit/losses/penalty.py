"""The slope of a discriminator at an image, which gradient penalties hold down."""

import math

import torch
from torch import Tensor


def gradient_norms(outputs: list[list[Tensor]], image: Tensor) -> list[Tensor]:
    """Per scale, the norm (N,) of the logits' gradient with respect to `image` (N, C, H, W).

    `outputs` are the discriminator's of an image that requires a gradient. The logits of an image's P
    places are summed and the norm divided by the root of P: for disjoint patches this is the root mean
    square of the norms of the single patches, so that a penalty's weight does not depend on the image's
    size. For a discriminator with one logit it is the papers' norm. The norms can be differentiated again.
    """
    norms = []
    for *_, logits in outputs:
        (gradient,) = torch.autograd.grad(logits.sum(), image, create_graph=True)
        norms.append(gradient.flatten(1).norm(dim=1) / math.sqrt(logits[0].numel()))
    return norms
