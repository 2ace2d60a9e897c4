"""How much memory a training takes, and what to do where it is not enough."""

import re
import resource
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import torch

from synthkit.errors import SynthkitError
from synthkit.quantities import size

STATUS, RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")
MACHINE, CONTAINER = Path("/proc/meminfo"), Path("/sys/fs/cgroup/memory.max")
ADVICE = (
    "what helps, the cheapest first: train.precision=bf16; a smaller train.batch_size, with train.accumulate "
    "raised by the same factor; train.checkpointing=true; a smaller data.transform.crop or resize, in "
    "validation data.transform.validation_crop; narrower networks"
)


def reset_peak(device: torch.device) -> None:
    """Forget the peak so far; where the system cannot, it stays."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    else:
        with suppress(OSError):
            RESET.write_text("5")


def peak(device: torch.device) -> int:
    """The most bytes held at once since `reset_peak`: of the GPU's memory, or of the process's own."""
    if device.type == "cuda":
        return torch.cuda.max_memory_reserved(device)
    if STATUS.is_file() and (found := re.search(r"VmHWM:\s+(\d+) kB", STATUS.read_text())):
        return int(found[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def available(device: torch.device) -> int | None:
    """Bytes of memory in all: the GPU's, or the machine's or container's; None where that cannot be told."""
    if device.type == "cuda":
        return torch.cuda.get_device_properties(device).total_memory
    found = []
    with suppress(OSError):
        found += [int(size) * 1024 for size in re.findall(r"MemTotal:\s+(\d+) kB", MACHINE.read_text())]
    with suppress(OSError, ValueError):  # "max" is no limit
        found.append(int(CONTAINER.read_text()))
    return min(found, default=None)


@contextmanager
def advice(device: torch.device) -> Iterator[None]:
    """Says what helps where memory runs out, in place of the allocator's message alone."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        ran_out = isinstance(error, (torch.OutOfMemoryError, MemoryError))
        if not ran_out and "can't allocate memory" not in str(error):
            raise
        total = available(device)
        have = f" of {size(total)}" if total else ""
        reason = str(error).strip().splitlines()[0] if str(error) else type(error).__name__
        raise SynthkitError(f"out of memory on {device}{have}: {reason}\n  {ADVICE}") from error
