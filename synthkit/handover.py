"""Weights of one training for the networks of another: those whose name and shape agree."""

from collections import Counter
from collections.abc import Container
from typing import NamedTuple

from torch import nn

from synthkit.checkpoint import Checkpoint, reshaped

SHOWN = 12  # lines of a kind


class Handover(NamedTuple):
    """What partial loading did: keys that were loaded, are new here, and were refused, with the reason."""

    loaded: list[str]
    new: list[str]
    refused: list[str]

    def describe(self, source: Checkpoint) -> str:
        """Lines for people; of what is new, whole modules where nothing in them was loaded."""
        counts = (f"{len(keys)} {title}" for title, keys in self._asdict().items())
        lines = [f"weights from {source.path}, step {source.step}: {', '.join(counts)}"]
        old = {
            ".".join(parts[:n])
            for key in self.loaded
            for parts in [key.split(".")]
            for n in range(len(parts))
        }
        new = Counter(_outermost(key, old) for key in self.new)
        named = [name if count == 1 else f"{name} ({count} tensors)" for name, count in new.items()]
        for title, items in (("new", named), ("refused", self.refused)):
            more = [f"… and {len(items) - SHOWN} more"] if len(items) > SHOWN else []
            lines += [f"  {title}: {item}" for item in (*items[:SHOWN], *more)]
        return "\n".join(lines)


def _outermost(key: str, old: Container[str]) -> str:
    """The outermost module of a key that is not among the `old` ones, else the key itself."""
    parts = key.split(".")
    prefixes = (".".join(parts[:count]) for count in range(1, len(parts)))
    return next((prefix for prefix in prefixes if prefix not in old), key)


def hand_over(checkpoint: Checkpoint, networks: nn.Module) -> Handover:
    """Load the weights that have the name and shape of one of `networks`, and say what was done with all."""
    expected, stored = networks.state_dict(), checkpoint.weights()
    unfit = reshaped(expected, stored)
    loaded = {key: stored[key] for key in expected if key in stored and key not in unfit}
    networks.load_state_dict(loaded, strict=False)
    extra = [f"{key}, which is not here" for key in stored if key not in expected]
    new = [key for key in expected if key not in stored]
    return Handover(list(loaded), new, [*unfit.values(), *extra])
