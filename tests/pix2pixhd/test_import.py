"""Runs of the original's files: what the shapes say, what the run makes of a map, what does not fit."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from pix2pixhd_original import discriminator, generator
from torch import nn
from typer.testing import CliRunner

import synthkit
from synthkit import checkpoint, config
from synthkit.cli import app, import_  # noqa: F401  (importing registers the command)
from synthkit.data.streets import paint
from synthkit.errors import CheckpointError, ConfigError
from synthkit.importers import Source, import_file
from synthkit.importers.draft import Draft
from synthkit.runner import train
from synthkit.runs import summarise
from synthkit.styles import Styles

LAYOUTS = json.loads(
    (
        Path(__file__).parents[1] / "data" / "golden" / "pix2pixhd" / "official_state_dict_layout.json"
    ).read_text()
)
GLOBAL = dict(type="pix2pixhd/global", channels=64, downsamples=4, blocks=9, norm="instance")
LOCAL = dict(GLOBAL, type="pix2pixhd/local", channels=32, enhancers=1, local_blocks=3)
ENCODER = dict(type="pix2pixhd/instance_encoder", channels=16, downsamples=4, out_channels=3, norm="instance")
MULTISCALE = dict(type="pix2pixhd/multiscale", channels=64, layers=3, norm="instance")
CITYSCAPES = {"label": {"classes": 35}, "boundary": {}}
STREETS = (  # what trains in a moment
    "data={type: streets, size: [16, 32], count: 4, _delete_: true}",
    "model.losses.perceptual=null",
    "train={steps: 2, workers: 0, validation_images: 1, samples: 1, dry_run: false}",
)


@pytest.fixture
def bring(tmp_path):
    """`bring(state, kind, **options)`: the state dict in a file of the original's, imported into a run."""
    run = tmp_path / "run"

    def bring(state, kind="G", **options) -> Path:
        file = tmp_path / f"latest_net_{kind}.pth"
        torch.save(state, file, _use_new_zipfile_serialization=False)
        bring.told = import_file(Source("pix2pixhd", file, kind), run, **options)
        return run

    return bring


def weights(golden, name: str) -> tuple[dict, dict]:
    tensors, _ = golden(f"pix2pixhd/{name}")
    return {
        key.removeprefix("weights."): v for key, v in tensors.items() if key.startswith("weights.")
    }, tensors


@pytest.mark.parametrize(
    ("name", "settings", "styles", "size", "scales"),
    [
        ("label2city_512p_G", GLOBAL, 0, [512, 1024], 2),
        ("label2city_512p_feat_G", GLOBAL, 3, [512, 1024], 2),
        ("label2city_1024p_G", LOCAL, 0, [1024, 2048], 3),
    ],
)
def test_published_generators(bring, monkeypatch, name, settings, styles, size, scales):
    drafts = []
    monkeypatch.setattr(Draft, "write", lambda draft: drafts.append(draft))  # it would be 730 MB
    bring({key: torch.randn(()).expand(shape) for key, shape in LAYOUTS[name].items()})
    (draft,) = drafts
    assert draft.model["generator"] == settings and draft.model["inputs"] == CITYSCAPES
    encoder = draft.model.get("encoder")
    assert encoder == ({"type": "pix2pixhd/instance_encoder", "out_channels": styles} if styles else None)
    assert draft.model["discriminator"] == MULTISCALE | {"scales": scales}
    data = draft.config["data"]
    assert data["transform"]["resize"] == size and data["names"][26] == "car"
    built = draft.translator().networks["generator"].state_dict()
    stored = {key.removeprefix("generator."): value.shape for key, value in draft.weights.items()}
    assert {key: value.shape for key, value in built.items()} == stored
    assert sum(map(np.prod, LAYOUTS[name].values())) == sum(value.numel() for value in draft.weights.values())


def test_published_discriminator_and_encoder(bring):
    bring(generator(39, 4, 1, 1).state_dict())
    bring({key: torch.randn(shape) for key, shape in LAYOUTS["label2city_512p_D"].items()}, "D")
    run = bring({key: torch.randn(shape) for key, shape in LAYOUTS["label2city_512p_feat_E"].items()}, "E")
    model = checkpoint.find(run)[0].config["model"]
    assert model["discriminator"] == MULTISCALE | {"scales": 2} and model["encoder"] == ENCODER
    assert "image" in synthkit.load(run, device="cpu").translator.fields
    assert "no discriminator" not in bring.told and "--label LABEL --instance INSTANCE" in bring.told


@pytest.mark.parametrize("name", ["global_generator", "local_enhancer_1", "local_enhancer_2"])
def test_golden_generators(bring, golden, name):
    state, tensors = weights(golden, name)
    condition = tensors["input.condition"]
    run = bring(state, labels=condition.shape[1] - 1)
    network = synthkit.load(run, device="cpu").translator.networks["generator"]
    close(network(condition), tensors["output.image"])


def test_golden_discriminator_and_encoder(bring, golden):
    (judge, pairs), (encoder, images) = (
        weights(golden, name) for name in ("multiscale_discriminator_2", "instance_encoder")
    )
    bring(generator(9, 4, 1, 1).state_dict(), labels=5)
    bring(judge, "D")
    run = bring(encoder, "E")
    translator = Draft.of_run(run).translator().to_empty(device="cpu")
    checkpoint.restore_networks(checkpoint.find(run)[0], translator.networks)
    condition, image = pairs["input.pair"].split([6, 3], 1)
    for scale, features in enumerate(translator.discriminate(condition, image)):
        for layer, feature in enumerate(features):
            close(feature, pairs[f"output.scale{scale}.layer{layer}"])
    style, _ = translator.networks["encoder"](images["input.image"], images["input.instance"])
    close(style, images["output.features"])


def close(actual, expected):
    torch.testing.assert_close(actual, expected, atol=1e-5, rtol=0)


def test_translate_is_the_original_on_the_same_map(bring):
    """One-hot labels, then the boundary, computed here by hand."""
    network = generator(13, 4, 2, 1)
    scene = paint(3, 32, 64)
    one_hot = torch.eye(12)[torch.from_numpy(scene.label.astype(int))].permute(2, 0, 1)
    ids = scene.instance
    boundary = torch.zeros(1, *ids.shape)
    for y, x in np.argwhere(ids[:, 1:] != ids[:, :-1]):
        boundary[0, y, x] = boundary[0, y, x + 1] = 1
    for y, x in np.argwhere(ids[1:] != ids[:-1]):
        boundary[0, y, x] = boundary[0, y + 1, x] = 1
    with torch.inference_mode():
        expected = network["model"](torch.cat([one_hot, boundary])[None])[0]
    model = synthkit.load(bring(network.state_dict(), labels=12), device="cpu")
    image = np.asarray(model.translate(label=scene.label, instance=ids)).astype(int)
    assert np.abs(image - ((expected + 1) * 127.5).permute(1, 2, 0).numpy()).max() < 0.51


@pytest.mark.parametrize("norm", [nn.InstanceNorm2d, nn.BatchNorm2d])
def test_discriminators_without_feature_matching(bring, norm):
    """Their layers are numbered through, and are the same networks."""
    bring(generator(13, 4, 1, 1, norm=norm).state_dict(), labels=12)
    torch.manual_seed(5)
    split = discriminator(16, 4, 2, norm=norm)
    torch.manual_seed(5)
    plain = discriminator(16, 4, 2, matching=False, norm=norm)
    assert split.keys().isdisjoint(plain)
    stored = checkpoint.find(bring(plain, "D"))[0].weights()
    assert len(split) == sum(key.startswith("discriminator.") for key in stored)
    for key, value in split.items():
        scale, layer, place, entry = key.replace("scale", "").replace("_layer", ".").split(".")
        part = "norm" if place == "1" else "conv"
        assert torch.equal(stored[f"discriminator.scales.{scale}.blocks.{layer}.{part}.{entry}"], value), key


def test_batch_norm(bring):
    network = generator(12, 4, 2, 2, norm=nn.BatchNorm2d)
    network["model"](torch.randn(4, 12, 16, 16))  # running statistics of its own
    run = bring(network.state_dict(), labels=12, boundary=False)
    assert checkpoint.find(run)[0].config["model"]["generator"]["norm"] == "batch"
    condition = torch.randn(1, 12, 16, 16)
    mine = synthkit.load(run, device="cpu").translator.networks["generator"]
    close(mine(condition), network.eval()["model"](condition))


def test_statistics_of_old_instance_norms_are_left_out(bring):
    def old(channels):
        return nn.InstanceNorm2d(channels, track_running_stats=True)

    state = generator(12, 4, 1, 1, norm=old).state_dict()
    assert "model.2.running_mean" in state
    run = bring(state, labels=12, boundary=False)
    assert not any("running" in key for key in checkpoint.find(run)[0].weights())


def test_other_data_and_sources(bring, tmp_path):
    run = bring(generator(3, 4, 1, 1).state_dict(), labels=0, boundary=False)
    cfg = config.load(run / "config.yaml")
    assert cfg["model"]["inputs"] == {"source": {"channels": 3}} and cfg["data"]["type"] == "ab_folders"
    photo = paint(3, 16, 32).image
    assert synthkit.load(run, device="cpu").translate(source=photo).size == (32, 16)
    run.rename(tmp_path / "source")
    run = bring(generator(8, 4, 1, 1).state_dict(), labels=7, overrides=["data.root=here", "train.seed=3"])
    cfg = config.load(run / "config.yaml")
    assert cfg["data"]["type"] == "folders" and cfg["data"]["root"] == "here" and cfg["train"]["seed"] == 3


def test_what_a_run_records(bring):
    run = bring(generator(13, 4, 1, 1).state_dict(), labels=12)
    found, _ = checkpoint.find(run)
    assert found.step == 0 and "pix2pixhd" in found.state["plugins"]
    origin = found.state["imported"]["generator"]
    assert origin["file"] == "latest_net_G.pth" and len(origin["sha256"]) == 64
    assert (summarise(run).state, summarise(run).steps) == ("imported", None)


def test_training_goes_on_from_it(bring, tmp_path, capfd):
    """As the same run, and as a new one that starts from its weights."""
    bring(generator(16, 4, 1, 1).state_dict(), labels=12, overrides=STREETS)
    bring(discriminator(16, 4, 2), "D")
    run = bring(generator(3, 4, 1, 0).state_dict(), "E")
    cfg = config.load(run / "config.yaml", [f"train.init_from={run}"])
    started = train(cfg, tmp_path / "new")
    assert "40 loaded, 0 new, 0 refused" in capfd.readouterr().err
    train(config.load(run / "config.yaml"), run, resume=True)
    ends = [checkpoint.find(each)[0] for each in (run, started)]
    assert [end.step for end in ends] == [2, 2]
    assert summarise(run).state == "finished"
    with pytest.raises(CheckpointError, match="was trained here"):
        bring(discriminator(16, 4, 2), "D")


def test_what_does_not_fit(bring, tmp_path):
    small = generator(16, 4, 1, 1).state_dict()
    for kind, state in (("D", discriminator(16, 4, 2)), ("E", generator(3, 4, 1, 0).state_dict())):
        with pytest.raises(CheckpointError, match="its generator comes first"):
            bring(state, kind)
    with pytest.raises(
        CheckpointError, match=r"holds the discriminator \(pix2pixhd/multiscale\), not the gen"
    ):
        bring(discriminator(16, 4, 2))
    with pytest.raises(CheckpointError, match="takes 16 channels"):
        bring(small)
    with pytest.raises(ConfigError, match="unknown key 'epochs'"):
        bring(small, labels=12, overrides=["train.epochs=3"])
    with pytest.raises(ConfigError, match="dropuot"):
        bring(small, labels=12, overrides=["model.generator.dropuot=0.5"])
    for wrong, place in (
        ("data.rot=here", "data.rot"),
        ("data.type=folder", "data.type"),
        ("data.transform.resize=[64]", r"data.transform .* not \[64\]"),
        ("data.validation=2", "data.validation"),
    ):
        with pytest.raises(ConfigError, match=place):
            bring(small, labels=12, overrides=[wrong])
    with pytest.raises(
        CheckpointError, match=r"reshaped: generator.blocks.0.first.conv.weight, \(8, 8, 3, 3\)"
    ):
        bring(small, labels=12, overrides=["model.generator.channels=5"])
    assert not (tmp_path / "run").exists()
    bring(small, labels=12)
    with pytest.raises(CheckpointError, match="run is not empty"):
        bring(small, labels=12)
    with pytest.raises(CheckpointError, match=r"discriminator is for a condition of 12 channels; .* has 13"):
        bring(discriminator(15, 4, 2), "D")
    with pytest.raises(CheckpointError, match=r"encoder is for a style of 5 channels; .* has 3"):
        bring(generator(3, 4, 1, 0, outputs=5).state_dict(), "E")
    with pytest.raises(
        CheckpointError, match=r"reshaped: encoder.network.down.0.conv.weight, \(4, 1, 7, 7\)"
    ):
        bring(generator(1, 4, 1, 0).state_dict(), "E")
    with pytest.raises(CheckpointError, match="channels of a generator"):
        bring(discriminator(16, 4, 2), "D", labels=12)
    bring(discriminator(16, 4, 2), "D")
    with pytest.raises(CheckpointError, match="has its discriminator already"):
        bring(discriminator(16, 4, 2), "D")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model.4.weight": torch.zeros(8, 5, 3, 3)}, r"reshaped: generator\.down\.1\.conv\.weight"),
        ({"model.4.weight": torch.zeros(8)}, r"'model\.4\.weight' is a norm's"),
        ({"model.4.bias": torch.zeros(5)}, r"'model\.4\.bias' is \(5,\)"),
        ({"model.4.bias": None}, r"'model\.4\.bias' is absent"),
        ({"model.4.weight": None}, r"'model\.4\.weight' is absent"),
        ({"model.1.weight": None, "model.1.bias": None}, r"'model\.1\.weight' is absent"),
        ({"model.7.conv_block.5.weight": None}, r"missing: generator\.blocks\.0\.second\.conv\.weight"),
        (
            {"model.7.conv_block.6.weight": torch.zeros(8)},
            r"extra: generator\.blocks\.0\.second\.norm\.weight",
        ),
        ({"model.7.conv_block.9.weight": torch.zeros(8)}, r"'model\.7\.conv_block\.9\.weight' is not a key"),
        (
            {"model.12.weight": torch.zeros(1, 4, 7, 7), "model.12.bias": torch.zeros(1)},
            r"generator\.head\.conv",
        ),
        ({"model.1.weight": None, "conv1.weight": torch.zeros(1)}, r"'conv1\.weight' is not a key"),
        ({"optimizer.weight": torch.zeros(1)}, r"'optimizer\.weight' is not a key"),
        ({"epoch": torch.zeros(1)}, r"'epoch' is not a key"),
        ({"model.01.bias": torch.zeros(4)}, r"several keys stand for 'down\.0\.conv\.bias'"),
        ({"scale0_layer0.0.weight": torch.zeros(1)}, r"'model\.1\.weight' is not a key"),
    ],
)
def test_a_changed_file_is_refused_by_the_key(bring, change, message):
    state = {**generator(13, 4, 1, 1).state_dict(), **change}
    with pytest.raises(CheckpointError, match=message):
        bring({key: value for key, value in state.items() if value is not None}, labels=12)


def test_clusters_become_the_run_s_styles(bring, tmp_path):
    centres = {0: np.zeros((0, 3)), 3: np.random.randn(10, 3), 11: np.random.randn(2, 3).astype("f4")}
    np.save(tmp_path / "features_clustered_010.npy", centres)

    def add(name="features_clustered_010.npy", **options):
        return import_file(Source("pix2pixhd", tmp_path / name, "clusters"), run, **options)

    run = bring(generator(16, 4, 1, 1).state_dict(), labels=12)
    with pytest.raises(CheckpointError, match="has no weights of its encoder"):
        synthkit.load(run)
    assert "no styles yet" in bring.told
    assert "12 clusters of 2 labels" in add()
    bring(generator(3, 4, 1, 0).state_dict(), "E")
    assert "no styles yet" not in bring.told
    styles = Styles.load(run)
    assert list(styles.centres) == [3, 11] and styles.width == 3
    assert all(np.allclose(styles.centres[label], centres[label]) for label in (3, 11))
    assert styles.origin["file"] == "features_clustered_010.npy"
    refused = {
        "label 12": {12: np.zeros((1, 3))},
        r"\(1, 4\)": {3: np.zeros((1, 4))},
        r"\(\)": {3: np.array(1.0)},
        "has no clusters": {3: np.zeros((0, 3))},
    }
    for message, odd in refused.items():
        np.save(tmp_path / "odd.npy", odd)
        with pytest.raises(CheckpointError, match=message):
            add("odd.npy")
    with pytest.raises(ConfigError, match="leave the run's config as it is"):
        add(overrides=["train.seed=3"])
    assert list(Styles.load(run).centres) == [3, 11]


def test_the_command(tmp_path):
    folder, runs = tmp_path / "label2mine", tmp_path / "runs"
    folder.mkdir()
    torch.save(generator(13, 4, 1, 1).state_dict(), folder / "latest_net_G.pth")
    arguments = ["import", "pix2pixhd", str(folder / "latest_net_G.pth"), "--kind", "G", "--out", str(runs)]
    told = CliRunner().invoke(app, [*arguments, "--labels", "12", "train.seed=3"])
    assert told.exit_code == 0, told.exception
    for expected in (
        "pix2pixhd/global, channels 4, downsamples 1, blocks 1, norm instance, 4,899 param",
        "label (12), boundary (1)",
        f"synthkit import pix2pixhd FILE --kind D --out {runs}",
        f"synthkit translate {runs} OUT --label LABEL --instance INSTANCE",
        f"synthkit train {runs}/config.yaml --work-dir NEW train.init_from={runs}",
    ):
        assert expected in told.output
    assert config.load(runs / "config.yaml")["train"]["seed"] == 3
