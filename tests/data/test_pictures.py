"""Pictures for people: colours, contact sheets, legends."""

import numpy as np
import pytest
import torch
from PIL import Image

from synthkit.data.pictures import BACKGROUND, label_colours, legend, palette_for, sheet, stack, to_uint8

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
PRIMARY = np.array((RED, GREEN, BLUE), np.uint8)


def solid(height: int, width: int, colour=RED) -> np.ndarray:
    return np.broadcast_to(np.array(colour, np.uint8), (height, width, 3))


def size_of(image: Image.Image, colour) -> tuple[int, int]:
    """Width and height of the box around all pixels of a colour."""
    y, x = np.nonzero((np.asarray(image) == colour).all(-1))
    return int(np.ptp(x)) + 1, int(np.ptp(y)) + 1


def test_colours_of_300_classes_are_distinct():
    colours = palette_for(300).astype(float)
    apart = np.linalg.norm(colours[:, None] - colours[None], axis=-1)
    np.fill_diagonal(apart, np.inf)
    assert colours.shape == (300, 3)
    assert apart.min() >= 10
    assert np.linalg.norm(np.diff(colours, axis=0), axis=1).min() >= 60
    assert colours.max(1).min() >= 64  # black stays free for what has no class


def test_colours_of_few_classes_are_far_apart():
    colours = palette_for(12).astype(float)
    apart = np.linalg.norm(colours[:, None] - colours[None], axis=-1)
    assert apart[~np.eye(12, dtype=bool)].min() >= 48


def test_palettes_extend_one_another_and_belong_to_the_caller():
    palette_for(40)[:] = 0
    np.testing.assert_array_equal(palette_for(300)[:40], palette_for(40))
    assert palette_for(1).shape == (1, 3)
    assert palette_for(1).dtype == np.uint8


@pytest.mark.parametrize("count", [0, 301])
def test_palette_refuses_other_counts(count):
    with pytest.raises(ValueError, match=f"palette of {count} colours"):
        palette_for(count)


@pytest.mark.parametrize("kind", [np.uint8, np.int32, np.int64])
def test_label_colours_looks_up_ids_and_draws_others_black(kind):
    label = np.array([[0, 1, 2], [3, 255, 2]], kind)
    np.testing.assert_array_equal(
        label_colours(label, PRIMARY), [[RED, GREEN, BLUE], [(0, 0, 0), (0, 0, 0), BLUE]]
    )
    assert not label_colours(np.full((1, 1), -2), PRIMARY).any()


def test_label_colours_without_palette_leaves_255_black():
    coloured = label_colours(np.array([[0, 254, 255]], np.uint8))
    np.testing.assert_array_equal(coloured[0, :2], palette_for(255)[[0, 254]])
    assert not coloured[0, 2].any()


def test_boundaries_are_one_pixel_wide_and_darker():
    instance = np.zeros((6, 8), np.int32)
    instance[:, 4:] = 1000
    coloured = label_colours(np.zeros((6, 8), np.uint8), PRIMARY, instance)
    expected = solid(6, 8).copy()
    expected[:, 3] = (127, 0, 0)
    np.testing.assert_array_equal(coloured, expected)
    np.testing.assert_array_equal(
        label_colours(np.zeros((8, 6), np.uint8), PRIMARY, instance.T), expected.transpose(1, 0, 2)
    )


def test_a_long_legend_keeps_the_classes_that_have_pixels():
    names, palette = [f"class {number}" for number in range(182)], palette_for(182)
    shares = np.zeros(182)
    shares[[3, 150]] = 0.4, 0.6
    short, long = legend(names, palette, shares), legend(names, palette)
    assert short.height < long.height / 5
    found = {tuple(colour) for colour in np.asarray(short).reshape(-1, 3).tolist()}
    assert {tuple(palette[3].tolist()), tuple(palette[150].tolist())} <= found
    assert tuple(palette[4].tolist()) not in found


def test_to_uint8_gives_every_byte_back():
    pixels = np.arange(256, dtype=np.uint8).repeat(3).reshape(16, 16, 3)
    image = torch.from_numpy(pixels).permute(2, 0, 1).float() / 127.5 - 1
    np.testing.assert_array_equal(to_uint8(image), pixels)


def test_to_uint8_clips_rounds_and_takes_any_precision():
    image = torch.tensor([-3.0, -1 + 0.6 / 127.5, -1 + 0.4 / 127.5, 1.7]).expand(3, 1, 4)
    assert to_uint8(image)[0, :, 0].tolist() == [0, 1, 0, 255]
    assert to_uint8(image.bfloat16().requires_grad_())[0, 3].tolist() == [255, 255, 255]


def test_to_uint8_shows_sources_of_other_channels():
    image = torch.linspace(-1, 1, 5).reshape(5, 1, 1)
    assert to_uint8(image)[0, 0].tolist() == [0, 64, 128]
    assert to_uint8(image[3:])[0, 0].tolist() == [191, 191, 191]


def test_sheet_enlarges_small_images_by_whole_factors():
    checks = (np.indices((64, 128)).sum(0) % 2 * 255).astype(np.uint8)[..., None].repeat(3, 2)
    drawn = np.asarray(sheet([[checks, solid(64, 128)]], ["checks", "red"]))
    assert size_of(Image.fromarray(drawn), RED) == (384, 192)
    y, x = np.argwhere((drawn == RED).all(-1)).min(0)
    cell = drawn[y : y + 192, x - 384 - 10 : x - 10]
    np.testing.assert_array_equal(cell, checks.repeat(3, 0).repeat(3, 1))


def test_sheet_fits_different_sizes_into_equal_cells():
    rows = [[solid(256, 512, RED), None], [solid(1024, 1024, GREEN), solid(300, 100, BLUE)]]
    drawn = sheet(rows, ["one", "two"])
    assert size_of(drawn, GREEN) == (512, 512)
    assert size_of(drawn, RED) == (512, 256)
    assert size_of(drawn, BLUE) == (100, 300)


def test_sheet_writes_captions_that_fit():
    row = [solid(64, 64)]
    plain, captioned = sheet([row, row], ["a"]), sheet([row, row], ["a"], ["x", "a long name " * 99])
    assert captioned.height > plain.height
    assert captioned.width == plain.width
    assert (np.asarray(captioned)[:, -20:] == BACKGROUND).all()


def test_sheet_refuses_rows_that_do_not_fit_its_columns():
    with pytest.raises(ValueError, match="row 1 of the sheet has 1 images for 2 columns"):
        sheet([[solid(8, 8), solid(8, 8)], [solid(8, 8)]], ["a", "b"])
    with pytest.raises(ValueError, match="2 captions for 1 rows"):
        sheet([[solid(8, 8)]], ["a"], ["b", "c"])


def test_legend_shows_every_colour_and_wraps_into_columns():
    palette = palette_for(60)
    names = [f"class {number}" for number in range(60)]
    wide, narrow = legend(names, palette, width=960), legend(names, palette, width=300)
    for drawn in (wide, narrow):
        assert {tuple(colour) for colour in palette.tolist()} <= {c for _, c in drawn.getcolors(10**6)}
    assert (wide.width, narrow.width) == (960, 300)
    assert narrow.height > 2 * wide.height


def test_legend_keeps_to_its_width_with_long_names_and_shares():
    drawn = legend(["a long name " * 40, "b"], PRIMARY, [0.9999, 0.0001], width=400)
    assert (np.asarray(drawn)[:, -24:] == BACKGROUND).all()
    assert drawn.tobytes() != legend(["a long name " * 40, "b"], PRIMARY, [0.5, 0.5], width=400).tobytes()


def test_stack_puts_images_below_one_another():
    drawn = np.asarray(stack([Image.new("RGB", (4, 2), RED), Image.new("RGB", (6, 3), BLUE)]))
    assert drawn.shape == (5, 6, 3)
    assert (drawn[:2, :4] == RED).all()
    assert (drawn[:2, 4:] == BACKGROUND).all()
    assert (drawn[2:] == BLUE).all()
