"""One split: what its samples add up to, and what only shows when all of them have been seen."""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from synthkit.data.check.maps import uses_little
from synthkit.data.check.sample import Needs, Sighting
from synthkit.data.files import FileData
from synthkit.data.images import EXTENSIONS
from synthkit.data.problems import Problem
from synthkit.data.samples import lacking
from synthkit.data.transforms import PairedTransform

GREYS = ("1", "L", "LA")


@dataclass
class Split:
    """The figures of a split, which stay small however many samples it has.

    sizes: samples by (height, width). forms: files by how they are saved, by field. pixels, maps: label
    pixels, and label maps, by id. span: of the source's values. seen: where pixels were first met, by field
    and digest.
    """

    name: str
    samples: int = 0
    fields: tuple[str, ...] = ()
    seconds: float = 0.0
    problems: list[Problem] = field(default_factory=list)
    sizes: Counter[tuple[int, int]] = field(default_factory=Counter)
    forms: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    pixels: Counter[int] = field(default_factory=Counter)
    maps: Counter[int] = field(default_factory=Counter)
    span: tuple[float, float] | None = None
    seen: dict[str, dict[bytes, str]] = field(default_factory=lambda: defaultdict(dict))
    examples: dict[tuple, str] = field(default_factory=dict)
    has_objects: bool = False

    def add(self, sighting: Sighting) -> None:
        """Take in one sample, in the order of the data set."""
        self.problems += sighting.problems
        self.pixels.update(sighting.pixels)
        self.maps.update(sighting.pixels.keys())
        self.has_objects |= sighting.has_objects
        if sighting.size:
            self.sizes[sighting.size] += 1
            self.examples.setdefault(("size", sighting.size), sighting.name)
        for key, form in sighting.forms.items():
            self.forms[key][form] += 1
            self.examples.setdefault((key, form), sighting.places[key])
        if sighting.span:
            low, high = self.span or sighting.span
            self.span = min(low, sighting.span[0]), max(high, sighting.span[1])
        self.problems += self._repeats(sighting)

    def _repeats(self, sighting: Sighting) -> Iterator[Problem]:
        place = {key: sighting.places[key] for key in sighting.digests}
        first = {
            key: self.seen[key].setdefault(digest, place[key]) for key, digest in sighting.digests.items()
        }
        is_new = {key: first[key] == place[key] for key in first}
        if not is_new.get("image", True):
            yield Problem("same photo twice", place["image"], f"equals {first['image']}")
        elif not is_new.get("label", True) and len(sighting.pixels) > 1:
            yield Problem("same label map twice", place["label"], f"equals {first['label']}")


def split_problems(split: Split, needs: Needs, transform: PairedTransform) -> Iterator[Problem]:
    """The problems of a whole split, once all its samples are taken in."""
    where = f"split {split.name}"
    if split.samples == 0:
        yield Problem("no samples", where, "it has none that every field has a file for")
        return
    if missing := lacking(needs.fields, split.fields):
        yield Problem("field missing", where, f"no {', '.join(missing)}; it has {', '.join(split.fields)}")
    if split.samples < needs.batch_size:
        message = f"{split.samples} samples for batches of {needs.batch_size}"
        yield Problem("fewer samples than a batch", where, message)
    if "instance" in needs.fields and {"instance", "label"} <= set(split.fields) and not split.has_objects:
        yield Problem("instance maps equal label maps", where, "all of them")
    yield from _mixtures(split)
    yield from _depths(split, needs)
    yield from _sizes(split, needs, transform)


def _mixtures(split: Split) -> Iterator[Problem]:
    for key in ("label", "instance"):
        modes = {form.split()[-1]: form for form in split.forms.get(key, ())}
        if "P" in modes and len(modes) > 1:
            for form in modes.values():
                yield Problem("formats mixed", split.examples[key, form], f"{form}: {split.forms[key][form]}")
    photos = split.forms.get("image", Counter())
    grey = [form for form in photos if form.split()[-1] in GREYS]
    if len(grey) < len(photos):
        for form in grey:
            message = f"{form}: {photos[form]} of {photos.total()} photos"
            yield Problem("grey photo", split.examples["image", form], message)


def _depths(split: Split, needs: Needs) -> Iterator[Problem]:
    """What a source without a declared range says by the depth of its files."""
    kinds = {form.rpartition(" ")[2]: form for form in split.forms.get("source", ())}
    if needs.span is not None or split.span is None:
        return
    if len(kinds) > 1:
        for kind, form in kinds.items():
            message = f"{kind} among {', '.join(kinds)}, each read by its own range of values"
            yield Problem("formats mixed", split.examples["source", form], message)
    low, high = split.span
    if all(uses_little(kind, low, high) for kind in kinds):
        yield Problem(
            "few of the values", f"split {split.name}", f"{low:g} to {high:g} in {', '.join(kinds)}"
        )


def _sizes(split: Split, needs: Needs, transform: PairedTransform) -> Iterator[Problem]:
    after: Counter[tuple[int, int]] = Counter()
    for size, count in split.sizes.items():
        height, width = target = transform.resized(size)
        crop = transform.crop or target
        if crop[0] > height or crop[1] > width:
            message = f"{width}x{height} after resizing, the crop is {crop[1]}x{crop[0]}; so are {count}"
            yield Problem("smaller than the crop", split.examples["size", size], message)
        after[crop] += count
    if len(after) > 1 and needs.batch_size > 1:
        listed = ", ".join(f"{width}x{height}: {count}" for (height, width), count in after.most_common(3))
        message = f"{len(after)} sizes ({listed} …) for batches of {needs.batch_size}"
        yield Problem("sizes vary in a batch", f"split {split.name}", message)
    uneven = {size: n for size, n in after.items() if size[0] % needs.stride or size[1] % needs.stride}
    if uneven:
        (height, width), _ = Counter(uneven).most_common(1)[0]
        message = f"{sum(uneven.values())} samples, such as {width}x{height}; the stride is {needs.stride}"
        yield Problem("padded to the stride", f"split {split.name}", message)


def name_problems(data, classes: int) -> Iterator[Problem]:
    """Names and colours that are not as many as the classes."""
    for key in ("names", "palette"):
        given = getattr(data, key, None)
        count = 0 if given is None else len(given)
        if count and count != classes:
            yield Problem("names do not match", f"data.{key}", f"{count} for {classes} classes")


def listing_problems(data: FileData) -> Iterator[Problem]:
    """What shows in the folders' listings besides the problems that the data set itself lists."""
    folded: dict[str, str] = {}
    for stem in data.stems:
        other = folded.setdefault(unicodedata.normalize("NFKC", stem).casefold(), stem)
        if other != stem:
            path = next(iter(data.files.values()))[stem]
            yield Problem("names differ only in case", str(path), f"{other} and {stem}")
    taken = {path for paths in data.files.values() for path in paths.values()}
    listed = {problem.place for problem in data.problems}
    for folder in sorted({path.parent for path in taken}):
        for path in sorted(islice(folder.iterdir(), 10**6)):
            if path.is_file() and path.name[0] != "." and path not in taken and str(path) not in listed:
                yield Problem("file passed over", str(path), _why(path))


def _why(path: Path) -> str:
    known = path.suffix.lower() in EXTENSIONS
    return "its name does not match" if known else f"its ending is none of {', '.join(EXTENSIONS)}"
