"""The judge: a segmentation network, and which of its classes each label id is."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from synthkit import build
from synthkit.benchmark.judges.labels import IGNORE, Classes, Labels
from synthkit.benchmark.protocol import Protocol
from synthkit.errors import ConfigError
from synthkit.registry import JUDGES


@dataclass(frozen=True, kw_only=True)
class JudgeSettings:
    """The keys of a protocol's `judge` beside `type` and the network's own.

    Args:
        labels: the class of each label id, null where it is not scored, as a list or a mapping; `cityscapes`
            for the 19 classes of its benchmark from the 35 labelIds; by default each id is a class.
        size: [height, width] of the network's input; images are resized to it bilinearly, with antialiasing,
            and its logits back; by default it sees images as they are.
        train: how it is trained; empty for one that comes with its weights.
    """

    labels: Classes | None = None
    size: Sequence[int] | None = None
    train: Mapping = field(default_factory=dict)

    def __post_init__(self):
        if self.size is not None and (len(self.size) != 2 or min(self.size) < 1):
            raise ValueError(f"size: [height, width] in pixels is needed, not {list(self.size)}")


class Judge(nn.Module):
    """A network that segments images, and the classes it tells apart.

    Attributes:
        names: of the classes.
        ignore: the class of pixels that are not scored.
        description: what it is, in words; sha256: the hash of its weights' file.
    """

    ignore = IGNORE

    def __init__(self, network: nn.Module, labels: Labels, names: Sequence[str], size: Sequence[int] | None):
        super().__init__()
        self.network, self.labels, self.names, self.size = network, labels, tuple(names), size
        self.description = self.sha256 = ""

    @property
    def device(self) -> torch.device:
        """Where its weights are."""
        return next(chain(self.parameters(), self.buffers())).device

    def forward(self, image: Tensor) -> Tensor:
        """Logits (N, classes, H, W) of images (N, 3, H, W) in [-1, 1]."""
        logits = self.network(self.resized(image)).float()
        if logits.shape[-2:] == image.shape[-2:]:
            return logits
        return F.interpolate(logits, image.shape[-2:], mode="bilinear")

    def resized(self, image: Tensor) -> Tensor:
        """Images of the size that the network wants."""
        if self.size is None or image.shape[-2:] == tuple(self.size):
            return image
        return F.interpolate(image, tuple(self.size), mode="bilinear", antialias=True)

    def relabel(self, label: Tensor) -> Tensor:
        """Classes (N, H, W) int64 of label ids (N, 1, H, W). Raises DataError for unknown ids."""
        return self.labels(label)


def is_trained(protocol: Protocol) -> bool:
    """Whether the protocol's judge is trained on its images; others come with their weights."""
    return JUDGES.takes(section_of(protocol), "classes")


def section_of(protocol: Protocol) -> Mapping:
    """The protocol's `judge`. Raises ConfigError for none, an unknown one, and data without labels."""
    if protocol.judge is None:
        raise ConfigError(f"the protocol {protocol.name} has no judge")
    if "label" not in protocol.inputs:
        raise ConfigError(f"the data of the protocol {protocol.name} have no labels, so nothing is judged")
    with build.place(protocol.judge, "type"):
        JUDGES.get(build.need(protocol.judge, "type"))
    return protocol.judge


def settings_of(protocol: Protocol) -> JudgeSettings:
    """The judge's own settings. Raises ConfigError for wrong ones."""
    section = section_of(protocol)
    network = [key for key in section if key not in JudgeSettings.__dataclass_fields__]
    return build.call(JudgeSettings, build.without(section, *network))


def build_judge(protocol: Protocol) -> Judge:
    """The protocol's judge: one that is trained has fresh weights, others have their own.

    Raises ConfigError and DataError for wrong settings, labels that do not fit, and missing files.
    """
    section, settings, label = section_of(protocol), settings_of(protocol), protocol.inputs["label"]
    if settings.train and not is_trained(protocol):
        raise ConfigError(
            f"the judge {section['type']} comes with its weights", build.where(section, "train")
        )
    with build.place(section, "labels"):
        labels = Labels(settings.labels, count=label.channels, ignore=label.ignore)
    wired = {"classes": labels.count} if is_trained(protocol) else {}
    network = JUDGES.build(build.without(section, *JudgeSettings.__dataclass_fields__), **wired)
    classes = getattr(network, "classes", labels.count)
    if classes < labels.count or (settings.labels is None and classes > labels.count):
        raise ConfigError(
            f"the network tells {classes} classes apart, and the labels have {labels.count}: "
            "say in judge.labels which class each label id is",
            build.where(section, "type"),
        )
    judge = Judge(network, labels, labels.names(classes, protocol.names), _size(section, settings, network))
    judge.description = _description(section, len(judge.names))
    if file := getattr(network, "file", None):
        judge.sha256 = sha256_of(file)
    return judge.eval()


def sha256_of(path: Path) -> str:
    """The hash of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _size(section: Mapping, settings: JudgeSettings, network: Any) -> Sequence[int] | None:
    fixed = getattr(network, "size", None)
    if fixed and settings.size and tuple(settings.size) != fixed:
        message = f"the network takes {list(fixed)} alone, not {list(settings.size)}"
        raise ConfigError(message, build.where(section, "size"))
    return fixed or settings.size


def _description(section: Mapping, classes: int) -> str:
    rest = [f"{key} {value}" for key, value in section.items() if key not in ("type", "labels", "train")]
    return ", ".join([section["type"], *rest, f"{classes} classes"])
