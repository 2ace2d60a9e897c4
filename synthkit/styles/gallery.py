"""A page of all styles: each class with each of its clusters, on an instance of a held-out scene."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from synthkit.data.pictures import to_uint8
from synthkit.data.samples import Samples
from synthkit.inference import Model
from synthkit.pages import picture_data, write_page
from synthkit.styles.choice import Chooser
from synthkit.styles.regions import Regions, find_regions
from synthkit.styles.scenes import first_scenes

SEARCHED = 50  # held-out scenes in which large instances are looked for
MARGIN = 0.15  # around an instance, as a share of its longer side
LEAST, TALL = 32, 96  # pixels: the shorter side of a crop, and the height of a picture on the page


class Example(NamedTuple):
    """A scene as a batch of one, and the place among its regions of the instance that is looked at."""

    batch: Mapping
    regions: Regions
    place: int

    @property
    def share(self) -> float:
        return self.regions.shares[self.place]


def write_gallery(model: Model, samples: Samples, target: Path) -> Path:
    """Write one self-contained HTML page to `target`; return its path.

    For each class one instance, the largest of the first SEARCHED samples, is drawn in each style of the
    class, while all else keeps its most common one. Raises DataError where the page cannot be written.
    """
    styles = model.styles
    examples = _largest(first_scenes(samples, SEARCHED)[0])
    content = {
        "title": "Styles",
        "run": model.source.path.parent.parent.name,
        "facts": dict(sorted(styles.origin.items())),
        "classes": [
            {
                "name": styles.name(label),
                "label": label,
                "scene": examples[label].batch["name"][0],
                "styles": _pictures(model, examples[label]),
            }
            for label in styles.centres
            if label in examples
        ],
        "absent": [styles.name(label) for label in styles.centres if label not in examples],
        "height": TALL,
    }
    return write_page(target, "styles.html.j2", content)


def _largest(batches: Iterable[Mapping]) -> dict[int, Example]:
    """The largest instance of each class."""
    found: dict[int, Example] = {}
    for batch in batches:
        regions = find_regions(batch)
        for place, label in enumerate(regions.labels.tolist()):
            example = Example(batch, regions, place)
            if label not in found or example.share > found[label].share:
                found[label] = example
    return found


def _pictures(model: Model, example: Example) -> list[dict]:
    """Each style of the example's class: a picture of it, how many instances it had, and their share."""
    regions, place = example.regions, example.place
    label, instance = int(regions.labels[place]), int(regions.ids[place])
    chooser, counts = Chooser(model.styles, regions), model.styles.counts[label].tolist()
    codes = chooser.common()
    edits = (chooser.by_instance(codes, {instance: cluster}) for cluster in range(len(counts)))
    batch = {field: value for field, value in example.batch.items() if field != "name"}
    images = model.render(batch, regions, codes, *edits)[1:]  # as edits, which tell styles apart best
    box = _box(regions.where == place)
    return [
        {
            "count": count,
            "share": count / sum(counts),
            "picture": picture_data(Image.fromarray(to_uint8(image[0].cpu())[box]), TALL),
        }
        for image, count in zip(images, counts, strict=True)
    ]


def _box(mask: np.ndarray) -> tuple[slice, slice]:
    """Rows and columns of a crop around the pixels of a mask (H, W), with a margin, not too narrow."""
    spans = [np.flatnonzero(mask.any(axis)) for axis in (1, 0)]
    starts, ends = [span[0] for span in spans], [span[-1] + 1 for span in spans]
    longer = max(end - start for start, end in zip(starts, ends, strict=True))
    least = max(LEAST, longer // 2)
    return tuple(
        _widened(start, end, max(end - start + 2 * round(MARGIN * longer), least), size)
        for start, end, size in zip(starts, ends, mask.shape, strict=True)
    )


def _widened(start: int, end: int, length: int, size: int) -> slice:
    """A stretch of `length` around start to end, moved and cut to fit into 0 to `size`."""
    length = min(length, size)
    first = min(max((start + end - length) // 2, 0), size - length)
    return slice(first, first + length)
