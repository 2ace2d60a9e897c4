"""What is wrong with the files of a data set, one problem at a time."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from synthkit.errors import DataError

SHOWN = 10  # lines of an error, and files of a line


class Problem(NamedTuple):
    """One fault: its kind, such as "no partner", the file or folder it is in, and what to know about it."""

    kind: str
    place: str
    message: str


def refusal(problems: Sequence[Problem]) -> DataError:
    """One error that tells of all `problems`: a line for each kind and folder, at most SHOWN of them.

    A line counts its problems, names up to SHOWN files, and gives the first one's message.
    """
    groups: dict[tuple[str, Path], list[Problem]] = {}
    for problem in problems:
        groups.setdefault((problem.kind, Path(problem.place).parent), []).append(problem)
    lines = [_line(kind, folder, group) for (kind, folder), group in groups.items()]
    if len(lines) > SHOWN:
        lines[SHOWN:] = [f"and {len(lines) - SHOWN} more folders with problems"]
    count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
    return DataError("\n  ".join([f"{count} in the files:", *lines]))


def _line(kind: str, folder: Path, group: Sequence[Problem]) -> str:
    if len(group) == 1:
        return f"{kind}: {group[0].place}: {group[0].message}"
    names = ", ".join(Path(problem.place).name for problem in group[:SHOWN])
    more = f" and {len(group) - SHOWN} more" if len(group) > SHOWN else ""
    return f"{kind}: {len(group)} in {folder}: {names}{more}; of the first: {group[0].message}"
