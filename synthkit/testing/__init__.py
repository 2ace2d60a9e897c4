"""The contract of components as a test, for plugins of your own:

    from synthkit import testing

    test_contract = testing.contract("mine", small={"mine/unet": {"channels": 4}})

It needs pytest, as `pip install pytest` gives it.
"""

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from synthkit import plugins
from synthkit.errors import PluginError, did_you_mean, listed
from synthkit.registry import REGISTRIES, Registry
from synthkit.testing import (  # noqa: F401  (they register their checks)
    backbones,
    datasets,
    detectors,
    discriminators,
    encoders,
    every,
    generators,
    inputs,
    judges,
    losses,
    metrics,
    norms,
    steps,
)
from synthkit.testing.component import Check, Component, check, checks_of

__all__ = ["Check", "Component", "check", "checks_of", "components", "contract"]

Settings = Mapping[str, Mapping[str, Any] | None]


def contract(
    plugin: str = "", *, small: Settings | None = None, folder: str | Path | None = None
) -> Callable[[Component, Check], None]:
    """A pytest test of each component of a plugin against each check of its kind.

    Args:
        plugin: its name; "" stands for synthkit's own components.
        small: settings by component that make it small and quick, or that it cannot do without; None leaves
            a component out. One that is not named is built with its defaults.
        folder: a folder to find the plugin in, if it is neither installed nor on $SYNTHKIT_PLUGIN_PATH.

    Raises PluginError for a plugin that is missing, broken or empty, for names in `small` that it does not
    register, and where pytest is not installed.
    """
    pytest = _pytest()
    cases = [
        pytest.param(component, each, id=f"{component.name}-{each.__name__}")
        for component in components(plugin, small=small or {}, folder=folder)
        for each in checks_of(component)
    ]

    @pytest.mark.parametrize(("component", "check"), cases)
    def test_contract(component: Component, check: Check) -> None:
        torch.manual_seed(0)
        try:
            check(component)
        except Exception as error:  # whatever the component raises
            error.add_note(f"what is owed:\n{inspect.getmodule(check).__doc__}")
            raise

    return test_contract


def components(plugin: str, *, small: Settings, folder: str | Path | None = None) -> list[Component]:
    """The components that a plugin registers, with their settings. Raises PluginError as `contract` does."""
    if folder is not None and plugin not in plugins.sources():
        plugins.add_path(folder)
    if plugin:
        plugins.load(plugin)
    found = [
        Component(registry.name, name, target, small.get(name) or {})
        for registry in REGISTRIES
        for name, target in _own(registry, plugin)
    ]
    if not found:
        raise PluginError(f"plugin {plugin!r} registers nothing: is each module imported by its __init__.py?")
    if unknown := small.keys() - {each.name for each in found}:
        name = min(unknown)
        near = did_you_mean(name, known := [each.name for each in found])
        raise PluginError(f"small: no component {name!r}.{near} Components: {listed(known)}")
    return [each for each in found if small.get(each.name, {}) is not None]


def _own(registry: Registry, plugin: str) -> list[tuple[str, Callable]]:
    """Name and target of what a plugin, or the core, has in a registry."""
    registry.import_from_location()
    prefixes = ((name.rpartition("/")[0], name) for name in sorted(registry.module_dict))
    return [(name, registry.module_dict[name]) for prefix, name in prefixes if prefix == plugin]


def _pytest() -> ModuleType:
    try:
        import pytest
    except ModuleNotFoundError as error:
        if error.name != "pytest":
            raise
        raise PluginError("the contract needs pytest: pip install pytest") from error
    return pytest
