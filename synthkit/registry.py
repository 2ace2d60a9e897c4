"""Registered components by name: `NAME` in the core, `PLUGIN/NAME` in a plugin, `user/NAME` elsewhere.

mmengine's registry resolves any dotted name to any importable object and imports what a config's `_scope_`
names. Here a name is looked up and nothing else.
"""

import importlib
import inspect
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from types import FrameType
from typing import Any

from mmengine.registry import Registry as _BaseRegistry

from synthkit import build, plugins
from synthkit.errors import ConfigError, PluginError, did_you_mean, listed, shown

USER = "user"
_NAME = re.compile(r"(?:([a-z][a-z0-9_]*)/)?([A-Za-z0-9][A-Za-z0-9_-]*)")


class Registry(_BaseRegistry):
    """A named table of components. `locations` are the core modules that fill it, imported on first use."""

    def __init__(self, name: str, locations: Sequence[str] = ()) -> None:
        super().__init__(name, scope="synthkit", locations=list(locations))
        self._places: dict[str, tuple[str, str]] = {}

    def get(self, key: str) -> Callable:
        """The component of a name; its plugin is loaded if need be.

        Raises:
            ConfigError: for anything but a registered name, with near and all known names.
            PluginError: if the plugin is broken or in two places.
        """
        if not isinstance(key, str):
            raise ConfigError(
                f"a registered name such as 'name' or 'plugin/name' is needed, not {shown(key)}"
            )
        match = _NAME.fullmatch(key)
        plugin = match[1] if match else None
        if match and plugin is None:
            self.import_from_location()
        elif plugin and plugin != USER and plugin in plugins.sources():
            plugins.load(plugin)
        if key not in self._module_dict:
            raise ConfigError(self._unknown(key))
        return self._module_dict[key]

    def __contains__(self, key: str) -> bool:
        try:
            self.get(key)
        except ConfigError:
            return False
        return True

    def build(self, spec: Mapping | str, /, **wired: Any) -> Any:
        """Build a component from its bare name or from a mapping with `type` and its settings.

        `wired` are the values that synthkit sets itself; a config must not set them. Errors as in `get` and
        `build.call`.
        """
        spec = {"type": spec} if isinstance(spec, str) else spec
        if not isinstance(spec, Mapping):
            raise ConfigError(f"{self.name}: a name or a mapping with `type` is needed, not {shown(spec)}")
        if "_scope_" in spec:
            raise ConfigError("`_scope_` is not a setting; remove it", build.where(spec, "_scope_"))
        try:
            target = self.get(build.need(spec, "type"))
        except ConfigError as error:
            if error.where or not isinstance(spec, build.Section):
                raise
            raise ConfigError(str(error), spec.where("type")) from error
        return build.call(target, build.without(spec, "type"), **wired)

    def takes(self, spec: str | Mapping, key: str) -> bool:
        """Whether the component that `spec` names has a parameter `key`; False where it names none."""
        name = spec.get("type") if isinstance(spec, Mapping) else spec
        return name in self and key in inspect.signature(self.get(name)).parameters

    def names(self) -> list[str]:
        """The core's names and those of the plugins loaded so far, sorted."""
        self.import_from_location()
        return sorted(name for name in self._module_dict if name.partition("/")[0] not in plugins.failures())

    def import_from_location(self) -> None:
        """Import the core modules that hold this registry's components."""
        for location in self._locations:
            importlib.import_module(location)

    def _unknown(self, key: str) -> str:
        known, failed, found = self.names(), plugins.failures(), plugins.sources()
        idle = found.keys() - plugins.loaded() - failed.keys()
        plugin, slash, _ = key.partition("/")
        missing = slash and plugin not in (*found, USER)
        near = (
            f" No plugin {shown(plugin)}.{did_you_mean(plugin, found)}"
            if missing
            else did_you_mean(key, known)
        )
        lines = [
            f"{shown(key)} is not one of the {self.name}.{near}",
            f"known: {listed(known)}",
            f"plugins not loaded yet: {listed(idle)}",
        ]
        if missing:
            lines.append(f"folders of plugins are named by --plugin-path or ${plugins.VARIABLE}")
        if failed:
            reasons = (f"{name} ({plugins.reason(error)})" for name, error in failed.items())
            lines.append(f"plugins that failed: {listed(reasons)}")
        return "\n  ".join(lines)

    def _register_module(
        self, module: Callable, module_name: str | Sequence[str] | None = None, force: bool = False
    ) -> None:
        """mmengine's hook behind `register_module`: PluginError for a name that is taken or not one's own."""
        frame = _caller()
        caller, origin = frame.f_globals.get("__name__", ""), f"{frame.f_code.co_filename}:{frame.f_lineno}"
        names = [module_name or module.__name__] if not isinstance(module_name, list | tuple) else module_name
        # A module that is reloaded, or a notebook cell that is run again, defines the same thing anew.
        place = f"{caller}.{getattr(module, '__qualname__', origin)}"
        for name in names:
            _check_prefix(name, caller, origin)
            taken = self._places.get(name, (place, origin))
            if taken[0] != place:
                raise PluginError(
                    f"{name!r} is already one of the {self.name}: {taken[1]}, and again {origin}"
                )
        super()._register_module(module, list(names), force=True)
        self._places.update(dict.fromkeys(names, (place, origin)))


def _caller() -> FrameType:
    """The frame outside this module and mmengine's that registers a component."""
    frame = sys._getframe(1)
    while frame.f_globals.get("__name__") in (__name__, _BaseRegistry.__module__):
        frame = frame.f_back
    return frame


def _check_prefix(name: str, caller: str, origin: str) -> None:
    owner = plugins.owner(caller)
    prefix = USER if owner is None else owner
    match = _NAME.fullmatch(name)
    if match and (match[1] or "") == prefix:
        return
    form = f"{prefix}/NAME" if prefix else "NAME without a slash"
    raise PluginError(f"{caller} ({origin}) may not register {name!r}: its names have the form {form}")


GENERATORS = Registry("generators")
DISCRIMINATORS = Registry("discriminators", ["synthkit.discriminators"])
ENCODERS = Registry("encoders")
NORMS = Registry("norms", ["synthkit.nn.norms"])
LOSSES = Registry("losses", ["synthkit.losses"])
INPUTS = Registry("inputs", ["synthkit.inputs"])
STEPS = Registry("steps", ["synthkit.steps"])
DATASETS = Registry("datasets", ["synthkit.data"])
BACKBONES = Registry("backbones", ["synthkit.backbones"])
DETECTORS = Registry("detectors", ["synthkit.data.edges.canny", "synthkit.data.edges.dexined"])
METRICS = Registry("metrics", ["synthkit.metrics"])
JUDGES = Registry("judges", ["synthkit.benchmark.judges.networks"])
TRACKERS = Registry("trackers", ["synthkit.trackers"])
REGISTRIES = (
    GENERATORS,
    DISCRIMINATORS,
    ENCODERS,
    NORMS,
    LOSSES,
    INPUTS,
    STEPS,
    DATASETS,
    BACKBONES,
    DETECTORS,
    METRICS,
    JUDGES,
    TRACKERS,
)
