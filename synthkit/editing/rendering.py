"""Images of a scene's states."""

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from math import ceil, sqrt
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from synthkit.editing.painting import Box, box_of, grown
from synthkit.editing.state import ALL, Look, State
from synthkit.errors import DataError, SynthkitError
from synthkit.inference import Model, picture
from synthkit.nn.norms import Statistics, held_statistics
from synthkit.styles.choice import SAMPLE, Chooser, draw_vector
from synthkit.styles.regions import Regions, find_regions

PREVIEW = 2  # a preview is drawn from every second row and column
MARGIN = 0.2  # around an instance in a thumbnail, as a share of its longer side, and 16 pixels at least
CONTEXT = 32  # pixels about a thumbnail that the network sees, too
THUMBNAIL = 2**16  # pixels up to which a thumbnail is drawn as fine as the scene
KEPT = 8  # anchors whose statistics are remembered


class CancelledError(SynthkitError):
    """A rendering was given up."""


class View(NamedTuple):
    """A state as the model reads it: a batch of one, its instances, its style (1, F, H, W) or (1, F)."""

    batch: Mapping[str, Tensor]
    regions: Regions
    style: Tensor | None

    @property
    def shape(self) -> tuple[int, int]:
        return self.regions.where.shape

    def part(self, box: Box) -> dict[str, Tensor]:
        """The batch of a part of the scene, with its style; slices with a step make it smaller."""
        batch = dict(self.batch) if self.style is None else {**self.batch, "style": self.style}
        return {field: value[..., *box] if value.ndim == 4 else value for field, value in batch.items()}


class Renderer:
    """Draws states with a model, which belongs to it meanwhile: one thread at a time.

    A state with an anchor is drawn with the statistics that the instance norms had at the anchor, so that an
    edit changes what lies about it, and nothing far away.
    """

    def __init__(self, model: Model):
        self.model = model
        self._statistics: OrderedDict[tuple[State, int], Statistics] = OrderedDict()

    def render(
        self, state: State, *, preview: bool = False, cancelled: Callable[[], bool] = lambda: False
    ) -> Image.Image:
        """The image of a state, of its size. A preview has half the rows and columns, enlarged.

        Raises CancelledError soon after `cancelled()` turns true.
        """
        with _stoppable(self._generator, cancelled):
            step = PREVIEW if preview else 1
            image = self._draw(self._view(state), state, step)
        return picture(image[0], (state.width, state.height))

    def thumbnail(self, state: State, instance: int, look: Look) -> Image.Image:
        """A part of the scene about an instance, drawn in another look.

        Raises DataError where the scene has no such instance, or none that the model sees.
        """
        state.mask(instance)
        view = self._view(replace(state, looks={**state.looks, instance: look}))
        box = _about(view.regions.where == place_of(instance, view.regions))
        step = ceil(sqrt(_pixels(box) / THUMBNAIL))
        drawn = self._with_context(box, step, view.shape)
        image = self._draw(view, replace(state, anchor=state.anchor or state), step, drawn)
        rows, columns = (
            slice((inner.start - outer.start) // step, -((outer.start - inner.stop) // step))
            for inner, outer in zip(box, drawn, strict=True)
        )
        cut = image[0, :, rows, columns]
        return picture(cut, cut.shape[:0:-1])

    @property
    def _generator(self) -> nn.Module:
        return self.model.translator.networks["generator"]

    def _with_context(self, box: Box, step: int, shape: Sequence[int]) -> Box:
        """The box with some of what is around it, and in step with the network's strides."""
        stride = self.model.translator.stride * step
        wider = grown(box, CONTEXT * step, shape)
        return tuple(slice(side.start // stride * stride, side.stop) for side in wider)

    def _draw(self, view: View, state: State, step: int, box: Box | None = None) -> Tensor:
        """The image (1, 3, h, w) of each `step`th row and column of a view, or of a part of it."""
        anchor = state.anchor or state
        if state.anchor and (anchor, step) not in self._statistics:
            self._draw(self._view(anchor), anchor, step)
        box = box or tuple(slice(0, side) for side in view.shape)
        part = view.part(tuple(slice(side.start, side.stop, step) for side in box))
        held = self._statistics.get((anchor, step)) if state.anchor else None
        with held_statistics(self._generator, held) as statistics:
            image = self.model.fakes(part)
        self._remember((anchor, step), statistics)
        return image

    def _remember(self, key: tuple[State, int], statistics: Statistics) -> None:
        self._statistics[key] = statistics
        self._statistics.move_to_end(key)
        if len(self._statistics) > KEPT:
            self._statistics.popitem(last=False)

    def _view(self, state: State) -> View:
        batch = self.model.batch(maps_for(self.model, state))
        regions = find_regions(batch)
        return View(batch, regions, self._style(state, regions))

    def _style(self, state: State, regions: Regions) -> Tensor | None:
        """The style of a state: for each instance its look, else that of its class, else the most common."""
        translator = self.model.translator
        if translator.has_style_vector:
            return self._vector(state.class_looks.get(ALL, Look(seed=0)))
        return regions.scatter(self._codes(state, regions)) if translator.has_encoder else None

    def _vector(self, look: Look) -> Tensor:
        width = self.model.translator.networks["encoder"].out_channels
        return draw_vector(width, look.seed) if look.code is None else torch.tensor([look.code])

    def _codes(self, state: State, regions: Regions) -> Tensor:
        """The codes (R, F) of a scene's instances."""
        styles, drawn = self.model.styles, defaultdict(dict)
        labels = np.array([state.instances[each].label for each in regions.ids.tolist()])
        regions = regions._replace(labels=labels)  # whatever a resize made of small ones
        codes = Chooser(styles, regions).common()
        for place, (instance, label) in enumerate(zip(regions.ids.tolist(), labels.tolist(), strict=True)):
            look = state.looks.get(instance) or state.class_looks.get(label) or state.class_looks.get(ALL)
            if look is None:
                continue
            if look.code is not None:
                codes[place] = torch.tensor(look.code)
            elif look.cluster is not None:
                codes[place] = styles.centres[label][look.cluster]
            elif label in styles.centres:
                drawn[look.seed][instance] = SAMPLE
        for seed, picks in drawn.items():
            codes = Chooser(styles, regions, seed).by_instance(codes, picks)
        return codes


def maps_for(model: Model, state: State) -> dict[str, np.ndarray]:
    """What a model reads of a state, checked."""
    maps = {"label": state.label, "instance": state.instance}
    taken = {*model.translator.fields, *model.translator.optional_fields}
    return model.read({field: array for field, array in maps.items() if field in taken})


def place_of(instance: int, regions: Regions) -> int:
    """The place of an instance among the regions. Raises DataError for one that a resize has lost."""
    if instance not in regions.ids:
        raise DataError(f"instance {instance} is too small to be seen at the size the model works at")
    return int(np.searchsorted(regions.ids, instance))


@contextmanager
def _stoppable(network: nn.Module, cancelled: Callable[[], bool]) -> Iterator[None]:
    """Within it, CancelledError is raised before the next layer of the network once `cancelled()` is true."""

    def stop(*_: object) -> None:
        if cancelled():
            raise CancelledError("the rendering was given up")

    hooks = [layer.register_forward_pre_hook(stop) for layer in network.modules()]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _about(mask: np.ndarray) -> Box:
    """A box around a mask (H, W), with a margin."""
    box = box_of(mask)
    longer = max(side.stop - side.start for side in box)
    return grown(box, max(16, round(MARGIN * longer)), mask.shape)


def _pixels(box: Box) -> int:
    return (box[0].stop - box[0].start) * (box[1].stop - box[1].start)
