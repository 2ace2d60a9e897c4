"""docs/tutorial.md, run as it stands but for fewer steps: every command, and the few lines of Python."""

import os
import re
import subprocess
import sys
from pathlib import Path

from PIL import Image

import synthkit

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
PYTHON = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def test_tutorial(tmp_path):
    """One test, since what it looks at takes a minute to make."""
    do_all_of_it(tmp_path)
    check_both_runs_learnt_and_are_listed(tmp_path)
    check_the_page_of_both_names_the_difference(tmp_path)
    check_pictures_are_there(tmp_path)


def do_all_of_it(folder: Path) -> None:
    """What a reader does; what the commands print goes to `printed.txt`."""
    script = "\n".join(re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL))
    script, count = re.subn("steps=200 train.validate_every=100", "steps=20 train.validate_every=10", script)
    assert count == 2
    assert script.count("synthkit ") == 10
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "120"}
    beginning = f'set -euo pipefail\nsynthkit() {{ "{sys.executable}" -m synthkit "$@"; }}\n'
    done = subprocess.run(
        ["bash", "-c", beginning + script],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=1500,
    )
    assert done.returncode == 0, done.stdout
    (folder / "printed.txt").write_text(done.stdout)
    (program,) = PYTHON
    subprocess.run([sys.executable, "-c", program], cwd=folder, env=environment, check=True, timeout=120)


def check_both_runs_learnt_and_are_listed(folder: Path) -> None:
    printed = (folder / "printed.txt").read_text()
    for name in ("full", "without_perceptual"):
        assert re.search(rf"^(runs/)?{name} +finished +20/20", printed, re.MULTILINE), printed
        cfg = synthkit.load_config(folder / "runs" / name / "config.yaml")
        assert (cfg["model"]["losses"]["perceptual"] is None) == (name == "without_perceptual")
    scores = [float(score) for score in re.findall(r"validation on \d+ images: l1 (\d\.\d+)", printed)]
    assert len(scores) == 4
    assert scores[1] < scores[0]


def check_the_page_of_both_names_the_difference(folder: Path) -> None:
    page = (folder / "compare.html").read_text()
    assert "model.losses.perceptual" in page
    assert "train.seed" not in page


def check_pictures_are_there(folder: Path) -> None:
    labels = {path.name for path in (folder / "photos" / "val_label").iterdir()}
    assert len(labels) == 40
    assert {path.name for path in (folder / "out").iterdir()} == labels
    first = Image.open(folder / "first.png")
    assert first.size == Image.open(folder / "photos" / "val_label" / "streets_val_00000.png").size
    assert first.tobytes() == Image.open(folder / "out" / "streets_val_00000.png").tobytes()
    assert (folder / "streets.png").stat().st_size > 10_000
