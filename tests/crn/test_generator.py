"""The cascade against its published sizes, and against the forward pass written out a second time."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from synthkit.errors import ConfigError
from synthkit.registry import GENERATORS
from synthkit.translator import Translator


def cascade(**settings) -> torch.nn.Module:
    return GENERATORS.build({"type": "crn/cascaded", **settings}, in_channels=20)


# Two 3x3 convolutions without bias, each with a gain and a bias per channel. By the module's height, with D
# channels from the module below and the 20 labels: 9 (D + 20) C + 9 C C + 4 C.
FIRST = 9 * 20 * 1024 + 9 * 1024 * 1024 + 4 * 1024  # 9,625,600: it sees the labels alone
WIDE = 9 * 1044 * 1024 + 9 * 1024 * 1024 + 4 * 1024  # 19,062,784: 1024 channels from 1024
HALF = 9 * 1044 * 512 + 9 * 512 * 512 + 4 * 512  # 7,172,096: 512 from 1024
SAME = 9 * 532 * 512 + 9 * 512 * 512 + 4 * 512  # 4,812,800: 512 from 512
EIGHTH = 9 * 532 * 128 + 9 * 128 * 128 + 4 * 128  # 760,832: 128 from 512
LAST = 9 * 148 * 32 + 9 * 32 * 32 + 4 * 32  # 51,968: 32 from 128


@pytest.mark.parametrize(
    ("height", "modules", "last"),
    [
        (192, [FIRST, WIDE, WIDE, WIDE, HALF, SAME], 512),  # 6, 12, 24, 48, 96, 192 lines
        (256, [FIRST, WIDE, WIDE, WIDE, WIDE, HALF, SAME], 512),  # 4, 8, 16, 32, 64, 128, 256
        (512, [FIRST, WIDE, WIDE, WIDE, WIDE, HALF, SAME, EIGHTH], 128),
        (1024, [FIRST, WIDE, WIDE, WIDE, WIDE, HALF, SAME, EIGHTH, LAST], 32),
    ],
)
def test_published_sizes(height, modules, last):
    with torch.device("meta"):
        network = cascade(height=height)
    counts = [sum(p.numel() for p in part.parameters()) for part in (*network.refinements, network.head)]
    assert counts == [*modules, 3 * last + 3]
    assert height / network.stride == (6 if height == 192 else 4)


def written_out(weights: dict[str, Tensor], label: Tensor, modules: int) -> Tensor:
    """The last convolution's channels, from the description alone, one image and module at a time."""
    features = None
    for module in range(modules):
        lines, columns = (size // 2 ** (modules - 1 - module) for size in label.shape[2:])
        area = label.unflatten(3, (columns, -1)).unflatten(2, (lines, -1)).mean((3, 5))
        features = area if features is None else torch.cat([bilinear(features, lines, columns), area], 1)
        for layer in range(2):
            name = f"refinements.{module}.layers.{layer}"
            features = F.conv2d(features, weights[f"{name}.conv.weight"], padding=1)
            mean = features.mean((1, 2, 3), keepdim=True)
            variance = (features - mean).square().mean((1, 2, 3), keepdim=True)
            gain, bias = (weights[f"{name}.norm.{key}"].view(1, -1, 1, 1) for key in ("weight", "bias"))
            features = (features - mean) / (variance + 1e-5).sqrt() * gain + bias
            features = torch.maximum(features, 0.2 * features)
    return torch.einsum("nchw,oc->nohw", features, weights["head.weight"][..., 0, 0]) + weights[
        "head.bias"
    ].view(-1, 1, 1)


def bilinear(features: Tensor, lines: int, columns: int) -> Tensor:
    """With aligned corners: the first and the last pixels stay where they are."""

    def along(x: Tensor, dim: int, count: int) -> Tensor:
        at = torch.arange(count) * (x.shape[dim] - 1) / (count - 1)
        low = at.floor().long().clamp(max=x.shape[dim] - 2)
        share = (at - low).view([-1 if axis == dim else 1 for axis in range(4)])
        return x.index_select(dim, low) * (1 - share) + x.index_select(dim, low + 1) * share

    return along(along(features, 2, lines), 3, columns)


def randomised(network: torch.nn.Module) -> torch.nn.Module:
    """Gains and biases that are not one and zero."""
    for name, parameter in network.named_parameters():
        torch.nn.init.normal_(parameter, float(name.endswith("norm.weight")), 0.2)
    return network


@pytest.mark.parametrize(("height", "size", "modules"), [(64, (64, 128), 5), (48, (48, 64), 4)])
def test_forward_written_out(height, size, modules):
    network = randomised(cascade(height=height, channels=8))
    label = F.one_hot(torch.randint(20, (2, *size)), 20).movedim(3, 1).float()
    expected = written_out(network.state_dict(), label, modules)
    with torch.no_grad():
        torch.testing.assert_close(network(label), expected, atol=1e-5, rtol=0)


def test_images_take_their_channels_colour_by_colour():
    """Image i has the channels i, i + 9 and i + 18."""
    network = randomised(cascade(height=16, channels=8, images=9))
    label = torch.rand(1, 20, 16, 32)
    with torch.no_grad():
        image, extras = network(label)
        channels = written_out(network.state_dict(), label, 3)
    assert extras["candidates"].shape == (1, 9, 3, 16, 32)
    assert torch.equal(image, extras["candidates"][:, 0])
    for number in (0, 4, 8):
        expected = channels[:, [number, number + 9, number + 18]]
        torch.testing.assert_close(extras["candidates"][:, number], expected, atol=1e-5, rtol=0)


def test_twice_the_height_takes_over_all_modules_by_name():
    small, large = (cascade(height=height, channels=32).state_dict() for height in (32, 64))
    taken = {name for name in small if name in large and small[name].shape == large[name].shape}
    assert {name for name in small if name.startswith("refinements")} <= taken
    assert {name.partition(".layers")[0] for name in large.keys() - taken} == {"refinements.4"}


@pytest.mark.parametrize("name", ["instance", "batch", "none", {"type": "group", "groups": 2}])
def test_other_norms(name):
    assert cascade(height=16, channels=8, norm=name)(torch.rand(2, 20, 16, 16)).shape == (2, 3, 16, 16)


def test_padded_heights_and_wrong_settings():
    assert cascade(height=100, channels=8).stride == 16  # 7, 14, 28, 56, 112 lines
    for settings, message in (
        ({"height": 3}, "height is 3"),
        ({"images": 0}, "images is 0"),
        ({"height": 1024, "channels": 16}, "1024 lines would have none"),
    ):
        with pytest.raises(ConfigError, match=message):
            cascade(**settings)


def test_candidates_have_the_size_of_the_image():
    """A frame that is padded, in training and in translation."""
    generator = {"type": "crn/cascaded", "height": 32, "channels": 8, "images": 3}
    model = Translator.from_config({"inputs": {"label": {"classes": 5}}, "generator": generator})
    batch = {"label": torch.randint(5, (2, 1, 30, 45))}
    _, fake, extras = model.generate(batch)
    assert extras["candidates"].shape == (2, 3, 3, 30, 45)
    assert torch.equal(extras["candidates"][:, 0], fake)
    every = model.translate(batch, candidate="all")
    assert torch.equal(model.translate(batch, candidate=2), every[:, 2])
    assert torch.equal(model.translate(batch), every[:, 0])
