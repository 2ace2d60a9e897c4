"""Calling a target with a config's values: what is checked, and how it is said."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import pytest

from synthkit import build, config
from synthkit.errors import ConfigError


def section(**values):
    return config.from_dict({"model": {"generator": values}}, "x.yaml")["model"]["generator"]


class Generator:
    def __init__(
        self, in_channels: int, channels: int = 64, *, slope: float = 0.2, norm: str | Mapping = "batch"
    ):
        self.values = (in_channels, channels, slope, norm)


def test_values_and_wired_ones_arrive():
    built = build.call(Generator, section(channels=8, slope=1, norm={"type": "x"}), in_channels=3)
    assert built.values == (3, 8, 1, {"type": "x"})
    assert build.call(Generator, {}, in_channels=3).values == (3, 64, 0.2, "batch")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"channels": "many"}, r"^model\.generator\.channels \(x\.yaml\): 'many' is not an int$"),
        ({"channels": True}, r"True is not an int"),
        ({"channels": 1.0}, r"1\.0 is not an int"),
        ({"slope": False}, r"False is not a float"),
        ({"slope": None}, r"None is not a float"),
        ({"norm": 3}, r"3 is not str \| mapping$"),
        (
            {"chanels": 3},
            r"^model\.generator\.chanels \(x\.yaml\): unknown key 'chanels'\. Did you mean 'channels'",
        ),
        ({"in_channels": 3}, r"in_channels \(x\.yaml\): 'in_channels' is set by synthkit"),
        ({"values": 3}, r"Valid keys: channels, norm, slope$"),
        ({0: 3}, "unknown key 0"),
    ],
)
def test_what_is_refused(values, message):
    with pytest.raises(ConfigError, match=message):
        build.call(
            Generator,
            config.from_dict({"model": {"generator": values}}, "x.yaml")["model"]["generator"],
            in_channels=3,
        )


def test_missing_keys_are_named():
    with pytest.raises(ConfigError, match=r"^model\.generator \(x\.yaml\): 'in_channels' missing$"):
        build.call(Generator, section(channels=3))
    with pytest.raises(ConfigError, match=r"^model\.generator \(x\.yaml\): 'weight' is missing$"):
        build.need(section(), "weight")


def accept(value, hint):
    def target(x):
        return x

    target.__annotations__["x"] = hint
    return build.call(target, {"x": value})


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ([1, 2], Sequence[int]),
        ([1, 2.5], list[float]),
        ([], Sequence[str]),
        ([[1], [2, 3]], Sequence[Sequence[int]]),
        ("a", str | Sequence[str]),
        (["a"], str | Sequence[str]),
        ("sum", Literal["sum", "mean"]),
        (None, int | None),
        (True, bool | int),
        (True, Any),
        ({"a": 1}, Mapping[str, int]),
        ({"a": [1]}, dict[str, list[int]]),
        ("instance", str | Callable),
        (3, "Unknown"),
        (3, "int | Unknown"),
    ],
)
def test_values_that_fit(value, hint):
    assert accept(value, hint) == value


def test_a_list_becomes_a_tuple_where_one_is_wanted():
    assert accept([0.5, 0.999], tuple[float, float]) == (0.5, 0.999)
    assert accept([1, 2, 3], tuple[int, ...] | None) == (1, 2, 3)
    assert accept([1, 2], tuple) == (1, 2)


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ([*range(40), "x"], Sequence[int]),
        ([1, True], list[int]),
        ([1, "x"], tuple[int, ...]),
        ([1, 2, 3], tuple[int, int]),
        ([[1], ["x"]], Sequence[Sequence[int]]),
        ("abc", Sequence[str]),
        ("product", Literal["sum", "mean"]),
        ({"a": "x"}, Mapping[str, int]),
        ({"a": 1}, list[int]),
        (1, bool),
        (True, int | None),
        ("3", "int"),
    ],
)
def test_values_that_do_not_fit(value, hint):
    for _ in range(5):
        with pytest.raises(ConfigError, match=r"^x: .* is not "):
            accept(value, hint)


def test_keyword_arguments_are_open():
    assert build.call(lambda **settings: settings, {"a": 1}, b=2) == {"a": 1, "b": 2}


@pytest.mark.parametrize("kind", [ValueError, TypeError])
def test_a_constructors_own_refusal_gets_the_path(kind):
    def target(size: int):
        raise kind("size must be even")

    with pytest.raises(ConfigError, match=r"^model\.generator \(x\.yaml\): size must be even$") as caught:
        build.call(target, section(size=3))
    assert isinstance(caught.value.__cause__, kind)


def test_nested_errors_keep_the_inner_place():
    def crash():
        raise RuntimeError("mine")

    def outer(part: Mapping):
        return build.call(Generator, part, in_channels=3)

    def bare():
        raise ConfigError("no such norm")

    with pytest.raises(ConfigError, match=r"^model\.generator \(x\.yaml\): RuntimeError: mine"):
        build.call(crash, section())
    with pytest.raises(ConfigError, match=r"^model\.generator\.part\.channels \(x\.yaml\)"):
        build.call(outer, section(part={"channels": "x"}))
    with pytest.raises(ConfigError, match=r"^model\.generator \(x\.yaml\): no such norm"):
        build.call(bare, section())


def test_check_keys():
    build.check_keys({"a": 1}, ["a", "b"])
    with pytest.raises(
        ConfigError, match=r"^model\.generator\.bat \(x\.yaml\): unknown key 'bat'\. Did you mean 'bet'"
    ):
        build.check_keys(section(bat=1), ["bet", "alpha"])
    with pytest.raises(ConfigError, match=r"^z: unknown key 'z'\. Valid keys: \(none\)"):
        build.check_keys({"z": 1}, [])


def test_without_keeps_places():
    rest = build.without(section(type="a", weight=1), "type")
    assert rest == {"weight": 1}
    assert build.where(rest, "weight") == "model.generator.weight (x.yaml)"
    assert build.without({"type": 1}, "type", "absent") == {}
