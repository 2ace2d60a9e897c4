"""One sample, read once: what is wrong with it, and what it adds to the split's figures."""

import hashlib
import logging
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from synthkit.data.check.header import Header, misnamed, read_header, refusal_kind
from synthkit.data.check.maps import (
    Finding,
    constant_findings,
    count_ids,
    id_findings,
    instance_findings,
    label_findings,
    shape_findings,
    source_findings,
    span_of,
)
from synthkit.data.edges import drawing
from synthkit.data.files import FileData
from synthkit.data.problems import Problem
from synthkit.data.samples import title
from synthkit.data.transforms import MAPS

COMPARED = ("label", "image")  # fields whose repetition is worth a warning


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What a config's model and training want of the data.

    `fields` are read in training, `classes` and `ignore` are those of the label input, `channels` and `span`
    (lowest and highest value) those of the source input; None leaves them free. The networks pad sizes to
    multiples of `stride`.
    """

    fields: tuple[str, ...]
    classes: int | None = None
    ignore: int | None = None
    channels: int | None = None
    span: tuple[float, float] | None = None
    stride: int = 1
    batch_size: int = 1


@dataclass
class Sighting:
    """What reading one sample showed: small, for it crosses from one process to another.

    `size` is (height, width), None where the fields could not be read or differ; `forms` says how each field
    is saved, `digests` stand for the pixels of COMPARED; `pixels` counts label ids; `span` is of the source's
    values.
    """

    name: str
    places: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    size: tuple[int, int] | None = None
    forms: dict[str, str] = field(default_factory=dict)
    digests: dict[str, bytes] = field(default_factory=dict)
    pixels: dict[int, int] = field(default_factory=dict)
    span: tuple[float, float] | None = None
    has_objects: bool = False

    def add(self, place: str, findings: Iterable[Finding]) -> None:
        """Note findings that concern one place."""
        self.problems += [Problem(kind, place, message) for kind, message in findings]


class Probe:
    """Reads samples of a raw data set; `Probe(data, needs)(index)` is a Sighting. Bad files raise nothing."""

    def __init__(self, data, needs: Needs):
        self.data = data
        self.needs = needs

    def __call__(self, index: int) -> Sighting:
        seen = Sighting(title(self.data, index))
        with _quiet():
            arrays, headers = self._read(index, seen)
        sound = {}
        for key, array in arrays.items():
            array = np.atleast_3d(array) if key == "source" else drawing(array) if key == "edge" else array
            if misshapen := list(shape_findings(array, is_map=key in MAPS)):
                seen.add(seen.places[key], misshapen)
                continue
            sound[key] = array
            seen.forms[key] = _form(array, headers.get(key), is_source=key == "source")
            if key in COMPARED:
                seen.digests[key] = hashlib.blake2b(np.ascontiguousarray(array), digest_size=16).digest()
            seen.add(seen.places[key], self._findings(key, array))
        if "label" in sound:
            seen.pixels = count_ids(sound["label"])
        if "source" in sound:
            seen.span = span_of(sound["source"])
        _compare(sound, headers, seen)
        return seen

    def _read(self, index: int, seen: Sighting) -> tuple[dict[str, np.ndarray], dict[str, Header]]:
        if isinstance(self.data, FileData):
            return self._read_files(self.data.stems[index], seen)
        try:
            sample = self.data[index]
            arrays = {key: np.asarray(sample[key]) for key in self.data.fields}
        except Exception as error:  # of a plugin's data set: any
            seen.add(seen.name, [Finding("unreadable", f"{type(error).__name__}: {error}")])
            return {}, {}
        seen.name = sample.get("name", seen.name)
        seen.places = {key: f"{key} of {seen.name}" for key in self.data.fields}
        seen.places |= dict(sample.get("files", {}))
        return arrays, {}

    def _read_files(self, stem: str, seen: Sighting) -> tuple[dict[str, np.ndarray], dict[str, Header]]:
        arrays, headers = {}, {}
        for key in self.data.fields:
            path = self.data.files[key][stem]
            seen.places[key] = str(path)
            try:
                arrays[key] = self.data.read(key, stem)
            except Exception as error:  # a DataError, or whatever a plugin's reader raises
                kind = refusal_kind(path, key, str(error))
                seen.add(str(path), [Finding(kind, str(error).removeprefix(f"{path}: "))])
                continue
            if header := read_header(path):
                headers[key] = header
                seen.add(str(path), _header_findings(key, path, header))
        return arrays, headers

    def _findings(self, key: str, array: np.ndarray) -> Iterator[Finding]:
        needs = self.needs
        if key == "label":
            yield from label_findings(array, needs.classes, needs.ignore)
        elif key == "instance":
            yield from id_findings(array)
        else:
            yield from constant_findings(array)
        if key == "source":
            yield from source_findings(array, needs.channels, needs.span)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps what decoders say of damaged files off the terminal: the report says it."""
    level = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)


def _form(array: np.ndarray, header: Header | None, *, is_source: bool) -> str:
    """How a field is saved, such as "PNG L"; of sources and without image files also "2 x float32"."""
    numbers = f"{array.shape[2]} x {array.dtype}" if array.ndim == 3 else f"{array.dtype}"
    if header is None:
        return numbers
    return f"{header.format} {header.mode}" + (f", {numbers}" if is_source else "")


def _header_findings(key: str, path: Path, header: Header) -> Iterable[Finding]:
    if misnamed(path, header):
        yield Finding("name and content differ", f"the content is {header.format}")
    if key != "image":
        return
    if header.mode == "CMYK":
        yield Finding("CMYK photo", "4 channels of ink")
    if header.mode in ("LA", "PA", "RGBA"):
        yield Finding("alpha dropped", f"mode {header.mode}")
    if header.orientation != 1:
        yield Finding("turned by EXIF", f"orientation {header.orientation}")


def _compare(arrays: Mapping[str, np.ndarray], headers: Mapping[str, Header], seen: Sighting) -> None:
    """What the fields of one sample say of one another."""
    sizes = {key: array.shape[:2] for key, array in arrays.items()}
    if len(set(sizes.values())) > 1:
        listed = ", ".join(f"{key} {size[1]}x{size[0]}" for key, size in sizes.items())
        seen.add(seen.places[list(sizes)[-1]], [Finding("sizes differ", listed + _turned(sizes, headers))])
        return
    seen.size = next(iter(sizes.values()), None)
    if seen.size and {"label", "instance"} <= sizes.keys():
        label, instance = arrays["label"], arrays["instance"]
        bits = 8 if "instance" in headers and headers["instance"].mode in ("L", "P") else 16
        seen.add(seen.places["instance"], instance_findings(instance, label, bits))
        seen.has_objects = not np.array_equal(label, instance)


def _turned(sizes: Mapping[str, tuple[int, int]], headers: Mapping[str, Header]) -> str:
    """A hint where a photo is turned by its EXIF data, and the maps have the size it is stored in."""
    for key, header in headers.items():
        stored = header.size[::-1]
        if header.is_turned and any(size == stored for other, size in sizes.items() if other != key):
            return f"; the {key} is turned upright by its EXIF orientation and the others are not"
    return ""
