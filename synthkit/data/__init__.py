"""Data sets, and what turns their samples into batches."""

from collections.abc import Sequence

from synthkit.build import arguments, call, need, part, place, without
from synthkit.data import aligned, cityscapes, paired, streets  # noqa: F401  (they register their data sets)
from synthkit.data.problems import refusal
from synthkit.data.samples import Samples
from synthkit.data.sources import SourceFormat
from synthkit.data.splits import CORE_KEYS, TRAIN, SplitName, build_data, validation_split
from synthkit.data.transforms import PairedTransform
from synthkit.registry import DATASETS


def check_settings(section: dict) -> None:
    """Raise ConfigError for what `open_data` would refuse in the config's `data` without a look at files."""
    call(PairedTransform, part(section, "transform"))
    validation_split(section)
    with place(section, "type"):
        dataset = DATASETS.get(need(section, "type"))
    arguments(dataset, without(section, "type", *CORE_KEYS), split=TRAIN)


def open_data(
    section: dict,
    split: SplitName,
    *,
    training: bool,
    fields: Sequence[str],
    optional: Sequence[str] = (),
    classes: int | None,
    ignore: int | None,
    source: SourceFormat | None = None,
    edge=None,
    seed: int,
) -> Samples:
    """The samples of one split, as the config's `data` section describes them.

    Keys:
        type: one of the datasets, whose own keys stand beside it.
        transform: how samples are resized, cropped and flipped; its random parts serve training alone.
        validation: the split that training validates on, val by default, or the share of the training samples
            that is held out for it, such as 0.1.
        instances: computes instance maps from the label maps, for data that have none, such as
            {classes: [car, 9]}; none by default.

    `fields` are needed, `optional` ones taken where the data has them; `classes`, `ignore`, `source`,
    `edge` and `seed` are those of Samples.
    Raises ConfigError with the YAML path for a wrong key or value, DataError for wrong data, which a data
    set that has problems, such as files without a partner, is in its entirety.
    """
    transform = call(PairedTransform, part(section, "transform"))
    data = build_data(section, split)
    if problems := getattr(data, "problems", ()):
        raise refusal(problems)
    chosen = transform if training else transform.validation()
    fields = (*fields, *(field for field in optional if field in data.fields or (field == "edge" and edge)))
    return Samples(
        data, chosen, fields=fields, classes=classes, ignore=ignore, source=source, edge=edge, seed=seed
    )
