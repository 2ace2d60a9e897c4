"""Recognises how a folder of somebody's own images is laid out."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

from synthkit.data.files import KINDS, list_files, shared_stems, shared_suffix
from synthkit.data.init.looks import Kind, Look, colours_in, look_at
from synthkit.data.paired import PIX2PIXHD
from synthkit.data.sources import SOURCE_EXTENSIONS
from synthkit.errors import DataError

DEPTH = 3  # folders below the root
WORDS = ("train", "val", "validation", "valid", "test")
SPLIT = re.compile(rf"(?<![A-Za-z])({'|'.join(WORDS)})(?![A-Za-z])")
NAMED = {
    "label": r"label|mask|seg|annot|class",
    "instance": r"inst|object",
    "image": r"im(age|g)|photo|rgb|real|target|jpe?g|frame|_B$",
    "source": r"source|input|sketch|edge|depth|nir|thermal|infrared|_A$",
}
WIDE = 1.6  # width to height from which a lone folder's images count as pairs side by side
LOOKED_FOR = (
    "Looked for: train_label and train_img (pix2pixHD), train_A and train_B, train with two images side by "
    "side in each file (pix2pix), gtFine and leftImg8bit (Cityscapes), images/train2017 and "
    "annotations/train2017 (COCO-Stuff), or any two folders of images, such as masks and photos, whose files "
    "have the same names"
)
Places = dict[str, dict[str, Path]]


@dataclass
class Layout:
    """How a folder is laid out.

    name: in words. data: the keys of the config's `data` without the transform. roles: what each field's
    folder is taken for. notes: what is not sure.
    """

    name: str
    data: dict
    roles: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def recognise(root: Path) -> Layout:
    """The layout of a folder. Raises DataError, saying what was looked for, where there is none."""
    if not root.is_dir():
        raise DataError(f"there is no folder {root}")
    if (root / "gtFine").is_dir() and (root / "leftImg8bit").is_dir():
        roles = {"label": "gtFine, labelIds", "instance": "gtFine, instanceIds", "image": "leftImg8bit"}
        return Layout("the Cityscapes tree", {"type": "cityscapes", "root": str(root)}, roles)
    places = image_folders(root)
    train = {pattern: splits["train"] for pattern, splits in places.items() if "train" in splits}
    train = train or {pattern: splits[""] for pattern, splits in places.items() if "" in splits}
    if not train:
        raise DataError(f"{root}: no folder with training images; {_found(places)}. {LOOKED_FOR}")
    looks = {pattern: look_at(_images(folder)) for pattern, folder in train.items()}
    layout = _alone(root, looks) if len(looks) == 1 else _paired(root, train, looks)
    _add_validation(layout, places)
    return layout


def image_folders(root: Path) -> Places:
    """Folders that hold images by pattern, such as "{split}_img", then by split, "" without one."""
    places: Places = {}
    for place, folders, files in os.walk(root, followlinks=True):
        relative = Path(place).relative_to(root)
        folders[:] = sorted(name for name in folders if name[0] != "." and len(relative.parts) < DEPTH)
        if any(_is_image(name) for name in files):
            split = SPLIT.search(relative.as_posix())
            pattern = SPLIT.sub("{split}", relative.as_posix()) if split else relative.as_posix()
            places.setdefault(pattern, {})[split[1] if split else ""] = Path(place)
    return places


def _is_image(name: str) -> bool:
    return name[0] != "." and Path(name).suffix.lower() in SOURCE_EXTENSIONS


def _images(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if _is_image(path.name))


def _found(places: Places) -> str:
    folders = [str(path) for splits in places.values() for path in splits.values()]
    return f"images are in {', '.join(sorted(folders)[:10])}" if folders else "there are no images in it"


def _alone(root: Path, looks: Mapping[str, Look]) -> Layout:
    ((pattern, look),) = looks.items()
    if look.kind != Kind.PHOTOS or look.aspect < WIDE:
        message = f"{root}: one folder of images, {pattern}, and none that it could be paired with"
        raise DataError(f"{message}. {LOOKED_FOR}")
    note = "each image is taken to hold a source, left, and a photo, right; else data.direction: b_to_a"
    data = {"type": "aligned", "root": str(root)} | ({} if pattern == "{split}" else {"folder": pattern})
    roles = {"source": f"{pattern}, left halves", "image": f"{pattern}, right halves"}
    return Layout("images side by side", data, roles, [note])


def _paired(root: Path, train: Mapping[str, Path], looks: Mapping[str, Look]) -> Layout:
    folders, notes = assign(looks)
    layout = Layout("folders that pair by name", {"type": "folders", "root": str(root)}, notes=notes)
    layout.roles = {key: f"{pattern}, {looks[pattern].kind}" for key, pattern in folders.items()}
    if folders == {key: PIX2PIXHD.get(key) for key in folders}:
        layout.name = "pix2pixHD's folders"
    elif folders == {"source": "{split}_A", "image": "{split}_B"}:
        layout.name, layout.data["type"] = "folders A and B", "ab_folders"
    else:
        layout.data["folders"] = folders
    if suffixes := pairing_suffixes({key: train[pattern] for key, pattern in folders.items()}):
        other = {} if layout.name == "pix2pixHD's folders" else {"folders": folders}
        layout.data |= {"type": "folders"} | other | {"suffixes": suffixes}
    if "label" in folders and looks[folders["label"]].kind == Kind.COLOURS:
        layout.data["labels"] = {"colours": colours_in(_images(train[folders["label"]]))}
        notes.append("the label maps are in colour: classes are numbered in the order of data.labels.colours")
    return layout


def assign(looks: Mapping[str, Look]) -> tuple[dict[str, str], list[str]]:
    """The folder of each field by what the folders' images look like and are called, and what is not sure.

    Raises DataError where none can be the photos, or nothing is left to make them from.
    """
    maps = [name for name, look in looks.items() if look.kind in (Kind.IDS, Kind.COLOURS)]
    images = [name for name, look in looks.items() if look.kind == Kind.PHOTOS]
    values = [name for name, look in looks.items() if look.kind == Kind.VALUES]
    fields, notes = {}, []
    objects = [name for name in maps if _says("instance", name) or looks[name].largest >= 1000]
    labels = sorted(set(maps) - set(objects), key=lambda name: (not _says("label", name), name))
    if labels:
        fields["label"] = labels[0]
    if labels and objects:
        fields["instance"] = objects[0]
    images.sort(key=lambda name: (_says("image", name) - _says("source", name), name))
    if not images or len(looks) < 2 or not (labels or values or images[1:]):
        seen = ", ".join(f"{name} ({look.kind})" for name, look in looks.items())
        raise DataError(f"no photos, or nothing to make them from: {seen}. {LOOKED_FOR}")
    fields["image"] = images.pop()
    sources = [*values, *images] if not labels else [n for n in [*values, *images] if _says("source", n)]
    if sources:
        fields["source"] = sources[0]
        if not labels and not _says("source", sources[0]) and not _says("image", fields["image"]):
            notes.append(f"{sources[0]} is taken for the source and {fields['image']} for the photos")
    if left := sorted(set(looks) - set(fields.values())):
        notes.append(f"not used: {', '.join(left)}")
    return {key: fields[key] for key in ("label", "instance", "image", "source") if key in fields}, notes


def _says(role: str, name: str) -> bool:
    return re.search(NAMED[role], name) is not None


def pairing_suffixes(folders: Mapping[str, Path]) -> dict[str, str]:
    """The ends of names that do not count, by field, with which most files pair.

    Raises DataError where no two files pair.
    """
    choices = []
    for key, folder in folders.items():
        shared = shared_suffix(list(list_files(folder, "", KINDS[key])[0]))
        choices.append([(key, end) for end in dict.fromkeys(("", shared))])
    paired = {
        chosen: len(shared_stems({key: list_files(folders[key], end, KINDS[key])[0] for key, end in chosen}))
        for chosen in product(*choices)
    }
    best = max(paired, key=paired.__getitem__)
    if not paired[best]:
        names = "; ".join(f"{folder}: {_images(folder)[0].name} …" for folder in folders.values())
        raise DataError(f"no two files have the same name: {names}. {LOOKED_FOR}")
    return {key: end for key, end in best if end}


def _add_validation(layout: Layout, places: Places) -> None:
    needed = [text.split(",")[0] for text in layout.roles.values()]
    there = [split for split in WORDS[1:] if all(split in places.get(name, {}) for name in needed)]
    if not there:
        layout.data["validation"] = 0.1
        layout.notes.append("no other split has all of it, so a tenth of the training samples is held out")
    elif there[0] != "val":
        layout.data["validation"] = there[0]
