"""What surrounds a training: its processes, signals, determinism, and what is said when memory runs out."""

import os
import signal
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext

import torch

from synthkit import build, distributed, memory
from synthkit.devices import pick_device

ECHO = 10.0  # seconds within which a signal may reach a process by two ways


class Interrupted(SystemExit):
    """Ended by a signal after the step in progress; a checkpoint was saved. The code is 128 + the signal."""


@contextmanager
def joined(cfg: Mapping) -> Iterator[None]:
    """Be one of the processes of a training, with determinism if it is wanted and advice on memory."""
    settings = build.part(cfg, "train")
    with build.place(settings, "device"):
        device = pick_device(settings.get("device", "auto"))
    bits = _deterministic() if settings.get("deterministic") is True else nullcontext()
    with memory.advice(device), distributed.joined(device), bits:
        yield


def agreed(stopped: Sequence[int]) -> int:
    """The signal that any of the processes received, or 0."""
    return distributed.largest(stopped[0] if stopped else 0)


@contextmanager
def _deterministic() -> Iterator[None]:
    """Within it torch uses only operations that give the same bits each time, or raises."""
    before, benchmark = torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.benchmark
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS reads it when it is first used
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = False
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)
        torch.backends.cudnn.benchmark = benchmark


@contextmanager
def signals() -> Iterator[list[int]]:
    """Collects SIGINT and SIGTERM, so that the step in progress is finished; a second one ends at once.

    One of several processes gets the same signal from a terminal or scheduler and from torchrun too: there
    the second one must be some seconds younger.
    """
    received: list[int] = []
    moments: list[float] = []

    def receive(number, frame):
        received.append(number)
        moments.append(time.monotonic())
        if distributed.launched() and moments[-1] - moments[0] < ECHO:
            return
        for each, handler in previous.items():
            signal.signal(each, handler)
        if len(received) > 1:
            signal.raise_signal(number)

    previous = {}
    if threading.current_thread() is threading.main_thread():  # Python allows handlers nowhere else
        previous = {number: signal.signal(number, receive) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        if not (received and distributed.launched()):  # else the echo may come while the process ends
            for number, handler in previous.items():
                signal.signal(number, handler)
