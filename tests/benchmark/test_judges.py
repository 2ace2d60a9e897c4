"""Judges are trained once, stored with their hash, and opened again."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from small_judges import write_protocol

from synthkit.benchmark import judges
from synthkit.benchmark.judges import making, training
from synthkit.benchmark.protocol import load
from synthkit.errors import CheckpointError, ConfigError, DataError, NotFiniteError
from synthkit.evaluate import Scores
from synthkit.metrics.metric import Scored
from synthkit.run_folder import claim


@pytest.fixture(autouse=True)
def no_workers(monkeypatch):
    for module in (training, making):
        monkeypatch.setattr(module, "WORKERS", 0)


def quiet(line):
    pass


@pytest.fixture
def trained(tmp_path):
    """A protocol, the folder of judges, and the record of its judge."""
    protocol = write_protocol(tmp_path)
    return protocol, tmp_path / "judges", judges.train_judge(protocol, tmp_path / "judges", say=quiet)


def test_a_trained_judge_is_opened_and_scores_real_images_as_its_record_says(trained):
    protocol, folder, record = trained
    judge = judges.open_judge(protocol, folder, device="cpu")
    assert judge.sha256 == record.weights_sha256 and not judge.training
    assert judge.description == "user/tiny_judge, 12 classes" and judge.names == protocol.names
    scores = Scores(["segmentation"], judge=judge)
    for index in range(protocol.count):
        sample = protocol.reference[index]
        scores.add(Scored(-sample["image"][None], sample["image"][None], label=sample["label"][None]))
    assert scores.oracle() == pytest.approx(record.oracle) != scores.values()
    assert record.protocol == "tiny" and record.spec["split"] == "val"


def test_it_learns_and_its_seed_decides_all(tmp_path):
    first, again, other = (
        write_protocol(
            tmp_path, f"{{type: user/tiny_judge, train: {{steps: {n}, batch_size: 4, lr: 0.05, seed: {s}}}}}"
        )
        for n, s in ((12, 0), (12, 0), (12, 1))
    )
    lines = []
    one = judges.train_judge(first, tmp_path / "a", say=lines.append)
    assert one.weights_sha256 == judges.train_judge(again, tmp_path / "b", say=quiet).weights_sha256
    assert one.weights_sha256 != judges.train_judge(other, tmp_path / "c", say=quiet).weights_sha256
    losses = [float(line.split("loss ")[1].split(",")[0]) for line in lines]
    assert lines[-1].startswith("step 12/12: ") and losses[-1] < losses[0] - 0.3


def test_a_judge_is_not_trained_twice(trained, tmp_path, monkeypatch):
    protocol, folder, record = trained
    monkeypatch.setattr("synthkit.benchmark.judges.making.fit", None)
    assert judges.train_judge(protocol, folder, say=quiet) == record
    assert sorted(path.name for path in judges.judge_folder(protocol, folder).iterdir()) == [
        ".lock",
        "judge.json",
        "weights.safetensors",
    ]


def test_protocols_with_the_same_judge_share_it_and_others_do_not(tmp_path):
    def place(judge, old="", new=""):
        protocol = write_protocol(tmp_path, judge)
        protocol.path.write_text(protocol.path.read_text().replace(old, new))
        return judges.judge_folder(load(protocol.path), tmp_path)

    same = place("{type: user/tiny_judge}")
    assert same == place("{type: user/tiny_judge, train: {batch_size: 8}}")  # a default
    assert same == place("{type: user/tiny_judge}", "segmentation:", "psnr: {}, segmentation:")
    assert same != place("{type: user/tiny_judge, channels: 9}")
    assert same != place("{type: user/tiny_judge}", "[32, 64]", "[64, 64]")


def test_an_untrained_judge_is_refused_with_the_command(tmp_path):
    protocol = write_protocol(tmp_path)
    with pytest.raises(DataError, match=f"synthkit judge train {protocol.path} --judges {tmp_path}/none"):
        judges.open_judge(protocol, tmp_path / "none")


def test_changed_weights_and_records_are_refused(trained):
    protocol, folder, _ = trained
    place = judges.judge_folder(protocol, folder)
    weights = place / "weights.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    for use in (judges.open_judge, judges.train_judge):
        with pytest.raises(DataError, match="weights.safetensors is not the judge that was stored"):
            use(protocol, folder)
    (place / "judge.json").write_text(json.dumps({"format": 9}))
    with pytest.raises(DataError, match="judge.json is no judge of format 1"):
        judges.open_judge(protocol, folder)


def test_a_judge_of_other_data_in_the_same_layout_is_refused(tmp_path):
    roots = [tmp_path / "one", tmp_path / "two"]
    for root, shift in zip(roots, (0, 40), strict=True):
        for number, split in enumerate(("train", "val")):
            for kind, shape in (("label", (8, 8)), ("img", (8, 8, 3))):
                path = root / f"{split}_{kind}" / "a.png"
                path.parent.mkdir(parents=True)
                Image.fromarray(np.full(shape, number + shift * (kind == "img"), np.uint8)).save(path)
    (tmp_path / "base.yaml").write_text(
        "model: {inputs: {label: {classes: 3}}}\ndata: {type: folders, root: one}\n"
    )
    page = tmp_path / "page.yaml"
    judge = "{type: user/tiny_judge, train: {steps: 1, batch_size: 1}}"
    page.write_text(f"version: 1\nsummary: x\nbase: base.yaml\nmetrics: {{l1: {{}}}}\njudge: {judge}\n")
    judges.train_judge(load(page, roots[0]), tmp_path, say=quiet)
    assert judges.open_judge(load(page, roots[0]), tmp_path, device="cpu")
    for use in (judges.open_judge, judges.train_judge):
        with pytest.raises(DataError, match=f"belongs to other data than those of page in {roots[1]}"):
            use(load(page, roots[1]), tmp_path)


def test_an_interrupted_training_leaves_no_judge(tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    protocol = write_protocol(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(training, "segmentation_loss", interrupted)
        with pytest.raises(KeyboardInterrupt):
            judges.train_judge(protocol, tmp_path, say=quiet)
    with pytest.raises(DataError, match="not trained yet"):
        judges.open_judge(protocol, tmp_path)
    assert judges.train_judge(protocol, tmp_path, say=quiet)


def test_two_processes_do_not_train_the_same_judge(tmp_path):
    protocol = write_protocol(tmp_path)
    with claim(judges.judge_folder(protocol, tmp_path)), pytest.raises(CheckpointError, match="in use"):
        judges.train_judge(protocol, tmp_path, say=quiet)


def test_a_judge_never_trains_on_what_it_scores(tmp_path):
    protocol = write_protocol(tmp_path)
    protocol.path.write_text(protocol.path.read_text() + "split: train\n")
    with pytest.raises(DataError, match="overlaps with the training data"):
        judges.train_judge(load(protocol.path), tmp_path, say=quiet)


def test_a_loss_that_is_not_finite_ends_the_training(tmp_path):
    protocol = write_protocol(tmp_path, "{type: user/tiny_judge, train: {steps: 9, lr: 1e30}}")
    with pytest.raises(NotFiniteError, match="lower judge.train.lr"):
        judges.train_judge(protocol, tmp_path, say=quiet)


@pytest.mark.parametrize(
    ("judge", "reason"),
    [
        ("{type: fnp}", "judge.type .*Did you mean 'fpn'"),
        ("{type: smp, architecture: unte}", "no architecture 'unte'. Did you mean 'unet'"),
        ("{type: smp, backbone: efficientnet_lite}", "Did you mean 'efficientnet_lite0'"),
        ("{type: fpn, labels: [0, 1]}", "judge.labels .*nothing for 10, 11, 2"),
        ("{type: fpn, size: [64]}", r"size: \[height, width\]"),
        ("{type: fpn, train: {steps: 0}}", "judge.train .*steps is 0"),
        ("{type: fpn, train: {stepps: 9}}", "Did you mean 'steps'"),
        ("{train: {steps: 9}}", "judge .*'type' is missing"),
        ("null", "has no judge"),
    ],
)
def test_wrong_settings_are_refused_with_their_place(tmp_path, judge, reason):
    protocol = write_protocol(tmp_path, judge)
    for use in (judges.train_judge, judges.open_judge):
        with pytest.raises(ConfigError, match=reason):
            use(protocol, tmp_path)


def test_images_are_resized_to_the_judge_and_its_logits_back(tmp_path):
    judge = judges.build_judge(write_protocol(tmp_path, "{type: user/tiny_judge, size: [16, 24]}"))
    image = torch.rand(2, 3, 32, 64) * 2 - 1
    assert judge.resized(image).shape == (2, 3, 16, 24)
    assert judge(image).shape == (2, 12, 32, 64)
    label = torch.arange(4).view(1, 2, 2).repeat_interleave(8, 1).repeat_interleave(8, 2)
    assert training.resized_label(label, (2, 2)).tolist() == [[[0, 1], [2, 3]]]


def test_pixels_that_are_not_scored_have_no_loss():
    logits, label = torch.randn(1, 3, 2, 2), torch.tensor([[[0, -1], [2, -1]]])
    expected = torch.nn.functional.cross_entropy(logits[..., 0].mT[0], label[0, :, 0])
    assert training.segmentation_loss(logits, label).item() == pytest.approx(expected.item())
    assert training.segmentation_loss(logits, torch.full_like(label, -1)) == 0
