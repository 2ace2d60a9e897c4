"""What every metric is, and the batches it is given."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from synthkit.errors import ConfigError, DataError, shown
from synthkit.metrics.checks import check_images


class Scored:
    """A batch of synthesised images and what they are scored against.

    fake, real: (N, 3, H, W) in [-1, 1]; real is None where there is no photo.
    label: (N, 1, H, W) ids, or None.
    samples: (S, N, 3, H, W) in [-1, 1], S images of the same inputs, two or more, or None.

    Raises DataError for images of other shapes or values, before anything is computed.
    """

    def __init__(
        self,
        fake: Tensor,
        real: Tensor | None = None,
        *,
        label: Tensor | None = None,
        samples: Tensor | None = None,
    ):
        check_images(fake, "the synthesised images")
        if real is not None:
            check_images(real, "the photos", size=fake.shape)
        if samples is not None:
            _check_samples(samples, fake)
        self.fake, self.real, self.label, self.samples = fake, real, label, samples
        self._features: dict[int, tuple[Tensor, Tensor]] = {}

    def __len__(self) -> int:
        return len(self.fake)

    def features(self, network: Callable[[Tensor], Tensor]) -> tuple[Tensor, Tensor]:
        """What a network makes of fake and real, computed once for all metrics that share the network."""
        if id(network) not in self._features:
            with torch.inference_mode():
                self._features[id(network)] = network(self.fake), network(self.real)
        return self._features[id(network)]


def _check_samples(samples: Tensor, fake: Tensor) -> None:
    if samples.ndim != 5 or len(samples) < 2:
        raise DataError(
            f"two samples of each input or more are needed, (S, N, 3, H, W), not {tuple(samples.shape)}"
        )
    for images in samples:
        check_images(images, "the samples", size=fake.shape)


class Metric(ABC):
    """Accumulates batches of images into scores.

    Attributes of a class:
        name: that it is registered under, and that the first of its scores has.
        higher_is_better: of the first of its scores.
        needs: which parts of `Scored` it reads beside `fake`.
        least: how many images it takes at least.

    `total` is all that it has accumulated, so that the totals of several processes add up with `+`.
    """

    name: str
    higher_is_better: bool
    needs: tuple[str, ...] = ("real",)
    least = 1
    total: Any

    @abstractmethod
    def add(self, scored: Scored) -> None:
        """Take in a batch. Raises DataError for images that it cannot score."""

    @abstractmethod
    def values(self) -> dict[str, float]:
        """The scores so far by name, the metric's own name first; empty without any image.

        Raises DataError below `least` images.
        """

    def oracle(self) -> dict[str, float]:
        """The scores that real images would get in place of the fakes, where that says something."""
        return {}


class PerImage(Metric):
    """The mean over images of a registered function `(fake, real) -> (N,)`."""

    def __init__(self, name: str, function: Callable[[Tensor, Tensor], Tensor]):
        self.name, self.function = name, function
        self.total: list[Tensor] = []

    def add(self, scored: Scored) -> None:
        """Score a batch. Raises ConfigError where the function does not give one value per image."""
        values = self.function(scored.fake, scored.real)
        if not isinstance(values, Tensor) or values.shape != (len(scored),):
            kind = tuple(values.shape) if isinstance(values, Tensor) else shown(values)
            raise ConfigError(
                f"the metric {self.name!r} gave {kind}, not one value for each of {len(scored)} images"
            )
        self.total = [*self.total, values.double().cpu()]

    def values(self) -> dict[str, float]:
        return {self.name: torch.cat(self.total).mean().item()} if self.total else {}
