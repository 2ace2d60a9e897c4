"""A sound data set to be broken, one way for each kind of problem."""

import numpy as np
import pytest
from PIL import Image

from synthkit.config import from_dict
from synthkit.data import open_data
from synthkit.data.check import Severity, check
from synthkit.data.check.kinds import severity
from synthkit.data.check.sample import Needs
from synthkit.data.loader import collate
from synthkit.data.sources import SourceFormat
from synthkit.errors import DataError

FOLDERS = {"label": "{split}_label", "instance": "{split}_inst", "image": "{split}_img"}
SIZE = (12, 16)


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
                self.put(label, root / f"{split}_label" / f"{name}.png")
                self.put(instance, root / f"{split}_inst" / f"{name}.png")
                self.put(self.photo(), root / f"{split}_img" / f"{name}.png")

    @staticmethod
    def put(array, path, mode=None, **options):
        path.parent.mkdir(parents=True, exist_ok=True)
        image = Image.fromarray(array)
        (image.convert(mode) if mode else image).save(path, **options)

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
        self.put(function(array), path)

    def turned(self, photo):
        """Replaces the photo by one that its EXIF data turn by a quarter."""
        exif = Image.Exif()
        exif[0x0112] = 6
        self.put(photo, self.image().with_suffix(".jpg"), exif=exif)
        self.image().unlink()
        return self.image().with_suffix(".jpg")

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

    def find(self, kind, place):
        """The problem is found and its file named, and it stops training if it is an error."""
        report = self.check()
        assert (kind, str(place)) in {(problem.kind, problem.place) for problem in report.problems}
        if severity(kind) == Severity.ERROR:
            assert report.count(Severity.ERROR)
            with pytest.raises(DataError):
                self.train()
        else:
            assert report.count(Severity.ERROR) == 0
            self.train()


@pytest.fixture
def broken(tmp_path):
    return Broken(tmp_path / "data")
