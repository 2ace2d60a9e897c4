"""RUN/styles/styles.safetensors: the style codes of each class, and what made them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from synthkit.errors import CheckpointError

FILE = "styles/styles.safetensors"


@dataclass(frozen=True)
class Styles:
    """The style codes of each class, as pix2pixHD finds them by clustering (section 3.4).

    `centres` maps a class id to its cluster centres, (K, F) float32, the most common cluster first; K may
    differ from class to class. `counts` holds how many instances each cluster had, (K,) int64. `origin` says
    what made them, as text by title, such as the step of the weights that encoded them.
    Raises CheckpointError for tensors of other shapes or types, or without a class.
    """

    centres: Mapping[int, Tensor]
    counts: Mapping[int, Tensor]
    origin: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self):
        _check(self.centres, self.counts)

    @property
    def width(self) -> int:
        """F, the numbers in a code."""
        return next(iter(self.centres.values())).shape[1]

    def save(self, run: Path) -> Path:
        """Write RUN/styles/styles.safetensors, replacing an older one at once; return its path.

        Raises CheckpointError where it cannot be written.
        """
        path = run / FILE
        partial = path.with_name(f".{path.name}.partial")
        named = {"centres": self.centres, "counts": self.counts}
        tensors = {
            f"{kind}/{each}": codes[each].contiguous() for kind, codes in named.items() for each in codes
        }
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            save_file(tensors, partial, metadata=dict(self.origin))
            partial.replace(path)
        except (OSError, SafetensorError) as err:
            partial.unlink(missing_ok=True)
            raise CheckpointError(f"{path} cannot be written: {err}") from err
        return path

    @classmethod
    def load(cls, run: Path) -> "Styles":
        """Read what `save` wrote. Raises CheckpointError where there is none, or it is damaged."""
        path = run / FILE
        centres: dict[int, Tensor] = {}
        counts: dict[int, Tensor] = {}
        try:
            with safe_open(path, framework="pt") as file:
                origin = file.metadata() or {}
                for key in file.keys():  # noqa: SIM118 (not iterable itself)
                    kind, _, number = key.partition("/")
                    {"centres": centres, "counts": counts}[kind][int(number)] = file.get_tensor(key)
        except FileNotFoundError as err:
            raise CheckpointError(f"{run} has no styles yet: `synthkit styles fit {run}` finds them") from err
        except (OSError, SafetensorError, KeyError, ValueError) as err:
            raise CheckpointError(f"{path} cannot be read: {err}") from err
        return cls(dict(sorted(centres.items())), dict(sorted(counts.items())), origin)


def run_folder(path: Path) -> Path:
    """The run that a run folder or a checkpoint in it belongs to."""
    return path.parent.parent if path.parent.name == "checkpoints" else path


def _check(centres: Mapping[int, Tensor], counts: Mapping[int, Tensor]) -> None:
    if not centres or centres.keys() != counts.keys():
        raise CheckpointError(f"styles: centres are of classes {list(centres)}, counts of {list(counts)}")
    width = next(iter(centres.values())).shape[-1]
    for each, codes in centres.items():
        fits = codes.ndim == 2 and len(codes) and codes.shape[1] == width and codes.dtype == torch.float32
        if not fits or not codes.isfinite().all():
            raise CheckpointError(
                f"styles: the centres of class {each} are {tuple(codes.shape)} {codes.dtype}, "
                f"not finite (K, {width}) torch.float32"
            )
        if counts[each].shape != codes.shape[:1] or counts[each].dtype != torch.int64:
            raise CheckpointError(
                f"styles: the counts of class {each} are {tuple(counts[each].shape)} {counts[each].dtype}, "
                f"not ({len(codes)},) torch.int64"
            )
