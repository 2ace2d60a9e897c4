"""What several processes of one training agree on."""

import torch
from torch import Tensor, distributed


def mean(tensor: Tensor) -> Tensor:
    """The mean over all processes of a tensor of any shape, without gradient; itself in a single process."""
    if not (distributed.is_available() and distributed.is_initialized()):
        return tensor
    with torch.no_grad():
        total = tensor.detach().clone()
        distributed.all_reduce(total)
        return total / distributed.get_world_size()
