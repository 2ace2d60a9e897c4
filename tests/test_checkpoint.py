"""Checkpoints: what is saved comes back, what is damaged is refused, what fits another network is listed."""

import json
import random
import shutil
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from synthkit import checkpoint, memory, training_state
from synthkit.errors import CheckpointError
from synthkit.translator import Translator

CPU = torch.device("cpu")


def parts(channels: int = 4):
    networks = nn.ModuleDict({"generator": nn.Conv2d(3, channels, 3), "discriminator": nn.Linear(4, 1)})
    networks = networks.to(memory_format=torch.channels_last)
    optimizers = {name: torch.optim.Adam(network.parameters(), 1e-3) for name, network in networks.items()}
    for name, optimizer in optimizers.items():
        sum(p.square().sum() for p in networks[name].parameters()).backward()
        optimizer.step()
    return networks, optimizers


def save(folder, step=3, keep=1, **changes):
    networks, optimizers = parts()
    randoms, training = training_state.collect(model_of(networks), optimizers)
    given = {
        "state": {"config": {"train": {}}, "progress": {}, "random": randoms},
        "tensors": {"weights": networks.state_dict(), "training": training},
    }
    return checkpoint.save(folder, step=step, keep=keep, **given | changes), networks, optimizers


def model_of(networks):
    return Translator(networks, {})


def test_restoring_holds_one_copy_of_the_weights(tmp_path):
    networks = nn.ModuleDict({str(number): nn.Linear(2048, 2048) for number in range(8)})
    path, *_ = save(tmp_path, tensors={"weights": networks.state_dict(), "training": {}})
    found = checkpoint.read(path)
    memory.reset_peak(CPU)
    before = memory.peak(CPU)
    checkpoint.restore_networks(found, networks)
    assert memory.peak(CPU) - before < 50e6  # of 134e6


def test_everything_comes_back(tmp_path):
    path, networks, optimizers = save(tmp_path / "checkpoints")
    drawn = [random.random(), np.random.rand(), torch.rand(()).item()]
    found, passed_over = checkpoint.find(tmp_path)
    assert (found.path, found.step, passed_over) == (path, 3, [])
    fresh, fresh_optimizers = parts()
    for parameter in fresh.parameters():
        nn.init.zeros_(parameter.data)
    checkpoint.restore_networks(found, fresh)
    assert training_state.restore(found, model_of(fresh), fresh_optimizers)
    for key, value in networks.state_dict().items():
        assert torch.equal(fresh.state_dict()[key], value)
    for name, optimizer in optimizers.items():
        state, other = optimizer.state_dict(), fresh_optimizers[name].state_dict()
        assert state["param_groups"][0]["lr"] == other["param_groups"][0]["lr"]
        for index, entries in state["state"].items():
            for entry, value in entries.items():
                assert torch.equal(other["state"][index][entry], value), entry
    assert [random.random(), np.random.rand(), torch.rand(()).item()] == drawn


def test_keeps_the_newest(tmp_path):
    for step in (1, 2, 10):
        save(tmp_path, step=step, keep=2)
    assert checkpoint.steps(tmp_path) == [2, 10]


@pytest.mark.parametrize(
    "name", ["weights.safetensors", "training.safetensors", "state.json", "manifest.json"]
)
@pytest.mark.parametrize("damage", ["flip", "truncate", "remove"])
def test_damage_is_refused_and_the_older_one_used(tmp_path, name, damage):
    old, *_ = save(tmp_path / "checkpoints", step=1, keep=2)
    new, *_ = save(tmp_path / "checkpoints", step=2, keep=2)
    assert checkpoint.find(tmp_path)[0].path == new
    content = bytearray((new / name).read_bytes())
    content[len(content) // 2] ^= 8
    if damage == "remove":
        (new / name).unlink()
    else:
        (new / name).write_bytes(content if damage == "flip" else content[:-5])
    with pytest.raises(CheckpointError, match=str(new)):
        checkpoint.read(new)
    found, passed_over = checkpoint.find(tmp_path)
    assert found.path == old
    assert len(passed_over) == (0 if (name, damage) == ("manifest.json", "remove") else 1)


def test_a_failed_write_keeps_the_older_one(tmp_path, monkeypatch):
    old, *_ = save(tmp_path, step=1)

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    def full_in_rust(*args, **kwargs):
        raise SafetensorError("No space left on device")

    for function, failing in (("save_file", full_in_rust), ("_write_json", full), ("_flush", full)):
        with monkeypatch.context() as patch:
            patch.setattr(checkpoint, function, failing)
            with pytest.raises(CheckpointError, match="No space left"):
                save(tmp_path, step=2)
        assert [path.name for path in tmp_path.iterdir()] == [old.name]
    assert checkpoint.read(old).step == 1


def test_another_architecture_is_listed(tmp_path):
    path, *_ = save(tmp_path)
    other = nn.ModuleDict({"generator": nn.Conv2d(3, 8, 3), "encoder": nn.Linear(4, 1, bias=False)})
    with pytest.raises(CheckpointError) as error:
        checkpoint.restore_networks(checkpoint.read(path), other)
    message = str(error.value)
    assert "missing: encoder.weight" in message
    assert "extra: discriminator.bias" in message
    assert (
        "reshaped: generator.weight, (4, 3, 3, 3) float32 in the file and (8, 3, 3, 3) float32 here"
        in message
    )


def test_manifest_cannot_name_files_elsewhere(tmp_path):
    path, *_ = save(tmp_path / "checkpoints")
    (tmp_path / "outside").write_text("x")
    manifest = (path / "manifest.json").read_text().replace('"state.json"', '"../../outside"')
    (path / "manifest.json").write_text(manifest)
    with pytest.raises(CheckpointError):
        checkpoint.read(path)


def test_no_run(tmp_path):
    with pytest.raises(CheckpointError, match="no run folder"):
        checkpoint.find(tmp_path / "nothing")
    with pytest.raises(CheckpointError, match="no whole checkpoint"):
        checkpoint.find(tmp_path)


def test_backup_copies_are_not_checkpoints(tmp_path):
    path, *_ = save(tmp_path / "checkpoints")
    shutil.copytree(path, path.with_name("00000003-backup"))
    assert checkpoint.steps(tmp_path / "checkpoints") == [3]


def rewritten(path, name, change) -> None:
    """Change a file of a checkpoint and make its manifest fit again, as a forger would."""
    target = path / name
    if name.endswith(".json"):
        target.write_text(json.dumps(change(json.loads(target.read_text()))))
    else:
        save_file(change(load_file(target)), target)
    (path / "manifest.json").unlink()
    records = {each.name: checkpoint._record(each) for each in path.iterdir()}
    (path / "manifest.json").write_text(json.dumps(records))


FORGED = {
    "no step": ("state.json", lambda state: {k: v for k, v in state.items() if k != "step"}),
    "step of text": ("state.json", lambda state: state | {"step": "x"}),
    "negative step": ("state.json", lambda state: state | {"step": -5}),
    "huge step": ("state.json", lambda state: state | {"step": 10**30}),
    "no progress": ("state.json", lambda state: state | {"progress": None}),
    "config of text": ("state.json", lambda state: state | {"config": "x"}),
    "a list": ("state.json", lambda state: [state]),
    "foreign rng": ("state.json", lambda state: state | {"random": [{"python": 5, "numpy": []}]}),
    "strange key": ("training.safetensors", lambda tensors: tensors | {"optimizers/evil": torch.zeros(1)}),
    "unknown group": ("training.safetensors", lambda tensors: tensors | {"optimizers/a/0/b": torch.zeros(1)}),
    "index out of range": (
        "training.safetensors",
        lambda tensors: tensors | {"optimizers/generator/99/exp_avg": torch.zeros(1)},
    ),
    "short moments": (
        "training.safetensors",
        lambda tensors: {k: torch.zeros(7) if k.endswith("exp_avg") else v for k, v in tensors.items()},
    ),
    "lost moments": (
        "training.safetensors",
        lambda tensors: {k: v for k, v in tensors.items() if k != "optimizers/generator/0/exp_avg"},
    ),
    "whole numbers": ("weights.safetensors", lambda tensors: {k: v.int() for k, v in tensors.items()}),
}


@pytest.mark.parametrize("case", FORGED)
def test_forged_checkpoints_are_refused(tmp_path, case):
    """The fused optimisers write past the end of moments that are too short: nothing may reach them."""
    path, networks, optimizers = save(tmp_path)
    rewritten(path, *FORGED[case])
    with pytest.raises(CheckpointError):  # noqa: PT012  (each of the three may be the one that refuses)
        found = checkpoint.read(path)
        checkpoint.restore_networks(found, networks)
        training_state.restore(found, model_of(networks), optimizers)


def test_a_checkpoint_that_is_replaced_is_never_missing(tmp_path, monkeypatch):
    """Saved again at its step, the process dying after each operation on the folder: one is always found."""

    class DiedError(BaseException):
        pass

    def dying_after(count: int, function):
        calls = []

        def wrapped(*args, **kwargs):
            if len(calls) == count:
                raise DiedError
            calls.append(1)
            return function(*args, **kwargs)

        return wrapped

    run = tmp_path / "run"
    save(run / "checkpoints", step=3)
    for count in range(4):
        with monkeypatch.context() as patch:
            patch.setattr(Path, "rename", dying_after(count, Path.rename))
            with suppress(DiedError):
                save(run / "checkpoints", step=3)
        assert checkpoint.find(run)[0].step == 3, count
    save(run / "checkpoints", step=3)
    assert [path.name for path in (run / "checkpoints").iterdir()] == ["00000003"]


@pytest.mark.parametrize(
    ("stored", "expected", "fits"),
    [
        (torch.bfloat16, torch.float32, True),
        (torch.float32, torch.float32, True),
        (torch.float64, torch.float32, False),
        (torch.float32, torch.bfloat16, False),
        (torch.int32, torch.int64, False),
        (torch.int64, torch.float32, False),
    ],
)
def test_only_floats_of_fewer_bits_stand_for_others(stored, expected, fits):
    """Nothing is lost of them."""
    values = ({"weight": torch.zeros(2, 3, dtype=dtype)} for dtype in (expected, stored))
    assert (checkpoint.reshaped(*values) == {}) == fits
