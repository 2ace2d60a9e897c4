"""A scene as a folder: `scene.json` and PNG.

`label.png` and `instance.png` are the scene as it was opened; `scene.json` holds its styles, the edits, how
many of them are done, and the model. `edited_label.png`, `edited_instance.png` and `image.png` show what the
edits make of it; `masks` and `objects` are what they set down. A folder with `label.png` and no `scene.json`
is a new scene: `instance.png` goes with it, else connected areas are instances; `photo.png` gives its styles.
"""

import hashlib
import json
import re
import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from synthkit import __version__, build, inference
from synthkit.checkpoint import MANIFEST
from synthkit.data.images import open_image, read_ids
from synthkit.data.samples import check_ids, check_sizes
from synthkit.data.writing import LARGEST, put_back, replaced_folder, write_ids
from synthkit.editing.folders import contained, read_json, told
from synthkit.editing.objects import FOLDER as OBJECTS
from synthkit.editing.objects import Objects, SceneObject
from synthkit.editing.scene import Scene
from synthkit.editing.script import MASK, check_edits
from synthkit.editing.state import ALL, Look, State
from synthkit.errors import CheckpointError, ConfigError, DataError, SynthkitWarning, listed, shown
from synthkit.inference import Model
from synthkit.paths import pretrained
from synthkit.section import Section
from synthkit.styles.codes import FILE as STYLES
from synthkit.styles.codes import run_folder

FORMAT = 1
INDEX, LABEL, INSTANCE, PHOTO, MASKS = "scene.json", "label.png", "instance.png", "photo.png", "masks"
EDITED_LABEL, EDITED_INSTANCE, IMAGE = "edited_label.png", "edited_instance.png", "image.png"
WRITTEN = {INDEX, LABEL, INSTANCE, MASKS, OBJECTS, EDITED_LABEL, EDITED_INSTANCE, IMAGE}
EVERY = "all"  # the key of ALL


@dataclass(frozen=True, kw_only=True)
class Record:
    """What `scene.json` holds; `sha256` is that of the files behind the model, by what they are."""

    format: int
    synthkit: str
    run: str
    sha256: Mapping[str, str]
    width: int
    height: int
    looks: Mapping[str, Mapping]
    class_looks: Mapping[str, Mapping]
    edits: list
    position: int

    def __post_init__(self):
        if self.format != FORMAT:
            raise ValueError(f"format is {self.format}, and this version reads {FORMAT}")


def save(scene: Scene, folder: Path) -> Path:
    """Write a scene to a folder, whole or not at all; return its path.

    Raises DataError where it cannot be written, or where a folder is that holds anything but a scene.
    """
    _check_replaceable(folder)
    with replaced_folder(folder) as partial:
        _write_maps(scene.opening, partial / LABEL, partial / INSTANCE)
        _write_maps(scene.state, partial / EDITED_LABEL, partial / EDITED_INSTANCE)
        scene.render().save(partial / IMAGE)
        if used := {edit.get("object") for edit in scene.edits} - {None}:
            Objects({name: scene.objects[name] for name in sorted(used)}).save(partial)
        edits = [_written(edit, partial, number) for number, edit in enumerate(scene.edits)]
        content = json.dumps(asdict(_record(scene, edits)), indent=1)
        (partial / INDEX).write_text(content, encoding="utf-8")
    return folder


def load(folder: Path, model: Model | None = None) -> Scene:
    """The scene of a folder, drawn by the model that it names, or by `model`.

    A model of other weights or styles than the scene's is a warning. Raises DataError, ConfigError and
    CheckpointError, naming the file, for what is no scene, and where its model is not there.
    """
    put_back(folder)
    if not folder.is_dir():
        raise DataError(f"there is no scene {folder}: a folder is needed")
    if not (folder / INDEX).exists():
        return _new_scene(folder, model)
    index = contained(folder, INDEX)
    record = build.call(Record, read_json(index))
    edits = check_edits(record.edits, folder, str(index))
    model = model or _model(record, index)
    _compare(record, model, folder)
    scene = Scene(model, _opening(record, folder, model), _objects(folder, model))
    _check_looks(scene, index)
    for edit in edits:
        with told(edit.where()):
            scene.apply(edit)
    with told(str(index)):
        scene.goto(record.position)
    return scene


def _new_scene(folder: Path, model: Model | None) -> Scene:
    """The scene of maps that no editor has written."""
    if not (folder / LABEL).exists():
        raise DataError(f"{folder} is no scene: it has neither {INDEX} nor {LABEL}")
    if model is None:
        raise DataError(f"{folder} has no {INDEX} that names a model: name a run with --run")
    names = {"label": LABEL, "instance": INSTANCE, "photo": PHOTO}
    files = {field: contained(folder, name) for field, name in names.items() if (folder / name).exists()}
    return Scene.open(model, **files, objects=_objects(folder, model))


def _check_replaceable(folder: Path) -> None:
    """Raise DataError where there is something that is no scene, or files beside a scene's."""
    if not folder.exists():
        return
    names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    if not folder.is_dir() or (names and INDEX not in names):
        raise DataError(f"{folder} is there already and no scene: choose another folder")
    if odd := names - WRITTEN:
        raise DataError(f"{folder} holds {listed(odd)}, which is no part of a scene and would be lost")


def _write_maps(state: State, label: Path, instance: Path) -> None:
    """Write both maps. Ids beyond 16 bits are the four bytes of RGBA pixels, the lowest in red."""
    write_ids(state.label, label, deep=False)
    if state.instance.max() <= LARGEST:
        write_ids(state.instance, instance, deep=True)
    else:
        Image.fromarray(state.instance.astype("<u4")[..., None].view(np.uint8)).save(instance)


def _read_instances(path: Path) -> np.ndarray:
    image, _ = open_image(path)
    return np.array(image).view("<u4")[..., 0] if image.mode == "RGBA" else read_ids(path)


def _written(edit: Mapping, folder: Path, number: int) -> dict[str, Any]:
    """The edit for JSON, its mask as a file."""
    if edit.get(MASK) is None:
        return dict(edit)
    name = f"{MASKS}/{number}.png"
    (folder / MASKS).mkdir(exist_ok=True)
    write_ids(np.asarray(edit[MASK], np.uint8), folder / name, deep=False)
    return {**edit, MASK: name}


def _record(scene: Scene, edits: list) -> Record:
    opening = scene.opening
    return Record(
        format=FORMAT,
        synthkit=__version__,
        run=_run(scene.model),
        sha256=_hashes(scene.model),
        width=opening.width,
        height=opening.height,
        looks=_plain(opening.looks),
        class_looks=_plain(opening.class_looks),
        edits=edits,
        position=scene.position,
    )


def _plain(looks: Mapping[int, Look]) -> dict[str, dict]:
    return {EVERY if key == ALL else str(key): look.plain() for key, look in looks.items()}


def _looks(section: Section) -> dict[int, Look]:
    """What `_plain` wrote. Raises ConfigError and DataError with the place."""
    found = {}
    for key, look in section.items():
        if not (key == EVERY or re.fullmatch("[0-9]{1,10}", key)):
            raise ConfigError(f"{shown(key)} is no id", section.where(key))
        with told(section.where(key)):
            found[ALL if key == EVERY else int(key)] = build.call(Look, look)
    return found


def _run(model: Model) -> str:
    """The name of a shipped model, or the path of a run."""
    folder = run_folder(model.source.path)
    return next((name for name, path in pretrained().items() if path == folder), str(folder))


def _hashes(model: Model) -> dict[str, str]:
    """SHA-256 of the weights that translate, and of the styles where the run has some."""
    weights = "average.safetensors" if model.source.is_averaged else "weights.safetensors"
    manifest = json.loads((model.source.path / MANIFEST).read_text(encoding="utf-8"))
    styles = run_folder(model.source.path) / STYLES
    found = {"weights": manifest[weights]["sha256"]}
    if styles.is_file():
        found["styles"] = hashlib.sha256(styles.read_bytes()).hexdigest()
    return found


def _model(record: Record, index: Path) -> Model:
    try:
        return inference.load(record.run)
    except CheckpointError as error:
        advice = "name another with --run, or give a model"
        raise CheckpointError(
            f"{index}: the model of this scene cannot be loaded: {error}\n{advice}"
        ) from error


def _compare(record: Record, model: Model, folder: Path) -> None:
    """Warn where the scene was made with other files than the model's."""
    found = _hashes(model)
    if odd := [what for what in found | record.sha256 if found.get(what) != record.sha256.get(what)]:
        warnings.warn(
            f"{folder} was made with other {' and '.join(odd)} than {run_folder(model.source.path)} has, "
            f"those of {record.run}: its images may differ",
            SynthkitWarning,
            stacklevel=4,
        )


def _opening(record: Record, folder: Path, model: Model) -> State:
    """The state that a scene was opened in. Raises DataError where its maps do not fit."""
    paths = {"label": contained(folder, LABEL), "instance": contained(folder, INSTANCE)}
    maps = {"label": read_ids(paths["label"]), "instance": _read_instances(paths["instance"])}
    check_sizes({field: (maps[field], str(paths[field])) for field in maps})
    model.read.check_label(maps["label"], str(paths["label"]))
    check_ids(maps["instance"], str(paths["instance"]))
    if (size := maps["label"].shape) != (record.height, record.width):
        raise DataError(
            f"{paths['label']} is {size[1]}x{size[0]}, and {folder / INDEX} says "
            f"{record.width}x{record.height}"
        )
    return State(*maps.values(), _looks(record.looks), _looks(record.class_looks))


def _check_looks(scene: Scene, index: Path) -> None:
    """Raise DataError for styles that the model does not have."""
    opening = scene.opening
    looks = [(opening.instances[each].label, look) for each, look in opening.looks.items()]
    for label, look in (*looks, *opening.class_looks.items()):
        with told(str(index)):
            scene.scenery.check(look, label)


def _objects(folder: Path, model: Model) -> Mapping[str, SceneObject]:
    """The library of the model's run, and what the scene brings, which goes before it."""
    folders = (run_folder(model.source.path), folder)
    return {
        name: each
        for place in folders
        if (place / OBJECTS).exists()
        for name, each in Objects.load(place).items()
    }
