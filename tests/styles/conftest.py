"""A model with an encoder, trained once for all the tests of styles, before and after its fit."""

import shutil

import pytest
from small_runs import tiny
from small_styles import ENCODER, call

import synthkit
from synthkit.data.streets import paint


@pytest.fixture(scope="session")
def unfitted(tmp_path_factory):
    """A model with an encoder of streets, trained for two steps."""
    cfg = tiny(ENCODER, "data.size=[32, 64]", "train.steps=2", "train.precision=fp32")
    return synthkit.train(cfg, tmp_path_factory.mktemp("styles") / "run")


@pytest.fixture(scope="session")
def run(unfitted, tmp_path_factory):
    folder = tmp_path_factory.mktemp("fitted") / "run"
    shutil.copytree(unfitted, folder)
    call("styles", "fit", folder, "--clusters", 3)
    return folder


@pytest.fixture(scope="session")
def model(run):
    return synthkit.load(run)


@pytest.fixture(scope="session")
def scene():
    return paint(7, 32, 64)
