"""Edges: detected in the photo as training sees it, or drawn; the detectors."""

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import ndimage
from skimage.color import rgb2gray
from skimage.feature import canny

from synthkit import weights
from synthkit.config import from_dict
from synthkit.data import open_data
from synthkit.data.check import check
from synthkit.data.check.sample import Needs
from synthkit.data.edges import drawing, find_lines, read_edges, resize_lines
from synthkit.data.edges.dexined import FILE, DexiNed
from synthkit.data.export import Export
from synthkit.data.loader import batches
from synthkit.data.pictures import drawn_lines
from synthkit.data.samples import Samples
from synthkit.data.show import contact_sheet
from synthkit.data.transforms import PairedTransform
from synthkit.errors import ConfigError, DataError, SynthkitError
from synthkit.inputs import EdgeInput, build_inputs, sample_checks
from synthkit.registry import DETECTORS


def photo(seed, height=60, width=80):
    """Overlapping rectangles of random colours: edges, and some noise."""
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 30, (height, width, 3))
    for _ in range(6):
        top, left = rng.integers(0, height - 12), rng.integers(0, width - 12)
        image[top : top + 30, left : left + 25] += rng.integers(0, 110, 3)
    return image.clip(0, 255).astype(np.uint8)


@pytest.fixture
def root(tmp_path):
    (tmp_path / "train_img").mkdir()
    for number in range(4):
        Image.fromarray(photo(number)).save(tmp_path / "train_img" / f"{number}.png")
    return tmp_path


def samples(root, *, training=False, edge=None, fields=("edge",), **keys):
    section = from_dict({"data": {"type": "folders", "root": str(root), **keys}})["data"]
    checks = sample_checks(build_inputs({"edge": edge or {}}))
    return open_data(section, "train", training=training, fields=fields, seed=3, **checks)


def as_photo(image):
    return ((image + 1) * 127.5).round().byte().permute(1, 2, 0).numpy()


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("sigma", [1.0, 2.0])
def test_edges_are_cannys_of_the_photo_that_training_sees(root, training, sigma):
    """So resized, cropped and flipped photos have their own thin edges."""
    transform = {"resize": [48, 64], "crop": [32, 32], "flip": True}
    detector = {"type": "canny", "sigma": sigma, "low": 0.02, "high": 0.2}
    for sample in samples(root, training=training, edge={"detector": detector}, transform=transform):
        grey = rgb2gray(as_photo(sample["image"]))
        expected = canny(grey, sigma=sigma, low_threshold=0.02, high_threshold=0.2)
        assert sample["edge"].dtype == torch.float32
        assert sample["edge"].shape == (1, *grey.shape)
        assert np.array_equal(sample["edge"][0].numpy(), expected)
        assert 0.01 < expected.mean() < 0.4


def test_workers_give_the_same(root):
    data = samples(root, training=True, transform={"crop": [32, 32], "flip": True})
    first, second = (batches(data, 2, seed=1, workers=workers) for workers in (0, 2))
    for _ in range(4):
        one, two = next(first), next(second)
        assert torch.equal(one["edge"], two["edge"]) and torch.equal(one["image"], two["image"])
    second.close()


def test_the_photo_is_needed(root):
    (root / "val_label").mkdir()
    Image.fromarray(photo(0)[..., 0]).save(root / "val_label" / "0.png")
    section = from_dict({"data": {"type": "folders", "root": str(root)}})["data"]
    checks = dict(training=False, fields=("edge",), classes=None, ignore=None, seed=0)
    with pytest.raises(DataError, match="split 'val' has no edge, which this run needs; it has label"):
        open_data(section, "val", edge=EdgeInput(), **checks)
    with pytest.raises(DataError, match="split 'train' has no edge"):
        open_data(section, "train", **checks)  # no detector either


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


def test_the_contact_sheet_draws_edges(root):
    """Black lines on white, beside the photos."""
    section = from_dict({"data": {"type": "folders", "root": str(root)}})["data"]
    sheet, summary = contact_sheet(section, "train", 1, **sample_checks(build_inputs({"edge": {}})))
    assert summary.startswith("train: 4 samples of image, edge")
    plain, _ = contact_sheet(section, "train", 1, **sample_checks({}))
    assert sheet.width > plain.width
    lines = samples(root)[0]["edge"]
    assert np.array_equal(drawn_lines(lines)[..., 0], drawing(lines[0].numpy() > 0)[..., 0])


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


LINES = np.zeros((6, 8), bool)
LINES[2, 1:7] = True
RGBA = np.zeros((6, 8, 4), np.uint8)
RGBA[..., 3] = LINES * 255


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


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"detector": "cany"}, "Did you mean 'canny'"),
        ({"detector": {"type": "canny", "sigma": 0}}, "sigma is 0"),
        ({"detector": {"type": "canny", "low": 0.3, "high": 0.2}}, r"model.*low is 0.3 and high is 0.2"),
        ({"detector": {"type": "canny", "sgima": 1}}, "unknown key 'sgima'"),
        ({"detector": {"type": "dexined", "high": 1.5}}, "high is 1.5"),
        ({"detector": 3}, "3 is not"),
        ({"detector": {"sigma": 1}}, "model.edge.*a registered name"),
    ],
)
def test_wrong_detectors_are_refused(spec, message):
    section = from_dict({"model": {"edge": spec}})["model"]
    with pytest.raises(ConfigError, match=message):
        assert build_inputs(section)["edge"].detector


def test_the_condition_has_a_fixed_order():
    section = {"edge": {}, "source": {}, "boundary": {}, "label": {"classes": 3}}
    assert list(build_inputs(section)) == ["label", "boundary", "source", "edge"]
    batch = {"edge": torch.ones(2, 1, 4, 4)}
    assert torch.equal(EdgeInput()(batch), batch["edge"])


@pytest.fixture(scope="module")
def dexined_weights(tmp_path_factory):
    models = pytest.importorskip("kornia.models.dexined")
    folder = tmp_path_factory.mktemp("weights")
    torch.manual_seed(0)
    network = models.DexiNed(pretrained=False)
    torch.save(network.state_dict(), folder / FILE)
    return folder, network.eval()


def test_dexined_is_the_network_of_kornia(dexined_weights, monkeypatch):
    """Kornia's own detector, which converts RGB itself, gives the same probabilities."""
    from kornia.contrib.edge_detection import EdgeDetectorBuilder

    folder, network = dexined_weights
    monkeypatch.setenv("SYNTHKIT_WEIGHTS", str(folder))
    detector = DETECTORS.build({"type": "dexined", "low": 0.4, "high": 0.5})
    image = photo(0, 32, 32)
    expected = EdgeDetectorBuilder.build(pretrained=False, image_size=32)
    expected.model[1].load_state_dict(network.state_dict())
    with torch.inference_mode():
        theirs = expected([torch.from_numpy(image).permute(2, 0, 1) / 255.0])[0]
    np.testing.assert_allclose(detector.probability(image), theirs[0, 0], atol=1e-5)


def test_dexined_draws_thin_lines_above_its_thresholds(dexined_weights, monkeypatch):
    monkeypatch.setenv("SYNTHKIT_WEIGHTS", str(dexined_weights[0]))
    detector = DexiNed(low=0.4, high=0.5)
    ridge = np.exp(-(((np.arange(40) - 20) / 4) ** 2)).astype(np.float32)[:, None].repeat(30, 1)
    weak = 0.45 * ridge
    detector.probability = lambda photo: np.concatenate([ridge, weak], 0)
    lines = detector(photo(0))
    assert lines.dtype == bool
    assert not lines[40:].any()
    assert (lines[:40, 5:25].sum(0) == 1).all()
    assert lines[20, 5:25].all()


def test_dexined_without_weights_or_kornia(tmp_path, monkeypatch):
    pytest.importorskip("kornia")
    monkeypatch.setenv("SYNTHKIT_WEIGHTS", str(tmp_path))
    monkeypatch.setattr("synthkit.data.edges.dexined.URL", "http://127.0.0.1:9/dexined")
    with pytest.raises(SynthkitError, match=rf"(?s){FILE}.*127.0.0.1.*Without it: Canny's"):
        DexiNed()
    assert weights.folder() == tmp_path
    monkeypatch.setitem(__import__("sys").modules, "kornia.models.dexined", None)
    with pytest.raises(SynthkitError, match="pip install kornia"):
        DexiNed()
