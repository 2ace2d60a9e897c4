"""What every component owes whoever writes a config: a description, and settings that YAML can hold."""

import inspect
from collections.abc import Callable
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from torch import nn

from synthkit.reference import GROUPS
from synthkit.registry import REGISTRIES
from synthkit.testing.component import Component, check

_IN_YAML = (bool, int, float, str, list, tuple, dict)
_BUILT = [each for each in REGISTRIES if GROUPS[each.name].settings]


@check(*REGISTRIES)
def docstring(component: Component) -> None:
    text = component.target.__doc__ or ""
    assert text.strip(), (
        f"{component.name} has no docstring: it is what `synthkit list` shows. Say what it is, and its source"
    )


@check(*_BUILT)
def settings(component: Component) -> None:
    """Each has a name, an annotation to check values by, and a type that a config can hold."""
    wired = GROUPS[component.kind].wired
    for name, parameter in _parameters(component.target).items():
        if name in wired:
            continue
        assert parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY), (
            f"{parameter} of {component.name}: each setting needs a name of its own, by which configs are "
            "checked and synthkit sees what it may set itself"
        )
        _check_parameter(component, parameter)


def _parameters(target: Callable) -> dict[str, inspect.Parameter]:
    if getattr(target, "__init__", None) is nn.Module.__init__:
        return {}  # it has no constructor of its own
    return dict(inspect.signature(target, eval_str=True).parameters)


def _check_parameter(component: Component, parameter: inspect.Parameter) -> None:
    label = f"{parameter.name} of {component.name}"
    assert parameter.annotation is not parameter.empty, (
        f"{label} has no annotation: with one, such as `{parameter.name}: int`, configs are checked"
    )
    assert _from_yaml(parameter.annotation), (
        f"{label} is annotated {inspect.formatannotation(parameter.annotation)}, which no config can hold: "
        "take numbers, texts, lists or mappings, such as a registered name, and build the object from them"
    )


def _from_yaml(hint: Any) -> bool:
    """Whether YAML has a value that meets a type hint."""
    origin, parts = get_origin(hint), get_args(hint)
    if hint is Any or origin is Literal:
        return True
    if origin in (Union, UnionType):
        return any(map(_from_yaml, parts))
    if origin is Annotated:
        return _from_yaml(parts[0])
    kind = origin or hint
    return isinstance(kind, type) and any(issubclass(each, kind) for each in _IN_YAML)
