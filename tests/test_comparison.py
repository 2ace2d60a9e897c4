"""`synthkit compare`: what its page shows and links, with gaps where a run lacks something."""

import json
import re
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
from html_page import HOSTILE, Page

from synthkit.comparison import compare
from synthkit.errors import DataError
from synthkit.pages import thinned
from synthkit.sample_files import write_samples

CONFIG = """
model: {{inputs: {{label: {{classes: 12}}}}}}
data: {{type: streets, size: [32, 64]{data}}}
train: {{steps: 100, optimizer: {{lr: {rate}}}{train}}}
"""


def make(folder: Path, *, losses=(4.0, 3.0), scores=(), images=10, **config) -> Path:
    """A run with a loss and with scores every 50 steps, and its config."""
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text(CONFIG.format(**{"rate": 0.1, "data": "", "train": "", **config}))
    records = [
        {"kind": "start", "step": 0, "steps": 100, "config": "a.yaml", "parameters": {"generator": 2_000_000}}
    ]
    for step, loss in enumerate(losses, 1):
        pace = {"seconds_per_step": 2.0, "data_wait": 0.0, "seconds": 100.0 * step}
        records.append({"kind": "train", "step": 50 * step, "losses": {"gan": loss}, **pace})
    for step, each in enumerate(scores, 1):
        records.append({"kind": "validation", "step": 50 * step, "scores": each, "images": images})
    (folder / "metrics.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    return folder


def draw(run: Path, *steps: int, name: str = "one", real: int = 9) -> None:
    for step in steps:
        kinds = {"fake": step, "real": real}
        pictures = {kind: np.full((4, 8, 3), value, np.uint8) for kind, value in kinds.items()}
        write_samples(run, step, {name: pictures})


def histories(page: Page) -> list[dict[str, str]]:
    return [json.loads(link["data-history"]) for link in page.all("a") if "data-history" in link]


def test_scores_samples_and_configs_of_two_runs(tmp_path):
    a = make(tmp_path / "runs" / "a", scores=[{"psnr": 20.5, "l1": 0.25}, {"psnr": 19.0, "l1": 0.2}])
    b = make(tmp_path / "runs" / "b", scores=[{"psnr": 18.0, "l1": 0.1}], rate=0.5, train=", seed: 3")
    draw(a, 50, 100)
    draw(b, 50)
    page = Page(compare([a, b], tmp_path / "page.html"))
    for words in ("Comparison of 2 runs", "2.00 M", "step 50, final 19.00", "over minutes"):
        assert words in page.text
    best = [attributes for tag, attributes in page.elements if attributes.get("class") == "best"]
    assert len(best) == 2
    assert page.path.read_text().count('class="best">20.50') == 1
    assert page.path.read_text().count('class="best">0.100') == 1
    assert histories(page) == [
        {"50": "runs/a/samples/00000050/one.fake.png", "100": "runs/a/samples/00000100/one.fake.png"},
        {"50": "runs/b/samples/00000050/one.fake.png"},
    ]
    assert all(path.is_file() for path in page.pictures())
    assert "step 50" in page.text
    rows = [line for line in page.path.read_text().splitlines() if '<th scope="row">train.' in line]
    assert len(rows) == 2
    assert all(words in page.text for words in ("train.optimizer.lr", "0.5", "train.seed"))
    assert "may not be comparable" not in page.text
    assert len(page.all("svg")) == 2 * 3
    assert len([g for g in page.all("g") if g.get("class") == "run-1"]) >= 6


@pytest.mark.parametrize(
    ("folders", "labels"),
    [
        (("a", "b"), ["a", "b"]),
        (("x/a", "y/b", "x/b"), ["x/a", "y/b", "x/b"]),
        (("x/run", "y/run"), ["x", "y"]),
        (("x/z/run", "y/z/run"), ["x", "y"]),
        (("x", "x/run/x"), None),
        (("n" * 99 + "1", "n" * 99 + "2"), [f"{'n' * 30}…{'n' * 29}{seed}" for seed in (1, 2)]),
        (("n" * 40 + "1" + "n" * 40, "n" * 40 + "2" + "n" * 40), None),
    ],
)
def test_labels_are_what_tells_runs_apart(tmp_path, folders, labels):
    runs = [make(tmp_path / "runs" / folder) for folder in folders]
    found = _labels(Page(compare(runs, tmp_path / "page.html")))
    assert len(set(found)) == len(runs)
    assert found == (labels or found)


def _labels(page: Page) -> list[str]:
    text = page.path.read_text("utf-8")
    return re.findall(r"<button .*?</i>(.*?)</button>", text, re.DOTALL)


def test_runs_elsewhere_have_their_pictures_copied(tmp_path):
    a, b = make(tmp_path / "far" / "x" / "run"), make(tmp_path / "here" / "run")
    draw(a, 50)
    draw(b, 50)
    page = Page(compare([a, b], tmp_path / "here" / "my page.html"))
    assert _labels(page) == ["x", "here"]
    copied, linked = histories(page)
    assert linked == {"50": "run/samples/00000050/one.fake.png"}
    assert copied == {"50": "my%20page_files/0/00000050/one.fake.png"}
    copy = page.path.parent / unquote(copied["50"])
    assert copy.read_bytes() == (a / "samples" / "00000050" / "one.fake.png").read_bytes()
    assert all(path.is_file() and path.is_relative_to(tmp_path / "here") for path in page.pictures())
    assert not any(link.get("href", "").startswith(("..", "/")) for link in page.all("a"))


def test_gaps(tmp_path):
    a = make(tmp_path / "a", losses=(), scores=[{"mine": 3.0}])
    b = make(tmp_path / "b", scores=[{"psnr": 18.0}, {"psnr": 17.0}])
    (tmp_path / "b" / "metrics.jsonl").open("a").write('{"kind": "tr')
    c = make(tmp_path / "c")
    (c / "metrics.jsonl").write_text("")
    draw(b, 40, 80)
    draw(c, 60, name="other")
    page = Page(compare([a, b, c], tmp_path / "page.html"))
    for words in ("not in a, c", "not in b, c", "3.0000", "empty", "0 of ?"):
        assert words in page.text, words
    assert page.pictures() == []  # no scene is shared
    draw(c, 60)
    page = Page(compare([a, b, c], tmp_path / "page.html"))
    assert [list(history) for history in histories(page)] == [["40", "80"], ["60"]]
    assert "no picture" in page.text


def test_the_first_step_shown_is_common_and_else_the_last(tmp_path):
    a, b = make(tmp_path / "a"), make(tmp_path / "b")
    draw(a, 40, 80, 120)
    draw(b, 60, 120, 180)
    assert "step 120" in Page(compare([a, b], tmp_path / "page.html")).text
    draw(c := make(tmp_path / "c"), 50)
    page = Page(compare([a, c], tmp_path / "page.html"))
    assert "step 120" in page.text
    assert "step 50" in page.text  # the caption of the older picture


@pytest.mark.parametrize(
    ("images", "data", "real", "words"),
    [
        (10, "", 9, None),
        (10, ", transform: {flip: true}", 9, None),
        (20, "", 9, "different numbers of held-out images: a 10, b 20"),
        (10, ", count: 7", 9, "Their data differ in data.count"),
        (10, "", 8, "sample one is not the same picture in b"),
    ],
)
def test_cautions(tmp_path, images, data, real, words):
    a = make(tmp_path / "a", scores=[{"psnr": 18.0}])
    b = make(tmp_path / "b", scores=[{"psnr": 18.0}], images=images, data=data)
    draw(a, 50)
    draw(b, 50, real=real)
    page = Page(compare([a, b], tmp_path / "page.html"))
    assert ("may not be comparable" in page.text) == (words is not None)
    assert (words or "") in page.text


def test_times_come_from_the_trains(tmp_path):
    a = make(tmp_path / "a", losses=[1.0] * 80, scores=[{"psnr": 1.0}])
    page = Page(compare([a, make(tmp_path / "b")], tmp_path / "page.html"))
    assert "over hours" in page.text
    assert "2 h 13 min" in page.text


def test_hostile_names_are_only_text(tmp_path):
    name = HOSTILE.replace("/", "")
    a = make(tmp_path / name, scores=[{HOSTILE: 1.0}], data=f", root: {json.dumps(HOSTILE + chr(39))}")
    b = make(tmp_path / "b")
    for run in (a, b):
        draw(run, 50, name=HOSTILE + "'")
    page = Page(compare([a, b], tmp_path / "page.html"))
    assert len(page.all("script")) == 1
    assert len(page.pictures()) == 1 + 2
    assert all(path.is_file() for path in page.pictures())
    for history in histories(page):
        assert (tmp_path / unquote(history["50"])).is_file()


def test_the_page_asks_nobody_else(tmp_path):
    a, b = make(tmp_path / "a"), make(tmp_path / "b")
    draw(a, 50)
    draw(b, 50)
    page = Page(compare([a, b], tmp_path / "page.html"))
    targets = [each.get(key) for tag, each in page.elements for key in ("src", "href") if tag != "use"]
    assert {target.split("/")[0] for target in targets if target} == {"a", "b", "data:,"}


def test_what_cannot_be_compared(tmp_path):
    a, b = make(tmp_path / "a"), make(tmp_path / "b")
    (tmp_path / "none").mkdir()
    for runs, message in (
        ([a], "2 to 8 runs can be compared, not 1"),
        ([a] * 9, "2 to 8 runs can be compared, not 9"),
        ([a, b, tmp_path / "b"], "b is named twice"),
        ([a, tmp_path / "none"], "none is no run folder"),
    ):
        with pytest.raises(DataError, match=message):
            compare(runs, tmp_path / "page.html")
    with pytest.raises(DataError, match="cannot be written"):
        compare([a, b], a / "config.yaml" / "page.html")
    (b / "config.yaml").write_text("model: {x: [")
    with pytest.raises(DataError, match=r"the run .*b cannot be read: .*config.yaml"):
        compare([a, b], tmp_path / "page.html")


def test_a_slip_in_the_name_of_the_page_costs_no_other_file(tmp_path):
    a, b = make(tmp_path / "a"), make(tmp_path / "b")
    before = (a / "config.yaml").read_text()
    for out in (a / "config.yaml", a, tmp_path / "page"):
        with pytest.raises(DataError, match="to be written to a .html file, not to"):
            compare([a, b], out)
    assert (a / "config.yaml").read_text() == before
    assert Page(compare([a, b], tmp_path / "PAGE.HTM")).text


def test_what_cannot_be_read_is_named(tmp_path, monkeypatch):
    a, b = make(tmp_path / "a"), make(tmp_path / "b")
    draw(a, 50)
    draw(b, 50)

    def refuse(source, target):
        raise PermissionError(13, "Permission denied", str(source))

    monkeypatch.setattr("shutil.copyfile", refuse)
    with pytest.raises(DataError, match=r"Permission denied: '.*one\.real\.png'"):
        compare([a, b], tmp_path / "elsewhere" / "page.html")
    monkeypatch.setattr("synthkit.records.read", lambda path: refuse(path, None))
    with pytest.raises(DataError, match=r"the run .*a cannot be read: .*metrics.jsonl"):
        compare([a, b], tmp_path / "page.html")


def test_thinned_keeps_the_ends():
    assert thinned(list(range(5)), 8) == [0, 1, 2, 3, 4]
    few = thinned(list(range(101)), 5)
    assert few == [0, 25, 50, 75, 100]
