"""Objects from config mappings: keys and values are checked before the call, errors carry the YAML path."""

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from beartype import BeartypeConf, FrozenDict
from beartype.door import is_bearable
from beartype.roar import BeartypeException
from beartype.vale import Is

from synthkit.errors import ConfigError, SynthkitError, listed, shown
from synthkit.section import Section, check_keys, where, without

__all__ = [
    "Section",
    "arguments",
    "call",
    "check_keys",
    "check_mapping",
    "need",
    "part",
    "place",
    "where",
    "without",
]

_NOT_BOOL = Is[lambda value: not isinstance(value, bool)]
# An int passes as a float (PEP 484's numeric tower); True and False pass as neither.
_NUMBERS = BeartypeConf(
    hint_overrides=FrozenDict({int: Annotated[int, _NOT_BOOL], float: Annotated[float | int, _NOT_BOOL]})
)
_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def call(target: Callable, section: Mapping, /, **wired: Any) -> Any:
    """Call a class or function with the section's values and with what synthkit wires itself.

    A list is handed over as a tuple where the annotation wants one. Parameters without an annotation, or
    with one that cannot be resolved, are not checked.

    Raises:
        ConfigError: for unknown, missing or wired keys, values of another type than annotated, and
            whatever the target itself raises (kept as its cause).
    """
    values = arguments(target, section, **wired)
    try:
        return target(**values, **wired)
    except ConfigError as error:
        if error.where or not where(section):
            raise
        raise ConfigError(str(error), where(section)) from error
    except SynthkitError:
        raise
    except Exception as error:  # whatever a component makes of its values
        name = "" if isinstance(error, TypeError | ValueError) else f"{type(error).__name__}: "
        raise ConfigError(f"{name}{error}" if str(error) else type(error).__name__, where(section)) from error


def arguments(target: Callable, section: Mapping, /, **wired: Any) -> dict[str, Any]:
    """The section's values as `call` would hand them over, checked as there; the target is not called."""
    check_mapping(section)
    parameters = _parameters(target)
    _check_names(parameters, section, wired)
    return {key: _checked(parameters.get(key), section, key) for key in section}


def check_mapping(section: Any, place: str = "") -> None:
    """Raise ConfigError unless the section is a mapping."""
    if not isinstance(section, Mapping):
        raise ConfigError(f"a mapping is needed, not {shown(section)}", place)


def part(section: Mapping, key: str) -> Mapping:
    """The mapping under a key, empty where the key is absent; anything else there is a ConfigError."""
    value = section.get(key, {})
    check_mapping(value, where(section, key))
    return value


@contextmanager
def place(section: Mapping, key: str) -> Iterator[None]:
    """Say of a ConfigError raised inside that it comes from this key, unless it has a place already."""
    try:
        yield
    except ConfigError as error:
        raise error if error.where else ConfigError(str(error), where(section, key)) from error


def need(section: Mapping, key: str) -> Any:
    """The value of a key that must be there, else ConfigError."""
    if key not in section:
        raise ConfigError(f"{key!r} is missing", where(section))
    return section[key]


def _parameters(target: Callable) -> Mapping[str, inspect.Parameter]:
    try:
        return inspect.signature(target, eval_str=True).parameters
    except (
        Exception
    ):  # evaluating an annotation runs any code: its names may be missing, or for checkers only
        return inspect.signature(target).parameters


def _check_names(parameters: Mapping[str, inspect.Parameter], section: Mapping, wired: Mapping) -> None:
    if both := [key for key in section if key in wired]:
        message = f"{both[0]!r} is set by synthkit from the data or the other networks; remove it"
        raise ConfigError(message, where(section, both[0]))
    named = {name: parameter for name, parameter in parameters.items() if parameter.kind in _NAMED}
    if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        check_keys(section, named.keys() - wired.keys())
    required = [name for name, parameter in named.items() if parameter.default is parameter.empty]
    if missing := [name for name in required if name not in section and name not in wired]:
        raise ConfigError(f"{listed(map(repr, missing))} missing", where(section))


def _checked(parameter: inspect.Parameter | None, section: Mapping, key: str) -> Any:
    value, hint = section[key], getattr(parameter, "annotation", inspect.Parameter.empty)
    if parameter is None or parameter.kind not in _NAMED or hint is parameter.empty or isinstance(hint, str):
        return value
    try:
        if not _fits(value, hint):
            raise ConfigError(f"{shown(value)} is not {_described(hint)}", where(section, key))
        wants_tuple = isinstance(value, list) and not is_bearable(value, hint, conf=_NUMBERS)
    except BeartypeException:  # a hint that cannot be checked, such as the name of a later class
        return value
    return tuple(value) if wants_tuple else value


def _fits(value: Any, hint: Any) -> bool:
    """Whether a config's value meets a hint. Unlike beartype alone it looks at every item of a list."""
    hint = tuple[Any, ...] if hint is tuple else hint
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return any(_fits(value, part) for part in parts)
    if not isinstance(origin, type):
        return is_bearable(value, hint, conf=_NUMBERS)
    if isinstance(value, list) and origin is tuple:
        parts = parts[:1] * len(value) if parts[1:] == (...,) else parts
        return len(parts) == len(value) and all(map(_fits, value, parts))
    if isinstance(value, list) and isinstance(value, origin) and len(parts) == 1:
        return all(_fits(item, parts[0]) for item in value)
    if isinstance(value, dict) and isinstance(value, origin) and len(parts) == 2:
        return all(_fits(key, parts[0]) and _fits(item, parts[1]) for key, item in value.items())
    if isinstance(value, str) and issubclass(origin, Iterable):
        return False  # "abc" is a sequence of strings to Python, but not to whoever wrote it
    return is_bearable(value, hint, conf=_NUMBERS)


def _described(hint: Any) -> str:
    name = inspect.formatannotation(hint)
    for written, word in (("Sequence", "list"), ("Mapping", "mapping")):  # what YAML has
        name = name.replace(f"collections.abc.{written}", word)
    if not isinstance(hint, type) or get_args(hint):
        return name
    return f"an {name}" if name[0].lower() in "aeiou" else f"a {name}"
