"""Folders of files that pair by name, such as pix2pixHD's train_label, train_inst and train_img."""

import glob
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from synthkit.data.files import READERS, FileData, list_files, lone_files, shared_suffix
from synthkit.data.problems import refusal
from synthkit.errors import DataError
from synthkit.registry import DATASETS

PIX2PIXHD = {"label": "{split}_label", "instance": "{split}_inst", "image": "{split}_img"}


@DATASETS.register_module("folders")
class Folders(FileData):
    """One folder per field; files pair by stem once the field's suffix is removed.

    Args:
        split: takes the place of "{split}" in folder names.
        root: the folder that holds the others; "~" is the home folder.
        folders: each field's folder (label, instance, image, source); a field without its folder is absent.
        suffixes: end of each file's stem that does not count, such as {label: _gtFine_labelIds}.
        names: class names by id.
        palette: colours by id, each [red, green, blue] in 0..255.

    Raises DataError where the root or all of the split's folders are missing; what is wrong with single
    files is listed in `problems`.
    """

    def __init__(
        self,
        split: str,
        *,
        root: str,
        folders: Mapping[str, str] | None = None,
        suffixes: Mapping[str, str] | None = None,
        names: Sequence[str] = (),
        palette: Sequence[Sequence[int]] | None = None,
    ):
        folders, suffixes = dict(folders or PIX2PIXHD), dict(suffixes or {})
        _check_fields("folders", folders)
        _check_fields("suffixes", suffixes)
        found = find_folders(Path(root).expanduser().absolute(), folders, split)
        listings = {field: list_files(folder, suffixes.get(field, "")) for field, folder in found.items()}
        files = {field: listing for field, (listing, _) in listings.items()}
        problems = [problem for _, some in listings.values() for problem in some]
        super().__init__(split, files, problems=problems, names=names, palette=palette)


def find_folders(root: Path, folders: Mapping[str, str], split: str) -> dict[str, Path]:
    """The folder of each field that has one. Raises DataError, listing the splits there are, if none has."""
    wanted = {field: root / folder.replace("{split}", split) for field, folder in folders.items()}
    found = {field: folder for field, folder in wanted.items() if folder.is_dir()}
    if found:
        return found
    expected = ", ".join(sorted({os.path.relpath(folder, root) for folder in wanted.values()}))
    if not root.is_dir():
        raise DataError(f"there is no folder {root}: for split {split!r} it should hold {expected}")
    splits = ", ".join(sorted(_splits(root, folders.values()))) or "none"
    raise DataError(
        f"{root} holds none of the folders for split {split!r} ({expected}); splits there: {splits}"
    )


def pair_folders(folders: Mapping[str, Path]) -> dict[str, dict[str, Path]]:
    """The files of one folder per field by the stem they share, with or without the folders' own suffixes.

    Raises DataError, listing them, where files have problems such as no partner.
    """
    listings = {field: list_files(folder) for field, folder in folders.items()}
    if len({frozenset(paths) for paths, _ in listings.values()}) > 1:
        ends = {field: shared_suffix(list(paths)) for field, (paths, _) in listings.items()}
        listings = {field: list_files(folder, ends[field]) for field, folder in folders.items()}
    files = {field: paths for field, (paths, _) in listings.items()}
    if problems := [*(each for _, some in listings.values() for each in some), *lone_files(files)]:
        raise refusal(problems)
    return {
        stem: {field: files[field][stem] for field in files} for stem in sorted(next(iter(files.values())))
    }


def _check_fields(key: str, mapping: Mapping[str, str]) -> None:
    unknown = sorted(set(mapping) - set(READERS))
    if unknown:
        raise ValueError(f"{key}: unknown {', '.join(unknown)}; the fields are {', '.join(READERS)}")


def _splits(root: Path, folders: Sequence[str]) -> set[str]:
    splits = set()
    for parts in (str(root / folder).split("{split}") for folder in folders):
        shape = re.compile("(.+)".join(re.escape(part) for part in parts))
        there = glob.glob("*".join(glob.escape(part) for part in parts))  # noqa: PTH207 (folders may be absolute)
        splits |= {match[1] for path in there if len(parts) > 1 and (match := shape.fullmatch(path))}
    return splits
