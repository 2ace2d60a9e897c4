"""Data sets: built for a split, with `fields`, a length, and samples of arrays by field and a `name`."""

import pickle

import numpy as np

from synthkit.data.splits import TRAIN
from synthkit.registry import DATASETS
from synthkit.testing.component import Component, check


@check(DATASETS)
def samples(component: Component) -> None:
    data = component.build(split=TRAIN)
    assert len(data) > 0, "the split train is empty: `small` of the contract says where its files are"
    sample = data[0]
    missing = [key for key in (*data.fields, "name") if key not in sample]
    assert not missing, f"a sample has no {', '.join(missing)}, and `fields` are {', '.join(data.fields)}"
    sizes = {field: np.shape(sample[field])[:2] for field in data.fields}
    assert len(set(sizes.values())) == 1, f"the fields of a sample have one height and width, not {sizes}"
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
