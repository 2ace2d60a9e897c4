"""Writes docs/reference.md, or another file: every component and key that a config can name, from the code.

python tools/write_reference.py [FILE]
"""

import sys
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from synthkit.reference import GROUPS, Entry, Key, shipped

PAGE = Path(__file__).parents[1] / "docs" / "reference.md"
OPENING = """\
# Reference

What a config can say, written by `tools/write_reference.py` from the code. `synthkit list` prints the same in
a terminal, with your own plugins: `synthkit list losses`, `synthkit list perceptual`, `synthkit list crop`.

What synthkit sets itself, such as channel counts, is left out. A key without a default must be given.
"""


def page(entries: Iterable[Entry]) -> str:
    """The reference as Markdown."""
    grouped = [(name, list(found)) for name, found in groupby(entries, key=lambda entry: entry.group)]
    parts = [OPENING, "".join(f"- {_contents(*each)}\n" for each in grouped)]
    for name, found in grouped:
        usage = f"Written as {GROUPS[name].usage}." if name in GROUPS else "The mappings of a config."
        parts += [f"## {name}\n\n{usage}\n", *map(_entry, found)]
    return "\n".join(parts)


def _contents(group: str, entries: list[Entry]) -> str:
    return f"[{group}](#{group}): {', '.join(f'`{entry.name}`' for entry in entries)}"


def _entry(entry: Entry) -> str:
    texts = [_escaped(paragraph) for paragraph in entry.paragraphs]
    return "\n\n".join([f"### {entry.name}", *texts, *_table(entry.keys), f"In `{entry.module}`."]) + "\n"


def _table(keys: list[Key]) -> list[str]:
    """The keys as a table without its empty columns; nothing if there are no keys."""
    rows = [(f"`{key.name}`", key.type, _code(key.default), key.text) for key in keys]
    titles = ("key", "type", "default", "")
    used = [index for index in range(4) if any(row[index] for row in rows)]
    lines = [titles, ["---"] * 4, *rows] if rows else []
    table = ("| " + " | ".join(_cell(line[index]) for index in used) + " |" for line in lines)
    return ["\n".join(table)] if rows else []


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _cell(text: str) -> str:
    return _escaped(text).replace("|", "\\|")


def _escaped(text: str) -> str:
    return text.replace("<", "&lt;")


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else PAGE
    target.write_text(page(shipped()), encoding="utf-8")
