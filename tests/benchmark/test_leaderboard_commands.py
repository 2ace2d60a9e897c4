"""`synthkit leaderboard` as its users meet it."""

import sqlite3

import pytest
from made_results import made_result, write_run, write_runs
from typer.testing import CliRunner

from synthkit.cli.leaderboard import leaderboard_app
from synthkit.errors import DataError


@pytest.fixture
def leaderboard(tmp_path):
    """Runs a command with the leaderboard of the test's folder; gives its exit code and output."""

    def run(*arguments) -> tuple[int, str]:
        command = [*map(str, arguments), "--db", str(tmp_path / "board.sqlite")]
        result = CliRunner().invoke(leaderboard_app, command)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.output

    return run


def test_submit_show_verify_and_export(leaderboard, tmp_path):
    list(write_runs(tmp_path / "runs"))
    code, said = leaderboard("submit", tmp_path / "runs", "--protocol", "streets_smoke")
    assert (code, said.splitlines()[-1]) == (0, f"12 added; {tmp_path / 'board.sqlite'} holds 12")
    _, said = leaderboard("submit", tmp_path / "runs")
    assert "12 added, 12 were there already" in said
    _, said = leaderboard("show", "--protocol", "streets_smoke", "--sort", "accuracy")
    lines = said.splitlines()
    assert lines[0] == "streets_smoke" and "camvid_192" not in said
    order = ["method", "SPADE", "pix2pixHD", "CRN", "pix2pix", "real"]
    assert [line.split()[0] for line in lines[1:7]] == order
    assert "0.536 ± 0.024" in lines[2] and "0.617" in lines[6]
    out = tmp_path / "table.md"
    _, said = leaderboard("export", "--out", out)
    assert said == f"written: {out}\n" and out.read_text().count("### ") == 2


def test_verify_says_what_changed_and_fails(leaderboard, tmp_path):
    leaderboard("submit", write_run(tmp_path / "run", made_result(protocol="mine")))
    code, said = leaderboard("verify")
    assert code == 0 and said.startswith("cannot be checked mine  pix2pixHD  seed 0\n")
    assert (
        "protocol: cannot be checked:" in said
        and "data:" not in said
        and said.endswith("\n1 cannot be checked\n")
    )
    with sqlite3.connect(tmp_path / "board.sqlite") as connection:
        connection.execute("UPDATE results SET seed = 1")
    code, said = leaderboard("verify", "--protocol", "mine")
    assert code == 1 and said.startswith("changed mine") and said.endswith("1 changed\n")


def test_a_conflict_names_the_option(leaderboard, tmp_path):
    leaderboard("submit", write_run(tmp_path / "one", made_result()))
    other = write_run(tmp_path / "two", made_result(steps=9))
    with pytest.raises(DataError, match="differs in steps; --replace"):
        leaderboard("submit", other)
    assert leaderboard("submit", other, "--replace")[1].startswith("1 added")
    with pytest.raises(DataError, match="no result under 'none'. Protocols: streets_smoke"):
        leaderboard("show", "--protocol", "none")
