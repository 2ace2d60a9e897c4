"""A leaderboard as Markdown, CSV and JSON: it can be read again, and tells nothing of the machine."""

import csv
import io
import json
import math

import pytest
from html_page import HOSTILE
from made_results import made_result, write_run

from synthkit.benchmark.exports import export
from synthkit.benchmark.leaderboard import Leaderboard
from synthkit.benchmark.published import load
from synthkit.benchmark.submission import Submission, find
from synthkit.errors import ConfigError, DataError

SCORES = {"miou": 0.25, "fid": math.nan, "kid": math.inf}


@pytest.fixture
def board(tmp_path):
    with Leaderboard(tmp_path / "board.sqlite", create=True) as opened:
        opened.submit(find([write_run(tmp_path / "secret" / "run", made_result())]))
        odd = made_result(method="a|b\n" + HOSTILE, scores=SCORES, config="/secret/x/y.yaml", oracle={})
        opened.submit([Submission(odd, tmp_path / "secret")])
        yield opened


def written(board, tmp_path, form) -> str:
    return export(board, board.rows(), form, tmp_path / f"out.{form}").read_text()


def test_json_has_every_row_and_score(board, tmp_path):
    first, second = json.loads(written(board, tmp_path, "json"), parse_constant=pytest.fail)
    result = made_result()
    assert first["scores"] == result.scores and first["versions"] == result.versions
    assert first["sha256"] == board.rows()[0].sha256
    assert second["scores"] == {"miou": 0.25, "fid": None, "kid": None}


def test_csv_has_every_row_and_score(board, tmp_path):
    first, second = csv.DictReader(io.StringIO(written(board, tmp_path, "csv")))
    scores = {name: float(first[f"scores.{name}"]) for name in made_result().scores}
    assert scores == made_result().scores
    assert first["oracle.miou"] == "0.617" and first["versions.torch"] == "2.13.0"
    assert second["method"] == "a|b\n" + HOSTILE
    assert [second[f"scores.{name}"] for name in ("miou", "fid", "kid")] == ["0.25", "", ""]


def test_no_export_tells_where_a_run_lay(board, tmp_path):
    for form in ("md", "csv", "json", "html"):
        assert "secret" not in written(board, tmp_path, form)


def test_markdown_is_a_table_in_which_text_is_no_markup(board, tmp_path):
    table, foot = written(board, tmp_path, "md").split("\n\n")[1:3]
    lines = table.splitlines()
    assert lines[0].startswith("| method | seeds | FD lite0 ↓ | mIoU ↑ |")
    assert {len(line.replace("\\|", "").split("|")) for line in lines} == {len(lines[0].split("|"))}
    assert lines[2].startswith("| pix2pixHD | 1 |") and "**0." in lines[2]
    assert r"a\|b \<script\>" in lines[3] and "<script>" not in table
    assert "| *real images* |  | - | 0.617 | 0.922 |" in lines[4]
    assert "100 images, judge FPN" in foot


def test_a_slip_in_the_name_costs_no_file(board, tmp_path):
    (tmp_path / "config.yaml").write_text("x")
    with pytest.raises(DataError, match=r"md is to be written to a \.md file, not to .*config\.yaml"):
        export(board, board.rows(), "md", tmp_path / "config.yaml")
    with pytest.raises(DataError, match="cannot be written"):
        export(board, board.rows(), "md", tmp_path / "config.yaml" / "x.md")
    assert (tmp_path / "config.yaml").read_text() == "x"


def test_published_numbers_are_unverified_and_checked(tmp_path):
    shipped = load()
    assert len(shipped) == 10 and not any(table.verified for table in shipped)
    assert shipped[0].rows["pix2pixHD"] == {"pixel accuracy": 83.78, "mean IoU": 0.6389}
    page = tmp_path / "page.yaml"
    start = "- {paper: a, table: b, data: c, judge: d, "
    for content, message in (
        ("{a: b}", "a list of tables is needed"),
        (start + "verified: maybe, rows: {x: {y: 1}}}", r"\[0\]\.verified .*page\.yaml:1:.* not a bool"),
        (start + "verified: false, rows: {x: {y: best}}}", r"\[0\]\.rows .*not dict"),
        (start + "verified: false, rows: {}}", "each table has rows"),
        (start + "rows: {x: {y: 1}}}", "'verified' missing"),
    ):
        page.write_text(content)
        with pytest.raises(ConfigError, match=message):
            load(page)
