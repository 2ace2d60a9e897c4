"""The scenes of a run's data set, as its encoder sees them."""

from collections.abc import Iterator

from synthkit.data.loader import sequence
from synthkit.data.samples import Samples
from synthkit.data.splits import SplitName
from synthkit.errors import ConfigError
from synthkit.inference import SINGLE_STYLE, Model


def open_samples(model: Model, split: SplitName) -> Samples:
    """The samples of a split as `model` reads them, with photos, and instance maps where there are any.

    Raises ConfigError for a model without an encoder, with one that gives an image a single style, or without
    labels, which styles belong to.
    """
    translator = model.translator
    if not translator.has_encoder:
        raise ConfigError("the model has no encoder, so no styles: train one such as streets_128_styles")
    if translator.has_style_vector:
        raise ConfigError(f"the model's encoder {SINGLE_STYLE}")
    if "label" not in translator.fields:
        raise ConfigError("styles are those of classes, and the model reads no labels")
    return model.samples(split)


def first_scenes(samples: Samples, count: int | None = None) -> tuple[Iterator[dict], int]:
    """The first `count` samples, or all, as batches of one, and how many these are."""
    count = len(samples) if count is None else min(count, len(samples))
    return sequence(samples, 1, indices=range(count)), count
