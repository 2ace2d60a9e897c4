"""Types and default values of Python in the words of YAML."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from synthkit import yaml_loader


def type_words(hint: Any) -> str:
    """`list of int or null` for `Sequence[int] | None`; what YAML cannot say, a function, is left out."""
    origin, parts = get_origin(hint), get_args(hint)
    if isinstance(hint, str):
        return hint
    if origin is Annotated:
        return type_words(parts[0])
    if origin is Literal:
        return " or ".join(map(yaml_words, parts))
    if origin in (Union, UnionType):
        words = [type_words(part) for part in sorted(parts, key=lambda part: part is NoneType)]
        return " or ".join(dict.fromkeys(filter(None, words)))
    return _plain_words(origin or hint, parts)


def _plain_words(kind: Any, parts: tuple) -> str:
    if kind in (None, NoneType):
        return "null"
    if kind is Callable or not isinstance(kind, type):
        return ""
    inner = [words for part in parts if part is not ... and (words := type_words(part))]
    if issubclass(kind, Mapping):
        return f"mapping to {inner[1]}" if len(inner) == 2 and inner[1] != "Any" else "mapping"
    if issubclass(kind, Iterable) and kind is not str:
        return f"list of {inner[0]}" if inner else "list"
    return kind.__name__


def yaml_words(value: Any) -> str:
    """A default value as it would stand in YAML; anything but plain data by its type's name."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, (int, float)):
        return re.sub(r"e([-+])0(\d)", r"e\1\2", str(value))
    if isinstance(value, str):
        return yaml_loader.dump([value]).strip()[1:-1]
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(yaml_words, value))}]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {yaml_words(item)}" for key, item in value.items()) + "}"
    return type(value).__name__
