"""Where scored images come from: the training behind them, as far as it is known."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from synthkit import config, records
from synthkit.benchmark.content import hash_of_files, hash_of_json
from synthkit.benchmark.protocol import Protocol
from synthkit.checkpoint import MANIFEST, Checkpoint
from synthkit.inference import Model
from synthkit.run_folder import CHANGEABLE
from synthkit.styles.codes import run_folder

SLACK = 0.1  # by which a training may be longer or shorter than its minutes
IMAGES = "(images)"  # in place of a config's name


@dataclass(frozen=True, kw_only=True)
class Origin:
    """The fields of a Result that tell of the training; see there."""

    method: str
    config: str = IMAGES
    config_sha256: str = ""
    weights_sha256: str
    seed: int = 0
    steps: int = 0
    on_budget: bool = False
    apart: bool = False
    seconds: float = 0.0
    memory: int = 0
    device: str = ""


def origin_of_run(model: Model, protocol: Protocol, *, apart: bool) -> Origin:
    """The origin of what a run makes; `apart` says whether its training data were looked at."""
    folder = run_folder(model.source.path)
    known = records.read(folder / "metrics.jsonl", sparse=True)
    start, end = _last(known, "start"), _last(known, "end")
    last = end or _last(known, "train")
    share = min(1.0, model.step / last["step"]) if last.get("step") else 1.0  # of a checkpoint on the way
    seconds = share * last.get("seconds", 0.0)
    train = model.config["train"]
    return Origin(
        method=folder.resolve().name,
        config=Path(str(start.get("config", ""))).with_suffix("").as_posix().removeprefix("configs/"),
        config_sha256=hash_of_config(model.config, protocol.budget),
        weights_sha256=hash_of_weights(model.source),
        seed=train.get("seed", 0),
        steps=model.step,
        on_budget=_on_budget(protocol.budget, model.step, seconds),
        apart=apart,
        seconds=seconds,
        memory=end.get("memory", 0),
        device=str(start.get("device", "")),
    )


def origin_of_folder(folder: Path, files: Sequence[Path]) -> Origin:
    """The origin of a folder of images: nothing is known of it but what the files hold."""
    return Origin(method=folder.resolve().name, weights_sha256=hash_of_files(files))


def hash_of_config(cfg: Mapping, budget: Mapping) -> str:
    """The hash of what a training learns from: without its seed, and without where and on what it runs.

    Where the budget is a time, the steps that there was time for are left out, too.
    """
    leaves = {path: value for path, value, _ in config.flatten(config.from_dict(cfg))}
    left_out = CHANGEABLE - {"train.steps"} | {"train.seed"}
    left_out |= {"train.steps"} if "minutes" in budget else set()
    return hash_of_json(
        {path: value for path, value in leaves.items() if path not in left_out and not _is_tracker(path)}
    )


def _is_tracker(path: str) -> bool:
    return path.startswith("train.trackers")


def hash_of_weights(found: Checkpoint) -> str:
    """The SHA-256 of the file with the weights that translate, as the checkpoint's manifest has it."""
    name = "average.safetensors" if found.is_averaged else "weights.safetensors"
    return json.loads((found.path / MANIFEST).read_text())[name]["sha256"]


def _on_budget(budget: Mapping, steps: int, seconds: float) -> bool:
    if "steps" in budget:
        return steps == budget["steps"]
    return "minutes" not in budget or abs(seconds / 60 / budget["minutes"] - 1) <= SLACK


def _last(known: Sequence[Mapping], kind: str) -> Mapping:
    return next(reversed(records.of_kind(known, kind)), {})
