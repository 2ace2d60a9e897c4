"""Side-by-side images in both directions, from the config to the command line."""

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

import synthkit
from synthkit.cli import app, train, translate  # noqa: F401  (importing registers the commands)
from synthkit.data.streets import paint
from synthkit.errors import DataError

SMALL = [
    "data.transform={resize: [32, 32], jitter: [36, 36], flip: true}",
    "model.generator={channels: 2, downsamples: 6}",
    "model.discriminator.channels=2",
    "train={steps: 2, workers: 0, log_every: 1, validation_images: 1, samples: 1, dry_run: false}",
]


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    """train/ and val/ of pairs: maps of labels in grey on the left, photos on the right."""
    root = tmp_path_factory.mktemp("pairs")
    for split, seeds in (("train", (1, 2)), ("val", (3, 4))):
        (root / split).mkdir()
        for seed in seeds:
            scene = paint(seed, 40, 40)
            grey = np.repeat(scene.label[..., None] * 20, 3, 2)
            Image.fromarray(np.hstack([grey, scene.image])).save(root / split / f"{seed}.png")
    return root


@pytest.mark.parametrize("direction", ["a_to_b", "b_to_a"])
def test_pairs_in_both_directions(pairs, tmp_path, direction):
    def call(*arguments) -> str:
        result = CliRunner().invoke(app, [str(each) for each in arguments])
        assert result.exit_code == 0, (result.output, result.exception)
        return result.output

    run, out = tmp_path / "run", tmp_path / "out"
    overrides = [f"data.root={pairs}", f"data.direction={direction}", *SMALL]
    call("train", "pix2pix/aligned_256", *overrides, "--work-dir", run)
    told = call("translate", run, out, "--pair", pairs / "val", "--seed", 7)
    assert "2 images" in told and "with dropout and batch statistics as in training" in told
    model, pair = synthkit.load(run), np.asarray(Image.open(pairs / "val" / "4.png"))
    source = pair[:, :40] if direction == "a_to_b" else pair[:, 40:]
    translated = np.asarray(model.translate(source=np.ascontiguousarray(source), seed=8))
    assert translated.shape == (40, 40, 3)
    assert np.array_equal(translated, Image.open(out / "4.png"))
    assert np.array_equal(translated, model.translate(pair=pair, seed=8))
    drawn = run / "samples" / "00000002" / "3.real.png"
    photo = pairs / "val" / "3.png"
    half = (40, 0, 80, 40) if direction == "a_to_b" else (0, 0, 40, 40)
    expected = Image.open(photo).crop(half).resize((32, 32), Image.Resampling.BICUBIC)
    assert np.abs(np.asarray(expected).astype(int) - np.asarray(Image.open(drawn))).max() <= 2
    with pytest.raises(DataError, match="81 pixels wide"):
        model.translate(pair=np.zeros((4, 81, 3), np.uint8))
    with pytest.raises(DataError, match="it was given source, pair"):
        model.translate(source=source, pair=pair)
