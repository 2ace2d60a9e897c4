"""What a study varies: its axes, their choices, and how these are combined."""

import itertools
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from synthkit import build, yaml_loader
from synthkit.errors import ConfigError, listed, shown
from synthkit.section import Section, plain

CONFIG = "config"  # the key of a choice that replaces the base


class Choice(NamedTuple):
    """One value of an axis: what tables call it, where the file says so, and what it lays over the base.

    `config` is one to take in place of the base, or None.
    """

    label: str
    place: str
    overrides: tuple[str, ...]
    config: str | None = None


def read_axes(axes: Section) -> list[list[Choice]]:
    """The choices of each axis of a study's file. Raises ConfigError for an axis that has none."""
    if not axes:
        raise ConfigError("no axis: there is nothing to vary", axes.where())
    return [_choices(axes, key) for key in axes]


def _one_at_a_time(axes: Sequence[Sequence[Choice]]) -> Iterable[tuple[Choice, ...]]:
    return ((choice,) for choices in axes for choice in choices)


def _grid(axes: Sequence[Sequence[Choice]]) -> Iterable[tuple[Choice, ...]]:
    return itertools.product(*axes)


MODES = {"one_at_a_time": _one_at_a_time, "grid": _grid}


def _choices(axes: Section, key: str | int) -> list[Choice]:
    values = axes[key]
    if not isinstance(values, list | Section) or not values:
        message = f"a list of values, or a mapping of labels to settings, is needed, not {shown(values)}"
        raise ConfigError(message, axes.where(key))
    if isinstance(values, Section):
        return [_named(values, label) for label in values]
    short, texts = str(key).rpartition(".")[2], map(yaml_loader.inline, plain(values))
    return [Choice(f"{short} {text}", axes.where(key), (f"{key}={text}",)) for text in texts]


def _named(choices: Section, label: str | int) -> Choice:
    settings = choices[label]
    build.check_mapping(settings, choices.where(label))
    overrides = (
        f"{key}={yaml_loader.inline(plain(value))}" for key, value in settings.items() if key != CONFIG
    )
    config = settings.get(CONFIG)
    if config is not None and not isinstance(config, str):
        raise ConfigError(f"a config's name is needed, not {shown(config)}", settings.where(CONFIG))
    return Choice(str(label), choices.where(label), tuple(overrides), config)


def check_mode(mode: str) -> None:
    """Raise ValueError for a mode that there is not."""
    if mode not in MODES:
        raise ValueError(f"mode is {mode!r}: choose one of {listed(MODES)}")
