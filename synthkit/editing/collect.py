"""Gathering a library of objects from the scenes of a run's data set."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image
from scipy import ndimage
from sklearn.cluster import KMeans

from synthkit import build
from synthkit.data import open_data
from synthkit.data.pictures import to_uint8
from synthkit.data.samples import Samples
from synthkit.data.splits import TRAIN, SplitName
from synthkit.editing.objects import Objects, SceneObject
from synthkit.errors import ConfigError, DataError, did_you_mean, listed, shown
from synthkit.inference import Model
from synthkit.inputs import sample_checks
from synthkit.styles.regions import Regions, find_regions
from synthkit.styles.scenes import first_scenes

SMALLEST, LARGEST = 1 / 1000, 1 / 8  # shares of a scene
FILLED = 0.12  # least share of its bounding box that an object has
IN_ONE_PIECE = 0.98  # share of its pixels that are connected
MARGIN = 0.15  # around a thumbnail, as a share of the object's longer side
TALL, LONG = 128, 256  # pixels: the highest thumbnail, and the widest
COMMON, NEIGHBOURS = 3 / 4, 5  # share of the objects that are like others, and how many those are
RESTARTS = 10  # of k-means; the best is kept
GRID = 8  # a shape is compared by its mask on so many cells a side


class Found(NamedTuple):
    """An instance that may become an object: its class, mask (h, w), scene's height, code (F,), picture."""

    label: int
    mask: np.ndarray
    height: int
    code: np.ndarray
    picture: Image.Image

    @property
    def shape(self) -> np.ndarray:
        """The shares of a grid's cells that the mask covers, whatever its size."""
        mask = Image.fromarray(self.mask.astype(np.float32))
        return np.asarray(mask.resize((GRID, GRID), Image.BOX)).ravel()


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
    translator = model.translator
    if "label" not in translator.fields:
        raise ConfigError("objects are of classes, and the model reads no labels")
    fields = tuple(dict.fromkeys((*translator.fields, "instance", "image")))
    data = build.need(model.config, "data")
    return open_data(data, split, training=False, fields=fields, seed=0, **sample_checks(translator.inputs))


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
    from a thousandth to an eighth of its scene. Those of a class are clustered by shape, size and style into
    `count` groups, and the one in the middle of each is taken. `classes`, by name or id, are all by default;
    `track(batches, scenes)` may watch. The same model and data give the same objects. Raises ConfigError and
    DataError as `open_samples` does, DataError for a class that there is not, and where nothing was found.
    """
    samples = open_samples(model, split)
    names = names_of(model, samples)
    wanted = {_label(names, each) for each in classes} or set(names)
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
    chosen = {label: [found[label][i] for i in different(found[label], count)] for label in sorted(found)}
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


def _label(names: Mapping[int, str], key: str | int) -> int:
    found = {name: label for label, name in names.items()}.get(key, key)
    if found not in names:
        known = ", ".join(f"{name} ({label})" for label, name in names.items())
        raise DataError(f"class {shown(key)} is none.{did_you_mean(key, names.values())} There are: {known}")
    return found


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


def is_whole(mask: np.ndarray, box: tuple[slice, slice]) -> bool:
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


def _picture(image: Image.Image, box: tuple[slice, slice]) -> Image.Image:
    """A crop around a box with a margin, at most TALL pixels high."""
    rows, columns = box
    margin = round(MARGIN * max(rows.stop - rows.start, columns.stop - columns.start))
    crop = image.crop((
        max(columns.start - margin, 0), max(rows.start - margin, 0),
        min(columns.stop + margin, image.width), min(rows.stop + margin, image.height),
    ))  # fmt: skip
    crop.thumbnail((LONG, TALL), Image.LANCZOS)
    return crop


def different(found: Sequence[Found], count: int) -> list[int]:
    """The places of up to `count` that stand for all: one of each of so many clusters, largest first.

    Shapes that hardly any other has are left out: mostly something else hides a part of them. Of the half of
    a cluster that is nearest to its centre, the largest object is taken, for its detail.
    """
    shapes = np.stack([each.shape for each in found])
    pixels = np.array([each.mask.sum() / each.height**2 for each in found])
    codes = np.stack([each.code for each in found])
    common = _common(shapes)
    traits = (shapes, np.log(pixels)[:, None], codes)
    points = np.concatenate([_balanced(each[common]) for each in traits], 1)
    count = min(count, len(np.unique(points, axis=0)))
    means = KMeans(count, n_init=RESTARTS, random_state=0).fit(points)
    order = np.lexsort((range(count), -np.bincount(means.labels_, minlength=count)))
    return [int(common[_largest_near(means, points, pixels[common], cluster)]) for cluster in order]


def _common(shapes: np.ndarray) -> np.ndarray:
    """The places of the shapes (n, d) that are most like others, in order."""
    distances = np.sort(np.linalg.norm(shapes[:, None] - shapes, axis=2), 1)
    apart = distances[:, 1 : 1 + NEIGHBOURS].sum(1)
    return np.flatnonzero(apart <= np.quantile(apart, COMMON))


def _largest_near(means: KMeans, points: np.ndarray, pixels: np.ndarray, cluster: int) -> int:
    members = np.flatnonzero(means.labels_ == cluster)
    distances = np.linalg.norm(points[members] - means.cluster_centers_[cluster], axis=1)
    near = members[distances <= np.median(distances)]
    return near[pixels[near].argmax()]


def _balanced(values: np.ndarray) -> np.ndarray:
    """Values (n, d) around 0 and of variance 1 in all, so that no kind of trait outweighs another."""
    values = values.astype(np.float64) - values.mean(0)
    return values / (np.sqrt((values**2).sum(1).mean()) or 1)


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
