"""The command line as its users meet it."""

import subprocess
import sys
import time
import warnings

import pytest
from PIL import Image

from synthkit.cli import main


def synthkit(*arguments, **options) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "synthkit", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, **options)


@pytest.fixture
def failed(monkeypatch, capsys):
    """What a command that fails prints as its error, here in the test's process."""

    def run(*arguments) -> str:
        monkeypatch.setattr(sys, "argv", ["synthkit", *map(str, arguments)])
        monkeypatch.setattr(warnings, "formatwarning", warnings.formatwarning)
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 1
        return capsys.readouterr().err

    return run


def test_help_is_quick_and_imports_little():
    code = (
        "import sys; sys.argv = ['synthkit', '--help']\n"
        "from synthkit.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print({'torch', 'mmengine', 'timm', 'numpy'} & set(sys.modules))"
    )
    began = time.perf_counter()
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert time.perf_counter() - began < 3  # 0.3 s on an idle machine
    assert result.stdout.strip().endswith("set()")
    assert "translate" in result.stdout


def test_config_show_gives_origins():
    result = synthkit("config", "show", "pix2pixhd/streets_128", "train.steps=7")
    lines = {line.split()[0]: line for line in result.stdout.splitlines()}
    assert lines["train.steps"].split()[1:] == ["7", "command", "line"]
    assert "configs/_base_/pix2pixhd_small.yaml:" in lines["model.generator.channels"]
    assert "configs/pix2pixhd/streets_128.yaml:" in lines["data.size"]
    assert "[0.5, 0.999]" in lines["train.optimizer.betas"]


def test_data_show_draws_a_sheet(tmp_path):
    result = synthkit("data", "show", "pix2pixhd/streets_64", "--count", 2, "--out", tmp_path / "sheet.png")
    assert result.returncode == 0, result.stderr
    assert "2000 samples of label, instance, image; the first is 128x64" in result.stdout
    sheet = Image.open(tmp_path / "sheet.png")
    assert min(sheet.size) > 300
    assert len(sheet.getcolors(1 << 24)) > 1000


def test_plugins_are_listed():
    result = synthkit("plugins")
    assert "pix2pixhd" in result.stdout
    assert "generators: pix2pixhd/local" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "pix2pixhd/streets_12"], "Did you mean 'pix2pixhd/streets_128'"),
        (["train", "pix2pixhd/streets_64", "trian.steps=3"], "Did you mean 'train'"),
        (["train", "pix2pixhd/streets_64", "model.generator.type=os.system"], "'os.system' is not"),
        (["translate", "nowhere", "out", "--label", "nothing.png"], "no run folder nowhere"),
        (["translate", "nowhere", "out"], "nothing to translate"),
        (["runs", "nowhere"], "there is no folder nowhere"),
        (["compare", "nowhere"], "2 to 8 runs can be compared, not 1"),
        (["compare", "nowhere", "elsewhere"], "nowhere is no run folder"),
        (["--plugin-path", "nowhere", "plugins"], "no such folder"),
        (["data", "show", "pix2pixhd/camvid_192", "data.root=nowhere"], "there is no folder"),
    ],
)
def test_errors_are_one_message(tmp_path, monkeypatch, failed, arguments, message):
    monkeypatch.chdir(tmp_path)
    stderr = failed(*arguments)
    assert stderr.startswith("error: ")
    assert message in stderr


def test_an_error_is_all_that_is_printed():
    result = synthkit("train", "nowhere")
    assert result.returncode == 1
    assert result.stderr.startswith("error: ")
    assert "Traceback" not in result.stderr


def test_warnings_are_one_line_without_the_code():
    script = """
import sys, warnings
from synthkit import cli
from synthkit.errors import SynthkitWarning
sys.argv = ["synthkit", "--version"]
try:
    cli.main()
except SystemExit:
    warnings.warn("styles of step 1", SynthkitWarning)
    warnings.warn("of another package")
"""
    stderr = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True).stderr
    assert stderr.startswith("warning: styles of step 1\n")
    assert "<string>:10: UserWarning: of another package" in stderr


def test_missing_vgg19_says_what_to_do(tmp_path, monkeypatch, failed):
    monkeypatch.setenv("SYNTHKIT_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    stderr = failed("train", "pix2pixhd/cityscapes_512", "--work-dir", tmp_path / "run")
    assert str(tmp_path / "weights" / "vgg19-dcbb9e9d.pth") in stderr
    assert "model.losses.perceptual.backbone=efficientnet_lite0" in stderr
