"""A contact sheet of a data set, as training sees it."""

from collections.abc import Mapping

import numpy as np
from PIL import Image

from synthkit.data import open_data
from synthkit.data.pictures import (
    MOST_COLOURS,
    drawn_lines,
    label_colours,
    legend,
    palette_for,
    sheet,
    stack,
    to_uint8,
)
from synthkit.data.samples import FIELDS, Samples

COLUMNS = {"label": "label map with boundaries", "source": "source", "edge": "edges", "image": "photo"}


def contact_sheet(section: Mapping, split: str, count: int, **checks) -> tuple[Image.Image, str]:
    """Draw up to `count` samples spread over the split, with a legend of their classes; also a summary.

    `section` is the config's `data`; `checks` are the `classes`, `ignore` and `source` of open_data.
    Raises DataError for the first sample drawn that training would refuse.
    """
    samples = open_data(section, split, training=True, fields=(), optional=FIELDS, seed=0, **checks)
    chosen = np.linspace(0, len(samples) - 1, min(count, len(samples))).round().astype(int)
    drawn = [samples[int(index)] for index in chosen]
    columns = [field for field in COLUMNS if field in samples.fields]
    palette = _palette(samples)
    rows = [[_picture(sample, field, palette) for field in columns] for sample in drawn]
    height, width = drawn[0][samples.fields[0]].shape[1:]
    captions = [sample["name"] for sample in drawn]
    parts = [sheet(rows, [COLUMNS[field] for field in columns], captions)]
    if "label" in columns:
        parts.append(_legend(drawn, samples.data.names, palette, width=parts[0].width))
    summary = f"{split}: {len(samples)} samples of {', '.join(samples.fields)}; the first is {width}x{height}"
    return stack(parts), summary


def _palette(samples: Samples) -> np.ndarray:
    """The data set's colours, or as many as there are classes; beyond MOST_COLOURS they begin again."""
    own = getattr(samples.data, "palette", None)
    if own is not None:
        return own
    count = samples.classes or 255
    return np.resize(palette_for(min(count, MOST_COLOURS)), (count, 3))


def _picture(sample: Mapping, field: str, palette: np.ndarray) -> np.ndarray:
    if field == "edge":
        return drawn_lines(sample["edge"])
    if field != "label":
        return to_uint8(sample[field])
    instance = sample["instance"][0].numpy() if "instance" in sample else None
    return label_colours(sample["label"][0].numpy(), palette, instance)


def _legend(drawn: list[dict], names: tuple[str, ...], palette: np.ndarray, *, width: int) -> Image.Image:
    """The classes that the drawn samples hold, with their shares of pixels."""
    ids = np.concatenate([sample["label"].numpy().ravel() for sample in drawn])
    counts = np.bincount(ids[ids < len(palette)], minlength=len(palette))
    names = [names[index] if index < len(names) else f"class {index}" for index in range(len(palette))]
    return legend(names, palette, counts / ids.size, width=width)
