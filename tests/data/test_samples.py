import numpy as np
import pytest
import torch
from PIL import Image

from synthkit.data import open_data
from synthkit.data.samples import Draw, Samples, check_label, check_sizes, to_tensors
from synthkit.data.sources import SourceFormat
from synthkit.data.transforms import PairedTransform
from synthkit.errors import ConfigError, DataError
from synthkit.section import from_plain


class Raw:
    """A raw data set of three scenes in memory, some parts of which a test replaces."""

    names, palette, split = (), None, "train"
    fields = ("label", "instance", "image")

    def __init__(self, count=3, **replaced):
        self.count = count
        self.replaced = replaced

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        rng = np.random.default_rng(index)
        label = rng.integers(0, 4, (6, 8), np.uint8)
        image = rng.integers(0, 256, (6, 8, 3), np.uint8)
        files = {field: f"/data/{field}/{index}.png" for field in self.fields}
        instance = label.astype(np.int32) * 1000
        sample = {"label": label, "instance": instance, "image": image, "name": str(index), "files": files}
        return sample | self.replaced


def samples(data, fields=("label", "image"), classes=4, ignore=None, transform=None, seed=0):
    chosen = transform or PairedTransform()
    return Samples(data, chosen, fields=fields, classes=classes, ignore=ignore, seed=seed)


def test_tensors_follow_the_batch_contract():
    sample = samples(Raw(), fields=("image", "label", "instance"))[1]
    raw = Raw()[1]
    assert list(sample) == ["label", "instance", "image", "name"]
    assert sample["name"] == "1"
    for field in ("label", "instance"):
        assert sample[field].dtype == torch.int32
        np.testing.assert_array_equal(sample[field].numpy(), raw[field][None])
    image = sample["image"]
    assert image.dtype == torch.float32
    assert image.is_contiguous()
    for y, x in ((0, 0), (5, 7), (2, 3)):
        expected = torch.tensor([value / 255 * 2 - 1 for value in raw["image"][y, x].tolist()])
        torch.testing.assert_close(image[:, y, x], expected)


def test_range_of_images_is_exact_at_both_ends():
    image = np.array([[[0, 255, 0]]], np.uint8)
    assert to_tensors({"source": image})["source"].flatten().tolist() == [-1, 1, -1]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int64, np.uint32])
def test_integers_of_any_kind_become_int32(dtype):
    label = to_tensors({"label": np.array([[0, 255]], dtype)})["label"]
    assert label.dtype == torch.int32
    assert label.tolist() == [[[0, 255]]]


def test_only_the_asked_for_fields():
    assert set(samples(Raw(), fields=("image",))[0]) == {"image", "name"}


def test_arrays_that_cannot_be_written_to():
    """Arrays that share memory with a file or an image are read-only, which torch warns about."""
    label = np.zeros((6, 8), np.uint8)
    label.flags.writeable = False
    sample = samples(Raw(label=label), transform=PairedTransform(resize=[3, 4]))[0]
    sample["label"] += 1
    assert label.sum() == 0


def test_randomness_comes_from_seed_and_position_alone():
    data = samples(Raw(), transform=PairedTransform(crop=[3, 3], flip=True))
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first = data[Draw(1, 7)]["image"]
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(6)
    assert torch.equal(data[Draw(1, 7)]["image"], first)
    assert torch.equal(data[1]["image"], data[Draw(1, 1)]["image"])
    other = samples(Raw(), transform=data.transform, seed=1)
    assert len({tuple(data[Draw(1, position)]["image"].flatten().tolist()) for position in range(20)}) > 5
    assert any(not torch.equal(data[Draw(1, p)]["image"], other[Draw(1, p)]["image"]) for p in range(5))


def test_generators_of_other_devices_are_left_alone(monkeypatch):
    monkeypatch.setattr(torch.cuda, "manual_seed_all", lambda seed: pytest.fail("reseeds every GPU"))
    samples(Raw(), transform=PairedTransform(flip=True))[0]


def test_sources_are_mapped_from_their_range_before_the_transform():
    class Depth(Raw):
        fields = ("source", "image")

    depth = np.linspace(0, 10, 48, dtype=np.float32).reshape(6, 8, 1)
    seen = []
    data = Samples(
        Depth(source=depth),
        lambda sample: seen.append(sample["source"]) or sample,
        fields=("source", "image"),
        classes=None,
        ignore=None,
        source=SourceFormat(1, [0, 10]),
    )
    expected = (depth.astype(np.float64) / 5 - 1).astype(np.float32)
    np.testing.assert_array_equal(data[0]["source"].numpy()[0], expected[..., 0])
    np.testing.assert_array_equal(seen[0], expected)
    data.source = SourceFormat(1, [0, 9])
    with pytest.raises(DataError, match=r"/data/source/0.png: value 9\.1"):
        data[0]


def test_missing_fields_are_named_with_the_split_and_what_there_is():
    with pytest.raises(DataError, match=r"split 'train' has no source, .* it has label, instance, image"):
        samples(Raw(), fields=("label", "source"))


def test_empty_data_is_refused():
    with pytest.raises(DataError, match="split 'train' has no samples"):
        samples(Raw(count=0))


def test_sizes_that_differ_name_both_files():
    data = samples(Raw(image=np.zeros((12, 16, 3), np.uint8)), transform=PairedTransform(resize=[6, 8]))
    with pytest.raises(
        DataError, match=r"label 8x6 \(/data/label/2.png\); image 16x12 \(/data/image/2.png\)"
    ):
        data[2]
    check_sizes({"label": (np.zeros((6, 8)), "a"), "image": (np.zeros((6, 8, 3)), "b")})


def test_sizes_of_fields_that_nobody_asked_for_do_not_matter():
    assert samples(Raw(instance=np.zeros((2, 2), np.int32)))[0]["label"].shape == (1, 6, 8)


def test_label_out_of_range_names_file_place_value_range_and_cure():
    label = np.zeros((6, 8), np.uint8)
    label[4, 3], label[5, 0] = 7, 9
    data = samples(Raw(label=label))
    with pytest.raises(
        DataError, match=r"/data/label/0.png: label 7 at x=3, y=4 is outside 0..3: 10 classes"
    ):
        data[0]


@pytest.mark.parametrize(
    ("values", "classes", "ignore", "reason"),
    [
        ([0, 255], 4, None, r"label 255 at x=1, y=0 is outside 0..3: 256 classes .* set ignore to 255"),
        (
            [254, 255],
            4,
            255,
            r"label 254 at x=0, y=0 is outside 0..3 and not the ignored id 255: 255 classes",
        ),
        ([0, 4], 4, 3, "label 4 at x=1"),
        ([0, -1], 4, None, "id -1 at x=1, y=0 is outside 0"),
        ([0, -1], None, None, "id -1 at x=1"),
        ([0, 2**31], None, None, "id 2147483648 at x=1"),
        ([0.0, 1.0], 4, None, "whole numbers"),
    ],
)
def test_labels_that_are_refused(values, classes, ignore, reason):
    with pytest.raises(DataError, match=f"here: .*{reason}"):
        check_label(np.array([values]), classes, ignore, "here")


def test_labels_that_pass():
    check_label(np.array([[0, 3, 255]], np.uint8), 4, 255, "here")
    check_label(np.array([[0, 65535]], np.uint16), None, None, "here")


def test_negative_instances_are_refused():
    data = samples(Raw(instance=np.full((6, 8), -5, np.int32)), fields=("label", "instance"))
    with pytest.raises(DataError, match=r"/data/instance/0.png: id -5 at x=0, y=0"):
        data[0]


def section(root, **more):
    return from_plain(
        {"type": "folders", "root": str(root), "validation": "test", **more}, "data", "here.yaml:1:1"
    )


def opened(section, split="train", training=True, fields=("label",), **more):
    return open_data(section, split, training=training, fields=fields, classes=2, ignore=None, seed=0, **more)


@pytest.fixture
def folders(tmp_path):
    for folder, mode in (("train_label", "L"), ("train_img", "RGB")):
        (tmp_path / folder).mkdir()
        Image.new(mode, (8, 6)).save(tmp_path / folder / "a.png")
    return tmp_path


def test_one_image_is_a_data_set(folders):
    data = opened(section(folders), fields=("label", "image"))
    assert len(data) == 1
    assert data.title(0) == "a"
    assert data[0]["image"].shape == (3, 6, 8)


def test_random_parts_are_for_training(folders):
    given = section(folders, transform={"resize": [4, 6], "crop": [2, 2], "flip": True})
    assert opened(given)[0]["label"].shape == (1, 2, 2)
    assert opened(given, training=False)[0]["label"].shape == (1, 4, 6)
    assert set(given) == {"type", "root", "validation", "transform"}


def test_optional_fields_are_taken_where_they_are(folders):
    assert opened(section(folders), optional=("image", "source")).fields == ("label", "image")


def test_config_errors_carry_the_path(folders):
    with pytest.raises(ConfigError, match=r"data.transform.*here.yaml:1:1.*exclude"):
        opened(section(folders, transform={"resize": [4, 4], "scale_width": 4}))
    with pytest.raises(ConfigError, match=r"data.rot .*here.yaml.*root"):
        opened(section(folders, rot="x"))


def test_streets_need_no_files():
    given = from_plain({"type": "streets", "size": [32, 64], "transform": {"flip": True}}, "data")
    data = open_data(
        given, "val", training=False, fields=("label", "instance", "image"), classes=12, ignore=None, seed=0
    )
    assert {field: tuple(data[0][field].shape) for field in data.fields} == {
        "label": (1, 32, 64),
        "instance": (1, 32, 64),
        "image": (3, 32, 64),
    }
