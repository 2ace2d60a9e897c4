"""What a config can say, read from the code: the registered components, the sections, and their keys.

A key's type and default are those of the constructor; its text is a line of the docstring:

    Args:
        crop: [height, width] in pixels of a window at a random place. A longer
            text is indented further.

What is documented once in a base class holds for its children. Where a section is read by a function that
has no argument for each key, its docstring lists them under `Keys:` instead.
"""

import dataclasses
import inspect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatch
from typing import Any, NamedTuple

from synthkit import plugins, registry
from synthkit.augment import Augment
from synthkit.benchmark.judges.judge import JudgeSettings
from synthkit.benchmark.judges.training import JudgeTraining
from synthkit.data import open_data
from synthkit.data.instances.computed import Instances
from synthkit.data.labels import LabelReader
from synthkit.data.transforms import PairedTransform
from synthkit.ema import Average
from synthkit.errors import ConfigError, PluginError, did_you_mean, shown
from synthkit.nn.init import initialize
from synthkit.nn.modes import Inference
from synthkit.optimizers import build_optimizers
from synthkit.reference.words import type_words, yaml_words
from synthkit.schedules import Schedule
from synthkit.settings import Training
from synthkit.translator import Translator

SECTIONS = "sections"


class Key(NamedTuple):
    """One setting. `type` is in words, `default` as YAML writes it, "" where there is none."""

    name: str
    type: str = ""
    default: str = ""
    text: str = ""
    required: bool = False

    @property
    def signature(self) -> str:
        """`layers: list of float or null = null`."""
        typed = f"{self.name}: {self.type}" if self.type else self.name
        return f"{typed} = {self.default}" if self.default else typed


class Entry(NamedTuple):
    """A registered component, or a section of the config: its paragraphs, its keys, where its code is."""

    group: str
    name: str
    paragraphs: list[str]
    keys: list[Key]
    module: str


class Group(NamedTuple):
    """A registry as its users meet it: how its names are written, and the arguments that synthkit sets.

    `settings` is false for functions that are called with a model, and take nothing from a config.
    """

    usage: str
    wired: tuple[str, ...] = ()
    settings: bool = True


GROUPS = {
    "generators": Group(
        "`model.generator: {type: NAME, …}`", ("in_channels", "out_channels", "style_channels")
    ),
    "discriminators": Group("`model.discriminator: {type: NAME, …}`", ("in_channels",)),
    "encoders": Group("`model.encoder: {type: NAME, …}`", ("in_channels",)),
    "norms": Group(
        "`norm: NAME` or `norm: {type: NAME, …}` of a network", ("channels", "condition_channels")
    ),
    "losses": Group("`model.losses: {WORD: {type: NAME, weight: 1, …}}`, logged as WORD"),
    "inputs": Group("`model.inputs: {NAME: {…}}`"),
    "steps": Group("`train.order: NAME`", settings=False),
    "datasets": Group("`data: {type: NAME, …}`", ("split",)),
    "backbones": Group("`backbone: NAME` or `backbone: {type: NAME, …}` of a perceptual loss"),
    "detectors": Group("`detector: NAME` or `detector: {type: NAME, …}` of the input `edge`"),
    "metrics": Group(
        "`train.metrics: [NAME, …]`, or `metrics: {NAME: {…}}` of a protocol", ("fake", "real", "judge")
    ),
    "judges": Group("`judge: {type: NAME, …}` of a protocol", ("classes",)),
    "trackers": Group(
        "`train.trackers: {NAME: {…}}`, but for `console`, `metrics` and `report`, which are always there",
        ("run", "say"),
    ),
}
_READ_BY: dict[str, tuple[Callable, tuple[str, ...]]] = {
    "model": (Translator.from_config, ()),
    "model.initializer": (initialize, ("module",)),
    "model.augment": (Augment, ()),
    "model.inference": (Inference, ()),
    "data": (open_data, ()),
    "data.labels": (LabelReader, ()),
    "data.instances": (Instances, ("names",)),
    "data.transform": (PairedTransform, ()),
    "train": (Training, ()),
    "train.optimizer": (build_optimizers, ("section", "groups")),
    "train.schedule": (Schedule, ()),
    "train.ema": (Average, ("networks",)),
    "judge": (JudgeSettings, ()),
    "judge.train": (JudgeTraining, ()),
}


def load_plugins() -> dict[str, str]:
    """Load every plugin; the reasons of those that fail, by name."""
    failed = {}
    for name in plugins.sources():
        try:
            plugins.load(name)
        except PluginError as error:
            failed[name] = str(error)
    return failed


def entries() -> list[Entry]:
    """The config's sections, then every component of the core and of the plugins loaded so far."""
    found = [section(name) for name in _READ_BY]
    for each in registry.REGISTRIES:
        names = sorted(each.names(), key=lambda name: ("/" in name, name))
        found += [component(each, name) for name in names]
    return found


def shipped() -> list[Entry]:
    """The entries that come with synthkit, the same on every machine."""
    bundled = {name for name, found in plugins.sources().items() if found[0].bundled}
    for name in bundled:
        plugins.load(name)
    return [each for each in entries() if "/" not in each.name or each.name.partition("/")[0] in bundled]


def find(among: Sequence[Entry], pattern: str) -> list[Entry]:
    """The entries that a pattern means; all of them for an empty one.

    The first of these that finds any: a name, a group, a key, a part of a name (with * and ? for any
    characters), a part of a key. Raises ConfigError, with near names, where nothing does.
    """
    glob = pattern if any(letter in pattern for letter in "*?[") else f"*{pattern}*"
    tests = (
        lambda entry: entry.name == pattern,
        lambda entry: entry.group == pattern,
        lambda entry: any(key.name == pattern for key in entry.keys),
        lambda entry: fnmatch(entry.name, glob),
        lambda entry: any(fnmatch(key.name, glob) for key in entry.keys),
    )
    for test in tests:
        if found := [entry for entry in among if test(entry)]:
            return found
    known = {*GROUPS, SECTIONS, *(entry.name for entry in among), *(k.name for e in among for k in e.keys)}
    raise ConfigError(f"nothing is called {shown(pattern)}.{did_you_mean(pattern, known)}")


def section(name: str) -> Entry:
    """The entry of a section of the config, such as `data.transform`."""
    return _entry(SECTIONS, name, *_READ_BY[name])


def component(of: registry.Registry, name: str) -> Entry:
    """The entry of a registered name."""
    group = GROUPS[of.name]
    return _entry(of.name, name, of.get(name), group.wired, settings=group.settings)


def _entry(group: str, name: str, target: Callable, wired: Iterable[str], *, settings: bool = True) -> Entry:
    paragraphs, texts, listed = parse(target.__doc__)
    if listed:
        paragraphs, keys = [], [Key(key, text=text) for key, text in texts.items()]
    else:
        keys = _keys(target, wired, _inherited_texts(target)) if settings else []
    return Entry(group, name, paragraphs, keys, f"{target.__module__}.{target.__qualname__}")


def _keys(target: Callable, wired: Iterable[str], texts: Mapping[str, str]) -> list[Key]:
    keys = []
    for name, parameter in _parameters(target).items():
        if name in wired or parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        required = parameter.default is parameter.empty
        default = "" if required else yaml_words(_default(target, parameter))
        kind = "" if parameter.annotation is parameter.empty else type_words(parameter.annotation)
        keys.append(Key(name, kind, default, texts.get(name, ""), required))
    return keys


def _parameters(target: Callable) -> Mapping[str, inspect.Parameter]:
    try:
        return inspect.signature(target, eval_str=True).parameters
    except NameError:  # an annotation that only type checkers can evaluate
        return inspect.signature(target).parameters


def _default(target: Callable, parameter: inspect.Parameter) -> Any:
    """The default; of a dataclass's field with a factory what it makes."""
    fields = dataclasses.fields(target) if dataclasses.is_dataclass(target) else ()
    factories = {field.name: field.default_factory for field in fields}
    factory = factories.get(parameter.name, dataclasses.MISSING)
    return parameter.default if factory is dataclasses.MISSING else factory()


def _inherited_texts(target: Callable) -> dict[str, str]:
    texts: dict[str, str] = {}
    for each in reversed(target.__mro__) if isinstance(target, type) else (target,):
        if each.__module__.partition(".")[0] not in ("torch", "builtins"):
            texts |= parse(each.__doc__)[1]
    return texts


def parse(docstring: str | None) -> tuple[list[str], dict[str, str], bool]:
    """A docstring's paragraphs, the texts of its Args or Keys block, and whether it is a Keys block."""
    prose, texts, block, listed = [], {}, False, False
    for line in inspect.cleandoc(docstring or "").splitlines():
        named = re.fullmatch(r" {4}(\w+(?:, \w+)*): (.*)", line)
        if line in ("Args:", "Keys:"):
            block, listed = True, line == "Keys:"
        elif block and named:
            last = named[1].split(", ")
            texts |= dict.fromkeys(last, named[2])
        elif block and texts and line.startswith(" " * 8):
            texts |= {name: f"{texts[name]} {line.strip()}" for name in last}
        elif line or not block:
            block = False
            prose.append(line)
    paragraphs = [" ".join(part.split()) for part in re.split(r"\n\s*\n", "\n".join(prose))]
    return [part for part in paragraphs if part], texts, listed
