"""What the channels of an imported generator's condition are, which its file does not tell."""

from collections.abc import Mapping
from typing import NamedTuple

from synthkit.data.sources import RGB
from synthkit.errors import CheckpointError

GREY = 1  # channels
_SOURCES = {GREY: "a grey", RGB: "an RGB"}


class Condition(NamedTuple):
    """The channels that a generator takes: `labels` classes, a boundary, style features.

    Without labels it takes a source image, RGB or grey, of `source` channels.
    """

    labels: int
    boundary: bool
    styles: int
    source: int = RGB

    @property
    def inputs(self) -> dict:
        """The config's `model.inputs`."""
        first = {"label": {"classes": self.labels}} if self.labels else {"source": {"channels": self.source}}
        return first | ({"boundary": {}} if self.boundary else {})

    def describe(self) -> str:
        """`35 labels + boundary + 3 style features`."""
        parts = [f"{self.labels} labels" if self.labels else f"{_SOURCES[self.source]} source"]
        parts += ["boundary"] if self.boundary else []
        return " + ".join([*parts, f"{self.styles} style features"] if self.styles else parts)


def read(
    settings: Mapping, known: Mapping[int, tuple[int, bool]], *, labels: int | None, boundary: bool
) -> Condition:
    """How to read a generator's channels, given how many are labels (0: a source image) and a boundary.

    `settings` are what the plugin's `describe` says of it. Channels that are left are style features, unless
    it has `style_channels` of its own, those of a style vector or 0. `known` has labels and boundary of
    published generators by their channels. Raises CheckpointError where the labels are neither given nor
    known, or where the channels do not add up.
    """
    channels, vector = settings["in_channels"], settings.get("style_channels")
    if labels is None and channels in known and (boundary or not known[channels][1]):
        labels, boundary = known[channels]
    if labels is None:
        raise CheckpointError(
            f"the generator takes {channels} channels, and no file tells what they are. For example:\n"
            f"  {f'--labels {channels - 1}':<26}{channels - 1} labels and the instance boundary\n"
            f"  {f'--labels {channels} --no-boundary':<26}{channels} labels alone\n"
            f"  {'--labels 0 --no-boundary':<26}an image in place of labels, RGB or grey"
            + ("\n  What is left are style features." if vector is None else "")
        )
    source = GREY if channels - boundary == GREY else RGB
    left = channels - (labels or source) - boundary
    condition = Condition(labels, boundary, max(left, 0) if vector is None else vector, source)
    if labels < 0 or left < 0:
        raise CheckpointError(f"{condition.describe()}: more than the {channels} channels that are there")
    if left and vector is not None:
        raise CheckpointError(f"{condition.describe()} leave {left} of its {channels} channels unexplained")
    return condition
