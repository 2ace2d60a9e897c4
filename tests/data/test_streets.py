import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest

from synthkit.data.streets import Streets, paint

CAR, BUILDING = Streets.names.index("car"), Streets.names.index("building")

COUNTABLE = ("building", "tree", "car", "person", "pole", "sign", "fence")


def nearest(array, height, width):
    rows = (np.arange(height) + 0.5) * array.shape[0] / height
    columns = (np.arange(width) + 0.5) * array.shape[1] / width
    return array[rows.astype(int)[:, None], columns.astype(int)]


def test_a_seed_decides_every_bit():
    first, again, other = paint(5, 64, 128), paint(5, 64, 128), paint(6, 64, 128)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first.image, other.image)
    assert not np.array_equal(first.label, other.label)


@pytest.mark.parametrize("size", [(16, 16), (32, 64), (33, 71), (96, 96), (120, 40), (48, 256), (520, 600)])
def test_any_size(size):
    scene = paint(3, *size)
    assert scene.image.shape == (*size, 3) and scene.image.dtype == np.uint8
    assert scene.label.shape == size and scene.label.dtype == np.uint8
    assert scene.instance.shape == size and scene.instance.dtype == np.int32
    assert scene.label.max() < len(Streets.names)


def test_instances_follow_cityscapes():
    for seed in range(10):
        _, label, instance = paint(seed, 64, 128)
        thing = instance >= 1000
        assert np.array_equal(instance[thing] // 1000, label[thing])
        assert np.array_equal(instance[~thing], label[~thing])
        countable = np.isin(label, [Streets.names.index(name) for name in COUNTABLE])
        assert np.array_equal(countable, thing)


def test_every_class_occurs_and_has_a_colour():
    seen = np.concatenate([np.unique(paint(seed, 96, 192).label) for seed in range(20)])
    counts = np.bincount(seen, minlength=12)
    assert len(counts) == len(Streets.names) == 12
    assert counts.min() >= 5
    assert Streets.palette.shape == (12, 3) and Streets.palette.dtype == np.uint8
    assert len(np.unique(Streets.palette, axis=0)) == 12


def test_a_scene_is_the_same_at_each_size():
    for seed in range(6):
        large, small = paint(seed, 256, 512), paint(seed, 128, 256)
        assert (nearest(large.label, 128, 256) == small.label).mean() > 0.9
        assert (nearest(large.instance, 128, 256) == small.instance).mean() > 0.85
        blocks = large.image.reshape(128, 2, 256, 2, 3).mean((1, 3))
        assert np.abs(blocks - small.image).mean() < 10


def test_image_and_label_share_their_shapes():
    """Across a border between classes the image changes more than elsewhere."""
    image, label, _ = paint(8, 128, 256)
    step = np.abs(np.diff(image.astype(int), axis=1)).sum(2)
    border = np.diff(label.astype(int), axis=1) != 0
    assert step[border].mean() > 3 * step[~border].mean()


def test_looks_vary_by_instance():
    scene = paint(1, 128, 256)
    for kind in (CAR, BUILDING):
        ids, sizes = np.unique(scene.instance[scene.label == kind], return_counts=True)
        means = [scene.image[scene.instance == i].mean(0) for i in ids[sizes > 60]]
        assert len(means) >= 3
        assert np.std(means, axis=0).max() > 15


def test_samples():
    data = Streets("val", size=(32, 48), count=3)
    sample = data[2]
    assert len(data) == 3 and set(sample) == {*data.fields, "name"}
    assert sample["name"] == data.stems[2] == "streets_val_00002"
    assert sample["image"].shape == (32, 48, 3)
    assert [len(Streets(split)) for split in ("train", "val", "test")] == [2000, 100, 100]
    with pytest.raises(IndexError, match="3"):
        data[3]


def test_splits_and_seeds_share_no_scene():
    kinds = [Streets(s, size=(16, 32), seed=seed) for s in ("train", "val", "test") for seed in (0, 1)]
    images = [data[index]["image"].tobytes() for data in kinds for index in range(50)]
    assert len(set(images)) == len(images)


@pytest.mark.parametrize("size", [(15, 64), (64, 5000), (0, 64), (64,), (64, 64, 3), (64.0, 128), "64"])
def test_a_wrong_size_is_named(size):
    with pytest.raises(ValueError, match=r"size.*16.*4096"):
        Streets("train", size=size)


def test_other_wrong_arguments_are_named():
    with pytest.raises(ValueError, match=r"'training'.*train, val, test"):
        Streets("training")
    with pytest.raises(ValueError, match="count.*-1"):
        Streets("train", count=-1)
    with pytest.raises(ValueError, match=r"15.*16.*4096"):
        paint(0, 15, 64)


def test_speed():
    paint(0, 128, 256)
    spent = []
    for seed in range(15):
        start = time.process_time()
        paint(seed, 128, 256)
        spent.append(time.process_time() - start)
    assert np.median(spent) < 0.03


def test_painting_needs_no_torch():
    """The painter's own modules import numpy and PIL alone; the packages around them are left out."""
    program = """
        import sys, types
        for name in ("synthkit", "synthkit.data"):
            sys.modules[name] = types.ModuleType(name)
            sys.modules[name].__path__ = [folder + "/" + name.replace(".", "/")]
        registry = sys.modules["synthkit.registry"] = types.ModuleType("synthkit.registry")
        registry.DATASETS = types.SimpleNamespace(register_module=lambda name: lambda made: made)
        from synthkit.data.streets import paint
        paint(0, 16, 16)
        assert not {"torch", "torchvision", "mmengine"} & set(sys.modules)
    """
    root = sys.modules[paint.__module__].__file__.rsplit("/synthkit/", 1)[0]
    subprocess.run([sys.executable, "-c", f"folder = {root!r}\n" + textwrap.dedent(program)], check=True)
