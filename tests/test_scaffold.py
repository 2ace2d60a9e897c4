"""`synthkit plugins new`: what it writes passes its test, trains and translates."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from synthkit import plugins, scaffold
from synthkit.cli import app
from synthkit.cli import plugins as _  # noqa: F401  (it registers the command)
from synthkit.errors import PluginError

ROOT = Path(__file__).parents[1]
SHORT = ("train.steps=2", "train.batch_size=1", "train.workers=0", "train.validation_images=1")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A new plugin's folder."""
    out = tmp_path_factory.mktemp("out")
    printed = CliRunner().invoke(app, ["plugins", "new", "mine_2", "--out", str(out)]).output
    assert f"plugin: {out / 'mine_2'}" in printed
    assert "synthkit --plugin-path . train configs/mine_2_streets_64.yaml" in printed
    return out / "mine_2"


def run(*arguments, cwd: Path, path: str = "") -> str:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), path]))}
    command = [sys.executable, "-m", *map(str, arguments)]
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_nothing_of_the_template_is_left(folder):
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) == 7
    for path in files:
        assert scaffold.PLACEHOLDER not in path.as_posix() + path.read_text(encoding="utf-8")


def test_it_passes_its_own_test(folder):
    printed = run("pytest", "-q", "-p", "no:cacheprovider", cwd=folder)
    assert " passed" in printed


def test_it_trains_and_translates(folder, tmp_path):
    """Two steps from its folder; then its run, as an installed plugin."""
    found = ("synthkit", "--plugin-path", folder)
    run(*found, "train", "configs/mine_2_streets_64.yaml", *SHORT, "--work-dir", tmp_path / "run", cwd=folder)
    label = tmp_path / "label.png"
    Image.new("L", (128, 64), 3).save(label)
    site = tmp_path / "site" / "mine_2-0.1.0.dist-info"
    site.mkdir(parents=True)
    (site / "METADATA").write_text("Metadata-Version: 2.1\nName: synthkit-mine_2\nVersion: 0.1.0\n")
    (site / "entry_points.txt").write_text("[synthkit.plugins]\nmine_2 = mine_2\n")
    path = os.pathsep.join([str(folder), str(site.parent)])
    out = tmp_path / "images"
    translate = ("translate", tmp_path / "run", out, "--label", label, "--instance", label)
    run("synthkit", *translate, cwd=tmp_path, path=path)
    assert Image.open(out / "label.png").size == (128, 64)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Mine", "made of a-z, 0-9 and _"),
        ("my-plugin", "made of a-z, 0-9 and _"),
        ("../mine", "made of a-z, 0-9 and _"),
        ("load", "not one that synthkit uses itself"),
        ("class", "a word of Python"),
        ("json", "there is a Python module 'json' already"),
        ("pix2pixhd", "there is a plugin 'pix2pixhd' already"),
        ("there", "is there already: choose another name, or another folder with --out"),
    ],
)
def test_names_that_are_taken_are_refused(tmp_path, name, message):
    (tmp_path / "there").mkdir()
    with pytest.raises(PluginError, match=message):
        scaffold.write(name, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["there"]
    assert name == "pix2pixhd" or name not in plugins.sources()


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(PluginError, match="cannot be written"):
        scaffold.write("mine_2", tmp_path / "file")
