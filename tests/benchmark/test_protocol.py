"""Protocols: what their files may say, what their hashes cover, and that the shipped ones can be trained."""

import pytest
import torch
from small_protocols import small, write

from synthkit import build, config
from synthkit.benchmark import protocol
from synthkit.benchmark import trial as trials
from synthkit.benchmark.trial import Trial, resolved
from synthkit.data import check_settings
from synthkit.data.transforms import PairedTransform
from synthkit.errors import ConfigError, DataError, SynthkitWarning
from synthkit.settings import Training
from synthkit.translator import Translator

SHIPPED = [
    "camvid_192",
    "cityscapes_1024",
    "cityscapes_512",
    "coco_stuff_256",
    "streets_128",
    "streets_smoke",
]


def test_a_protocol_reads_its_base(tmp_path):
    found = small(tmp_path)
    assert (found.name, found.count, found.seeds) == ("small", 5, (0,))
    assert found.names[0] == "sky" and found.stems[0] == "streets_val_00000"
    sample = found.reference[0]
    assert sample["image"].shape == (3, 16, 32) and sample["label"].shape == (1, 16, 32)


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"images": 4},
        {"split": "test"},
        {"metrics": {"psnr": {}}},
        {"budget": {"steps": 4}},
        {"overrides": ["data.size=[16, 16]"]},
    ],
)
def test_what_scores_depend_on_changes_the_hash(tmp_path, change):
    assert small(tmp_path).sha256 != small(tmp_path, **change).sha256


@pytest.mark.parametrize("change", [{"summary": "Another."}, {"seeds": [4, 5]}, {"methods": {}}])
def test_what_they_do_not_depend_on_does_not(tmp_path, change):
    assert small(tmp_path).sha256 == small(tmp_path, **change).sha256


def test_the_hash_of_the_data_is_that_of_what_is_scored(tmp_path):
    hashes = [
        small(tmp_path, **change).data_sha256
        for change in ({}, {"images": 4}, {"overrides": ["data.size=[32, 32]"]}, {"split": "test"})
    ]
    assert len(set(hashes)) == 4
    assert small(tmp_path, seeds=[3]).data_sha256 == hashes[0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"colour": 1}, r"unknown key 'colour'"),
        (
            {"metrics": {"pnsr": {}}},
            r"metrics\.pnsr .*small\.yaml:\d+:\d+\): 'pnsr' is not one of",
        ),
        ({"metrics": {}}, "metrics names none"),
        ({"metrics": {"psnr": None}}, r"metrics\.psnr .*a mapping is needed, not None"),
        ({"budget": {"steps": 1.5}}, r"budget\.steps .*1\.5 is no length"),
        ({"budget": {"minutes": float("inf")}}, r"budget\.minutes .*inf is no length"),
        ({"methods": {"../a": "base.yaml"}}, r"methods\.\.\./a .*no name of a folder"),
        ({"methods": {1: "base.yaml"}}, r"methods\.1 .*1 is no name of a folder"),
        ({"budget": {"hours": 1}}, r"budget .*one of steps and minutes"),
        ({"budget": {"steps": 0}}, r"budget\.steps .*0 is no length above 0"),
        ({"budget": {"steps": 1, "minutes": 1}}, "one of steps and minutes"),
        ({"seeds": [1, 1]}, "different whole numbers"),
        ({"images": 0}, "images is 0: it must be 1 or more"),
        ({"base": "no/such"}, r"base .*no shipped config 'no/such'"),
        ({"methods": {"a": 3}}, r"methods\.a .*a config's name"),
        ({"methods": {"a": {"cfg": "x"}}}, r"methods\.a.*unknown key 'cfg'"),
        ({"version": ...}, "'version' missing"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path, change, message):
    with pytest.raises(ConfigError, match=message):
        small(tmp_path, **change)


def test_an_unknown_name_lists_the_protocols():
    with pytest.raises(ConfigError, match=r"'camvid_129'\. Did you mean 'camvid_192'.*streets_smoke"):
        protocol.load("camvid_129")


def test_too_few_images_are_refused(tmp_path):
    with pytest.raises(DataError, match="scores 9 images of split 'val', which has 5"):
        _ = small(tmp_path, images=9).reference


def test_other_data_than_the_protocol_is_for(tmp_path):
    known = small(tmp_path).data_sha256
    assert small(tmp_path, data_hash=known).data_sha256 == known
    with pytest.warns(SynthkitWarning, match=f"data with the hash 0123, and these have {known[:8]}"):
        _ = small(tmp_path, data_hash="0123").content
    (tmp_path / "data").mkdir()
    page = small(tmp_path, data_hash="0123")
    page.config["data"]["root"] = str(tmp_path / "data")
    page.__dict__["reference"] = small(tmp_path).reference
    with pytest.raises(DataError, match="hash 0123, and these have .*: other images or labels in .*data"):
        _ = page.content


def test_a_root_needs_files(tmp_path):
    with pytest.raises(ConfigError, match="need no files, so no root"):
        protocol.load(write(tmp_path), tmp_path)


def test_all_shipped_protocols_are_found():
    assert protocol.shipped() == SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
def test_the_methods_of_shipped_protocols_can_be_trained(name, tmp_path, monkeypatch):
    monkeypatch.setattr(trials, "dry_run", lambda cfg: type("Estimate", (), {"seconds_per_step": 0.5}))
    found = protocol.load(name)
    for method, spec in found.methods.items():
        trial = Trial(protocol=name, method=method, config=spec.config, overrides=spec.overrides)
        for cfg in config.stages(resolved(trial, found, tmp_path / method)).values():
            settings = build.call(Training, cfg["train"])
            assert settings.steps == found.budget.get("steps", settings.steps)
            losses = {
                key: each for key, each in cfg["model"]["losses"].items() if "backbone" not in (each or {})
            }
            with torch.device("meta"):
                assert Translator.from_config(cfg["model"] | {"losses": losses})
            check_settings(cfg["data"])
        assert cfg["data"]["type"] == found.config["data"]["type"]
        assert transform(cfg).resized((1024, 2048)) == transform(found.config).resized((1024, 2048))


def transform(cfg):
    return build.call(PairedTransform, cfg["data"].get("transform", {})).evaluation()
