"""Every shipped study: its variants differ as it says, and all can be built."""

import pytest
import torch

from synthkit import build
from synthkit.benchmark import study
from synthkit.benchmark.files import shipped
from synthkit.settings import Training
from synthkit.translator import Translator


@pytest.mark.parametrize("name", shipped("studies"))
def test_shipped_study(name):
    found = study.load(name)
    assert found.base.labels, "the base stands among the choices"
    assert all(len(variant.labels) == 1 for variant in found.variants)
    for variant in found.variants:
        build.call(Training, variant.config["train"])
        losses = variant.config["model"]["losses"]
        without_weights = {key: spec for key, spec in losses.items() if "backbone" not in (spec or {})}
        with torch.device("meta"):
            model = Translator.from_config(variant.config["model"] | {"losses": without_weights})
        height, width = variant.config["data"].get("size", (192, 256))
        stride = getattr(model.networks["generator"], "stride", 1)
        assert height % stride == width % stride == 0


def test_the_papers_studies_vary_what_they_say():
    objective = study.load("objective")
    kept = [[key for key, spec in v.config["model"]["losses"].items() if spec] for v in objective.variants]
    assert kept == [["gan"], ["gan", "features"], ["gan", "features", "perceptual"]]
    scales = study.load("discriminator_scales")
    assert [v.config["model"]["discriminator"]["scales"] for v in scales.variants] == [1, 2, 3]
    boundary = study.load("instance_map")
    assert [v.config["model"]["inputs"]["boundary"] for v in boundary.variants] == [None, {}]
    generators = [v.config["model"]["generator"]["type"] for v in study.load("generator").variants]
    assert generators == ["pix2pix/unet", "crn/cascaded", "pix2pixhd/global", "pix2pixhd/local"]
