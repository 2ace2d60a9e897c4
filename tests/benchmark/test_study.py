"""Studies: the variants that a file describes, and what is wrong with one, said where it is written."""

import pytest
from small_studies import small, write

from synthkit.benchmark import files, study
from synthkit.errors import ConfigError

GENERATOR = "model.generator.channels"
LOSSES = {"all": {}, "GAN alone": {"model.losses.pixels": None}}


def labels(found) -> list[str]:
    return [variant.label for variant in found.variants]


def test_one_axis_at_a_time_with_the_base_in_its_place(tmp_path):
    found = small(tmp_path, axes={GENERATOR: [2, 4, 6], "losses": LOSSES})
    assert labels(found) == ["channels 2", "base", "channels 6", "GAN alone"]
    assert found.base.labels == ("channels 4", "all")
    assert [variant.name for variant in found.variants] == ["channels_2", "base", "channels_6", "GAN_alone"]
    assert found.variants[3].config["model"]["losses"]["pixels"] is None
    assert labels(small(tmp_path)) == ["channels 4 (base)", "channels 6"]


def test_a_grid_has_all_combinations(tmp_path):
    found = small(tmp_path, mode="grid", axes={GENERATOR: [4, 6], "losses": LOSSES})
    wanted = ["channels 4, all (base)", "channels 4, GAN alone", "channels 6, all", "channels 6, GAN alone"]
    assert labels(found) == wanted
    last = found.variants[-1]
    assert last.config["model"]["generator"]["channels"] == 6
    assert "pixels" not in {key.split(".")[2] for key in last.settings if key.startswith("model.losses")}


def test_a_choice_has_several_keys_or_another_config(tmp_path):
    (tmp_path / "other.yaml").write_text("_base_: base.yaml\nmodel: {generator: {blocks: 3}}\n")
    unet = {"_delete_": True, "type": "pix2pix/unet", "channels": 2, "downsamples": 3}
    choices = {"other": {"config": "other.yaml"}, "U-Net": {"model.generator": unet, "train.clip": 1}}
    found = small(tmp_path, axes={"network": choices}, overrides=["model.generator.norm=batch"])
    _, other, unets = (variant.config for variant in found.variants)
    assert (other["model"]["generator"]["blocks"], other["model"]["generator"]["norm"]) == (3, "batch")
    assert unets["model"]["generator"] == {key: unet[key] for key in unet if key != "_delete_"}
    assert unets["train"]["clip"] == 1


def test_each_trial_is_one_seed_of_one_variant(tmp_path):
    found = study.load(write(tmp_path, seeds=[3, 5, 3]), judges="here")
    trials = found.trials(tmp_path / "runs")
    names = ["base/seed_3", "channels_6/seed_3", "base/seed_5", "channels_6/seed_5"]
    assert [str(folder.relative_to(tmp_path / "runs")) for folder in trials] == names
    last = trials[tmp_path / "runs" / "channels_6" / "seed_5"]
    assert (last.method, last.seed, last.judges) == ("study/channels_6", 5, "here")
    assert last.overrides == (f"{GENERATOR}=6",)
    assert small(tmp_path, seeds=None, scoring={"seeds": [7]}).seeds == (7,)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"axis": {}}, r"axis \(.*study\.yaml:\d+:1\): unknown key 'axis'. Did you mean 'axes'"),
        ({"axes": {}}, "there is nothing to vary"),
        ({"axes": {GENERATOR: 4}}, r"axes\.model\.generator\.channels \(.*:5:3\): a list of values"),
        ({"axes": {"losses": {"none": None}}}, r"axes\.losses\.none \(.*\): a mapping is needed"),
        ({"axes": {GENERATOR: [4]}}, "nothing is varied"),
        ({"axes": {"modle.generator": [4]}}, r"modle\.generator \(.*modle.*Did you mean 'model'"),
        ({"axes": {"x": {"base": {GENERATOR: 2}}}}, "leaves no name"),
        ({"axes": {"x": {"a b": {GENERATOR: 2}, "A_b": {GENERATOR: 3}}}}, "'A_b' and 'a b' would have one"),
        ({"axes": {"train.steps": [4, 8]}}, "train.steps follows from the budget of small: 3 steps"),
        ({"axes": {"train": [{"steps": 4}]}}, r"axes\.train .*train.steps follows from the budget"),
        ({"overrides": ["train.steps=4"]}, r"base \(.*train.steps follows from the budget"),
        (
            {"axes": {"x": {"other": {"config": "pix2pix/street_128"}}}},
            "variant 'other'.*pix2pix/streets_128",
        ),
        ({"mode": "random"}, "choose one of grid, one_at_a_time"),
        ({"seeds": []}, "whole numbers from 0"),
        ({"protocol": "street_smoke"}, r"protocol \(.*Did you mean 'streets_smoke'"),
        ({"base": "missing.yaml"}, "missing.yaml: no such file"),
    ],
)
def test_what_is_wrong_is_said_where_it_is_written(tmp_path, changes, message):
    with pytest.raises(ConfigError, match=f"(?s){message}"):
        small(tmp_path, **changes)


def test_a_variant_that_the_config_refuses_is_found_before_training(tmp_path):
    found = small(tmp_path, axes={"model.generator.chanels": [2]})
    with pytest.raises(ConfigError, match=r"(?s)axes\.model\.generator\.chanels .*Did you mean 'channels'"):
        found.check()
    small(tmp_path).check()


def test_a_variant_of_other_photos_is_found_before_training(tmp_path):
    found = small(tmp_path, axes={"data.size": [[32, 64]]})
    with pytest.raises(
        ConfigError, match=r"axes\.data\.size .*'size \[32, 64\]'.* \(64x32\) than small scores"
    ):
        found.check()


def test_unknown_studies_are_refused_with_near_names():
    with pytest.raises(ConfigError, match="Did you mean 'objective'"):
        study.load("objectives")
    assert {"objective", "discriminator_scales", "instance_map", "generator"} <= set(files.shipped("studies"))
