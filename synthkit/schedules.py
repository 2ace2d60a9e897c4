"""The course of the learning rate, and lengths of a training in steps or epochs."""

import math
import re
from dataclasses import dataclass

from synthkit.errors import ConfigError, shown

DECAYS = {"linear": lambda left: left, "cosine": lambda left: (1 - math.cos(math.pi * left)) / 2}
LIMIT = 2**32  # of steps
_EPOCHS = re.compile(r"([0-9]+(?:\.[0-9]+)?) epochs?")


@dataclass(kw_only=True)
class Schedule:
    """The learning rate's factor: it rises over `warmup`, is held at 1, then decays towards 0.

    With the defaults pix2pixHD's, which holds for 100 epochs and decays over 100. `{hold: 0, decay: cosine}`
    is half a cosine (Loshchilov and Hutter, 2017), `{hold: 1}` a constant rate.

    Args:
        hold: the share of the training, 0 to 1, after which the rate falls.
        decay: linear or cosine.
        warmup: a length, steps or text such as "1 epoch", over which the rate rises linearly.
    """

    hold: float = 0.5
    decay: str = "linear"
    warmup: int | str = 0

    def __post_init__(self):
        if not 0 <= self.hold <= 1:
            raise ValueError(f"hold is {self.hold}: it must be between 0 and 1")
        if self.decay not in DECAYS:
            raise ValueError(f"decay is {self.decay!r}: choose one of {', '.join(DECAYS)}")
        check_length("warmup", self.warmup, least=0)

    def factor(self, step: int, *, steps: int) -> float:
        """The factor at `step` of `steps`, 0 to 1; `warmup` must be in steps by now."""
        start = self.hold * steps
        rise = min(1.0, (step + 1) / self.warmup) if self.warmup else 1.0
        left = max(0, steps - step) / max(steps - start, 1)
        return rise * (1.0 if step < start else DECAYS[self.decay](left))


def check_length(key: str, length: int | str, *, least: int) -> None:
    """Raise ValueError unless `length` is a number of steps from `least` on, or text such as "200 epochs"."""
    if isinstance(length, str):
        epochs = _EPOCHS.fullmatch(length)
        if not epochs or (least and not float(epochs[1])):
            raise ValueError(f"{key} is {length!r}: write a number of steps, or text such as '20 epochs'")
    else:
        check_range(key, length, least=least)


def check_range(key: str, value: int, *, least: int) -> None:
    """Raise ValueError unless `value` is at least `least`, and below LIMIT."""
    if not least <= value < LIMIT:
        raise ValueError(f"{key} is {value}: it must be at least {least}, and below {LIMIT}")


def in_steps(length: int | str, steps_per_epoch: float) -> int:
    """A length in steps, at least one for any epochs. Epochs end within a step where samples do not fit.

    Raises ConfigError for epochs of LIMIT steps or more.
    """
    if not isinstance(length, str):
        return length
    steps = float(_EPOCHS.fullmatch(length)[1]) * steps_per_epoch
    if steps >= LIMIT:
        raise ConfigError(f"{shown(length)} are too many: they take {steps:.3g} steps, of at most {LIMIT}")
    return max(1, math.ceil(steps))
