"""The run that an import makes: its config and records, training on from it, its styles, the command."""

import numpy as np
import pytest
import torch
from pix2pixhd_original import discriminator, generator
from typer.testing import CliRunner

import synthkit
from synthkit import checkpoint, config
from synthkit.cli import app, import_  # noqa: F401  (importing registers the command)
from synthkit.data.streets import paint
from synthkit.errors import CheckpointError, ConfigError
from synthkit.importers import Source, import_file
from synthkit.runner import train
from synthkit.runs import summarise
from synthkit.styles import Styles

STREETS = (  # what trains in a moment
    "data={type: streets, size: [16, 32], count: 4, _delete_: true}",
    "model.losses.perceptual=null",
    "train={steps: 2, workers: 0, validation_images: 1, samples: 1, dry_run: false}",
)


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
