"""A study from its file to its table, plots and page, with quick stand-ins for the trainings."""

import csv
import sys

import fake_trials
import numpy as np
import pytest
from fake_trials import interrupt_when_ready, starts
from html_page import HOSTILE, Page
from PIL import Image
from scipy import stats
from small_studies import small

from synthkit import lock
from synthkit.benchmark import queue
from synthkit.benchmark.ablation import ablate
from synthkit.benchmark.findings import gather
from synthkit.benchmark.study_table import markdown
from synthkit.errors import CheckpointError
from synthkit.surroundings import Interrupted

CHANNELS = "model.generator.channels"
AXES = {"size": {HOSTILE: {}, "wider": {CHANNELS: 6}, "bad": {CHANNELS: 8}}}


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(queue, "COMMAND", (sys.executable, fake_trials.__file__))
    monkeypatch.setattr(queue, "PAUSE", 0.01)
    monkeypatch.setattr(queue, "stored", fake_trials.stored)


@pytest.fixture
def done(tmp_path, quick):
    """The findings of a study with one variant that fails."""
    study = small(tmp_path, axes=AXES, seeds=[0, 1, 2])
    return ablate(study, tmp_path / "runs", workers=2, log=lambda line: None)


def test_the_numbers_are_scipys(done):
    with (done.folder / "table.csv").open(newline="") as file:
        rows = {(row["variant"], row["score"]): row for row in csv.DictReader(file)}
    wider = rows["wider", "l1"]
    values = np.array([0.30, 0.31, 0.32])
    low, high = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert float(wider["mean"]) == pytest.approx(values.mean())
    assert float(wider["half"]) == pytest.approx((high - low) / 2)
    assert float(wider["difference"]) == pytest.approx(0.05)
    assert float(wider["difference_half"]) == pytest.approx(0, abs=1e-12)
    assert (wider["seeds"], wider["pairs"], wider["verdict"]) == ("3", "3", "worse")  # of l1 less is better
    assert rows["wider", "iou/road"]["verdict"] == ""
    assert rows["bad", "l1"]["seeds"] == "0"


def test_a_failing_variant_is_marked_in_all_tables(done):
    bad = done.rows[-1]
    assert list(bad.failures) == [0, 1, 2] and not bad.results
    lines = markdown(done).splitlines()
    assert lines[4].startswith("| bad | 0, 3 failed | - |")
    assert "▼" in lines[3] and "▼" not in lines[2]


def test_a_label_is_no_markup_in_the_table(tmp_path):
    study = small(tmp_path, axes={"size": {"*a|b*\n<i>": {CHANNELS: 6}}})
    assert r"| \*a\|b\* \<i\> | 0 |" in markdown(gather(study, tmp_path, {}))


def test_the_page_stands_alone_and_shows_what_was_found(done):
    page = Page(done.folder / "report.html")
    assert HOSTILE in page.text
    assert "the file x.png is no image" in page.text
    assert "bad, seed 2 failed" in page.text
    assert "model.generator.channels" in page.text and "0.3100" not in page.text
    sources = [each["src"] for each in page.all("img") if "src" in each]
    assert len(sources) == 4 and all(source.startswith("data:image/png;base64,") for source in sources)
    assert page.all("svg")
    assert not page.all("link")[1:]
    with Image.open(done.folder / "plots" / "l1.png") as plot:
        assert (
            plot.width > 900 and len(np.unique(np.asarray(plot.convert("RGB")).reshape(-1, 3), axis=0)) > 50
        )


def test_more_seeds_train_what_is_missing(done, tmp_path):
    again = ablate(small(tmp_path, axes=AXES, seeds=[0, 1, 2, 3]), done.folder, log=lambda line: None)
    assert sorted(again.rows[1].results) == [0, 1, 2, 3]
    counts = [starts(done.folder / "wider" / f"seed_{seed}") for seed in range(4)]
    assert counts == [1, 1, 1, 1]
    assert again.difference(again.rows[1], "l1").count == 4


def test_a_second_sweep_in_the_folder_is_refused(tmp_path, quick):
    folder = tmp_path / "runs"
    folder.mkdir()
    with lock.hold(folder), pytest.raises(CheckpointError, match="in use by process"):
        ablate(small(tmp_path), folder)
    assert not list(folder.rglob("starts"))


def test_doubts_about_the_numbers_are_named(tmp_path):
    study, outcomes = small(tmp_path), {}
    for number, (folder, trial) in enumerate(study.trials(tmp_path / "runs").items()):
        odd = {"on_budget": False, "judge_sha256": "other"} if number == 0 else {}
        fake_trials.write_result(folder, protocol=trial.protocol, seed=trial.seed, **odd)
        outcomes[folder] = fake_trials.stored(trial, folder)
    findings = gather(study, tmp_path / "runs", outcomes)
    cautions = " ".join(findings.cautions)
    assert "different protocols, data or judges" in cautions and "budget" in cautions
    assert "devices" not in cautions
    assert all(caution in markdown(findings) for caution in findings.cautions)


def test_what_is_done_before_an_interruption_is_written_and_marked(tmp_path, quick):
    study, said = small(tmp_path, axes={"size": {"slow": {CHANNELS: 6}}}, seeds=[0]), []
    interrupt_when_ready(tmp_path / "runs" / "slow" / "seed_0" / "log.txt")
    with pytest.raises(Interrupted):
        ablate(study, tmp_path / "runs", log=said.append)
    table = (tmp_path / "runs" / "table.md").read_text()
    assert "| base | 1 |" in table and "| slow | 0 |" in table
    assert "Interrupted: 1 of 2 trials are still to be run." in table
    assert "1 of 2 trials are still to be run" in Page(tmp_path / "runs" / "report.html").text
    assert said[-1] == f"what is done so far: {tmp_path / 'runs' / 'report.html'}"
    assert not ablate(study, tmp_path / "runs", log=said.append).cautions
    assert "Interrupted" not in (tmp_path / "runs" / "table.md").read_text()
