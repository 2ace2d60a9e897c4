"""Where models run."""

import os
import re
from collections.abc import Mapping

import torch

from synthkit.errors import ConfigError, shown


def pick_device(name: str = "auto") -> torch.device:
    """`auto` is the GPU where there is one, else the CPU; otherwise a torch device: cpu, cuda, cuda:1 …

    `auto` and `cuda` give each process that torchrun started the GPU of its local rank.
    """
    if not isinstance(name, str) or not re.fullmatch(r"auto|cpu|cuda(:[0-9]{1,3})?", name):
        raise ConfigError(f"no device {shown(name)}: choose auto, cpu, cuda or cuda:N")
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    rank = os.environ.get("LOCAL_RANK")
    device = torch.device(f"cuda:{rank}" if name == "cuda" and rank is not None else name)
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise ConfigError(f"device {device} is not there: this machine has {torch.cuda.device_count()} GPUs")
    return device


def takes_bf16(device: torch.device) -> bool:
    """Whether the device computes in bf16. A CPU that does not is many times slower in it than in fp32."""
    if device.type != "cpu":
        return True
    return torch.backends.mkldnn.is_available() and torch.ops.mkldnn._is_mkldnn_bf16_supported()


def to_device(batch: Mapping, device: torch.device) -> dict:
    """The batch with its tensors on `device`."""
    return {
        key: value.to(device, non_blocking=True) if isinstance(value, torch.Tensor) else value
        for key, value in batch.items()
    }
