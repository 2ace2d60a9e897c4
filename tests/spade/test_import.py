"""Runs of the authors' files: what the shapes say, what comes out, what does not fit."""

from pathlib import Path

import pytest
import spade_original
import torch
from torch import nn

import synthkit
from synthkit import checkpoint, config
from synthkit.data.streets import paint
from synthkit.errors import CheckpointError
from synthkit.importers import Source, import_file
from synthkit.importers.draft import Draft
from synthkit.registry import DISCRIMINATORS, ENCODERS
from synthkit.runner import train

NORM = {"type": "spade/spatial", "kernel": 3, "hidden": 128}
STREETS = (  # what trains in a moment
    "data={type: streets, size: [64, 128], count: 4, _delete_: true}",
    "model.losses.perceptual=null",
    "train={steps: 2, batch_size: 2, workers: 0, validation_images: 1, samples: 1, dry_run: false}",
)


@pytest.fixture
def bring(tmp_path):
    """`bring(network, kind, **options)`: its weights in a file of the authors', imported into a run."""
    run = tmp_path / "run"

    def bring(network: nn.Module, kind: str = "G", **options) -> Path:
        file = tmp_path / f"latest_net_{kind}.pth"
        torch.save(network.state_dict(), file)
        bring.told = import_file(Source("spade", file, kind), run, **options)
        return run

    return bring


def used(network: nn.Module, *inputs) -> nn.Module:
    """In evaluation mode after a training pass, with statistics and vectors of its own."""
    network(*inputs)
    return network.eval()


def close(actual, expected):
    torch.testing.assert_close(actual, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize(("doublings", "upsampling"), [(5, "normal"), (6, "more"), (7, "most")])
def test_generators(bring, doublings, upsampling):
    plain = nn.InstanceNorm2d if upsampling == "normal" else nn.BatchNorm2d
    theirs = spade_original.Generator(6, 2, doublings=doublings, plain=plain)
    side = 96 if upsampling == "normal" else 2**doublings
    condition = torch.randn(2, 6, side, side)
    used(theirs, condition)
    overrides = [f"model.generator.upsampling={upsampling}"]
    ours = synthkit.load(bring(theirs, labels=5, overrides=overrides), device="cpu").translator
    with torch.no_grad():
        close(ours.networks["generator"](condition), theirs(condition))


def test_style_vector_discriminator_and_encoder(bring):
    """All three into one run, which translates, and which training goes on from."""
    labels, image = torch.randn(2, 13, 64, 128), torch.rand(2, 3, 48, 80) * 2 - 1
    generator = spade_original.Generator(13, 2, style=8, grid=(2, 4))
    encoder, judge = spade_original.Encoder(2, 8), spade_original.Discriminator(16, 4)
    pair = torch.randn(1, 16, 64, 64)
    used(generator, labels, torch.randn(2, 8)), used(encoder, image), used(judge, pair)
    run = bring(generator, labels=12, overrides=STREETS)
    assert "style (8)" in bring.told and "--kind E" in bring.told and "clusters" not in bring.told
    bring(judge, "D")
    bring(encoder, "E")
    model = checkpoint.find(run)[0].config["model"]
    assert model["generator"]["start"] == [2, 4] and model["losses"]["kl"]["weight"] == 0.05
    translator = Draft.of_run(run).translator().to_empty(device="cpu").eval()
    checkpoint.restore_networks(checkpoint.find(run)[0], translator.networks)
    with torch.no_grad():
        style, _ = translator.encode({"image": image})
        close(style, encoder(image)[0])
        close(translator.networks["generator"](labels, style), generator(labels, style))
        for ours, theirs in zip(translator.discriminate(*pair.split([13, 3], 1)), judge(pair), strict=True):
            for layer, expected in zip(ours, theirs, strict=True):
                close(layer, expected)
    scene = paint(3, 64, 128)
    assert synthkit.load(run).translate(label=scene.label, instance=scene.instance).size == (128, 64)
    train(config.load(run / "config.yaml"), run, resume=True)
    assert checkpoint.find(run)[0].step == 2


@pytest.mark.parametrize(
    ("channels", "labels", "upsampling", "size"),
    [(36, 35, "more", [256, 512]), (184, 183, "normal", None), (151, 151, "normal", None)],
)
def test_published_generators(bring, monkeypatch, channels, labels, upsampling, size):
    drafts = []
    monkeypatch.setattr(Draft, "write", lambda draft: drafts.append(draft))  # it would be 400 MB
    with torch.device("meta"):
        theirs = spade_original.Generator(channels, 64, doublings=6 if channels == 36 else 5)
    theirs.load_state_dict(
        {
            key: torch.zeros((), dtype=value.dtype).expand(value.shape)
            for key, value in theirs.state_dict().items()
        },
        assign=True,
    )
    bring(theirs)
    (draft,) = drafts
    assert draft.model["generator"] == {
        "type": "spade/generator",
        "channels": 64,
        "upsampling": upsampling,
        "norm": NORM | {"norm": "batch"},
    }
    inputs = draft.model["inputs"]
    assert inputs["label"]["classes"] == labels and ("boundary" in inputs) == (channels != 151)
    transform = draft.config["data"]["transform"]
    assert transform["flip"] and (size is None or transform["resize"] == size)
    built = draft.translator().networks["generator"].state_dict()
    assert {f"generator.{key}": value.shape for key, value in built.items()} == {
        key: value.shape for key, value in draft.weights.items()
    }


def test_published_discriminator_and_encoder_are_what_the_paper_s_config_builds():
    """The layouts of the authors' code at its own sizes, by shape."""
    cfg = config.load("spade/cityscapes_256_styles")["model"]
    with torch.device("meta"):
        pairs = [
            (
                spade_original.Discriminator(39, 64),
                DISCRIMINATORS.build(cfg["discriminator"], in_channels=39),
            ),
            (spade_original.Encoder(64), ENCODERS.build(cfg["encoder"], in_channels=3)),
        ]
    from synthkit.plugins.spade.official import convert, describe

    for (theirs, ours), name in zip(pairs, ("discriminator", "encoder"), strict=True):
        weights = convert(theirs.state_dict())
        assert {key: value.shape for key, value in weights.items()} == {
            key: value.shape for key, value in ours.state_dict().items()
        }
        found, settings = describe(weights)
        assert found == name and cfg[name].items() <= settings.items()


def test_what_does_not_fit(bring):
    theirs = spade_original.Generator(6, 2)
    with pytest.raises(CheckpointError, match="takes 6 channels") as raised:
        bring(theirs)
    assert "style" not in str(raised.value)
    with pytest.raises(CheckpointError, match=r"4 labels \+ boundary leave 1 of its 6 channels unexplained"):
        bring(theirs, labels=4)
    with pytest.raises(CheckpointError, match="holds the generator"):
        bring(theirs, "E")
    for name in ("epoch", "G_middle_3", "up_5"):  # the last two would take the places of others
        theirs.add_module(name, nn.ModuleDict({"conv_0": nn.Linear(2, 2)}))
        with pytest.raises(CheckpointError, match=rf"'{name}\.conv_0\.weight' is not a key of SPADE's"):
            bring(theirs, labels=5)
        delattr(theirs, name)
    theirs.fc = nn.Linear(8, 16 * 2 * 3)
    with pytest.raises(CheckpointError, match="a grid of 32 is 1:1 or 1:2"):
        bring(theirs, labels=5)
    del theirs.fc
    with pytest.raises(CheckpointError, match="they have a weight 'start.weight'"):
        bring(theirs, labels=5)
