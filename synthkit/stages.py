"""A training in stages: coarse to fine, or part by part.

The last stage is the run RUN itself; those before it are runs of their own in RUN/stages/NAME. Each starts
from the weights of the one before, where name and shape agree.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from synthkit import build, config, runner
from synthkit.checkpoint import Checkpoint
from synthkit.distributed import barrier
from synthkit.errors import CheckpointError, ConfigError, listed
from synthkit.paths import STAGES
from synthkit.run_folder import starting_point
from synthkit.surroundings import joined


class Stage(NamedTuple):
    """One stage: its name, the config it trains, its run folder, and the run whose weights it starts from."""

    name: str
    config: config.Section
    folder: Path
    previous: Path | None


def train(cfg: Mapping, work_dir: str | Path, *, resume: bool = False) -> Path:
    """Train what a resolved config describes, one stage after another if it has any; return the run folder.

    The folder must be empty, or hold a run of this config that `resume` continues: a staged one in the last
    stage that has begun. All stages are tried out before the first one begins. Otherwise as `runner.train`.
    """
    stages = plan(cfg, Path(work_dir))
    with joined(stages[0].config):
        remaining, notices = _to_train(stages, resume)
        barrier()  # before the first process writes into a folder that the others have just looked at
    notices += [line for stage in remaining[1:] for line in _tried(stage)]
    for stage in remaining:
        if stage.name:
            number = stages.index(stage) + 1
            notices.insert(0, f"stage {number} of {len(stages)}, {stage.name}: {stage.folder}")
        runner.train(stage.config, stage.folder, resume=resume, previous=stage.previous, notices=notices)
        notices = []
    return stages[-1].folder


def plan(cfg: Mapping, folder: Path) -> list[Stage]:
    """The stages of a config in the run folder `folder`; a config without stages is a single one, named "".

    Raises ConfigError where a stage but the first names weights to start from.
    """
    pages = config.stages(cfg if isinstance(cfg, config.Section) else config.from_dict(cfg))
    earlier = [folder / STAGES / name for name in pages][:-1]
    folders = zip(pages.items(), [*earlier, folder], [None, *earlier], strict=True)
    stages = [Stage(name, page, own, previous) for (name, page), own, previous in folders]
    for stage in stages[1:]:
        settings = build.part(stage.config, "train")
        if settings.get("init_from") is not None:
            first = f"stages.{stages[0].name}.train.init_from"
            message = f"the stage {stage.name!r} starts from the weights of the stage before; write {first}"
            raise ConfigError(message, build.where(settings, "init_from"))
    return stages


def _to_train(stages: Sequence[Stage], resume: bool) -> tuple[list[Stage], list[str]]:
    """The stages from the last on that has begun, and what there is to say of those before it.

    Raises CheckpointError for a folder that is not empty and not to be resumed, or that holds other stages
    than the config has before the one that goes on; ConfigError for a stage made with another config.
    """
    folder = stages[-1].folder
    there = {path.name for path in (folder / STAGES).glob("[!.]*")}
    if there and not resume:
        raise CheckpointError(f"{folder} is not empty: --resume continues it, --work-dir names another")
    others = there - {stage.name for stage in stages[:-1]}
    starts = [starting_point(stage.folder, stage.config, resume)[0] for stage in stages]
    if others and not (starts[-1] and len(stages) == 1):  # the last stage alone is RUN/config.yaml's
        raise CheckpointError(
            f"{folder / STAGES} holds stages that the config does not have: {listed(others)}"
        )
    begun = max((index for index, start in enumerate(starts) if start), default=0)
    if there and begun and stages[begun - 1].name not in there:
        raise CheckpointError(
            f"{stages[begun].folder} has trained, but not the stage before it, {stages[begun - 1].name!r}; "
            "its own config.yaml goes on without"
        )
    over = zip(stages[:begun], starts, strict=False)
    return list(stages[begun:]), [line for stage, start in over if start for line in _changed(stage, start)]


def _changed(stage: Stage, start: Checkpoint) -> list[str]:
    """That another length of a stage whose time is over changes nothing."""
    then, now = start.config["train"]["steps"], stage.config["train"]["steps"]
    if then == now:
        return []
    return [f"stage {stage.name} is over: it had train.steps {then}, and {now} changes nothing"]


def _tried(stage: Stage) -> list[str]:
    """What a later stage will take; without a dry run it is only built."""
    if not stage.config["train"].get("dry_run", True):
        runner.check(stage.config)
        return []
    return [f"stage {stage.name}: {runner.dry_run(stage.config).describe().splitlines()[-1]}"]
