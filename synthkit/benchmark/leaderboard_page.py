"""A leaderboard as one page that holds all it shows: tables, intervals, single seeds, pictures, hashes."""

import base64
import io
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from PIL import Image

from synthkit import quantities
from synthkit.benchmark.leaderboard import Leaderboard, Row
from synthkit.benchmark.published import Published
from synthkit.benchmark.submission import Picture
from synthkit.benchmark.tables import ABSENT, Group, Table, basis, number, tables
from synthkit.pages import write_page
from synthkit.scores import score

MOST_SCENES = 4  # of a table
WIDEST = 384  # pixels of a picture
HEADINGS = {"label": "label map", "real": "real"}


def write(
    board: Leaderboard, rows: Sequence[Row], published: Sequence[Published], out: Path, sort: str | None = None
) -> Path:
    """Write the page to `out`; return its path. Raises DataError where it cannot be written."""
    made = tables(rows, sort)
    content = {
        "title": "Leaderboard",
        "protocols": list(dict.fromkeys(table.first.protocol for table in made)),
        "tables": [_table(board, table) for table in made],
        "published": published,
    }
    return write_page(out, "leaderboard.html.j2", content)


def _table(board: Leaderboard, table: Table) -> dict:
    spans = {name: _span(table, name) for name in table.headlines}
    return {
        "protocol": table.first.protocol,
        "basis": basis(table),
        "columns": [score(name) for name in table.headlines],
        "groups": [_group(table, group, spans) for group in table.groups],
        "oracle": [number(name, table.oracle.get(name)) for name in table.headlines] if table.oracle else [],
        "runs": [_run(table, row) for group in table.groups for row in group.rows],
        "classes": [_class(table, name) for name in table.classes],
        "scenes": _scenes(board, table),
        "shared": {
            key: getattr(table.first, key)
            for key in ("protocol_sha256", "data_sha256", "judge", "judge_sha256")
            if getattr(table.first, key)
        },
    }


def _group(table: Table, group: Group, spans: dict) -> dict:
    return {
        "method": group.method,
        "config": group.config,
        "notes": group.notes,
        "seeds": len(group.seeds),
        "cells": [_cell(table, group, name, spans[name]) for name in spans],
        "seconds": group.seconds,
        "time": quantities.words(group.seconds),
        "bytes": group.memory,
        "memory": quantities.size(group.memory),
    }


def _cell(table: Table, group: Group, name: str, span: tuple[float, float]) -> dict:
    """A mean with its interval as text, and drawn: places in percent along the span of the column."""
    found = group.score(name)
    if math.isnan(found.mean):
        return {"mean": ABSENT, "value": "", "half": None, "best": False, "seeds": []}
    low, high = span

    def place(value: float) -> float:
        return round(min(max(100 * (value - low) / (high - low), 0), 100), 2)

    half = found.half or 0.0
    values = [result.scores[name] for result in group.results if name in result.scores]
    return {
        "mean": score(name).text(found.mean),
        "value": found.mean,
        "half": None if found.half is None else score(name).text(found.half),
        "best": table.is_best(group, name),
        "from": place(found.mean - half),
        "to": place(found.mean + half),
        "seeds": [place(value) for value in values if math.isfinite(value)],
    }


def _span(table: Table, name: str) -> tuple[float, float]:
    """From the smallest to the largest value of any seed and of the real images, and a little more."""
    results = [result for group in table.groups for result in group.results]
    values = [*(result.scores.get(name, math.nan) for result in results), table.oracle.get(name, math.nan)]
    values = [value for value in values if math.isfinite(value)] or [0.0]
    margin = 0.08 * (max(values) - min(values)) or 1.0
    return min(values) - margin, max(values) + margin


def _run(table: Table, row: Row) -> dict:
    """What is shown of a single seed."""
    result = row.result
    return {
        "method": result.method,
        "seed": result.seed,
        "steps": result.steps,
        "cells": [number(name, result.scores.get(name)) for name in table.headlines],
        "time": quantities.words(result.seconds),
        "scoring": quantities.words(result.scoring_seconds),
        "device": result.device,
        "created": result.created[:10],
        "hashes": {"config": result.config_sha256, "weights": result.weights_sha256, "row": row.sha256},
        "versions": ", ".join(f"{name} {version}" for name, version in result.versions.items()),
    }


def _class(table: Table, name: str) -> dict:
    cells = [number(name, _finite_or_none(group.score(name).mean)) for group in table.groups]
    best = [table.is_best(group, name) for group in table.groups]
    return {
        "title": score(name).title,
        "cells": list(zip(cells, best, strict=True)),
        "oracle": number(name, table.oracle.get(name)),
    }


def _scenes(board: Leaderboard, table: Table) -> dict:
    """Samples in rows: label map, the image of each group's first seed that has pictures, photo."""
    shown: dict[str, tuple[Group, Row]] = {}
    pictures: list[tuple[str, Picture]] = []
    columns, scenes = [], {}
    for index, group in enumerate(table.groups):
        row, found = next(((row, found) for row in group.rows if (found := board.pictures(row))), (None, ()))
        if row:
            columns.append(...)
    return {"columns": columns, "rows": scenes}
