"""Data sets: built for a split, with `fields`, a length, and samples of arrays by field and a `name`."""

import pickle

import numpy as np

from synthkit.data.splits import TRAIN
from synthkit.registry import DATASETS
from synthkit.testing.component import Component, check


@check(DATASETS)
def samples(component: Component) -> None:
    data = component.build(split=TRAIN)
    assert hasattr(data, "fields"), '`fields` says what its samples have, such as ("label", "image")'
    assert len(data) > 0, "the split train is empty: `small` of the contract says where its files are"
    sample = data[0]
    missing = [key for key in (*data.fields, "name") if key not in sample]
    assert not missing, f"a sample has no {', '.join(missing)}, and `fields` are {', '.join(data.fields)}"
    sizes = {field: np.shape(sample[field])[:2] for field in data.fields}
    assert len(set(sizes.values())) == 1, f"the fields of a sample have one height and width, not {sizes}"
    for field in ("label", "instance"):
        if field in sizes:
            ids = sample[field]
            assert ids.ndim == 2 and ids.dtype.kind in "iu", (
                f"{field} holds an id (H, W) for each pixel, integers, not {ids.shape} {ids.dtype}"
            )
    if "image" in sizes:
        image = sample["image"]
        assert image.dtype == np.uint8 and image.shape[2:] == (3,), "an image is (H, W, 3) uint8"


@check(DATASETS)
def workers(component: Component) -> None:
    """Another process gets the same sample of a copy, as the workers that read data do."""
    data = component.build(split=TRAIN)
    first, second = data[0], pickle.loads(pickle.dumps(data))[0]
    for field in data.fields:
        assert np.array_equal(first[field], second[field]), f"{field} of sample 0 is another one in a copy"


@check(DATASETS)
def names(component: Component) -> None:
    """They tell samples apart, and become the names of files."""
    data = component.build(split=TRAIN)
    found = [data[index]["name"] for index in range(min(len(data), 2))]
    assert all(isinstance(name, str) for name in found), f"a sample's name is a text, not {found[0]!r}"
    assert len(set(found)) == len(found), f"two samples have the name {found[0]!r}"
