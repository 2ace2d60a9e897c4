"""Files that other programs wrote: what is read of them, and what is refused."""

import os
import pickle
import struct
from collections import OrderedDict

import numpy as np
import pytest
import torch

from synthkit import plugins
from synthkit.errors import CheckpointError, PluginError
from synthkit.importers import Source
from synthkit.importers.condition import Condition, read
from synthkit.importers.numpy_pickle import read_arrays
from synthkit.importers.torch_file import read_state

ZIPPED, LEGACY = {}, {"_use_new_zipfile_serialization": False}
STATE = OrderedDict({"a.weight": torch.randn(4, 3), "a.bias": torch.zeros(4), "count": torch.tensor(7)})


class Bomb:
    """A pickle of it makes a folder when it is loaded."""

    def __init__(self, place):
        self.place = str(place)

    def __reduce__(self):
        return os.mkdir, (self.place,)


@pytest.mark.parametrize("how", [ZIPPED, LEGACY])
@pytest.mark.parametrize("prefix", ["", "module."])
def test_a_state_dict_is_read(tmp_path, how, prefix):
    torch.save(OrderedDict((prefix + key, value) for key, value in STATE.items()), tmp_path / "G.pth", **how)
    found = read_state(tmp_path / "G.pth")
    assert found.keys() == STATE.keys()
    assert all(torch.equal(found[key], value) for key, value in STATE.items())


def test_half_precision_becomes_float32(tmp_path):
    torch.save({"a": torch.tensor([0.5, 2.0]).half()}, tmp_path / "G.pth")
    assert torch.equal(read_state(tmp_path / "G.pth")["a"], torch.tensor([0.5, 2.0]))


@pytest.mark.parametrize("how", [ZIPPED, LEGACY])
def test_code_in_a_file_is_not_run(tmp_path, how):
    bomb, canary = tmp_path / "G.pth", tmp_path / "canary"
    torch.save({"a": Bomb(canary)}, bomb, **how)
    with pytest.raises(CheckpointError, match=r"G\.pth is refused: to load it would run \w+\.mkdir"):
        read_state(bomb)
    assert not canary.exists()
    torch.load(bomb, weights_only=False)  # it would have gone off
    assert canary.exists()


@pytest.mark.parametrize("how", [ZIPPED, LEGACY])
@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.99])
def test_a_truncated_file_is_refused(tmp_path, how, share):
    torch.save(STATE, tmp_path / "G.pth", **how)
    whole = (tmp_path / "G.pth").read_bytes()
    (tmp_path / "G.pth").write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(CheckpointError, match=r"G\.pth is damaged"):
        read_state(tmp_path / "G.pth")


def test_a_changed_value_is_noticed(tmp_path):
    torch.save({"a": torch.full((4,), 1.5)}, tmp_path / "G.pth")
    whole, value = (tmp_path / "G.pth").read_bytes(), struct.pack("<f", 1.5)
    (tmp_path / "G.pth").write_bytes(whole.replace(value, struct.pack("<f", 1.25), 1))
    with pytest.raises(CheckpointError, match=r"G\.pth is damaged.* the checksum of G/data/0 is wrong"):
        read_state(tmp_path / "G.pth")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([1, 2], r"holds no state dict: \[1, 2\]"),
        ({}, "holds no state dict"),
        (torch.zeros(1), "holds no state dict"),
        ({"epoch": 3}, "at 'epoch' lies 3"),
        ({"state": {"a": torch.zeros(1)}}, "at 'state' lies"),
        ({3: torch.zeros(1)}, "at 3 lies"),
        ({"a": torch.zeros(2).to_sparse()}, "at 'a' lies"),
        ({"a": torch.zeros(1, device="meta")}, "at 'a' lies"),
        ({"a": torch.zeros(1).expand(2**15, 2**15 + 1)}, "holds more than 1,073,741,824 values"),
        ({"a": torch.tensor([1.0, torch.nan])}, "a has values that are not finite"),
        (torch.nn.Linear(1, 1), "refused: to load it would run torch.nn.modules.linear.Linear"),
    ],
)
def test_what_is_no_state_dict(tmp_path, content, message):
    torch.save(content, tmp_path / "G.pth")
    with pytest.raises(CheckpointError, match=message):
        read_state(tmp_path / "G.pth")


@pytest.mark.parametrize("content", [b"", b"text", b"\x80\x02.", pickle.dumps(Bomb("never"))])
def test_what_is_no_torch_file(tmp_path, content):
    (tmp_path / "G.pth").write_bytes(content)
    with pytest.raises(CheckpointError, match=r"G\.pth is damaged"):
        read_state(tmp_path / "G.pth")


def test_an_absent_file_is_named(tmp_path):
    with pytest.raises(CheckpointError, match=r"nothing\.pth cannot be read"):
        read_state(tmp_path / "nothing.pth")


CLUSTERS = {
    0: np.zeros((0, 3), np.float32),
    7: np.arange(6, dtype=np.float32).reshape(2, 3),
    26: np.asfortranarray(np.arange(12, dtype=np.float64).reshape(4, 3)),
    np.int64(33): np.ones((1, 3), ">f4"),
}


def test_numpy_s_dict_of_arrays_is_read(tmp_path):
    np.save(tmp_path / "c.npy", CLUSTERS)
    found = read_arrays(tmp_path / "c.npy")
    assert list(found) == list(CLUSTERS)
    assert all(np.array_equal(found[key], value) for key, value in CLUSTERS.items())


def written(path, payload: bytes):
    """A file of numpy.save with this pickle in place of its own."""
    with path.open("wb") as file:
        header = {"descr": "|O", "fortran_order": False, "shape": ()}
        np.lib.format.write_array_header_1_0(file, header)
        file.write(payload)
    return path


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("modules", [b"numpy._core", b"numpy.core"])
def test_every_age_of_numpy_is_read(tmp_path, protocol, modules):
    payload = pickle.dumps(np.array(CLUSTERS, object), protocol, fix_imports=True)
    payload = payload.replace(b"numpy._core.multiarray", modules + b".multiarray")
    if protocol == 4:  # names have their length before them there, and frames have theirs
        payload = pickle.dumps(np.array(CLUSTERS, object), 4)
    found = read_arrays(written(tmp_path / "c.npy", payload))
    assert all(np.array_equal(found[key], value) for key, value in CLUSTERS.items())


def test_python_2_is_read(tmp_path):
    """Its pickles hold an array's bytes as text, here two float32: 1 and 2."""
    payload = (
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\nq\x00cnumpy\nndarray\nq\x01K\x00\x85U\x01b\x87R(K\x01)"
        b"cnumpy\ndtype\nq\x02U\x02O8K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?tb\x89]"
        b"}K\x05h\x00h\x01K\x00\x85U\x01b\x87R(K\x01K\x01K\x02\x86h\x02U\x02f4K\x00K\x01\x87R"
        b"(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89U\x08\x00\x00\x80?\x00\x00\x00@tbsatb."
    )
    found = read_arrays(written(tmp_path / "c.npy", payload))
    assert list(found) == [5] and np.array_equal(found[5], [[1.0, 2.0]])


@pytest.mark.parametrize(
    "wrap", [lambda bomb: {1: bomb}, lambda bomb: bomb, lambda bomb: np.array(bomb, object)]
)
def test_code_in_clusters_is_not_run(tmp_path, wrap):
    canary = tmp_path / "canary"
    path = written(tmp_path / "c.npy", pickle.dumps(wrap(Bomb(canary))))
    with pytest.raises(CheckpointError, match=r"c\.npy .* refused: to load it would run \w+\.mkdir"):
        read_arrays(path)
    assert not canary.exists()
    np.load(path, allow_pickle=True)
    assert canary.exists()


@pytest.mark.parametrize(
    "name",
    [
        "builtins\neval",
        "numpy\nload",
        "numpy.core.multiarray\nfromfile",
        "numpy.testing\nrundocs",
        "os\nsystem",
    ],
)
def test_other_names_are_refused(tmp_path, name):
    with pytest.raises(CheckpointError, match=f"would run {name.replace(chr(10), '.')}"):
        read_arrays(written(tmp_path / "c.npy", b"c" + name.encode() + b"\n."))


@pytest.mark.parametrize(
    "content",
    [
        {1: "text"},
        {1: [1.0, 2.0]},
        {"car": np.zeros((1, 3))},
        {1: np.array([None])},
        {1: np.array(["text"])},
        {1: np.zeros(2, "M8[s]")},
        {1: np.zeros(2, [("x", "f4")])},
        [np.zeros((1, 3))],
        7,
    ],
)
def test_what_is_no_dict_of_arrays(tmp_path, content):
    with pytest.raises(CheckpointError, match=r"c\.npy is not a dict of arrays"):
        read_arrays(written(tmp_path / "c.npy", pickle.dumps(np.array(content, object), 2)))


def test_damaged_clusters_are_refused(tmp_path):
    np.save(tmp_path / "c.npy", CLUSTERS)
    whole = (tmp_path / "c.npy").read_bytes()
    for length in range(0, len(whole), 7):
        (tmp_path / "c.npy").write_bytes(whole[:length])
        with pytest.raises(CheckpointError, match=r"c\.npy"):
            read_arrays(tmp_path / "c.npy")
    np.save(tmp_path / "c.npy", np.zeros(3))
    with pytest.raises(CheckpointError, match=r"it holds an array \(3,\) of float64"):
        read_arrays(tmp_path / "c.npy")


KNOWN = {36: (35, True), 39: (35, True), 151: (151, False), 9: (0, False)}


@pytest.mark.parametrize(
    ("channels", "options", "expected"),
    [
        (36, dict(labels=None, boundary=True), Condition(35, True, 0)),
        (39, dict(labels=None, boundary=True), Condition(35, True, 3)),
        (36, dict(labels=36, boundary=False), Condition(36, False, 0)),
        (12, dict(labels=11, boundary=True), Condition(11, True, 0)),
        (12, dict(labels=5, boundary=False), Condition(5, False, 7)),
        (3, dict(labels=0, boundary=False), Condition(0, False, 0)),
        (7, dict(labels=0, boundary=True), Condition(0, True, 3)),
        (151, dict(labels=None, boundary=True), Condition(151, False, 0)),
        (9, dict(labels=None, boundary=False), Condition(0, False, 6)),
        (1, dict(labels=0, boundary=False), Condition(0, False, 0, 1)),
    ],
)
def test_channels_are_told_apart(channels, options, expected):
    found = read({"in_channels": channels}, KNOWN, **options)
    assert found == expected
    assert found.inputs == {
        **({"label": {"classes": found.labels}} if found.labels else {"source": {"channels": found.source}}),
        **({"boundary": {}} if found.boundary else {}),
    }


@pytest.mark.parametrize(
    ("channels", "options", "message"),
    [
        (
            13,
            dict(labels=None, boundary=True),
            r"(?s)takes 13 channels.*--labels 12 .*--labels 13 --no-boundary",
        ),
        (36, dict(labels=None, boundary=False), "takes 36 channels"),
        (12, dict(labels=12, boundary=True), r"12 labels \+ boundary: more than the 12 channels"),
        (3, dict(labels=0, boundary=True), r"an RGB source \+ boundary: more than the 3"),
    ],
)
def test_channels_that_cannot_be(channels, options, message):
    with pytest.raises(CheckpointError, match=message):
        read({"in_channels": channels}, KNOWN, **options)


def test_a_style_vector_takes_no_channels():
    settings = {"in_channels": 36, "style_channels": 256}
    assert read(settings, KNOWN, labels=None, boundary=True) == Condition(35, True, 256)
    with pytest.raises(CheckpointError, match="leave 3 of its 36 channels unexplained"):
        read(settings, KNOWN, labels=32, boundary=True)


def test_plugins_without_an_original(tmp_path, monkeypatch):
    (tmp_path / "lone_file.py").write_text("")
    (tmp_path / "lone_package").mkdir()
    (tmp_path / "lone_package" / "__init__.py").write_text("")
    monkeypatch.setattr(plugins, "_added", [tmp_path])
    monkeypatch.setattr(plugins, "_loaded", set(plugins.loaded()))
    plugins.sources()
    for name in ("lone_file", "lone_package"):
        with pytest.raises(PluginError, match=f"plugin '{name}' has no module 'official'"):
            Source(name, tmp_path / "G.pth", "G")
    with pytest.raises(PluginError, match="no plugin 'pix2pixhdd'. Did you mean 'pix2pixhd'"):
        Source("pix2pixhdd", tmp_path / "G.pth", "G")
    with pytest.raises(CheckpointError, match="--kind Q: the files of pix2pixhd are D, E, G, clusters"):
        Source("pix2pixhd", tmp_path / "G.pth", "Q")
