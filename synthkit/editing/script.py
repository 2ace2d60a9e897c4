"""Lists of edits in files: those that people write, and those of a scene's folder."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from synthkit import build
from synthkit.data.images import read_ids
from synthkit.editing import operations
from synthkit.editing.folders import contained, told
from synthkit.errors import ConfigError, DataError, shown
from synthkit.section import Section
from synthkit.yaml_loader import parse

EDITS, MASK = "edits", "mask"


def read_script(path: Path) -> list[Section]:
    """The edits in a YAML or JSON file: a list, or one under the key `edits`.

    Raises ConfigError and DataError, naming file, line and key, for what is no list of edits with the
    arguments of their operations.
    """
    try:
        content = parse(path.read_text(encoding="utf-8"), str(path))
    except FileNotFoundError as error:
        raise DataError(f"there is no script {path}") from error
    except (OSError, UnicodeError) as error:
        raise DataError(f"{path} cannot be read: {error}") from error
    if isinstance(content, Section):
        build.check_keys(content, [EDITS])
        content = build.need(content, EDITS)
    if not isinstance(content, list) or not content:
        raise ConfigError(f"a list of edits is needed, not {shown(content)}", str(path))
    return check_edits(content, path.parent, str(path))


def check_edits(edits: Sequence[Any], folder: Path, name: str) -> list[Section]:
    """Edits whose operations and arguments are right, as far as it shows without a scene.

    A mask that is a path, of a file in `folder` or below, becomes an array. Raises ConfigError, and DataError
    for masks; `name` is what they call the list.
    """
    for number, edit in enumerate(edits):
        build.check_mapping(edit, f"[{number}] ({name})")
    return [_checked(edit, folder) for edit in edits]


def _checked(edit: Section, folder: Path) -> Section:
    operation = operations.find(edit)
    if isinstance(edit.get(MASK), str):
        with told(edit.where(MASK)):
            mask = _read_mask(contained(folder, edit[MASK]))
        values = {**edit, MASK: mask}
        edit = Section(values, path=edit.path, origin=edit.origin, origins=edit.origins)
    build.arguments(operation, build.without(edit, operations.KEY), scenery=None, state=None)
    return edit


def _read_mask(path: Path) -> np.ndarray:
    """A mask (h, w) of 0 and 1 out of a file of 0 and 1, or of 0 and 255."""
    ids = read_ids(path)
    inside = ids == (255 if ids.max() == 255 else 1)
    if (odd := ids[(ids != 0) & ~inside]).size:
        raise DataError(f"{path}: a mask holds 0 and 1, or 0 and 255, and not {odd[0]}")
    return inside.astype(np.uint8)
