"""What several tests share: the real samples beside the checkout, and the golden tensors."""

import json
import os
from pathlib import Path

import pytest

if "PYTEST_XDIST_WORKER" in os.environ:  # one thread each, said before torch counts the cores
    os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from safetensors import safe_open

TESTS = Path(__file__).parent
SHARED = TESTS.parents[1] / "shared"


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


@pytest.fixture
def shared_data() -> Path:
    """The folder of real samples; the test is skipped where it is absent."""
    if not (SHARED / "data").is_dir():
        pytest.skip("the real samples are not here")
    return SHARED / "data"


@pytest.fixture
def golden():
    """`golden("pix2pixhd/losses")` -> (tensors, the original constructor's values)."""

    def read(name: str) -> tuple[dict[str, torch.Tensor], dict]:
        for folder in (TESTS / "data" / "golden", SHARED / "reference"):
            path = folder / f"{name}.safetensors"
            if path.is_file():
                with safe_open(path, "pt") as file:
                    tensors = {key: file.get_tensor(key) for key in list(file.keys())}
                    return tensors, json.loads((file.metadata() or {}).get("config", "{}"))
        pytest.skip(f"{name} is not here")

    return read
