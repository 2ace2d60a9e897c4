"""RUN/metrics.jsonl: what the report, `synthkit runs` and `synthkit compare` read."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from synthkit.registry import TRACKERS


@TRACKERS.register_module("metrics")
class MetricsFile:
    """Appends records as lines of JSON to RUN/metrics.jsonl; mere steps, notices and samples are left out.

    What cannot be written, on a full disk say, is said once, kept, and tried again with the next record, so
    that no line is torn or lost while the training lives; a disk that stays full stops it at its next
    checkpoint. NaN and infinity, which JSON does not know, become null.
    """

    def __init__(self, run: Path, *, say: Callable[[str], None]):
        path = run / "metrics.jsonl"
        torn = path.is_file() and not path.read_bytes().endswith(b"\n")
        self.path, self.say, self.said = path, say, False
        self.file = path.open("ab", buffering=0)
        self.pending = b"\n" if torn else b""

    def log(self, record: dict) -> None:
        """Write a record, after those that could not be written before."""
        if record["kind"] in ("step", "notice", "samples"):
            return
        self.pending += json.dumps(_finite(record), allow_nan=False).encode() + b"\n"
        self._write()

    def close(self) -> None:
        self._write()
        self.file.close()

    def _write(self) -> None:
        try:
            while self.pending:
                self.pending = self.pending[self.file.write(self.pending) :]
        except OSError as error:
            if not self.said:
                self.say(f"{self.path} cannot be written for now: {error}")
            self.said = True


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
