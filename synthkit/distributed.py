"""Several processes that train as one, started by torchrun: how they join, agree, and end together.

Every process runs the same program on its own share of each batch. In a single process all of this is the
identity.
"""

import itertools
import os
import re
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import cache

import torch
import torch.distributed as dist
from mmengine.dist import all_gather_object, all_reduce, barrier, get_rank, get_world_size, is_main_process
from torch import Tensor

from synthkit.errors import SynthkitError

__all__ = ["all_gather_object", "barrier", "get_rank", "get_world_size", "is_main_process"]

LIMIT = timedelta(minutes=60)  # of one collective: a validation by the others may take that long
BEAT, SILENCE, GRACE = 1.0, 15.0, 5.0  # seconds between signs of life, until a death is seen, until the end
_meetings = itertools.count()
_watches: list["_Watch"] = []  # the present training's


def launched() -> bool:
    """Whether torchrun, or what sets the same variables, started several processes."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


def is_launched_first() -> bool:
    """Whether this is the first process, or the only one; known before and after they have joined."""
    return os.environ.get("RANK", "0") == "0"


def mean(tensor: Tensor) -> Tensor:
    """The tensor's mean over the processes, detached."""
    tensor = tensor.detach().clone()
    all_reduce(tensor, "mean")
    return tensor


def largest(value: int) -> int:
    """The largest of the processes' values."""
    tensor = torch.tensor(value)
    all_reduce(tensor, "max")
    return int(tensor)


@contextmanager
def joined(device: torch.device) -> Iterator[None]:
    """Be one of the processes that torchrun started; alone where it started none.

    A process that fails says why to the others, which end within 30 seconds with its reason, also where
    it was killed and where they wait for it in a collective. Raises SynthkitError with that reason.
    """
    if not launched():
        yield
        return
    if device.type == "cuda":
        torch.cuda.set_device(device)
    store, rank, count = _meeting_point()
    store = dist.PrefixStore(f"synthkit/{next(_meetings)}", store)  # a program may train more than once
    backend = "nccl" if device.type == "cuda" else "gloo"
    dist.init_process_group(backend, store=store, rank=rank, world_size=count, timeout=LIMIT)
    watch = _Watch(store, rank, count)
    _watches.append(watch)
    try:
        yield
    except BaseException as error:
        if reason := others_reason(error):
            watch.leave()
            raise SynthkitError(reason) from error
        watch.tell(error)
        raise
    else:
        watch.leave()
        dist.destroy_process_group()
    finally:
        _watches.clear()


@cache
def _meeting_point() -> tuple[dist.Store, int, int]:
    """The store that the processes share, this one's rank, and how many they are.

    One for the whole program: a second one at the same port would lose whoever comes while the first closes.
    """
    return next(dist.rendezvous("env://", timeout=LIMIT))


def others_reason(error: BaseException) -> str:
    """Why another process ended, where an error of this one follows from that; else empty.

    It may take some seconds until a death is certain.
    """
    return _watches[0].await_reason() if _watches and _is_the_groups(error) else ""


def _is_the_groups(error: BaseException) -> bool:
    """Whether an error is a collective's, which fails where another process has ended."""
    return isinstance(error, RuntimeError) and (
        isinstance(error, dist.DistError) or re.search("gloo|nccl", str(error), re.IGNORECASE) is not None
    )


class _Watch:
    """A thread that shows this process's signs of life in the common store and looks for the others'."""

    def __init__(self, store: dist.Store, rank: int, count: int):
        self.store, self.rank = store, rank
        self.others = [other for other in range(count) if other != rank]
        self.reason, self.ended = "", threading.Event()
        threading.Thread(target=self._run, name="watch of the other processes", daemon=True).start()

    def tell(self, error: BaseException) -> None:
        """Leave the reason of this process's end for the others."""
        if not isinstance(error, SystemExit):  # which a signal ends all of them with
            text = str(error) if isinstance(error, SynthkitError) else f"{type(error).__name__}: {error}"
            with suppress(Exception):  # the store may be what has gone
                self.store.set(f"failed/{self.rank}", text)
        self.leave()

    def leave(self) -> None:
        """End without alarming the others."""
        self.ended.set()
        with suppress(Exception):
            self.store.set(f"left/{self.rank}", "1")

    def await_reason(self) -> str:
        """Why another process ended, as soon as that is known; empty where none has."""
        deadline = time.monotonic() + SILENCE + 2 * BEAT
        seen: dict[int, tuple[bytes, float]] = {}
        while not self.reason and time.monotonic() < deadline:
            self.reason = self._looked(seen)
            time.sleep(BEAT / 4)
        return self.reason

    def _run(self) -> None:
        seen: dict[int, tuple[bytes, float]] = {}
        while not self.ended.wait(BEAT):
            if reason := self._looked(seen):
                self._end(reason)

    def _looked(self, seen: dict[int, tuple[bytes, float]]) -> str:
        """Give a sign of life and return what `_look` finds, or that the store has gone with its process."""
        try:
            self.store.set(f"alive/{self.rank}", str(time.monotonic()))
            return self._look(seen)
        except Exception as error:  # the store raises many kinds
            return f"the meeting point of the processes is gone: {str(error).partition(chr(10))[0]}"

    def _look(self, seen: dict[int, tuple[bytes, float]]) -> str:
        """Why one of the others ended, if one has; `seen` holds each one's last sign of life and its time."""
        for other in self.others:
            if self.store.check([f"failed/{other}"]):
                return f"process {other} ended: {self.store.get(f'failed/{other}').decode()}"
            if self.store.check([f"left/{other}"]):
                continue
            sign = self.store.get(f"alive/{other}") if self.store.check([f"alive/{other}"]) else b""
            last, when = seen.get(other, (None, 0.0))
            if sign != last:
                seen[other] = (sign, time.monotonic())
            elif time.monotonic() - when > SILENCE:
                return f"process {other} gave no sign of life for {SILENCE:.0f} s: it or its machine is gone"
        return ""

    def _end(self, reason: str) -> None:
        """Let the main thread end by itself, and end the process where it cannot."""
        self.reason = reason
        if not self.ended.wait(GRACE):
            print(f"error: {reason}", file=sys.stderr, flush=True)
            os._exit(1)
