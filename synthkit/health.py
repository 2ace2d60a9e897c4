"""Signs of a GAN training that goes wrong, found in its figures while it runs."""

from collections import deque
from collections.abc import Callable, Mapping
from typing import NamedTuple


class Sign(NamedTuple):
    """A condition on a log's figures that means something when it holds for `logs` logs in a row."""

    name: str
    logs: int
    holds: Callable[[Mapping[str, float]], bool]
    advice: str


def _between(figure: str, low: float, high: float) -> Callable[[Mapping[str, float]], bool]:
    return lambda figures: figure in figures and low <= figures[figure] <= high


SIGNS = (
    Sign(
        "the discriminator always wins",
        20,
        _between("ranking", 0.998, 1),
        "it ranks the real image above the fake nearly everywhere, so the generator learns little from it: "
        "give it a lower learning rate, spectral norm or R1; with few images model.augment or LeCam",
    ),
    Sign(
        "the discriminator has given up",
        20,
        _between("logit gap", -0.05, 0.05),
        "it gives real and fake the same logits: lower its learning rate, widen it, or lower the weights of "
        "the other losses; right at the start this is normal",
    ),
    Sign(
        "the outputs are saturated",
        3,
        _between("saturation", 0.5, 1),
        "more than half of the pixels stand at the ends of tanh, where no gradient passes: lower the "
        "learning rate, and look at the samples and at the range of the photos",
    ),
    Sign(
        "the training waits for data",
        5,
        _between("data_wait", 0.3, 1),
        "nearly a third of the time or more: raise train.workers, store smaller images, or use a faster disk",
    ),
)


class Monitor:
    """Looks at each log and reports each sign once, and again only after it has gone."""

    def __init__(self, signs: tuple[Sign, ...] = SIGNS):
        self.recent = {sign: deque(maxlen=sign.logs) for sign in signs}
        self.reported: set[Sign] = set()

    def look(self, figures: Mapping[str, float]) -> list[Sign]:
        """The signs that have become certain with this log's signals."""
        found = []
        for sign, recent in self.recent.items():
            recent.append(sign.holds(figures))
            if len(recent) == sign.logs and all(recent):
                if sign not in self.reported:
                    found.append(sign)
                self.reported.add(sign)
            elif not recent[-1]:
                self.reported.discard(sign)
        return found
