"""A history of fakes for the discriminator."""

from collections.abc import Mapping

import torch
from torch import Tensor

from synthkit.errors import SynthkitError


class FakePool:
    """Keeps `size` earlier fakes, each with its condition (Shrivastava et al., CVPR 2017, section 2.3).

    The first ones fill it. After that each fake is passed on with probability a half, and otherwise takes
    the place of a stored one, which is passed on instead. The pairs stay on the fakes' device; the
    choices come from torch's random numbers on the CPU.
    """

    def __init__(self, size: int):
        self.size = size
        self.pairs: list[tuple[Tensor, Tensor]] = []

    def exchange(self, condition: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        """(N, C, H, W) and (N, 3, H, W) -> as many pairs, new or old ones, without gradients.

        Raises SynthkitError where the pool holds pairs of another size: images must be cropped to one.
        """
        if self.pairs and self.pairs[0][1].shape != fake.shape[1:]:
            stored, new = (" x ".join(map(str, each.shape[-2:])) for each in (self.pairs[0][1], fake))
            raise SynthkitError(
                f"the pool holds fakes of {stored} pixels, not {new}: crop images to one size"
            )
        pairs = [self._exchanged(pair) for pair in zip(_plain(condition), _plain(fake), strict=True)]
        conditions, fakes = zip(*pairs, strict=True)
        device = fake.device  # pairs that were restored are on the CPU
        return (
            torch.stack([each.to(device) for each in conditions]),
            torch.stack([each.to(device) for each in fakes]),
        )

    def _exchanged(self, pair: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        if len(self.pairs) < self.size:
            self.pairs.append(pair)
            return pair
        if torch.rand(()) < 0.5:
            return pair
        place = int(torch.randint(self.size, ()))
        old, self.pairs[place] = self.pairs[place], pair
        return old

    def tensors(self) -> dict[str, Tensor]:
        """The stored pairs, on the CPU: `conditions` (K, C, H, W), `fakes` (K, 3, H, W); nothing if empty."""
        if not self.pairs:
            return {}
        conditions, fakes = (torch.stack(side).cpu() for side in zip(*self.pairs, strict=True))
        return {"conditions": conditions, "fakes": fakes}

    def load_tensors(self, tensors: Mapping[str, Tensor]) -> None:
        """Hold what `tensors` returned, and nothing else."""
        self.pairs = list(zip(tensors["conditions"], tensors["fakes"], strict=True)) if tensors else []


def _plain(images: Tensor) -> list[Tensor]:
    """The images one by one, each in memory of its own and in the layout that a restored one has."""
    return [image.clone(memory_format=torch.contiguous_format) for image in images.detach()]
