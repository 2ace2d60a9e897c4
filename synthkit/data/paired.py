"""Folders of files that pair by name, such as pix2pixHD's train_label, train_inst and train_img."""

import glob
import os
import re
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from synthkit.data.images import EXTENSIONS, read_ids, read_photo
from synthkit.errors import DataError
from synthkit.registry import DATASETS

READERS = {"label": read_ids, "instance": read_ids, "image": read_photo, "source": read_photo}
PIX2PIXHD = {"label": "{split}_label", "instance": "{split}_inst", "image": "{split}_img"}
SHOWN = 10


@DATASETS.register_module("folders")
class Folders:
    """One folder per field; files pair by stem once the field's suffix is removed.

    Args:
        split: takes the place of "{split}" in folder names.
        root: the folder that holds the others; "~" is the home folder.
        folders: each field's folder (label, instance, image, source); a field without its folder is absent.
        suffixes: end of each file's stem that does not count, such as {label: _gtFine_labelIds}.
        names: class names by id.
        palette: colours by id, each [red, green, blue] in 0..255.

    Raises DataError where folders are missing or empty, or files lack partners.
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
        self.split = split
        self.names = tuple(names)
        self.palette = None if palette is None else _palette(palette)
        found = find_folders(Path(root).expanduser().absolute(), folders, split)
        files = {
            field: list_images(found[field], suffixes.get(field, "")) for field in READERS if field in found
        }
        check_pairs(found, files)
        self.fields = tuple(files)
        self.stems = tuple(sorted(next(iter(files.values()))))
        self._files = files

    def __len__(self) -> int:
        return len(self.stems)

    def __getitem__(self, index: int) -> dict:
        """One sample: arrays by field, `name`, and `files`, the path behind each field."""
        stem = self.stems[index]
        files = {field: str(paths[stem]) for field, paths in self._files.items()}
        arrays = {field: READERS[field](path) for field, path in files.items()}
        if "instance" in arrays:
            arrays["instance"] = arrays["instance"].astype(np.int32)
        return {**arrays, "name": stem, "files": files}


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


def list_images(folder: Path, suffix: str = "") -> dict[str, Path]:
    """Image files of `folder` by stem without `suffix`; hidden files and other kinds are passed over.

    Raises DataError where there are none, a file lacks the suffix, or two files share a stem.
    """
    paths = sorted(
        path for path in folder.iterdir() if path.suffix.lower() in EXTENSIONS and path.name[0] != "."
    )
    if not paths:
        raise DataError(f"0 images in {folder} (looked for {', '.join(EXTENSIONS)})")
    _check_suffix(paths, suffix)
    found: dict[str, Path] = {}
    for path in paths:  # one name can be spelt in two ways in Unicode, and file systems differ
        stem = unicodedata.normalize("NFC", path.stem.removesuffix(suffix))
        if stem in found:
            raise DataError(f"two files for one sample {stem!r}: {found[stem]} and {path}")
        found[stem] = path
    return found


def check_pairs(folders: Mapping[str, Path], files: Mapping[str, Mapping[str, Path]]) -> None:
    """Raises DataError, listing each folder's lone files, unless all fields have the same stems."""
    paired = set.intersection(*(set(paths) for paths in files.values()))
    lines = []
    for field, paths in files.items():
        alone = sorted(set(paths) - paired)
        if alone:
            shown = ", ".join(paths[stem].name for stem in alone[:SHOWN])
            more = f" and {len(alone) - SHOWN} more" if len(alone) > SHOWN else ""
            lines.append(
                f"  {folders[field]}: {len(alone)} of {len(paths)}: {shown}{more}{_hint(field, paths)}"
            )
    if lines:
        raise DataError("files without a partner of the same stem in every folder:\n" + "\n".join(lines))


def pair_folders(folders: Mapping[str, Path]) -> dict[str, dict[str, Path]]:
    """The files of one folder per field by the stem they share, with or without the folders' own suffixes.

    Raises DataError as `list_images` and `check_pairs` do.
    """
    files = {field: list_images(folder) for field, folder in folders.items()}
    if len({frozenset(paths) for paths in files.values()}) > 1:
        ends = {field: _shared_suffix(list(paths)) for field, paths in files.items()}
        files = {field: list_images(folder, ends[field]) for field, folder in folders.items()}
    check_pairs(folders, files)
    return {
        stem: {field: files[field][stem] for field in files} for stem in sorted(next(iter(files.values())))
    }


def _check_fields(key: str, mapping: Mapping[str, str]) -> None:
    unknown = sorted(set(mapping) - set(READERS))
    if unknown:
        raise ValueError(f"{key}: unknown {', '.join(unknown)}; the fields are {', '.join(READERS)}")


def _palette(colours: Sequence[Sequence[int]]) -> np.ndarray:
    palette = np.asarray(colours)
    whole = palette.ndim == 2 and palette.shape[1] == 3 and palette.dtype.kind in "iu"
    if not whole or palette.min() < 0 or palette.max() > 255:
        raise ValueError("palette: a list of [red, green, blue] with whole values from 0 to 255 is needed")
    return palette.astype(np.uint8)


def _splits(root: Path, folders: Sequence[str]) -> set[str]:
    splits = set()
    for parts in (str(root / folder).split("{split}") for folder in folders):
        shape = re.compile("(.+)".join(re.escape(part) for part in parts))
        there = glob.glob("*".join(glob.escape(part) for part in parts))  # noqa: PTH207 (folders may be absolute)
        splits |= {match[1] for path in there if len(parts) > 1 and (match := shape.fullmatch(path))}
    return splits


def _check_suffix(paths: Sequence[Path], suffix: str) -> None:
    lacking = [path for path in paths if not path.stem.endswith(suffix)]
    if lacking:
        shared = _shared_suffix([path.stem for path in paths])
        advice = f"; all of them end in {shared!r}" if shared else ""
        raise DataError(
            f"{lacking[0]} lacks the suffix {suffix!r}: {len(lacking)} of {len(paths)} files do{advice}"
        )


def _hint(field: str, paths: Mapping[str, Path]) -> str:
    shared = _shared_suffix(list(paths))
    return f" (all end in {shared!r}: is it a suffix? suffixes: {{{field}: {shared}}})" if shared else ""


def _shared_suffix(stems: Sequence[str]) -> str:
    """The words that all stems end in, from the first separator that a letter follows; "" for a lone stem."""
    shared = os.path.commonprefix([stem[::-1] for stem in stems])[::-1]  # noqa: RUF071 (of letters is meant)
    match = re.search(r"[^A-Za-z0-9][A-Za-z].*", shared)
    return match[0] if match and len(stems) > 1 else ""
