"""One function over many items on all cores, in order, whatever a single item does to its process."""

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, NamedTuple

import torch

AHEAD = 4  # items per process that are under way or done before their turn: memory stays flat


class Died(NamedTuple):
    """Stands for the result of an item whose process ended: a crash in a decoder, or no memory left."""

    item: Any


def each(function: Callable[[Any], Any], items: Sequence, workers: int | None = None) -> Iterator[Any]:
    """`function(item)` for every item, in order, or `Died` where the item ended the process that had it.

    workers: processes, by default one per core; 0 works in this process. What the function raises is
    raised here. Where processes can fork, the function needs no pickling; items and results do.
    """
    workers = cores() if workers is None else workers
    if not workers:
        yield from map(function, items)
        return
    rest = deque(items)
    while rest:
        yield from _until_death(function, rest, min(workers, len(rest)))


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _until_death(function: Callable, rest: deque, workers: int) -> Iterator[Any]:
    """Works `rest` off with one pool; after a process died, tries what was under way one by one."""
    pending: deque[tuple[Any, Future]] = deque()
    pool = _pool(function, workers)
    try:
        while rest or pending:
            while rest and len(pending) < AHEAD * workers:
                pending.append((rest[0], pool.submit(_work, rest[0])))
                rest.popleft()
            result = pending[0][1].result()
            pending.popleft()
            yield result
    except BrokenProcessPool:
        for item, future in pending:
            yield future.result() if _is_done(future) else _alone(function, item)
    finally:
        pool.shutdown(cancel_futures=True)


def _is_done(future: Future) -> bool:
    return future.done() and not isinstance(future.exception(), BrokenProcessPool)


def _alone(function: Callable, item: Any) -> Any:
    with _pool(function, 1) as pool:
        try:
            return pool.submit(_work, item).result()
        except BrokenProcessPool:
            return Died(item)


def _pool(function: Callable, workers: int) -> ProcessPoolExecutor:
    fork = "fork" in multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("fork" if fork else None)
    return ProcessPoolExecutor(workers, context, _install, (function,))


_installed: Callable[[Any], Any]


def _install(function: Callable) -> None:
    """Handed over once per process: a data set may hold a hundred thousand paths."""
    global _installed
    _installed = function
    torch.set_num_threads(1)  # the processes are as many as the cores
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer


def _work(item: Any) -> Any:
    return _installed(item)
