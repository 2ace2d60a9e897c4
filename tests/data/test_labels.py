"""Label maps as colours, and as other ids than the model's."""

import numpy as np
import pytest
from PIL import Image

from synthkit.build import call
from synthkit.data.labels import LabelReader
from synthkit.errors import ConfigError, DataError
from synthkit.section import from_plain

COLOURS = [[0, 0, 0], [128, 64, 128], [255, 255, 255], [128, 64, 0]]


@pytest.fixture
def drawn(tmp_path):
    """A colour map, and the ids it stands for."""
    ids = np.random.default_rng(0).integers(0, 4, (9, 11))
    Image.fromarray(np.array(COLOURS, np.uint8)[ids]).save(tmp_path / "map.png")
    return tmp_path / "map.png", ids


def test_ids_pass_as_they_are(tmp_path):
    ids = np.array([[0, 255, 7]], np.uint8)
    Image.fromarray(ids).save(tmp_path / "a.png")
    np.testing.assert_array_equal(LabelReader()(tmp_path / "a.png"), ids)


def test_colours_become_their_row(drawn):
    path, ids = drawn
    np.testing.assert_array_equal(LabelReader(colours=COLOURS)(path), ids)
    Image.open(path).quantize(4).save(path)  # the same colours by way of a palette in another order
    np.testing.assert_array_equal(LabelReader(colours=COLOURS)(path), ids)
    Image.open(path).convert("RGBA").save(path)
    np.testing.assert_array_equal(LabelReader(colours=COLOURS)(path), ids)


def test_several_colours_of_one_id(drawn):
    path, ids = drawn
    found = LabelReader(colours=COLOURS, ids={0: 255, 1: 0, 2: 1, 3: 0})(path)
    np.testing.assert_array_equal(found, np.array([255, 0, 1, 0])[ids])


def test_ids_by_a_table(tmp_path):
    Image.fromarray(np.array([[7, 8, 65535]], np.uint16)).save(tmp_path / "a.png")
    assert LabelReader(ids={7: 0, 8: 1, 65535: 2})(tmp_path / "a.png").tolist() == [[0, 1, 2]]
    assert LabelReader(ids={7: 0}, unknown=255)(tmp_path / "a.png").tolist() == [[0, 255, 255]]
    with pytest.raises(DataError, match=r"a.png: id 65535 at x=2, y=0 is in no row of data.labels"):
        LabelReader(ids={7: 0, 8: 1})(tmp_path / "a.png")


def test_an_unknown_colour_is_named_with_its_pixel(drawn):
    path, ids = drawn
    y, x = np.argwhere(ids == 3)[0]
    with pytest.raises(DataError, match=rf"map.png: colour \[128, 64, 0\] at x={x}, y={y} is in no row"):
        LabelReader(colours=COLOURS[:3])(path)
    np.testing.assert_array_equal(
        LabelReader(colours=COLOURS[:3], unknown=9)(path), np.where(ids == 3, 9, ids)
    )


def test_jpeg_holds_no_colours_of_labels(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "a.jpg")
    with pytest.raises(DataError, match=r"a.jpg: JPEG changes pixel values"):
        LabelReader(colours=COLOURS)(tmp_path / "a.jpg")


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"colours": [[0, 0, 0], [1, 2, 3], [0, 0, 0]]}, r"row 2 repeats \[0, 0, 0\]"),
        ({"colours": [[0, 0]]}, "row 0"),
        ({"colours": [[0, 0, 256]]}, "row 0 .* in 0..255"),
        ({"colours": []}, "at least one row"),
        ({"ids": {}}, "at least one row"),
        ({"ids": {7: -1}}, "new id -1 is negative"),
        ({"ids": {0: 1}, "unknown": -1}, "new id -1 is negative"),
        ({"colours": COLOURS, "ids": {0: 1}}, "row 1 of colours has no id"),
        ({"unknown": 3}, "colours or ids must be given"),
        ({"ids": {"7": 1}}, "data.labels.ids"),
        ({"colors": COLOURS}, "Did you mean 'colours'"),
    ],
)
def test_nonsense_is_a_config_error(section, message):
    with pytest.raises(ConfigError, match=message):
        call(LabelReader, from_plain(section, "data.labels"))
