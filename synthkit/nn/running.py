"""Running statistics of norms in state dicts that older versions of PyTorch wrote."""

from collections.abc import Mapping

import torch
from torch import Tensor

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
