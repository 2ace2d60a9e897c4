"""The YAML loader: one meaning per word, what is refused, and what random text may do."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthkit import config, yaml_loader
from synthkit.errors import ConfigError


def parse(text):
    return yaml_loader.parse(text, "t.yaml")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2e-4", 2e-4),
        ("1E+3", 1000.0),
        (".5", 0.5),
        ("1.", 1.0),
        ("-1.5e-3", -0.0015),
        ("+3", 3),
        ("100_000", 100000),
        ("0", 0),
        ("0x1F", 31),
        ("-.inf", -math.inf),
        (".inf", math.inf),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("'no'", "no"),
        ('"2e-4"', "2e-4"),
        ("y", "y"),
        ("16:9", "16:9"),
        ("2024-01-01", "2024-01-01"),
        ("none", "none"),
        ("1e", "1e"),
        ("=", "="),
        ("pix2pixhd/global", "pix2pixhd/global"),
    ],
)
def test_words(text, value):
    read = parse(f"a: {text}\n")["a"]
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("no", "different things"),
        ("off", "different things"),
        ("Yes", "different things"),
        ("None", "different things"),
        ("010", "leading zeros"),
        ("!!python/object/apply:os.system ['touch canary']", "tag"),
        ("!!python/name:os.system", "tag"),
        ("!foo x", "tag"),
        ("!!str 12", "tag"),
        ("*nowhere", "alias"),
        ("{a: 1, a: 2}", "duplicate key 'a', first at 2:5"),
        ("&a [*a]", "nested more than"),
        ("<<", "not a value"),
        ("{<<: 3}", "takes a mapping"),
        ("{true: 1}", "a key must be"),
        ("{1.5: 2}", "a key must be"),
        ("{[1]: 2}", "a key must be"),
        ("[1, 2", "expected ',' or ']'"),
        ("'abc", "quoted scalar"),
        ("99999999999999999999999", "64 bits"),
        ("1" * 5000, "not a value"),
    ],
)
def test_refused_with_line_and_column(text, reason):
    with pytest.raises(ConfigError, match=r"^t\.yaml:\d+:\d+: ") as caught:
        parse(f"# é€\nk: {text}\n")
    assert reason in str(caught.value)


def test_columns_count_characters():
    with pytest.raises(ConfigError, match=r"^t\.yaml:1:9: 'off'"):
        parse("é€: {ü: off}")


def test_control_characters_and_second_documents_are_refused():
    for text in ("a: \x07", "a: \x00", "a: \ud800", "a: 1\n---\nb: 2"):
        with pytest.raises(ConfigError, match=r"^t\.yaml"):
            parse(text)


def test_merge_keys_and_aliases_are_copies():
    read = parse("a: &x {p: 1, q: {r: 2}}\nb: {<<: *x, p: 3}\nc: {<<: [*x, {q: 9, s: 1}]}\nd: *x")
    assert read["b"] == {"p": 3, "q": {"r": 2}}
    assert read["c"] == {"p": 1, "q": {"r": 2}, "s": 1}
    assert read["a"] is not read["d"]
    assert read["b"].origins["q"] == "t.yaml:1:14"


def test_alias_bomb():
    def nest(levels):
        lines = [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, levels)]
        return "\n".join(["a0: &a0 [1, 1, 1]", *lines])

    assert len(parse(nest(3))["a2"]) == 9
    with pytest.raises(ConfigError, match="expand to more than"):
        parse(nest(12))
    with pytest.raises(ConfigError, match="expand to more than"):
        parse(f"a: &a {'x' * 100_000}\nb: [{', '.join(['*a'] * 100)}]")


def test_depth():
    deepest = yaml_loader.MAX_DEPTH - 1
    assert parse("a: " + "[" * deepest + "1" + "]" * deepest)
    chain = "a0: &a0 [1]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 3000))
    for text in ("[" * (deepest + 2), "[" * 200_000, chain):
        with pytest.raises(ConfigError, match="nested more than 50 deep"):
            parse("a: " + text if text[0] == "[" else text)


leaves = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text()
awkward = st.sampled_from(
    ["no", "2e-4", "010", "<<", "null", "1_0", "0x1F", ".inf", "~", "", " a", "a: b", "#", "\x85"]
)
plain_data = st.recursive(
    leaves | awkward,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text() | awkward | st.integers(0, 99), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.text(min_size=1) | awkward, plain_data, max_size=4))
def test_dump_reads_back_equal(values):
    values.pop("_delete_", None)
    written = config.dump(config.from_dict({"model": values}))
    read = parse(written)
    assert read == {"model": values}
    assert repr(config.plain(read)) == repr({"model": values})  # 1, 1.0 and True apart


@settings(max_examples=400, deadline=None)
@given(
    st.text()
    | st.text(alphabet="{}[]:,-&*!|>'\"% \n#?<a1~.=\t", max_size=60)
    | st.lists(
        st.sampled_from(
            ["a: ", "- ", "\n", "  ", "{", "}", "[", "]", "&x ", "*x", "<<: ", "1", "no", ",", "? "]
        )
    ).map("".join)
)
def test_any_text_is_data_or_a_config_error(text):
    try:
        data = config.plain(parse(text))
    except ConfigError as error:
        if not str(error).startswith("t.yaml"):
            raise
        return
    assert repr(config.plain(parse(yaml_loader.dump(data)))) == repr(data)
