"""PatchGAN: how much a logit sees, and the three networks that share the name."""

import pytest
import torch

from synthkit.errors import ConfigError
from synthkit.registry import DISCRIMINATORS


@pytest.mark.parametrize(("layers", "patch"), [(0, 1), (1, 16), (3, 70), (5, 286)])
def test_patch_size(layers, patch):
    """The pixels that one logit depends on form the square that Isola et al. name."""
    network = DISCRIMINATORS.build(
        {"type": "patch", "channels": 2, "layers": layers, "norm": "none"}, in_channels=1
    )
    for parameter in network.parameters():
        torch.nn.init.constant_(parameter, 0.05)  # no path may cancel another
    image = torch.ones(1, 1, 512, 512, requires_grad=True)
    logits = network(image[:, :0], image)[0][-1]
    logits[0, 0, logits.shape[2] // 2, logits.shape[3] // 2].backward()
    rows, columns = image.grad[0, 0].nonzero(as_tuple=True)
    assert (rows.max() - rows.min() + 1, columns.max() - columns.min() + 1) == (patch, patch)


@pytest.mark.parametrize(
    ("layers", "padding", "smallest"), [(0, 1, 1), (1, 1, 6), (3, 1, 24), (5, 1, 96), (3, 0, 70), (3, 2, 2)]
)
def test_images_that_are_too_small_are_named(layers, padding, smallest):
    """The least size passes, in a batch of one and with a norm; one pixel less is an error that says so."""
    settings = {"type": "patch", "channels": 2, "layers": layers, "padding": padding, "norm": "batch"}
    network = DISCRIMINATORS.build(settings, in_channels=3)
    image = torch.rand(1, 3, smallest, smallest + 1)
    assert network(image[:, :0], image)[0][-1].numel() >= 1
    if smallest > 1:
        with pytest.raises(ConfigError, match=rf"need {smallest} pixels .* has {smallest - 1} x"):
            network(image[:, :0, 1:], image[:, :, 1:])


@pytest.mark.parametrize(
    ("settings", "logits", "biases"),
    [
        ({"padding": 1, "bias": False, "norm": "batch"}, 30, {0, 4}),  # pix2pix
        ({"padding": 2, "bias": True, "norm": "instance"}, 35, {0, 1, 2, 3, 4}),  # pix2pixHD
        ({"padding": 2, "bias": False, "norm": "instance", "spectral": True}, 35, {0, 4}),  # SPADE
    ],
)
def test_three_networks(settings, logits, biases):
    network = DISCRIMINATORS.build({"type": "patch", "channels": 4, **settings}, in_channels=6)
    outputs = network(torch.randn(2, 3, 256, 256), torch.randn(2, 3, 256, 256))
    assert outputs[0][-1].shape == (2, 1, logits, logits)
    convolutions = [block.conv for block in network.blocks]
    assert {index for index, conv in enumerate(convolutions) if conv.bias is not None} == biases
    normed = {index for index, conv in enumerate(convolutions) if hasattr(conv, "weight_orig")}
    assert normed == ({1, 2, 3} if settings.get("spectral") else set())


def test_channels_double_up_to_512():
    network = DISCRIMINATORS.build({"type": "patch", "channels": 64, "layers": 5}, in_channels=6)
    assert [block.conv.out_channels for block in network.blocks] == [64, 128, 256, 512, 512, 512, 1]


def test_finer_scales_do_not_rename_the_coarser_ones():
    two, three = (
        DISCRIMINATORS.build({"type": "pix2pixhd/multiscale", "channels": 4, "scales": n}, in_channels=6)
        for n in (2, 3)
    )
    three.load_state_dict(two.state_dict(), strict=False)
    image = torch.randn(1, 6, 128, 128)
    half = torch.nn.functional.avg_pool2d(image, 3, 2, 1, count_include_pad=False)
    coarse = two(half[:, :3], half[:, 3:])
    fine = three(image[:, :3], image[:, 3:])
    for expected, actual in zip(coarse, fine[1:], strict=True):
        torch.testing.assert_close(actual[-1], expected[-1])
