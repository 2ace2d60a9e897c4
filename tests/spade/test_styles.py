"""One style for a whole image: trained, drawn, taken from a photo, exported."""

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

import synthkit
from synthkit import config
from synthkit.cli import app, styles, translate  # noqa: F401  (importing registers the commands)
from synthkit.data.streets import paint
from synthkit.errors import CheckpointError, ConfigError, DataError
from synthkit.export import export
from synthkit.inference import has_clustered_styles
from synthkit.registry import ENCODERS, LOSSES
from synthkit.steps import Step
from synthkit.translator import Translator

SMALL = (
    "data.size=[64, 128]",
    "model.generator={channels: 2, start: [2, 4], norm: {hidden: 4}}",
    "model.encoder={channels: 2, downsamples: 2, out_channels: 3}",
    "model.discriminator.channels=4",
    "model.losses.perceptual=null",
    "model.inputs.boundary=null",
    "train={steps: 2, batch_size: 2, workers: 0, validation_images: 1, samples: 1, dry_run: false}",
)


def small(*overrides: str):
    return config.load("spade/streets_128_styles", [*SMALL, *overrides])


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    cfg = small("train.precision=fp32", "train.ema={decay: 0.5}", "data.transform.flip=false")
    return synthkit.train(cfg, tmp_path_factory.mktemp("spade") / "run")


@pytest.fixture(scope="module")
def scene():
    return paint(7, 64, 128)


def pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image).astype(int)


def test_validation_draws_what_the_model_makes_of_the_photo(run):
    """The reconstruction: weights averaged, the style's mean, and spectral norms folded to the same bits."""
    from synthkit.registry import DATASETS

    sample = DATASETS.build({"type": "streets", "size": [64, 128]}, split="val")[0]
    drawn = Image.open(run / "samples" / "00000002" / "streets_val_00000.fake.png")
    image = synthkit.load(run).translate(label=sample["label"], style_from=sample["image"])
    assert np.array_equal(pixels(drawn), pixels(image))


def test_styles_are_drawn_by_seed_or_taken_from_any_photo(run, scene):
    model = synthkit.load(run)
    assert model.fields == ("label",)
    first, again, other = (pixels(model.translate(label=scene.label, seed=seed)) for seed in (0, 0, 1))
    assert np.array_equal(first, again) and not np.array_equal(first, other)
    photo = paint(8, 96, 48).image  # another scene of another size
    encoded = model.translate(label=scene.label, style_from=photo)
    assert encoded.size == (128, 64) and not np.array_equal(first, pixels(encoded))
    assert np.array_equal(
        pixels(encoded), pixels(model.translate(label=scene.label, style_from=photo, seed=9))
    )
    with pytest.raises(DataError, match="seed is -1"):
        model.translate(label=scene.label, seed=-1)


def test_styles_of_parts_are_refused(run, scene):
    model = synthkit.load(run)
    for picked in ({"style": {"car": 1}}, {"instance_style": {26001: 1}}):
        with pytest.raises(DataError, match="gives an image a single style"):
            model.translate(label=scene.label, **picked)
    with pytest.raises(CheckpointError, match="gives an image a single style"):
        _ = model.styles
    result = CliRunner().invoke(app, ["styles", "fit", str(run), "--count", "1"])
    assert isinstance(result.exception, ConfigError) and "single style" in str(result.exception)
    told = [
        has_clustered_styles(config.load(f"{name}_styles"))
        for name in ("spade/streets_128", "pix2pixhd/streets_64")
    ]
    assert told == [False, True] and not has_clustered_styles(config.load("spade/streets_128"))


def test_without_inputs_there_is_no_size(tmp_path):
    generator = "model.generator={type: pix2pixhd/global, channels: 2, blocks: 1, _delete_: true}"
    run = synthkit.train(small("model.inputs={label: null}", generator, "train.steps=1"), tmp_path / "run")
    with pytest.raises(DataError, match="nothing else says how large an image is wanted"):
        synthkit.load(run).translate()


def test_command(run, scene, tmp_path):
    """A folder of maps with one photo for all."""
    (tmp_path / "maps").mkdir()
    for name in "ab":
        Image.fromarray(scene.label).save(tmp_path / "maps" / f"{name}.png")
    Image.fromarray(paint(8, 32, 32).image).save(tmp_path / "sunset.jpg")
    words = ["translate", str(run), str(tmp_path / "out"), "--label", str(tmp_path / "maps")]
    for more, count in (([], 2), (["--style-from", str(tmp_path / "sunset.jpg")], 1)):
        result = CliRunner().invoke(app, [*words, *more])
        assert result.exit_code == 0, result.exception
        images = [(tmp_path / "out" / f"{name}.png").read_bytes() for name in "ab"]
        assert len(set(images)) == count  # each map has its own draw, or the photo's style


@pytest.mark.parametrize(
    ("part", "format"),
    [
        ("generator", "torch"),
        ("encoder", "torch"),
        pytest.param("generator", "onnx", marks=pytest.mark.slow),
        pytest.param("encoder", "onnx", marks=pytest.mark.slow),
    ],
)
def test_exports_agree(run, tmp_path, part, format):
    """`export` compares with the model; what is left to see is that the style is a vector there."""
    suffix = {"onnx": "onnx", "torch": "pt2"}[format]
    exported = export(run, tmp_path / f"model.{suffix}", part=part, format=format)
    if part == "generator":
        assert str(exported.graph.fields["style"]).startswith("float32 (N, 3):")
    else:
        assert list(exported.graph.fields) == ["image"] and exported.graph.values.startswith("float32 (N, 3)")


def test_kl_is_torch_s():
    mu, logvar = torch.randn(4, 5), torch.randn(4, 5)
    step = Step(None, {}, None, torch.zeros(1), {"mu": mu, "logvar": logvar})
    normal = torch.distributions.Normal
    expected = torch.distributions.kl_divergence(normal(mu, (logvar / 2).exp()), normal(0.0, 1.0))
    torch.testing.assert_close(LOSSES.build("spade/kl").generator(step), expected.sum())
    with pytest.raises(ConfigError, match="such as spade/image_encoder"):
        LOSSES.build("spade/kl").generator(Step(None, {}, None, torch.zeros(1)))


def test_the_encoder_draws_in_training_alone():
    encoder = ENCODERS.build(
        {"type": "spade/image_encoder", "channels": 2, "downsamples": 2, "out_channels": 64}
    )
    image = torch.rand(1, 3, 20, 30).expand(400, 3, 20, 30)
    with torch.no_grad():
        style, extras = encoder(image)
        centred = (style - extras["mu"]) / (extras["logvar"] / 2).exp()
        assert abs(centred.mean()) < 0.02 and abs(centred.std() - 1) < 0.02
        style, extras = encoder.eval()(image)
    assert torch.equal(style, extras["mu"])


def test_other_sizes_than_the_training_s_and_maps():
    cfg = small()["model"]
    model = Translator.from_config(cfg, training=False)
    for size in ((64, 64), (100, 70)):
        batch = {"label": torch.zeros(1, 1, *size).int(), "style": torch.randn(1, 3)}
        assert model.translate(batch).shape == (1, 3, *size)
    instances = {"type": "pix2pixhd/instance_encoder", "channels": 2, "downsamples": 1}
    model = Translator.from_config({**cfg, "encoder": instances}, training=False)
    batch = {"label": torch.zeros(1, 1, 64, 64).int(), "image": torch.zeros(1, 3, 64, 64)}
    with pytest.raises(ConfigError, match=r"one style for an image, \(N, F\), not a map \(1, 3, 64, 64\)"):
        model.translate(batch)
