"""A leaderboard as one page that holds all it shows: tables, intervals, single seeds, pictures, hashes."""

import base64
import io
import math
from collections.abc import Sequence
from pathlib import Path

from synthkit import quantities
from synthkit.benchmark import published
from synthkit.benchmark.leaderboard import Leaderboard, Row
from synthkit.benchmark.submission import Picture
from synthkit.benchmark.tables import Group, Table, basis, number, tables
from synthkit.pages import write_page
from synthkit.sample_files import HEADINGS
from synthkit.scores import score

MOST_SCENES = 4  # of a table
MARGIN = 0.08  # beside the extreme values of a column, as a share of what lies between them

Drawn = tuple[str, dict[tuple[str, str], Picture]]  # a heading, and pictures by sample and kind


def write(board: Leaderboard, rows: Sequence[Row], out: Path, sort: str | None = None) -> Path:
    """Write the page to `out`; return its path. Raises DataError where it cannot be written."""
    made = tables(rows, sort)
    content = {
        "title": "Leaderboard",
        "protocols": list(dict.fromkeys(table.first.protocol for table in made)),
        "tables": [(table, {name: _span(table, name) for name in table.headlines}) for table in made],
        "scenes": [_scenes(board, table) for table in made],
        "published": published.load(),
        **dict(
            basis=basis, cell=cell, number=number, score=score, words=quantities.words, size=quantities.size
        ),
    }
    return write_page(out, "leaderboard.html.j2", content)


def cell(table: Table, group: Group, name: str, span: tuple[float, float]) -> dict | None:
    """A mean with its interval as text, and drawn, in percent of the column's span; None without any."""
    found, (low, high) = group.score(name), span
    if not math.isfinite(found.mean):
        return None

    def place(value: float) -> float:
        return round(min(max(100 * (value - low) / (high - low), 0), 100), 2)

    values = (result.scores.get(name, math.nan) for result in group.results)
    return {
        "mean": score(name).text(found.mean),
        "half": None if found.half is None else score(name).text(found.half),
        "value": found.mean,
        "best": table.is_best(group, name),
        "from": place(found.mean - (found.half or 0)),
        "to": place(found.mean + (found.half or 0)),
        "oracle": place(table.oracle[name]) if math.isfinite(table.oracle.get(name, math.nan)) else None,
        "seeds": [place(value) for value in values if math.isfinite(value)],
    }


def _span(table: Table, name: str) -> tuple[float, float]:
    """From the smallest to the largest value of any seed and of the real images, and a little more."""
    scores = [*(result.scores for group in table.groups for result in group.results), table.oracle]
    values = [each[name] for each in scores if math.isfinite(each.get(name, math.nan))] or [0.0]
    margin = MARGIN * (max(values) - min(values)) or 1.0
    return min(values) - margin, max(values) + margin


def _scenes(board: Leaderboard, table: Table) -> dict:
    """The names of the first samples, and columns: a heading with the pictures, as data URIs, by name."""
    drawn = [found for group in table.groups if (found := _drawn(board, group))]
    names = list(dict.fromkeys(name for _, pictures in drawn for name, _ in pictures))[:MOST_SCENES]
    shared = {key: picture for _, pictures in drawn for key, picture in pictures.items()}
    columns = [(HEADINGS["label"], shared, "label")]
    columns += [(heading, pictures, "fake") for heading, pictures in drawn]
    columns += [(HEADINGS["real"], shared, "real")]
    found = [
        (heading, {name: _uri(pictures[name, kind]) for name in names if (name, kind) in pictures})
        for heading, pictures, kind in columns
    ]
    return {"names": names, "columns": [(heading, uris) for heading, uris in found if uris]}


def _drawn(board: Leaderboard, group: Group) -> Drawn | None:
    """The pictures of a group's first seed that has any."""
    for row in group.rows:
        if pictures := board.pictures(row):
            known = {(each.name, each.kind): each for each in pictures}
            return f"{group.method}, seed {row.result.seed}", known
    return None


def _uri(picture: Picture) -> str:
    """A picture as a data URI: of label maps exact, of photos as JPEG."""
    file, kind = io.BytesIO(), "png" if picture.kind == "label" else "jpeg"
    picture.image().convert("RGB").save(file, kind, quality=88, optimize=True)
    return f"data:image/{kind};base64,{base64.b64encode(file.getvalue()).decode()}"
