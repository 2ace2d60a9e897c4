"""Protocols, and trials under them, that take seconds."""

import yaml
from small_runs import TINY

from synthkit.benchmark import protocol

PAGE = {
    "version": 1,
    "summary": "Six scenes of 16 x 32 pixels.",
    "base": "base.yaml",
    "overrides": ["train.batch_size=1"],
    "metrics": {"psnr": {}, "l1": {}},
    "budget": {"steps": 3},
    "methods": {"tiny": {"config": "base.yaml"}, "wide": {"config": "base.yaml"}},
}


def write(folder, **changes):
    """A protocol's file and the config that is its base, and that of its methods."""
    (folder / "base.yaml").write_text(yaml.safe_dump(TINY))
    path = folder / "small.yaml"
    page = {key: value for key, value in (PAGE | changes).items() if value is not ...}
    path.write_text(yaml.safe_dump(page))
    return path


def small(folder, **changes):
    """The protocol of `write`, read."""
    return protocol.load(write(folder, **changes))
