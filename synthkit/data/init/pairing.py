"""How the names of files in several folders pair."""

import os
import re
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import NamedTuple

from synthkit.data.files import KINDS, list_files, shared_suffix
from synthkit.errors import DataError


class Name(NamedTuple):
    """What all names of a folder begin and end with, and pairs ignore."""

    start: str = ""
    end: str = ""

    def stem(self, text: str) -> str:
        """The part of a file's stem that pairs."""
        return text.removeprefix(self.start).removesuffix(self.end)


def pairing_names(folders: Mapping[str, Path]) -> dict[str, Name]:
    """The starts and ends of names that do not count, by field, with which most files pair.

    Raises DataError where no two files pair.
    """
    stems = {key: list(list_files(folder, "", KINDS[key])[0]) for key, folder in folders.items()}
    choices = [
        [
            (key, Name(start, end))
            for start, end in product(_either(_shared_start(own)), _either(shared_suffix(own)))
        ]
        for key, own in stems.items()
    ]
    paired = {chosen: len(_paired(stems, dict(chosen))) for chosen in product(*choices)}
    best = max(paired, key=paired.__getitem__)
    if not paired[best]:
        names = "; ".join(f"{folder}: {min(stems[key])} …" for key, folder in folders.items())
        raise DataError(
            f"no two files have the same name: {names}. data.patterns can say which part of the names pairs: "
            "see the folders data set in the reference"
        )
    return dict(best)


def pairing_settings(names: Mapping[str, Name], *, nested: bool) -> dict[str, dict[str, str]]:
    """The keys of the folders data set by which such files pair, `nested` ones with their folder's name."""
    if nested:
        return {
            "patterns": {key: f"(?P<stem>.+/.+){re.escape(end)}[.][^.]+" for key, (_, end) in names.items()}
        }
    patterns = {
        key: f"{re.escape(start)}(?P<stem>.+){re.escape(end)}[.][^.]+"
        for key, (start, end) in names.items()
        if start
    }
    suffixes = {key: end for key, (start, end) in names.items() if end and not start}
    return {key: value for key, value in (("suffixes", suffixes), ("patterns", patterns)) if value}


def _paired(stems: Mapping[str, Sequence[str]], names: Mapping[str, Name]) -> set[str]:
    return set.intersection(*({names[key].stem(stem) for stem in own} for key, own in stems.items()))


def _either(text: str) -> list[str]:
    return list(dict.fromkeys(("", text)))


def _shared_start(stems: Sequence[str]) -> str:
    """The words that all stems begin with, to the last separator behind a letter; "" for a lone stem."""
    match = re.match(r".*[A-Za-z][^A-Za-z0-9]", os.path.commonprefix(list(stems)))  # noqa: RUF071 (of letters is meant)
    return match[0] if match and len(stems) > 1 else ""
