"""State dicts of published networks: what their shapes tell, and running statistics of older PyTorch."""

from collections.abc import Mapping

import torch
from torch import Tensor

from synthkit.errors import CheckpointError

_STATISTICS = ("running_mean", "running_var", "num_batches_tracked")


def without_unused_statistics(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state dict less the running statistics of norms that have no gain.

    Instance norm kept them before PyTorch 0.4 and never used them.
    """

    def is_unused(key: str) -> bool:
        layer, _, entry = key.rpartition(".")
        return entry in _STATISTICS and f"{layer}.weight" not in state

    return {key: value for key, value in state.items() if not is_unused(key)}


def with_batch_counts(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state dict, with a count of batches, zero, beside running statistics that lack one."""
    means = [key for key in state if key.endswith(".running_mean")]
    counts = {key.replace("running_mean", "num_batches_tracked"): torch.tensor(0) for key in means}
    return counts | dict(state)


def weight_shape(weights: Mapping[str, Tensor], key: str, dimensions: int, *, method: str) -> tuple[int, ...]:
    """The shape of a weight that each network of a method has.

    Raises CheckpointError, naming method and key, where it is absent or has other dimensions.
    """
    if key not in weights or weights[key].ndim != dimensions:
        kind = "convolution" if dimensions == 4 else "weight"
        raise CheckpointError(f"this is none of {method}'s networks: they have a {kind} {key!r}")
    return tuple(weights[key].shape)


def count_parts(weights: Mapping[str, Tensor], prefix: str) -> int:
    """How many parts, numbered or named, stand behind a prefix."""
    start = f"{prefix}."
    return len({key.removeprefix(start).split(".")[0] for key in weights if key.startswith(start)})


def norm_of(weights: Mapping[str, Tensor]) -> str:
    """batch or instance: only batch norm has running statistics."""
    return "batch" if any(key.endswith(".running_mean") for key in weights) else "instance"
