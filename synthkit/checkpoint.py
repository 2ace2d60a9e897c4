"""The one place that writes and reads weights and training state.

A checkpoint is a folder, `checkpoints/STEP`: `weights.safetensors` (networks), `training.safetensors`
(optimisers and random states), `state.json` (config, step, versions) and `manifest.json` (size and SHA-256
of the other files). It is written under a temporary name, flushed to disk and renamed, so that a folder under
its final name is whole.
"""

import hashlib
import json
import os
import random
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.optim import Optimizer

from synthkit.errors import CheckpointError

FORMAT = 1
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Checkpoint:
    """A verified checkpoint folder and what its `state.json` says."""

    path: Path
    state: dict

    @property
    def config(self) -> dict:
        return self.state["config"]

    @property
    def step(self) -> int:
        return self.state["step"]

    def weights(self) -> dict[str, Tensor]:
        """The networks' state dict."""
        return self._load("weights.safetensors")

    def training(self) -> dict[str, Tensor]:
        """The state of optimisers and of torch's random numbers."""
        return self._load("training.safetensors")

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
    networks: nn.Module,
    optimizers: Mapping[str, Optimizer],
    keep: int = 1,
) -> Path:
    """Write `folder/STEP` and then remove older ones until `keep` are left; return its path.

    `state` is plain data that goes into `state.json` beside the step. Raises CheckpointError when it cannot
    be written (disk full …); the older checkpoints are untouched then.
    """
    final, partial = folder / f"{step:08d}", folder / f".{step:08d}.partial"
    try:
        for leftover in folder.glob(".*.partial"):
            shutil.rmtree(leftover, ignore_errors=True)
        partial.mkdir(parents=True)
        save_file(_contiguous(networks.state_dict()), partial / "weights.safetensors")
        save_file(_optimizer_state(optimizers) | _torch_rng(), partial / "training.safetensors")
        state = {"format": FORMAT, "step": step, **state, "rng": _rng_state()}
        _write_json(partial / "state.json", state)
        _write_json(partial / MANIFEST, {path.name: _record(path) for path in sorted(partial.iterdir())})
        for path in (*partial.iterdir(), partial):
            _flush(path)
        shutil.rmtree(final, ignore_errors=True)
        partial.rename(final)
        _flush(folder)
    except (OSError, SafetensorError) as err:
        shutil.rmtree(partial, ignore_errors=True)
        raise CheckpointError(f"the checkpoint {final} could not be written: {err}") from err
    for old in [old for old in steps(folder) if old <= step][:-keep]:  # a newer one is damaged, and not ours
        shutil.rmtree(folder / f"{old:08d}", ignore_errors=True)
    return final


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
    if missing := {"state.json", "weights.safetensors", "training.safetensors"} - set(manifest):
        raise CheckpointError(f"{path / MANIFEST} does not list {', '.join(sorted(missing))}")
    _check_state(state, path / "state.json")
    return Checkpoint(path, state)


def _check_state(state: object, path: Path) -> None:
    """Raise CheckpointError unless `state.json` holds what a checkpoint records, in its types."""
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        raise CheckpointError(f"{path} is not in format {FORMAT}")
    for key, kinds in {"step": int, "seconds": (int, float), "config": dict, "rng": dict}.items():
        if not isinstance(state.get(key), kinds) or isinstance(state[key], bool):
            raise CheckpointError(f"{path}: {key!r} is missing or of another type")
    if not 0 <= state["step"] < 10**18 or not 0 <= state["seconds"] < 10**18:
        raise CheckpointError(f"{path}: 'step' or 'seconds' is out of range")


def find(run: Path) -> tuple[Checkpoint, list[str]]:
    """The newest whole checkpoint of a run (or `run` itself, where it is a checkpoint).

    Also returns what was wrong with newer ones, which were passed over. Raises CheckpointError if none is
    whole.
    """
    if (run / MANIFEST).is_file():
        return read(run), []
    if not run.is_dir():
        raise CheckpointError(f"there is no run folder {run}")
    folder, refused = run / "checkpoints", []
    for step in reversed(steps(folder)):
        try:
            return read(folder / f"{step:08d}"), refused
        except CheckpointError as err:
            refused.append(str(err))
    raise CheckpointError("\n".join([f"{folder} holds no whole checkpoint", *refused]))


def restore_networks(checkpoint: Checkpoint, networks: nn.Module, *, only: tuple[str, ...] = ()) -> None:
    """Load the weights into `networks` (those named by `only`, or all), strictly.

    Raises CheckpointError listing the missing, the extra and the reshaped keys.
    """
    expected, stored = networks.state_dict(), checkpoint.weights()
    if only:
        expected = {key: value for key, value in expected.items() if key.split(".")[0] in only}
        stored = {key: value for key, value in stored.items() if key.split(".")[0] in only}
    shared = expected.keys() & stored.keys()
    problems = [f"missing: {key}" for key in sorted(expected.keys() - shared)]
    problems += [f"extra: {key}" for key in sorted(stored.keys() - shared)]
    problems += [
        f"reshaped: {key}, {_kind(stored[key])} in the file and {_kind(expected[key])} here"
        for key in sorted(shared)
        if _kind(stored[key]) != _kind(expected[key])
    ]
    if problems:
        raise CheckpointError(f"{checkpoint.path} is of another architecture\n  " + "\n  ".join(problems))
    networks.load_state_dict(stored, strict=False)  # what `only` left out; all else was checked above


def restore_training(checkpoint: Checkpoint, optimizers: Mapping[str, Optimizer]) -> None:
    """Load the optimisers' state and the random states of torch, NumPy and Python.

    Raises CheckpointError where they do not fit the optimisers.
    """
    tensors = checkpoint.training()
    try:
        _set_rng_state(checkpoint.state["rng"], tensors.pop("rng.cpu"), tensors.pop("rng.cuda", None))
        states: dict[str, dict] = {name: {} for name in optimizers}
        for key, value in tensors.items():
            name, index, entry = key.split("/")
            states[name].setdefault(int(index), {})[entry] = value
        for name, optimizer in optimizers.items():
            _restore_optimizer(optimizer, states[name])
    except (KeyError, IndexError, TypeError, ValueError, RuntimeError) as err:
        raise CheckpointError(f"{checkpoint.path}: the training state does not fit: {err!r}") from err


def _restore_optimizer(optimizer: Optimizer, state: dict[int, dict[str, Tensor]]) -> None:
    """Load the state by parameter index, each tensor in the memory format of its parameter.

    torch's fused optimisers walk parameter and moments in memory order without looking at their strides.
    """
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    for index, entries in state.items():
        like = parameters[index]
        if entries.keys() != next(iter(state.values())).keys():
            raise ValueError(f"parameter {index} has {sorted(entries)}, unlike the others")
        for entry, value in entries.items():
            if value.shape not in (like.shape, torch.Size()) or not value.is_floating_point():
                raise ValueError(f"{entry} of parameter {index} is {_kind(value)}, not {_kind(like)}")
            if value.shape == like.shape:
                entries[entry] = torch.empty_like(like, dtype=value.dtype).copy_(value)
    groups = optimizer.state_dict()["param_groups"]  # the config's; the rate is set at each step
    optimizer.load_state_dict({"state": state, "param_groups": groups})


def _kind(tensor: Tensor) -> str:
    return f"{tuple(tensor.shape)} {str(tensor.dtype).removeprefix('torch.')}"


def _contiguous(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    # safetensors refuses channels_last tensors, and tensors that share memory
    return {key: value.detach().cpu().contiguous().clone() for key, value in state.items()}


def _optimizer_state(optimizers: Mapping[str, Optimizer]) -> dict[str, Tensor]:
    """The optimisers' tensors as NAME/INDEX/ENTRY."""
    return _contiguous(
        {
            f"{name}/{index}/{entry}": torch.as_tensor(value)
            for name, optimizer in optimizers.items()
            for index, entries in optimizer.state_dict()["state"].items()
            for entry, value in entries.items()
            if value is not None  # SGD without momentum has an empty buffer
        }
    )


def _torch_rng() -> dict[str, Tensor]:
    states = {"rng.cpu": torch.get_rng_state()}
    return states | ({"rng.cuda": torch.cuda.get_rng_state()} if torch.cuda.is_available() else {})


def _rng_state() -> dict:
    kind, keys, position, has_gauss, gauss = np.random.get_state()
    version, internal, gauss_next = random.getstate()
    return {
        "python": [version, list(internal), gauss_next],
        "numpy": [kind, keys.tolist(), position, has_gauss, gauss],
    }


def _set_rng_state(state: Mapping, on_cpu: Tensor, on_gpu: Tensor | None) -> None:
    torch.set_rng_state(on_cpu)
    if on_gpu is not None and torch.cuda.is_available():
        torch.cuda.set_rng_state(on_gpu)
    version, internal, gauss_next = state["python"]
    random.setstate((version, tuple(internal), gauss_next))
    kind, keys, *rest = state["numpy"]
    np.random.set_state((kind, np.array(keys, np.uint32), *rest))


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
