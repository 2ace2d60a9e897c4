"""The model that the editor works with, and the scenes that it offers to open."""

import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from synthkit import build
from synthkit.data.images import read_ids, read_photo
from synthkit.data.pictures import to_uint8
from synthkit.data.samples import Samples, check_ids, check_sizes
from synthkit.data.splits import validation_split
from synthkit.editing import Scene
from synthkit.editing.objects import FOLDER, Objects
from synthkit.errors import DataError, SynthkitError, SynthkitWarning
from synthkit.inference import Model, load
from synthkit.styles.codes import run_folder

BLANK = "blank"
MOST = 8  # scenes of the run's data that are offered
THUMBNAIL = (192, 192)  # pixels that a thumbnail fits in
SIZE = (256, 512)  # of a blank scene where the data do not tell


class Workspace:
    """A model with its library of objects, and the first scenes of its run's validation split.

    Either may be missing: a library that nobody made, data that are not there.
    """

    def __init__(self, model: Model):
        run = run_folder(model.source.path)
        self.model, self.name, self.samples = model, run.name, _samples(model)
        self.objects = Objects.load(run) if (run / FOLDER).exists() else {}
        self.readers = {"label": self._label, "instance": _instance, "photo": read_photo}

    @property
    def names(self) -> list[str]:
        """The offered scenes."""
        return [self.samples.title(index) for index in range(min(MOST, len(self.samples or ())))]

    def open(self, scene: int | str) -> Scene:
        """Scene number `scene`, in the styles of its photo, or a blank one. Raises DataError for others."""
        return self.open_maps(self._blank() if scene == BLANK else self._maps(self._sample(scene)))

    def open_maps(self, maps: Mapping[str, np.ndarray]) -> Scene:
        """The scene of a label map, and maybe an instance map and a photo. Raises what `Scene.open` does."""
        if "label" not in maps:
            raise DataError(f"a label map is needed, and there is {' and '.join(maps) or 'nothing'}")
        if not self.model.translator.has_style_vector:  # which is of any photo
            check_sizes({field: (array, field) for field, array in maps.items()})
        return Scene.open(self.model, **maps, objects=self.objects)

    def thumbnail(self, scene: int) -> Image.Image:
        """A small picture of a scene: its photo. Raises DataError where there is no such scene."""
        picture = Image.fromarray(to_uint8(self._sample(scene)["image"]))
        picture.thumbnail(THUMBNAIL)
        return picture

    def _sample(self, scene: int) -> Mapping:
        if scene not in range(len(self.names)):
            raise DataError(f"scene {scene} is none: there are {len(self.names)}, from 0, and {BLANK!r}")
        return self.samples[scene]

    def _maps(self, sample: Mapping) -> dict[str, np.ndarray]:
        maps = {field: sample[field][0].numpy() for field in ("label", "instance") if field in sample}
        return maps | ({"photo": to_uint8(sample["image"])} if self.model.translator.has_encoder else {})

    def _blank(self) -> dict[str, np.ndarray]:
        """One label all over, of the size that the model learned."""
        size = self.model.config["data"].get("size", SIZE)
        blank = np.zeros(self.samples[0]["label"].shape[1:] if self.samples else size, np.int32)
        return {"label": blank, "instance": blank} if "instance" in self.model.fields else {"label": blank}

    def _label(self, path: Path) -> np.ndarray:
        """A label map as the model's data have them."""
        ids = self.model.read.read("label", path)
        self.model.read.check_label(ids, str(path))
        return ids


def open_workspace(run: str | Path | None, folder: Path | None) -> tuple[Workspace, Scene]:
    """The model of a run, and the scene to begin with: that of a folder, else the first that is offered.

    Without a run the model is that of the scene.
    """
    if folder is None:
        workspace = Workspace(load(run))
        return workspace, workspace.open(0 if workspace.names else BLANK)
    scene = Scene.load(folder, model=run and load(run))
    return Workspace(scene.model), scene


def _instance(path: Path) -> np.ndarray:
    ids = read_ids(path)
    check_ids(ids, str(path))
    return ids


def _samples(model: Model) -> Samples | None:
    """The validation samples as the model reads them; None, with a warning, where they cannot be opened."""
    try:
        return model.samples(validation_split(build.need(model.config, "data")), "image")
    except SynthkitError as error:
        message = f"the run's data cannot be opened, so only a blank scene is offered: {error}"
        warnings.warn(message, SynthkitWarning, stacklevel=2)
        return None
