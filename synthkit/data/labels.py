"""Label maps whose files hold other ids than the model's, or colours."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from synthkit.data.images import read_colours, read_ids
from synthkit.errors import DataError


class LabelReader:
    """Reads label maps as (H, W) ids: those of the file, or what a table makes of its colours or ids.

    Args:
        colours: [red, green, blue] in 0..255 by id; the files are then read as colour images.
        ids: new id of each id in the files, such as {7: 0, 8: 1}; with `colours`, the id of each row of
            these, so that several colours can share an id.
        unknown: the id of colours or ids that the tables lack; None makes these an error.

    Raises ValueError for tables that make no sense.
    """

    def __init__(
        self,
        *,
        colours: Sequence[Sequence[int]] | None = None,
        ids: Mapping[int, int] | None = None,
        unknown: int | None = None,
    ):
        if unknown is not None and colours is None and ids is None:
            raise ValueError("unknown stands for what a table lacks, so colours or ids must be given")
        self.coloured, self.unknown = colours is not None, unknown
        self.table = ids if colours is None else _colour_table(colours, ids)
        if self.table is not None:
            _check_table(self.table, unknown)

    def __call__(self, path: str | Path) -> np.ndarray:
        """The map at `path`, (H, W) integers.

        Raises DataError, naming the file, where it cannot be read, and naming the pixel where a table lacks
        its colour or id.
        """
        return self.convert(read_colours(path) if self.coloured else read_ids(path), path)

    def convert(self, values: np.ndarray, where: str | Path) -> np.ndarray:
        """Ids (H, W) of what a file holds: colours (H, W, 3) uint8 if the reader is `coloured`, else ids."""
        if self.coloured:
            return self._look_up(_codes(values), where, _colour)
        return values if self.table is None else self._look_up(values, where, "id {}".format)

    def _look_up(self, values: np.ndarray, where: str | Path, describe: Callable[[int], str]) -> np.ndarray:
        new, known = self._match(values)
        if self.unknown is None and not known.all():
            y, x = np.unravel_index(known.argmin(), known.shape)
            raise DataError(
                f"{where}: {describe(int(values[y, x]))} at x={x}, y={y} is in no row of data.labels: "
                "add it, or give such pixels an id with data.labels.unknown"
            )
        return np.where(known, new, np.int32(self.unknown or 0))

    def _match(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The new id of each value, and whether the table has one; bytes go by a second table."""
        if values.dtype == np.uint8:
            return tuple(each[values] for each in self._match(np.arange(256)))
        keys = np.array(sorted(self.table), np.int64)
        new = np.array([self.table[key] for key in keys.tolist()], np.int32)
        at = np.searchsorted(keys, values).clip(max=len(keys) - 1)
        return new[at], keys[at] == values


def _check_table(table: Mapping[int, int], unknown: int | None) -> None:
    if not table:
        raise ValueError("colours and ids: a table needs at least one row")
    for new in (*table.values(), *([] if unknown is None else [unknown])):
        if new < 0:
            raise ValueError(f"ids: the new id {new} is negative")


def _colour_table(colours: Sequence[Sequence[int]], ids: Mapping[int, int] | None) -> dict[int, int]:
    """New id by colour code."""
    table: dict[int, int] = {}
    for row, colour in enumerate(colours):
        if len(colour) != 3 or not all(0 <= part <= 255 for part in colour):
            raise ValueError(f"colours: row {row} is {list(colour)}, not [red, green, blue] in 0..255")
        code = int(_codes(np.array(colour)))
        if code in table:
            raise ValueError(f"colours: row {row} repeats {list(colour)}: one colour cannot be two ids")
        if ids is not None and row not in ids:
            raise ValueError(f"ids: row {row} of colours has no id")
        table[code] = row if ids is None else ids[row]
    return table


def _codes(colours: np.ndarray) -> np.ndarray:
    """One integer per colour of an array (..., 3)."""
    return colours.astype(np.int64) @ np.array([1 << 16, 1 << 8, 1])


def _colour(code: int) -> str:
    return f"colour [{code >> 16}, {code >> 8 & 255}, {code & 255}]"
