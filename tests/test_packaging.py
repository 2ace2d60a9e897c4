"""What users get: the wheel, plugins as pip packages, and what the README tells them to write."""

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import synthkit

ROOT = Path(__file__).parents[1]
TINY = (
    *("train.steps=1", "train.batch_size=1", "train.workers=0", "train.validation_images=1"),
    "model.discriminator.channels=4",
)

PYPROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "synthkit-tinted"
version = "4.5"

[project.entry-points."synthkit.plugins"]
tinted = "tinted_networks"
"""


def run(*command, environment=None, cwd=None) -> str:
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, env=environment, cwd=cwd, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def readme_blocks(language: str) -> list[str]:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


@pytest.fixture
def plugin() -> str:
    """The README's first plugin: about a dozen lines."""
    (source,) = [block for block in readme_blocks("python") if "register_module" in block]
    assert len(list(filter(None, source.splitlines()))) <= 15
    return source


def test_wheel_carries_plugins_configs_and_the_template(tmp_path):
    pytest.importorskip("hatchling")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path, ROOT)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    for expected in (
        "synthkit/plugins/pix2pixhd/generator.py",
        "synthkit/configs/pix2pixhd/streets_128.yaml",
        "synthkit/configs/_base_/gan_adam.yaml",
        "synthkit/pages/report.html.j2",
        "synthkit/pretrained/streets/config.yaml",
        "synthkit/pretrained/streets/objects/objects.json",
        "synthkit/benchmarks/published.yaml",
        "synthkit/scaffold/plugin_name/pyproject.toml",
        "synthkit/scaffold/plugin_name/tests/test_plugin_name.py",
    ):
        assert expected in names
    assert not [name for name in names if name.startswith("tests") or ".synthkit-checkout" in name]
    assert all(name.startswith(("synthkit/", "synthkit-")) for name in names)


def test_single_file_plugin_of_the_readme(tmp_path, plugin):
    """Written to a folder, named by the variable, used from the README's YAML; then it translates."""
    (tmp_path / "my_plugins").mkdir()
    (tmp_path / "my_plugins" / "toy.py").write_text(plugin)
    (config,) = [block for block in readme_blocks("yaml") if "toy/tiny" in block]
    (tmp_path / "tiny.yaml").write_text(config)
    environment = {**os.environ, "SYNTHKIT_PLUGIN_PATH": "my_plugins", "PYTHONPATH": str(ROOT)}
    command = (sys.executable, "-m", "synthkit")
    listed = run(*command, "plugins", environment=environment, cwd=tmp_path)
    assert "generators: toy/tiny" in listed
    run(*command, "train", "tiny.yaml", *TINY, environment=environment, cwd=tmp_path)
    assert (tmp_path / "runs" / "tiny" / "report.html").is_file()


def test_plugin_as_an_installed_package(tmp_path, plugin):
    pytest.importorskip("hatchling")
    package, site = tmp_path / "package", tmp_path / "site"
    package.mkdir()
    (package / "pyproject.toml").write_text(
        PYPROJECT + '\n[tool.hatch.build.targets.wheel]\ninclude = ["*.py"]\n'
    )
    (package / "tinted_networks.py").write_text(plugin.replace("toy/tiny", "tinted/tiny"))
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps")
    run(*pip, "--no-build-isolation", "--target", site, package)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(site)])}
    command = (sys.executable, "-m", "synthkit")
    listed = run(*command, "plugins", environment=environment, cwd=tmp_path)
    assert re.search(r"^tinted 4\.5 +\[ok\]  synthkit-tinted 4\.5 \(tinted_networks\)", listed, re.MULTILINE)
    change = "model.generator={_delete_: true, type: tinted/tiny, channels: 4}"
    run(
        *command,
        "train",
        "pix2pixhd/streets_64",
        change,
        *TINY,
        environment=environment,
        cwd=tmp_path,
    )


def test_first_experiment_of_the_readme(tmp_path):
    (text,) = [block for block in readme_blocks("yaml") if "perceptual: null" in block]
    (tmp_path / "wide.yaml").write_text(text)
    cfg = synthkit.load_config(tmp_path / "wide.yaml")
    assert cfg["model"]["losses"]["perceptual"] is None
    assert cfg["model"]["generator"]["channels"] == 32
    assert cfg["train"]["steps"] == 500


@pytest.mark.parametrize("text", readme_blocks("yaml"))
def test_every_config_of_the_readme_resolves(tmp_path, text):
    (tmp_path / "config.yaml").write_text(text)
    cfg = synthkit.load_config(tmp_path / "config.yaml")
    assert cfg.keys() == {"model", "data", "train"}
    assert cfg["train"]["steps"] > 0


def test_plain_loop():
    program = "import runpy, sys; sys.argv = ['plain_train', 'pix2pixhd/streets_64', '1']\n"
    program += f"runpy.run_path({str(ROOT / 'tools' / 'plain_train.py')!r}, run_name='__main__')"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    printed = run(sys.executable, "-c", program, environment=environment)
    assert printed.startswith("1 gan ")
