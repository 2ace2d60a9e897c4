"""The samples of the data set that a model learned from, as inputs for it to translate."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from synthkit import build
from synthkit.data.problems import refusal
from synthkit.data.splits import SplitName, build_data
from synthkit.errors import DataError
from synthkit.inference import Model


class OwnSamples:
    """The first `count` samples of a split of a model's own data, or all.

    Iterating gives the name of each, and arrays for `Model.translate`. Raises DataError where the data are
    not there, have problems or lack what the model reads, ConfigError for a split that there is not.
    """

    def __init__(self, model: Model, split: SplitName, count: int | None = None):
        self.data = build_data(build.need(model.config, "data"), split)
        if problems := getattr(self.data, "problems", ()):
            raise refusal(problems)
        self.fields = {field: self._origin(field) for field in model.fields}
        if "instance" in model.translator.optional_fields and "instance" in self.data.fields:
            self.fields["instance"] = "instance"
        if missing := [field for field, origin in self.fields.items() if origin not in self.data.fields]:
            raise DataError(f"split {split!r} has no {', '.join(missing)}, which the model translates")
        self.count = len(self.data) if count is None else min(count, len(self.data))

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
        for index in range(self.count):
            sample = self.data[index]
            inputs = {
                "edge_from" if (field, origin) == ("edge", "image") else field: sample[origin]
                for field, origin in self.fields.items()
            }
            yield Path(sample["name"]).name, inputs

    @property
    def files(self) -> set[Path]:
        """The files that are read, if the data are files."""
        return {path for paths in getattr(self.data, "files", {}).values() for path in paths.values()}

    def _origin(self, field: str) -> str:
        """The field of the data that an input is made of: edges can be detected in photos."""
        return "image" if field == "edge" and "edge" not in self.data.fields else field
