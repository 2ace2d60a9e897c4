"""`synthkit judge` as its users meet it."""

import re
import sys

import numpy as np
import pytest
from PIL import Image
from small_judges import write_protocol

from synthkit.cli import main


@pytest.fixture
def synthkit(monkeypatch, capsys, tmp_path):
    """`synthkit(*arguments)` runs the command in this process: its exit code and what it printed."""

    def run(*arguments) -> tuple[int, str]:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["synthkit", "judge", *map(str, arguments)])
        try:
            main()
            code = 0
        except SystemExit as stop:
            code = stop.code or 0
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    return run


def rows(text):
    """The printed scores by title."""
    lines = [line for line in text.splitlines() if line.startswith(("mIoU", "IoU "))]
    return dict(re.split("  +", line.strip()) for line in lines)


def test_a_judge_is_trained_and_shown(synthkit, tmp_path):
    write_protocol(tmp_path, "{type: user/tiny_judge, train: {steps: 3}}")
    code, text = synthkit("show", "tiny.yaml")
    assert code == 1 and "not trained yet: synthkit judge train tiny.yaml" in text
    code, trained = synthkit("train", "tiny.yaml", "--device", "cpu")
    assert code == 0 and "step 3/3: loss " in trained and "trained in " in trained
    assert "judge:      runs/judges/user-tiny_judge-" in trained
    code, again = synthkit("train", "tiny.yaml")
    assert code == 0 and "step" not in again and rows(again) == rows(trained)
    code, shown = synthkit("show", "tiny.yaml", "--out", "sheet.png")
    assert code == 0 and "user/tiny_judge, 12 classes" in shown and "SHA-256 " in shown
    assert rows(shown) == rows(trained) and "IoU road" in rows(shown)
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.width > 3 * 64 and len(np.unique(np.asarray(sheet).reshape(-1, 3), axis=0)) > 100
    code, text = synthkit("show", "tiny.yaml", "--out", "none/sheet.png")
    assert code == 1 and "none/sheet.png cannot be written" in text


def test_wrong_names_end_with_advice(synthkit, tmp_path):
    write_protocol(tmp_path, "{type: fnp}")
    code, text = synthkit("train", "tiny.yaml")
    assert code == 1 and "judge.type (tiny.yaml:" in text and "Did you mean 'fpn'" in text
    code, text = synthkit("train", "streets_smok")
    assert code == 1 and "Did you mean 'streets_smoke'" in text
