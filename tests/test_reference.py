"""The reference: what is read from signatures and docstrings, what is found, and how it is listed."""

import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pytest
from typer.testing import CliRunner

from synthkit import translator
from synthkit.cli import app, reference  # noqa: F401  (it registers the command)
from synthkit.data.splits import CORE_KEYS
from synthkit.errors import ConfigError
from synthkit.reference import GROUPS, Entry, Key, _entry, find, parse, section, shipped
from synthkit.reference.words import type_words, yaml_words
from synthkit.registry import REGISTRIES


class Base:
    """A base.

    Args:
        depth: how deep it is.
    """

    def __init__(self, channels: int, *, depth: int = 3, norm: str | Callable[[int], object] = "batch"):
        self.settings = channels, depth, norm


class Child(Base):
    """First line
    of two.

    Args:
        norm: a text that
            goes on.
        first, second: of both.

    Raises ValueError.
    """


@dataclass
class Settings:
    """Settings."""

    steps: int
    more: Mapping = field(default_factory=lambda: {"lr": 2e-4})


def test_a_docstring_falls_into_paragraphs_and_texts():
    assert parse(Child.__doc__) == (
        ["First line of two.", "Raises ValueError."],
        {"norm": "a text that goes on.", "first": "of both.", "second": "of both."},
        False,
    )
    assert parse(None) == ([], {}, False)


def test_keys_are_those_of_the_signature_without_the_wired():
    entry = _entry("norms", "child", Child, ("channels",))
    assert entry.keys == [
        Key("depth", "int", "3", "how deep it is."),
        Key("norm", "str", "batch", "a text that goes on."),
    ]
    assert entry.keys[0].signature == "depth: int = 3"


def test_keys_of_a_dataclass():
    steps, more = _entry("sections", "settings", Settings, ()).keys
    assert steps == Key("steps", "int", required=True)
    assert more.default == "{lr: 0.0002}"


@pytest.mark.parametrize(
    ("hint", "words"),
    [
        (Sequence[int] | None, "list of int or null"),
        (tuple[float, ...], "list of float"),
        (Sequence[Sequence[int]], "list of list of int"),
        (Mapping[str, str], "mapping to str"),
        (dict, "mapping"),
        (str | Mapping | Callable[[int], object], "str or mapping"),
        (Literal["sum", "mean"], "sum or mean"),
        ("Later", "Later"),
        (bool, "bool"),
    ],
)
def test_types_in_words(hint, words):
    assert type_words(hint) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (1e-05, "1e-5"),
        (None, "null"),
        (True, "true"),
        ((0.5, 0.999), "[0.5, 0.999]"),
        ("no", '"no"'),
        ("instance", "instance"),
        ({}, "{}"),
        (object(), "object"),
    ],
)
def test_defaults_as_yaml(value, words):
    assert yaml_words(value).replace("'", '"') == words


def entry(name: str, group: str = "losses", *keys: str) -> Entry:
    return Entry(group, name, [], [Key(key) for key in keys], "")


AMONG = [
    entry("gan"),
    entry("wgan", "losses", "scales"),
    entry("crop", "sections", "l"),
    entry("l1", "metrics"),
]


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("", ["gan", "wgan", "crop", "l1"]),
        ("gan", ["gan"]),
        ("ga", ["gan", "wgan"]),
        ("w*", ["wgan"]),
        ("losses", ["gan", "wgan"]),
        ("scale", ["wgan"]),
        ("l", ["crop"]),  # a whole key goes before a part of a name
    ],
)
def test_find(pattern, names):
    assert [each.name for each in find(AMONG, pattern)] == names


def test_nothing_found_tells_near_names():
    with pytest.raises(ConfigError, match="Did you mean 'scales'"):
        find(AMONG, "scalse")


def test_every_registry_has_a_group():
    assert {each.name for each in REGISTRIES} == set(GROUPS)


def test_what_is_shipped_is_found():
    names = {(each.group, each.name) for each in shipped()}
    assert {("generators", "pix2pixhd/global"), ("losses", "l1"), ("metrics", "l1")} <= names
    assert not any(name.startswith("user/") for _, name in names)
    label = next(each for each in shipped() if each.name == "label")
    assert Key("classes", "int", required=True) == label.keys[0]._replace(text="")


@pytest.mark.parametrize(("name", "keys"), [("model", translator.KEYS), ("data", ("type", *CORE_KEYS))])
def test_sections_name_the_keys_that_are_read(name, keys):
    described = {key.name for key in section(name).keys}
    assert described == set(keys), "the Keys block of the docstring has a line for each key"


def test_every_key_has_a_text():
    bare = [
        f"{each.group} {each.name}: {key.name}" for each in shipped() for key in each.keys if not key.text
    ]
    assert not bare, "give each of these a line in an Args block of the docstring"


def run(*arguments) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "synthkit", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_list_shows_one_in_full_and_many_in_lines(tmp_path):
    (tmp_path / "broken.py").write_text("import nowhere_to_be_found\n")
    one = run("--plugin-path", tmp_path, "list", "perceptual")
    assert "backbone: str or mapping = efficientnet_lite0" in one.stdout
    assert "plugin 'broken' failed to import" in one.stderr
    title, *lines = CliRunner().invoke(app, ["list", "losses"]).output.splitlines()
    assert title == "losses"
    assert {line.split()[0] for line in lines} >= {each.name for each in shipped() if each.group == "losses"}
    with pytest.raises(ConfigError, match="Did you mean 'lsgan'"):
        find(shipped(), "lsgn")
