"""The pages agree with the code: the reference, links, commands and configs."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
WRITE_REFERENCE = ROOT / "tools" / "write_reference.py"


def test_reference_is_fresh(tmp_path):
    page = tmp_path / "reference.md"
    subprocess.run([sys.executable, WRITE_REFERENCE, page], check=True, timeout=120)
    stale = page.read_text("utf-8") != (ROOT / "docs" / "reference.md").read_text("utf-8")
    assert not stale, "docs/reference.md is out of date: run `python tools/write_reference.py`"
