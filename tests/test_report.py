"""The report of a run, at any time of a training and with whatever names."""

import json
import time
from pathlib import Path

import numpy as np
import pytest
from html_page import HOSTILE, Page
from PIL import Image

from synthkit.charts import Curve, line_chart, smoothed
from synthkit.errors import DataError
from synthkit.report import write_report, write_samples

START = {
    "kind": "start", "step": 0, "steps": 800, "config": "pix2pixhd/streets_128", "device": "cpu",
    "parameters": {"generator": 4100000, "discriminator": 690000}, "synthkit": "0.1.0", "torch": "2.15.0",
}  # fmt: skip


def train(step: int, **losses: float) -> dict:
    losses = losses or {"gan": 0.9, "features": 4.1, "gan/discriminator": 0.4}
    pace = {"seconds_per_step": 0.31, "data_wait": 0.01, "seconds": 0.31 * step}
    return {"kind": "train", "step": step, "losses": losses, "rate": 2e-4, **pace}


def validation(step: int, **scores: float) -> dict:
    return {"kind": "validation", "step": step, "scores": scores, "images": 100}


def record(run: Path, *records: dict, rest: str = "") -> Page:
    """Write the records to the run, then the report; parse it."""
    run.mkdir(parents=True, exist_ok=True)
    lines = "".join(json.dumps(each) + "\n" for each in records)
    (run / "metrics.jsonl").write_text(lines + rest, "utf-8")
    return Page(write_report(run))


def scene(value: int, *kinds: str) -> dict[str, np.ndarray]:
    return {kind: np.full((8, 16, 3), value, np.uint8) for kind in kinds}


def test_report_of_a_finished_run(tmp_path):
    run = tmp_path / "my run"
    for step in (400, 800):
        write_samples(run, step, {name: scene(step // 4, "label", "fake", "real") for name in ("one", "two")})
    (run / "config.yaml").write_text("model:\n  generator: {type: pix2pixhd/global}\n", "utf-8")
    page = record(
        run, START, train(20), train(400), validation(400, l1=0.1234, psnr=18.5, ssim=0.61),
        train(800), validation(800, l1=0.1101, psnr=17.256, ssim=0.55),
        {"kind": "end", "step": 800, "seconds": 241.0},
    )  # fmt: skip
    for words in (
        "my run", "finished after 800 steps", "pix2pixhd/streets_128", "0.31 s per step", "4 min 1 s", "cpu",
        "generator 4.10 M, discriminator 0.69 M", "0.110", "17.26 dB", "best 18.50 at step 400",
        "best 0.110 at step 800", "higher is better", "lower is better", "label map", "synthesised", "real",
        "{type: pix2pixhd/global}",
    ):  # fmt: skip
        assert words in page.text, words
    assert len(page.all("svg")) == 3 + 2 + 1
    assert len(page.pictures()) == 2 * 3 + 2 * 2
    assert all(path.is_file() for path in page.pictures())
    assert [step["data-steps"] for step in page.all("input")] == ["400 800"]
    assert not list(run.glob(".*"))


def test_table_shows_the_newest_step_with_alternative_texts_and_loads_lazily(tmp_path):
    for step in (99, 100):
        write_samples(tmp_path, step, {"a": scene(step, "source", "fake")})
    page = record(tmp_path, START)
    shown = [attributes for attributes in page.all("img") if "src" in attributes]
    assert [image["src"] for image in shown[:2]] == [
        f"samples/00000100/a.{k}.png" for k in ("source", "fake")
    ]
    assert [image["alt"] for image in shown[:2]] == ["source, a", "synthesised, a, step 100"]
    assert all(image["loading"] == "lazy" for image in shown)
    assert "label map" not in page.text
    assert "real" not in page.text


def test_page_needs_nothing_but_the_run(tmp_path):
    write_samples(tmp_path, 1, {"a": scene(1, "label", "fake")})
    page = record(tmp_path, START, train(20), validation(20, l1=0.1))
    targets = [a.get(key, "") for tag, a in page.elements for key in ("src", "href") if tag != "use"]
    assert {target.split("/")[0] for target in targets if target} == {"samples", "data:,"}
    assert "src" not in page.all("script")[0]


@pytest.mark.parametrize(
    ("records", "rest", "words"),
    [
        ([], "", "nothing recorded yet"),
        ([], '{"kind": "sta', "nothing recorded yet"),
        ([START], "", "step 0 of 800"),
        ([START, train(20)], "", "step 20 of 800"),
        ([START, train(20)], '{"kind": "train", "step": 40, "los', "step 20 of 800"),
        ([START, train(20, lpips=0.0, flat=0.0)], "", "step 20 of 800"),
    ],
)
def test_report_at_the_start_of_a_run(tmp_path, records, rest, words):
    page = record(tmp_path / "run", *records, rest=rest)
    assert words in page.text
    assert page.pictures() == []


def test_report_of_an_empty_folder_and_of_none(tmp_path):
    assert "nothing recorded yet" in Page(write_report(tmp_path)).text
    with pytest.raises(DataError, match="missing: there is no such run folder"):
        write_report(tmp_path / "missing")


def test_what_a_page_tells_of_a_training_that_runs(tmp_path):
    estimate = {"seconds": 7260.0, "seconds_per_step": 0.3, "memory": 2_340_000_000, "checkpoint": 1}
    start = {**START, "estimate": estimate, "devices": 4, "batch": 32, "seed": 7}
    signals = {
        "saturation": 0.25,
        "ranking": 0.75,
        "gradient norm/generator": 2.0,
        "gradient norm/discriminator": 3.0,
    }
    trains = [{**train(step), "data_wait": step / 100, "signals": signals} for step in (20, 40)]
    scores = [{**validation(step, psnr=step), "metric": "psnr", "best": step == 20} for step in (20, 40)]
    warning = {"kind": "warning", "step": 40, "name": "it waits", "message": "raise train.workers"}
    page = record(tmp_path, start, trains[0], scores[0], trains[1], scores[1], warning)
    for words in (
        "2 h 1 min", "2.3 GB", "4 x cpu", "32", "30% of the time", "it waits at step 40",
        "raise train.workers", "the best checkpoint by PSNR is that of step 20", "saturation",
        "0.25", "where no gradient passes", "ranking", "gradient norm", "discriminator 3",
    ):  # fmt: skip
        assert words in page.text, words
    assert len(page.all("svg")) == 1 + 2 + 1 + 3


def test_page_loads_itself_again_until_the_training_ends(tmp_path):
    def is_live(page: Page) -> bool:
        text = page.path.read_text("utf-8")
        assert ("location.reload()" in text) == any(meta.get("http-equiv") for meta in page.all("meta"))
        return "location.reload()" in text

    before = time.time()
    page = record(tmp_path, START, train(20), train(400))
    assert is_live(page)
    (written,) = (each for each in page.all("p") if each.get("id") == "written")
    assert before <= float(written["data-written"]) <= time.time()
    assert float(written["data-silence"]) == pytest.approx(5 * 0.31 * 380)
    assert "step 400 of 800" in page.text
    stopped = Page(write_report(tmp_path, stopped=True))
    assert not is_live(stopped)
    assert "stopped at step 400 of 800" in stopped.text
    end = {
        "kind": "end",
        "step": 400,
        "seconds": 125.0,
        "memory": 1_200_000_000,
        "reason": "stopped early: enough",
    }
    page = record(tmp_path, START, train(20), end)
    assert not is_live(page)
    assert "stopped early: enough (of 800 steps)" in page.text
    assert "1.2 GB" in page.text


def test_a_failed_training_says_so_and_is_not_waited_for(tmp_path):
    failed = {"kind": "failed", "step": 20, "message": "no <b>memory</b>"}
    page = record(tmp_path, START, train(20), failed)
    assert "failed after step 20 of 800" in page.text
    assert "no <b>memory</b>" in page.text
    assert "location.reload()" not in page.path.read_text("utf-8")
    page = record(tmp_path, START, train(20), failed, {**START, "step": 10})
    assert "step 10 of 800" in page.text
    assert "location.reload()" in page.path.read_text("utf-8")


def test_figures_that_were_not_finite_are_gaps(tmp_path):
    nothing = {**train(60), "losses": {"gan": None}, "signals": {"saturation": None}}
    page = record(tmp_path, START, train(20), nothing, {**validation(60), "scores": {"psnr": None}})
    assert "step 60 of 800" in page.text
    assert "held-out" not in page.text


def test_records_that_lack_what_is_not_needed(tmp_path):
    bare = {"kind": "train", "step": 20, "losses": {"gan": 1.0}}
    page = record(tmp_path, {"kind": "start", "step": 0, "steps": 40}, bare)
    assert "step 20 of 40" in page.text
    assert "waiting for data" not in page.text


def test_smoothing_a_long_run_costs_no_more_than_a_short_one(tmp_path, monkeypatch):
    lengths = []

    def watched(values):
        lengths.append(len(values))
        return smoothed(values)

    monkeypatch.setattr("synthkit.report.smoothed", watched)
    monkeypatch.setattr("synthkit.charts.smoothed", watched)
    record(tmp_path, START, *(train(step) for step in range(3000)))
    assert max(lengths) == 1000


def test_pictures_of_many_steps_are_thinned(tmp_path):
    for step in range(1, 101):
        write_samples(tmp_path, step, {"a": scene(step, "fake")})
    page = record(tmp_path, START)
    (slider,) = page.all("input")
    steps = list(map(int, slider["data-steps"].split()))
    assert len(steps) == 40
    assert (steps[0], steps[-1]) == (1, 100)
    assert len(page.pictures()) == 1 + 40


def test_resumed_run_replaces_what_it_does_again(tmp_path):
    page = record(
        tmp_path, START, train(20), train(40, gan=77.0), validation(40, l1=0.77),
        {"kind": "end", "step": 40, "seconds": 9.0}, {**START, "step": 20, "steps": 60}, train(40, gan=0.5),
    )  # fmt: skip
    assert "step 40 of 60" in page.text
    assert "held-out" not in page.text
    assert "77" not in page.text


def test_hostile_names_and_configs_are_only_text(tmp_path):
    run = tmp_path / HOSTILE.replace("/", "")
    write_samples(run, 5, {HOSTILE: scene(1, "label", "fake"), "../../x": scene(2, "fake", "real")})
    write_samples(run, 6, {HOSTILE: scene(1, "label", "fake"), "../../x": scene(2, "fake", "real")})
    (run / "config.yaml").write_text(f"note: </pre>{HOSTILE}", "utf-8")
    start = {**START, "config": HOSTILE, "device": HOSTILE, "parameters": {HOSTILE: 1}}
    page = record(run, start, train(20, **{HOSTILE: 1.0}), validation(20, **{HOSTILE: 1.0}))
    assert len(page.all("script")) == 1
    assert page.text.count("<script>alert('x')") >= 7
    assert len(page.pictures()) == 4 + 4
    assert all(path.is_file() and path.resolve().is_relative_to(run) for path in page.pictures())


def test_samples_are_written_as_they_are_and_stay_in_their_folder(tmp_path):
    names = ["../up", "a/b", "a_b", ".hidden", "..", "", "x" * 400, "ü\ud800", "tab\tnul\0"]
    write_samples(tmp_path, 400, {name: scene(number, "fake") for number, name in enumerate(names)})
    files = sorted((tmp_path / "samples" / "00000400").iterdir())
    assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) == files
    assert sorted(np.asarray(Image.open(path))[0, 0, 0] for path in files) == list(range(len(names)))
    assert {"a_b.fake.png", "a_b_.fake.png", "_hidden.fake.png"} <= {path.name for path in files}
    assert not any(path.name.startswith(".") for path in files)
    assert np.asarray(Image.open(files[0])).shape == (8, 16, 3)


def test_unfinished_samples_are_left_out(tmp_path):
    write_samples(tmp_path, 10, {"a": scene(1, "label", "fake")})
    write_samples(tmp_path, 20, {"a": scene(1, "label")})
    (tmp_path / "samples" / "notes").mkdir()
    page = record(tmp_path, START)
    assert {path.name for path in page.pictures()} == {"a.label.png", "a.fake.png"}
    assert {path.parent.name for path in page.pictures()} == {"00000010"}


def test_smoothed_keeps_constants_and_calms_noise():
    rng = np.random.default_rng(0)
    line, noise = np.linspace(3, 1, 300), rng.normal(0, 0.2, 300)
    np.testing.assert_allclose(smoothed([2.5] * 7), 2.5)
    np.testing.assert_allclose(smoothed(line)[40:-40], line[40:-40], rtol=1e-9)
    assert np.abs(smoothed(line + noise) - line).mean() < np.abs(noise).mean() / 3


def test_chart_follows_the_text_colour_and_stays_small():
    curve = Curve(range(50_000), np.random.default_rng(0).normal(3, 1, 50_000))
    chart = line_chart({"a": curve}, (4, 2), "smoothed")
    assert chart.startswith("<svg")
    assert "currentColor" in chart
    assert "width=" not in chart.split(">")[0]
    assert len(chart) < 150_000
