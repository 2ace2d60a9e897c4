"""Edges detected in the photo as training sees it; the detectors."""

import numpy as np
import pytest
import torch
from edge_samples import as_photo, photo, samples
from PIL import Image
from skimage.color import rgb2gray
from skimage.feature import canny

from synthkit import weights
from synthkit.config import from_dict
from synthkit.data import open_data
from synthkit.data.edges import drawing
from synthkit.data.edges.dexined import FILE, DexiNed
from synthkit.data.loader import batches
from synthkit.data.pictures import drawn_lines
from synthkit.data.show import contact_sheet
from synthkit.errors import ConfigError, DataError, SynthkitError
from synthkit.inputs import EdgeInput, build_inputs, sample_checks
from synthkit.registry import DETECTORS


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


def test_the_contact_sheet_draws_edges(root):
    """Black lines on white, beside the photos."""
    section = from_dict({"data": {"type": "folders", "root": str(root)}})["data"]
    sheet, summary = contact_sheet(section, "train", 1, **sample_checks(build_inputs({"edge": {}})))
    assert summary.startswith("train: 4 samples of image, edge")
    plain, _ = contact_sheet(section, "train", 1, **sample_checks({}))
    assert sheet.width > plain.width
    lines = samples(root)[0]["edge"]
    assert np.array_equal(drawn_lines(lines)[..., 0], drawing(lines[0].numpy() > 0)[..., 0])


def test_the_condition_has_a_fixed_order():
    section = {"edge": {}, "source": {}, "boundary": {}, "label": {"classes": 3}}
    assert list(build_inputs(section)) == ["label", "boundary", "source", "edge"]
    batch = {"edge": torch.ones(2, 1, 4, 4)}
    assert torch.equal(EdgeInput()(batch), batch["edge"])


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
