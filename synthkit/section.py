"""A mapping of the resolved config that knows where it and its values were written."""

import copy
from collections.abc import Iterable, Mapping
from typing import Any

from synthkit.errors import ConfigError, did_you_mean, listed, shown

MAX_DEPTH = 50


class Section(dict):
    """A plain dict with `path` ("model.generator", "" at the top), `origin` and each key's `origins`.

    An origin is "configs/METHOD/streets_128.yaml:5:3" or "command line". Mappings inside, also those in
    lists, are Sections too.
    """

    def __init__(
        self,
        values: Mapping | Iterable = (),
        *,
        path: str = "",
        origin: str = "",
        origins: Mapping[str | int, str] | None = None,
    ) -> None:
        super().__init__(values)
        self.path, self.origin, self.origins = path, origin, dict(origins or {})

    def where(self, key: str | int | None = None) -> str:
        """The path of a key, or of the section itself, and where it was written."""
        path = self.path if key is None else join(self.path, key)
        origin = self.origins.get(key, self.origin)
        return f"{path} ({origin})" if path and origin else path or origin


def join(path: str, key: str | int) -> str:
    """`model` and `generator` give `model.generator`."""
    return f"{path}.{key}" if path else str(key)


def where(mapping: Mapping, key: str | int | None = None) -> str:
    """`Section.where`; of a plain mapping the key alone."""
    if isinstance(mapping, Section):
        return mapping.where(key)
    return "" if key is None else str(key)


def without(mapping: Mapping, *keys: str) -> dict:
    """A shallow copy that lacks some keys; a Section keeps its path and origins."""
    rest = copy.copy(mapping) if isinstance(mapping, dict) else dict(mapping)
    for key in keys:
        rest.pop(key, None)
    return rest


def moved(value: Any, path: str = "") -> Any:
    """The same data under another path, by default the top; every key keeps its origin."""
    if isinstance(value, Section):
        inner = {key: moved(item, join(path, key)) for key, item in value.items()}
        return Section(inner, path=path, origin=value.origin, origins=value.origins)
    return [moved(item, f"{path}[{i}]") for i, item in enumerate(value)] if isinstance(value, list) else value


def check_keys(section: Mapping, allowed: Iterable[str]) -> None:
    """Raise ConfigError at the first key that is not allowed, with its place, near names and valid ones."""
    allowed = list(allowed)
    for key in section:
        if key not in allowed:
            raise ConfigError(unknown_key(key, allowed), where(section, key))


def unknown_key(key: object, allowed: Iterable[str]) -> str:
    """What is said of a key that is not allowed."""
    return f"unknown key {shown(key)}.{did_you_mean(key, allowed)} Valid keys: {listed(allowed)}"


def from_plain(value: Any, path: str = "", origin: str = "", depth: int = 0) -> Any:
    """Plain data with every mapping turned into a Section. Anything but plain data is a ConfigError."""
    place = f"{path} ({origin})" if path else origin
    if depth > MAX_DEPTH:
        raise ConfigError(f"nested more than {MAX_DEPTH} deep", place)
    if isinstance(value, dict):
        if odd := [key for key in value if type(key) not in (str, int)]:
            raise ConfigError(f"a key must be a string or an integer, not {shown(odd[0])}", place)
        inner = {key: from_plain(item, join(path, key), origin, depth + 1) for key, item in value.items()}
        return Section(inner, path=path, origin=origin, origins=dict.fromkeys(inner, origin))
    if isinstance(value, list):
        return [from_plain(item, f"{path}[{i}]", origin, depth + 1) for i, item in enumerate(value)]
    if not is_plain_scalar(value):
        raise ConfigError(
            f"only None, bool, int, float, str, list and dict are plain data, not {shown(value)}", place
        )
    return value


def is_plain_scalar(value: Any) -> bool:
    """None, bool, float, an integer below 2^64 in size, or a string that UTF-8 can write."""
    if type(value) is int:
        return abs(value) < 2**64
    if type(value) is str:
        return value.isascii() or not any("\ud800" <= character <= "\udfff" for character in value)
    return value is None or type(value) in (bool, float)


def plain(value: Any) -> Any:
    """The same data in fresh plain dicts and lists."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


def flatten(section: Section) -> list[tuple[str, Any, str]]:
    """The leaves in order as (dotted path, value, origin).

    A list without mappings is one leaf, and so is an empty mapping.
    """
    leaves = []
    for key, value in section.items():
        leaves += _leaves(join(section.path, key), value, section.origins.get(key, section.origin))
    return leaves


def _leaves(path: str, value: Any, origin: str) -> list[tuple[str, Any, str]]:
    if isinstance(value, Section) and value:
        return flatten(value)
    if isinstance(value, list) and _holds_mapping(value):
        return [leaf for i, item in enumerate(value) for leaf in _leaves(f"{path}[{i}]", item, origin)]
    return [(path, plain(value), origin)]


def _holds_mapping(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and any(map(_holds_mapping, value)))
