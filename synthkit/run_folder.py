"""The folder of a run: claiming it for one process, and where a resumed run goes on."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from synthkit import checkpoint, config, lock
from synthkit.errors import CheckpointError, ConfigError
from synthkit.paths import LOG, STAGES, TRIAL

# what a resumed run may change: how long and how it runs, not what it learns
CHANGEABLE = {
    f"train.{key}"
    for key in (
        *("steps", "device", "workers", "log_every", "validate_every", "save_every", "validation_images"),
        *("samples", "patience", "keep", "memory_format", "checkpointing", "dry_run"),
    )
} | {"data.root"}


def starting_point(
    folder: Path, cfg: Mapping, resume: bool
) -> tuple[checkpoint.Checkpoint | None, list[str]]:
    """The newest whole checkpoint of a run with this config that `resume` goes on from, if there is one.

    Also what was wrong with newer checkpoints. A run that never saved starts anew, with any config.
    """
    besides = (STAGES, TRIAL, LOG)  # are there before a training begins
    if not folder.is_dir() or all(path.name[0] == "." or path.name in besides for path in folder.iterdir()):
        return None, []
    if not resume:
        raise CheckpointError(f"{folder} is not empty: --resume continues it, --work-dir names another")
    if not (folder / "config.yaml").is_file():
        raise CheckpointError(f"{folder} is no run folder: it has no config.yaml")
    names = ("[0-9]*", checkpoint.REPLACED.format("*"))
    if not [path for name in names for path in (folder / "checkpoints").glob(name)]:
        return None, []
    stored = config.load(folder / "config.yaml")
    now, then = ({path: value for path, value, _ in config.flatten(each)} for each in (cfg, stored))
    changed = sorted(key for key in now.keys() | then.keys() if now.get(key) != then.get(key))
    if refused := [key for key in changed if key not in CHANGEABLE and not key.startswith("train.trackers")]:
        lines = [f"  {key}: {then.get(key)!r} in the run, {now.get(key)!r} now" for key in refused]
        raise ConfigError("\n".join([f"{folder} was made with another config", *lines]))
    found, passed_over = checkpoint.find(folder)
    if not found.is_resumable:
        raise CheckpointError(
            f"{folder} was exported to translate and has no training state to go on from: "
            f"train.init_from={folder} starts another training with its weights"
        )
    return found, passed_over


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Within it, what cannot be written into the run folder is a CheckpointError."""
    try:
        yield
    except OSError as err:
        raise CheckpointError(f"the run folder {folder} cannot be written: {err}") from err


def claim(folder: Path) -> TextIO:
    """Make the run folder and lock it; the lock lasts as long as the returned file.

    The kernel drops it with the process, however that ends. Raises CheckpointError if another process has it.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        return lock.hold(folder)


def write_config(folder: Path, cfg: Mapping) -> None:
    """Write the resolved config to RUN/config.yaml. Raises CheckpointError where that fails."""
    partial = folder / ".config.yaml.partial"
    with writing(folder):
        partial.write_text(config.dump(cfg), encoding="utf-8")
        partial.replace(folder / "config.yaml")
