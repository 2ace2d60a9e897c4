"""RUN/styles/styles.safetensors: the style codes of each class, and what made them."""

import json
import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from synthkit.checkpoint import Checkpoint
from synthkit.errors import CheckpointError, SynthkitWarning
from synthkit.paths import pretrained

FILE = "styles/styles.safetensors"
NAMES = "names"  # the entry of the metadata that is no part of the origin


@dataclass(frozen=True)
class Styles:
    """The style codes of each class, as pix2pixHD finds them by clustering (section 3.4).

    `centres` maps a class id to its cluster centres, (K, F) float32, the most common cluster first; K may
    differ from class to class. `counts` holds how many instances each cluster had, (K,) int64. `origin` says
    what made the codes, as text by title, such as the `step` of the weights that encoded the instances.
    `names` are the classes' by id, as far as they are known.
    Raises CheckpointError for tensors of other shapes or types, or without a class.
    """

    centres: Mapping[int, Tensor]
    counts: Mapping[int, Tensor]
    origin: Mapping[str, str] = field(default_factory=dict)
    names: Sequence[str] = ()

    def __post_init__(self):
        _check(self.centres, self.counts)

    @property
    def width(self) -> int:
        """F, the numbers in a code."""
        return next(iter(self.centres.values())).shape[1]

    def name(self, label: int) -> str:
        """The class's name, or its id where it has none."""
        return self.names[label] if label < len(self.names) else f"class {label}"

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
            save_file(tensors, partial, metadata={**self.origin, NAMES: json.dumps(list(self.names))})
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
                names = tuple(map(str, json.loads(origin.pop(NAMES, "[]"))))
                for key in file.keys():  # noqa: SIM118 (not iterable itself)
                    kind, _, number = key.partition("/")
                    {"centres": centres, "counts": counts}[kind][int(number)] = file.get_tensor(key)
        except FileNotFoundError as err:
            advice = f"`synthkit styles fit {run}` finds them, or style_from takes those of a photo"
            raise CheckpointError(f"{run} has no styles yet: {advice}") from err
        except (OSError, SafetensorError, KeyError, ValueError, TypeError) as err:
            raise CheckpointError(f"{path} cannot be read: {err}") from err
        return cls(dict(sorted(centres.items())), dict(sorted(counts.items())), origin, names)


def load_styles(source: Checkpoint, width: int) -> Styles:
    """The styles of the run that a checkpoint lies in, `width` numbers each.

    Warns where they were found with the weights of another step. Raises CheckpointError where there are none,
    or they have another width.
    """
    run = run_folder(source.path)
    styles = Styles.load(run)
    if styles.width != width:
        raise CheckpointError(
            f"{run / FILE} holds codes of {styles.width} numbers, and the encoder makes {width}: "
            f"`synthkit styles fit {run}` finds them anew"
        )
    if (step := styles.origin.get("step", str(source.step))) != str(source.step):
        warnings.warn(
            f"the styles of {run} were found at step {step}, and these are the weights of step {source.step}",
            SynthkitWarning,
            stacklevel=4,
        )
    return styles


def run_folder(path: Path) -> Path:
    """The run that a run folder or a checkpoint in it belongs to."""
    return path.parent.parent if path.parent.name == "checkpoints" else path


def writable_run(path: Path) -> Path:
    """The same, to write into. Raises CheckpointError for a shipped model, and for a read-only folder."""
    run = run_folder(path)
    if run.resolve() in pretrained().values():
        advice = f"`synthkit export {run.name} --format run --out FOLDER` makes a copy of your own"
        raise CheckpointError(f"{run.name} comes with synthkit and stays as it is: {advice}")
    if not os.access(run, os.W_OK):
        raise CheckpointError(f"the run folder {run} cannot be written")
    return run


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
