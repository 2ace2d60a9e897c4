"""A folder of photos with edges."""

import pytest
from edge_samples import photo
from PIL import Image


@pytest.fixture
def root(tmp_path):
    (tmp_path / "train_img").mkdir()
    for number in range(4):
        Image.fromarray(photo(number)).save(tmp_path / "train_img" / f"{number}.png")
    return tmp_path
