"""A scene that is edited, and its image."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from synthkit.editing import operations, painting, words
from synthkit.editing.capabilities import (
    areas,
    check_encoder,
    check_model,
    classes_of,
    encoded,
    numbers,
    styles_of,
)
from synthkit.editing.history import History
from synthkit.editing.rendering import Renderer, maps_for, place_of
from synthkit.editing.scenery import Scenery
from synthkit.editing.state import ALL, Look, State
from synthkit.errors import ConfigError, DataError, listed
from synthkit.inference import Model
from synthkit.reading import Picture

if TYPE_CHECKING:
    from synthkit.editing.objects import SceneObject


class Scene:
    """A label and an instance map with styles, the edits made to them, and the model that draws them.

    `open` makes one of maps, `load` of a folder. An edit is one of `synthkit.editing.operations`, as a
    mapping to `apply` or as a call of its own name: `scene.change_label(instance=7002, to="tree")`. It makes
    a new state and leaves the older ones, for `undo`, `redo` and `goto`. The same edits of the same opening
    give the same image, bit for bit.

    Args:
        model: a model that reads labels, and beside them instances or nothing.
        opening: the state before the first edit.
        objects: those that `add_object` finds by name.

    Raises DataError for a model that reads something else.
    """

    def __init__(self, model: Model, opening: State, objects: "Mapping[str, SceneObject] | None" = None):
        check_model(model)
        self.model, self.opening = model, opening
        self.classes = classes_of(model)
        self.scenery = Scenery(opening, self.classes, *styles_of(model), objects or {})
        self.history = History(
            opening, partial(operations.apply, self.scenery), partial(words.describe, self.scenery)
        )
        self.renderer = Renderer(model)

    @classmethod
    def open(
        cls,
        model: Model,
        *,
        label: Picture,
        instance: Picture | None = None,
        photo: Picture | None = None,
        objects: "Mapping[str, SceneObject] | None" = None,
    ) -> "Scene":
        """A scene of a label map and an instance map; without one, connected areas of a label are instances.

        They are read and checked as `Model.translate` does. A `photo` of the scene gives its instances their
        styles; where an image has a single style, a photo of anything.

        Raises DataError for maps of other sizes or out of range, and for a photo where the model takes no
        styles; CheckpointError where it has no fitted styles yet.
        """
        check_model(model)
        vector = model.translator.has_style_vector
        if instance is None and "instance" in model.fields:
            instance = areas(model, label)
        given = {"label": label, "instance": instance, "style_from": None if vector else photo}
        raw = model.read({field: value for field, value in given.items() if value is not None})
        ids = raw["instance"] if "instance" in raw else areas(model, raw["label"])
        looks, class_looks = {}, {}
        if photo is not None and vector:
            class_looks = {ALL: Look(code=numbers(model.style_vector(photo)))}
        elif photo is not None:
            regions, codes = encoded(model, raw)
            looks = {each: Look(code=code) for each, code in zip(regions.ids.tolist(), codes, strict=True)}
        return cls(model, State(raw["label"], ids, looks, class_looks), objects)

    @property
    def state(self) -> State:
        return self.history.state

    @property
    def edits(self) -> Sequence[Mapping[str, Any]]:
        """All edits as plain data, those that are undone included."""
        return tuple(self.history.edits)

    @property
    def texts(self) -> Sequence[str]:
        """What each of the edits does, in words."""
        return tuple(self.history.texts)

    @property
    def position(self) -> int:
        """How many of the edits are done."""
        return self.history.position

    @property
    def objects(self) -> "Mapping[str, SceneObject]":
        return self.scenery.objects

    def apply(self, edit: Mapping[str, Any]) -> State:
        """Do an edit, as plain data. Raises what `operations.apply` does; the scene is as before then."""
        return self.history.add(edit)

    def undo(self) -> State:
        """Step back before the last edit. Raises DataError where there is none."""
        if not self.position:
            raise DataError("there is nothing to undo")
        return self.goto(self.position - 1)

    def redo(self) -> State:
        """Do the edit again that was undone last. Raises DataError where there is none."""
        if self.position == len(self.history.edits):
            raise DataError("there is nothing to redo")
        return self.goto(self.position + 1)

    def goto(self, position: int) -> State:
        """Step to the state after so many edits. Raises DataError where there are fewer."""
        return self.history.goto(position)

    def change_label(self, instance: int, to: str | int) -> State:
        """See `operations.change_label`."""
        return self._do("change_label", instance=instance, to=to)

    def add_object(self, object: str | None = None, **arguments: Any) -> State:
        """See `operations.add_object`."""
        return self._do("add_object", **({} if object is None else {"object": object}), **arguments)

    def remove_object(self, instance: int) -> State:
        """See `operations.remove_object`."""
        return self._do("remove_object", instance=instance)

    def move_object(self, instance: int, **arguments: Any) -> State:
        """See `operations.move_object`."""
        return self._do("move_object", instance=instance, **arguments)

    def stroke(self, points: Sequence[Sequence[float]], **arguments: Any) -> State:
        """See `operations.stroke`."""
        return self._do("stroke", points=points, **arguments)

    def erase(self, points: Sequence[Sequence[float]], width: float) -> State:
        """See `operations.erase`."""
        return self._do("erase", points=points, width=width)

    def fill(self, point: Sequence[float], **arguments: Any) -> State:
        """See `operations.fill`."""
        return self._do("fill", point=point, **arguments)

    def set_style(
        self, instance: int | None = None, *, photo: Picture | None = None, **arguments: Any
    ) -> State:
        """See `operations.set_style`. In place of a `code`, a `photo` of one thing alone gives it."""
        whose = {} if instance is None else {"instance": instance}
        if photo is not None:
            if given := arguments.keys() - {"label"}:
                raise ConfigError(f"photo and {listed(given)} are given: a style is one of them")
            arguments["code"] = list(self.code_of(photo, **whose, label=arguments.get("label")))
        return self._do("set_style", **whose, **arguments)

    def settle(self) -> State:
        """See `operations.settle`."""
        return self._do("settle")

    def code_of(
        self, photo: Picture, *, instance: int | None = None, label: str | int | None = None
    ) -> tuple[float, ...]:
        """The code that an instance, or the largest of a class, has if it looks like a photo of such a thing.

        The photo, a path, a PIL image or (H, W, 3) uint8, is laid into the instance's box in the scene's
        image, and that is encoded: by itself it would lack the surroundings that an encoder's norms compare
        it with. Where an image has a single style, it is the photo's. Raises DataError for a photo that
        cannot be read, and for an instance or a class that is not in the scene, or too small to be seen.
        """
        check_encoder(self.model)
        image = self.model.read.read("style_from", photo)
        if self.scenery.styles == "image":
            return numbers(self.model.style_vector(image))
        if (instance is None) == (label is None):
            raise ConfigError("give either instance or label")
        if label is not None and self.scenery.class_label(label) == ALL:
            raise DataError("a photo of one thing gives no style to all: name an instance or a class")
        state = self.state
        whose = state.largest(self.scenery.label(label)) if instance is None else instance
        mask = state.mask(whose)
        box = painting.box_of(mask)
        laid, size = np.array(self.render()), (box[1].stop - box[1].start, box[0].stop - box[0].start)
        laid[box][mask[box]] = np.asarray(Image.fromarray(image).resize(size))[mask[box]]
        regions, codes = encoded(self.model, {**maps_for(self.model, state), "image": laid})
        return codes[place_of(whose, regions)]

    def render(self, *, preview: bool = False) -> Image.Image:
        """The image of the state, of its size. A preview is drawn at half the size and enlarged."""
        return self.renderer.render(self.state, preview=preview)

    def thumbnail(self, instance: int, look: Look) -> Image.Image:
        """A part of the image about an instance, in another look. Raises as `set_style` does."""
        self.state.mask(instance)
        self.scenery.check(look, self.state.instances[instance].label)
        return self.renderer.thumbnail(self.state, instance, look)

    def save(self, folder: str | Path) -> Path:
        """Write the scene to a folder; see `synthkit.editing.files`."""
        from synthkit.editing import files  # which knows scenes

        return files.save(self, Path(folder))

    @classmethod
    def load(cls, folder: str | Path, model: Model | None = None) -> "Scene":
        """The scene of a folder that `save` wrote, with the model that it names, or another."""
        from synthkit.editing import files

        return files.load(Path(folder), model)

    def _do(self, name: str, **arguments: Any) -> State:
        """Apply an edit, with Python's numbers and lists in place of NumPy's."""
        values = {
            key: value.tolist() if isinstance(value, np.ndarray | np.generic) and key != "mask" else value
            for key, value in arguments.items()
        }
        return self.apply({operations.KEY: name, **values})
