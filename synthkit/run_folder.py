"""The folder of a run: claiming a fresh one, and where a resumed one goes on."""

from collections.abc import Mapping
from pathlib import Path

from synthkit import checkpoint, config
from synthkit.errors import CheckpointError, ConfigError

# what a resumed run may change: how long and how it runs, not what it learns
CHANGEABLE = {
    f"train.{key}"
    for key in (
        *("steps", "device", "workers", "log_every", "validate_every", "save_every"),
        *("validation_images", "samples", "keep", "memory_format"),
    )
} | {"data.root"}


def starting_point(
    folder: Path, cfg: Mapping, resume: bool
) -> tuple[checkpoint.Checkpoint | None, list[str]]:
    """The newest whole checkpoint of a run with this config that `resume` goes on from, if there is one.

    Also what was wrong with newer checkpoints.
    """
    if not folder.is_dir() or not any(folder.iterdir()):
        return None, []
    if not resume:
        raise CheckpointError(f"{folder} is not empty: --resume continues it, --work-dir names another")
    stored = config.load(folder / "config.yaml")
    now, then = ({path: value for path, value, _ in config.flatten(each)} for each in (cfg, stored))
    changed = sorted(key for key in now.keys() | then.keys() if now.get(key) != then.get(key))
    if refused := [key for key in changed if key not in CHANGEABLE]:
        lines = [f"  {key}: {then.get(key)!r} in the run, {now.get(key)!r} now" for key in refused]
        raise ConfigError("\n".join([f"{folder} was made with another config", *lines]))
    if not checkpoint.steps(folder / "checkpoints"):
        return None, []
    return checkpoint.find(folder)


def claim(folder: Path, cfg: Mapping) -> None:
    """Make the run folder and write the config into it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.yaml").write_text(config.dump(cfg), encoding="utf-8")
    except OSError as err:
        raise CheckpointError(f"the run folder {folder} cannot be written: {err}") from err
