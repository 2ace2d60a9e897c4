"""Backbones: an image (N, 3, H, W) -> feature maps, finest first, and a weight for each of them."""

import torch

from synthkit.registry import BACKBONES
from synthkit.testing.component import Component, check


@check(BACKBONES)
def features(component: Component) -> None:
    backbone = component.build().eval().requires_grad_(False)
    image = (torch.rand(2, 3, 64, 96) * 2 - 1).requires_grad_()
    maps = backbone(image)
    assert isinstance(maps, list) and all(each.ndim == 4 for each in maps), "a list of (N, C, h, w) is wanted"
    widths = [each.shape[-1] for each in maps]
    assert widths == sorted(widths, reverse=True), f"the finest map comes first; the widths are {widths}"
    count = len(getattr(backbone, "layer_weights", ()))
    assert count == len(maps), f"`layer_weights` has {count} weights, and there are {len(maps)} feature maps"
    sum(each.square().mean() for each in maps).backward()
    assert image.grad is not None and image.grad.any(), "no gradient reaches the image: it cannot train"
    with torch.no_grad():
        again = backbone(image)
    assert all(map(torch.equal, maps, again)), "the same image has other features a second time"
