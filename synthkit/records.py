"""Reading RUN/metrics.jsonl, whatever an interrupted or foreign writer left in it."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

NUMBER = (int, float)
FIGURES = ("losses", "signals", "rates", "scores", "parameters", "estimate")  # mappings of numbers
TYPES = {  # of what is read anywhere
    **dict.fromkeys(("kind", "name", "message"), str),
    **dict.fromkeys(("step", "steps", "images"), int),
    **dict.fromkeys(("seconds", "seconds_per_step", "data_wait", "rate", "memory"), NUMBER),
    **dict.fromkeys(FIGURES, dict),
}
NEEDED = {
    "start": ("steps",),
    "train": ("losses",),
    "validation": ("scores",),
    "warning": ("name", "message"),
    "failed": ("message",),
    "end": ("seconds",),
}
LARGEST = 1e300  # of a number, so that sums of them are finite
OVER = ("end", "failed")  # after which a run may go on
TRAIN = b'{"kind": "train"'  # how such a line begins, of which there are by far the most


def read(path: Path, *, sparse: bool = False) -> list[dict]:
    """The whole records in order; a resumed run replaces what came after the step it started from.

    Records of other forms are left out, and figures that are null (they were not finite). With `sparse` all
    `train` records but the last are passed over unread, which is quick for long runs. No file is no records;
    OSError if it cannot be read.
    """
    records: list[dict] = []
    for line in _lines(path, sparse):
        record = _parsed(line)
        if record is None:
            continue
        if record["kind"] == "start":
            records = [old for old in records if old["step"] <= record["step"] and old["kind"] not in OVER]
        records.append(record)
    return records


def of_kind(records: Sequence[dict], kind: str) -> list[dict]:
    """Those of a kind."""
    return [record for record in records if record["kind"] == kind]


def curve(records: Sequence[dict], group: str, name: str) -> tuple[list[int], list[float]]:
    """Steps and values of a figure, such as ("scores", "psnr"), over the records that have it."""
    known = [record for record in records if name in record.get(group, {})]
    return [record["step"] for record in known], [record[group][name] for record in known]


def names(records: Sequence[dict], group: str) -> list[str]:
    """The names of a group's figures, in the order of their first record."""
    return list(dict.fromkeys(name for record in records for name in record.get(group, {})))


def _lines(path: Path, sparse: bool) -> Iterator[bytes]:
    if not path.is_file():
        return
    last = b""
    with path.open("rb") as file:
        for line in file:
            if sparse and line.startswith(TRAIN):
                last = line if line.endswith(b"}\n") else last
                continue
            if last and line.startswith(b'{"kind": "start"'):
                yield last  # before what may replace it
                last = b""
            yield line
    if last:
        yield last


def _parsed(line: bytes) -> dict | None:
    """A record without its nulls, each known key of its type; None for what is torn or no such record."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(record, dict):
        return None
    record = {key: value for key, value in record.items() if value is not None}
    if not all(_fits(record[key], TYPES[key]) for key in record.keys() & TYPES):
        return None
    if not {"kind", "step", *NEEDED.get(record.get("kind"), ())} <= record.keys():
        return None
    return record | {key: _numbers(record[key]) for key in FIGURES if key in record}


def _fits(value: Any, wanted: type | tuple[type, ...]) -> bool:
    return isinstance(value, wanted) and (not isinstance(value, NUMBER) or abs(value) <= LARGEST)


def _numbers(values: dict[str, Any]) -> dict[str, float]:
    return {name: value for name, value in values.items() if _fits(value, NUMBER)}
