import numpy as np
import pytest
from PIL import Image

from synthkit.config import from_dict
from synthkit.data import open_data
from synthkit.data.check import check
from synthkit.data.check.sample import Needs
from synthkit.data.splits import build_data, spread, validation_split
from synthkit.errors import ConfigError, DataError


@pytest.fixture
def section(tmp_path):
    """A data section whose validation is to be chosen, with 20 training samples and no other split."""
    for folder in ("train_label", "train_img"):
        (tmp_path / folder).mkdir()
        for number in range(20):
            shape = (4, 6) if folder == "train_label" else (4, 6, 3)
            array = np.random.default_rng(number).integers(0, 3, shape).astype(np.uint8)
            Image.fromarray(array).save(tmp_path / folder / f"{number:02}.png")

    def make(validation):
        data = {"type": "folders", "root": str(tmp_path), "validation": validation}
        return from_dict({"data": data})["data"]

    return make


@pytest.mark.parametrize(("share", "count"), [(0.1, 2), (0.25, 5), (0.001, 1), (0.999, 19)])
def test_a_share_is_held_out(section, share, count):
    config = section(share)
    train, held_out = build_data(config, "train"), build_data(config, validation_split(config))
    assert len(held_out) == count
    assert build_data(config, "val").stems == held_out.stems
    assert sorted(train.stems + held_out.stems) == [f"{number:02}" for number in range(20)]
    assert held_out[0]["name"] == held_out.stems[0]
    assert held_out[0]["label"].shape == (4, 6)


def test_a_larger_share_holds_out_the_smaller_one_too(section):
    parts = [set(build_data(section(share), share).stems) for share in (0.1, 0.3, 0.6)]
    assert parts[0] < parts[1] < parts[2]
    assert sorted(parts[2]) != [f"{number:02}" for number in range(12)]  # not just the first ones


def test_a_named_split_holds_nothing_out(section):
    assert len(build_data(section("train"), "train")) == 20
    assert validation_split({}) == "val"


@pytest.mark.parametrize("share", [1, 0, 1.0, 0.0, -0.5, None, ["val"], True])
def test_other_values_are_refused(section, share):
    with pytest.raises(ConfigError, match=r"data.validation.*: the name of a split is needed, or a share"):
        build_data(section(share), "train")


def test_data_sets_without_files_need_a_name():
    streets = from_dict({"data": {"type": "streets", "validation": 0.1}})["data"]
    with pytest.raises(ConfigError, match=r"data.validation.*only data sets of files"):
        build_data(streets, "train")


def test_samples_of_both_parts(section, tmp_path):
    options = dict(fields=("label", "image"), classes=3, ignore=None, seed=0)
    parts = [open_data(section(0.2), split, training=split == "train", **options) for split in ("train", 0.2)]
    assert [len(part) for part in parts] == [16, 4]
    (tmp_path / "train_img" / "00.png").unlink()
    with pytest.raises(DataError, match="no partner"):
        open_data(section(0.2), "train", training=True, **options)


def test_check_reads_both_parts_and_lists_the_folders_once(section, tmp_path):
    (tmp_path / "train_img" / "00.png").unlink()
    (tmp_path / "train_img" / "00.gif").touch()
    report = check(section(0.2), ["train", 0.2], Needs(fields=("label",), classes=3), workers=0)
    assert [(split.name, split.samples) for split in report.splits] == [("train", 15), ("val", 4)]
    assert [problem.kind for problem in report.problems] == ["no partner", "file passed over"]


def test_samples_spread_evenly(section):
    data = build_data(section("val"), "train")
    assert spread(data, 3).stems == ("00", "10", "19")
    assert spread(data, 20) is data
