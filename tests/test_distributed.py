"""Several processes on this machine, joined by gloo: they learn what one would, and end together."""

import json
import os
import signal
import socket
import subprocess
import sys
import time

import pytest
import torch
from small_runs import staged, weights

from synthkit import checkpoint, config
from synthkit.runner import train

MODEL = {
    "inputs": {"label": {"classes": 12}, "boundary": {}},
    "generator": {"type": "pix2pixhd/global", "channels": 4, "downsamples": 1, "blocks": 1, "norm": "batch"},
    "discriminator": {"type": "patch", "channels": 4, "layers": 1, "norm": "batch"},
    "losses": {"gan": {"type": "lsgan"}, "pixels": {"type": "l1", "weight": 10}},
}
TRAIN = {
    "steps": 4,
    "batch_size": 2,
    "workers": 0,
    "optimizer": {"type": "SGD", "lr": 0.01},
    "log_every": 2,
    "validate_every": 4,
    "save_every": 2,
    "validation_images": 5,
    "keep": 2,
    "dry_run": False,
    "device": "cpu",
}


def settings(*overrides: str):
    data = {"type": "streets", "size": [16, 32], "count": 8, "transform": {"flip": True}}
    return config.from_dict({"model": MODEL, "data": data, "train": TRAIN}, overrides=overrides)


ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}


def launch(tmp_path, *arguments) -> str:
    """What two processes that torchrun starts print."""
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone"]
    command += [*map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, env=ENVIRONMENT, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


ORDERS = ("joint", "discriminator_first", "generator_first")
SCRIPT = """
import sys
import torch.distributed as dist
from synthkit import load_config, train
rendezvous, meetings = dist.rendezvous, []
dist.rendezvous = lambda *args, **options: meetings.append(args) or rendezvous(*args, **options)
for order in sys.argv[2:]:
    train(load_config(sys.argv[1], [f"train.order={order}", "train.batch_size=1"]), f"two_{order}")
assert len(meetings) == 1  # a second store at the port would lose who comes while the first closes
"""


def test_two_processes_equal_one_on_the_joined_batch(tmp_path):
    """Batch norms included, in every order of the updates; scores and losses are those of all samples."""
    (tmp_path / "cfg.yaml").write_text(config.dump(settings()))
    (tmp_path / "train_all.py").write_text(SCRIPT)
    launch(tmp_path, "train_all.py", "cfg.yaml", *ORDERS)
    for order in ORDERS:
        one, two = train(settings(f"train.order={order}"), tmp_path / order), tmp_path / f"two_{order}"
        for key, value in weights(one, 4).items():
            torch.testing.assert_close(weights(two, 4)[key], value, atol=2e-5, rtol=1e-4, msg=key)
        ours, theirs = figures(two), figures(one)
        assert ours.keys() == theirs.keys()
        for name, value in theirs.items():
            assert ours[name] == pytest.approx(value, rel=1e-3), name


def figures(run) -> dict:
    """Scores and the last losses."""
    records = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    (validation,) = (record for record in records if record["kind"] == "validation")
    last = [record for record in records if record["kind"] == "train"][-1]
    return validation["scores"] | last["losses"]


@pytest.fixture
def port() -> str:
    """A free port for the processes to meet at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def alone(tmp_path, port: str, rank: int, *overrides: str, plugins=None) -> subprocess.Popen:
    """One of two processes without torchrun beside them, which would end the other by itself."""
    path = tmp_path / "cfg.yaml"
    path.write_text(config.dump(settings("train.steps=100000", "train.log_every=1", "train.batch_size=1")))
    command = [sys.executable, "-m", "synthkit", "train", str(path), *overrides, "--work-dir", "run"]
    address = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": "2", "RANK": str(rank)}
    found = {} if plugins is None else {"SYNTHKIT_PLUGIN_PATH": str(plugins)}
    return subprocess.Popen(
        command,
        env=ENVIRONMENT | address | found,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def await_steps(process: subprocess.Popen, run) -> None:
    metrics, deadline = run / "metrics.jsonl", time.monotonic() + 200
    while not (metrics.exists() and len(metrics.read_text().splitlines()) > 2):
        assert process.poll() is None, process.stdout.read()
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.parametrize("victim", [0, 1])
def test_a_killed_process_ends_the_other(tmp_path, port, victim):
    """Within 30 seconds, saying which one gave no sign of life."""
    processes = [alone(tmp_path, port, rank) for rank in (0, 1)]
    try:
        await_steps(processes[0], tmp_path / "run")
        processes[victim].kill()
        killed = time.monotonic()
        output, _ = processes[1 - victim].communicate(timeout=60)
    finally:
        for process in processes:
            process.kill()
    assert time.monotonic() - killed < 30
    assert processes[1 - victim].returncode == 1
    reason = "process 1 gave no sign of life" if victim == 1 else "the meeting point of the processes is gone"
    assert reason in output
    if victim == 1:
        records = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
        assert records[-1]["kind"] == "failed"
        assert reason in records[-1]["message"]


def test_a_failing_process_tells_the_other_why(tmp_path, port):
    """The second process has a seed that the config may not have."""
    processes = [
        alone(tmp_path, port, 0),
        alone(tmp_path, port, 1, "train.seed=-1"),
    ]
    outputs = [process.communicate(timeout=200)[0] for process in processes]
    assert [process.returncode for process in processes] == [1, 1]
    assert "error: process 1 ended: " in outputs[0]
    assert "seed is -1" in outputs[0]


def test_a_signal_to_one_saves_and_ends_both(tmp_path, port):
    """All stop at the same step, and the run goes on from there."""
    processes = [alone(tmp_path, port, rank) for rank in (0, 1)]
    await_steps(processes[0], tmp_path / "run")
    for _ in range(2):  # by the scheduler and by torchrun
        processes[1].send_signal(signal.SIGTERM)
        time.sleep(0.02)
    outputs = [process.communicate(timeout=200)[0] for process in processes]
    assert [process.returncode for process in processes] == [143, 143], outputs
    found, _ = checkpoint.find(tmp_path / "run")
    assert len(found.state["random"]) == 2
    assert found.state["progress"]["position"] == 2 * found.step


def test_a_parameter_without_a_loss_is_named(tmp_path, port):
    """Alone it would just not learn; several processes would wait for its gradient."""
    plugin = tmp_path / "plugins" / "idle.py"
    plugin.parent.mkdir()
    plugin.write_text(IDLE)
    change = "model.generator={_delete_: true, type: idle/net}"
    processes = [alone(tmp_path, port, rank, change, plugins=plugin.parent) for rank in (0, 1)]
    outputs = [process.communicate(timeout=200)[0] for process in processes]
    assert [process.returncode for process in processes] == [1, 1]
    assert "no loss reaches generator.unused: freeze or remove" in "".join(outputs)


IDLE = """
import torch
from torch import nn
from synthkit.registry import GENERATORS


@GENERATORS.register_module("idle/net")
class Net(nn.Module):
    def __init__(self, in_channels: int, out_channels: int = 3):
        super().__init__()
        self.layer = nn.Conv2d(in_channels, out_channels, 3, padding=1)
        self.unused = nn.Parameter(torch.zeros(3))

    def forward(self, condition, style=None):
        return self.layer(condition).tanh()
"""


def test_two_processes_go_through_the_stages_together(tmp_path):
    (tmp_path / "staged.yaml").write_text(config.dump(staged("train.device=cpu")))
    said = launch(tmp_path, "-m", "synthkit", "train", "staged.yaml", "--work-dir", "run")
    assert [said.count(f"stage {number} of 3") for number in (1, 2, 3)] == [1, 1, 1], said
    assert checkpoint.steps(tmp_path / "run" / "checkpoints")[-1] == 4
