"""Finds and loads plugins: packages, or single files, that register components under their own name.

Sources: the plugins that come with synthkit; pip packages with an entry point in the group
`synthkit.plugins`; the folders in $SYNTHKIT_PLUGIN_PATH and those given to `add_path`. A plugin in a folder
is imported as `synthkit.plugins.NAME` when one of its components is first used. The current folder is never
searched by itself.
"""

import importlib
import os
import pkgutil
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import distributions
from pathlib import Path
from types import ModuleType

from synthkit import paths
from synthkit.errors import PluginError, did_you_mean, listed

VARIABLE = "SYNTHKIT_PLUGIN_PATH"
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_added: list[Path] = []
_loaded: set[str] = set()
_failures: dict[str, BaseException] = {}


@dataclass(frozen=True)
class Source:
    """Where a plugin was found. `version` is the distribution's, and empty for a plugin in a folder."""

    module: str
    origin: str
    version: str = ""
    bundled: bool = False


@dataclass(frozen=True)
class PluginInfo:
    """One row of `synthkit plugins`. `state` is "ok", "failed: REASON" or "clash: PLACES".

    `kinds` are those of the files that `synthkit import` reads, and what each holds.
    """

    name: str
    version: str
    origin: str
    components: list[str] = field(default_factory=list)
    state: str = "ok"
    kinds: Mapping[str, str] = field(default_factory=dict)


def add_path(folder: str | Path) -> None:
    """Search one more folder for plugins. Raises PluginError if it does not exist."""
    path = Path(folder).expanduser().resolve()
    if not path.is_dir():
        raise PluginError(f"plugin path {str(folder)!r}: no such folder: {path}")
    _added.append(path)
    _extend_package()


def added_folders() -> list[Path]:
    """The folders that are searched beside that of the plugins that come with synthkit."""
    return _folders()[1:]


def sources() -> dict[str, list[Source]]:
    """Every plugin's sources by its name, sorted; no plugin is imported.

    Raises:
        PluginError: for a folder in $SYNTHKIT_PLUGIN_PATH that does not exist.
    """
    _extend_package()
    found: dict[str, list[Source]] = {}
    bundled = paths.shipped("plugins")
    for folder in _folders():
        if not folder.is_dir() and folder != bundled:
            raise PluginError(f"${VARIABLE} names {str(folder)!r}, which is not a folder")
        for info in pkgutil.iter_modules([str(folder)]):
            if not info.name.startswith("_"):
                path = folder / (info.name if info.ispkg else f"{info.name}.py")
                source = Source(f"{__name__}.{info.name}", str(path), bundled=folder == bundled)
                found.setdefault(info.name, []).append(source)
    for name, source in _installed():
        found.setdefault(name, []).append(source)
    return dict(sorted(found.items()))


def load(name: str) -> None:
    """Import a plugin unless that is done. A failed one is not tried again: its first error is shown again.

    Raises:
        PluginError: if there is no such plugin, if two sources have it, or if its import fails.
    """
    if name not in _failures and name not in _loaded:
        _import(name, _only_source(name))
    if name in _failures:
        error = _failures[name]
        raise PluginError(f"plugin {name!r} failed to import: {reason(error)}") from error


def check_name(name: str) -> None:
    """Raise PluginError for what cannot be a plugin's name."""
    if not _NAME.fullmatch(name) or name in _RESERVED:
        raise PluginError(
            f"{name!r}: a plugin's name is made of a-z, 0-9 and _, begins with a letter, and is not one that "
            "synthkit uses itself"
        )


def module(name: str, part: str) -> ModuleType:
    """The module `part` of a plugin that is a package, such as its `official`.

    Raises:
        PluginError: as `load`, and if the plugin has no such module.
    """
    load(name)
    wanted = f"{_only_source(name).module}.{part}"
    try:
        return importlib.import_module(wanted)
    except ModuleNotFoundError as error:
        if error.name not in (wanted, wanted.rpartition(".")[0]):
            raise
        raise PluginError(f"plugin {name!r} has no module {part!r}") from error


def failures() -> dict[str, BaseException]:
    """The first error of each plugin that failed to import, by its name."""
    return dict(_failures)


def loaded() -> set[str]:
    """The names of the plugins that were imported without an error."""
    return _loaded - _failures.keys()


def provenance() -> dict[str, dict[str, str]]:
    """Origin and version of every loaded plugin, for the records of a run."""
    found = {name: _only_source(name) for name in sorted(loaded())}
    return {name: {"origin": each.origin, "version": _version(each)} for name, each in found.items()}


def reason(error: BaseException) -> str:
    """`ImportError: No module named 'cv2'`."""
    return f"{type(error).__name__}: {error}".removesuffix(": ")


def owner(module_name: str) -> str | None:
    """The plugin that a module belongs to; "" for synthkit itself, None for a script or a notebook."""
    if module_name.startswith(f"{__name__}."):
        return module_name.split(".")[2]
    if module_name.split(".")[0] == "synthkit":
        return ""
    for name, source in _installed():
        if module_name == source.module or module_name.startswith(f"{source.module}."):
            return name
    return None


def describe() -> list[PluginInfo]:
    """Load every plugin and say what became of it."""
    return [_describe(name, found) for name, found in sources().items()]


def _describe(name: str, found: list[Source]) -> PluginInfo:
    origin = " and ".join(source.origin for source in found)
    if len(found) > 1:
        return PluginInfo(name, "", origin, state=f"clash: {origin}")
    try:
        load(name)
    except PluginError:
        return PluginInfo(name, found[0].version, origin, state=f"failed: {reason(_failures[name])}")
    return PluginInfo(name, _version(found[0]), origin, _components(name), kinds=_kinds(name))


def _version(source: Source) -> str:
    own = getattr(sys.modules.get(source.module), "__version__", "")
    bundled = getattr(sys.modules["synthkit"], "__version__", "") if source.bundled else ""
    return str(source.version or own or bundled)


def _components(name: str) -> list[str]:
    from synthkit.registry import REGISTRIES  # it imports this module, and mmengine

    return [
        f"{registry.name}: {key}"
        for registry in REGISTRIES
        for key in sorted(registry.module_dict)
        if key.startswith(f"{name}/")
    ]


def _kinds(name: str) -> Mapping[str, str]:
    try:
        return module(name, "official").KINDS
    except PluginError:  # it has no original
        return {}


def _only_source(name: str) -> Source:
    known = sources()
    if name not in known:
        raise PluginError(f"no plugin {name!r}.{did_you_mean(name, known)} Plugins: {listed(known)}")
    if len(known[name]) > 1:
        places = " and ".join(source.origin for source in known[name])
        raise PluginError(f"plugin {name!r} is in two places: {places}. Remove or rename one of them")
    return known[name][0]


def _import(name: str, source: Source) -> None:
    try:
        check_name(name)
        importlib.invalidate_caches()
        importlib.import_module(source.module)
    except (Exception, SystemExit) as error:  # whatever it is, it is the plugin's own
        _failures[name] = error
    else:
        _loaded.add(name)


def _folders() -> list[Path]:
    named = [
        Path(entry).expanduser().resolve()
        for entry in os.environ.get(VARIABLE, "").split(os.pathsep)
        if entry
    ]
    return list(dict.fromkeys([paths.shipped("plugins"), *named, *_added]))


def _extend_package() -> None:
    __path__.extend(str(folder) for folder in _folders() if folder.is_dir() and str(folder) not in __path__)


@cache
def _installed() -> list[tuple[str, Source]]:
    """The entry points of installed packages. What merely lies in the current folder is not installed."""
    folders = [entry for entry in sys.path if Path(entry).resolve() != Path.cwd()]
    found: dict[tuple[str, str], Source] = {}
    for distribution in distributions(path=folders):
        for point in distribution.entry_points.select(group=__name__):
            origin = f"{distribution.name} {distribution.version} ({point.value})"
            found.setdefault((point.name, origin), Source(point.module, origin, distribution.version))
    return [(name, source) for (name, _), source in found.items()]


_extend_package()
_RESERVED = frozenset({"user", *globals()})  # a submodule of the same name would replace the function
