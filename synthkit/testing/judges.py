"""Judges: an image (N, 3, H, W) in [-1, 1] -> logits (N, classes, h, w); trained if they take `classes`."""

import torch
import torch.nn.functional as F

from synthkit.registry import JUDGES
from synthkit.testing.component import Component, check
from synthkit.testing.samples import CLASSES, batch


@check(JUDGES)
def logits(component: Component) -> None:
    trained = component.takes("classes")
    network = component.build(**({"classes": CLASSES} if trained else {})).eval()
    assert trained or hasattr(network, "file"), "a judge takes `classes`, or has the `file` of its weights"
    with torch.no_grad():
        found = network(batch()["image"])
    classes = CLASSES if trained else network.classes
    assert found.ndim == 4 and found.shape[:2] == (2, classes), (
        f"logits (N, {classes}, h, w) are wanted, not {tuple(found.shape)}"
    )


@check(JUDGES, takes="classes")
def trains(component: Component) -> None:
    network, data = component.build(classes=CLASSES).train(), batch()
    found = network(data["image"])
    label = data["label"][:, 0].long()
    assert found.shape[-2:] == label.shape[-2:], "a judge that is trained gives logits of the image's size"
    F.cross_entropy(found, label).backward()
    lacking = [name for name, each in network.named_parameters() if each.requires_grad and each.grad is None]
    assert not lacking, f"no gradient reaches {lacking[0]}"
