"""`synthkit runs`: what it finds, in which state, in which order, and how it takes what is broken."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from synthkit import lock
from synthkit.errors import CheckpointError, DataError
from synthkit.runs import Best, find_runs, summarise

START = {"kind": "start", "step": 0, "steps": 100, "config": "configs/pix2pixhd/streets_64.yaml"}


def train(step: int) -> dict:
    return {"kind": "train", "step": step, "losses": {"gan": 1.0}, "seconds": 0.5 * step}


def validation(step: int, **scores: float) -> dict:
    return {"kind": "validation", "step": step, "scores": scores, "images": 10}


def make(folder: Path, *records: dict, age: float = 0) -> Path:
    """A run folder that recorded this, `age` seconds ago."""
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text("train: {steps: 100}\n")
    file = folder / "metrics.jsonl"
    file.write_text("".join(json.dumps(record) + "\n" for record in records))
    os.utime(file, (time.time() - age,) * 2)
    return folder


def test_a_finished_run(tmp_path):
    validations = validation(50, psnr=19.0, l1=0.5), validation(100, psnr=18.0, l1=0.4, mine=3.0)
    end = {"kind": "end", "step": 100, "seconds": 61.0, "reason": "finished"}
    run = summarise(make(tmp_path / "a", START, train(50), validations[0], train(100), validations[1], end))
    assert (run.name, run.state, run.note) == ("a", "finished", "")
    assert (run.step, run.steps, run.seconds, run.config) == (100, 100, 61.0, "pix2pixhd/streets_64")
    assert run.last == {"psnr": 18.0, "l1": 0.4, "mine": 3.0}
    assert run.best == {"psnr": Best(19.0, 50), "l1": Best(0.4, 100)}
    assert run.size == sum(path.stat().st_size for path in (tmp_path / "a").iterdir())


@pytest.mark.parametrize(
    ("config", "shown"), [("a/b/c.yml", "b/c"), ("dict", "dict"), ("", ""), ({}, ""), ("/", "/")]
)
def test_config_names(tmp_path, config, shown):
    assert summarise(make(tmp_path / "a", {**START, "config": config})).config == shown


def test_states(tmp_path):
    early = {"kind": "end", "step": 60, "seconds": 9.0, "reason": "stopped early"}
    make(tmp_path / "early", START, train(60), early, age=1)
    make(tmp_path / "stopped", START, train(20), age=2)
    make(tmp_path / "again", START, early, {**START, "step": 40}, age=3)
    make(tmp_path / "empty", age=4)
    runs = {run.name: (run.state, run.step, run.note) for run in find_runs([tmp_path])}
    assert runs == {
        "early": ("finished", 60, "stopped early"),
        "stopped": ("stopped", 20, ""),
        "again": ("stopped", 40, ""),
        "empty": ("empty", 0, ""),
    }


def test_a_run_is_running_while_its_lock_is_held(tmp_path):
    folder = make(tmp_path / "a", START, train(20))
    assert not lock.is_held(folder)
    assert not (folder / ".lock").exists()
    with lock.hold(folder):
        assert summarise(folder).state == "running"
        with pytest.raises(CheckpointError, match=f"in use by process {os.getpid()}"):
            lock.hold(folder)
    assert summarise(folder).state == "stopped"
    with lock.hold(folder):
        pass


def test_a_dead_holder_leaves_no_lock(tmp_path):
    folder = make(tmp_path / "a", START)
    code = f"import os, pathlib, synthkit.lock as l; f = l.hold(pathlib.Path({str(folder)!r})); os._exit(9)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 9
    assert (folder / ".lock").read_text().strip().isdigit()
    assert summarise(folder).state == "stopped"


def test_order_and_names(tmp_path):
    make(tmp_path / "old", START, validation(10, psnr=20.0, l1=0.3), age=300)
    make(tmp_path / "study" / "new", START, validation(10, psnr=10.0, l1=0.2), age=100)
    make(tmp_path / "middle", START, validation(10, l1=0.1), age=200)
    make(tmp_path / "old" / "samples" / "inside", START)  # a run holds no runs
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "config.yaml").write_text("train: {}\n")
    names = [[run.name for run in find_runs([tmp_path], sort)] for sort in (None, "psnr", "l1")]
    assert names == [
        ["study/new", "middle", "old"],
        ["old", "study/new", "middle"],
        ["middle", "study/new", "old"],
    ]
    assert [run.name for run in find_runs([tmp_path / "old", tmp_path, tmp_path / "study"])] == [
        "new", "middle", "old",
    ]  # fmt: skip
    with pytest.raises(DataError, match="no run has a score 'psn'. Did you mean 'psnr'"):
        find_runs([tmp_path], "psn")
    with pytest.raises(DataError, match="there is no folder"):
        find_runs([tmp_path / "nowhere"])


def test_broken_and_foreign_runs_are_rows(tmp_path):
    make(tmp_path / "whole", START, train(20))
    make(tmp_path / "foreign").joinpath("metrics.jsonl").write_bytes(b"\x00\xff" * 999 + b"\n{}\n[1]\n")
    loop = make(tmp_path / "loop")
    (loop / "metrics.jsonl").unlink()
    (loop / "checkpoints").mkdir()
    (loop / ".lock").symlink_to(loop / ".lock")
    runs = {run.name: run for run in find_runs([tmp_path])}
    assert {name: run.state for name, run in runs.items()} == {
        "whole": "stopped",
        "foreign": "empty",
        "loop": "unreadable",
    }
    assert "symbolic links" in runs["loop"].note


def test_runs_behind_links_are_found_once(tmp_path):
    make(tmp_path / "elsewhere" / "study" / "a", START)
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "study").symlink_to(tmp_path / "elsewhere" / "study")
    (tmp_path / "runs" / "again").symlink_to(tmp_path / "elsewhere" / "study" / "a")
    (tmp_path / "elsewhere" / "study" / "loop").symlink_to(tmp_path / "runs")
    (tmp_path / "runs" / "gone").symlink_to(tmp_path / "nowhere")
    (run,) = find_runs([tmp_path / "runs"])
    assert run.folder.resolve() == tmp_path / "elsewhere" / "study" / "a"


def test_a_checkpoint_that_is_removed_meanwhile_is_no_trouble(tmp_path, monkeypatch):
    folder = make(tmp_path / "a", START)
    walk = os.walk
    monkeypatch.setattr(os, "walk", lambda top: ((path, d, [*files, "old"]) for path, d, files in walk(top)))
    run = summarise(folder)
    assert run.state == "stopped"
    assert run.size > 0


def test_many_long_runs_are_listed_quickly(tmp_path):
    line = json.dumps({"kind": "train", "step": 20, "losses": {f"term {i}": 0.1 for i in range(8)}}) + "\n"
    for number in range(5):
        folder = make(tmp_path / str(number), START, validation(10, psnr=20.0))
        with (folder / "metrics.jsonl").open("a") as file:
            file.write(line * 25_000)
    began = time.perf_counter()
    assert {run.step for run in find_runs([tmp_path])} == {20}
    assert time.perf_counter() - began < 2  # 0.1 s on an idle machine


def synthkit(*arguments, cwd, **variables: str) -> subprocess.CompletedProcess:
    code = (
        "import sys\n"
        "from synthkit.cli import main\n"
        "try: main()\n"
        "finally: print({'torch', 'mmengine', 'numpy'} & set(sys.modules), file=sys.stderr)"
    )
    command = [sys.executable, "-c", code, *map(str, arguments)]
    environment = os.environ | variables
    return subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=cwd, env=environment)


def test_command(tmp_path):
    end = {"kind": "end", "step": 60, "seconds": 9.0, "reason": "stopped early"}
    scores = validation(20, psnr=20.0, mine=1.5), validation(60, psnr=19.0)
    make(tmp_path / "runs" / ("long name " * 9).strip(), START, *scores, end)
    make(tmp_path / "runs" / "b", START)
    table = synthkit("runs", cwd=tmp_path)
    assert "set()" in table.stderr
    header, first, second, note = table.stdout.splitlines()
    assert header.split() == ["run", "state", "step", "time", "updated", "psnr", "config", "size"]
    assert {first.split()[0], second.split()[0]} == {"long", "b"}
    assert "19.00 (20.00)" in table.stdout
    assert "60/100" in table.stdout
    assert note.endswith("long name: stopped early")
    (run,) = (
        run for run in json.loads(synthkit("runs", "--json", cwd=tmp_path).stdout) if run["name"] != "b"
    )
    assert run["best"] == {"psnr": {"value": 20.0, "step": 20}}
    assert (run["state"], run["note"], run["steps"]) == ("finished", "stopped early", 100)
    (tmp_path / "none").mkdir()
    assert synthkit("runs", "none", cwd=tmp_path).stdout == "no runs in none\n"
    assert "there is no folder runs" in synthkit("runs", cwd=tmp_path / "none").stderr


@pytest.mark.parametrize(
    ("width", "titles"),
    [
        ("120", "run state step time updated psnr ssim config size"),
        ("80", "run state step time updated psnr ssim"),
        ("40", "run state step psnr ssim"),
    ],
)
def test_a_narrow_terminal_loses_the_columns_that_matter_least(tmp_path, width, titles):
    make(tmp_path / "first", START, validation(20, psnr=20.0, ssim=0.5))
    table = synthkit("runs", ".", cwd=tmp_path, COLUMNS=width, FORCE_COLOR="1", TERM="xterm")
    header, row = re.sub(r"\x1b\[[0-9;]*m", "", table.stdout).splitlines()
    assert header.split() == titles.split()
    assert row.split()[:3] == ["first", "stopped", "20/100"]
    assert "20.00" in row


def test_a_name_of_any_bytes_is_shown_without_effect(tmp_path):
    make(
        tmp_path / os.fsdecode(b"latin\xe9\n\x1b[31mred"),
        START,
        {"kind": "failed", "step": 1, "message": "no\nway"},
    )
    table = synthkit("runs", ".", cwd=tmp_path, PYTHONIOENCODING="utf-8:strict")
    assert len(table.stdout.splitlines()) == 3
    assert "latin\ufffd\ufffd\ufffd[31mred" in table.stdout
    assert "no way" in table.stdout
    assert "\x1b" not in table.stdout
    assert "latin" in synthkit("runs", ".", cwd=tmp_path, PYTHONIOENCODING="ascii:strict").stdout
