"""Folders that came from somewhere else: nothing outside is read, and what is read is checked."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from synthkit import build
from synthkit.errors import DataError, shown
from synthkit.section import Section, from_plain

LONGEST = 2**26  # bytes of a JSON file


def contained(folder: Path, name: str) -> Path:
    """The path of a name below a folder. Raises DataError for one outside, by a link or otherwise."""
    if "\0" in name or not (folder / name).resolve().is_relative_to(folder.resolve()):
        raise DataError(f"{shown(name)} lies outside {folder}: files are taken from there alone")
    return folder / name


def read_json(path: Path) -> Section:
    """The mapping in a JSON file. Raises DataError or ConfigError, naming the file, for anything else."""
    try:
        if path.stat().st_size > LONGEST:
            raise DataError(f"{path} is larger than {LONGEST} bytes")
        content = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse)
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path} cannot be read: {error}") from error
    build.check_mapping(content, str(path))
    return from_plain(content, origin=str(path))


@contextmanager
def told(place: str) -> Iterator[None]:
    """Say of a DataError raised inside where it comes from."""
    try:
        yield
    except DataError as error:
        raise DataError(f"{place}: {error}") from error


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number of JSON")
