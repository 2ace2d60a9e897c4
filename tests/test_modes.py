"""What a generator keeps of its training when it translates."""

import copy
import warnings

import numpy as np
import pytest
import torch
from small_runs import tiny
from torch import nn
from typer.testing import CliRunner

import synthkit
from synthkit import config
from synthkit.cli import app, translate  # noqa: F401  (importing registers the command)
from synthkit.data.streets import paint
from synthkit.errors import ConfigError, DataError, SynthkitWarning
from synthkit.export import export
from synthkit.nn.modes import Inference, noise
from synthkit.translator import Translator

BOTH = {"dropout": True, "batch_statistics": True}
GLOBAL = {"type": "pix2pixhd/global", "channels": 4, "downsamples": 1, "blocks": 1}
NOISY = GLOBAL | {"norm": "batch", "dropout": 0.5}


def model(inference, generator=NOISY) -> Translator:
    section = {"inputs": {"source": {}}, "generator": generator, "inference": inference}
    return Translator.from_config(config.from_dict({"model": section})["model"])


def source(count: int = 2) -> dict:
    return {"source": torch.rand(count, 3, 8, 12) * 2 - 1}


def state(translator: Translator) -> tuple:
    modules = [(m.training, getattr(m, "track_running_stats", None)) for m in translator.modules()]
    return modules, copy.deepcopy(translator.state_dict()), torch.get_rng_state()


def same(before: tuple, after: tuple) -> bool:
    tensors = all(torch.equal(value, after[1][key]) for key, value in before[1].items())
    return before[0] == after[0] and tensors and torch.equal(before[2], after[2])


@pytest.mark.parametrize("inference", [{}, {"dropout": True}, {"batch_statistics": True}, BOTH])
@pytest.mark.parametrize("training", [True, False])
def test_translating_leaves_no_trace(inference, training):
    """Neither in modes, nor in weights and running statistics, nor in the global random numbers."""
    translator = model(inference).train(training)
    translator.networks["generator"].head.eval()  # a part of its own mode
    batch = source()
    before = state(translator)
    first, again, other = (translator.translate(batch, seed=seed) for seed in (1, 1, 2))
    assert same(before, state(translator))
    assert torch.equal(first, again)
    assert torch.equal(first, other) == (not inference.get("dropout"))


def test_batch_statistics_are_those_of_training():
    """The same bits as a forward pass in training mode, which changes the running statistics."""
    translator = model({"batch_statistics": True}, GLOBAL | {"norm": "batch"})
    batch, network = source(), translator.networks["generator"]
    nn.init.uniform_(network.down[0].norm.running_mean, -1, 1)
    found = translator.translate(batch)
    assert not torch.equal(found, Translator({"generator": network}, translator.inputs).translate(batch))
    with torch.no_grad():
        assert torch.equal(found, network.train()(batch["source"]).clamp(-1, 1))


def test_noise_is_dropout_s_alone():
    """A dropout layer that is kept drops half of its input, and none once the mode has ended."""
    layer = nn.Dropout(0.5)
    ones = torch.ones(1, 8, 40, 50)
    with Inference(dropout=True).applied(layer.eval()), noise(3, torch.device("cpu")):
        dropped = layer(ones)
    assert set(dropped.unique().tolist()) == {0, 2} and abs(dropped.mean().item() - 1) < 0.05
    assert torch.equal(layer(ones), ones)


@pytest.mark.parametrize(
    ("inference", "generator", "message"),
    [
        ({"dropout": True}, GLOBAL | {"norm": "batch"}, r"model\.inference\.dropout.* has no dropout"),
        (BOTH, GLOBAL | {"dropout": 0.5}, r"model\.inference\.batch_statistics.* has no batch norm"),
        ({"noise": True}, NOISY, r"model\.inference.*unknown key 'noise'"),
        ({"dropout": 1}, NOISY, r"model\.inference\.dropout.*1 is not a bool"),
    ],
)
def test_what_the_generator_lacks_is_refused(inference, generator, message):
    with pytest.raises(ConfigError, match=message):
        model(inference, generator)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    overrides = [f"model.generator={NOISY}".replace("'", ""), f"model.inference={BOTH}".replace("'", "")]
    short = "train={steps: 1, batch_size: 2, workers: 0, validation_images: 2, samples: 2, dry_run: false}"
    cfg = tiny(*(each.replace("True", "true") for each in overrides), short.replace("{", "{_delete_: true, "))
    return synthkit.train(cfg, tmp_path_factory.mktemp("modes") / "run")


def test_a_run_translates_as_its_config_says(run, tmp_path):
    """The validation's pictures, `translate` from Python and from the command line are the same."""
    from PIL import Image

    scene, trained = paint(5, 16, 32), synthkit.load(run)
    assert trained.translator.inference == Inference(**BOTH)
    images = [trained.translate(label=scene.label, instance=scene.instance, seed=seed) for seed in (4, 4, 5)]
    assert np.array_equal(images[0], images[1]) and not np.array_equal(images[0], images[2])
    for seed in (-1, 2**64, "1"):
        with pytest.raises(DataError, match="a whole number from 0 to"):
            trained.translate(label=scene.label, instance=scene.instance, seed=seed)
    Image.fromarray(scene.label).save(tmp_path / "label.png")
    Image.fromarray(scene.instance.astype(np.uint16)).save(tmp_path / "instance.png")
    maps = ["--label", str(tmp_path / "label.png"), "--instance", str(tmp_path / "instance.png")]
    told = CliRunner().invoke(app, ["translate", str(run), str(tmp_path / "out.png"), *maps, "--seed", "4"])
    assert "with dropout and batch statistics as in training" in told.output, told.output
    assert np.array_equal(Image.open(tmp_path / "out.png"), images[0])
    sample = {**synthkit.registry.DATASETS.build({"type": "streets", "size": [16, 32]}, split="val")[1]}
    drawn = Image.open(run / "samples" / "00000001" / f"{sample['name']}.fake.png")
    again = trained.translate(label=sample["label"], instance=sample["instance"], seed=1)
    assert np.array_equal(drawn, again)


def test_an_export_has_the_batch_s_statistics_and_no_dropout(run, tmp_path):
    with pytest.warns(SynthkitWarning, match="exported without model.inference.dropout"):
        done = export(run, tmp_path / "model.pt2", format="torch")
    assert done.difference < 1e-5
    with warnings.catch_warnings(action="error"):
        quiet = synthkit.load(run)
    assert quiet.translator.inference.dropout, "of the file alone"
