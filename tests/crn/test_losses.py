"""The backbone against torchvision's network, the losses against sums written out with numpy."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy.io import savemat
from torch import nn

from synthkit.errors import ConfigError, SynthkitError
from synthkit.plugins import load as load_plugin
from synthkit.registry import BACKBONES, LOSSES

load_plugin("crn")
from synthkit.plugins.crn import vgg  # noqa: E402  (after the plugin is found)

FILE = "imagenet-vgg-verydeep-19.mat"
CONVOLUTIONS = (2, 2, 4, 4, 2)
ENDS = (4, 9, 14, 23, 32)  # torchvision's layers up to the ReLUs of conv1_2, 2_2, 3_2, 4_2 and 5_2
LITE = "efficientnet_lite0"


@pytest.fixture(scope="module")
def original():
    """torchvision's VGG19 with seeded weights and pools that average."""
    from torchvision.models import vgg19

    torch.manual_seed(0)
    with torch.device("meta"):
        features = vgg19().features[: ENDS[-1]]
    features = features.to_empty(device="cpu")
    for layer in features:
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight)
            nn.init.normal_(layer.bias)
    return nn.Sequential(*(nn.AvgPool2d(2) if isinstance(each, nn.MaxPool2d) else each for each in features))


@pytest.fixture
def weights_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("SYNTHKIT_WEIGHTS", str(tmp_path))
    return tmp_path


def write_matconvnet(path, network: nn.Sequential) -> None:
    """A file as MatConvNet's: structs with filters (h, w, in, out) and a row of biases, other layers too."""
    convs = iter(layer for layer in network if isinstance(layer, nn.Conv2d))
    layers = []
    for stage, count in enumerate(CONVOLUTIONS, start=1):
        for number in range(1, count + 1):
            conv = next(convs)
            filters = conv.weight.detach().permute(2, 3, 1, 0).numpy()
            pair = np.empty((1, 2), object)
            pair[0, 0], pair[0, 1] = filters, conv.bias.detach().numpy().reshape(1, -1)
            layers += [
                {"name": f"conv{stage}_{number}", "type": "conv", "weights": pair, "pad": [[1.0] * 4]},
                {"name": f"relu{stage}_{number}", "type": "relu"},
            ]
        layers.append({"name": f"pool{stage}", "type": "pool", "method": "max"})
    cells = np.empty((1, len(layers)), object)
    for index, layer in enumerate(layers):
        cells[0, index] = layer
    savemat(path, {"layers": cells, "classes": {"name": "none"}})


def test_vgg19_is_torchvisions_with_average_pools(original, weights_folder):
    write_matconvnet(weights_folder / FILE, original)
    backbone = BACKBONES.build("crn/vgg19").eval()
    pixels = torch.randint(256, (1, 3, 32, 48)).float()
    centred = pixels - torch.tensor([123.68, 116.779, 103.939]).view(3, 1, 1)
    with torch.no_grad():
        features = backbone(pixels / 127.5 - 1)
        for feature, end in zip(features, ENDS, strict=True):
            expected = original[:end](centred)
            torch.testing.assert_close(feature, expected, atol=1e-5 * expected.abs().max().item(), rtol=0)
    assert [feature.shape[-1] for feature in features] == [48, 24, 12, 6, 3]
    assert [round(1 / weight, 9) for weight in backbone.layer_weights] == [2.6, 4.8, 3.7, 5.6, 0.15]
    divisors = [(name, LOSSES.build(name).divisors) for name in ("crn/perceptual", "crn/diversity")]
    assert divisors == [
        ("crn/perceptual", (1, 2.6, 4.8, 3.7, 5.6, 0.15)),
        ("crn/diversity", (1, 1.6, 2.3, 1.8, 2.8, 0.08)),
    ]


def test_vgg19_at_odd_sizes(original, weights_folder):
    """The authors' pools take in the last line and column, each counted as if it stood there twice."""
    write_matconvnet(weights_folder / FILE, original)
    image = torch.rand(1, 3, 18, 37)
    expected, found = image * 255 - torch.tensor([123.68, 116.779, 103.939]).view(3, 1, 1), []
    with torch.no_grad():
        for layer in original:
            if isinstance(layer, nn.AvgPool2d):
                height, width = expected.shape[2:]
                expected = nn.functional.pad(expected, (0, width % 2, 0, height % 2), mode="replicate")
            expected = layer(expected)
            found.append(expected)
        features = BACKBONES.build("crn/vgg19").eval()(image * 2 - 1)
    for feature, end in zip(features, ENDS, strict=True):
        size = found[end - 1].abs().max().item()
        torch.testing.assert_close(feature, found[end - 1], atol=1e-5 * size, rtol=0)
    assert features[-1].shape[2:] == (2, 3)


def test_files_that_are_not_matconvnets(original, weights_folder):
    (weights_folder / FILE).write_bytes(b"no such thing")
    with pytest.raises(SynthkitError, match=f"{FILE} is damaged, or not MatConvNet's"):
        BACKBONES.build("crn/vgg19")
    write_matconvnet(weights_folder / FILE, nn.Sequential(*[nn.Conv2d(3, 4, 3)] * 14))
    with pytest.raises(SynthkitError, match=r"conv1_1 are .*\(4, 3, 3, 3\).*, not .*\(64, 3, 3, 3\)"):
        BACKBONES.build("crn/vgg19")
    whole = (weights_folder / FILE).read_bytes()
    (weights_folder / FILE).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SynthkitError, match=f"{FILE} is damaged, or not MatConvNet's"):
        BACKBONES.build("crn/vgg19")


FILTERS = np.zeros((3, 3, 3, 64))


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ((FILTERS,), "damaged, or not MatConvNet's"),
        ((FILTERS, "biases"), "damaged, or not MatConvNet's"),
        ((FILTERS[0], np.zeros(64)), "damaged, or not MatConvNet's"),
        ((FILTERS, np.zeros(63)), r"biases of conv1_1 are .*\(63,\)"),
    ],
)
def test_layers_that_are_not_vgg19s(tmp_path, weights, message):
    pair, cells = np.empty((1, len(weights)), object), np.empty((1, 2), object)
    pair[0, :] = weights
    cells[0, :] = {"name": "conv1_1", "weights": pair}, {"name": "relu1_1"}
    savemat(tmp_path / "a.mat", {"layers": cells})
    with pytest.raises(SynthkitError, match=message):
        vgg.read_convolutions(tmp_path / "a.mat", {"conv1_1": nn.Conv2d(3, 64, 3)})
    with pytest.raises(SynthkitError, match="it has no 'relu1_1'"):
        vgg.read_convolutions(tmp_path / "a.mat", {"relu1_1": nn.Conv2d(64, 64, 3)})


class Layers(nn.Module):
    """Three layers that numpy can follow: the image, its absolute values, and its halves."""

    layer_weights = (1, 1, 1)

    def forward(self, image):
        return [image, image.abs(), nn.functional.avg_pool2d(image, 2)]


@pytest.fixture
def layers(monkeypatch):
    """A loss by its name with `Layers` as its backbone."""

    def build(name: str, divisors: list[float]) -> nn.Module:
        with monkeypatch.context() as patch:
            patch.setattr(type(BACKBONES), "build", lambda *_: Layers())
            return LOSSES.get(name)(backbone="any", divisors=divisors)

    return build


def step(images: int = 3, count: int = 2) -> SimpleNamespace:
    candidates = (torch.rand(count, images, 3, 8, 12) * 2 - 1).requires_grad_()
    return SimpleNamespace(
        batch={"image": torch.rand(count, 3, 8, 12) * 2 - 1, "label": torch.randint(4, (count, 1, 8, 12))},
        extras={"candidates": candidates},
        fake=candidates[:, 0],
    )


def seen(image: np.ndarray) -> list[np.ndarray]:
    """The image in 0..255 and what `Layers` makes of it, (3, h, w) each."""
    halves = image.reshape(3, 4, 2, 6, 2).mean((2, 4))
    return [(image + 1) * 127.5, image, np.abs(image), halves]


DIVISORS = [1, 0.5, 0.25, 2]


def test_perceptual_written_out(layers):
    given = step()
    expected = []
    for fake, real in zip(given.fake.detach().numpy(), given.batch["image"].numpy(), strict=True):
        terms = zip(seen(fake), seen(real), DIVISORS, strict=True)
        expected.append(sum(np.abs(a - b).mean() / divisor for a, b, divisor in terms))
    loss = layers("crn/perceptual", DIVISORS).generator(given)
    assert loss.item() == pytest.approx(np.mean(expected), rel=1e-6)


def test_diversity_written_out(layers):
    given = step()
    expected = []
    for index in range(2):
        real = seen(given.batch["image"][index].numpy())
        label = given.batch["label"][index, 0].numpy()
        total = 0.0
        for each in range(4):
            mask = (label == each).astype(float)
            masks = [mask, mask, mask, mask.reshape(4, 2, 6, 2).mean((1, 3))]
            values = []
            for image in given.extras["candidates"][index].detach().numpy():
                terms = zip(seen(image), real, masks, DIVISORS, strict=True)
                values.append(sum((np.abs(a - b).mean(0) * m).mean() / divisor for a, b, m, divisor in terms))
            total += 0.999 * min(values) + 0.001 * np.mean(values)
        expected.append(total)
    loss = layers("crn/diversity", DIVISORS).generator(given)
    assert loss.item() == pytest.approx(np.mean(expected), rel=1e-6)


@pytest.mark.parametrize("name", ["crn/perceptual", "crn/diversity"])
def test_contributions_are_the_terms_one_by_one(layers, name):
    given = step()
    each = layers(name, [1, 1, 1, 1]).contributions(given)
    for term in range(4):
        alone = [1.0 if index == term else 1e12 for index in range(4)]
        torch.testing.assert_close(layers(name, alone).generator(given), each[term], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("name", ["crn/perceptual", "crn/diversity"])
def test_packaged_backbone(name):
    """Gradients reach every candidate that is best somewhere, and none reach the backbone."""
    loss, given = LOSSES.build({"type": name, "backbone": LITE, "divisors": [1] * 6}), step()
    loss.train().generator(given).backward()
    gradient = given.extras["candidates"].grad
    assert torch.isfinite(gradient).all()
    assert (gradient[:, 0] != 0).any()
    assert not any(parameter.requires_grad for parameter in loss.parameters())
    assert not any(module.training for module in loss.modules())


def test_wrong_settings_are_named(layers):
    with pytest.raises(ConfigError, match="published for crn/vgg19 alone: tools/calibrate_crn.py"):
        LOSSES.build({"type": "crn/perceptual", "backbone": LITE})
    for divisors in ([1, 2], [1, 2, 3, 0], [1, 2, 3, float("nan")], [1, 2, 3, float("inf")]):
        with pytest.raises(ValueError, match="4 numbers above 0 are needed"):
            layers("crn/perceptual", divisors)
    given = step()
    given.extras = {}
    with pytest.raises(ConfigError, match="a generator that makes several images"):
        layers("crn/diversity", DIVISORS).generator(given)
    given = step()
    del given.batch["label"]
    with pytest.raises(ConfigError, match="label maps"):
        layers("crn/diversity", DIVISORS).generator(given)
