"""`synthkit plugins new`: what it writes passes its test, trains and translates."""

import os
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from synthkit import plugins, scaffold
from synthkit.cli import app
from synthkit.cli import plugins as _  # noqa: F401  (it registers the command)
from synthkit.errors import PluginError

ROOT = Path(__file__).parents[1]
SHORT = (
    "train.steps=2",
    "train.batch_size=1",
    "train.workers=0",
    "train.validation_images=1",
    "train.dry_run=false",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A new plugin's folder."""
    out = tmp_path_factory.mktemp("out")
    printed = CliRunner().invoke(app, ["plugins", "new", "mine_2", "--out", str(out)]).output
    assert f"plugin: {out / 'mine_2'}" in printed
    assert "synthkit --plugin-path . train configs/mine_2_streets_64.yaml" in printed
    return out / "mine_2"


@pytest.fixture
def site(tmp_path) -> Path:
    """What `pip install` adds for the plugin to a folder of packages."""
    information = tmp_path / "site" / "mine_2-0.1.0.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: synthkit-mine_2\nVersion: 0.1.0\n")
    (information / "entry_points.txt").write_text("[synthkit.plugins]\nmine_2 = mine_2\n")
    return information.parent


def python(*arguments, cwd: Path, path: Iterable[Path] = ()) -> str:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, [ROOT, *path]))}
    command = [sys.executable, *map(str, arguments)]
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_nothing_of_the_template_is_left(folder):
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) == 7
    for path in files:
        assert scaffold.PLACEHOLDER not in path.as_posix() + path.read_text(encoding="utf-8")


def test_it_passes_its_own_test(folder):
    assert " passed" in python("-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=folder)


def test_it_trains_in_its_folder_and_translates_when_installed(folder, site, tmp_path):
    train = ("train", "configs/mine_2_streets_64.yaml", *SHORT, "--work-dir", tmp_path / "run")
    python("-m", "synthkit", "--plugin-path", ".", *train, cwd=folder)
    label, out = tmp_path / "label.png", tmp_path / "images"
    Image.new("L", (128, 64), 3).save(label)
    translate = ("translate", tmp_path / "run", out, "--label", label, "--instance", label)
    python("-m", "synthkit", *translate, cwd=tmp_path, path=[folder, site])
    assert Image.open(out / "label.png").size == (128, 64)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Mine", "made of a-z, 0-9 and _"),
        ("my-plugin", "made of a-z, 0-9 and _"),
        ("../mine", "made of a-z, 0-9 and _"),
        ("load", "not one that synthkit uses itself"),
        ("class", "a word of Python"),
        ("mine_", "ends in _"),
        ("tests", "what another folder of a plugin is called"),
        ("a" * 300, "cannot be written: .*name too long"),
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


def test_a_folder_of_the_name_is_no_module(tmp_path, monkeypatch):
    """Where the current folder is on the path, as with `python -m synthkit`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "mine_2").mkdir()
    with pytest.raises(PluginError, match="mine_2 is there already"):
        scaffold.write("mine_2", "")


def test_it_requires_nothing_of_pypi(folder):
    """Where another package is called synthkit."""
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert not project["dependencies"]


def test_a_path_with_spaces_can_be_pasted(tmp_path):
    out = tmp_path / "my plugins"
    printed = CliRunner().invoke(app, ["plugins", "new", "mine_2", "--out", str(out)]).output
    assert f"cd '{out / 'mine_2'}'\n" in printed


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(PluginError, match="cannot be written"):
        scaffold.write("mine_2", tmp_path / "file")
