"""Configs: bases, overrides, origins and merges."""

import contextlib
import copy
import json
import pickle
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mmengine.config import Config, ConfigDict

from synthkit import config, paths
from synthkit.errors import ConfigError


@pytest.fixture
def write(tmp_path):
    """Write files below tmp_path/experiments; return the first one's path."""

    def write(**texts):
        folder = tmp_path / "experiments"
        folder.mkdir(exist_ok=True)
        for name, text in texts.items():
            (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
        return folder / f"{next(iter(texts))}.yaml"

    return write


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    folder = tmp_path / "install" / "configs"
    (folder / "_base_").mkdir(parents=True)
    (folder / "toy").mkdir()
    (folder / "_base_" / "adam.yaml").write_text("train:\n  lr: 2e-4\n")
    (folder / "toy" / "streets_64.yaml").write_text("_base_: ../_base_/adam.yaml\nmodel: {size: 64}\n")
    monkeypatch.setattr(paths, "configs_dir", lambda: folder)
    return folder


def test_origins_of_a_merged_config(write, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    path = write(
        top="_base_: below.yaml\nmodel:\n  generator:\n    channels: 32\ntrain: {phases: [{lr: 1}, 2]}\n",
        below="model:\n  generator: {channels: 64, blocks: 9}\ndata: {}\n",
    )
    read = config.load(path, ["model.generator.blocks=3", "train.seed=1"])
    generator = read["model"]["generator"]
    assert generator.path == "model.generator"
    assert generator == {"channels": 32, "blocks": 3}
    assert generator.where("channels") == "model.generator.channels (experiments/top.yaml:4:5)"
    assert generator.where() == "model.generator (experiments/top.yaml:4:5)"
    assert generator.where("blocks") == "model.generator.blocks (command line)"
    assert read["train"]["phases"][0].path == "train.phases[0]"
    assert config.flatten(read) == [
        ("model.generator.channels", 32, "experiments/top.yaml:4:5"),
        ("model.generator.blocks", 3, "command line"),
        ("data", {}, "experiments/below.yaml:3:1"),
        ("train.phases[0].lr", 1, "experiments/top.yaml:5:19"),
        ("train.phases[1]", 2, "experiments/top.yaml:5:9"),
        ("train.seed", 1, "command line"),
    ]


def test_a_section_is_a_plain_dict(write):
    read = config.load(write(a="model: {generator: {type: x, list: [{deep: 1}]}}"))
    for copied in (copy.deepcopy(read), pickle.loads(pickle.dumps(read))):
        assert copied == read
        assert copied["model"].where("generator") == read["model"].where("generator")
    assert json.loads(json.dumps(read)) == read
    values = config.plain(read)
    assert type(values) is dict
    assert type(values["model"]["generator"]["list"][0]) is dict


def test_bases_merge_and_delete(write):
    path = write(
        c="_base_: [d.yaml, e.yaml]\nmodel: {opt: {_delete_: true, type: sgd}, m: {a: {x: 5}}, z: null,"
        " new: {deep: {_delete_: true, k: 1}}}",
        d="model: {lr: 2e-4, opt: {type: adam, betas: [0.5, 0.999]}, m: {a: {x: 1, y: 2}}}",
        e="model: {m: {b: 7}, z: 1}",
    )
    assert config.load(path)["model"] == {
        "lr": 2e-4,
        "opt": {"type": "sgd"},
        "m": {"a": {"x": 5, "y": 2}, "b": 7},
        "z": None,
        "new": {"deep": {"k": 1}},
    }


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ({"a": "_base_: b.yaml", "b": "_base_: ./a.yaml"}, r"circle: .*a.yaml -> .*b.yaml -> .*a.yaml"),
        ({"a": "\n_base_: nope.yaml"}, r"_base_ \(.*a.yaml:2:1\): 'nope.yaml': no such file"),
        ({"a": "_base_: 3"}, r"a.yaml:1:1\): a path"),
        ({"a": "_base_: b.yaml\nmodel: {m: {a: 1}}", "b": "model: {m: 3}"}, r"3 in the base .*b.yaml:1:9"),
        ({"a": "_base_: toy/streets_63"}, "Did you mean 'toy/streets_64'"),
        ({"a": "_base_: ../../outside.yaml"}, "a base must lie in"),
        ({"a": "_base_: link.yaml"}, "a base must lie in"),
        ({"a": "_base_: /etc/passwd"}, "a base must lie in"),
        ({"a": "_base_: " + "x" * 5000}, "too long"),
        ({"a": '_base_: "\\0.yaml"'}, "null"),
        ({"a": "model: {_delete_: 3}"}, "`_delete_` is true or false"),
        ({"a": "modle: {}"}, r"modle \(.*a.yaml:1:1\): unknown key 'modle'. Did you mean 'model'"),
        ({"a": "_base_: b.yaml", "b": "train: {}\nx: 1"}, r"x \(.*b.yaml:2:1\): unknown key"),
        ({"a": "model: 3"}, r"model \(.*a.yaml:1:1\): a mapping is needed, not 3"),
        ({"a": "- 1"}, "a config is a mapping"),
        ({"a": "# " + "x" * 1_000_000}, "larger than 1,000,000 bytes"),
        ({"a": f"_base_: [{'b.yaml, ' * 200}]", "b": ""}, "more than 100 files"),
    ],
)
def test_refused_files(write, shipped, tmp_path, texts, message):
    home = tmp_path / "home" / "me"  # the top config may use files below `me`
    home.mkdir(parents=True)
    (home.parent / "outside.yaml").write_text("model: {}")
    folder = home / "experiments"
    folder.mkdir()
    (folder / "link.yaml").symlink_to(home.parent / "outside.yaml")
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text)
    with pytest.raises(ConfigError, match=message):
        config.load(folder / "a.yaml")


def test_bases_beside_the_folder_and_shipped_ones(write, shipped, tmp_path):
    (tmp_path / "shared.yaml").write_text("data: {root: here}")
    read = config.load(write(a="_base_: [../shared.yaml, toy/streets_64]"))
    assert read == {"data": {"root": "here"}, "train": {"lr": 2e-4}, "model": {"size": 64}}
    assert read["train"].where("lr") == "train.lr (configs/_base_/adam.yaml:2:3)"


def test_a_config_in_a_top_level_folder_does_not_open_the_whole_disk():
    bases = config._Bases(paths.Path("/experiments/a.yaml"))
    assert bases.roots[0] == paths.Path("/experiments")


def test_shipped_names(shipped):
    assert config.shipped_names() == ["toy/streets_64"]
    assert config.load("toy/streets_64") == {"train": {"lr": 2e-4}, "model": {"size": 64}}
    with pytest.raises(
        ConfigError, match=r"'toy/stret_64'. Did you mean 'toy/streets_64'.* Shipped configs: toy"
    ):
        config.load("toy/stret_64")


def test_bad_bytes_are_named(tmp_path):
    (tmp_path / "k.yaml").write_bytes(b"model: \xff\n")
    with pytest.raises(ConfigError, match=r"k.yaml: .*utf-8"):
        config.load(tmp_path / "k.yaml")


@pytest.mark.parametrize(
    ("override", "path", "value"),
    [
        ("model.channels=16", ("model", "channels"), 16),
        ("train.lr=2e-4", ("train", "lr"), 2e-4),
        ("data.root=../x", ("data", "root"), "../x"),
        ("data.root=a=b", ("data", "root"), "a=b"),
        ("model.sizes=[1, 2]", ("model", "sizes"), [1, 2]),
        ("model.norm={_delete_: true, type: batch}", ("model", "norm"), {"type": "batch"}),
        ("model.norm.affine=true", ("model", "norm"), {"type": "instance", "affine": True}),
        ("data.names.0=sky", ("data", "names"), {0: "sky"}),
        ("data.root=", ("data", "root"), None),
    ],
)
def test_overrides(override, path, value):
    start = {"model": {"channels": 1, "norm": {"type": "instance"}}, "data": {"names": {0: "road"}}}
    read = config.from_dict(start, overrides=[override])
    for key in path:
        read = read[key]
    assert read == value


def test_what_was_left_out_comes_back():
    start = {"model": {"inputs": {"boundary": None}}}
    assert (
        config.from_dict(start, overrides=["model.inputs.boundary={}"])["model"]["inputs"]["boundary"] == {}
    )


def test_a_part_with_settings_replaces_a_name():
    start = {"model": {"norm": "instance"}}
    read = config.from_dict(start, overrides=["model.norm={type: group, groups: 2}"])
    assert read["model"]["norm"] == {"type": "group", "groups": 2}
    with pytest.raises(ConfigError, match="a mapping here, but 'instance' in the base"):
        config.from_dict(start, overrides=["model.norm={groups: 2}"])


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("model.channels", "write it as key=value"),
        ("=3", "write it as"),
        ("model..channels=3", "write it as"),
        (" model.channels=3", "write it as"),
        ("model.channels.x=3", "model.channels is 1, not a mapping"),
        ("model.list.0=3", "not a mapping"),
        ("model.channels={a: 1}", r"model.channels \(command line\): a mapping here, but 1 in the base"),
        ("model.x=no", "different things"),
        ("model.x=[1", "expected"),
        ("model.x=!!python/name:os.system", "tag"),
        ("modle.x=1", "Did you mean 'model'"),
        ("_base_=x", "unknown key"),
        ("model=3", "a mapping is needed"),
        ("model." + "x." * 60 + "y=1", "nested more than"),
    ],
)
def test_refused_overrides(override, message):
    with pytest.raises(ConfigError, match=message) as caught:
        config.from_dict({"model": {"channels": 1, "list": [1]}}, overrides=[override])
    assert "override" in str(caught.value) or "command line" in str(caught.value)


def test_from_dict_takes_plain_data_only():
    read = config.from_dict({"model": {"a": [1, {"b": None}]}}, "state.json")
    assert read["model"].where("a") == "model.a (state.json)"
    loop: dict = {}
    loop["model"] = loop
    for bad in (
        {"model": {"a": [object()]}},
        {"model": {"a": (1,)}},
        {"model": {None: 1}},
        loop,
        {"model": {"a": 10**5000}},
    ):
        with pytest.raises(ConfigError, match=r"state\.json"):
            config.from_dict(bad, "state.json")
    with pytest.raises(ConfigError, match="unknown key '_base_'"):
        config.from_dict({"_base_": "x.yaml"})


def mmengine_merge(base, child):
    """mmengine's own merge, which leaves some `_delete_` behind; None where it refuses."""
    try:
        merged = Config._merge_a_into_b(copy.deepcopy(child), copy.deepcopy(base))
    except TypeError:
        return None
    return strip(ConfigDict(merged).to_dict())


def strip(value):
    if not isinstance(value, dict):
        return value
    return {key: strip(item) for key, item in value.items() if key != "_delete_"}


def random_mapping(generator, depth=0, delete=False):
    mapping = {}
    for _ in range(generator.randint(0, 3)):
        nested = depth < 3 and generator.random() < 0.6
        mapping[generator.choice("abc")] = (
            random_mapping(generator, depth + 1, delete)
            if nested
            else generator.choice([1, 2.5, "s", [1, {"q": 1}]])
        )
    if delete and depth and generator.random() < 0.3:
        mapping["_delete_"] = True
    return mapping


def test_random_merges_follow_mmengines_rule():
    generator, merged = random.Random(0), 0
    for _ in range(2000):
        base, child = {"model": random_mapping(generator)}, {"model": random_mapping(generator, 0, True)}
        first = config.from_dict(base)
        second = config.from_plain(child)
        expected = mmengine_merge(base, child)
        if expected is None:
            with pytest.raises(ConfigError, match="in the base"):
                config.merge(first, second)
            continue
        merged += 1
        result = config.merge(first, second)
        assert result == expected
        assert first == base
        assert second == child
        assert all(set(part.origins) == set(part) for part in (result, result["model"]))
    assert 500 < merged < 1950


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=30) | st.text(alphabet="model.=[]{}01x-", max_size=20).map("model.".__add__))
def test_any_override_works_or_is_a_config_error(text):
    with contextlib.suppress(ConfigError):
        assert "model" in config.from_dict({"model": {"x": 1, "y": {"z": 2}}}, overrides=[text])
