"""Gradient checkpointing: activations are made again in the backward pass instead of being kept."""

from collections.abc import Callable
from functools import wraps

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint


def recomputed(forward: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Decorates a block's `forward`, so that `checkpoint_blocks` can switch checkpointing on for it.

    Of such a block only the inputs are kept until the backward pass, which runs `forward` again (Chen et al.,
    2016), with the same random numbers and precision, so that the gradients are the same.
    """

    @wraps(forward)
    def wrapper(self: nn.Module, *inputs: Tensor) -> Tensor:
        if not (getattr(self, "checkpointing", False) and torch.is_grad_enabled()):
            return forward(self, *inputs)
        versions = _versions(self)

        def run(*inputs: Tensor) -> Tensor:
            if _versions(self) != versions:  # without checkpointing torch itself finds this
                raise RuntimeError("weights of a checkpointed block changed before its backward pass")
            return forward(self, *inputs)

        return checkpoint(run, *inputs, use_reentrant=False)

    wrapper.recomputed = True
    return wrapper


def checkpoint_blocks(network: nn.Module) -> int:
    """Switch checkpointing on in the blocks of `network` whose `forward` is `recomputed`; return how many.

    A block that trains buffers, which batch norm and spectral norm change in each pass, is left out, and so
    are blocks within one that is checkpointed.
    """
    if hasattr(type(network).forward, "recomputed"):
        network.checkpointing = not any(module.training for module in _with_buffers(network))
        if network.checkpointing:
            return 1
    return sum(checkpoint_blocks(child) for child in network.children())


def _with_buffers(block: nn.Module) -> list[nn.Module]:
    return [module for module in block.modules() if any(True for _ in module.buffers(recurse=False))]


def _versions(block: nn.Module) -> list[int]:
    return [parameter._version for parameter in block.parameters()]
