"""No tracker can stop or delay a training, whatever it raises and however long it hangs."""

import threading
import time
from types import SimpleNamespace

import pytest
from tracker_records import log_all

from synthkit.errors import ConfigError
from synthkit.registry import TRACKERS
from synthkit.trackers import Guard, open_trackers


class Fake:
    """A tracker that keeps what it logs, and does as `act` says first."""

    def __init__(self, act=lambda record: None):
        self.act, self.logged, self.closed = act, [], False

    def log(self, record):
        self.act(record)
        self.logged.append(record["step"])

    def close(self):
        self.closed = True


def train(step: int) -> dict:
    return {"kind": "train", "step": step}


def test_guard_hands_over_all_records_in_order_and_closes():
    fake, said = Fake(), []
    guard = Guard("fake", lambda: fake, said.append)
    for step in range(500):
        guard.log(train(step))
        guard.log({"kind": "step", "step": step})
    guard.close()
    assert fake.logged == list(range(500))
    assert fake.closed
    assert said == []


def test_guard_survives_a_tracker_that_raises_and_says_so_once():
    def act(record):
        if record["step"] % 2:
            raise ConnectionError("no route to host")

    with pytest.raises(ConnectionError):  # the control: without a guard the caller fails
        Fake(act).log(train(1))
    fake, said = Fake(act), []
    guard = Guard("fake", lambda: fake, said.append)
    for step in range(10):
        guard.log(train(step))
    guard.close()
    assert fake.logged == [0, 2, 4, 6, 8]
    assert fake.closed
    assert len(said) == 1
    assert "tracker fake failed: ConnectionError: no route to host" in said[0]


@pytest.mark.parametrize(
    ("tracker", "reason"),
    [
        (Fake(lambda record: _raise(KeyboardInterrupt())), "failed: KeyboardInterrupt"),
        (Fake(lambda record: _raise(BaseException("a panic"))), "failed: BaseException: a panic"),
        (SimpleNamespace(), "failed: AttributeError"),
    ],
)
def test_guard_survives_whatever_is_raised_and_a_tracker_that_is_none(tracker, reason):
    said = []
    guard = Guard("fake", lambda: tracker, said.append)
    guard.log(train(1))
    guard.close()
    assert len(said) == 1
    assert reason in said[0]


def _raise(error: BaseException):
    raise error


def _exit():
    raise SystemExit("log in first")


@pytest.mark.parametrize(
    ("build", "reason"),
    [
        (lambda: __import__("no_such_module.sub"), "no module 'no_such_module' (pip install no_such_module)"),
        (lambda: 1 / 0, "cannot be used: ZeroDivisionError: division by zero"),
        (_exit, "cannot be used: SystemExit: log in first"),
        (lambda: _raise(KeyboardInterrupt()), "cannot be used: KeyboardInterrupt"),
    ],
)
def test_guard_survives_a_tracker_that_cannot_be_built(build, reason):
    with pytest.raises((ImportError, ZeroDivisionError, SystemExit, KeyboardInterrupt)):
        build()
    said = []
    guard = Guard("fake", build, said.append)
    guard.wait_until_open(10)
    for step in range(5):
        guard.log(train(step))
    guard.close()
    assert len(said) == 1
    assert reason in said[0]


@pytest.mark.parametrize("place", ["build", "log", "close"])
def test_guard_never_waits_for_a_tracker_that_hangs(place):
    hang, said = threading.Event(), []

    def build():
        fake = Fake(lambda record: place == "log" and hang.wait())
        fake.close = lambda: place == "close" and hang.wait()
        if place == "build":
            hang.wait()
        return fake

    guard = Guard("fake", build, said.append, room=10, patience=0.1)
    began = time.perf_counter()
    guard.wait_until_open(0.05)
    longest = 0.0
    for step in range(200):
        before = time.perf_counter()
        guard.log(train(step))
        longest = max(longest, time.perf_counter() - before)
    guard.close(0.3)
    took = time.perf_counter() - began
    alive = guard.thread.is_alive()  # the control: the tracker did hang
    hang.set()
    assert alive
    assert longest < 0.1
    assert took < 2
    assert len(said) == 1


def test_guard_says_that_a_tracker_hangs_while_the_training_goes_on():
    hang, said = threading.Event(), []
    guard = Guard("fake", lambda: Fake(lambda record: hang.wait()), said.append, patience=0.05)
    guard.log(train(1))
    time.sleep(0.3)
    assert said == []
    guard.log(train(2))
    assert "has not answered" in said[0]
    hang.set()
    guard.close()


def test_guard_drops_what_a_slow_tracker_has_no_room_for():
    fake, said = Fake(lambda record: time.sleep(0.02)), []
    guard = Guard("fake", lambda: fake, said.append, room=3)
    for step in range(100):
        guard.log(train(step))
    guard.close()
    assert 3 <= len(fake.logged) < 10
    assert fake.closed
    assert len(said) == 1
    assert "too slow" in said[0]


def test_plugins_trackers_are_guarded_too(tmp_path, monkeypatch):
    made = {}

    def build(run, *, depth: int = 1):
        made[run] = Fake()
        return made[run]

    monkeypatch.setitem(TRACKERS._module_dict, "user/fake", build)
    *_, guard = open_trackers({"user/fake": {"depth": 3}}, tmp_path)
    log_all(guard, tmp_path)
    assert made[tmp_path].logged == [0, 20, 20, 20, 20, 20, 40]
    with pytest.raises(ConfigError, match="'deep' is not an int"):
        open_trackers({"user/fake": {"depth": "deep"}}, tmp_path)
