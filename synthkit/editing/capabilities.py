"""What a model offers to scenes: the classes it draws, the styles it takes, the codes that it finds."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from synthkit.data.instances.computed import Instances
from synthkit.data.pictures import palette_for
from synthkit.editing.scenery import SceneClass
from synthkit.errors import DataError
from synthkit.inference import Model
from synthkit.reading import Picture
from synthkit.registry import DATASETS
from synthkit.styles.regions import Regions, find_regions

MAPS = {"label", "instance"}  # what a scene can give a model


def areas(model: Model, label: Picture) -> np.ndarray:
    """The connected areas of a label map as an instance map. Raises DataError for labels out of range."""
    place = str(label) if isinstance(label, (str, Path)) else "label"
    ids = model.read.read("label", label)
    model.read.check_label(ids, place)
    return Instances()(ids, place)


def classes_of(model: Model) -> tuple[SceneClass, ...]:
    """The classes of a model's labels, as its data set calls and colours them."""
    count = model.translator.inputs["label"].channels
    names, palette = _table(model.config["data"])
    palette = np.resize(palette_for(min(count, 300)), (count, 3)) if palette is None else palette
    styles = model.styles.centres if styles_of(model)[0] == "instance" else {}
    return tuple(
        SceneClass(
            label,
            names[label] if label < len(names) else f"class {label}",
            tuple(int(part) for part in palette[label]) if label < len(palette) else (0, 0, 0),
            len(styles.get(label, ())),
        )
        for label in range(count)
    )


def _table(data: Mapping) -> tuple[Sequence[str], Any]:
    """Names and colours by id, as far as the config's `data` section tells."""
    kind = DATASETS.get(data["type"]) if data.get("type") in DATASETS else None
    if hasattr(kind, "class_table"):
        return kind.class_table(data)
    return data.get("names", ()), data.get("palette")


def check_model(model: Model) -> None:
    """Raise DataError unless labels, and maybe instances, are all that a model reads."""
    fields = set(model.fields)
    if "label" not in fields or not fields <= MAPS:
        raise DataError(
            f"scenes are edited as label maps, and the model of {model.source.path} reads "
            f"{' + '.join(model.fields)}"
        )


def check_encoder(model: Model) -> None:
    """Raise DataError for a model without styles."""
    if not model.translator.has_encoder:
        raise DataError("this model has no encoder, so it takes no styles")


def styles_of(model: Model) -> tuple[str, int]:
    """Scenery's `styles` and `width` of a model."""
    if not model.translator.has_encoder:
        return "none", 0
    width = model.translator.networks["encoder"].out_channels
    return ("image" if model.translator.has_style_vector else "instance"), width


def encoded(model: Model, raw: Mapping[str, np.ndarray]) -> tuple[Regions, list[tuple[float, ...]]]:
    """The instances of a scene, and their codes in its photo."""
    check_encoder(model)
    batch = model.batch(raw)
    regions = find_regions(batch)
    return regions, [numbers(code) for code in model.encode(batch, regions)]


def numbers(code: torch.Tensor) -> tuple[float, ...]:
    """A code as a look holds it."""
    return tuple(code.flatten().tolist())
