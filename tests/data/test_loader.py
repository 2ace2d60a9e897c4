import multiprocessing
import os
import random
import signal
import time
from collections import Counter
from itertools import islice

import numpy as np
import pytest
import torch

from synthkit.data import loader
from synthkit.data.loader import Order, batches, sequence, worker_errors
from synthkit.data.paired import Folders
from synthkit.data.samples import Draw, Samples
from synthkit.data.transforms import PairedTransform
from synthkit.errors import DataError


class Raw:
    """Seven scenes of noise; `trouble(index)` runs before one is read."""

    names, palette, split, fields = (), None, "train", ("label", "image")

    def __init__(self, trouble=lambda index: None, sizes=(8,) * 7):
        self.trouble = trouble
        self.sizes = sizes

    def __len__(self):
        return len(self.sizes)

    def __getitem__(self, index):
        self.trouble(index)
        rng, size = np.random.default_rng(index), self.sizes[index]
        label = rng.integers(0, 4, (size, size), np.uint8)
        return {"label": label, "image": rng.integers(0, 256, (size, size, 3), np.uint8), "name": f"s{index}"}


def samples(*args, **kwargs):
    transform = PairedTransform(crop=[4, 5], flip=True)
    return Samples(Raw(*args, **kwargs), transform, fields=("label", "image"), classes=4, ignore=None)


def refuse_three(index):
    if index == 3:
        raise DataError("/data/s3.png: it is empty")


def fail_at_three(index):
    if index == 3:
        raise FileNotFoundError("a bug")


def die_at_three(index):
    if index == 3:
        os.kill(os.getpid(), signal.SIGKILL)


def hang_at_three(index):
    if index == 3:
        time.sleep(2.5)  # past the timeout, yet soon enough for the worker to be joined


def take_and_kill(endless):
    next(endless)
    os.kill(multiprocessing.active_children()[0].pid, signal.SIGKILL)
    list(islice(endless, 1000))


def assert_equal(first, second):
    assert [batch["name"] for batch in first] == [batch["name"] for batch in second]
    for one, other in zip(first, second, strict=True):
        assert one.keys() == other.keys()
        assert all(torch.equal(one[field], other[field]) for field in ("label", "image"))


def test_every_epoch_is_another_permutation():
    draws = list(islice(Order(7, seed=3), 70))
    assert [draw.position for draw in draws] == list(range(70))
    epochs = [tuple(draw.index for draw in draws[start : start + 7]) for start in range(0, 70, 7)]
    assert all(sorted(epoch) == list(range(7)) for epoch in epochs)
    assert len(set(epochs)) == 10
    assert [draw.index for draw in islice(Order(7, seed=4), 7)] != list(epochs[0])


def test_permutations_are_even():
    """Over 4000 epochs each of 4 samples is first about 1000 times; 5 standard deviations are 137."""
    firsts = Counter(draw.index for draw in islice(Order(4), 0, 16_000, 4))
    assert all(abs(firsts[index] - 1000) < 137 for index in range(4))


@pytest.mark.parametrize("start", [0, 1, 6, 7, 8, 700_000_003])
def test_order_starts_anywhere(start):
    epoch = start // 7 * 7
    whole = list(islice(Order(7, seed=1, start=epoch), start - epoch, start - epoch + 20))
    assert list(islice(Order(7, seed=1, start=start), 20)) == whole
    assert whole[0].position == start


def test_order_reads_nothing_before_its_start():
    seen = []
    next(batches(samples(trouble=seen.append), 2, seed=0, start=7 * 1000 + 1))
    assert seen == [draw.index for draw in islice(Order(7, start=7001), 2)]


def test_batches_follow_the_contract_and_drop_nothing():
    taken = list(islice(batches(samples(), 3, seed=0), 7))
    assert all(
        batch["label"].shape == (3, 1, 4, 5) and batch["label"].dtype == torch.int32 for batch in taken
    )
    assert all(batch["image"].shape == (3, 3, 4, 5) for batch in taken)
    assert Counter(name for batch in taken for name in batch["name"]) == {f"s{k}": 3 for k in range(7)}


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize(
    "skipped", [1, 2, 5]
)  # 3, 6 and 15 samples of 7: within, before and after an epoch's end
def test_resuming_gives_the_same_batches(workers, skipped):
    whole = list(islice(batches(samples(), 3, seed=9), skipped + 3))
    resumed = batches(samples(), 3, seed=9, start=3 * skipped, workers=workers)
    assert_equal(list(islice(resumed, 3)), whole[skipped:])


def test_loading_leaves_the_global_generator_alone():
    before = torch.get_rng_state()
    for workers in (0, 1):
        next(batches(samples(), 2, seed=0, workers=workers))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("workers", [0, 2])
def test_sequence_is_in_order_and_whole(workers):
    data = samples()
    found = list(sequence(data, 3, workers))
    assert [batch["name"] for batch in found] == [["s0", "s1", "s2"], ["s3", "s4", "s5"], ["s6"]]
    assert torch.equal(found[1]["image"][0], data[Draw(3, 3)]["image"])
    assert [batch["name"] for batch in sequence(data, 3, workers, count=4)] == [["s0", "s1", "s2"], ["s3"]]


@pytest.mark.parametrize("workers", [0, 1])
def test_sizes_that_differ_within_a_batch(workers):
    data = Samples(Raw(sizes=(4, 6)), PairedTransform(), fields=("label",), classes=4, ignore=None)
    with pytest.raises(
        DataError, match=r"s0 4x4, s1 6x6; set data.transform.resize .*crop, or a batch size of 1"
    ):
        list(sequence(data, 2, workers))
    assert [batch["label"].shape[-1] for batch in sequence(data, 1, workers)] == [4, 6]


@pytest.mark.parametrize("workers", [0, 2])
def test_data_errors_arrive_as_they_were_raised(workers):
    with pytest.raises(DataError) as caught:
        list(sequence(samples(trouble=refuse_three), 2, workers))
    assert str(caught.value) == "/data/s3.png: it is empty"


@pytest.mark.parametrize("workers", [0, 2])
def test_bugs_are_not_taken_for_dead_workers(workers):
    with pytest.raises(FileNotFoundError, match="a bug"):
        list(sequence(samples(trouble=fail_at_three), 2, workers))


def test_a_worker_that_dies_ends_the_run(monkeypatch):
    monkeypatch.setattr(loader, "TIMEOUT", 20)
    with pytest.raises(DataError, match=r"worker died or hangs.*with 0 workers"), worker_errors():
        list(sequence(samples(trouble=die_at_three), 1, 2))


# torch raises from a signal handler, which may strike inside a callback that cannot raise
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_worker_that_is_killed_ends_the_run(monkeypatch):
    monkeypatch.setattr(loader, "TIMEOUT", 20)
    with pytest.raises(DataError, match="worker died or hangs"), worker_errors():
        take_and_kill(batches(samples(), 2, seed=0, workers=2))


def test_a_worker_that_hangs_ends_the_run_and_names_the_samples(monkeypatch):
    monkeypatch.setattr(loader, "TIMEOUT", 1)
    with pytest.raises(DataError, match=r"batch of sample 2, sample 3 .*timed out"):
        list(sequence(samples(trouble=hang_at_three), 2, 1))


def test_other_errors_pass_through():
    with pytest.raises(RuntimeError, match=r"^shapes$"), worker_errors():
        raise RuntimeError("shapes")


class Noisy(Raw):
    """Its images come from the generators of Python, NumPy and torch, as a plugin's might."""

    def __getitem__(self, index):
        return super().__getitem__(index) | {"image": draw_from_all()}


def draw_from_all():
    python, legacy = random.randrange(256), np.random.randint(256)
    return np.array([[[python, legacy, int(torch.randint(256, ()))]]], np.uint8).repeat(8, 0).repeat(8, 1)


def add_noise(sample):
    return sample | {"image": sample["image"] // 2 + draw_from_all() // 2}


def test_plugins_may_draw_from_any_global_generator():
    """The same with and without workers, from a later start, and whatever was drawn before."""
    data = Samples(Noisy(), add_noise, fields=("label", "image"), classes=4, ignore=None, seed=2)
    states = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state()
    alone = list(islice(batches(data, 2, seed=0), 6))
    assert random.getstate() == states[0]
    assert np.random.get_state()[1].tolist() == states[1]
    assert torch.equal(torch.get_rng_state(), states[2])
    random.seed(5), np.random.seed(5), torch.manual_seed(5)
    assert_equal(alone, list(islice(batches(data, 2, seed=0, workers=2), 6)))
    assert_equal(alone[3:], list(islice(batches(data, 2, seed=0, start=6), 3)))
    for channel in range(3):
        assert len({float(image[channel, 0, 0]) for batch in alone for image in batch["image"]}) > 6


def test_one_epoch_of_real_photos(shared_data):
    data = Folders("val", root=str(shared_data / "coco-stuff-sample"))
    transform = PairedTransform(resize=[72, 96], crop=[64, 64], flip=True)
    real = Samples(data, transform, fields=("label", "image"), classes=182, ignore=255)
    first, second = (list(islice(batches(real, 2, seed=0, workers=workers), 4)) for workers in (0, 2))
    assert_equal(first, second)
    assert sorted(name for batch in first for name in batch["name"]) == list(data.stems)
    for batch in first:
        assert batch["image"].abs().max() <= 1
        assert batch["image"].std() > 0.1
        assert ((batch["label"] < 182) | (batch["label"] == 255)).all()
