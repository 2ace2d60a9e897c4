"""All images of a model that makes several, from Python and from the command line."""

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

import synthkit
from synthkit import config
from synthkit.cli import app
from synthkit.cli import translate as _  # noqa: F401  (importing registers the command)
from synthkit.errors import DataError

MODEL = {
    "inputs": {"label": {"classes": 12}},
    "generator": {"type": "crn/cascaded", "height": 16, "channels": 8, "images": 3},
    "losses": {"pixels": {"type": "l1"}},
}
TRAIN = {"order": "generator_only", "steps": 1, "workers": 0, "validation_images": 1, "dry_run": False}


def trained(folder, **generator):
    cfg = {"model": {**MODEL, "generator": MODEL["generator"] | generator}, "train": TRAIN}
    data = {"type": "streets", "size": [16, 32], "count": 2}
    return synthkit.train(config.from_dict(cfg | {"data": data}), folder)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return trained(tmp_path_factory.mktemp("candidates") / "run")


@pytest.fixture
def label(tmp_path):
    """A map whose size is padded and resized by nothing."""
    path = tmp_path / "labels" / "a.png"
    path.parent.mkdir()
    Image.fromarray(np.random.default_rng(0).integers(0, 12, (18, 33), np.uint8)).save(path)
    return path


def test_one_or_all(run, label):
    model = synthkit.load(run)
    every = [np.asarray(each) for each in model.translate(label=label, candidate="all")]
    assert [each.shape for each in every] == [(18, 33, 3)] * 3
    assert not np.array_equal(every[0], every[1])
    for number, expected in enumerate(every):
        assert np.array_equal(model.translate(label=label, candidate=number), expected)
    assert np.array_equal(model.translate(label=label), every[0])


def test_there_is_no_such_candidate(run, label, tmp_path):
    with pytest.raises(DataError, match="candidate 3: this model makes 3 images, 0 to 2, or all"):
        synthkit.load(run).translate(label=label, candidate=3)
    single = synthkit.load(trained(tmp_path / "single", images=1))
    for candidate in (1, "all"):
        with pytest.raises(DataError, match=f"candidate {candidate}: this model makes one image"):
            single.translate(label=label, candidate=candidate)


def translate(*words):
    return CliRunner().invoke(app, ["translate", *map(str, words)])


def test_command_line(run, label, tmp_path):
    out = tmp_path / "out"
    for given, place, names in (
        (label.parent, out, ["a_0.png", "a_1.png", "a_2.png"]),
        (label, out / "b.jpg", ["b_0.jpg", "b_1.jpg", "b_2.jpg"]),
    ):
        result = translate(run, place, "--label", given, "--candidate", "all")
        assert result.exit_code == 0, result.output
        assert "3 images" in result.output
        assert all((out / name).is_file() for name in names)
    assert translate(run, out / "c.png", "--label", label, "--candidate", 2).exit_code == 0
    assert np.array_equal(Image.open(out / "c.png"), Image.open(out / "a_2.png"))
    assert "write a number" in str(translate(run, out, "--label", label, "--candidate", "-1").exception)


def test_candidates_spare_inputs(run, label):
    numbered = label.rename(label.with_name("a_1.png"))
    before = numbered.read_bytes()
    result = translate(run, label, "--label", numbered, "--candidate", "all")
    assert "is an input and would be written over" in str(result.exception)
    assert numbered.read_bytes() == before
