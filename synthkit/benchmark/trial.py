"""A trial: one method with one seed, trained and scored under a protocol. It follows from its spec alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from synthkit import config, stages
from synthkit.benchmark import protocol as protocols
from synthkit.benchmark import result as results
from synthkit.benchmark.judges import is_trained, judge_folder, judge_of, read_record
from synthkit.benchmark.origin import hash_of_config
from synthkit.benchmark.protocol import Protocol, root_override
from synthkit.benchmark.result import Result
from synthkit.benchmark.scoring import open_source, ready, score
from synthkit.data import open_data
from synthkit.errors import ConfigError, DataError
from synthkit.inference import has_clustered_styles, load
from synthkit.paths import JUDGES
from synthkit.runner import dry_run
from synthkit.styles.fit import Clustering, fit

SAVE_EVERY = 200  # steps after which an interrupted training goes on


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What is trained and scored.

    Attributes:
        protocol: a shipped protocol's name, or a file's path.
        method: its name in tables.
        config: a config's name or path, with the overrides laid over it after those of the protocol.
        seed: of the training.
        root: the folder of the data, where the protocol's base names another.
        judges: the folder of trained judges.
    """

    protocol: str
    method: str
    config: str
    overrides: tuple[str, ...] = ()
    seed: int = 0
    root: str | None = None
    judges: str = str(JUDGES)


def run(trial: Trial, folder: Path, *, device: str = "auto") -> Result:
    """Train the trial in the run folder `folder` and score it there; return its result.

    What has been done already is not done again: an interrupted training goes on, and a result that fits is
    returned at once. Raises ConfigError for a folder of another trial; else as the training and the scoring.
    """
    if (known := stored(trial, folder)) is not None:
        return known
    protocol = protocols.load(trial.protocol, trial.root)
    judge = judge_of(protocol, Path(trial.judges), device=device)
    ready(protocol, judge)  # what is wrong with the scoring is found before the training
    cfg = resolved(trial, protocol, folder, device)
    check_data(cfg, protocol)
    stages.train(cfg, folder, resume=folder.is_dir())
    if has_clustered_styles(cfg):
        _fit_styles(folder, device)
    source = open_source(folder, protocol, device=device)
    result, _ = score(source, protocol, scores_folder(folder, protocol), judge=judge, method=trial.method)
    return result


def check_data(cfg: config.Section, protocol: Protocol) -> None:
    """Raise DataError unless a config reads the scored photos: all the names, and the first one alike."""
    data = list(config.stages(cfg).values())[-1]["data"]
    own = open_data(
        data, protocol.split, training=False, fields=("image",), classes=None, ignore=None, seed=0
    )
    if tuple(own.data.stems[: protocol.count]) != protocol.stems:
        raise DataError(f"split {protocol.split!r} holds other samples than {protocol.name} scores")
    image, real = own[0]["image"], protocol.reference[0]["image"]
    if not torch.equal(image, real):
        (height, width), (scored_height, scored_width) = image.shape[1:], real.shape[1:]
        raise DataError(
            f"the data hold another {protocol.stems[0]} ({width}x{height}) than {protocol.name} scores "
            f"({scored_width}x{scored_height}): another size, or another image"
        )


def scores_folder(run: Path, protocol: Protocol) -> Path:
    """Where a run's scores under a protocol lie."""
    return run / "scores" / protocol.name


def stored(trial: Trial, folder: Path) -> Result | None:
    """The result that a trial has already, if it is of the protocol and the config as they are now.

    One of a training that was not at its end, as `synthkit evaluate` gives, is none.
    """
    protocol = protocols.load(trial.protocol, trial.root)
    path = scores_folder(folder, protocol) / "result.json"
    if not path.is_file():
        return None
    found = results.read(path)
    cfg = resolved(trial, protocol, folder)
    expected = protocol.sha256, hash_of_config(cfg, protocol.budget), trial.seed
    same = (found.protocol_sha256, found.config_sha256, found.seed) == expected
    same = same and (not protocol.budget or found.steps == cfg["train"]["steps"])
    return found if same and _is_judged_by(found, protocol, Path(trial.judges)) else None


def _is_judged_by(result: Result, protocol: Protocol, judges: Path) -> bool:
    """Whether the judge that is stored now, if there is one, gave the scores."""
    if protocol.judge is None or not is_trained(protocol):
        return True
    record = read_record(judge_folder(protocol, judges))
    return record is None or record.weights_sha256 == result.judge_sha256


def resolved(trial: Trial, protocol: Protocol, folder: Path, device: str = "auto") -> config.Section:
    """The config that the trial trains. Raises ConfigError where it does not fit the protocol's budget."""
    cfg = page(trial, protocol, device)
    if not protocol.budget:
        return cfg
    return page(trial, protocol, device, _length(_steps(cfg, protocol.budget, folder)))


def page(
    trial: Trial, protocol: Protocol, device: str = "auto", length: Sequence[str] = ()
) -> config.Section:
    """The trial's config with overrides for its length, or before that is known. Raises as `resolved`."""
    fixed = [f"train.seed={trial.seed}", f"train.device={device}", "train.dry_run=false", *length]
    overrides = [*protocol.overrides, *trial.overrides, *fixed]
    cfg = config.load(trial.config, overrides)
    if trial.root is not None and "root" in cfg["data"]:
        cfg = config.load(trial.config, [*overrides, *root_override(trial.root)])
    if protocol.budget and "stages" in cfg:
        raise ConfigError(
            f"{trial.method} trains in stages, each with a length of its own, so a budget cannot set it: "
            f"{trial.config}"
        )
    if protocol.budget and not length and config.COMMAND_LINE in cfg["train"].where("steps"):
        budget = ", ".join(f"{value} {key}" for key, value in protocol.budget.items())
        raise ConfigError(f"train.steps follows from the budget of {protocol.name}: {budget}")
    return cfg


def _steps(cfg: Mapping, budget: Mapping, folder: Path) -> int:
    """How many steps the budget is; those of a training that has begun stay as they are."""
    if "steps" in budget:
        return budget["steps"]
    if (folder / "config.yaml").is_file():
        return config.load(folder / "config.yaml")["train"]["steps"]
    return max(1, round(60 * budget["minutes"] / dry_run(cfg).seconds_per_step))


def _length(steps: int) -> list[str]:
    """Overrides for a training of so many steps.

    It saves on the way, and looks at held-out samples at the end alone; nothing is decided by them.
    """
    return [
        f"train.steps={steps}",
        f"train.save_every={min(SAVE_EVERY, steps)}",
        f"train.validate_every={steps}",
        "train.validation_images=6",
    ]


def _fit_styles(folder: Path, device: str) -> None:
    """Cluster the styles of a run with an encoder; they decide what it makes of a label map alone."""
    styles, _ = fit(load(folder, device=device), Clustering())
    styles.save(folder)
