"""A leaderboard as a file: Markdown and HTML for people; CSV and JSON, every row and score, for programs."""

import csv
import io
import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from synthkit import quantities
from synthkit.benchmark.leaderboard import Leaderboard, Row
from synthkit.benchmark.leaderboard_page import write
from synthkit.benchmark.tables import ORACLE, Table, basis, escaped, heading, number, tables, text
from synthkit.errors import DataError
from synthkit.runs import config_name


def export(board: Leaderboard, rows: Sequence[Row], form: str, out: Path, sort: str | None = None) -> Path:
    """Write rows to `out` as md, csv, json or html; return its path.

    Raises DataError for a file of another ending, which may be a slip, and for what cannot be written.
    """
    if out.suffix != f".{form}":
        raise DataError(f"{form} is to be written to a .{form} file, not to {out}")
    texts = {"md": partial(as_markdown, sort=sort), "csv": as_csv, "json": as_json}
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        if form == "html":
            return write(board, rows, out, sort)
        out.write_text(texts[form](rows), encoding="utf-8")
    except OSError as error:
        raise DataError(f"{out} cannot be written: {error}") from error
    return out


def as_markdown(rows: Sequence[Row], sort: str | None = None) -> str:
    """A table for each protocol, data and judge: means and halves of the 95% intervals over seeds."""
    return "\n".join(_markdown(table) for table in tables(rows, sort))


def as_csv(rows: Sequence[Row]) -> str:
    """A line for each result; scores are in columns "scores.NAME", empty where they are not finite."""
    flat = [_flat(_record(row)) for row in rows]
    columns = dict.fromkeys(name for record in flat for name in record)
    file = io.StringIO()
    writer = csv.DictWriter(file, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(flat)
    return file.getvalue()


def as_json(rows: Sequence[Row]) -> str:
    """A list of all results; scores that are not finite are null."""
    return json.dumps([_record(row) for row in rows], indent=1, allow_nan=False) + "\n"


def _record(row: Row) -> dict[str, Any]:
    """A result without what concerns this machine alone."""
    record = asdict(row.result) | {"config": config_name(row.result.config), "sha256": row.sha256}
    del record["samples"]
    return _finite(record)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _flat(record: dict[str, Any]) -> dict[str, Any]:
    """The record with its mappings spread: the key `scores` with `miou` inside is `scores.miou`."""
    nested = {key: value for key, value in record.items() if isinstance(value, dict)}
    spread = {f"{key}.{name}": item for key, value in nested.items() for name, item in value.items()}
    return {key: value for key, value in record.items() if key not in nested} | spread


def _markdown(table: Table) -> str:
    names = table.headlines
    lines = [["method", "seeds", *(escaped(heading(name)) for name in names), "time", "memory"]]
    lines.append(["---", *["---:"] * (len(lines[0]) - 1)])
    for group in table.groups:
        cells = [(text(name, group.score(name)), table.is_best(group, name)) for name in names]
        shown = [f"**{cell}**" if best else cell for cell, best in cells]
        time, memory = quantities.words(group.seconds), quantities.size(group.memory)
        lines.append([escaped(group.method), str(len(group.seeds)), *shown, time, memory])
    if table.oracle:
        oracle = [number(name, table.oracle.get(name)) for name in names]
        lines.append([f"*{ORACLE}*", "", *oracle, "", ""])
    notes = [f"{group.method}: {note}" for group in table.groups for note in table.notes(group)]
    foot = "; ".join([basis(table), "means ± half of the 95% interval over seeds", *notes])
    rows = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"### {escaped(table.first.protocol)}\n\n{rows}\n\n{escaped(foot)}\n"
