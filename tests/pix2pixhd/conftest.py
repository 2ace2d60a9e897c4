"""Files of the original's, imported."""

from pathlib import Path

import pytest
import torch

from synthkit.importers import Source, import_file


@pytest.fixture
def bring(tmp_path):
    """`bring(state, kind, **options)`: the state dict in a file of the original's, imported into a run."""
    run = tmp_path / "run"

    def bring(state, kind="G", **options) -> Path:
        file = tmp_path / f"latest_net_{kind}.pth"
        torch.save(state, file, _use_new_zipfile_serialization=False)
        bring.told = import_file(Source("pix2pixhd", file, kind), run, **options)
        return run

    return bring
