"""Which class of a judge each label id is."""

import pytest
import torch

from synthkit.benchmark.judges.labels import IGNORE, Labels
from synthkit.data import cityscapes
from synthkit.errors import ConfigError, DataError


def classes(labels, ids):
    return labels(torch.tensor(ids).view(1, 1, 1, -1)).flatten().tolist()


def test_each_id_is_a_class_by_itself():
    labels = Labels(None, count=3, ignore=255)
    assert classes(labels, [2, 0, 255, 1]) == [2, 0, IGNORE, 1]
    assert labels.count == 3 and labels.names(3, ["sky", "road"]) == ("sky", "road", "class 2")


@pytest.mark.parametrize("table", [[1, None, 0, 1], {0: 1, 1: None, 2: 0, 3: 1}])
def test_classes_can_share_ids_and_ids_can_be_left_out(table):
    labels = Labels(table, count=4)
    assert classes(labels, [0, 1, 2, 3]) == [1, IGNORE, 0, 1]
    assert labels.count == 2 and labels.names(2, "abcd") == ("c", "a")


def test_cityscapes_scores_the_19_classes_of_its_benchmark():
    labels = Labels("cityscapes", count=35)
    names = labels.names(labels.count, [name for name, _, _ in cityscapes.CLASSES])
    assert names == tuple(name for name, _, _ in cityscapes.SCORED)
    ids = list(range(34))
    expected = [IGNORE if cityscapes.TRAIN_IDS[i] == 255 else cityscapes.TRAIN_IDS[i] for i in ids]
    assert classes(labels, ids) == expected


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ([0, 1], "nothing for 2"),
        ([0, 1, 2, 3], "rows for 3, too"),
        ([0, -1, 1], "-1 is no class"),
        ([None, None, None], "no label id is scored"),
        ("cityscape", "no table 'cityscape': cityscapes"),
        ("cityscapes", "rows for 10, 11"),
    ],
)
def test_tables_that_do_not_fit_are_refused(table, reason):
    with pytest.raises(ConfigError, match=reason):
        Labels(table, count=3)


@pytest.mark.parametrize("wrong", [3, -1, 254])
def test_an_id_that_the_data_do_not_have_is_refused(wrong):
    with pytest.raises(DataError, match=f"label {wrong} is none"):
        Labels(None, count=3, ignore=255)(torch.tensor([[[[0, wrong]]]]))
