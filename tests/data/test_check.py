"""One broken data set for each kind of problem; the clean one that it is made of has none."""

import os
import signal

import numpy as np
import pytest
from PIL import Image

from synthkit.config import from_dict
from synthkit.data import images, open_data
from synthkit.data.check import Severity, check
from synthkit.data.check.kinds import ERRORS, WARNINGS, severity
from synthkit.data.check.maps import crossing_instances
from synthkit.data.check.sample import Needs
from synthkit.data.check.settings import fitting_settings
from synthkit.data.loader import collate
from synthkit.data.sources import SourceFormat
from synthkit.data.streets import Streets
from synthkit.errors import DataError
from synthkit.registry import DATASETS

FOLDERS = {"label": "{split}_label", "instance": "{split}_inst", "image": "{split}_img"}
SIZE = (12, 16)


def put(array, path, mode=None, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(array)
    (image.convert(mode) if mode else image).save(path, **options)


class Broken:
    """A sound data set of three training and two validation samples, to be broken, and its config."""

    def __init__(self, root):
        self.root = root
        self.data = {"type": "folders", "root": str(root), "names": ["road", "car", "sky"]}
        self.needs = dict(fields=("label", "instance"), classes=3)
        self.rng = np.random.default_rng(0)
        for split, names in (("train", "abc"), ("val", "de")):
            for name in names:
                label, instance = self.maps()
                put(label, root / f"{split}_label" / f"{name}.png")
                put(instance, root / f"{split}_inst" / f"{name}.png")
                put(self.photo(), root / f"{split}_img" / f"{name}.png")

    def photo(self, size=SIZE):
        return self.rng.integers(0, 256, (*size, 3)).astype(np.uint8)

    def maps(self, size=SIZE):
        label = self.rng.integers(0, 3, size).astype(np.uint8)
        columns = np.arange(size[1]) // 4
        return label, np.where(label == 1, 1000 + columns, label).astype(np.uint16)

    def label(self, name="b"):
        return self.root / "train_label" / f"{name}.png"

    def instance(self, name="b"):
        return self.root / "train_inst" / f"{name}.png"

    def image(self, name="b", split="train"):
        return self.root / f"{split}_img" / f"{name}.png"

    def change(self, path, function):
        array = np.array(Image.open(path))
        put(function(array), path)

    def source(self, array, **needs):
        """The data set with .npy sources, of which `array` is one."""
        self.data["folders"] = FOLDERS | {"source": "{split}_source"}
        self.needs |= dict(fields=("label", "instance", "source"), channels=2, span=(0.0, 1.0)) | needs
        for split, names in (("train", "abc"), ("val", "de")):
            (self.root / f"{split}_source").mkdir()
            for name in names:
                clean = self.rng.random((*SIZE, 2)).astype(np.float32)
                np.save(self.root / f"{split}_source" / f"{name}.npy", array if name == "b" else clean)
        return self.root / "train_source" / "b.npy"

    def check(self, workers=0, splits=("train", "val")):
        section = from_dict({"data": self.data})["data"]
        return check(section, splits, Needs(**self.needs), workers=workers)

    def train(self):
        """Read all samples as training and validation do: raises what would stop them."""
        section = from_dict({"data": self.data})["data"]
        needs = {key: self.needs.get(key) for key in ("classes", "ignore")}
        source = SourceFormat(self.needs.get("channels"), self.needs.get("span"))
        fields = self.needs["fields"]
        size = self.needs.get("batch_size", 1)
        for split, more in (("train", ("image",)), ("val", ())):
            options = dict(training=bool(more), optional=("image",), source=source, seed=0, **needs)
            samples = open_data(section, split, fields=(*fields, *more), **options)
            read = [samples[index] for index in range(len(samples))]
            for first in range(0, len(read), size if more else 1):
                collate(read[first : first + (size if more else 1)])


BREAKS = {}


def breaks(kind):
    """Registers a function that breaks a clean data set and returns the place that the problem must name."""

    def register(function):
        BREAKS.setdefault(kind, []).append(function)
        return function

    return register


@breaks("no data")
def _(broken):
    for folder in broken.root.glob("val_*"):
        folder.rename(broken.root / f"old_{folder.name}")
    return "split val"


@breaks("no samples")
def _(broken):
    for name in "abc":
        broken.label(name).rename(broken.label(f"{name}2"))
    return "split train"


@breaks("no files")
def _(broken):
    for name in "abc":
        broken.image(name).unlink()
    return broken.image().parent


@breaks("no partner")
def _(broken):
    broken.instance("c").unlink()
    return broken.label("c")


@breaks("no suffix")
def _(broken):
    broken.data["suffixes"] = {"label": "_ids"}
    for path in [*broken.root.glob("*_label/*")][1:]:
        path.rename(path.with_stem(f"{path.stem}_ids"))
    return next(path for path in broken.root.glob("*_label/*") if not path.stem.endswith("_ids"))


@breaks("two files of one stem")
def _(broken):
    put(broken.photo(), broken.image().with_suffix(".webp"))
    return broken.image().with_suffix(".webp")


@breaks("field missing")
def _(broken):
    broken.needs["fields"] = ("label", "instance", "source")
    return "split train"


@breaks("file is gone")
def _(broken):
    broken.image().rename(broken.root / "elsewhere.png")
    broken.image().symlink_to("nowhere.png")
    return broken.image()


@breaks("empty file")
def _(broken):
    broken.image().write_bytes(b"")
    return broken.image()


@breaks("not an image")
def _(broken):
    broken.image().write_text("<html>404</html>")
    return broken.image()


@breaks("damaged file")
def _(broken):
    broken.image().write_bytes(broken.image().read_bytes()[:300])
    return broken.image()


@breaks("map saved as JPEG")
def _(broken):
    put(broken.maps()[0], broken.label().with_suffix(".jpg"))
    broken.label().with_suffix(".jpg").rename(broken.label())
    return broken.label()


@breaks("map in colour")
def _(broken):
    put(broken.photo(), broken.label())
    return broken.label()


@breaks("not in the table")
def _(broken):
    broken.data["labels"] = {"colours": [[0, 0, 0], [1, 1, 1], [2, 2, 2]]}
    broken.change(broken.label(), lambda label: np.where(label == 2, 7, label).astype(np.uint8))
    return broken.label()


@breaks("depth of photo")
def _(broken):
    put(broken.maps()[1], broken.image())
    return broken.image()


@breaks("unreadable")
def _(broken):
    return broken.source(np.zeros((3, *SIZE, 2), np.float32))


@breaks("sizes differ")
def _(broken):
    put(broken.photo((16, 12)), broken.image())
    return broken.image()


@breaks("label out of range")
def _(broken):
    def change(label):
        label[2:4, 5] = 3, 9
        return label

    broken.change(broken.label(), change)
    return broken.label()


@breaks("255 not declared")
def _(broken):
    broken.change(broken.label(), lambda label: np.where(label == 2, 255, label).astype(np.uint8))
    return broken.label()


@breaks("channel count")
def _(broken):
    return broken.source(np.linspace(0, 1, 3 * 192, dtype=np.float32).reshape(*SIZE, 3))


@breaks("values not finite")
def _(broken):
    array = broken.rng.random((*SIZE, 2)).astype(np.float32)
    array[3, 4, 1] = np.nan
    return broken.source(array)


@breaks("values out of range")
def _(broken):
    return broken.source(2 * broken.rng.random((*SIZE, 2)).astype(np.float32))


@breaks("range missing")
def _(broken):
    return broken.source(broken.rng.random((*SIZE, 2)).astype(np.float32), span=None)


@breaks("smaller than the crop")
def _(broken):
    broken.data["transform"] = {"crop": [10, 17]}
    return "a"


@breaks("sizes vary in a batch")
def _(broken):
    broken.needs["batch_size"] = 2
    for array, path in zip(broken.maps((8, 16)), (broken.label(), broken.instance()), strict=True):
        put(array, path)
    put(broken.photo((8, 16)), broken.image())
    return "split train"


@breaks("constant image")
def _(broken):
    broken.change(broken.image(), lambda photo: np.full_like(photo, 7))
    return broken.image()


@breaks("constant label map")
def _(broken):
    broken.change(broken.label(), np.ones_like)
    return broken.label()


@breaks("grey photo")
def _(broken):
    put(broken.photo(), broken.image(), "L")
    return broken.image()


@breaks("CMYK photo")
def _(broken):
    put(broken.photo(), broken.image().with_suffix(".jpg"), "CMYK")
    broken.image().unlink()
    return broken.image().with_suffix(".jpg")


@breaks("alpha dropped")
def _(broken):
    put(broken.photo(), broken.image(), "RGBA")
    return broken.image()


def turned(broken, photo):
    exif = Image.Exif()
    exif[0x0112] = 6
    put(photo, broken.image().with_suffix(".jpg"), exif=exif)
    broken.image().unlink()
    return broken.image().with_suffix(".jpg")


@breaks("turned by EXIF")
def _(broken):
    return turned(broken, broken.photo(SIZE[::-1]))


@breaks("name and content differ")
def _(broken):
    put(broken.photo(), broken.image().with_suffix(".webp"))
    broken.image().with_suffix(".webp").rename(broken.image())
    return broken.image()


@breaks("formats mixed")
def _(broken):
    image = Image.open(broken.label())
    image.putpalette([0, 0, 0, 90, 90, 90, 200, 0, 0])
    image.save(broken.label())
    return broken.label()


@breaks("file passed over")
def _(broken):
    (broken.root / "train_img" / "b.gif").write_bytes(b"GIF89a")
    return broken.root / "train_img" / "b.gif"


@breaks("names differ only in case")
def _(broken):
    for path, array in zip((broken.label("B"), broken.instance("B")), broken.maps(), strict=True):
        put(array, path)
    put(broken.photo(), broken.image("B"))
    return broken.label()


@breaks("clipped instance ids")
def _(broken):
    broken.change(broken.instance(), lambda ids: ids.clip(max=255).astype(np.uint8))
    return broken.instance()


@breaks("instance over several classes")
def _(broken):
    broken.change(broken.instance(), lambda ids: np.where(ids == 2, 1000, ids).astype(np.uint16))
    return broken.instance()


@breaks("instance maps equal label maps")
def _(broken):
    for name in "abc":
        put(np.array(Image.open(broken.label(name))), broken.instance(name))
    return "split train"


@breaks("same photo twice")
def _(broken):
    Image.open(broken.image("a")).save(broken.image("b"), compress_level=0)
    return broken.image("b")


@breaks("same label map twice")
def _(broken):
    for path in (broken.label, broken.instance):
        Image.open(path("a")).save(path("b"))
    return broken.label("b")


@breaks("photo in two splits")
def _(broken):
    Image.open(broken.image("a")).save(broken.image("d", "val"))
    return broken.image("d", "val")


@breaks("class never seen")
def _(broken):
    broken.needs["classes"] = 4
    broken.data["names"] = []
    return "split train"


@breaks("class only in validation")
def _(broken):
    for name in "abc":
        for path in (broken.label(name), broken.instance(name)):
            broken.change(path, lambda ids: np.where(ids == 2, 0, ids).astype(ids.dtype))
    return "split val"


@breaks("names do not match")
def _(broken):
    broken.data["names"] = ["road", "car"]
    return "data.names"


@breaks("fewer samples than a batch")
def _(broken):
    broken.needs["batch_size"] = 4
    return "split train"


@breaks("no photos")
def _(broken):
    for path in (broken.root / "val_img").iterdir():
        path.unlink()
    (broken.root / "val_img").rmdir()
    return "split val"


@breaks("padded to the stride")
def _(broken):
    broken.needs["stride"] = 8
    return "split train"


@pytest.fixture
def broken(tmp_path):
    return Broken(tmp_path / "data")


def listed(report):
    return {(problem.kind, problem.place) for problem in report.problems}


def test_the_clean_data_set_has_no_problem(broken):
    report = broken.check()
    assert report.problems == []
    assert [split.samples for split in report.splits] == [3, 2]
    broken.train()


def test_the_clean_sources_have_no_problem(broken):
    broken.source(np.random.default_rng(1).random((*SIZE, 2)).astype(np.float32))
    assert broken.check().problems == []
    broken.train()


@pytest.mark.parametrize("kind", BREAKS)
def test_each_kind_is_found_and_the_file_named(broken, kind):
    (break_it,) = BREAKS[kind]
    place = break_it(broken)
    report = broken.check()
    assert (kind, str(place)) in listed(report)
    if severity(kind) == Severity.ERROR:
        assert report.count(Severity.ERROR)
        with pytest.raises(DataError):
            broken.train()
    else:
        assert report.count(Severity.ERROR) == 0
        broken.train()


def test_every_kind_is_tried():
    apart = {"no permission", "too large", "reader died", "id out of range", "shape"}  # in tests of their own
    assert set(BREAKS) | apart == set(ERRORS) | set(WARNINGS)
    assert not set(ERRORS) & set(WARNINGS)
    assert len(BREAKS) >= 40


def test_one_file_of_each_kind_at_once_stops_nothing(broken):
    broken.image("a").write_bytes(b"")
    broken.label("b").write_text("no image")
    put(broken.photo((3, 4)), broken.image("c"))
    kinds = {kind for kind, _ in listed(broken.check(workers=2))}
    assert {"empty file", "not an image", "sizes differ"} <= kinds


def test_pixel_value_and_count_of_labels_out_of_range(broken):
    BREAKS["label out of range"][0](broken)
    (problem,) = broken.check().problems
    assert problem.message == "3 at x=5, y=2 and at 1 more: ids 3, 9; allowed are 0 to 2"


def test_a_photo_turned_by_exif_beside_maps_that_are_not(broken):
    place = turned(broken, broken.photo())
    message = next(p.message for p in broken.check().problems if p.kind == "sizes differ")
    assert "image 12x16" in message
    assert "turned upright by its EXIF orientation" in message
    assert ("turned by EXIF", str(place)) in listed(broken.check())


def test_too_large_is_said_from_the_header(broken, monkeypatch):
    put(broken.photo((40, 40)), broken.image())
    monkeypatch.setattr(images, "MAX_PIXELS", 1599)
    assert ("too large", str(broken.image())) in listed(broken.check())


def test_no_permission(broken, monkeypatch):
    path = broken.image()
    path.write_text("root may read anything, so the answer is forged")
    monkeypatch.setattr(os, "access", lambda at, mode: at != path)
    assert ("no permission", str(path)) in listed(broken.check())


class Plain:
    """A data set without files, as a plugin may have it."""

    fields = ("label", "instance", "image")

    def __init__(self, *samples):
        self.samples = samples

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, index):
        if callable(self.samples[index]):
            self.samples[index]()
        return self.samples[index]


def sample(name, **changed):
    rng = np.random.default_rng(len(name))
    fields = dict(
        label=rng.integers(0, 3, SIZE).astype(np.uint8),
        instance=rng.integers(1000, 1004, SIZE).astype(np.int32),
        image=rng.integers(0, 256, (*SIZE, 3)).astype(np.uint8),
    )
    return fields | {"name": name} | changed


def check_plain(*samples, workers=0):
    register = DATASETS.register_module("user/plain", force=True)
    register(type("Data", (Plain,), {"__init__": lambda self, split: Plain.__init__(self, *samples)}))
    section = from_dict({"data": {"type": "user/plain"}})["data"]
    needs = Needs(fields=("label", "instance"), classes=3)
    return listed(check(section, ["train"], needs, workers=workers))


def test_data_sets_without_files():
    negative = np.full(SIZE, -1)
    found = check_plain(
        sample("a"),
        sample("bb", instance=negative),
        sample("ccc", label=np.zeros(SIZE, np.float32)),
        lambda: 1 / 0,
    )
    assert ("id out of range", "instance of bb") in found
    assert ("shape", "label of ccc") in found
    assert ("unreadable", "sample 3") in found


def test_a_reader_that_kills_its_process_is_named_and_the_rest_is_read():
    found = check_plain(
        sample("a"), lambda: os.kill(os.getpid(), signal.SIGKILL), sample("bb", image="no"), workers=2
    )
    assert ("reader died", "sample 1") in found
    assert ("shape", "image of bb") in found


def test_crossing_instances_agree_with_a_loop():
    rng = np.random.default_rng(5)
    label = rng.integers(0, 3, (30, 40))
    instance = 1000 + np.arange(40)[None] // 4 + np.zeros((30, 1), int)
    label[:, :12] = 1
    label[0, 0] = 2  # one pixel of 120 is not enough
    expected = []
    for number in np.unique(instance):
        counts = np.unique(label[instance == number], return_counts=True)[1]
        if counts.max() < 0.95 * counts.sum():
            expected.append(int(number))
    assert crossing_instances(instance, label) == expected == list(range(1003, 1010))
    assert crossing_instances(instance + 2**40, label) == [number + 2**40 for number in expected]


def test_figures_of_streets_and_workers_agree():
    section = from_dict({"data": {"type": "streets", "size": [32, 64], "count": 6}})["data"]
    needs = Needs(fields=("label", "instance"), classes=12)
    reports = [check(section, ["train", "val"], needs, workers=workers) for workers in (0, 2)]
    first, second = (report.splits[0] for report in reports)
    labels = np.stack(
        [scene["label"] for scene in map(Streets("train", size=(32, 64), count=6).__getitem__, range(6))]
    )
    values, counts = np.unique(labels, return_counts=True)
    assert first.pixels == second.pixels == dict(zip(values.tolist(), counts.tolist(), strict=True))
    assert first.maps == {int(value): int((labels == value).any((1, 2)).sum()) for value in values}
    assert first.sizes == {(32, 64): 6}
    assert reports[0].problems == reports[1].problems


def test_settings_that_fit_are_a_config_that_trains(broken):
    broken.needs |= dict(classes=2, stride=8)
    broken.change(broken.label(), lambda label: np.where(label == 0, 255, label).astype(np.uint8))
    text = fitting_settings(broken.check())
    assert "label: {classes: 3, ignore: 255}" in text
    assert "boundary: {}" in text
    assert "resize: [32, 32]" in text
    broken.needs |= dict(classes=3, ignore=255, stride=1)
    assert broken.check().count(Severity.ERROR) == 0


@pytest.mark.parametrize("name", ["camvid-256", "coco-stuff-sample"])
def test_real_samples_are_sound(shared_data, name):
    classes, ignore = (12, None) if name == "camvid-256" else (182, 255)
    section = from_dict({"data": {"type": "folders", "root": str(shared_data / name)}})["data"]
    report = check(section, ["val"], Needs(fields=("label",), classes=classes, ignore=ignore))
    assert report.count(Severity.ERROR) == 0
    assert report.splits[0].samples in (101, 8)
