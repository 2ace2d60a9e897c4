"""Images of states as PNG files, and how long they take."""

import io
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

from PIL import Image

from synthkit.editing import Look, State

if TYPE_CHECKING:
    from synthkit.editing.rendering import Renderer

SLOW = 0.5  # seconds of rendering from which on a preview goes first
KEPT = 8  # images that are remembered, so that undoing shows them at once


class Painter:
    """Draws states on the model thread, and remembers the last few images."""

    def __init__(self):
        self._images: OrderedDict[State, bytes] = OrderedDict()
        self._pace: float | None = None

    def is_slow(self, state: State) -> bool:
        """Whether the whole image may take so long that a preview is of use; so it is before the first."""
        if state in self._images:
            return False
        return self._pace is None or self._pace * state.label.size > SLOW

    def image(
        self, renderer: "Renderer", state: State, cancelled: Callable[[], bool] = lambda: False
    ) -> bytes:
        """The image of a state as PNG. Raises CancelledError soon after `cancelled()` turns true."""
        if state not in self._images:
            began = time.perf_counter()
            drawn = renderer.render(state, cancelled=cancelled)
            self._pace = (time.perf_counter() - began) / state.label.size
            self._images[state] = png(drawn)
        self._images.move_to_end(state)
        while len(self._images) > KEPT:
            self._images.popitem(last=False)
        return self._images[state]

    @staticmethod
    def preview(renderer: "Renderer", state: State, cancelled: Callable[[], bool]) -> bytes:
        """The same, drawn at half the size and enlarged."""
        return png(renderer.render(state, preview=True, cancelled=cancelled))

    @staticmethod
    def thumbnail(
        renderer: "Renderer", state: State, instance: int, look: Look, cancelled: Callable[[], bool]
    ) -> bytes:
        """A part of the image about an instance in another look, as PNG."""
        return png(renderer.thumbnail(state, instance, look))


def png(image: Image.Image) -> bytes:
    """An image as a PNG file, packed quickly rather than small."""
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=1)
    return file.getvalue()
