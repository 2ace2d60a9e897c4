"""Results side by side: what stands in one line, in one table, and what is best."""

import math

import pytest
from made_results import CLASSES, made_result

from synthkit.benchmark.leaderboard import Row
from synthkit.benchmark.tables import Table, heading, number, tables, text
from synthkit.errors import DataError


def rows(*results):
    return [Row(number, {}, result.text, "", "") for number, result in enumerate(results)]


def only(*results) -> Table:
    [table] = tables(rows(*results))
    return table


def valued(method, *values, name="miou", **changed):
    return [
        made_result(method=method, seed=seed, config_sha256=method, scores={name: value}, **changed)
        for seed, value in enumerate(values)
    ]


def test_seeds_of_a_method_are_one_line_with_their_interval():
    table = only(*valued("a", 0.4, 0.5, 0.6), *valued("b", 0.7))
    a, b = table.groups[1], table.groups[0]
    assert (a.method, a.seeds, a.score("miou").mean) == ("a", [0, 1, 2], pytest.approx(0.5))
    assert text("miou", a.score("miou")) == "0.500 ± 0.248"  # t(0.975, 2) = 4.303, times 0.1 / sqrt(3)
    assert text("miou", b.score("miou")) == "0.700"
    assert text("miou", a.score("fid")) == number("fid", None) == "-"


def test_other_protocols_data_and_judges_are_other_tables():
    keys = ("protocol_sha256", "data_sha256", "judge_sha256")
    results = [made_result(), *(made_result(**{key: "f" * 64}) for key in keys), made_result(seed=1)]
    assert [len(table.groups[0].rows) for table in tables(rows(*results))] == [2, 1, 1, 1]


def test_another_config_of_a_method_is_another_line_that_is_told_apart():
    table = only(made_result(config_sha256="e" * 64), made_result(config_sha256="f" * 64))
    assert sorted(map(table.notes, table.groups)) == [["config eeeeeeee"], ["config ffffffff"]]


@pytest.mark.parametrize(("name", "order"), [("miou", "cba"), ("fid", "abc"), ("unknown", "abc")])
def test_the_best_come_first_and_those_without_a_score_last(name, order):
    values = zip("abc", (0.1, 0.2, 0.3), strict=True)
    results = [result for method, value in values for result in valued(method, value, name=name)]
    [table] = tables(rows(*results, *valued("none", math.nan, name=name)), sort=name)
    assert "".join(group.method for group in table.groups) == f"{order}none"
    best = [group.method for group in table.groups if table.is_best(group, name)]
    assert best == ([] if name == "unknown" else [order[0]])  # nobody knows what is better


def test_a_score_that_no_result_has_is_refused():
    with pytest.raises(DataError, match="no result has a score 'miuo'. Did you mean 'miou'"):
        tables(rows(made_result()), sort="miuo")


def test_what_was_trained_for_longer_is_not_best_and_says_so():
    table = only(*valued("a", 0.4), *valued("b", 0.5), *valued("longer", 0.9, on_budget=False, apart=False))
    assert [group.method for group in table.groups if table.is_best(group, "miou")] == ["b"]
    notes = ["not trained for the protocol's budget", "not known to be trained on other images"]
    assert [table.notes(group) for group in table.groups] == [notes, [], []]


def test_single_classes_stand_apart_from_headlines_and_the_oracle_is_there():
    table = only(made_result(scores=made_result().scores | {"kid": 0.1, "kid_std": 0.01, "toy/own": 1.0}))
    assert table.headlines == ["fd_efflite0", "miou", "accuracy", "psnr", "kid", "toy/own"]
    assert table.classes == [f"iou/{name}" for name in CLASSES]
    assert table.oracle["miou"] == 0.617
    assert [heading(name) for name in ("fd_efflite0", "iou/road", "psnr", "toy/mine")] == [
        "FD lite0 ↓",
        "IoU road ↑",
        "PSNR dB ↑",
        "toy/mine",
    ]


def test_a_config_is_shown_without_the_folder_it_lay_in():
    assert only(made_result(config="/home/me/secret/mine/first.yaml")).groups[0].config == "mine/first"
