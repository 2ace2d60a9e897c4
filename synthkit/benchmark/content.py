"""What images hold, as hashes: which data were scored, and whether any of them were trained on."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from synthkit.data.files import FileData
from synthkit.data.loader import sequence
from synthkit.data.parallel import Died, each
from synthkit.data.pictures import to_uint8
from synthkit.data.samples import Samples
from synthkit.errors import DataError


class Content(NamedTuple):
    """What samples hold: SHA-256 over names, labels and images, and the size (H, W) of each by name."""

    sha256: str
    sizes: dict[str, tuple[int, int]]


def survey(samples: Samples, count: int) -> Content:
    """The content of the first `count` samples, as their transform makes them."""
    digest, sizes = hashlib.sha256(), {}
    for batch in sequence(samples, 1, indices=range(count)):
        name = batch["name"][0]
        digest.update(name.encode())
        if "label" in batch:
            _take(digest, batch["label"][0, 0].numpy().astype("<i4"))
        _take(digest, to_uint8(batch["image"][0]))
        sizes[name] = tuple(batch["image"].shape[2:])
    return Content(digest.hexdigest(), sizes)


def hash_of_json(content: Any) -> str:
    """SHA-256 of plain data, whatever the order of keys."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def hash_of_files(files: Sequence[Path]) -> str:
    """SHA-256 over the names and the bytes of files."""
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def fingerprints(data: Any) -> Iterator[tuple[str, str]]:
    """The hash of what each sample's photo holds, whatever its file is called or packed, and its name.

    Of a raw data set. One that paints its samples says by `fingerprint(index)` what decides a sample.
    """
    if hasattr(data, "fingerprint"):
        yield from ((data.fingerprint(index), data.stems[index]) for index in range(len(data)))
        return
    if not isinstance(data, FileData):
        raise DataError(f"{type(data).__name__} has no `fingerprint(index)` to tell its samples by")
    hashes = each(lambda stem: _hash(data.read("image", stem)), data.stems)
    for stem, found in zip(data.stems, hashes, strict=True):
        if isinstance(found, Died):
            raise DataError(f"{data.files['image'][stem]} ended the process that read it")
        yield found, stem


def check_apart(scored: Any, trained: Any) -> None:
    """Raise DataError where a photo of the data set `trained` is one of `scored`, by content."""
    known = dict(fingerprints(scored))
    same = [(name, known[found]) for found, name in fingerprints(trained) if found in known]
    if same:
        (name, other), *more = same
        and_more = f", and {len(more)} more" if more else ""
        raise DataError(
            f"the scored split overlaps with the training data: {other!r} of {scored.split!r} is "
            f"{name!r} of {trained.split!r}{and_more}"
        )


def _hash(image: np.ndarray) -> str:
    digest = hashlib.sha256()
    _take(digest, image)
    return digest.hexdigest()


def _take(digest, array: np.ndarray) -> None:
    digest.update(f"{array.shape} {array.dtype.str}".encode())
    digest.update(np.ascontiguousarray(array))
