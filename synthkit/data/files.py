"""The base of the data sets that are files on a disk, and how their files are found and paired."""

import copy
import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from synthkit.data.edges import read_edges
from synthkit.data.images import EXTENSIONS, read_ids, read_photo
from synthkit.data.problems import Problem
from synthkit.data.sources import SOURCE_EXTENSIONS, read_source

Reader = Callable[[Path], np.ndarray]
READERS: dict[str, Reader] = {
    "label": read_ids,
    "instance": read_ids,
    "image": read_photo,
    "source": read_source,
    "edge": read_edges,
}
KINDS = dict.fromkeys(READERS, EXTENSIONS) | {"source": SOURCE_EXTENSIONS, "edge": SOURCE_EXTENSIONS}
"""The extensions of each field's files."""


class FileData:
    """A raw data set: one file per field and sample, read when it is asked for.

    Args:
        split: the part of the data that this is.
        files: the paths by field (label, instance, image, source, edge), then by stem, the sample's name.
        problems: what was wrong when the files were looked for.
        names: class names by id.
        palette: colours by id, each [red, green, blue] in 0..255.
        readers: replace READERS for some fields.

    `stems` are those that every field has, sorted. Files whose stem another field lacks are added to
    `problems`. Nothing here raises these: `open_data` refuses data with problems, `data check` lists them.
    """

    def __init__(
        self,
        split: str,
        files: Mapping[str, Mapping[str, Path]],
        *,
        problems: Iterable[Problem] = (),
        names: Sequence[str] = (),
        palette: Sequence[Sequence[int]] | None = None,
        readers: Mapping[str, Reader] | None = None,
    ):
        self.split, self.names = split, tuple(names)
        self.palette = None if palette is None else _palette(palette)
        self.files = {field: dict(files[field]) for field in READERS if field in files}
        self.fields = tuple(self.files)
        self.stems = tuple(sorted(shared_stems(self.files)))
        self.problems = [*problems, *lone_files(self.files)]
        self._readers = READERS | dict(readers or {})

    def __len__(self) -> int:
        return len(self.stems)

    def __getitem__(self, index: int) -> dict:
        """One sample: arrays by field, `name`, and `files`, the path behind each field. Raises DataError."""
        stem = self.stems[index]
        arrays = {field: self.read(field, stem) for field in self.fields}
        return {**arrays, "name": stem, "files": {field: str(self.files[field][stem]) for field in arrays}}

    def read(self, field: str, stem: str) -> np.ndarray:
        """The array of one field of one sample.

        label (H, W) uint8 or int32, instance (H, W) int32, image (H, W, 3) uint8, source (H, W, C) of any
        numeric type, edge (H, W) bool.
        Raises DataError, naming the file, where it cannot be read.
        """
        array = self._readers[field](self.files[field][stem])
        return array.astype(np.int32) if field == "instance" else array

    def derived(self, field: str, origin: str, make: Callable[[np.ndarray, Path], np.ndarray]) -> "FileData":
        """The same data with one more field, which `make` makes of the arrays and the files of another."""
        other = copy.copy(self)
        files = self.files | {field: self.files[origin]}
        other.files = {key: files[key] for key in READERS if key in files}
        other.fields = tuple(other.files)
        other._readers = self._readers | {field: partial(_made, self._readers[origin], make)}
        return other


def list_files(
    folder: Path, suffix: str = "", extensions: Sequence[str] = EXTENSIONS
) -> tuple[dict[str, Path], list[Problem]]:
    """Files of `folder` by stem without `suffix`, and what is wrong with the others.

    Hidden files and those of other kinds than `extensions` are passed over. Problems: a file that lacks the
    suffix, a second file of one stem, or no file at all.
    """
    paths = [path for path in _below(folder, deep=False) if path.suffix.lower() in extensions]
    if not paths:
        message = f"0 images in it (looked for {', '.join(extensions)}){_deeper(folder)}"
        return {}, [Problem("no files", str(folder), message)]
    ending = [path for path in paths if path.stem.endswith(suffix)]
    found, twice = by_stem((path.stem.removesuffix(suffix), path) for path in ending)
    return found, [*_lacking(paths, suffix), *twice]


def match_files(
    folder: Path, pattern: str, extensions: Sequence[str] = EXTENSIONS
) -> tuple[dict[str, Path], list[Problem]]:
    """Files of `folder` by the group `stem` of a regular expression that their whole name matches.

    A pattern with a "/" is matched against the path below `folder`, at any depth; a "/" in a stem becomes
    "_". Files that do not match are passed over. Problems: a second file of one stem, or no file at all.
    """
    shape = re.compile(pattern)
    paths = [path for path in _below(folder, deep="/" in pattern) if path.suffix.lower() in extensions]
    matches = [(shape.fullmatch(path.relative_to(folder).as_posix()), path) for path in paths]
    found, twice = by_stem((match["stem"].replace("/", "_"), path) for match, path in matches if match)
    if not found:
        message = f"none of its {len(paths)} images matches the pattern {pattern}"
        return {}, [Problem("no files", str(folder), message)]
    return found, twice


def _below(folder: Path, *, deep: bool) -> list[Path]:
    """The files in `folder`, or at any depth below it; links are followed, hidden files and folders not."""
    found = []
    for place, inner, names in os.walk(folder, followlinks=True):
        inner[:] = [name for name in inner if deep and name[0] != "."]
        found += [Path(place, name) for name in names if name[0] != "."]
    return sorted(found)


def by_stem(stems: Iterable[tuple[str, Path]]) -> tuple[dict[str, Path], list[Problem]]:
    """Paths by stem in Unicode's composed form, and a problem for each path whose stem is taken.

    One name can be spelt in two ways in Unicode, and file systems differ in which they keep.
    """
    found: dict[str, Path] = {}
    problems = []
    for stem, path in stems:
        first = found.setdefault(unicodedata.normalize("NFC", stem), path)
        if first is not path:
            message = f"{first} is a file for the sample {stem!r}, too: rename or remove one"
            problems.append(Problem("two files of one stem", str(path), message))
    return found, problems


def shared_stems(files: Mapping[str, Mapping[str, Path]]) -> set[str]:
    """The stems that every field has."""
    return set.intersection(*map(set, files.values())) if files else set()


def lone_files(files: Mapping[str, Mapping[str, Path]]) -> list[Problem]:
    """A problem for each file whose stem another field lacks. Fields without any file do not count."""
    some = {field: paths for field, paths in files.items() if paths}
    shared, problems = shared_stems(some), []
    for field, paths in some.items():
        hint = _suffix_hint(field, paths)
        for stem in sorted(set(paths) - shared):
            lacking = " and ".join(other for other, others in some.items() if stem not in others)
            message = f"no {lacking} file has its stem {stem!r}{hint}"
            problems.append(Problem("no partner", str(paths[stem]), message))
    return problems


def shared_suffix(stems: Sequence[str]) -> str:
    """The words that all stems end in, from the first separator that a letter follows; "" for a lone stem."""
    shared = os.path.commonprefix([stem[::-1] for stem in stems])[::-1]  # noqa: RUF071 (of letters is meant)
    match = re.search(r"[^A-Za-z0-9][A-Za-z].*", shared)
    return match[0] if match and len(stems) > 1 else ""


def _deeper(folder: Path) -> str:
    inner = sorted(path.name for path in folder.iterdir() if path.is_dir() and path.name[0] != ".")
    return (
        f"; its folders, such as {inner[0]}, are not looked into: in a config data.patterns does"
        if inner
        else ""
    )


def _suffix_hint(field: str, stems: Iterable[str]) -> str:
    shared = shared_suffix(list(stems))
    if not shared:
        return ""
    return f"; all stems here end in {shared!r}: is it a suffix? suffixes: {{{field}: {shared}}}"


def _lacking(paths: Sequence[Path], suffix: str) -> list[Problem]:
    lacking = [path for path in paths if not path.stem.endswith(suffix)]
    shared = shared_suffix([path.stem for path in paths]) if lacking else ""
    advice = f"; all files here end in {shared!r}" if shared else ""
    message = f"its stem lacks the suffix {suffix!r}, as {len(lacking)} of {len(paths)} files here do{advice}"
    return [Problem("no suffix", str(path), message) for path in lacking]


def _made(read: Reader, make: Callable[[np.ndarray, Path], np.ndarray], path: Path) -> np.ndarray:
    return make(read(path), path)


def _palette(colours: Sequence[Sequence[int]]) -> np.ndarray:
    palette = np.asarray(colours)
    whole = palette.ndim == 2 and palette.shape[1] == 3 and palette.dtype.kind in "iu"
    if not whole or palette.min() < 0 or palette.max() > 255:
        raise ValueError("palette: a list of [red, green, blue] with whole values from 0 to 255 is needed")
    return palette.astype(np.uint8)
