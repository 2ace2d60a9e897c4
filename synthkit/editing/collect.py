"""Gathering a library of objects from the scenes of a run's data set."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image
from scipy import ndimage

from synthkit.data.pictures import to_uint8
from synthkit.data.samples import Samples
from synthkit.data.splits import TRAIN, SplitName
from synthkit.editing.objects import Objects, SceneObject
from synthkit.editing.painting import Box, grown
from synthkit.editing.scenery import class_id
from synthkit.editing.variety import varied
from synthkit.errors import ConfigError, DataError, listed
from synthkit.inference import Model
from synthkit.styles.regions import Regions, find_regions
from synthkit.styles.scenes import first_scenes

SMALLEST, LARGEST = 1 / 1000, 1 / 8  # shares of a scene
FILLED = 0.12  # least share of its bounding box that an object has
IN_ONE_PIECE = 0.98  # share of its pixels that are connected
MARGIN = 0.15  # around a thumbnail, as a share of the object's longer side
TALL, LONG = 96, 192  # pixels: the highest thumbnail, and the widest


class Found(NamedTuple):
    """An instance that may become an object: its class, mask (h, w), scene's height, code (F,), picture."""

    label: int
    mask: np.ndarray
    height: int
    code: np.ndarray
    picture: Image.Image


class Gathered(NamedTuple):
    """A library; by class how many instances there were, how many of them are whole, and its name."""

    objects: Objects
    instances: Counter
    whole: Counter
    names: Mapping[int, str]


def open_samples(model: Model, split: SplitName) -> Samples:
    """The samples of a split of the model's data: labels, instances and photos.

    Raises ConfigError for a model that reads no labels, and DataError where the data have no instances.
    """
    if "label" not in model.translator.fields:
        raise ConfigError("objects are of classes, and the model reads no labels")
    return model.samples(split, "instance", "image")


def collect(
    model: Model,
    *,
    split: SplitName = TRAIN,
    scenes: int = 200,
    count: int = 12,
    classes: Sequence[str | int] = (),
    track: Callable[[Iterable, int], Iterable] = lambda batches, total: batches,
) -> Gathered:
    """Up to `count` objects of each class, out of the first `scenes` of a split, as different as may be.

    An object is an instance that touches no border, is in one piece, fills a fair part of its box, and takes
    from a thousandth to an eighth of its scene. `classes`, by name or id, are all by default;
    `track(batches, scenes)` may watch. The same model and data give the same objects. Raises ConfigError and
    DataError as `open_samples` does, DataError for a class that there is not, and where nothing was found.
    """
    samples = open_samples(model, split)
    names = names_of(model, samples)
    wanted = {class_id(names, each) for each in classes} or set(names)
    batches, scenes = first_scenes(samples, scenes)
    instances, found = Counter(), defaultdict(list)
    for batch in track(batches, scenes):
        regions = find_regions(batch)
        instances.update(label for label in regions.labels.tolist() if label in wanted)
        for each in _whole(model, batch, regions, wanted):
            found[each.label].append(each)
    if not found:
        those = listed(names[label] for label in wanted)
        raise DataError(f"no instance is whole in {scenes} scenes of {split}, of {those}")
    chosen = {label: _varied(found[label], count) for label in sorted(found)}
    origin = {"step": model.step, "split": split, "scenes": scenes}
    classes = {label: names[label] for label in chosen}
    objects = Objects(_named(chosen, names), classes, {key: str(value) for key, value in origin.items()})
    whole = Counter({label: len(each) for label, each in found.items()})
    return Gathered(objects, instances, whole, names)


def names_of(model: Model, samples: Samples) -> dict[int, str]:
    """The names of the model's classes by id; the id itself stands for one that has none."""
    known = tuple(getattr(samples.data, "names", ()))
    count = model.translator.inputs["label"].channels
    return {label: known[label] if label < len(known) else f"class {label}" for label in range(count)}


def _whole(model: Model, batch: Mapping, regions: Regions, wanted: Container[int]) -> Iterator[Found]:
    """The instances of the wanted classes that nothing hides or cuts, as far as a mask tells."""
    boxes = ndimage.find_objects(regions.where + 1)
    places = [
        place
        for place, label in enumerate(regions.labels.tolist())
        if label in wanted and SMALLEST <= regions.shares[place] <= LARGEST
    ]
    places = [place for place in places if is_whole(regions.where == place, boxes[place])]
    codes = _codes(model, batch, regions) if places else ()
    image = Image.fromarray(to_uint8(batch["image"][0]))
    for place in places:
        box = boxes[place]
        mask = regions.where[box] == place
        yield Found(
            int(regions.labels[place]), mask, regions.where.shape[0], codes[place], _picture(image, box)
        )


def is_whole(mask: np.ndarray, box: Box) -> bool:
    """Whether a mask (H, W) with this box touches no border, is in one piece and fills a fair part of it."""
    inside = all(side.start > 0 and side.stop < length for side, length in zip(box, mask.shape, strict=True))
    if not inside or mask[box].mean() < FILLED:
        return False
    pieces, _ = ndimage.label(mask[box], np.ones((3, 3)))
    sizes = np.bincount(pieces.ravel())[1:]
    return sizes.max() >= IN_ONE_PIECE * sizes.sum()


def _codes(model: Model, batch: Mapping, regions: Regions) -> np.ndarray:
    """The styles (R, F) of the regions; F is 0 where instances have no styles of their own."""
    if not model.translator.has_encoder or model.translator.has_style_vector:
        return np.zeros((len(regions.ids), 0), np.float32)
    return model.encode(batch, regions).numpy()


def _picture(image: Image.Image, box: Box) -> Image.Image:
    """A crop around a box with a margin, at most TALL pixels high."""
    margin = round(MARGIN * max(side.stop - side.start for side in box))
    rows, columns = grown(box, margin, (image.height, image.width))
    crop = image.crop((columns.start, rows.start, columns.stop, rows.stop))
    crop.thumbnail((LONG, TALL), Image.LANCZOS)
    return crop


def _varied(found: Sequence[Found], count: int) -> list[Found]:
    codes = np.stack([each.code for each in found])
    return [found[place] for place in varied([each.mask for each in found], codes, count)]


def _named(chosen: Mapping[int, Sequence[Found]], names: Mapping[int, str]) -> dict[str, SceneObject]:
    """Objects by a name that is their class's and a number."""
    stems = {label: re.sub(r"[^A-Za-z0-9-]+", "_", names[label])[:40] for label in chosen}
    taken = Counter(stem.casefold() for stem in stems.values())
    objects = {}
    for label, found in chosen.items():
        stem = stems[label] if taken[stems[label].casefold()] == 1 else f"{stems[label]}_{label}"
        for number, each in enumerate(found, 1):
            name, code = f"{stem}_{number:02d}", tuple(each.code.tolist()) or None
            objects[name] = SceneObject(name, label, each.mask, each.height, code, each.picture)
    return objects
