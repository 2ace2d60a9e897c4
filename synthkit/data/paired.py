"""Folders of files that pair by name, such as pix2pixHD's train_label, train_inst and train_img."""

import glob
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from synthkit.build import call, part
from synthkit.data.files import KINDS, READERS, FileData, list_files, lone_files, match_files, shared_suffix
from synthkit.data.images import EXTENSIONS
from synthkit.data.labels import LabelReader
from synthkit.data.problems import Problem, refusal
from synthkit.data.splits import TRAIN
from synthkit.errors import DataError
from synthkit.registry import DATASETS

FOLDERS = {
    "label": "{split}_label",
    "instance": "{split}_inst",
    "image": "{split}_img",
    "edge": "{split}_edge",
}


@DATASETS.register_module("folders")
class Folders(FileData):
    """One folder per field; files pair by stem, as a suffix or a pattern of the field leaves it.

    Args:
        split: takes the place of "{split}" in folder names.
        root: the folder that holds the others; "~" is the home folder.
        folders: each field's folder (label, instance, image, source, edge); one without its folder is absent.
        suffixes: end of each file's stem that does not count, such as {label: _gtFine_labelIds}.
        patterns: in place of a suffix, a regular expression for the whole file name, with a group `stem`,
            such as {label: '(?P<stem>.+)_mask[0-9]+[.]png'}. With a "/" it is for the path below the field's
            folder, such as {image: '[^/]+/(?P<stem>.+)[.]jpg'}. Files that do not match are passed over.
        labels: how label maps are read, the arguments of LabelReader: colours, ids, unknown.
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
        patterns: Mapping[str, str] | None = None,
        labels: Mapping | None = None,
        names: Sequence[str] = (),
        palette: Sequence[Sequence[int]] | None = None,
    ):
        folders, suffixes, patterns = dict(folders or FOLDERS), dict(suffixes or {}), dict(patterns or {})
        _check_fields(folders=folders, suffixes=suffixes, patterns=patterns)
        _check_patterns(patterns, suffixes)
        readers = {"label": call(LabelReader, labels or {})}
        listings = {
            field: match_files(folder, patterns[field], KINDS[field])
            if field in patterns
            else list_files(folder, suffixes.get(field, ""), KINDS[field])
            for field, folder in find_folders(root, folders, split).items()
        }
        files, problems = _parted(listings)
        super().__init__(split, files, problems=problems, names=names, palette=palette, readers=readers)

    @staticmethod
    def label_reader(settings: Mapping) -> LabelReader:
        """How label maps are read under these settings of the data set, by a trained model too."""
        return call(LabelReader, part(settings, "labels"))


@DATASETS.register_module("ab_folders")
class ABFolders(Folders):
    """Two folders of images that pair by stem: {split}_A and {split}_B, such as train_A and train_B.

    Args:
        split, root: as in Folders, which also reads label maps in A, as folders:
            {label: "{split}_A", image: "{split}_B"}.
        direction: a_to_b makes photos like those in B from the source images in A, b_to_a the reverse.
    """

    def __init__(self, split: str, *, root: str, direction: Literal["a_to_b", "b_to_a"] = "a_to_b"):
        source, image = direction.upper().split("_TO_")
        super().__init__(
            split, root=root, folders={"source": f"{{split}}_{source}", "image": f"{{split}}_{image}"}
        )


def find_folders(root: str, folders: Mapping[str, str], split: str) -> dict[str, Path]:
    """The folder below `root` of each field that has one, "{split}" in its name filled in.

    Raises DataError, listing the splits there are, if none has, and for another split than "train" where no
    name has a "{split}": its folders would be those of "train".
    """
    root = Path(root).expanduser().absolute()
    if split != TRAIN and not any("{split}" in folder for folder in folders.values()):
        raise DataError(
            f"{root}: there is no split {split!r}, for no folder has {{split}} in its name: hold out a share "
            "of the training samples, data.validation: 0.1, or validate on them, data.validation: train"
        )
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
    kinds = {field: KINDS.get(field, EXTENSIONS) for field in folders}
    listings = {field: list_files(folder, "", kinds[field]) for field, folder in folders.items()}
    if len({frozenset(paths) for paths, _ in listings.values()}) > 1:
        ends = {field: shared_suffix(list(paths)) for field, (paths, _) in listings.items()}
        listings = {field: list_files(folder, ends[field], kinds[field]) for field, folder in folders.items()}
    files, problems = _parted(listings)
    if problems := [*problems, *lone_files(files)]:
        raise refusal(problems)
    return {
        stem: {field: files[field][stem] for field in files} for stem in sorted(next(iter(files.values())))
    }


def _parted(
    listings: Mapping[str, tuple[dict[str, Path], list[Problem]]],
) -> tuple[dict[str, dict[str, Path]], list[Problem]]:
    """The files by field and all problems of several fields' listings."""
    files = {field: paths for field, (paths, _) in listings.items()}
    return files, [problem for _, problems in listings.values() for problem in problems]


def _check_fields(**mappings: Mapping[str, str]) -> None:
    for key, mapping in mappings.items():
        if unknown := sorted(set(mapping) - set(READERS)):
            raise ValueError(f"{key}: unknown {', '.join(unknown)}; the fields are {', '.join(READERS)}")


def _check_patterns(patterns: Mapping[str, str], suffixes: Mapping[str, str]) -> None:
    for field, pattern in patterns.items():
        if field in suffixes:
            raise ValueError(f"patterns: {field} has a suffix, too; give one of them")
        try:
            groups = re.compile(pattern).groupindex
        except re.error as error:
            raise ValueError(f"patterns: {field}: {pattern} is no regular expression: {error}") from error
        if "stem" not in groups:
            raise ValueError(f"patterns: {field}: {pattern} lacks the group (?P<stem>...) that files pair by")


def _splits(root: Path, folders: Sequence[str]) -> set[str]:
    splits = set()
    for parts in (str(root / folder).split("{split}") for folder in folders):
        shape = re.compile("(.+)".join(re.escape(part) for part in parts))
        there = glob.glob("*".join(glob.escape(part) for part in parts))  # noqa: PTH207 (folders may be absolute)
        splits |= {match[1] for path in there if len(parts) > 1 and (match := shape.fullmatch(path))}
    return splits
