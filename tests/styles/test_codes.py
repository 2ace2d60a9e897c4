"""Style codes: found, stored, chosen."""

import pytest
import torch
from safetensors.torch import save_file

from synthkit.errors import CheckpointError
from synthkit.styles import Styles


def styles(**changes):
    parts = {
        "centres": {1: torch.tensor([[0.5, -1.0], [0.0, 1.0]]), 7: torch.tensor([[2.0, 2.0]])},
        "counts": {1: torch.tensor([5, 2]), 7: torch.tensor([3])},
        "origin": {"step": "12"},
    }
    return Styles(**{**parts, **changes})


def test_what_is_saved_is_loaded(tmp_path):
    styles().save(tmp_path)
    loaded = Styles.load(tmp_path)
    assert list(loaded.centres) == [1, 7] and loaded.origin == {"step": "12"} and loaded.width == 2
    for each in (1, 7):
        assert torch.equal(loaded.centres[each], styles().centres[each])
        assert torch.equal(loaded.counts[each], styles().counts[each])


def test_a_run_without_styles_says_how_to_find_them(tmp_path):
    with pytest.raises(CheckpointError, match="synthkit styles fit"):
        Styles.load(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        {"centres/1": torch.zeros(2, 3)},
        {"centres/1": torch.zeros(2, 3), "counts/1": torch.ones(3, dtype=torch.int64)},
        {"centres/1": torch.zeros(2, 3).double(), "counts/1": torch.ones(2, dtype=torch.int64)},
        {"centres/1": torch.full((2, 3), torch.nan), "counts/1": torch.ones(2, dtype=torch.int64)},
        {"centres/car": torch.zeros(2, 3), "counts/1": torch.ones(2, dtype=torch.int64)},
        {"other/1": torch.zeros(2, 3)},
        {},
    ],
)
def test_a_file_of_other_content_is_refused(tmp_path, content):
    (tmp_path / "styles").mkdir()
    save_file(content, tmp_path / "styles" / "styles.safetensors")
    with pytest.raises(CheckpointError):
        Styles.load(tmp_path)


def test_a_damaged_file_is_refused(tmp_path):
    path = styles().save(tmp_path)
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(CheckpointError, match=r"styles\.safetensors"):
        Styles.load(tmp_path)
