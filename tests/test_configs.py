"""Every shipped config: it loads, its networks can be built, its keys are those that training takes."""

import re

import pytest
import torch

from synthkit import build, config
from synthkit.data.transforms import PairedTransform
from synthkit.freezing import freeze_all_but
from synthkit.registry import DATASETS, GENERATORS, STEPS
from synthkit.settings import Training
from synthkit.translator import Translator


def pages(name):
    return config.stages(config.load(name)).values()


@pytest.mark.parametrize(
    "cfg", [pytest.param(page, id=name) for name in config.shipped_names() for page in pages(name)]
)
def test_shipped_config(cfg):
    settings = build.call(Training, cfg["train"])
    assert callable(STEPS.get(settings.order))
    losses = {name: spec for name, spec in cfg["model"]["losses"].items() if "backbone" not in (spec or {})}
    with torch.device("meta"):  # and without pretrained weights
        model = Translator.from_config(cfg["model"] | {"losses": losses})
    freeze_all_but(model.networks, settings.only)
    assert model.networks["generator"]
    build.call(PairedTransform, cfg["data"].get("transform", {}))
    assert DATASETS.get(cfg["data"]["type"])


@pytest.mark.parametrize("name", config.shipped_names())
def test_height_in_the_name_is_the_height(name):
    cfg = config.load(name)
    height = int(re.search(r"_(\d+)(_[a-z]+)?$", name)[1])  # streets_128, streets_128_styles
    transform = cfg["data"].get("transform", {})
    size = transform.get("crop") or transform.get("resize") or cfg["data"].get("size")
    assert size is None or size[0] == height


def test_shipped_configs_are_found():
    assert "pix2pixhd/streets_128" in config.shipped_names()
    assert GENERATORS.get("pix2pixhd/global")
