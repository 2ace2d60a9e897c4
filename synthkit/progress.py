"""How far a training has come."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass


@dataclass(kw_only=True)
class Progress:
    """The step a training has reached and what goes with it; saved in its checkpoints.

    `position` counts the samples drawn by all processes, `validated` is the step of the last validation,
    `best` holds the best one's step and value, and `stale` counts the validations since.
    """

    step: int = 0
    position: int = 0
    seconds: float = 0.0
    validated: int = 0
    best: Mapping | None = None
    stale: int = 0

    def __post_init__(self):
        for name, value in asdict(self).items():
            if name != "best" and not 0 <= value < 10**18:
                raise ValueError(f"{name} is {value}")
        if self.best is not None and not (
            self.best.keys() == {"step", "value"}
            and isinstance(self.best["step"], int)
            and isinstance(self.best["value"], int | float)
        ):
            raise ValueError(f"best is {self.best}")
