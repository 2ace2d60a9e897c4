"""The one thread that the model runs on, and the jobs that wait for it."""

import asyncio
import itertools
import queue
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from enum import IntEnum
from typing import Any

from synthkit.errors import SynthkitError

Work = Callable[[Callable[[], bool]], Any]


class Rank(IntEnum):
    """Which of the waiting jobs goes first."""

    OPEN = 0
    RENDER = 1
    THUMBNAIL = 2


class GivenUpError(SynthkitError):
    """A job was cancelled before its result was there."""


class Job:
    """Work for the model thread: `work(cancelled)` gives the result, and may end early once `cancelled()`.

    One that is cancelled while it waits never runs.
    """

    def __init__(self, work: Work):
        self.awaited = 0  # by how many requests
        self._work, self._future, self._stop = work, Future(), threading.Event()

    def cancel(self) -> None:
        self._stop.set()
        self._future.cancel()

    def run(self) -> None:
        if not self._future.set_running_or_notify_cancel():
            return
        try:
            self._future.set_result(self._work(self._stop.is_set))
        except BaseException as error:  # raised again where the result is asked for
            self._future.set_exception(error)

    def when_over(self, act: Callable[[], object]) -> None:
        """Calls `act` once the job is over, on the thread that ends it."""
        self._future.add_done_callback(lambda _: act())

    @property
    def failure(self) -> BaseException | None:
        """What the work raised, where it is over and did."""
        return self._future.exception() if self._future.done() and not self._future.cancelled() else None

    async def wait(self, *, unless: Awaitable | None = None) -> bool:
        """Whether the job is over, however it ended; False where `unless` came first."""
        future = asyncio.wrap_future(self._future)
        future.add_done_callback(_look_at)
        other = [asyncio.ensure_future(unless)] if unless else []
        self.awaited += 1
        try:
            await asyncio.wait([future, *other], return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.awaited -= 1
            for each in other:
                each.cancel()
        return self._future.done()

    def result(self) -> Any:
        """What the work gave or raised. Raises GivenUpError for a job that was cancelled or is not over."""
        if self._stop.is_set() or not self._future.done():
            raise GivenUpError("this was given up: the scene has changed meanwhile")
        return self._future.result()


def _look_at(ended: asyncio.Future) -> None:
    """Asyncio warns of errors that nobody looked at; `Job.result` does, elsewhere."""
    if not ended.cancelled():
        ended.exception()


class ModelThread:
    """Runs jobs one at a time: those of the lowest rank first, in the order in which they came."""

    def __init__(self):
        self._jobs: queue.PriorityQueue = queue.PriorityQueue()
        self._numbers = itertools.count()
        threading.Thread(target=self._run, name="model", daemon=True).start()

    def submit(self, work: Work, rank: Rank) -> Job:
        job = Job(work)
        self._jobs.put((rank, next(self._numbers), job))
        return job

    def _run(self) -> None:
        while True:
            self._jobs.get()[-1].run()
