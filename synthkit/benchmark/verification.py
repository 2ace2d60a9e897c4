"""Whether a leaderboard still says what was measured: hashes computed again, and the scores if wanted."""

import math
import tempfile
from collections.abc import Callable, Iterator
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import NamedTuple

from synthkit import checkpoint
from synthkit.benchmark import protocol as protocols
from synthkit.benchmark.judges import judge_of
from synthkit.benchmark.leaderboard import Leaderboard, Row
from synthkit.benchmark.origin import IMAGES, hash_of_config, hash_of_weights
from synthkit.benchmark.result import Result
from synthkit.benchmark.scoring import open_source, score
from synthkit.benchmark.submission import digest
from synthkit.errors import CheckpointError, DataError, SynthkitError
from synthkit.paths import JUDGES

TOLERANCE = 1e-3  # of a score, relative: more than devices and versions of libraries make of the same images


class State(StrEnum):
    """What a check found."""

    OK = "ok"
    UNKNOWN = "cannot be checked"
    CHANGED = "changed"


class Check(NamedTuple):
    """What was looked at (record, protocol, data, run, scores), what was found, and why."""

    what: str
    state: State
    note: str = ""


class Verifier:
    """Checks the rows of a leaderboard, as far as what that needs is at hand.

    Who changes a row and its hash alike is found out by the scores alone, which are computed again with
    `rescore`. `protocol` is a file to take in place of the shipped protocol that a row names; `root` is where
    the data lie, if not where the protocol says; `judges` is the folder of trained judges.
    """

    def __init__(
        self,
        board: Leaderboard,
        *,
        protocol: str | None = None,
        root: Path | None = None,
        judges: Path = JUDGES,
        rescore: bool = False,
        device: str = "auto",
    ):
        self.board, self.root, self.judges, self.device = board, root, judges, device
        self.protocol = cache(lambda name: protocols.load(protocol or name, root))
        self.judge = cache(self._judge)
        self.checks = {
            "record": self._record,
            "protocol": self._protocol,
            "data": self._data,
            "run": self._run,
        }
        if rescore:
            self.checks["scores"] = self._scores

    def check(self, row: Row) -> Iterator[Check]:
        """The checks of a row, up to a record that was changed or a protocol that is not at hand."""
        for name, check in self.checks.items():
            found = _found(name, check, row)
            yield found
            if (name == "record" and found.state is not State.OK) or (
                name == "protocol" and found.state is State.UNKNOWN
            ):
                return

    def _judge(self, name: str):
        protocol = self.protocol(name)
        return judge_of(protocol, self.judges, device=self.device)

    # Each of these says what has changed, if anything, and raises a SynthkitError where it cannot tell.

    def _record(self, row: Row) -> str:
        if digest(row.text, self.board.pictures(row)) != row.sha256:
            return "result or pictures are not those that were submitted"
        wrong = [name for name, value in row.columns.items() if getattr(row.result, name) != value]
        return f"it is filed under another {wrong[0]}" if wrong else ""

    def _protocol(self, row: Row) -> str:
        now = self.protocol(row.result.protocol).sha256
        return _differing("the protocol", row.result.protocol_sha256, now)

    def _data(self, row: Row) -> str:
        if self._protocol(row):
            raise DataError("the protocol is another one now")
        now = self.protocol(row.result.protocol).data_sha256
        return _differing("the scored data", row.result.data_sha256, now)

    def _run(self, row: Row) -> str:
        result, protocol = row.result, self.protocol(row.result.protocol)
        if result.config == IMAGES:
            images = open_source(_place(row), protocol).origin.weights_sha256
            return _differing("the images", result.weights_sha256, images)
        try:
            found = checkpoint.read(_place(row))
        except CheckpointError as error:
            return str(error)
        config = hash_of_config(found.config, protocol.budget)
        return _differing("the weights", result.weights_sha256, hash_of_weights(found)) or _differing(
            "the config", result.config_sha256, config
        )

    def _scores(self, row: Row) -> str:
        result, protocol = row.result, self.protocol(row.result.protocol)
        judge = self.judge(result.protocol)
        source = open_source(_place(row), protocol, root=self.root and str(self.root), device=self.device)
        with tempfile.TemporaryDirectory() as folder:
            now, _ = score(source, protocol, Path(folder), judge=judge, method=result.method)
        if now.comparable != result.comparable:
            raise DataError("protocol, data or judge are not those of the result")
        return ", ".join(_moved(result, now))


def _found(what: str, check: Callable[[Row], str], row: Row) -> Check:
    try:
        note = check(row)
    except SynthkitError as error:
        return Check(what, State.UNKNOWN, str(error))
    return Check(what, State.CHANGED if note else State.OK, note)


def _place(row: Row) -> Path:
    """The checkpoint that was scored, or the folder of images. Raises DataError where it is gone."""
    of_images = row.result.config == IMAGES
    place = row.run if of_images else row.run / "checkpoints" / f"{row.result.steps:08d}"
    if not place.is_dir():
        raise DataError(f"{place} is not there any more")
    return place


def _differing(what: str, then: str, now: str) -> str:
    return "" if then == now else f"{what} had the hash {then[:8]}, and now has {now[:8]}"


def _moved(then: Result, now: Result) -> list[str]:
    """The scores that differ by more than TOLERANCE."""
    nothing = math.nan
    pairs = {
        name: (then.scores.get(name, nothing), now.scores.get(name, nothing))
        for name in then.scores | now.scores
    }
    return [
        f"{name} {old:g}, now {new:g}"
        for name, (old, new) in pairs.items()
        if not (math.isclose(old, new, rel_tol=TOLERANCE, abs_tol=1e-6) or (old != old and new != new))
    ]
