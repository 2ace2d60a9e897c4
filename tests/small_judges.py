"""Protocols whose judge is trained within a second."""

from pathlib import Path

from torch import nn

from synthkit.benchmark import protocol
from synthkit.registry import JUDGES

PAGE = """
version: 1
summary: tiny
base: _base_/streets
overrides: ["data.size=[32, 64]", "data.count=6"]
images: 4
judge: {judge}
metrics: {{segmentation: {{}}}}
"""


@JUDGES.register_module("user/tiny_judge")
class TinyJudge(nn.Module):
    """Two convolutions."""

    def __init__(self, *, classes: int, channels: int = 8):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, channels, 3, padding=1), nn.ReLU(), nn.Conv2d(channels, classes, 1)
        )

    def forward(self, image):
        return self.layers(image)


def write_protocol(folder: Path, judge: str = "{type: user/tiny_judge, train: {steps: 3, batch_size: 2}}"):
    """A protocol of tiny street scenes with this judge, loaded from its file."""
    path = folder / "tiny.yaml"
    path.write_text(PAGE.format(judge=judge))
    return protocol.load(path)
