"""The tool that finds the divisors: as its page calls it, and against the terms themselves."""

import importlib.util
from pathlib import Path

import pytest
import torch

from synthkit import config
from synthkit.data import open_data
from synthkit.registry import BACKBONES
from synthkit.translator import Translator

FILE = Path(__file__).parents[2] / "tools" / "calibrate_crn.py"
TINY = ["data.size=[16, 32]", "data.count=2", "model.generator={height: 16, channels: 8}"]


@pytest.fixture
def tool(monkeypatch):
    """`tool(*words)`: the command line; its functions are attributes."""
    spec = importlib.util.spec_from_file_location("calibrate_crn", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def call(*words):
        with monkeypatch.context() as patch:
            patch.setattr("sys.argv", [FILE.name, *words])
            module.main()

    call.calibrate = module.calibrate
    return call


def test_as_the_page_calls_it(tool, capsys):
    tool("crn/streets_128", "--steps", "2", "model.losses.perceptual.backbone=efficientnet_lite0", *TINY)
    label, _, found = capsys.readouterr().out.partition(": ")
    divisors = [float(each) for each in found.strip(" []\n").split(", ")]
    assert label == "divisors" and divisors[0] == 1 and len(divisors) == 6 and min(divisors) > 0


def test_terms_relative_to_that_of_the_image(tool):
    """Of one scene and a generator that stays as it was drawn."""
    still = ["data.count=1", "train.precision=fp32", "train.optimizer.lr=0"]
    cfg = config.load("crn/streets_128", [*TINY, *still])
    found = tool.calibrate(cfg, 3)
    torch.manual_seed(0)
    model = Translator.from_config(cfg["model"])
    fields = {"fields": ("label", "image"), "classes": 12, "ignore": None}
    sample = open_data(cfg["data"], "train", training=True, seed=0, **fields)[0]
    real, backbone = sample["image"][None], BACKBONES.build("efficientnet_lite0").eval()
    with torch.no_grad():
        _, fake, _ = model.generate({"label": sample["label"][None]})
        pairs = zip(backbone(fake), backbone(real), strict=True)
        terms = [(a - b).abs().mean().item() for a, b in pairs]
    expected = [1, *(term / (127.5 * (fake - real).abs().mean().item()) for term in terms)]
    assert found == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["crn/streets_128", "--steps", "0"], "--steps 0: at least one"),
        (["pix2pix/streets_128"], "no loss has divisors: crn/perceptual or crn/diversity"),
        (["crn/none"], "no file and no shipped config 'crn/none'"),
    ],
)
def test_what_it_refuses(tool, capsys, words, message):
    with pytest.raises(SystemExit) as stopped:
        tool(*words)
    assert message in f"{stopped.value} {capsys.readouterr().err}"
