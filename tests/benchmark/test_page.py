"""docs/benchmarks.md: its protocol and its study can be read, and it names what is shipped."""

import re
from pathlib import Path

import pytest

from synthkit.benchmark import files, protocol, study

TEXT = (Path(__file__).parents[2] / "docs" / "benchmarks.md").read_text("utf-8")
PROTOCOL, STUDY = re.findall(r"^```yaml\n(.*?)^```", TEXT, re.M | re.S)


def test_the_protocol_is_one(tmp_path):
    (tmp_path / "mine.yaml").write_text(PROTOCOL)
    found = protocol.load(tmp_path / "mine.yaml")
    assert set(found.methods) == {"pix2pix", "pix2pixHD"} and found.budget == {"steps": 2000}


def test_the_study_is_one(tmp_path):
    (tmp_path / "mine.yaml").write_text(STUDY)
    found = study.load(tmp_path / "mine.yaml")
    assert [each.label for each in found.variants] == [
        "scales 1",
        "scales 2 (base)",
        "scales 3",
        "GAN",
        "GAN + features",
    ]


@pytest.mark.parametrize("name", [*protocol.shipped(), *files.shipped("studies")])
def test_what_is_shipped_is_named(name):
    assert f"`{name}`" in TEXT
