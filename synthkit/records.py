"""Reading RUN/metrics.jsonl, whatever an interrupted or foreign writer left in it."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

FIGURES = ("losses", "signals", "rates", "scores")
NEEDED = {
    "start": {"steps": int},
    "train": {"losses": dict},
    "validation": {"scores": dict},
    "warning": {"name": str, "message": str},
    "failed": {"message": str},
    "end": {"seconds": (int, float)},
}
OVER = ("end", "failed")  # after which a run may go on
TRAIN = b'{"kind": "train"'  # how such a line begins, of which there are by far the most


def read(path: Path, *, sparse: bool = False) -> list[dict]:
    """The whole records in order; a resumed run replaces what came after the step it started from.

    Figures that are null (they were not finite) are left out. With `sparse` all `train` records but the last
    are passed over unread, which is quick for long runs. No file is no records; OSError if it cannot be read.
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
    """A record with figures that are numbers; None for what is torn or no record."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(record, dict) or not isinstance(record.get("kind"), str):
        return None
    needed = {"step": int, **NEEDED.get(record["kind"], {})}
    if not all(isinstance(record.get(key), wanted) for key, wanted in needed.items()):
        return None
    figures = {key: _numbers(record[key]) for key in FIGURES if isinstance(record.get(key), dict)}
    return record | figures


def _numbers(values: dict[str, Any]) -> dict[str, float]:
    return {name: value for name, value in values.items() if isinstance(value, int | float)}
