import numpy as np
import pytest
import torch
from PIL import Image

from synthkit.build import call
from synthkit.data.transforms import PairedTransform
from synthkit.errors import ConfigError, DataError
from synthkit.section import from_plain


def scene(height=24, width=40, seed=0):
    """A smooth image, and maps that hold its quantised red channel, so that alignment can be seen."""
    y, x = np.mgrid[:height, :width]
    red = (x * 255 // (width - 1)).astype(np.uint8)
    image = np.stack([red, (y * 255 // (height - 1)).astype(np.uint8), red // 2], -1)
    label = (red // 32).astype(np.uint8)
    return {
        "label": label,
        "instance": label * np.int32(1000) + 26,
        "image": image,
        "source": image,
        "name": "s",
    }


def test_nothing_to_do_changes_nothing():
    sample = scene()
    result = PairedTransform()(sample)
    for field in ("label", "instance", "image", "source"):
        np.testing.assert_array_equal(result[field], sample[field])


@pytest.mark.parametrize("size", [(12, 20), (8, 10), (7, 13), (48, 80), (31, 33)])
def test_resizing_equals_pillows(size):
    rng = np.random.default_rng(0)
    sample = scene() | {"image": rng.integers(0, 256, (24, 40, 3), np.uint8)}
    result = PairedTransform(resize=list(size))(sample)
    for field, method, tolerance in (
        ("label", Image.Resampling.NEAREST, 0),
        ("instance", Image.Resampling.NEAREST, 0),
        ("image", Image.Resampling.BICUBIC, 1),
    ):
        expected = np.asarray(Image.fromarray(sample[field]).resize(size[::-1], method))
        assert result[field].dtype == sample[field].dtype
        assert np.abs(result[field].astype(int) - expected).max() <= tolerance, field


def test_large_ids_stay_exact():
    ids = np.array([[0, 32768, 65535, 2**24 + 1], [2**31 - 1, 255, 33001, 2**24 + 3]], np.int32)
    result = PairedTransform(resize=[4, 8])({"instance": ids, "name": "s"})["instance"]
    np.testing.assert_array_equal(result, ids.repeat(2, 0).repeat(2, 1))


def test_scale_width_keeps_the_aspect():
    assert PairedTransform(scale_width=10)(scene(25, 40))["image"].shape == (6, 10, 3)
    assert PairedTransform(scale_width=80)(scene(25, 40))["label"].shape == (50, 80)


@pytest.mark.parametrize(
    ("size", "short", "expected"),
    [((25, 40), 10, (10, 16)), ((40, 25), 10, (16, 10)), ((7, 7), 21, (21, 21))],
)
def test_scale_short_keeps_the_aspect(size, short, expected):
    transform = PairedTransform(scale_short=short)
    assert transform(scene(*size))["image"].shape[:2] == expected
    assert transform.evaluation()(scene(*size))["label"].shape == expected


def test_resized_floats_are_cropped_and_flipped_with_the_rest():
    rows, columns = np.mgrid[:40, :60].astype(np.float32)
    source = np.stack([rows / 40, columns / 60], -1)
    sample = {"source": source, "image": np.zeros((40, 60, 3), np.uint8), "label": columns.astype(np.int32)}
    transform = PairedTransform(resize=[20, 30], crop=[8, 8], flip=True)
    for _ in range(8):
        found = transform(sample)
        assert found["source"].shape == (8, 8, 2) and found["image"].shape == (8, 8, 3)
        np.testing.assert_allclose(found["source"][..., 1] * 60, found["label"], atol=2)


def test_jitter_cuts_the_resized_size_out_of_a_larger_one():
    torch.manual_seed(0)
    rows = np.arange(32, dtype=np.int32).repeat(48).reshape(32, 48)
    transform = PairedTransform(resize=[16, 24], jitter=[32, 48])
    windows = [transform({"instance": rows})["instance"] for _ in range(40)]
    assert {window.shape for window in windows} == {(16, 24)}
    assert {(window[-1, 0] - window[0, 0]).item() for window in windows} == {15}, "at the larger scale"
    assert {window[0, 0].item() for window in windows} >= {0, 16}
    for whole in (transform.evaluation(), transform.validation()):
        assert np.array_equal(whole({"instance": rows})["instance"], rows[1::2, 1::2])
    for wrong in (dict(jitter=[8, 8]), dict(resize=[9, 9], jitter=[8, 8])):
        with pytest.raises(ValueError, match="jitter"):
            PairedTransform(**wrong)
    with pytest.raises(ValueError, match="no crop"):
        PairedTransform(resize=[8, 8], jitter=[9, 9], crop=[4, 4])


def test_photos_of_many_sizes_fit_one_crop():
    transform = PairedTransform(scale_short=20, crop=[20, 20], flip=True)
    for size in ((25, 40), (60, 21), (20, 20), (9, 33)):
        assert transform(scene(*size))["image"].shape == (20, 20, 3)


def test_floats_of_any_channels_are_not_rounded():
    source = np.random.default_rng(0).uniform(-1, 1, (24, 40, 6)).astype(np.float32)
    sample = scene() | {"source": source}
    torch.manual_seed(0)
    found = PairedTransform(crop=[8, 8], flip=True)(sample)["source"]
    rows = {row.tobytes() for row in source.reshape(-1, 6)}
    assert {row.tobytes() for row in found.reshape(-1, 6)} < rows
    resized = PairedTransform(resize=[12, 20])(sample)["source"]
    planes = [
        Image.fromarray(plane).resize((20, 12), Image.Resampling.BICUBIC)
        for plane in np.moveaxis(source, 2, 0)
    ]
    assert resized.dtype == np.float32
    np.testing.assert_allclose(resized, np.stack(planes, -1), atol=1e-5)


def test_resized_floats_stay_in_range():
    source = np.where(np.arange(8) < 4, -1, 1).astype(np.float32)[None, :, None].repeat(8, 0)
    resized = PairedTransform(resize=[16, 16])({"source": source, "name": "s"})["source"]
    assert np.abs(resized).max() == 1


def test_random_parts_move_all_fields_together():
    transform = PairedTransform(resize=[30, 60], crop=[16, 24], flip=True)
    flips, corners = set(), set()
    for seed in range(20):
        torch.manual_seed(seed)
        sample = transform(scene())
        assert {sample[field].shape[:2] for field in ("label", "instance", "image", "source")} == {(16, 24)}
        np.testing.assert_array_equal(sample["source"], sample["image"])
        np.testing.assert_array_equal(sample["instance"], sample["label"] * np.int32(1000) + 26)
        assert np.abs(sample["image"][..., 0] - (sample["label"] * 32.0 + 16)).max() <= 24
        flips.add(bool(sample["image"][0, 0, 0] > sample["image"][0, -1, 0]))
        corners.add(tuple(sample["image"][0, 0]))
    assert flips == {True, False}
    assert len(corners) > 10


def test_flip_mirrors_left_and_right():
    sample, results = scene(), set()
    for seed in range(8):
        torch.manual_seed(seed)
        found, given = PairedTransform(flip=True)(sample)["image"], sample["image"]
        results.add((np.array_equal(found, given), np.array_equal(found, given[:, ::-1])))
    assert results == {(True, False), (False, True)}


def test_crop_is_a_window_of_the_image():
    sample = {"label": np.arange(96, dtype=np.uint8).reshape(8, 12), "name": "s"}
    torch.manual_seed(0)
    window = PairedTransform(crop=[3, 5])(sample)["label"].astype(int)
    y, x = divmod(window[0, 0], 12)
    np.testing.assert_array_equal(window, sample["label"][y : y + 3, x : x + 5])


def test_evaluation_resizes_only():
    transform = PairedTransform(scale_width=20, crop=[4, 4], flip=True).evaluation()
    first, second = transform(scene()), transform(scene())
    assert first["image"].shape == (12, 20, 3)
    np.testing.assert_array_equal(first["image"], second["image"])


def test_validation_takes_the_middle_alone():
    transform, sample = PairedTransform(crop=[4, 4], flip=True, validation_crop=[12, 20]), scene()
    window = transform.validation()(sample)
    for field in ("label", "image"):
        np.testing.assert_array_equal(window[field], sample[field][6:18, 10:30])
    assert transform.evaluation()(sample)["image"].shape == (24, 40, 3)
    with pytest.raises(DataError, match=r"s: validation_crop \[32, 8\].*data.transform.validation_crop"):
        PairedTransform(validation_crop=[32, 8]).validation()(sample)


def test_too_large_a_crop_names_the_sample_and_both_sizes():
    with pytest.raises(DataError, match=r"s: crop \[32, 32\].*\[24, 40\].*data.transform.crop"):
        PairedTransform(crop=[32, 32])(scene())


@pytest.mark.parametrize(
    ("section", "reason"),
    [
        ({"resize": [8, 8], "scale_width": 8}, "exclude each other"),
        ({"scale_short": 8, "scale_width": 8}, "exclude each other"),
        ({"scale_short": 0}, "scale_short: at least 1 pixel"),
        ({"resize": [8]}, r"resize: \[height, width\]"),
        ({"resize": [0, 8]}, "resize: at least 1 pixel"),
        ({"scale_width": 0}, "scale_width: at least 1 pixel"),
        ({"crop": [8, -8]}, "crop: at least 1 pixel"),
        ({"resize": [8, 8], "crop": [9, 8]}, r"crop \[9, 8\] is larger than resize \[8, 8\]"),
        ({"resize": [8, 8], "validation_crop": [9, 8]}, r"validation_crop \[9, 8\] is larger than resize"),
        ({"resize": "8x8"}, "data.transform.resize"),
        ({"flip": "sometimes"}, "data.transform.flip"),
        ({"rotate": 90}, "data.transform.rotate"),
    ],
)
def test_nonsense_is_a_config_error(section, reason):
    with pytest.raises(ConfigError, match=reason):
        call(PairedTransform, from_plain(section, "data.transform"))
