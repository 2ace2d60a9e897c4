"""A trained run as a small run folder: what translating needs, and nothing of its training or its machine."""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from synthkit import checkpoint, config
from synthkit.data.writing import check_new, replaced_folder
from synthkit.editing.objects import FOLDER as OBJECTS
from synthkit.editing.objects import Objects
from synthkit.inference import restored
from synthkit.nn.precision import store_weights
from synthkit.run_folder import write_config
from synthkit.styles.codes import FILE as STYLES
from synthkit.styles.codes import Styles, run_folder
from synthkit.translator import PRECISIONS, Translator


def export_run(run: str | Path, out: str | Path, *, best: bool = False) -> Path:
    """Write the networks that translate, with styles and objects where the run has them, to the folder `out`.

    The weights, averaged ones where there are any, are kept in the precision of the training, so that the
    images have the same bits. Absolute paths in the config keep their last part alone. Returns the
    checkpoint that was written. Raises DataError where `out` is not empty or cannot be written, and what
    `inference.load` raises.
    """
    check_new(out := Path(out))
    found, _ = checkpoint.find_best(Path(run)) if best else checkpoint.find(Path(run))
    cfg = config.from_dict(_without_paths(found.config), name=str(found.path))
    source = run_folder(found.path)
    with replaced_folder(out) as folder:
        translator = restored(found, cfg)
        if dtype := PRECISIONS[translator.precision]:
            store_weights(translator.networks, dtype)
        written = _save(folder / "checkpoints", found, cfg, translator)
        write_config(folder, cfg)
        for part, kind in ((STYLES, Styles), (OBJECTS, Objects)):
            if (source / part).exists():
                kind.load(source).save(folder)
    return out / written.relative_to(folder)


def _save(folder: Path, found: checkpoint.Checkpoint, cfg: config.Section, translator: Translator) -> Path:
    state = {
        "config": config.plain(cfg),
        "progress": {"step": found.step},
        "random": [],
        "versions": found.state.get("versions", {}),
        "plugins": _versions(found.state.get("plugins", {})),
    }
    tensors = {"weights": translator.networks.state_dict()}
    return checkpoint.save(folder, step=found.step, state=state, tensors=tensors)


def _versions(plugins: Mapping[str, Mapping]) -> dict[str, dict]:
    """The plugins' versions; where they lay is of the machine."""
    return {name: {"version": each.get("version")} for name, each in plugins.items()}


def _without_paths(value: Any) -> Any:
    """A config with the last part alone of each absolute path."""
    if isinstance(value, dict):
        return {key: _without_paths(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_paths(item) for item in value]
    for kind in (PurePosixPath, PureWindowsPath):
        if isinstance(value, str) and kind(value).is_absolute():
            return kind(value).name
    return value
