"""Columns on a terminal: none is cut, however narrow it is."""

import io
import re

import pytest
from rich.console import Console
from rich.text import Text

from synthkit.cli.columns import Column, print_columns

NAMES = ("a method with a long name", "short")


def printed(width: int, count: int = 9) -> list[str]:
    """The lines of as many columns of numbers like 0001.01 ± 0.5, all of them different."""
    file = io.StringIO()
    columns = [
        Column(Text(f"score {number}"), [Text(f"{number:04}.{row:02} ± 0.5") for row in range(len(NAMES))])
        for number in range(count)
    ]
    stub = Column(Text("method"), [Text(name) for name in NAMES])
    print_columns(Console(file=file, width=width, highlight=False), stub, columns)
    return file.getvalue().splitlines()


@pytest.mark.parametrize("width", [30, 80, 1000])
def test_every_number_is_whole_and_stands_once(width):
    lines = printed(width)
    found = re.findall(r"\d{4}\.\d\d ± 0\.5", "\n".join(lines))
    assert sorted(found) == sorted(f"{number:04}.{row:02} ± 0.5" for number in range(9) for row in (0, 1))
    assert max(map(len, lines)) <= width


def test_each_block_names_its_rows_and_a_wide_terminal_has_one():
    blocks = "\n".join(printed(80)).split("\n\n")
    assert len(blocks) == 3
    assert all("method" in block and "short" in block for block in blocks)
    assert len(printed(1000)) == 1 + len(NAMES)
