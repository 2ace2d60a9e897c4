"""YAML configs as plain data: `_base_` inheritance, command-line overrides, the origin of every value."""

import copy
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from synthkit import paths, yaml_loader
from synthkit.errors import ConfigError, did_you_mean, listed, shown
from synthkit.section import (
    Section,
    check_keys,
    flatten,
    from_plain,
    join,
    moved,
    plain,
    unknown_key,
    without,
)

__all__ = ["Section", "dump", "flatten", "from_dict", "load", "merge", "plain", "shipped_names", "stages"]

SECTIONS = ("model", "data", "train")
TOP_LEVEL = (*SECTIONS, "stages")
STAGE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
COMMAND_LINE = "command line"
_MAX_FILES = 100
_SUFFIXES = (".yaml", ".yml")


def load(name: str | Path, overrides: Sequence[str] = ()) -> Section:
    """Read a config with its bases and apply `key.sub=value` overrides.

    Args:
        name: the path of a YAML file, or a shipped name such as "METHOD/streets_128".

    Raises:
        ConfigError: with the file, line and column.
    """
    top = _locate(str(name), Path.cwd(), "")
    return _override(_Bases(top).read(top, ()), overrides)


def from_dict(mapping: Mapping, name: str = "dict", overrides: Sequence[str] = ()) -> Section:
    """The same for a config made in Python or read from JSON; `name` stands for the file in messages."""
    config = from_plain(dict(mapping), origin=name)
    check_keys(config, (*TOP_LEVEL, "_delete_"))
    return _override(merge(Section(origin=name), config), overrides)


def dump(section: Mapping) -> str:
    """YAML text that `load` reads back to an equal config."""
    return yaml_loader.dump(plain(section))


def stages(config: Section) -> dict[str, Section]:
    """What a config trains one after another: each stage laid over the rest of the page, by its name.

    A page without stages is a single one, whose name is "".
    """
    page = without(config, "stages")
    return {name: merge(page, moved(stage)) for name, stage in config.get("stages", {}).items()} or {"": page}


def shipped_names() -> list[str]:
    """The names of the configs that come with synthkit, such as "METHOD/streets_128"."""
    folder = paths.configs_dir()
    names = (path.relative_to(folder).with_suffix("") for path in folder.rglob("*.yaml"))
    return sorted(name.as_posix() for name in names if name.parts[0] != "_base_")


def merge(base: Section, child: Section) -> Section:
    """Lay `child` over `base`: mappings merge, all else replaces, `_delete_: true` drops the base's mapping.

    Neither is changed, and the result shares nothing with them.
    """
    delete = child.get("_delete_", False)
    if not isinstance(delete, bool):
        raise ConfigError(f"`_delete_` is true or false, not {shown(delete)}", child.where("_delete_"))
    kept = Section() if delete else copy.deepcopy(base)
    merged = Section(kept, path=child.path, origin=_later(kept.origin, child.origin), origins=kept.origins)
    if delete and child.path.startswith("stages.") and child.path.count(".") > 1:
        merged["_delete_"] = True  # once more when the stage is laid over its page
    for key, value in child.items():
        if key == "_delete_":
            continue
        if isinstance(value, Section):
            value = merge(_mapping_below(kept, key, child), value)
        origin = child.origins.get(key, child.origin)
        is_merged = isinstance(value, Section) and key in kept
        merged[key] = copy.deepcopy(value)
        merged.origins[key] = _later(kept.origins.get(key, ""), origin) if is_merged else origin
    return merged


def _later(old: str, new: str) -> str:
    """Where a merged mapping stands: in the last file that mentions it. Overrides only reach through it."""
    return old if old and new == COMMAND_LINE else new


def _mapping_below(base: Section, key: str | int, child: Section) -> Section:
    """The base's mapping under a key that is a mapping in the child; empty if there is none.

    Raises ConfigError where the base has something else, but for null, and for a name under a mapping with a
    `type`.
    """
    old = base.get(key, Section())
    if isinstance(old, Section):
        return old
    if old is None or child[key].get("_delete_") is True:
        return Section()
    if isinstance(old, str) and "type" in child[key]:
        return Section()  # a part's name is a mapping with its type and no settings
    raise ConfigError(
        f"a mapping here, but {shown(old)} in the base ({base.origins.get(key, base.origin)}); "
        "add `_delete_: true` to replace it",
        child.where(key),
    )


def _override(config: Section, overrides: Sequence[str]) -> Section:
    """Lay `key=value` overrides over a config, and those of its sections over each of its stages, too."""
    for text in overrides:
        if config.get("stages") is not None:
            _check_mapping(config, "stages")
        override = _parse_override(config, text)
        if "stages" not in override and config.get("stages"):
            override = _in_stages(override, list(_chosen(config["stages"])))
        config = merge(config, override)
    if config.get("stages") is None:
        config = without(config, "stages")
    for key in config:
        _check_mapping(config, key)
    if "stages" in config:
        config["stages"] = _chosen(config["stages"])
        _check_stages(config["stages"])
    return config


def _chosen(stages: Section) -> Section:
    """The stages without those that are null: left out."""
    return without(stages, *(name for name, stage in stages.items() if stage is None))


def _in_stages(override: Section, names: Sequence[str]) -> Section:
    """An override of the page that reaches each stage, which would otherwise be laid over it."""
    tree = plain(override)
    return from_plain(tree | {"stages": dict.fromkeys(names, tree)}, origin=COMMAND_LINE)


def _check_stages(stages: Section) -> None:
    """Raise ConfigError unless every stage has a name that a folder can have, and holds sections."""
    for name, stage in stages.items():
        if not STAGE_NAME.fullmatch(str(name)):
            raise ConfigError("a stage's name is made of letters, digits, - and _", stages.where(name))
        _check_mapping(stages, name)
        check_keys(stage, SECTIONS)
        for key in stage:
            _check_mapping(stage, key)


def _check_left_out(config: Section, base: Section) -> None:
    """Raise ConfigError for a stage that is null where the base has none: it was left empty by mistake."""
    stages, known = config.get("stages"), base.get("stages") or {}
    for name, stage in stages.items() if isinstance(stages, Section) else ():
        if stage is None and name not in known:
            message = f"no stage of the base to leave out; a stage that changes nothing is `{name}: {{}}`"
            raise ConfigError(message, stages.where(name))


def _check_mapping(section: Section, key: str | int) -> None:
    if not isinstance(section[key], Section):
        raise ConfigError(f"a mapping is needed, not {shown(section[key])}", section.where(key))


def _parse_override(config: Section, text: str) -> Section:
    """`model.generator.channels=16` as a config that holds this value alone."""
    dotted, equals, value = text.partition("=")
    keys = [int(key) if re.fullmatch("0|[1-9][0-9]{0,17}", key) else key for key in dotted.split(".")]
    quoted = f"override {shown(text)}"
    if not equals or not all(key != "" and str(key).strip() == str(key) for key in keys):
        raise ConfigError("write it as key=value or key.sub=value", quoted)
    _check_reachable(config, keys, quoted)
    tree: Any = plain(yaml_loader.parse(value, quoted))
    for key in reversed(keys):
        tree = {key: tree}
    if keys[0] not in TOP_LEVEL:
        raise ConfigError(unknown_key(keys[0], TOP_LEVEL), quoted)
    return from_plain(tree, origin=COMMAND_LINE)


def _check_reachable(config: Section, keys: list[str | int], quoted: str) -> None:
    node, path = config, ""
    stages = config.get("stages") or {}
    if keys[0] == "stages" and len(keys) > 1 and keys[1] not in stages:
        known = f"{did_you_mean(keys[1], stages)} Stages: {listed(stages)}"
        raise ConfigError(f"the config has no stage {shown(keys[1])}.{known}", quoted)
    for key in keys[:-1]:
        node, path = node.get(key, {}), join(path, key)
        if not isinstance(node, dict):
            raise ConfigError(f"{path} is {shown(node)}, not a mapping", quoted)


def _locate(name: str, folder: Path, place: str) -> Path:
    """The file, symbolic links resolved, of a path relative to `folder` or of a shipped name."""
    try:
        path = folder / name
        if not name.endswith(_SUFFIXES) and not path.is_file():
            path = paths.configs_dir() / f"{name}.yaml"
            if not path.is_file():
                known = shipped_names()
                message = f"no file and no shipped config {shown(name)}.{did_you_mean(name, known)}"
                raise ConfigError(f"{message} Shipped configs: {listed(known)}", place)
        return path.resolve()
    except (OSError, ValueError, RuntimeError) as error:  # too long, a null byte, links in a circle
        raise ConfigError(f"{shown(name)}: {error}", place) from error


class _Bases:
    """Reads one config and the bases below it, and keeps them inside the folders it may use."""

    def __init__(self, top: Path) -> None:
        folder = top.parent
        above = folder.parent if folder.parent != Path(folder.anchor) else folder  # never the whole disk
        self.roots = (above, paths.configs_dir().resolve())
        self.files = 0

    def read(self, path: Path, stack: tuple[Path, ...]) -> Section:
        self.files += 1
        if self.files > _MAX_FILES:
            raise ConfigError(f"more than {_MAX_FILES} files by way of `_base_`", paths.display(stack[0]))
        config = _read_file(path)
        merged = Section(origin=paths.display(path))
        for base in self.bases(config, path, (*stack, path)):
            merged = merge(merged, self.read(base, (*stack, path)))
        if not stack:  # a base may be for the stages of another
            _check_left_out(config, merged)
        config.pop("_base_", None)
        config.origins.pop("_base_", None)
        return merge(merged, config)

    def bases(self, config: Section, path: Path, stack: tuple[Path, ...]) -> list[Path]:
        names = config.get("_base_", [])
        names = [names] if isinstance(names, str) else names
        place = config.where("_base_")
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise ConfigError("a path, the name of a shipped config, or a list of them", place)
        return [self.resolve(name, path.parent, stack, place) for name in names]

    def resolve(self, name: str, folder: Path, stack: tuple[Path, ...], place: str) -> Path:
        resolved = _locate(name, folder, place)
        if not any(resolved.is_relative_to(root) for root in self.roots):
            roots = " and ".join(map(str, self.roots))
            raise ConfigError(f"{shown(name)} is {resolved}; a base must lie in {roots}", place)
        if resolved in stack:
            circle = " -> ".join(map(paths.display, (*stack[stack.index(resolved) :], resolved)))
            raise ConfigError(f"goes round in a circle: {circle}", place)
        if not resolved.is_file():
            raise ConfigError(f"{shown(name)}: no such file: {paths.display(resolved)}", place)
        return resolved


def _read_file(path: Path) -> Section:
    name = paths.display(path)
    try:
        if not path.is_file():
            raise ConfigError("no such file", name)
        with path.open("rb") as file:
            content = file.read(yaml_loader.MAX_SIZE + 1)
        if len(content) > yaml_loader.MAX_SIZE:
            raise ConfigError(f"larger than {yaml_loader.MAX_SIZE:,} bytes", name)
        text = content.decode("utf-8-sig")
    except (OSError, ValueError) as error:
        raise ConfigError(str(error), name) from error
    data = yaml_loader.parse(text, name)
    data = Section(origin=name) if data is None else data
    if not isinstance(data, Section):
        raise ConfigError(f"a config is a mapping, not {shown(data)}", f"{name}:1:1")
    check_keys(data, (*TOP_LEVEL, "_base_", "_delete_"))
    return data
