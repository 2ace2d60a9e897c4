"""Objects from annotation files: COCO's JSON, and the polygons that Cityscapes and LabelMe write."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from synthkit.data.instances import Shape
from synthkit.errors import DataError, shown

SHAPES = ("polygon", "rectangle", "circle")  # of LabelMe


class Coco:
    """The objects of a COCO annotation file by picture: polygons, and run lengths plain or compressed.

    Larger objects lie below smaller ones, for COCO keeps no order. A crowd hides what lies below and is no
    object itself. Raises DataError, naming the file, for what is no such file.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        with _reading(self.path):
            content = _load(self.path)
            stems = {image["id"]: Path(image["file_name"]).stem for image in content["images"]}
            if twice := [stem for stem, count in Counter(stems.values()).items() if count > 1]:
                raise ValueError(f"several images have the name {twice[0]}: whose objects are whose?")
            self._found: dict[str, list[dict]] = {stem: [] for stem in stems.values()}
            for note in content["annotations"]:
                kept = {key: note[key] for key in ("segmentation", "iscrowd", "area", "id") if key in note}
                if note["image_id"] not in stems:
                    raise ValueError(
                        f"no image has the image_id {note['image_id']} of annotation {note.get('id')}"
                    )
                self._found[stems[note["image_id"]]].append(kept)

    def __contains__(self, stem: str) -> bool:
        return stem in self._found

    def shapes(self, stem: str, size: tuple[int, int]) -> Iterator[Shape]:
        """The objects of the picture `stem` of `size` (height, width), those that lie on top last."""
        with _reading(self.path, f"area of an annotation of {stem}"):
            notes = sorted(self._found[stem], key=lambda note: -note.get("area", 0))
        for note in notes:
            with _reading(self.path, f"annotation {note.get('id')} of {stem}"):
                mask = _segmentation(note["segmentation"], size)
            yield Shape(mask, counted=not note.get("iscrowd"))


class Polygons:
    """A folder of polygon files, one per picture, as Cityscapes (*_polygons.json) and LabelMe write them.

    The later ones lie on top, as in both tools. In Cityscapes, a group ("cargroup") hides what lies below
    and is no object itself; in LabelMe, shapes with the same label and group_id are one object.
    """

    def __init__(self, files: Mapping[str, Path]):
        self.files = files

    def __contains__(self, stem: str) -> bool:
        return stem in self.files

    def shapes(self, stem: str, size: tuple[int, int]) -> Iterator[Shape]:
        """The objects of the picture `stem` of `size` (height, width), those that lie on top last."""
        path = self.files[stem]
        with _reading(path):
            content = _load(path)
            drawn = content["shapes"] if "shapes" in content else content["objects"]
            own = [content.get(key) for key in ("imageHeight", "imageWidth")]
            own = own if own[0] else [content.get(key) for key in ("imgHeight", "imgWidth")]
            if own[0] and tuple(own) != size:
                raise DataError(f"{path}: drawn on {own[1]}x{own[0]} pixels, the map has {size[1]}x{size[0]}")
            yield from (_labelme if "shapes" in content else _cityscapes)(drawn, size)


def decode_runs(counts: Sequence[int] | str, size: tuple[int, int]) -> np.ndarray:
    """The mask (H, W) bool of COCO's run lengths: of zeros and ones in turn, column by column.

    A string holds them compressed: five bits to a character from "0" on, the sixth bit says that more
    follow, the last fifth bit is the sign; from the fourth run on the difference to the last but one.
    Raises ValueError unless the runs cover `size` (height, width) exactly.
    """
    runs = _decompressed(counts) if isinstance(counts, str) else [int(run) for run in counts]
    if any(run < 0 for run in runs) or sum(runs) != size[0] * size[1]:
        raise ValueError(f"runs of {sum(runs)} pixels for {size[1]}x{size[0]}")
    bits = np.repeat(np.arange(len(runs)) % 2 == 1, runs)
    return bits.reshape(size[1], size[0]).T


def _decompressed(text: str) -> list[int]:
    runs: list[int] = []
    value = shift = 0
    for character in text.encode("latin-1"):
        bits = character - 48
        value |= (bits & 31) << shift
        shift += 5
        if bits & 32:
            continue
        value -= (bits & 16) << (shift - 4)
        runs.append(value + (runs[-2] if len(runs) > 2 else 0))
        value = shift = 0
    return runs


def _segmentation(found: Any, size: tuple[int, int]) -> np.ndarray:
    if isinstance(found, dict):
        if tuple(found["size"]) != size:
            raise ValueError(f"a mask of {shown(found['size'])} for {list(size)} (height, width)")
        return decode_runs(found["counts"], size)
    return _filled([np.reshape(polygon, (-1, 2)) for polygon in found], size)


def _cityscapes(drawn: Sequence[Mapping], size: tuple[int, int]) -> Iterator[Shape]:
    for item in drawn:
        if not item.get("deleted"):
            yield Shape(_filled([item["polygon"]], size), counted=not item["label"].endswith("group"))


def _labelme(drawn: Sequence[Mapping], size: tuple[int, int]) -> Iterator[Shape]:
    grouped = defaultdict(list)
    for number, item in enumerate(drawn):
        group = item.get("group_id")
        grouped[(item["label"], group) if group is not None else number].append(_outline(item))
    for outlines in grouped.values():
        yield Shape(_filled(outlines, size))


def _outline(item: Mapping) -> np.ndarray:
    kind, points = item.get("shape_type", "polygon"), np.asarray(item["points"], float)
    if kind not in SHAPES:
        raise ValueError(f"shape_type {shown(kind)}: must be one of {', '.join(SHAPES)}")
    if kind == "polygon":
        return points
    (left, top), (right, bottom) = points
    if kind == "rectangle":
        return np.array([(left, top), (right, top), (right, bottom), (left, bottom)])
    turn = np.linspace(0, 2 * np.pi, 180, endpoint=False)
    circle = np.stack([np.cos(turn), np.sin(turn)], 1)
    return points[0] + np.hypot(right - left, bottom - top) * circle


def _filled(polygons: Sequence, size: tuple[int, int]) -> np.ndarray:
    """The pixels (H, W) bool inside any of the polygons, each a list of (x, y), their outlines included."""
    canvas = Image.new("1", size[::-1])
    pen = ImageDraw.Draw(canvas)
    for polygon in polygons:
        points = np.asarray(polygon, float)
        if points.ndim != 2 or points.shape[1] != 2 or len(points) < 3 or not np.isfinite(points).all():
            raise ValueError(f"a polygon needs at least three points (x, y), not {shown(polygon)}")
        pen.polygon([tuple(point) for point in points.tolist()], fill=1)
    return np.array(canvas)


def _load(path: Path) -> dict:
    content = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise ValueError(f"it holds {type(content).__name__}, not an object")
    return content


@contextmanager
def _reading(path: Path, part: str = "") -> Iterator[None]:
    """Turns what a malformed file brings about into a DataError that names the file."""
    where = f"{path}: {part}" if part else str(path)
    try:
        yield
    except KeyError as error:
        raise DataError(f"{where}: not as expected: {error} is missing") from error
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise DataError(f"{where}: not as expected: {error}") from error
