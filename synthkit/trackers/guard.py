"""What stands between a training and a tracker that may fail, hang or crawl."""

import queue
import threading
import time
from collections.abc import Callable
from typing import Any

ROOM = 1000  # records that may wait
PATIENCE = 60.0  # seconds that a record may take before it is said
CLOSING = 15.0  # seconds that the end of a training waits
END = None  # stands in the queue for the wish to close


class Guard:
    """Runs a tracker in a daemon thread of its own; the training hands records over and never waits.

    The tracker is also built there, since importing its library and reaching its server may fail or hang.
    Whatever goes wrong is said once, through `say`, and costs the records concerned: all of them if the
    tracker cannot be built, one if logging it fails, those for which the queue has no room.

    Args:
        name: what the tracker is called in that message.
        build: makes the tracker.
        say: takes the message, in any thread.
        room: records that may wait.
        patience: seconds for a record before the tracker counts as hanging.
    """

    def __init__(
        self,
        name: str,
        build: Callable[[], Any],
        say: Callable[[str], None],
        *,
        room: int = ROOM,
        patience: float = PATIENCE,
    ):
        self.name, self.build, self.say, self.patience = name, build, say, patience
        self.records: queue.Queue[dict | None] = queue.Queue(room)
        self.opened, self.said = threading.Event(), threading.Lock()
        self.busy_since: float | None = time.monotonic()
        self.thread = threading.Thread(target=self._work, name=f"tracker {name}", daemon=True)
        self.thread.start()

    def wait_until_open(self, seconds: float) -> None:
        """Wait until the tracker is built or has failed, but no longer than this."""
        self.opened.wait(max(seconds, 0))

    def log(self, record: dict) -> None:
        """Hand a record over, or drop it where there is no room. A mere step is not passed on."""
        if record["kind"] == "step" or not self.thread.is_alive():
            return
        since = self.busy_since
        if since is not None and time.monotonic() - since > self.patience:
            self._complain(f"has not answered for {self.patience:.0f} s")
        try:
            self.records.put_nowait(record)
        except queue.Full:
            self._complain(f"is too slow: {self.records.maxsize} records wait, others are dropped")

    def close(self, seconds: float = CLOSING) -> None:
        """Let the tracker finish, but wait no longer than this."""
        deadline = time.monotonic() + seconds
        while self.thread.is_alive() and time.monotonic() < deadline:
            try:
                self.records.put(END, timeout=0.1)
                break
            except queue.Full:
                continue
        self.thread.join(max(deadline - time.monotonic(), 0))
        if self.thread.is_alive():
            self._complain(f"did not finish within {seconds:.0f} s and may lack records")

    def _work(self) -> None:
        try:
            tracker = self.build()
        except BaseException as error:  # whatever the library makes of its surroundings; also a panic of Rust
            self._complain(f"cannot be used: {_reason(error)}")
            return
        finally:
            self.opened.set()
        while (record := self._next()) is not END:
            self._try(lambda: tracker.log(record))
        self._try(lambda: tracker.close())

    def _next(self) -> dict | None:
        self.busy_since = None
        record = self.records.get()
        self.busy_since = time.monotonic()
        return record

    def _try(self, call: Callable[[], None]) -> None:
        try:
            call()
        except BaseException as error:
            self._complain(f"failed: {_reason(error)}")

    def _complain(self, message: str) -> None:
        if self.said.acquire(blocking=False):  # never released: once is enough
            self.say(f"tracker {self.name} {message}; the training goes on without it or its records")


def _reason(error: BaseException) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name:
        package = error.name.partition(".")[0]
        return f"there is no module {error.name!r} (pip install {package})"
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:300]}" if text else type(error).__name__
