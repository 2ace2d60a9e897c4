"""Recognises how a folder of somebody's own images is laid out."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path

from synthkit.data.init.looks import Kind, Look, colours_in, look_at
from synthkit.data.init.pairing import pairing_names, pairing_settings
from synthkit.data.paired import FOLDERS
from synthkit.data.samples import FIELDS
from synthkit.data.sources import SOURCE_EXTENSIONS
from synthkit.errors import DataError

DEPTH = 3  # folders below the root
WORDS = ("train", "val", "validation", "valid", "test")
SPLIT = re.compile(rf"(?<![A-Za-z])({'|'.join(WORDS)})(?![a-z])")  # train_A, train2017, and trainA
NAMED = {
    "label": r"label|mask|seg|annot|class",
    "instance": r"inst|object",
    "image": r"im(age|g)|photo|rgb|real|target|jpe?g|frame|[_}]B$",
    "source": r"source|input|sketch|depth|nir|thermal|infrared|[_}]A$",
    "edge": r"(?<![a-z])edge|canny|contour",
}
WIDE = 1.9  # width to height from which a lone folder's images count as pairs side by side
LOOKED_FOR = (
    "Looked for: train_label and train_img (pix2pixHD), train_A and train_B, train with two images side by "
    "side in each file, gtFine and leftImg8bit (Cityscapes), images/train2017 and "
    "annotations/train2017 (COCO-Stuff), any two folders of images, such as masks and photos, whose files "
    "have the same names, or a folder of photos alone"
)
BY_PATTERN = "Files that pair in another way need data.patterns: see the folders data set in the reference"
HELD_OUT = 0.1
Places = dict[str, dict[str, Path]]
Used = list[list[str]]  # of each field the patterns that hold its files


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
    layout, used = _alone(root, looks) if len(looks) == 1 else _paired(root, places, train, looks)
    _add_validation(layout, places, used)
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


def _alone(root: Path, looks: Mapping[str, Look]) -> tuple[Layout, Used]:
    ((pattern, look),) = looks.items()
    if look.kind == Kind.PHOTOS and look.aspect < WIDE:
        notes = ["there are photos alone, so they are made from edges that are detected in them"]
        data = {"type": "folders", "root": str(root), "folders": {"image": pattern}}
        return Layout("photos", data, {"image": f"{pattern}, {look.kind}"}, notes), [[pattern]]
    if look.kind != Kind.PHOTOS:
        message = f"{root}: one folder of images, {pattern}, and none that it could be paired with"
        raise DataError(f"{message}. {LOOKED_FOR}. {BY_PATTERN}")
    note = "each image is taken to hold a source, left, and a photo, right; else data.direction: b_to_a"
    data = {"type": "aligned", "root": str(root)} | ({} if pattern == "{split}" else {"folder": pattern})
    roles = {"source": f"{pattern}, left halves", "image": f"{pattern}, right halves"}
    return Layout("images side by side", data, roles, [note]), [[pattern]]


def _paired(
    root: Path, places: Places, train: Mapping[str, Path], looks: Mapping[str, Look]
) -> tuple[Layout, Used]:
    chosen, notes = assign(looks)
    names = pairing_names({key: train[pattern] for key, pattern in chosen.items()})
    parents = None if any(name.start for name in names.values()) else _parents(chosen, looks)
    folders = parents or chosen
    used = [
        [name for name in places if name == folder or (parents and name.startswith(f"{folder}/"))]
        for folder in folders.values()
    ]
    layout = Layout("folders that pair by name", {"type": "folders", "root": str(root)}, notes=notes)
    layout.roles = {key: f"{folder}, {looks[chosen[key]].kind}" for key, folder in folders.items()}
    pairing = pairing_settings(names, nested=parents is not None)
    if folders == {key: FOLDERS.get(key) for key in folders}:
        layout.name = "pix2pixHD's folders"
    elif folders == {"source": "{split}_A", "image": "{split}_B"} and not pairing:
        layout.name, layout.data["type"] = "folders A and B", "ab_folders"
    else:
        layout.data["folders"] = folders
    layout.data |= pairing
    if "label" in folders and looks[chosen["label"]].kind == Kind.COLOURS:
        maps = [path for name in used[0] if name in train for path in _images(train[name])]
        layout.data["labels"] = {"colours": colours_in(maps)}
        notes.append("the label maps are in colour: classes are numbered in the order of data.labels.colours")
    if left := sorted(set(looks) - {name for part in used for name in part}):
        notes.append(f"not used: {', '.join(left)}")
    return layout, used


def _parents(chosen: Mapping[str, str], looks: Mapping[str, Look]) -> dict[str, str] | None:
    """The folders above the chosen ones where all hold the same folders of images, such as cities."""
    parents = {key: pattern.rpartition("/")[0] for key, pattern in chosen.items()}
    inner = [
        {
            name.rpartition("/")[2]
            for name, look in looks.items()
            if name.rpartition("/")[0] == parent and look.kind == looks[chosen[key]].kind
        }
        for key, parent in parents.items()
    ]
    is_nested = "" not in parents.values() and len(set(parents.values())) == len(parents)
    return parents if is_nested and len(inner[0]) > 1 and all(each == inner[0] for each in inner) else None


def assign(looks: Mapping[str, Look]) -> tuple[dict[str, str], list[str]]:
    """The folder of each field by what the folders' images look like and are called, and what is not sure.

    Raises DataError where none can be the photos, or nothing is left to make them from.
    """
    drawings = [name for name in looks if _says("edge", name)]
    looks = {name: look for name, look in looks.items() if name not in drawings}
    maps = [name for name, look in looks.items() if look.kind in (Kind.IDS, Kind.COLOURS)]
    images = [name for name, look in looks.items() if look.kind == Kind.PHOTOS]
    values = [name for name, look in looks.items() if look.kind == Kind.VALUES]
    fields, notes = {}, []
    objects = [name for name in maps if _says("instance", name) or looks[name].largest >= 1000]
    labels = sorted(
        set(maps) - set(objects), key=lambda name: (not _says("label", name), _is_late(name), name)
    )
    if labels:
        fields["label"] = labels[0]
    if labels and objects:
        fields["instance"] = max(objects, key=lambda name: _closeness(name, labels[0]))
    if not images or not (labels or values or images[1:] or drawings):
        seen = ", ".join(f"{name} ({look.kind})" for name, look in looks.items())
        raise DataError(f"no photos, or nothing to make them from: {seen}. {LOOKED_FOR}")
    beside = labels[0] if labels else ""
    photo = max(images, key=lambda name: (_tells(name), _closeness(name, beside), not _is_late(name), name))
    fields["image"] = photo
    if drawings:
        fields["edge"] = max(drawings, key=lambda name: _closeness(name, photo))
    sources = [name for name in [*values, *images] if name != photo]
    if labels or drawings:
        sources = [name for name in sources if _says("source", name)]
    if sources:
        source = min(
            sources,
            key=lambda name: (name in images, _tells(name), [-n for n in _closeness(name, photo)], name),
        )
        fields["source"] = source
        if _says("label", source):
            notes.append(f"{source} sounds like label maps and holds {looks[source].kind}: taken for sources")
        if not labels and not drawings and not _says("source", source) and not _says("image", photo):
            notes.append(f"{source} is taken for the source and {photo} for the photos")
    return {key: fields[key] for key in FIELDS if key in fields}, notes


def _tells(name: str) -> int:
    """1 for the name of a folder of photos, -1 for one of sources, 0 for others."""
    return _says("image", name) - _says("source", name)


def _is_late(name: str) -> bool:
    """Whether a folder that no split was seen in sounds like one that does not train."""
    return re.search("val|test", name, re.IGNORECASE) is not None


def _closeness(name: str, other: str) -> tuple[int, float]:
    """How much two folders have in common, parts before letters: Train/masks goes with Train/images."""
    parts = sum(a == b for a, b in zip(name.split("/"), other.split("/"), strict=False))
    return parts, SequenceMatcher(None, name, other).ratio()


def _says(role: str, name: str) -> bool:
    return re.search(NAMED[role], name) is not None


def _add_validation(layout: Layout, places: Places, used: Used) -> None:
    there = [
        split for split in WORDS[1:] if all(any(split in places[name] for name in names) for names in used)
    ]
    if not there:
        layout.data["validation"] = HELD_OUT
        layout.notes.append("no other split has all of it, so a tenth of the training samples is held out")
        others = [path for splits in places.values() for split, path in splits.items() if split in WORDS[1:]]
        if others:
            root = layout.data["root"]
            listed = ", ".join(sorted(path.relative_to(root).as_posix() for path in others)[:10])
            layout.notes.insert(-1, f"not used: {listed}")
    elif there[0] != "val":
        layout.data["validation"] = there[0]
