"""Sources keep every value of their files, whatever the channels and the depth."""

import random
import struct
import zlib

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image

from synthkit.build import call
from synthkit.data import images
from synthkit.data.sources import SourceFormat, read_source, source_array, source_image
from synthkit.errors import ConfigError, DataError
from synthkit.section import from_plain

SHAPES = [(5, 7), (5, 7, 2), (5, 7, 3), (5, 7, 4)]
TYPES = [np.uint8, np.uint16, np.int16, np.int32, np.float16, np.float32, np.float64]


def values(shape, dtype):
    """All of the type's range, both ends included."""
    rng, kind = np.random.default_rng(0), np.dtype(dtype)
    if kind.kind == "f":
        return rng.normal(0, 100, shape).astype(dtype)
    array = rng.integers(np.iinfo(kind).min, np.iinfo(kind).max, shape, dtype, endpoint=True)
    array.flat[:2] = np.iinfo(kind).min, np.iinfo(kind).max
    return array


def chunk(kind, body):
    """One chunk of a PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def same(path, array):
    found = read_source(path)
    assert found.dtype == array.dtype.newbyteorder("=")
    np.testing.assert_array_equal(found, np.atleast_3d(array))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("shape", SHAPES)
def test_png_of_1_to_4_channels_in_8_and_16_bit(tmp_path, shape, dtype):
    array = values(shape, dtype)
    (tmp_path / "a.png").write_bytes(imagecodecs.png_encode(array))
    same(tmp_path / "a.png", array)


def test_interlaced_png_of_16_bit_colour(tmp_path):
    """2x2 pixels in Adam7, from the specification: passes 1, 6 and 7 hold a row each."""
    array = values((2, 2, 3), np.uint16)
    big = array.astype(">u2")
    passes = b"".join(b"\0" + row.tobytes() for row in (big[0, 0], big[0, 1], big[1]))
    header = struct.pack(">IIBBBBB", 2, 2, 16, 2, 0, 0, 1)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(passes)) + chunk(b"IEND", b"")
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + body)
    same(tmp_path / "a.png", array)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("compression", [None, "lzw", "deflate", "zstd"])
def test_tiff_of_any_type_layout_and_compression(tmp_path, dtype, compression):
    bands = values((5, 6, 7), dtype)
    for number, (array, layout, expected) in enumerate(
        [
            (bands[0], {}, bands[0]),
            (
                np.ascontiguousarray(np.moveaxis(bands, 0, 2)),
                {"planarconfig": "contig"},
                np.moveaxis(bands, 0, 2),
            ),
            (bands, {"planarconfig": "separate"}, np.moveaxis(bands, 0, 2)),
            (bands, {}, np.moveaxis(bands, 0, 2)),  # one page per channel
            (bands[0], {"byteorder": ">"}, bands[0]),
        ]
    ):
        path = tmp_path / f"{number}.tif"
        tifffile.imwrite(path, array, photometric="minisblack", compression=compression, **layout)
        same(path, expected)


@pytest.mark.parametrize("dtype", [*TYPES, ">u2", ">f4"])
@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 1), (5, 7, 9)])
def test_npy(tmp_path, shape, dtype):
    array = values(shape, np.dtype(dtype).newbyteorder("=")).astype(dtype)
    np.save(tmp_path / "a.npy", np.asfortranarray(array))
    same(tmp_path / "a.npy", array)


def test_a_photo_is_three_channels_and_a_mask_is_white_on_black(tmp_path):
    photo = values((5, 7, 3), np.uint8)
    Image.fromarray(photo).quantize(8).save(tmp_path / "palette.png")
    assert read_source(tmp_path / "palette.png").shape == (5, 7, 3)
    Image.fromarray(photo).save(tmp_path / "a.jpg")
    assert read_source(tmp_path / "a.jpg").shape == (5, 7, 3)
    mask = photo[..., 0] > 99
    Image.fromarray(mask).save(tmp_path / "mask.png")
    np.save(tmp_path / "mask.npy", mask)
    for path in (tmp_path / "mask.png", tmp_path / "mask.npy"):
        np.testing.assert_array_equal(read_source(path)[..., 0], mask * np.uint8(255))


def test_pil_images_and_arrays_are_read_like_files():
    array = values((5, 7, 4), np.uint8)
    np.testing.assert_array_equal(source_image(Image.fromarray(array)), array)
    deep = values((5, 7), np.uint16)
    np.testing.assert_array_equal(source_image(Image.fromarray(deep))[..., 0], deep)
    for wrong in (np.zeros(3), np.zeros((2, 2, 2, 2)), np.zeros((0, 4)), np.zeros((2, 2), complex), "text"):
        with pytest.raises(DataError, match="here: a source needs shape"):
            source_array(wrong, "here")


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16])
def test_whole_range_of_an_integer_type_is_the_default(dtype):
    array = values((5, 7, 2), dtype)
    limits = np.iinfo(dtype)
    expected = (array.astype(np.longdouble) - limits.min) / (int(limits.max) - limits.min) * 2 - 1
    scaled = SourceFormat(channels=2).scale(array, "here")
    assert scaled.dtype == np.float32
    assert (scaled.min(), scaled.max()) == (-1, 1)
    np.testing.assert_allclose(scaled, expected.astype(np.float64), rtol=0, atol=1e-7)


def test_a_range_is_mapped_linearly():
    depth = np.array([[0.5, 10.5, 20.5]], np.float32)
    assert SourceFormat(1, [0.5, 20.5]).scale(depth, "here")[0, :, 0].tolist() == [-1, 0, 1]
    assert SourceFormat(1, (0, 4095)).scale(np.array([[4095]], np.int64), "here").item() == 1


def test_grey_is_repeated_where_rgb_is_wanted():
    grey = values((5, 7), np.uint8)
    scaled = SourceFormat(3).scale(grey, "here")
    assert scaled.shape == (5, 7, 3)
    assert (scaled == SourceFormat(1).scale(grey, "here")).all()


@pytest.mark.parametrize(
    ("form", "array", "message"),
    [
        (
            {"channels": 3},
            np.zeros((2, 2, 4), np.uint8),
            "has 4 channels, and the model wants 3: set .* to 4",
        ),
        ({"channels": 3}, np.zeros((2, 2, 2), np.uint8), "has 2 channels"),
        ({"channels": 1}, np.zeros((2, 2, 3), np.uint8), "has 3 channels, and the model wants 1"),
        ({}, np.full((2, 2), 2.5), r"float64 needs the range.*source.range: \[low, high\].*2.5 to 2.5"),
        ({}, np.full((2, 2), np.nan), "no finite value"),
        ({}, np.zeros((2, 2), np.int32), "int32 needs the range"),
        ({"range": [0, 9]}, np.array([[0, 9], [3, 10]]), "value 10 at x=1, y=1, channel 0 .* 0 to 9"),
        ({"range": [0, 1]}, np.array([[0.0, np.nan]]), "value nan at x=1, y=0"),
        ({"range": [0, 1]}, np.array([[-np.inf, 0.0]]), "value -inf at x=0, y=0"),
    ],
)
def test_values_that_are_refused(form, array, message):
    with pytest.raises(DataError, match=f"here: .*{message}"):
        SourceFormat(**form).scale(array, "here")


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"channels": 0}, "channels is 0"),
        ({"range": [1, 1]}, "range is .*low < high"),
        ({"range": [0, float("inf")]}, "finite"),
        ({"range": [0, 1, 2]}, r"must be \[low, high\]"),
        ({"range": "0..1"}, "source.range"),
    ],
)
def test_nonsense_is_a_config_error(section, message):
    with pytest.raises(ConfigError, match=message):
        call(SourceFormat, from_plain(section, "model.inputs.source"))


def test_a_pickle_is_never_loaded(tmp_path):
    class Canary:
        def __reduce__(self):
            return (open, (str(tmp_path / "canary"), "w"))

    np.save(tmp_path / "bad.npy", np.array([[Canary()]], object), allow_pickle=True)
    with pytest.raises(DataError, match=r"bad.npy: cannot be read"):
        read_source(tmp_path / "bad.npy")
    assert not (tmp_path / "canary").exists()


def test_bombs_are_refused_by_their_headers(tmp_path, monkeypatch):
    with (tmp_path / "bomb.npy").open("wb") as file:
        header = {"descr": "|u1", "fortran_order": False, "shape": (2**14, 2**14)}
        np.lib.format.write_array_header_1_0(file, header)
        file.truncate(2**28 + 1000)  # a hole: nothing is written
    with pytest.raises(DataError, match=rf"bomb.npy: {2**28} pixels are over the limit"):
        read_source(tmp_path / "bomb.npy")
    array = values((64, 64, 3), np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", array, photometric="rgb")
    (tmp_path / "a.png").write_bytes(imagecodecs.png_encode(array))
    monkeypatch.setattr(images, "MAX_PIXELS", 64 * 64)
    same(tmp_path / "a.png", array)
    with pytest.raises(DataError, match=r"a.tif: 4096 pixels of 6 bytes are over"):
        read_source(tmp_path / "a.tif")
    monkeypatch.setattr(images, "MAX_PIXELS", 64 * 64 - 1)
    with pytest.raises(DataError, match=r"a.png: 4096 pixels are over the limit of 4095"):
        read_source(tmp_path / "a.png")


@pytest.mark.parametrize(
    "option", [{"photometric": "miniswhite"}, {"colormap": np.zeros((3, 256), np.uint16)}]
)
def test_tiffs_without_plain_values(tmp_path, option):
    tifffile.imwrite(tmp_path / "a.tif", values((5, 7), np.uint8), **option)
    with pytest.raises(DataError, match=r"a.tif: a TIFF of kind (MINISWHITE|PALETTE)"):
        read_source(tmp_path / "a.tif")


def test_a_turned_deep_png(tmp_path):
    exif = Image.Exif()
    exif[274] = 6
    content = imagecodecs.png_encode(values((5, 7, 3), np.uint16))
    (tmp_path / "a.png").write_bytes(content[:33] + chunk(b"eXIf", exif.tobytes()[6:]) + content[33:])
    with pytest.raises(DataError, match=r"a.png: is stored turned \(orientation 6\)"):
        read_source(tmp_path / "a.png")


def test_turned_and_stacked_tiffs(tmp_path):
    tifffile.imwrite(tmp_path / "turned.tif", values((5, 7), np.uint8), extratags=[(274, 3, 1, 6, True)])
    with pytest.raises(DataError, match="turned.tif: is stored turned"):
        read_source(tmp_path / "turned.tif")
    tifffile.imwrite(tmp_path / "stack.tif", values((2, 5, 7, 3), np.uint8), photometric="rgb")
    with pytest.raises(DataError, match="stack.tif: holds an array of axes"):
        read_source(tmp_path / "stack.tif")


def damaged(content: bytes, rng: random.Random) -> bytes:
    """Cut short, or with a few bytes changed, mostly in the header."""
    if rng.random() < 0.2:
        return content[: rng.randrange(len(content))]
    changed = bytearray(content)
    for _ in range(rng.choice([1, 2, 4])):
        place = rng.randrange(min(300, len(changed)) if rng.random() < 0.7 else len(changed))
        changed[place] = rng.choice([0, 255, rng.randrange(256)])
    return bytes(changed)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["a.png", "plain.tif", "tiles.tif", "a.npy"])
def test_damaged_files_raise_nothing_else(tmp_path, name, monkeypatch):
    monkeypatch.setattr(images, "MAX_PIXELS", 2**22)  # what passes for large, so that the test stays small
    array, rng, messages = values((24, 32, 3), np.uint16), random.Random(name), []
    (tmp_path / "a.png").write_bytes(imagecodecs.png_encode(array))
    tifffile.imwrite(tmp_path / "plain.tif", array, photometric="rgb")
    tifffile.imwrite(tmp_path / "tiles.tif", array, photometric="rgb", tile=(16, 16), compression="lzw")
    np.save(tmp_path / "a.npy", array)
    content = (tmp_path / name).read_bytes()
    for _ in range(100):
        (tmp_path / name).write_bytes(damaged(content, rng))
        try:
            read_source(tmp_path / name)
        except DataError as error:
            messages.append(str(error))
    assert len(messages) > 10
    assert all(message.startswith(str(tmp_path / name)) for message in messages)
