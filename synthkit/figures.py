"""What the steps since the last log add up to."""

from collections import Counter
from collections.abc import Mapping
from statistics import fmean

from torch import Tensor

from synthkit.distributed import all_gather_object
from synthkit.errors import ConfigError, shown
from synthkit.steps import SIGNAL


class Figures:
    """Sums over the steps since the last log."""

    def __init__(self):
        self.sums: dict[str, Tensor] = {}
        self.counts: Counter[str] = Counter()
        self.waited, self.took, self.steps = 0.0, 0.0, 0

    def add(self, logs: Mapping[str, Tensor]) -> None:
        """Count the logs of a step, or of one of its micro-batches: losses, and signals named signal/NAME.

        Raises ConfigError where they are not what a step returns, a mapping of scalar tensors.
        """
        if not isinstance(logs, Mapping):
            raise ConfigError(f"the step of train.order must return a mapping, not {shown(logs)}")
        for name, value in logs.items():
            if not isinstance(value, Tensor) or value.dim():
                raise ConfigError(
                    f"the step of train.order must log scalar tensors; {name!r} is {shown(value)}"
                )
            self.sums[name] = self.sums.get(name, 0) + value
            self.counts[name] += 1  # a step need not log every term

    def time(self, *, waited: float, took: float) -> None:
        """Count a step's seconds: those spent waiting for data, and all."""
        self.waited, self.took, self.steps = self.waited + waited, self.took + took, self.steps + 1

    def means(self) -> dict:
        """Mean losses and signals over steps and processes, seconds per step, the share waiting for data."""
        own = {name: (value / self.counts[name]).item() for name, value in self.sums.items()}
        processes = all_gather_object(own)  # which need not all have logged the same terms
        names = dict.fromkeys(name for each in processes for name in each)
        means = {name: fmean(each[name] for each in processes if name in each) for name in names}
        return {
            "losses": {name: value for name, value in means.items() if not name.startswith(SIGNAL)},
            "signals": {
                name.removeprefix(SIGNAL): value for name, value in means.items() if name.startswith(SIGNAL)
            },
            "seconds_per_step": round(self.took / self.steps, 4),
            "data_wait": round(self.waited / self.took, 4),
        }
