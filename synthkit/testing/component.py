"""A component under test, and the table of what is checked of each kind."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from synthkit import build
from synthkit.errors import ConfigError
from synthkit.registry import REGISTRIES, Registry


@dataclass(frozen=True)
class Component:
    """A registered class or function, its registry's name (`kind`), and settings that make it small."""

    kind: str
    name: str
    target: Callable
    settings: Mapping = field(default_factory=dict)

    def build(self, **wired: Any) -> Any:
        """The object, from its settings and what synthkit wires. AssertionError where that fails."""
        try:
            return build.call(self.target, self.settings, **wired)
        except ConfigError as error:
            given = {**self.settings, **wired}
            raise AssertionError(
                f"{self.name} cannot be built from {given}: {error}. The contract takes settings in `small`"
            ) from error

    def takes(self, key: str) -> bool:
        """Whether its constructor has a parameter of this name."""
        return key in inspect.signature(self.target).parameters

    def having(self, **settings: Any) -> "Component":
        """The same with other settings."""
        return Component(self.kind, self.name, self.target, {**self.settings, **settings})


Check = Callable[[Component], None]
_checks: dict[str, list[tuple[Check, str]]] = {each.name: [] for each in REGISTRIES}


def check(*registries: Registry, takes: str = "") -> Callable[[Check], Check]:
    """Register a check for the components of these registries; with `takes`, those with this parameter.

    A check raises AssertionError, saying what the contract wants.
    """

    def wrap(function: Check) -> Check:
        for each in registries:
            _checks[each.name].append((function, takes))
        return function

    return wrap


def checks_of(component: Component) -> list[Check]:
    """The checks that a component must pass."""
    return [each for each, key in _checks[component.kind] if not key or component.takes(key)]


def checks_of_kind(kind: str) -> list[Check]:
    """All checks of a registry's components, whatever their parameters."""
    return [each for each, _ in _checks[kind]]
