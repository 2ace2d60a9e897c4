"""Edges drawn: the lines of any drawing, its place beside the photo, and its size."""

import numpy as np
import pytest
import torch
from edge_samples import as_photo, photo, samples
from PIL import Image
from scipy import ndimage
from skimage.color import rgb2gray
from skimage.feature import canny

from synthkit.config import from_dict
from synthkit.data.check import check
from synthkit.data.check.sample import Needs
from synthkit.data.edges import drawing, find_lines, read_edges, resize_lines
from synthkit.data.export import Export
from synthkit.data.samples import Samples
from synthkit.data.transforms import PairedTransform
from synthkit.errors import DataError

LINES = np.zeros((6, 8), bool)
LINES[2, 1:7] = True
RGBA = np.zeros((6, 8, 4), np.uint8)
RGBA[..., 3] = LINES * 255


def draw(root):
    """A folder of drawings, white on black and black on white in turn; returns their lines."""
    (root / "train_edge").mkdir()
    lines = [canny(rgb2gray(photo(number)), sigma=2) for number in range(4)]
    for number, each in enumerate(lines):
        picture = drawing(each)[..., 0]
        Image.fromarray(picture if number % 2 else 255 - picture).save(root / "train_edge" / f"{number}.png")
    return lines


def test_drawings_are_taken_where_there_are_some(root):
    lines = draw(root)
    data = samples(root, edge={"detector": "dexined"})  # which is not asked for
    assert data.fields == ("edge",)
    for sample, expected in zip(data, lines, strict=True):
        assert np.array_equal(sample["edge"][0].numpy(), expected)


def test_drawings_move_with_the_photos(root):
    """A drawing that is the photo's own pattern still fits it after the crop and the flip."""
    (root / "train_edge").mkdir()
    for number in range(4):
        bright = photo(number)[..., 0] > np.quantile(photo(number)[..., 0], 0.7)
        Image.fromarray(np.where(bright, 255, 0).astype(np.uint8)).save(root / "train_edge" / f"{number}.png")
    data = samples(root, training=True, fields=("edge", "image"), transform={"crop": [32, 32], "flip": True})
    for number in range(4):
        threshold = np.quantile(photo(number)[..., 0], 0.7)
        sample = data[number]
        assert np.array_equal(sample["edge"][0].numpy() > 0, as_photo(sample["image"])[..., 0] > threshold)


def test_drawings_of_any_data_set_are_parted_into_lines():
    class Sketches:
        fields = ("edge",)

        def __len__(self):
            return 1

        def __getitem__(self, index):
            return {"name": "a", "edge": np.where(LINES, 0, 255).astype(np.uint8)}

    data = Samples(Sketches(), PairedTransform(), fields=("edge",), classes=None, ignore=None)
    assert np.array_equal(data[0]["edge"][0].numpy(), LINES)


def test_check_takes_photos_for_edges_and_reads_drawings(root):
    section = from_dict({"data": {"type": "folders", "root": str(root)}})["data"]
    needs = Needs(fields=("edge",))
    assert not check(section, ["train"], needs, workers=0).problems
    draw(root)
    (root / "train_edge" / "0.png").write_bytes(b"no image")
    report = check(section, ["train"], needs, workers=0)
    assert report.splits[0].fields == ("image", "edge")
    assert [(problem.kind, problem.place) for problem in report.problems] == [
        ("not an image", str(root / "train_edge" / "0.png"))
    ]


def test_drawings_are_exported(root, tmp_path):
    lines = draw(root)
    section = from_dict({"data": {"type": "folders", "root": str(root)}})["data"]
    list(Export(section, "train", tmp_path / "out").run(0))
    for number, expected in enumerate(lines):
        assert np.array_equal(read_edges(tmp_path / "out" / "train_edge" / f"{number}.png"), expected)


@pytest.mark.parametrize(
    "picture",
    [
        LINES,
        LINES.astype(np.uint8),
        LINES * np.uint8(255),
        (~LINES).astype(np.float64),
        np.where(LINES, 40, 200).astype(np.uint16),
        np.stack([~LINES * np.uint8(255)] * 3, -1),
        RGBA,
        RGBA[..., 2:],
    ],
    ids=["bool", "ids", "white on black", "float", "uint16", "rgb", "transparent", "grey transparent"],
)
def test_any_drawing_gives_its_lines(picture):
    assert np.array_equal(find_lines(picture, "x"), LINES)


def test_a_blank_picture_has_no_lines():
    for value in (0, 255):
        assert not find_lines(np.full((4, 4), value, np.uint8), "x").any()
    assert find_lines(np.ones((4, 4), bool), "x").all()


@pytest.mark.parametrize(
    ("picture", "message"),
    [
        (np.zeros((4, 4, 5)), "not 5 channels"),
        (np.full((4, 4), np.nan), "NaN or infinite"),
        (np.zeros(4), "needs shape"),
        (np.zeros((0, 3)), "needs shape"),
    ],
)
def test_what_is_no_drawing_is_refused(picture, message):
    with pytest.raises(DataError, match=f"sketch: .*{message}"):
        find_lines(picture, "sketch")


def test_files_of_drawings(tmp_path):
    for name, picture in (("a.png", RGBA), ("b.png", LINES * np.uint8(255))):
        Image.fromarray(picture).save(tmp_path / name)
    Image.fromarray(LINES).save(tmp_path / "c.png")  # of 1 bit
    np.save(tmp_path / "d.npy", LINES)
    for path in sorted(tmp_path.iterdir()):
        assert np.array_equal(read_edges(path), LINES), path


@pytest.mark.parametrize("size", [(30, 40), (15, 23), (120, 160), (60, 80)])
def test_resized_lines_are_thin_and_none_is_lost(size):
    lines = np.zeros((60, 80), bool)
    lines[20] = lines[:, 50] = True
    lines[np.arange(60), np.arange(60)] = True
    out = PairedTransform(resize=size)({"edge": lines})["edge"]
    assert out.shape == size and out.dtype == bool
    assert ndimage.label(out, np.ones((3, 3)))[1] == 1  # in one piece, as before
    blocks = ndimage.minimum_filter(out, (3, 3))
    assert not blocks.any()
    rows, columns = np.nonzero(lines)
    places = (rows * size[0] // 60, columns * size[1] // 80)
    near = ndimage.binary_dilation(out, np.ones((3, 3)), iterations=2)
    assert near[places].all()


def test_resize_lines_keeps_the_type():
    lines = torch.zeros(1, 8, 8, dtype=torch.uint8)
    lines[0, 3] = 1
    assert torch.equal(resize_lines(lines, 4, 4), torch.tensor([[[0], [1], [0], [0]]]).expand(1, 4, 4).byte())
