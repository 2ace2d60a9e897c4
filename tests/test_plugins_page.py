"""docs/plugins.md: its files make plugins that keep the contract, and configs that train."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BLOCKS = re.compile(r"^```(?:python|yaml)\n# (\S+\.(?:py|yaml))\n(.*?)^```", re.M | re.S)
CONFIGS = ("tiny.yaml", "film.yaml", "lesson.yaml")
TRAIN = """
import sys
import synthkit

short = ["train.steps=1", "train.validation_images=1", "train.dry_run=false", "model.losses.perceptual=null"]
for name in sys.argv[1:]:
    synthkit.train(synthkit.load_config(name, short), f"runs/{name}")
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder in which a reader has saved every file of the page."""
    folder = tmp_path_factory.mktemp("plugins_page")
    for name, content in BLOCKS.findall((ROOT / "docs" / "plugins.md").read_text("utf-8")):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")
    return folder


def run(folder: Path, *words: str) -> str:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "SYNTHKIT_PLUGIN_PATH": "my_plugins"}
    done = subprocess.run(
        [sys.executable, *words], cwd=folder, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_plugin_keeps_the_contract(folder):
    printed = run(folder, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests")
    assert re.search(r"^\d+ passed", printed, re.M), printed


def test_the_configs_train(folder):
    run(folder, "-c", TRAIN, *CONFIGS)
    assert {each.name for each in (folder / "runs").iterdir()} == set(CONFIGS)
    assert all((folder / "runs" / name / "report.html").is_file() for name in CONFIGS)
