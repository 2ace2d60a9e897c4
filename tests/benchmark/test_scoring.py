"""Scoring: a run's images are scored as a PNG would hold them, and whatever cannot be scored is refused."""

import numpy as np
import pytest
import torch
from PIL import Image
from small_protocols import small
from small_runs import tiny

from synthkit.benchmark import protocol, result, scoring
from synthkit.benchmark.content import check_apart
from synthkit.benchmark.sources import FolderSource, RunSource
from synthkit.data.pictures import to_uint8
from synthkit.errors import ConfigError, DataError
from synthkit.inference import load
from synthkit.metrics.image import l1, psnr
from synthkit.runner import train


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return train(tiny("train.steps=2", "train.validate_every=2"), tmp_path_factory.mktemp("runs") / "mine")


@pytest.fixture
def small_protocol(tmp_path):
    return small(tmp_path)


def scored(path, under, folder, **options):
    return scoring.score(scoring.open_source(path, under), under, folder, **options)[0]


def tensor(image):
    return torch.from_numpy(image / 127.5 - 1).float().movedim(2, 0)[None]


def test_scores_are_those_of_the_translated_files(run, small_protocol, tmp_path):
    found = scored(run, small_protocol, tmp_path / "scores")
    model, samples = load(run), small_protocol.reference
    values = []
    for index in range(len(samples)):
        raw = samples.data[index]
        fake = np.asarray(model.translate(label=raw["label"], instance=raw["instance"], seed=index))
        fake, real = (
            torch.from_numpy(each / 127.5 - 1).float().movedim(2, 0)[None] for each in (fake, raw["image"])
        )
        values.append((psnr(fake, real).item(), l1(fake, real).item()))
    expected = np.mean(values, 0)
    assert [found.scores["psnr"], found.scores["l1"]] == pytest.approx(expected, rel=1e-6)


def test_a_result_tells_what_was_scored(run, small_protocol, tmp_path):
    found = scored(run, small_protocol, tmp_path / "scores", method="ours")
    assert result.read(tmp_path / "scores" / "result.json") == found
    assert (found.method, found.seed, found.steps, found.images) == ("ours", 0, 2, 5)
    assert found.apart and not found.on_budget  # the budget is three steps
    assert found.seconds > 0 and found.memory > 1e6 and found.device == "cpu"
    assert (found.protocol_sha256, found.data_sha256) == (small_protocol.sha256, small_protocol.data_sha256)
    for kind in ("fake", "real", "label"):
        with Image.open(tmp_path / "scores" / "samples" / f"{found.samples[0]}.{kind}.png") as picture:
            assert picture.size == (32, 16)


def test_other_weights_have_another_hash(run, small_protocol, tmp_path):
    other = train(tiny("train.steps=1", "train.validation_images=0"), tmp_path / "other")
    first, second = (RunSource(each, small_protocol).origin for each in (run, other))
    assert first.weights_sha256 != second.weights_sha256
    assert first.config_sha256 != second.config_sha256  # another length


def test_the_seed_is_not_of_the_config(run, small_protocol, tmp_path):
    settings = ("train.steps=2", "train.validate_every=2", "train.seed=7", "train.workers=1")
    other = train(tiny(*settings), tmp_path / "other")
    first, second = (RunSource(each, small_protocol).origin for each in (run, other))
    assert first.config_sha256 == second.config_sha256 and second.seed == 7


def images(folder, under, change=lambda image: image, suffix=".png"):
    """A folder with the real images of a protocol, changed."""
    folder.mkdir()
    for index, name in enumerate(under.stems):
        Image.fromarray(change(to_uint8(under.reference[index]["image"]))).save(folder / f"{name}{suffix}")
    return folder


def test_a_folder_of_images_is_scored(small_protocol, tmp_path):
    folder = images(tmp_path / "fakes", small_protocol, lambda image: image // 2 * 2)
    found = scored(folder, small_protocol, tmp_path / "scores")
    assert found.scores["l1"] == pytest.approx(0.5 / 127.5, rel=0.1)
    assert (found.method, found.config, found.apart) == ("fakes", "(images)", False)


@pytest.mark.parametrize(
    ("change", "suffix", "message"),
    [
        (lambda image: image, ".jpg", r"\.jpg is JPEG, which changes pixels"),
        (lambda image: image[..., 0], ".png", "has mode L: metrics need three channels"),
        (lambda image: np.dstack([image, image[..., :1]]), ".png", "has mode RGBA"),
        (lambda image: image[:, 1:], ".png", "is 31x16, and the real image 32x16"),
    ],
)
def test_images_that_cannot_be_scored_are_refused(small_protocol, tmp_path, change, suffix, message):
    with pytest.raises(DataError, match=message):
        FolderSource(images(tmp_path / "fakes", small_protocol, change, suffix), small_protocol)


def test_folders_that_do_not_fit_are_refused(small_protocol, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="empty: 0 images in it"):
        scoring.open_source(tmp_path / "empty", small_protocol)
    with pytest.raises(DataError, match="there is no such run"):
        scoring.open_source(tmp_path / "nowhere", small_protocol)
    folder = images(tmp_path / "fakes", small_protocol)
    (folder / "streets_val_00003.png").rename(folder / "another.png")
    with pytest.raises(DataError, match="fakes holds another, which small does not score"):
        scoring.open_source(folder, small_protocol)
    (folder / "another.png").unlink()
    with pytest.raises(DataError, match="fakes lacks streets_val_00003 of the 5 samples"):
        scoring.open_source(folder, small_protocol)


def test_which_of_two_files_is_scored_is_not_guessed(small_protocol, tmp_path):
    folder = images(tmp_path / "fakes", small_protocol)
    (folder / ".thumbnail.png").write_text("passed over, as everywhere")
    scoring.open_source(folder, small_protocol)
    Image.new("RGB", (32, 16)).save(folder / "streets_val_00003.tif")
    with pytest.raises(DataError, match=r"two files of one stem: .*streets_val_00003\.tif"):
        scoring.open_source(folder, small_protocol)


def test_a_damaged_image_is_found_before_any_is_scored(small_protocol, tmp_path):
    folder = images(tmp_path / "fakes", small_protocol)
    last = folder / "streets_val_00004.png"
    last.write_bytes(last.read_bytes()[:-200])
    with pytest.raises(DataError, match=r"streets_val_00004\.png: cannot be read"):
        scoring.open_source(folder, small_protocol)


def test_a_folder_that_cannot_be_written_is_found_before_any_is_scored(
    run, small_protocol, tmp_path, monkeypatch
):
    (tmp_path / "scores").write_text("a file")
    source = scoring.open_source(run, small_protocol)
    monkeypatch.setattr(scoring, "_batches", None)
    with pytest.raises(DataError, match="result cannot be written to .*scores"):
        scoring.score(source, small_protocol, tmp_path / "scores" / "small")


def test_training_data_that_hold_a_scored_image_are_refused(run, tmp_path):
    trained_on = small(tmp_path, split="train")
    with pytest.raises(DataError, match=r"overlaps .*training data: 'streets_train_00000' .*and 4 more"):
        scoring.open_source(run, trained_on)


def test_a_checkpoint_on_the_way_had_its_share_of_the_time(tmp_path):
    run = train(tiny("train.steps=4", "train.save_every=1", "train.validate_every=4"), tmp_path / "mine")
    whole, part = (
        RunSource(place, small(tmp_path, budget={"minutes": 1e-9})).origin
        for place in (run, run / "checkpoints" / "00000003")
    )
    assert (part.steps, part.seconds) == (3, pytest.approx(whole.seconds * 3 / 4)) and whole.seconds > 0


def test_another_size_is_refused(run, tmp_path):
    with pytest.raises(DataError, match=r"hold another streets_val_00000 \(32x16\) than .* scores \(32x32\)"):
        scoring.open_source(run, small(tmp_path, overrides=["data.size=[32, 32]"]))


def test_a_metric_that_cannot_score_so_few_is_refused(run, tmp_path):
    with pytest.raises(DataError, match="fd_efflite0.* 2 images"):
        scored(run, small(tmp_path, images=1, metrics={"fd_efflite0": {}}), tmp_path)
    with pytest.raises(ConfigError, match="'segmentation' needs a judge"):
        scored(run, small(tmp_path, metrics={"segmentation": {}}), tmp_path)


def folders(root, colour):
    """Pairs of 16 x 16 pixels in two splits of two, of training in this colour."""
    for split, base in (("train", colour), ("val", 3)):
        for index in range(2):
            for kind, shape in (("label", (16, 16)), ("img", (16, 16, 3))):
                path = root / f"{split}_{kind}" / f"{split}{index}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(np.full(shape, index + base, np.uint8)).save(path)
    return root


def of_folders(folder, root):
    """The protocol of such data."""
    (folder / "base.yaml").write_text(
        f"model: {{inputs: {{label: {{classes: 12}}}}}}\ndata: {{type: folders, root: {root}}}\n"
    )
    page = folder / "page.yaml"
    page.write_text("version: 1\nsummary: x\nbase: base.yaml\nmetrics: {l1: {}}\n")
    return protocol.load(page)


def test_a_copied_photo_under_another_name_is_found(tmp_path):
    root = folders(tmp_path / "data", colour=0)
    under = of_folders(tmp_path, root)
    trained, held_out = under.samples_of("train").data, under.reference.data
    check_apart(held_out, trained)
    with Image.open(root / "val_img" / "val1.png") as image:
        image.save(root / "train_img" / "train0.png", compress_level=0)  # other bytes
    with pytest.raises(DataError, match="'val1' of 'val' is 'train0' of 'train'"):
        check_apart(held_out, trained)


def test_another_root_does_not_hide_what_was_trained_on(tmp_path):
    overlapping, clean = folders(tmp_path / "one", colour=4), folders(tmp_path / "two", colour=0)
    data = f"data={{_delete_: true, type: folders, root: {overlapping}}}"
    settings = ("model.inputs.boundary=null", "train.steps=1", "train.validation_images=0")
    run = train(tiny(*settings, data), tmp_path / "mine")
    under = of_folders(tmp_path, clean)
    with pytest.raises(DataError, match="'val1' of 'val' is 'train0' of 'train'"):
        scoring.open_source(run, under, root=str(clean))


def test_the_diversity_of_a_model_with_noise_and_of_one_without(run, tmp_path):
    noisy = train(
        tiny(
            "train.steps=1",
            "train.validation_images=0",
            "data.size=[64, 64]",
            "model.generator={_delete_: true, type: pix2pix/unet, channels: 4, downsamples: 6}",
            "model.inference={dropout: true}",
        ),
        tmp_path / "noisy",
    )
    under = small(tmp_path, overrides=["data.size=[64, 64]"], metrics={"pd_efflite0_diversity": {}}, images=2)
    assert scored(noisy, under, tmp_path / "scores").scores["pd_efflite0_diversity"] > 0
    source = RunSource(run, small(tmp_path))
    same = source.variants(next(iter(source.batches(1))), 3, seed=5)
    assert same.shape == (3, 1, 3, 16, 32) and torch.equal(same[0], same[2])
