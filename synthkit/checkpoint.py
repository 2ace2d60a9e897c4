"""The one place that writes and reads weights and training state.

A checkpoint is a folder, `checkpoints/STEP`: `weights.safetensors` (networks), `average.safetensors` (their
averaged weights, where they are kept), `training.safetensors` (optimisers, losses and random states),
`state.json` (config, step, progress, versions) and `manifest.json` (size and SHA-256 of the others). It
is written under a temporary name, flushed and renamed, so that a folder under its final name is whole.
One that was exported to translate has no training state, and its weights may be of fewer bits.
"""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Container, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn, promote_types

from synthkit.errors import CheckpointError, listed
from synthkit.paths import STAGES, or_shipped, pretrained

FORMAT = 1
REPLACED = ".{}.replaced"
MANIFEST = "manifest.json"
TRAINING = "training.safetensors"


@dataclass(frozen=True)
class Checkpoint:
    """A verified checkpoint folder, what its `state.json` says, and the files that its manifest lists."""

    path: Path
    state: dict
    files: frozenset[str] = frozenset()

    @property
    def config(self) -> dict:
        """The config it was trained with. JSON has made text of keys that are numbers, such as label ids."""
        return _with_numbers(self.state["config"])

    @property
    def step(self) -> int:
        return self.state["step"]

    @property
    def is_averaged(self) -> bool:
        """Whether it holds averaged weights too."""
        return "average.safetensors" in self.files

    @property
    def is_resumable(self) -> bool:
        """Whether a training can go on from it: one that was exported to translate holds no such state."""
        return TRAINING in self.files

    def weights(self) -> dict[str, Tensor]:
        """The networks' state dict. A tensor is read from the file where it is first used."""
        return self._load("weights.safetensors")

    def average(self) -> dict[str, Tensor]:
        """The averaged weights of the networks that translate, and `count`."""
        return self._load("average.safetensors")

    def training(self) -> dict[str, Tensor]:
        """The state of optimisers, losses and torch's random numbers."""
        return self._load(TRAINING)

    def tensor(self, name: str, key: str) -> Tensor:
        """One tensor of NAME.safetensors. The pages of a file count as memory until it is closed."""
        path = self.path / f"{name}.safetensors"
        try:
            with safe_open(path, "pt") as file:
                return file.get_tensor(key)
        except (OSError, SafetensorError) as err:
            raise CheckpointError(f"{path} cannot be read: {err}") from err

    def _load(self, name: str) -> dict[str, Tensor]:
        try:
            return load_file(self.path / name)
        except (OSError, SafetensorError) as err:
            raise CheckpointError(f"{self.path / name} cannot be read: {err}") from err


def save(
    folder: Path,
    *,
    step: int,
    state: Mapping,
    tensors: Mapping[str, Mapping[str, Tensor]],
    keep: int = 1,
    spare: Container[int] = (),
) -> Path:
    """Write `folder/STEP` and then remove older ones until `keep` are left; return its path.

    `state` is plain data that goes into `state.json` beside the step. `tensors` holds the content of
    NAME.safetensors by name: weights, training, and average where there is one. The steps in `spare` are
    never removed. Raises CheckpointError when it cannot be written (disk full …); the older checkpoints are
    untouched then.
    """
    final, partial, replaced = (
        folder / name.format(f"{step:08d}") for name in ("{}", ".{}.partial", REPLACED)
    )
    try:
        _put_back(folder)
        for leftover in folder.glob(".*.partial"):
            shutil.rmtree(leftover, ignore_errors=True)
        partial.mkdir(parents=True)
        for name, content in tensors.items():
            save_file(_contiguous(content), partial / f"{name}.safetensors")
        _write_json(partial / "state.json", {"format": FORMAT, "step": step, **state})
        _write_json(partial / MANIFEST, {path.name: _record(path) for path in sorted(partial.iterdir())})
        for path in (*partial.iterdir(), partial):
            _flush(path)
        if final.exists():  # a validation was made up, or it is damaged
            shutil.rmtree(replaced, ignore_errors=True)
            final.rename(replaced)
        partial.rename(final)
        _flush(folder)
        shutil.rmtree(replaced, ignore_errors=True)
    except (OSError, SafetensorError) as err:
        shutil.rmtree(partial, ignore_errors=True)
        raise CheckpointError(f"the checkpoint {final} could not be written: {err}") from err
    older = [
        old for old in steps(folder) if old <= step and old not in spare
    ]  # a newer one is damaged, not ours
    for old in older[:-keep]:
        shutil.rmtree(folder / f"{old:08d}", ignore_errors=True)
    return final


def _put_back(folder: Path) -> None:
    """Give a checkpoint its name again that was being replaced when its process died."""
    for old in folder.glob(REPLACED.format("*")):
        final = folder / old.name.split(".")[1]
        if not final.exists():
            old.rename(final)


def _with_numbers(value: Any) -> Any:
    """The same data with keys of digits as whole numbers, which is how a config's overrides read them too."""
    if isinstance(value, dict):
        return {_number(key): _with_numbers(item) for key, item in value.items()}
    return [_with_numbers(item) for item in value] if isinstance(value, list) else value


def _number(key: str) -> str | int:
    return int(key) if re.fullmatch("-?(0|[1-9][0-9]{0,17})", key) else key


def steps(folder: Path) -> list[int]:
    """The steps of the checkpoints in `folder`, oldest first."""
    names = (path.parent.name for path in folder.glob(f"*/{MANIFEST}"))
    return sorted(int(name) for name in names if re.fullmatch(r"[0-9]{8,18}", name))


def read(path: Path) -> Checkpoint:
    """Verify one checkpoint folder. Raises CheckpointError naming the file that is missing or damaged."""
    try:
        manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        for name, record in manifest.items():
            if _record(path / Path(name).name) != record:
                raise CheckpointError(f"{path / name} is damaged: its size or SHA-256 is not the manifest's")
        state = json.loads((path / "state.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, AttributeError, RecursionError) as err:
        raise CheckpointError(f"{path} is not a whole checkpoint: {err}") from err
    if missing := {"state.json", "weights.safetensors"} - set(manifest):
        raise CheckpointError(f"{path / MANIFEST} does not list {', '.join(sorted(missing))}")
    _check_state(state, path / "state.json")
    return Checkpoint(path, state, frozenset(manifest))


def _check_state(state: object, path: Path) -> None:
    """Raise CheckpointError unless `state.json` holds what a checkpoint records, in its types."""
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        raise CheckpointError(f"{path} is not in format {FORMAT}")
    for key, kinds in {"step": int, "config": dict, "progress": dict, "random": list}.items():
        if not isinstance(state.get(key), kinds) or isinstance(state[key], bool):
            raise CheckpointError(f"{path}: {key!r} is missing or of another type")
    if not 0 <= state["step"] < 10**18:
        raise CheckpointError(f"{path}: 'step' is out of range")


def find(run: Path) -> tuple[Checkpoint, list[str]]:
    """The newest whole checkpoint of a run (or `run` itself, where it is a checkpoint).

    Where there is no such path, `run` may be the name of a shipped model. Also returns what was wrong with
    newer ones, which were passed over. Raises CheckpointError if none is whole.
    """
    run = or_shipped(run)
    if (run / MANIFEST).is_file():
        return read(run), []
    if not run.is_dir():
        raise CheckpointError(f"there is no run folder {run}, and shipped models are {listed(pretrained())}")
    folder, refused = run / "checkpoints", []
    for path in _newest_first(folder):
        try:
            return read(path), refused
        except CheckpointError as err:
            refused.append(str(err))
    stages = [str(path.parent) for path in sorted(run.glob(f"{STAGES}/*/checkpoints"))]
    hint = f"; its earlier stages are runs, too: {', '.join(stages)}" if stages else ""
    raise CheckpointError("\n".join([f"{folder} holds no whole checkpoint{hint}", *refused]))


def _newest_first(folder: Path) -> list[Path]:
    """The checkpoints by step; one that was being replaced when its process died stands in for it."""
    replaced = {path.name.split(".")[1]: path for path in folder.glob(REPLACED.format("*"))}
    found = replaced | {path.name: path for path in (folder / f"{step:08d}" for step in steps(folder))}
    return [found[name] for name in sorted(found, reverse=True)]


def find_best(run: Path) -> tuple[Checkpoint, list[str]]:
    """The checkpoint that the run's newest (or `run` itself, if it is one) says was best; else as `find`."""
    newest, refused = find(run)
    best = newest.state["progress"].get("best")
    if not isinstance(best, dict) or not isinstance(best.get("step"), int):
        raise CheckpointError(f"{run} has no best checkpoint: its config names no metric in train.best")
    return read(newest.path.parent / f"{best['step']:08d}"), refused


def restore_networks(
    checkpoint: Checkpoint, networks: nn.Module, *, only: tuple[str, ...] = (), averaged: bool = False
) -> None:
    """Load the weights, or the averaged ones, into `networks` (those named by `only`, or all), strictly.

    Raises CheckpointError listing the missing, the extra and the reshaped keys.
    """
    expected, stored = networks.state_dict(), checkpoint.average() if averaged else checkpoint.weights()
    stored.pop("count", None)
    if only:
        expected = {key: value for key, value in expected.items() if key.split(".")[0] in only}
        stored = {key: value for key, value in stored.items() if key.split(".")[0] in only}
    if problems := differences(expected, stored):
        absent = {key.split(".")[0] for key in expected} - {key.split(".")[0] for key in stored}
        fault = f"has no weights of its {listed(absent)}" if absent else "is of another architecture"
        raise CheckpointError("\n  ".join([f"{checkpoint.path} {fault}", *problems]))
    stored.clear()
    for key, value in expected.items():
        value.copy_(checkpoint.tensor("average" if averaged else "weights", key))


def differences(expected: Mapping[str, Tensor], stored: Mapping[str, Tensor]) -> list[str]:
    """What is said of each key that is missing from `stored`, extra in it, or of another shape or type."""
    return [
        *(f"missing: {key}" for key in sorted(expected.keys() - stored.keys())),
        *(f"extra: {key}" for key in sorted(stored.keys() - expected.keys())),
        *(f"reshaped: {text}" for text in reshaped(expected, stored).values()),
    ]


def reshaped(expected: Mapping[str, Tensor], stored: Mapping[str, Tensor]) -> dict[str, str]:
    """What is said of each shared key of another shape or type. Floats may be of fewer bits than expected."""
    return {
        key: f"{key}, {_kind(stored[key])} in the file and {_kind(value)} here"
        for key, value in sorted(expected.items())
        if key in stored and not _fits(stored[key], value)
    }


def _fits(stored: Tensor, expected: Tensor) -> bool:
    floats = stored.is_floating_point() and expected.is_floating_point()
    widened = promote_types(stored.dtype, expected.dtype) if floats else stored.dtype
    return stored.shape == expected.shape and widened == expected.dtype


def _kind(tensor: Tensor) -> str:
    return f"{tuple(tensor.shape)} {str(tensor.dtype).removeprefix('torch.')}"


def _contiguous(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    # safetensors refuses channels_last tensors, and tensors that share memory
    return {key: value.detach().cpu().contiguous().clone() for key, value in state.items()}


def _record(path: Path) -> dict:
    with path.open("rb") as file:
        return {"bytes": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def _write_json(path: Path, content) -> None:
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
