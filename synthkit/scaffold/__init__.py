"""The start of somebody's own plugin: a folder of files in which its name stands for PLACEHOLDER.

The files are themselves a plugin of that name, so that tools can read them as they are.
"""

import importlib.util
import keyword
from pathlib import Path

from synthkit import plugins
from synthkit.errors import PluginError

PLACEHOLDER = "plugin_name"
TEMPLATE = Path(__file__).with_name(PLACEHOLDER)


def write(name: str, parent: str | Path) -> Path:
    """Write the plugin `name` to the new folder PARENT/NAME, which is returned.

    Raises PluginError for a name that no plugin can have, that is taken, or whose folder is there already,
    and where the folder cannot be written.
    """
    _check(name)
    folder = Path(parent).expanduser() / name
    try:
        if folder.exists() or folder.is_symlink():
            raise PluginError(f"{folder} is there already: choose another name, or another folder with --out")
        _check_free(name)
        for path in sorted(TEMPLATE.rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                target = folder / _named(path.relative_to(TEMPLATE).as_posix(), name)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(_named(path.read_text(encoding="utf-8"), name), encoding="utf-8")
    except OSError as error:
        raise PluginError(f"{folder} cannot be written: {error}") from error
    return folder


def _named(text: str, name: str) -> str:
    return text.replace(PLACEHOLDER, name)


def _check(name: str) -> None:
    plugins.check_name(name)
    if keyword.iskeyword(name):
        raise PluginError(f"{name!r} is a word of Python, and no module can have its name")
    if name.endswith("_"):
        raise PluginError(f"{name!r} ends in _, which no package that pip installs can")
    if name in {path.name for path in TEMPLATE.iterdir()} - {PLACEHOLDER}:
        raise PluginError(f"{name!r} is what another folder of a plugin is called")


def _check_free(name: str) -> None:
    """Raise PluginError where a plugin or a module that can be imported has the name."""
    if found := plugins.sources().get(name):
        raise PluginError(f"there is a plugin {name!r} already: {found[0].origin}")
    if importlib.util.find_spec(name):
        raise PluginError(f"there is a Python module {name!r} already, which the plugin would hide")
