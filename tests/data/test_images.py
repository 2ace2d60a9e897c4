import os
import struct
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image

from synthkit.data import images
from synthkit.data.images import read_ids, read_photo
from synthkit.errors import DataError

WIDE = [0, 1, 255, 256, 32767, 32768, 33001, 65535]


def png(path, size, depth, colour, rows, extra=b""):
    """A PNG from its specification, so that no encoder of Pillow's stands between the test and the bits."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", *size, depth, colour, 0, 0, 0)
    body = zlib.compress(b"".join(b"\0" + row for row in rows))
    chunks = chunk(b"IHDR", header) + extra + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunks)
    return path


def saved(array, path, mode=None, **options):
    image = Image.fromarray(np.asarray(array))
    (image if mode is None else image.convert(mode)).save(path, **options)
    return path


@pytest.mark.parametrize(
    ("depth", "row", "ids"),
    [
        (1, b"\x50", [0, 1, 0, 1]),
        (2, b"\x1b", [0, 1, 2, 3]),
        (4, b"\x01\x2f", [0, 1, 2, 15]),
        (8, bytes([0, 1, 254, 255]), [0, 1, 254, 255]),
        (16, struct.pack(">4H", 0, 255, 32768, 65535), [0, 255, 32768, 65535]),
    ],
)
def test_grey_png_of_any_depth_gives_its_ids(tmp_path, depth, row, ids):
    found = read_ids(png(tmp_path / "ids.png", (4, 1), depth, 0, [row]))
    assert found.tolist() == [ids]
    assert found.dtype == (np.int32 if depth == 16 else np.uint8)


@pytest.mark.parametrize(("depth", "row"), [(1, b"\x50"), (2, b"\x11"), (4, b"\x01\x01"), (8, b"\0\1\0\1")])
def test_palette_png_gives_indices(tmp_path, depth, row):
    body = bytes([200, 10, 10, 9, 9, 250])
    palette = struct.pack(">I", 6) + b"PLTE" + body + struct.pack(">I", zlib.crc32(b"PLTE" + body))
    path = png(tmp_path / "ids.png", (4, 1), depth, 3, [row], palette)
    assert read_ids(path).tolist() == [[0, 1, 0, 1]]
    assert read_photo(path).tolist() == [[[200, 10, 10], [9, 9, 250]] * 2]


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_16_bit_ids_are_exact(tmp_path, suffix):
    assert read_ids(saved(np.array([WIDE], np.uint16), tmp_path / f"ids.{suffix}")).tolist() == [WIDE]


def test_every_16_bit_id_is_exact(tmp_path):
    ids = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    np.testing.assert_array_equal(read_ids(saved(ids, tmp_path / "ids.png")), ids)


def test_32_bit_ids_are_exact(tmp_path):
    ids = [*WIDE, 2**24 + 1, 2**31 - 1]
    found = read_ids(saved(np.array([ids], np.int32), tmp_path / "ids.tif"))
    assert found.tolist() == [ids]
    assert found.dtype == np.int32


def test_interlaced_png(tmp_path):
    """The 2x2 image 1 2 / 3 4 in Adam7: passes 1, 6 and 7 hold a row each."""
    rows = [b"\x01", b"\x02", b"\x03\x04"]
    path = png(tmp_path / "ids.png", (2, 2), 8, 0, rows)
    content = bytearray(path.read_bytes())
    content[28] = 1  # the header's interlace method
    content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
    path.write_bytes(content)
    assert read_ids(path).tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA"])
def test_colour_is_refused_as_ids(tmp_path, mode):
    path = saved(np.zeros((2, 2, 3), np.uint8), tmp_path / "ids.png", mode)
    with pytest.raises(DataError, match=rf"ids.png.*one id per pixel.*mode {mode}.*palette PNG"):
        read_ids(path)


def test_jpeg_is_refused_as_ids(tmp_path):
    grey = np.zeros((8, 8), np.uint8)
    for path, options in ((tmp_path / "ids.jpg", {}), (tmp_path / "ids.tif", {"compression": "jpeg"})):
        with pytest.raises(DataError, match=f"{path.name}: JPEG changes pixel values"):
            read_ids(saved(grey, path, **options))


@pytest.mark.parametrize(
    ("mode", "colour"), [("L", [77] * 3), ("LA", [77] * 3), ("RGBA", [200, 30, 5]), ("RGB", [200, 30, 5])]
)
def test_photo_is_rgb_without_alpha(tmp_path, mode, colour):
    image = Image.new(mode, (3, 2), {1: 77, 2: (77, 0), 4: (200, 30, 5, 0), 3: (200, 30, 5)}[len(mode)])
    image.save(tmp_path / "a.png")
    photo = read_photo(tmp_path / "a.png")
    assert photo.shape == (2, 3, 3)
    assert photo.dtype == np.uint8
    assert (photo == colour).all()


@pytest.mark.filterwarnings("error")
def test_photo_with_a_half_transparent_palette(tmp_path):
    image = Image.new("P", (2, 1))
    image.putpalette([200, 10, 10, 9, 9, 250])
    image.putpixel((1, 0), 1)
    image.save(tmp_path / "a.png", transparency=bytes([0, 128]))
    assert read_photo(tmp_path / "a.png").tolist() == [[[200, 10, 10], [9, 9, 250]]]


def test_photo_is_turned_upright(tmp_path):
    image = Image.new("RGB", (3, 2))
    image.putpixel((0, 0), (255, 0, 0))
    exif = Image.Exif()
    exif[0x0112] = 6  # turn 90 degrees clockwise
    image.save(tmp_path / "a.png", exif=exif)
    photo = read_photo(tmp_path / "a.png")
    assert photo.shape == (3, 2, 3)
    assert photo[0, 1].tolist() == [255, 0, 0]


@pytest.mark.parametrize(("depth", "colour", "size"), [(16, 0, 2), (16, 2, 6), (16, 6, 8)])
def test_16_bit_photo_is_refused(tmp_path, depth, colour, size):
    path = png(tmp_path / "deep.png", (1, 1), depth, colour, [bytes(size)])
    with pytest.raises(
        DataError, match=r"deep.png: a photo needs 8 bits per channel, not mode (RGB|RGBA|I);16B"
    ):
        read_photo(path)


@pytest.mark.parametrize("read", [read_photo, read_ids])
def test_unreadable_files_are_named(tmp_path, read):
    whole = saved(np.random.default_rng(0).integers(0, 9, (64, 64), np.uint8), tmp_path / "whole.png")
    content = whole.read_bytes()
    flipped = bytearray(content)
    flipped[len(content) // 2] ^= 255
    for name, body, reason in (
        ("short.png", content[: len(content) // 2], "cannot be read"),
        ("header.png", content[:20], "cannot be read"),
        ("flipped.png", bytes(flipped), "cannot be read"),
        ("empty.png", b"", "it is empty"),
        ("text.png", b"hello", "it is none of PNG, JPEG"),
        ("script.png", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "it is none of PNG, JPEG"),
    ):
        (tmp_path / name).write_bytes(body)
        with pytest.raises(DataError, match=f"{name}.*{reason}"):
            read(tmp_path / name)
    with pytest.raises(DataError, match=r"gone.png: there is no such file"):
        read(tmp_path / "gone.png")
    os.mkfifo(tmp_path / "pipe.png")
    for path in (tmp_path, tmp_path / "pipe.png"):
        with pytest.raises(DataError, match=f"{path}: is a folder, pipe or device"):
            read(path)


@pytest.mark.parametrize("read", [read_photo, read_ids])
def test_a_tiff_that_pillow_does_not_know_is_called_one(tmp_path, read):
    for name, shape, kind in (("int64", (4, 4), "minisblack"), ("float32", (4, 4, 3), "rgb")):
        tifffile.imwrite(tmp_path / f"{name}.tif", np.zeros(shape, name), photometric=kind)
        with pytest.raises(DataError, match=f"{name}.tif: .*a TIFF of a depth or kind that holds no photo"):
            read(tmp_path / f"{name}.tif")


@pytest.mark.filterwarnings("error::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize(("side", "limit"), [(12_000, 2**27), (60_000, Image.MAX_IMAGE_PIXELS * 2)])
def test_bomb_is_refused_by_its_header(tmp_path, side, limit):
    path = png(tmp_path / "bomb.png", (side, side), 8, 0, [b"\0"])  # has no pixels: decoding would fail
    with pytest.raises(DataError, match=rf"bomb.png.*limit of {limit}"):
        read_ids(path)


def test_limit_can_be_set(tmp_path, monkeypatch):
    path = saved(np.zeros((4, 4), np.uint8), tmp_path / "a.png")
    monkeypatch.setattr(images, "MAX_PIXELS", 15)
    with pytest.raises(DataError, match="16 pixels are over the limit of 15"):
        read_ids(path)
    monkeypatch.setattr(images, "MAX_PIXELS", 16)
    assert read_ids(path).shape == (4, 4)


def test_unicode_and_spaces_in_paths(tmp_path):
    path = tmp_path / "Straße 東京 ß" / "ein Bild é.png"
    path.parent.mkdir()
    saved(np.full((2, 2), 7, np.uint8), path)
    assert (read_ids(str(path)) == 7).all()
    assert (read_photo(path) == 7).all()
