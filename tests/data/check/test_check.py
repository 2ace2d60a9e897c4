"""The check of a whole data set: several faults at once, forged files, figures and fitting settings."""

import os
import signal

import numpy as np
import pytest
from PIL import Image

from synthkit.config import from_dict
from synthkit.data import images
from synthkit.data.check import Severity, check
from synthkit.data.check.kinds import severity
from synthkit.data.check.maps import crossing_instances
from synthkit.data.check.sample import Needs
from synthkit.data.check.settings import fitting_settings
from synthkit.data.streets import Streets
from synthkit.registry import DATASETS

SIZE = (12, 16)


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


def test_one_file_of_each_kind_at_once_stops_nothing(broken):
    broken.image("a").write_bytes(b"")
    broken.label("b").write_text("no image")
    broken.put(broken.photo((3, 4)), broken.image("c"))
    kinds = {kind for kind, _ in listed(broken.check(workers=2))}
    assert {"empty file", "not an image", "sizes differ"} <= kinds


def test_a_photo_turned_by_exif_beside_maps_that_are_not(broken):
    place = broken.turned(broken.photo())
    message = next(p.message for p in broken.check().problems if p.kind == "sizes differ")
    assert "image 12x16" in message
    assert "turned upright by its EXIF orientation" in message
    assert ("turned by EXIF", str(place)) in listed(broken.check())


def test_too_large_is_said_from_the_header(broken, monkeypatch):
    broken.put(broken.photo((40, 40)), broken.image())
    monkeypatch.setattr(images, "MAX_PIXELS", 1599)
    assert ("too large", str(broken.image())) in listed(broken.check())


def test_halves_of_an_odd_width(broken, tmp_path):
    for number, width in enumerate((20, 21)):
        broken.put(broken.photo((8, width)), tmp_path / "train" / f"{number}.png")
    section = from_dict({"data": {"type": "aligned", "root": str(tmp_path)}})["data"]
    report = check(section, ["train"], Needs(fields=("source",), channels=3), workers=0)
    assert listed(report) == {("unreadable", str(tmp_path / "train" / "1.png"))}
    assert "even width" in report.problems[0].message
    assert report.splits[0].sizes == {(8, 10): 1}


@pytest.mark.parametrize("ending", [".png", ".jpg", ".webp", ".tif", ".bmp"])
def test_mutated_files_stop_nothing(tmp_path, ending):
    rng = np.random.default_rng(0)
    image = Image.fromarray(rng.integers(0, 256, (16, 24, 3)).astype(np.uint8))
    for split in ("train_img", "train_source"):
        (tmp_path / split).mkdir()
    for number in range(30):
        for split in ("train_img", "train_source"):
            path = tmp_path / split / f"{number}{ending}"
            image.save(path)
            content = bytearray(path.read_bytes())
            for _ in range(number):
                content[int(rng.integers(len(content) // (1 + number % 3)))] = int(rng.integers(256))
            path.write_bytes(content[: int(rng.integers(1, len(content)))] if number % 7 == 6 else content)
    folders = {"source": "{split}_source", "image": "{split}_img"}
    section = from_dict({"data": {"type": "folders", "root": str(tmp_path), "folders": folders}})["data"]
    report = check(section, ["train"], Needs(fields=("source",), channels=3), workers=0)
    assert report.splits[0].samples == 30
    damaged = {place for kind, place in listed(report) if severity(kind) == Severity.ERROR}
    assert damaged
    assert not damaged & {f"{tmp_path}/{folder}/0{ending}" for folder in ("train_img", "train_source")}


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
        {"name": "without arrays"},
    )
    assert ("unreadable", "sample 4") in found
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


@pytest.mark.parametrize(
    ("array", "line"),
    [
        (np.array([[[48, 4080]] * 4] * 4, np.uint16), "range: [0, 4095]"),
        (np.array([[[0, 40000]] * 4] * 4, np.uint16), "source: {channels: 2}  #"),
        (np.array([[[-1000, 3000]] * 4] * 4, np.int16), "range: [-1000, 3000]"),
    ],
)
def test_the_range_that_fits_a_source_of_16_bits(broken, array, line):
    broken.source(array, span=None)
    for path in broken.root.glob("*_source/*.npy"):
        np.save(path, np.resize(array, (*SIZE, 2)))
    assert line in fitting_settings(broken.check())


def test_a_declared_range_that_holds_all_values_stays(broken):
    broken.source(np.random.default_rng(1).random((*SIZE, 2)).astype(np.float32), span=(-7.0, 9.5))
    assert "source: {channels: 2, range: [-7, 9.5]}" in fitting_settings(broken.check())


def test_many_sizes_fit_as_they_are_where_training_crops(broken):
    """Validation takes whole photos, so that these are padded whatever the transform."""
    for name in "ab":
        label, instance = broken.maps((40, 50))
        broken.put(label, broken.label(name))
        broken.put(instance, broken.instance(name))
        broken.put(broken.photo((40, 50)), broken.image(name))
    broken.needs |= dict(stride=8, batch_size=2)
    text = fitting_settings(broken.check())
    assert "scale_short: 32, crop: [32, 32]" in text
    assert "batch_size" not in text
    broken.data["transform"] = {"scale_short": 32, "crop": [32, 32]}
    assert "data.transform fits as it is" in fitting_settings(broken.check())


def test_names_are_compared_once(broken):
    broken.data["names"] = ["road"]
    assert [problem.kind for problem in broken.check().problems] == ["names do not match"]


@pytest.mark.parametrize("name", ["camvid-256", "coco-stuff-sample"])
def test_real_samples_are_sound(shared_data, name):
    classes, ignore = (12, None) if name == "camvid-256" else (182, 255)
    section = from_dict({"data": {"type": "folders", "root": str(shared_data / name)}})["data"]
    report = check(section, ["val"], Needs(fields=("label",), classes=classes, ignore=ignore))
    assert report.count(Severity.ERROR) == 0
    assert report.splits[0].samples in (101, 8)
