"""Columns of numbers on a terminal: what does not fit beside the others stands below, and nothing is cut."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from rich.console import Console
from rich.table import Table
from rich.text import Text

from synthkit.cli.text import printable
from synthkit.scores import score

GAP = 2  # letters between columns
MOST_OF_STUB = 0.3  # of the width, for what names the rows; what is longer is folded


class Column(NamedTuple):
    """A title, and a cell for each row; both may have several lines."""

    title: Text
    cells: Sequence[Text]

    @property
    def width(self) -> int:
        """In letters."""
        return max(line.cell_len for text in (self.title, *self.cells) for line in text.split("\n"))


def print_columns(console: Console, stub: Column, columns: Sequence[Column], *, between: int = 0) -> None:
    """Print columns in blocks as wide as the terminal; each begins with the stub, which names the rows.

    `between` is the number of empty lines between rows.
    """
    width = min(stub.width, int(MOST_OF_STUB * console.width))
    for number, block in enumerate(_blocks(columns, console.width - width)):
        grid = Table(box=None, pad_edge=False, header_style="bold", padding=(0, GAP, between, 0))
        grid.add_column(stub.title, width=width, overflow="fold")
        for column in block:
            grid.add_column(column.title, justify="right", overflow="fold")
        for cells in zip(stub.cells, *(column.cells for column in block), strict=True):
            grid.add_row(*cells)
        if number:
            console.print()
        console.print(grid)


def _blocks(columns: Sequence[Column], width: int) -> Iterator[list[Column]]:
    """The columns in groups that are at most `width` letters wide, unless a single one is wider."""
    block: list[Column] = []
    for column in columns:
        if block and sum(GAP + each.width for each in (*block, column)) > width:
            yield block
            block = []
        block.append(column)
    yield block


def print_scores(columns: Mapping[str, Mapping[str, float]]) -> None:
    """Print the scores of the first column by their titles, and those that the others have of them."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("score")
    for title in columns:
        table.add_column(printable(title), justify="right")
    for name in next(iter(columns.values())):
        cells = (score(name).text(scores[name]) if name in scores else "" for scores in columns.values())
        table.add_row(score(name).title, *cells)
    Console(highlight=False).print(table)
