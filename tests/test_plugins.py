"""Finding and loading plugins. Each case runs in a fresh interpreter, in an untrusted current folder."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import synthkit

TOY = """
from synthkit.registry import GENERATORS

@GENERATORS.register_module("{name}/tiny")
class Tiny:
    def __init__(self, in_channels: int, channels: int = 3):
        self.channels = channels
"""


@pytest.fixture
def python(tmp_path):
    """Run code with $SYNTHKIT_PLUGIN_PATH; return its output, the last error line included."""
    here = tmp_path / "cwd"
    here.mkdir()
    (here / "lurking.py").write_text("open('canary', 'w')\n")

    def run(code, path="", packages="", bundled="/nowhere"):
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(Path(synthkit.__file__).parents[1]), str(packages)]).strip(
                os.pathsep
            ),
            "SYNTHKIT_PLUGIN_PATH": str(path),
        }
        # The plugins that come with synthkit import torch, which takes seconds.
        start = (
            "from pathlib import Path\nfrom synthkit import paths\n"
            f"paths.shipped = lambda folder: Path({str(bundled)!r})\nfrom synthkit import plugins\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", start + code], cwd=here, env=environment, capture_output=True, text=True
        )
        assert not (here / "canary").exists()
        return done.stdout + done.stderr.strip().rpartition("\n")[2]

    return run


BUILD = "from synthkit.registry import GENERATORS\nprint(GENERATORS.build({!r}, in_channels=1).channels)\n"
SHOW = """
for plugin in plugins.describe():
    if plugin.name in {!r}:
        print(plugin.name, plugin.version, plugin.components, plugin.state, sep="|")
"""


def folder(base, **files):
    base.mkdir(exist_ok=True)
    for name, text in files.items():
        (base / f"{name}.py").write_text(text)
    return base


def test_a_single_file_in_a_named_folder(python, tmp_path):
    toys = folder(tmp_path / "toys ü", toy=TOY.format(name="toy"), _helper="raise SystemError")
    assert python(BUILD.format("toy/tiny"), toys) == "3\n"
    assert python(f"plugins.add_path({str(toys)!r})\n" + BUILD.format("toy/tiny")) == "3\n"
    twice = f"{toys}{os.pathsep}{toys}/"
    assert python(SHOW.format(["toy", "_helper"]), twice) == "toy||['generators: toy/tiny']|ok\n"


def test_a_package_with_a_version(python, tmp_path):
    package = folder(tmp_path / "toys") / "toy"
    folder(
        package,
        __init__="__version__ = '2.1'\nfrom synthkit.plugins.toy import parts",
        parts=TOY.format(name="toy"),
    )
    assert python(BUILD.format("toy/tiny"), package.parent) == "3\n"
    assert python(SHOW.format(["toy"]), package.parent) == "toy|2.1|['generators: toy/tiny']|ok\n"


@pytest.mark.parametrize("path", ["", os.pathsep])
def test_the_current_folder_is_never_searched_by_itself(python, tmp_path, path):
    information = tmp_path / "cwd" / "lurking.egg-info"
    information.mkdir()
    (information / "PKG-INFO").write_text("Name: lurking\nVersion: 1\n")
    (information / "entry_points.txt").write_text("[synthkit.plugins]\nlurking = lurking\n")
    code = "import sys; print('' in sys.path, 'lurking' in plugins.sources())\n" + BUILD.format(
        "lurking/tiny"
    )
    output = python(code, path)
    assert output.startswith("True False\n")
    assert "lurking" not in output.split("plugins not loaded yet")[-1]
    assert python("print('lurking' in plugins.sources())", ".") == "True\n"


def test_missing_folders_are_named(python, tmp_path):
    missing = tmp_path / "nowhere"
    assert f"$SYNTHKIT_PLUGIN_PATH names '{missing}', which is not a folder" in python(
        "plugins.sources()", missing
    )
    assert "no such folder" in python(f"plugins.add_path({str(missing)!r})")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("import cv2_that_is_not_there", "ModuleNotFoundError: No module named 'cv2_that_is_not_there'"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("import sys; sys.exit()", "SystemExit"),
        ("def (", "SyntaxError"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("import synthkit.plugins.broken.no", "ModuleNotFoundError"),
        (
            "from synthkit.registry import GENERATORS\nGENERATORS.register_module('toy/x', module=dict)",
            "PluginError",
        ),
    ],
)
def test_a_broken_plugin_leaves_the_others_alone(python, tmp_path, text, reason):
    toys = folder(tmp_path / "toys", toy=TOY.format(name="toy"), broken=f"{text}\n")
    twice = """
for _ in range(2):
    try: plugins.load("broken")
    except plugins.PluginError as error: print(error)
print(list(plugins.failures()))
"""
    lines = python(twice + BUILD.format("toy/tiny"), toys).splitlines()
    assert lines[0] == lines[1]
    assert lines[0].startswith(f"plugin 'broken' failed to import: {reason}")
    assert lines[2:] == ["['broken']", "3"]
    shown = python(SHOW.format(["broken", "toy"]), toys).splitlines()
    assert shown[0].startswith(f"broken||[]|failed: {reason}")
    assert shown[1] == "toy||['generators: toy/tiny']|ok"


def test_what_a_plugin_registered_before_it_failed_is_not_used(python, tmp_path):
    toys = folder(tmp_path / "toys", half=TOY.format(name="half") + "\nimport cv2_that_is_not_there\n")
    code = "try: plugins.load('half')\nexcept Exception: pass\n"
    output = python(
        code
        + "from synthkit.registry import GENERATORS\nprint(GENERATORS.names())\n"
        + BUILD.format("half/tiny"),
        toys,
    )
    assert "half/tiny" not in output
    assert "plugin 'half' failed to import" in output


def test_one_name_in_two_places(python, tmp_path):
    one = folder(tmp_path / "one", toy=TOY.format(name="toy"), fine=TOY.format(name="fine"))
    two = folder(tmp_path / "two", toy=TOY.format(name="toy"))
    path = f"{one}{os.pathsep}{two}"
    output = python(BUILD.format("toy/tiny"), path)
    assert f"plugin 'toy' is in two places: {one / 'toy.py'} and {two / 'toy.py'}" in output
    assert python(BUILD.format("fine/tiny"), path) == "3\n"
    assert f"toy||[]|clash: {one / 'toy.py'} and {two / 'toy.py'}" in python(SHOW.format(["toy"]), path)


def test_names_that_would_break_something_are_refused(python, tmp_path):
    names = ["Toy", "load", "os", "user"]  # a module synthkit.plugins.load would replace the function
    toys = folder(tmp_path / "toys", **{name: TOY.format(name=name) for name in [*names, "toy"]})
    code = f"""
for name in {names!r}:
    try: plugins.load(name)
    except plugins.PluginError as error: print(error)
"""
    lines = python(code + BUILD.format("toy/tiny"), toys).splitlines()
    assert [("a plugin's name is made of a-z" in line) for line in lines] == [True] * 4 + [False]
    assert lines[4] == "3"


def test_bundled_plugins_have_synthkits_version(python, tmp_path):
    toys = folder(tmp_path / "toys", toy=TOY.format(name="toy"))
    code = "import synthkit; synthkit.__version__ = '9.8'\n" + SHOW.format(["toy"])
    assert python(code, bundled=toys) == "toy|9.8|['generators: toy/tiny']|ok\n"


def install(site, distribution, point, version="1.4"):
    information = site / f"{distribution}-{version}.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n"
    )
    (information / "entry_points.txt").write_text(f"[synthkit.plugins]\n{point}\n")


def test_an_installed_package(python, tmp_path):
    site = tmp_path / "site"
    install(site, "synthkit-toy", "toy = toy_package.synth")
    folder(site / "toy_package", __init__="")
    folder(
        site / "toy_package" / "synth",
        __init__="from toy_package.synth import parts",
        parts=TOY.format(name="toy"),
    )
    assert python(BUILD.format("toy/tiny"), packages=site) == "3\n"
    assert python(SHOW.format(["toy"]), packages=site) == "toy|1.4|['generators: toy/tiny']|ok\n"
    modules = ["toy_package.synth.x", "toy_package", "synthkit.nn", "synthkit.plugins.a.b"]
    owners = f"print([plugins.owner(module) for module in {modules!r}])"
    assert python(owners, packages=site) == "['toy', None, '', 'a']\n"
    toys = folder(tmp_path / "toys", toy=TOY.format(name="toy"))
    output = python(BUILD.format("toy/tiny"), toys, site)
    assert "is in two places" in output
    assert "synthkit-toy 1.4 (toy_package.synth)" in output
    assert str(toys) in output


def test_an_unknown_plugin(python, tmp_path):
    toys = folder(tmp_path / "toys", unreal=TOY.format(name="unreal"))
    assert "no plugin 'unrael'. Did you mean 'unreal'?" in python("plugins.load('unrael')", toys)
    code = """
from synthkit.registry import GENERATORS
try: GENERATORS.get("unrael/x")
except Exception as error: print(type(error).__name__, error)
"""
    output = python(code, toys)
    start = "ConfigError 'unrael/x' is not one of the generators. No plugin 'unrael'. Did you mean 'unreal'?"
    assert output.startswith(start)
    assert "plugins not loaded yet: unreal\n" in output
    assert output.rstrip().endswith("folders of plugins are named by --plugin-path or $SYNTHKIT_PLUGIN_PATH")
