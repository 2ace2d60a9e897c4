"""Judges that come with their weights: torchvision's, and files of torch.export."""

import pytest
import torch
from small_judges import TinyJudge, write_protocol

from synthkit.benchmark import judges
from synthkit.benchmark.judges.networks import Normalise
from synthkit.errors import ConfigError, DataError, SynthkitError

IMAGE = torch.rand(3, 3, 32, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1
MEAN, STD = [0.4, 0.5, 0.6], [0.2, 0.25, 0.5]
FREE = {"image": {0: torch.export.Dim("n"), 2: torch.export.Dim("h"), 3: torch.export.Dim("w")}}


@pytest.fixture(autouse=True)
def weights_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("SYNTHKIT_WEIGHTS", str(tmp_path))


def export(path, classes=12, shapes=None, images=1, network=None):
    """Write a network that takes `images` images of 32 x 64, or any with FREE; returns it."""
    network = (network or TinyJudge(classes=classes)).eval()
    program = torch.export.export(network, (IMAGE[:images],), dynamic_shapes=shapes)
    torch.export.save(program, path)
    return network


def opened(tmp_path, more="", path="own.pt2"):
    section = f"{{type: export, path: {path}, mean: {MEAN}, std: {STD}{more}}}"
    return judges.open_judge(write_protocol(tmp_path, section), device="cpu")


@pytest.mark.parametrize(("shapes", "images"), [(None, 1), (FREE, 2)])
def test_an_exported_network_judges(tmp_path, shapes, images):
    network = export(tmp_path / "own.pt2", shapes=shapes, images=images)
    judge = opened(tmp_path)
    seen = ((IMAGE + 1) / 2 - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)
    with torch.no_grad():
        assert torch.allclose(judge(IMAGE), network(seen), atol=1e-5)
        assert judge(IMAGE[..., :20, :20]).shape == (3, 12, 20, 20)
    assert judge.sha256 == judges.judge.sha256_of(tmp_path / "own.pt2")


def test_classes_of_a_file_that_the_labels_do_not_have_need_a_table(tmp_path):
    export(tmp_path / "own.pt2", classes=19)
    with pytest.raises(ConfigError, match="the network tells 19 classes apart, and the labels have 12"):
        opened(tmp_path)
    judge = opened(tmp_path, ", labels: [10, 2, 0, null, 1, 9, 8, 13, 11, 5, 6, 4]")
    assert len(judge.names) == 19 and judge.names[10] == "sky" and judge.names[18] == "class 18"
    with pytest.raises(ConfigError, match="tells 19 classes apart, and the labels have 20"):
        opened(tmp_path, ", labels: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 19]")


@pytest.mark.parametrize(
    ("more", "error", "reason"),
    [
        (", size: [16, 64]", ConfigError, r"judge.size .*takes \[32, 64\] alone"),
        (", train: {steps: 3}", ConfigError, "judge.train .*comes with its weights"),
    ],
)
def test_settings_that_a_file_fixes_are_refused(tmp_path, more, error, reason):
    export(tmp_path / "own.pt2")
    with pytest.raises(error, match=reason):
        opened(tmp_path, more)


def test_other_files_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"no file .*own.pt2 of the judge. Without it: the judge fpn"):
        opened(tmp_path)
    (tmp_path / "own.pt2").write_bytes(b"no archive")
    with pytest.raises(DataError, match="own.pt2 is no file of torch.export"):
        opened(tmp_path)
    export(tmp_path / "own.pt2", images=2)
    with pytest.raises(DataError, match=r"own.pt2: one image .* is needed, not \(2, 3, 32, 64\)"):
        opened(tmp_path)
    export(tmp_path / "own.pt2", network=torch.nn.Flatten())
    with pytest.raises(DataError, match=r"is needed, not \(1, 3, 32, 64\), \(1, 6144\)"):
        opened(tmp_path)


def test_a_judge_that_comes_with_its_weights_is_not_trained(tmp_path):
    section = f"{{type: export, path: own.pt2, mean: {MEAN}, std: {STD}}}"
    with pytest.raises(ConfigError, match="the judge export comes with its weights"):
        judges.train_judge(write_protocol(tmp_path, section), tmp_path)


def test_normalisation_needs_three_values_of_each():
    with pytest.raises(ValueError, match="three values"):
        Normalise([0.5], [0.5])
    with pytest.raises(ValueError, match="above 0"):
        Normalise(MEAN, [0, 1, 1])


def test_a_published_network_judges_by_its_own_classes(tmp_path, monkeypatch):
    from torchvision.models import segmentation as models
    from torchvision.transforms.functional import normalize

    original = models.lraspp_mobilenet_v3_large(weights=None, weights_backbone=None, num_classes=21).eval()
    torch.save({**original.state_dict(), "aux_classifier.0.weight": torch.zeros(1)}, tmp_path / "w.pth")
    asked = []
    monkeypatch.setattr(
        "synthkit.weights.fetch", lambda *names, **more: asked.append((names, more)) or tmp_path / "w.pth"
    )
    labels = [None, None, None, None, None, None, None, 7, 15, None, None, None]
    labels = str(labels).replace("None", "null")
    section = f"{{type: torchvision, model: lraspp_mobilenet_v3_large, labels: {labels}}}"
    judge = judges.open_judge(write_protocol(tmp_path, section), device="cpu")
    seen = normalize((IMAGE + 1) / 2, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    with torch.no_grad():
        assert torch.allclose(judge(IMAGE), original(seen)["out"], atol=1e-4)
    assert len(judge.names) == 21 and (judge.names[7], judge.names[15]) == ("car", "person")
    assert asked[0][0][0] == "lraspp_mobilenet_v3_large-d234d4ea.pth" and asked[0][1]["sha256"] == "d234d4ea"


def test_a_published_network_that_is_not_there_is_named(tmp_path, monkeypatch):
    from torchvision.models import segmentation as models

    weights = models.LRASPP_MobileNet_V3_Large_Weights.DEFAULT
    section = "{type: torchvision, model: lraspp_mobilenet_v3_large}"
    protocol = write_protocol(tmp_path, section)

    def refuse(*_, **__):
        raise OSError("no network")

    monkeypatch.setattr("urllib.request.urlopen", refuse)
    name = weights.url.rpartition("/")[2]
    with pytest.raises(SynthkitError, match=f"{name} is needed.*\n.*{tmp_path}/{name}.*\n.*judge fpn"):
        judges.open_judge(protocol)
    with pytest.raises(ConfigError, match="no model 'deeplab_resnet50'. Did you mean 'deeplabv3_resnet50'"):
        judges.open_judge(write_protocol(tmp_path, "{type: torchvision, model: deeplab_resnet50}"))
