"""Trackers: their settings, and what each of them shows and writes."""

import errno
import io
import json
import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from tracker_records import RECORDS, log_all

from synthkit import config, trackers
from synthkit.errors import ConfigError
from synthkit.section import from_plain
from synthkit.trackers import Console, MetricsFile, open_trackers, report_page


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
