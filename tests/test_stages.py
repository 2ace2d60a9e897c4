"""Stages: their configs, the weights they hand over, what each trains, and going on in the right one."""

import shutil
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import load_file
from small_runs import GLOBAL, STAGED, records, staged, tiny
from torch import nn

import synthkit
from synthkit import checkpoint, config
from synthkit.errors import CheckpointError, ConfigError
from synthkit.freezing import freeze_all_but
from synthkit.runs import find_runs
from synthkit.stages import plan, train


def weights(run):
    found, _ = checkpoint.find(run)
    return found.weights()


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return synthkit.train(staged(), tmp_path_factory.mktemp("staged") / "run")


def test_each_stage_is_a_run_and_the_last_one_is_the_run(run):
    assert {path.name for path in (run / "stages").iterdir()} == {"global", "enhancer"}
    steps = {each.name: (each.step, each.state) for each in find_runs([run.parent])}
    assert steps == {
        "run": (4, "finished"),
        "run/stages/global": (3, "finished"),
        "run/stages/enhancer": (2, "finished"),
    }
    assert synthkit.load(run).translator.networks["generator"].enhancers
    assert not hasattr(synthkit.load(run / "stages" / "global").translator.networks["generator"], "enhancers")
    assert "stages" not in config.load(run / "config.yaml")


def test_weights_keep_their_place_and_their_resolution(run):
    """Without a step of its own, the second stage holds the first one's weights, scale by scale."""
    first, second = weights(run / "stages" / "global"), weights(run / "stages" / "enhancer")
    kept = [key for key in first if not key.startswith("generator.head")]
    frozen = [key for key in kept if key.startswith("generator.")]
    assert frozen
    for key in frozen:
        assert torch.equal(first[key], second[key]), key
    trained = [key for key in kept if key.startswith("discriminator.scales.")]
    assert {key.split(".")[2] for key in trained} == {"0", "1"}
    assert not any(torch.equal(first[key], second[key]) for key in trained if key.endswith("weight"))
    assert all(first[key].sub(second[key]).abs().max() < 0.01 for key in trained), "they went on from there"
    assert {key.split(".")[2] for key in second if key.startswith("discriminator.")} == {"0", "1", "2"}


def test_what_was_handed_over_is_told(tmp_path, capsys):
    folder = train(staged("stages.both=null"), tmp_path / "run")
    lines = capsys.readouterr().err.splitlines()
    begin = lines.index(f"stage 2 of 2, enhancer: {folder}")
    assert lines[begin + 1].endswith("2 refused")
    assert {line.strip().split(" (")[0] for line in lines[begin + 2 : begin + 6]} == {
        "new: generator.enhancers",
        "new: discriminator.scales.2",
        "refused: generator.head.conv.weight, which is not here",
        "refused: generator.head.conv.bias, which is not here",
    }


def test_only_the_enhancer_and_the_discriminator_have_moments(run):
    state = load_file(next((run / "stages" / "enhancer" / "checkpoints").glob("*/training.safetensors")))
    trained = {key.split("/")[2] for key in state if key.startswith("optimizers/generator/")}
    generator = synthkit.load(run).translator.networks["generator"]
    assert len(trained) == len(list(generator.enhancers.parameters()))


def test_a_run_goes_on_in_the_last_stage_that_began(tmp_path):
    """The bits are those of a training that nothing stopped; what is finished is left alone."""
    whole = train(staged(), tmp_path / "whole")
    parts = tmp_path / "parts"
    (parts / "stages").mkdir(parents=True)
    for name in ("global", "enhancer"):
        (whole / "stages" / name).rename(parts / "stages" / name)
    train(staged(), parts, resume=True)
    again, once = weights(parts), weights(whole)
    assert all(torch.equal(again[key], once[key]) for key in once)
    kinds = [record["kind"] for record in records(parts / "stages" / "global")]
    assert kinds.count("start") == 1
    train(staged("stages.global.train.steps=9"), parts, resume=True)  # its time is over
    assert checkpoint.steps(parts / "stages" / "global" / "checkpoints")[-1] == 3


def test_folders_that_are_not_this_training(tmp_path, run):
    with pytest.raises(CheckpointError, match="is not empty: --resume continues it"):
        train(staged(), run)
    (tmp_path / "run" / "stages" / "middle").mkdir(parents=True)
    with pytest.raises(CheckpointError, match="holds stages that the config does not have: middle"):
        train(staged(), tmp_path / "run", resume=True)
    with pytest.raises(CheckpointError, match="does not have: middle"):
        train(tiny(), tmp_path / "run", resume=True)
    with pytest.raises(ConfigError, match=r"train\.batch_size: 2 in the run, 3 now"):
        train(staged("train.batch_size=3"), run, resume=True)


def test_what_changes_nothing_is_told(tmp_path, capsys):
    folder = train(staged("stages.both=null"), tmp_path / "run")
    train(staged("stages.both=null", "stages.global.train.steps=9"), folder, resume=True)
    told = capsys.readouterr().err
    assert "stage global is over: it had train.steps 3, and 9 changes nothing" in told
    assert "stage enhancer is over" not in told


def test_the_page_of_the_run_goes_on_with_its_last_stage(tmp_path):
    folder = train(staged("stages.both=null"), tmp_path / "run")
    train(config.load(folder / "config.yaml", ["train.steps=3"]), folder, resume=True)
    assert checkpoint.steps(folder / "checkpoints")[-1] == 3


def test_a_stage_does_not_become_another(tmp_path):
    """A stage put between or behind those that have trained would never have its turn."""
    folder = train(staged("stages.enhancer=null", "stages.both.train.steps=1"), tmp_path / "run")
    longer = staged("stages.enhancer=null", "stages={polish: {train: {steps: 9}}}")
    for cfg, name in ((staged(), "enhancer"), (longer, "both")):
        with pytest.raises(CheckpointError, match=f"has trained, but not the stage before it, '{name}'"):
            train(cfg, folder, resume=True)


def test_checkpoints_of_stages_that_are_over_may_go(tmp_path):
    folder = train(staged("stages.both=null"), tmp_path / "run")
    shutil.rmtree(folder / "stages" / "global" / "checkpoints")
    train(staged("stages.both=null", "stages.enhancer.train.steps=3"), folder, resume=True)
    assert checkpoint.steps(folder / "checkpoints")[-1] == 3


def test_hidden_files_are_no_stages(tmp_path):
    (tmp_path / "run" / "stages").mkdir(parents=True)
    (tmp_path / "run" / "stages" / ".DS_Store").touch()
    train(staged("stages.both=null", "stages.enhancer.train.steps=1"), tmp_path / "run")


def test_a_run_whose_last_stage_has_not_begun_names_the_others(tmp_path):
    cfg = staged("stages.enhancer.train.metrics=[l1]", "stages.both=null", "stages.global.train.steps=1")
    folder = train(cfg, tmp_path / "run")
    for each in ("checkpoints", "config.yaml"):
        (folder / each).rename(tmp_path / each)
    with pytest.raises(CheckpointError, match=r"its earlier stages are runs, too: .*stages/global"):
        synthkit.load(folder)


@pytest.mark.parametrize("dry_run", ["true", "false"])
def test_what_a_later_stage_gets_wrong_is_found_first(tmp_path, dry_run):
    wrong = staged("stages.both.train.metrics=[nothing]", f"train.dry_run={dry_run}")
    with pytest.raises(ConfigError, match=r"train\.metrics .*'nothing'"):
        train(wrong, tmp_path / "run")
    assert not (tmp_path / "run" / "stages").exists()


def test_only_the_first_stage_names_its_weights():
    with pytest.raises(ConfigError, match=r"train\.init_from .*stage before; write stages\.global\.train"):
        plan(staged("stages.both.train.init_from=runs/x"), Path("run"))
    assert plan(staged("stages.global.train.init_from=runs/x"), Path("run"))[0].previous is None


def test_pages_of_stages():
    """Overrides of the page come last in every stage; those of a stage in that one."""
    cfg = staged("train.batch_size=3", "stages.both.train.steps=8", "model.generator.blocks=2")
    pages = config.stages(cfg)
    assert list(pages) == ["global", "enhancer", "both"]
    assert [page["train"]["steps"] for page in pages.values()] == [3, 2, 8]
    assert [page["train"]["batch_size"] for page in pages.values()] == [3, 3, 3]
    assert [page["model"]["generator"]["blocks"] for page in pages.values()] == [2, 2, 2]
    assert pages["global"]["model"]["generator"] == {
        key: value for key, value in GLOBAL.items() if key[0] != "_"
    } | {"blocks": 2}
    assert pages["both"]["train"].where("steps") == "train.steps (command line)"
    assert pages["global"]["train"].where("steps") == "train.steps (dict)"
    assert "train.only" in {path for path, *_ in config.flatten(pages["enhancer"])}
    assert list(config.stages(staged("stages=null"))) == [""]
    shorter = staged("stages.enhancer=null")
    assert list(config.stages(shorter)) == ["global", "both"]
    assert config.from_dict(yaml.safe_load(config.dump(shorter))) == shorter


def test_a_config_changes_the_stages_of_its_base(tmp_path):
    (tmp_path / "base.yaml").write_text(config.dump(staged()))
    (tmp_path / "child.yaml").write_text(
        "_base_: base.yaml\n"
        "stages:\n"
        "  global: {model: {generator: {blocks: 3}}}\n"
        "  enhancer: {_delete_: true, train: {steps: 5}}\n"
        "  polish: {train: {steps: 1}}\n"
    )
    pages = config.stages(config.load(tmp_path / "child.yaml"))
    assert list(pages) == ["global", "enhancer", "both", "polish"]
    assert pages["global"]["model"]["generator"]["blocks"] == 3
    assert "local_blocks" not in pages["global"]["model"]["generator"], "_delete_ still holds"
    assert "only" not in pages["enhancer"]["train"]


def test_stages_that_are_not_there(tmp_path):
    """A slip in a name would train one more stage, or one less."""
    with pytest.raises(ConfigError, match=r"no stage 'globl'. Did you mean 'global'\? Stages: both, enhan"):
        staged("stages.globl.train.steps=4")
    with pytest.raises(ConfigError, match=r"no stage 'a'. Stages: \(none\)"):
        tiny("stages.a.train.steps=4")
    (tmp_path / "left_out.yaml").write_text("stages:\n  both:\n")
    with pytest.raises(ConfigError, match=r"stages\.both \(.*:2:3\): no stage of the base .* `both: {}`"):
        config.load(tmp_path / "left_out.yaml")
    (tmp_path / "base.yaml").write_text(config.dump(staged()))
    (tmp_path / "child.yaml").write_text("_base_: [base.yaml, left_out.yaml]\n")
    assert list(config.stages(config.load(tmp_path / "child.yaml"))) == ["global", "enhancer"]


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        ({"a/b": {}}, "a stage's name is made of letters"),
        ({"a": {"trian": {}}}, r"stages\.a\.trian .*Did you mean 'train'"),
        ({"a": {"train": 3}}, r"stages\.a\.train .*a mapping is needed, not 3"),
        ({"a": 3}, r"stages\.a .*a mapping is needed, not 3"),
        ([{"train": {}}], r"stages .*a mapping is needed"),
        ("a", r"stages .*a mapping is needed"),
    ],
)
def test_wrong_stages(stages, message):
    for overrides in ((), ("train.steps=2",), ("stages.a.train.steps=2",)):
        with pytest.raises(ConfigError, match=None if overrides else message):
            config.from_dict({**STAGED, "stages": stages}, overrides=overrides)


def network():
    return nn.Sequential(nn.Conv2d(1, 1, 1), nn.BatchNorm2d(1), nn.Conv2d(1, 1, 1))


def test_freezing_keeps_running_statistics():
    networks = nn.ModuleDict({"generator": network(), "discriminator": network()})
    freeze_all_but(networks, ["generator.2"])
    trained = [name for name, p in networks.named_parameters() if p.requires_grad]
    assert [name for name in trained if "generator" in name] == ["generator.2.weight", "generator.2.bias"]
    assert len([name for name in trained if "discriminator" in name]) == 6
    before = networks["generator"][1].running_mean.clone()
    networks["generator"](torch.ones(1, 1, 2, 2))
    assert torch.equal(networks["generator"][1].running_mean, before)


def test_parts_are_a_list(tmp_path):
    with pytest.raises(ConfigError, match=r"train\.only .*'generator.blocks' is not list\[str\]"):
        train(staged("stages.both.train.only=generator.blocks"), tmp_path / "run")


def test_what_is_frozen_has_been_trained(tmp_path, run):
    with pytest.raises(ConfigError, match=r"train\.only .*weights that nothing has trained: train\.init_fr"):
        train(tiny("train.only=[generator.blocks]"), tmp_path / "run")
    wider = staged("stages.global.model.generator.channels=6", "stages.global.train.steps=1")
    with pytest.raises(
        ConfigError, match=r"only .* freezes generator\.down\.0\.conv\.weight, which .*global"
    ):
        train(wider, tmp_path / "run")
    head = f"train.init_from={run / 'stages' / 'global'}"
    train(tiny("train.only=[generator.head]", "train.steps=1", head), tmp_path / "head")


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ("encoder.network", "no network 'encoder'; there are discriminator, generator"),
        ("generator.enhancer", "Its parts: generator.0, generator.1, generator.2"),
        ("generator.0.wei", "no such part"),
    ],
)
def test_parts_that_are_not_there(part, message):
    with pytest.raises(ConfigError, match=message):
        freeze_all_but(nn.ModuleDict({"generator": network(), "discriminator": network()}), [part])
