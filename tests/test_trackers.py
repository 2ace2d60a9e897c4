"""Trackers: what they show and write, and that none of them can stop or delay a training."""

import errno
import io
import json
import sys
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from synthkit import config, trackers
from synthkit.errors import ConfigError
from synthkit.registry import TRACKERS
from synthkit.section import from_plain
from synthkit.trackers import Console, Guard, MetricsFile, open_trackers, report_page

RECORDS = [
    {"kind": "start", "step": 0, "steps": 40, "device": "cpu", "parameters": {"generator": 4_000_000}},
    {"kind": "step", "step": 19},
    {
        "kind": "train",
        "step": 20,
        "losses": {"gan": 0.5, "gan/discriminator": 0.25},
        "signals": {"saturation": 0.125},
        "rate": 2e-4,
        "rates": {"generator": 2e-4},
        "seconds_per_step": 3.5,
        "data_wait": 0.12,
        "seconds": 70.0,
    },
    {"kind": "validation", "step": 20, "scores": {"psnr": 17.25}, "images": 3},
    {"kind": "notice", "step": 20, "message": "something happened"},
    {"kind": "warning", "step": 20, "name": "saturated", "message": "lower the rate"},
    {"kind": "end", "step": 40, "seconds": 3700},
]


@pytest.fixture
def run(tmp_path):
    """A run folder with a config and two pictures of step 20."""
    folder = tmp_path / "run"
    (folder / "samples" / "00000020").mkdir(parents=True)
    text = "model: {inputs: {label: {classes: 12}}}\ntrain: {steps: 40, betas: [0.5, 0.999]}\n"
    (folder / "config.yaml").write_text(text)
    for kind, value in (("fake", 10), ("real", 200)):
        image = Image.fromarray(np.full((4, 8, 3), value, np.uint8))
        image.save(folder / "samples" / "00000020" / f"a.b.{kind}.png")
    return folder


def log_all(tracker, run) -> None:
    samples = {"kind": "samples", "step": 20, "folder": str(run / "samples" / "00000020")}
    for record in (*RECORDS[:4], samples, *RECORDS[4:]):
        tracker.log(record)
    tracker.close()


def test_plain_lines_without_a_terminal(tmp_path, capsys):
    log_all(Console(tmp_path), tmp_path)
    assert capsys.readouterr().err.splitlines() == [
        "training on cpu: generator 4.00 M parameters, 40 steps",
        "step 20/40  gan 0.500  gan/discriminator 0.250  3.500 s/step (12% waiting for data)  1:10 left",
        "step 20  validation on 3 images: psnr 17.2500",
        "something happened",
        "warning: saturated: lower the rate",
        "finished step 40 after 1:01:40",
    ]


def test_console_says_what_is_best_and_why_a_training_ended_early(tmp_path, capsys):
    console = Console(tmp_path)
    for record in (RECORDS[0], {**RECORDS[3], "best": True}, {**RECORDS[-1], "step": 30, "reason": "enough"}):
        console.log(record)
    lines = capsys.readouterr().err.splitlines()
    assert lines[1:] == [
        "step 20  validation on 3 images: psnr 17.2500  (the best so far)",
        "ended at step 30 after 1:01:40  enough",
    ]


def test_progress_bar_in_a_terminal(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "160")
    log_all(Console(tmp_path), tmp_path)
    shown = capsys.readouterr().err
    assert "20/40" in shown
    assert "gan 0.500" in shown
    assert "3.500 s/step" in shown


@pytest.mark.parametrize("error", [BrokenPipeError(), OSError(errno.EIO, "hung up")])
@pytest.mark.parametrize("terminal", [True, False])
def test_a_terminal_that_is_gone_stops_nothing(tmp_path, monkeypatch, error, terminal):
    class Gone(io.StringIO):
        def write(self, text):
            raise error

        flush = write

    monkeypatch.setattr(sys, "stderr", Gone())
    if terminal:
        monkeypatch.setenv("FORCE_COLOR", "1")
    with pytest.raises(type(error)):  # the control: such a stream does fail
        print("x", file=sys.stderr)
    log_all(Console(tmp_path), tmp_path)


def test_metrics_file_appends_lines_of_json(tmp_path):
    for record in RECORDS:
        tracker = MetricsFile(tmp_path, say=print)
        tracker.log(record)
        tracker.close()
    lines = (tmp_path / "metrics.jsonl").read_text().splitlines()
    kept = [record for record in RECORDS if record["kind"] not in ("step", "notice")]
    assert [json.loads(line) for line in lines] == kept


def test_metrics_file_starts_a_line_after_a_torn_one_and_writes_nan_as_null(tmp_path):
    (tmp_path / "metrics.jsonl").write_text('{"kind": "tra')
    tracker = MetricsFile(tmp_path, say=print)
    tracker.log({"kind": "train", "losses": {"gan": float("nan"), "l1": [1.0, float("inf")]}})
    tracker.close()
    torn, whole = (tmp_path / "metrics.jsonl").read_text().splitlines()
    assert torn == '{"kind": "tra'
    assert json.loads(whole) == {"kind": "train", "losses": {"gan": None, "l1": [1.0, None]}}


class FullDisk:
    """A file that takes seven bytes at a time, and none while the disk is full."""

    def __init__(self, file):
        self.file, self.full, self.close = file, False, file.close

    def write(self, data: bytes) -> int:
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return self.file.write(data[:7])


def test_a_full_disk_delays_lines_and_loses_none(tmp_path):
    said = []
    tracker = MetricsFile(tmp_path, say=said.append)
    tracker.file = FullDisk(tracker.file)
    for step in range(6):
        tracker.file.full = step in (2, 3, 4)
        tracker.log({"kind": "train", "step": step})
    tracker.close()
    lines = (tmp_path / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == list(range(6))
    assert len(said) == 1
    assert "No space left" in said[0]


class Fake:
    """A tracker that keeps what it logs, and does as `act` says first."""

    def __init__(self, act=lambda record: None):
        self.act, self.logged, self.closed = act, [], False

    def log(self, record):
        self.act(record)
        self.logged.append(record["step"])

    def close(self):
        self.closed = True


def train(step: int) -> dict:
    return {"kind": "train", "step": step}


def test_guard_hands_over_all_records_in_order_and_closes():
    fake, said = Fake(), []
    guard = Guard("fake", lambda: fake, said.append)
    for step in range(500):
        guard.log(train(step))
        guard.log({"kind": "step", "step": step})
    guard.close()
    assert fake.logged == list(range(500))
    assert fake.closed
    assert said == []


def test_guard_survives_a_tracker_that_raises_and_says_so_once():
    def act(record):
        if record["step"] % 2:
            raise ConnectionError("no route to host")

    with pytest.raises(ConnectionError):  # the control: without a guard the caller fails
        Fake(act).log(train(1))
    fake, said = Fake(act), []
    guard = Guard("fake", lambda: fake, said.append)
    for step in range(10):
        guard.log(train(step))
    guard.close()
    assert fake.logged == [0, 2, 4, 6, 8]
    assert fake.closed
    assert len(said) == 1
    assert "tracker fake failed: ConnectionError: no route to host" in said[0]


@pytest.mark.parametrize(
    ("tracker", "reason"),
    [
        (Fake(lambda record: _raise(KeyboardInterrupt())), "failed: KeyboardInterrupt"),
        (Fake(lambda record: _raise(BaseException("a panic"))), "failed: BaseException: a panic"),
        (SimpleNamespace(), "failed: AttributeError"),
    ],
)
def test_guard_survives_whatever_is_raised_and_a_tracker_that_is_none(tracker, reason):
    said = []
    guard = Guard("fake", lambda: tracker, said.append)
    guard.log(train(1))
    guard.close()
    assert len(said) == 1
    assert reason in said[0]


def _raise(error: BaseException):
    raise error


def _exit():
    raise SystemExit("log in first")


@pytest.mark.parametrize(
    ("build", "reason"),
    [
        (lambda: __import__("no_such_module.sub"), "no module 'no_such_module' (pip install no_such_module)"),
        (lambda: 1 / 0, "cannot be used: ZeroDivisionError: division by zero"),
        (_exit, "cannot be used: SystemExit: log in first"),
        (lambda: _raise(KeyboardInterrupt()), "cannot be used: KeyboardInterrupt"),
    ],
)
def test_guard_survives_a_tracker_that_cannot_be_built(build, reason):
    with pytest.raises((ImportError, ZeroDivisionError, SystemExit, KeyboardInterrupt)):
        build()
    said = []
    guard = Guard("fake", build, said.append)
    guard.wait_until_open(10)
    for step in range(5):
        guard.log(train(step))
    guard.close()
    assert len(said) == 1
    assert reason in said[0]


@pytest.mark.parametrize("place", ["build", "log", "close"])
def test_guard_never_waits_for_a_tracker_that_hangs(place):
    hang, said = threading.Event(), []

    def build():
        fake = Fake(lambda record: place == "log" and hang.wait())
        fake.close = lambda: place == "close" and hang.wait()
        if place == "build":
            hang.wait()
        return fake

    guard = Guard("fake", build, said.append, room=10, patience=0.1)
    began = time.perf_counter()
    guard.wait_until_open(0.05)
    longest = 0.0
    for step in range(200):
        before = time.perf_counter()
        guard.log(train(step))
        longest = max(longest, time.perf_counter() - before)
    guard.close(0.3)
    took = time.perf_counter() - began
    alive = guard.thread.is_alive()  # the control: the tracker did hang
    hang.set()
    assert alive
    assert longest < 0.1
    assert took < 2
    assert len(said) == 1


def test_guard_says_that_a_tracker_hangs_while_the_training_goes_on():
    hang, said = threading.Event(), []
    guard = Guard("fake", lambda: Fake(lambda record: hang.wait()), said.append, patience=0.05)
    guard.log(train(1))
    time.sleep(0.3)
    assert said == []
    guard.log(train(2))
    assert "has not answered" in said[0]
    hang.set()
    guard.close()


def test_guard_drops_what_a_slow_tracker_has_no_room_for():
    fake, said = Fake(lambda record: time.sleep(0.02)), []
    guard = Guard("fake", lambda: fake, said.append, room=3)
    for step in range(100):
        guard.log(train(step))
    guard.close()
    assert 3 <= len(fake.logged) < 10
    assert fake.closed
    assert len(said) == 1
    assert "too slow" in said[0]


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"tensorbord": {}}, r"train.trackers.tensorbord .*Did you mean 'tensorboard'"),
        ({"wandb": {"projekt": "x"}}, r"train.trackers.wandb.projekt .*Did you mean 'project'"),
        ({"wandb": {"mode": "onlin"}}, r"train.trackers.wandb.mode .*'onlin'"),
        ({"wandb": {"run": "x"}}, r"train.trackers.wandb.run .*set by synthkit"),
        ({"mlflow": {"uri": 5}}, r"train.trackers.mlflow.uri .*5 is not"),
        ({"tensorboard": None}, r"train.trackers.tensorboard .*a mapping is needed"),
        ({"console": {}}, r"train.trackers.console .*always there"),
        ({"report": {}}, r"train.trackers.report .*always there"),
    ],
)
def test_a_wrong_config_is_an_error_and_opens_nothing(tmp_path, section, message):
    section = from_plain(section, "train.trackers", "x.yaml")
    with pytest.raises(ConfigError, match=message):
        open_trackers(section, tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_report_is_written_while_a_training_runs_and_when_it_stops(run, monkeypatch):
    clock = iter([0, 1, 20, 21, 22, 23, 40, 41, 80, 81])  # asked before and after each page
    monkeypatch.setattr(report_page, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    tracker, metrics, seen = trackers.ReportPage(run), MetricsFile(run, say=print), []
    samples = {"kind": "samples", "step": 20}
    for record in (RECORDS[0], RECORDS[2], samples, samples, RECORDS[2], RECORDS[2]):
        metrics.log(record)
        (run / "report.html").unlink(missing_ok=True)
        tracker.log(record)
        seen.append((run / "report.html").is_file())
    #           0 s   20 s   21 s   23 s: too soon  40 s: due  80 s
    assert seen == [True, False, True, False, True, True]
    page = (run / "report.html").read_text()
    assert "step 20 of 40" in page
    assert "location.reload" in page
    tracker.close()
    page = (run / "report.html").read_text()
    assert "stopped at step 20 of 40" in page
    assert "location.reload" not in page


def test_a_page_that_takes_long_is_written_less_often(run, monkeypatch):
    clock = iter([0, 6, 60, 67, 73])  # the first page takes 6 s
    monkeypatch.setattr(report_page, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    tracker, pages = trackers.ReportPage(run), []
    monkeypatch.setattr(report_page, "write_report", pages.append)
    for _ in range(3):
        tracker.log({"kind": "samples", "step": 20})
    assert next(clock, None) is None
    assert pages == [run, run]


def test_the_report_keeps_up_with_a_training_of_tiny_steps(run, monkeypatch):
    pages = []
    monkeypatch.setattr(report_page, "write_report", lambda run, stopped=False: pages.append(stopped))
    tracker = trackers.ReportPage(run)
    for step in range(200):
        tracker.log({"kind": "samples", "step": step})
    assert pages == [False]
    tracker.log(RECORDS[-1])
    tracker.close()
    assert pages == [False, False]


def test_a_missing_library_costs_a_notice(run, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "wandb", None)
    opened = open_trackers({"wandb": {}}, run)
    for tracker in opened:
        log_all(tracker, run)
    assert capsys.readouterr().err.count("tracker wandb cannot be used") == 1
    assert len((run / "metrics.jsonl").read_text().splitlines()) == 5


def test_plugins_trackers_are_guarded_too(tmp_path, monkeypatch):
    made = {}

    def build(run, *, depth: int = 1):
        made[run] = Fake()
        return made[run]

    monkeypatch.setitem(TRACKERS._module_dict, "user/fake", build)
    *_, guard = open_trackers({"user/fake": {"depth": 3}}, tmp_path)
    log_all(guard, tmp_path)
    assert made[tmp_path].logged == [0, 20, 20, 20, 20, 20, 40]
    with pytest.raises(ConfigError, match="'deep' is not an int"):
        open_trackers({"user/fake": {"depth": "deep"}}, tmp_path)


def test_tensorboard_event_files(run):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    for _ in range(2):  # the second time as a resumed run that logs the same steps again
        log_all(trackers.TensorBoard(run), run)
    events = EventAccumulator(str(run / "tensorboard"), size_guidance={"images": 0, "tensors": 0}).Reload()
    tags = events.Tags()
    wanted = {
        "losses/gan",
        "losses/gan/discriminator",
        "signals/saturation",
        "rates/generator",
        "scores/psnr",
    }
    assert wanted | {"seconds_per_step", "data_wait"} == set(tags["scalars"])
    assert [(event.step, event.value) for event in events.Scalars("scores/psnr")] == [(20, 17.25)]
    assert set(tags["images"]) == {"samples/a.b/fake", "samples/a.b/real"}
    picture = events.Images("samples/a.b/fake")[-1]
    assert (picture.step, picture.width, picture.height) == (20, 8, 4)
    assert np.asarray(Image.open(io.BytesIO(picture.encoded_image_string)))[0, 0, 0] == 10
    (text,) = events.Tensors("config/text_summary")[-1].tensor_proto.string_val
    assert b"classes: 12" in text


def test_wandb_offline(run):
    pytest.importorskip("wandb")
    tracker = trackers.WandB(run, mode="offline", project="p")
    assert tracker.session.config["train.steps"] == 40
    log_all(tracker, run)
    (file,) = (run / "wandb").glob("offline-run-*/*.wandb")
    deadline = time.monotonic() + 30
    while len(content := file.read_bytes()) < 1000 and time.monotonic() < deadline:
        time.sleep(0.1)  # W&B's own process writes on for a moment
    for name in (b"losses/gan/discriminator", b"scores/psnr", b"signals/saturation", b"samples/a.b/fake"):
        assert name in content
    pictures = list(file.parent.glob("files/media/images/samples/a.b/*.png"))
    assert len(pictures) == 2


def test_mlflow_in_a_local_store(run, tmp_path, monkeypatch):
    pytest.importorskip("mlflow")
    monkeypatch.chdir(tmp_path)  # where such a store puts pictures
    from mlflow import MlflowClient

    uri = f"sqlite:///{tmp_path / 'store.db'}"
    for _ in range(2):  # a resumed run goes on in the same run
        log_all(trackers.MLflow(run, uri=uri, experiment="trials"), run)
    client = MlflowClient(tracking_uri=uri)
    (found,) = client.search_runs([client.get_experiment_by_name("trials").experiment_id])
    assert found.info.run_name == "run"
    assert found.info.status == "FINISHED"
    assert found.data.metrics["losses/gan/discriminator"] == 0.25
    assert found.data.params["train.betas"] == "[0.5, 0.999]"
    assert found.data.params.keys() == {key for key, *_ in config.flatten(config.load(run / "config.yaml"))}
    failing = trackers.MLflow(run, uri=uri, experiment="trials")
    failing.log({"kind": "failed", "step": 3, "message": "out of memory"})
    failing.close()
    assert client.get_run(found.info.run_id).info.status == "FAILED"
