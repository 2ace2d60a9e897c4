"""Studies of tiny trainings."""

import small_protocols
import yaml

from synthkit.benchmark import study

PAGE = {
    "summary": "Whether a wider network is better.",
    "protocol": "small.yaml",
    "base": "base.yaml",
    "axes": {"model.generator.channels": [4, 6]},
    "seeds": [0, 1],
}


def write(folder, scoring=(), **changes):
    """A study's file, its protocol's with the changes `scoring`, and the config of the base."""
    small_protocols.write(folder, **dict(scoring))
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(PAGE | changes, sort_keys=False))
    return path


def small(folder, **changes):
    """The study of `write`, read."""
    return study.load(write(folder, **changes))
