"""YAML text to plain data: one meaning per word, no tags, bounded size, errors as file:line:column."""

import re
from typing import Any, ClassVar

import yaml

from synthkit.errors import ConfigError, shown
from synthkit.section import MAX_DEPTH, Section, is_plain_scalar, join

MAX_SIZE = 1_000_000  # characters of a file, and of what its aliases expand to

_NULL, _BOOL, _INT, _FLOAT, _STR, _MERGE = (
    f"tag:yaml.org,2002:{kind}" for kind in ("null", "bool", "int", "float", "str", "merge")
)
_AMBIGUOUS = "!ambiguous"

# YAML 1.2's words instead of PyYAML's 1.1 ones: (tag, pattern, first characters). The first match counts.
_WORDS = (
    (_NULL, r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    (_BOOL, r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    (_AMBIGUOUS, r"(?i:yes|no|on|off)|None|[-+]?0[0-9_]+", list("yYnNoO-+0")),
    (_INT, r"[-+]?[0-9][0-9_]*|0x[0-9a-fA-F]+", list("-+0123456789")),
    (_FLOAT, r"[-+]?(?:[0-9][0-9_]*\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?", list("-+.0123456789")),
    (_FLOAT, r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)", list("-+.")),
    (_MERGE, r"<<", ["<"]),
)
_SCALARS = {
    _NULL: lambda text: None,
    _BOOL: lambda text: text.lower() == "true",
    _INT: lambda text: int(text.replace("_", ""), 0),
    _FLOAT: lambda text: float(re.sub(r"\.(?=[inIN])|_", "", text)),
    _STR: str,
}


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    yaml_implicit_resolvers: ClassVar[dict] = {}


class _Dumper(yaml.SafeDumper):
    """Quotes exactly the strings that the loader would read as something else."""

    yaml_implicit_resolvers: ClassVar[dict] = {}


for _tag, _pattern, _first in _WORDS:
    for _class in (_Loader, _Dumper):
        _class.add_implicit_resolver(_tag, re.compile(f"(?:{_pattern})$"), _first)


def _represent_text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    """Escape Unicode's rarer line breaks, which PyYAML writes bare and a reader turns into spaces."""
    return dumper.represent_scalar(_STR, text, style='"' if re.search("[\x85\u2028\u2029]", text) else None)


_Dumper.add_representer(str, _represent_text)


def parse(text: str, name: str) -> Any:
    """The document's data, its mappings as Sections whose origins are "name:line:column". Empty text is None.

    Raises:
        ConfigError: for whatever is not one plain, small YAML document.
    """
    if len(text) > MAX_SIZE:
        raise ConfigError(f"longer than {MAX_SIZE:,} characters", name)
    try:
        _check_events(text, name)
        node = yaml.compose(text, Loader=_Loader)
    except (yaml.YAMLError, UnicodeError) as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
        if "nesting depth" in problem:  # libyaml's own limit, from 0.2.6 on, which looks ahead
            raise ConfigError(f"nested more than {MAX_DEPTH} deep", _place(name, mark)) from error
        context = getattr(error, "context", None)
        raise ConfigError(f"{problem} ({context})" if context else problem, _place(name, mark)) from error
    return None if node is None else _Reader(name).value(node, "", 0)


def dump(data: Any) -> str:
    """YAML text that `parse` reads back to the same plain data."""
    return yaml.dump(
        data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=None, width=110
    )


def inline(data: Any) -> str:
    """The same on a single line, as an override has it."""
    text = yaml.dump(
        data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=True, width=MAX_SIZE
    )
    return text.removesuffix("...\n").strip()


def _place(name: str, mark: yaml.Mark | None) -> str:
    return f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name


def _check_events(text: str, name: str) -> None:
    """Refuse depth and tags before composing, for libyaml's recursion crashes on 100,000 open brackets."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH + 1:  # the top mapping is at depth 0
            raise ConfigError(f"nested more than {MAX_DEPTH} deep", _place(name, event.start_mark))
        if getattr(event, "tag", None):
            raise ConfigError(
                f"the tag {shown(event.tag)} is refused: a config holds plain data, and quotes make a string",
                _place(name, event.start_mark),
            )


class _Reader:
    """Turns the nodes of one document into data."""

    def __init__(self, name: str) -> None:
        self.name, self.size = name, 0

    def value(self, node: yaml.Node, path: str, depth: int) -> Any:
        # An alias is a fresh copy each time, so that depth and size must be counted where it expands.
        self.size += 1 + (len(node.value) if isinstance(node, yaml.ScalarNode) else 0)
        if depth > MAX_DEPTH:
            raise self.error(node, f"nested more than {MAX_DEPTH} deep")
        if self.size > MAX_SIZE:
            raise self.error(node, f"the aliases expand to more than {MAX_SIZE:,} characters")
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, path, depth)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, f"{path}[{i}]", depth + 1) for i, item in enumerate(node.value)]
        return self.scalar(node)

    def scalar(self, node: yaml.ScalarNode) -> Any:
        if node.tag == _AMBIGUOUS:
            raise self.error(
                node,
                f"{node.value!r} means different things to different readers: "
                "write true, false, null or a number without leading zeros, or quote it",
            )
        try:
            value = _SCALARS[node.tag](node.value)
        except (KeyError, ValueError) as error:
            raise self.error(node, f"{shown(node.value)} is not a value") from error
        if not is_plain_scalar(value):
            raise self.error(node, "a number of more than 64 bits")
        return value

    def mapping(self, node: yaml.MappingNode, path: str, depth: int) -> Section:
        own, inherited = Section(), Section()
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE:
                self.inherit(inherited, value_node, path, depth)
                continue
            key = self.key(key_node, own)
            own[key] = self.value(value_node, join(path, key), depth + 1)
            own.origins[key] = _place(self.name, key_node.start_mark)
        origins = {**inherited.origins, **own.origins}
        return Section(
            {**inherited, **own}, path=path, origin=_place(self.name, node.start_mark), origins=origins
        )

    def key(self, node: yaml.Node, section: Section) -> str | int:
        key = self.scalar(node) if isinstance(node, yaml.ScalarNode) else None
        if type(key) not in (str, int):
            raise self.error(node, "a key must be a string or an integer")
        if key in section:
            first = section.origins[key].removeprefix(f"{self.name}:")
            raise self.error(node, f"duplicate key {shown(key)}, first at {first}")
        return key

    def inherit(self, inherited: Section, node: yaml.Node, path: str, depth: int) -> None:
        """Take in what `<<` brings: of several mappings the first that has a key wins."""
        for source in node.value if isinstance(node, yaml.SequenceNode) else [node]:
            if not isinstance(source, yaml.MappingNode):
                raise self.error(source, "`<<` takes a mapping or a list of mappings")
            values = self.value(source, path, depth + 1)
            for key, value in values.items():
                inherited.setdefault(key, value)
                inherited.origins.setdefault(key, values.origins[key])

    def error(self, node: yaml.Node, message: str) -> ConfigError:
        return ConfigError(message, _place(self.name, node.start_mark))
