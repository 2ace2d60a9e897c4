"""Reflection padding in both its forms, upsampling and dropout."""

import pytest
import torch
from torch import nn

from synthkit.nn import blocks
from synthkit.nn.norms import BatchNorm, norm_factory
from synthkit.registry import ENCODERS, GENERATORS

NORM = norm_factory("none")
REFLECTED_ROWS = blocks.reflected_rows


@pytest.mark.parametrize("padding", [1, 3])
@pytest.mark.parametrize("size", [(4, 5), (9, 4)])
def test_both_reflections_are_equal(padding, size):
    given = torch.randn(2, 3, *size, dtype=torch.float64, requires_grad=True)
    padded, sliced = blocks.reflect(given, padding), blocks.reflect_by_slices(given, padding)
    assert torch.equal(padded, sliced)
    weights = torch.randn_like(padded)
    gradients = [torch.autograd.grad((each * weights).sum(), given)[0] for each in (padded, sliced)]
    torch.testing.assert_close(*gradients)


@pytest.mark.parametrize("form", [blocks.reflect, blocks.reflect_by_slices])
@pytest.mark.parametrize("size", [(3, 9), (9, 3)])
def test_too_small_an_image_is_refused(form, size):
    with pytest.raises(RuntimeError):
        form(torch.rand(1, 1, *size), 3)


@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (7, 1), (3, 2)])
def test_reflected_convolution_is_torchs_own(kernel, stride):
    ours = blocks.ReflectConv2d(3, 4, kernel, stride=stride)
    theirs = nn.Conv2d(3, 4, kernel, stride, padding=kernel // 2, padding_mode="reflect")
    theirs.load_state_dict(ours.state_dict())
    given = torch.randn(2, 3, 8, 10)
    torch.testing.assert_close(ours(given), theirs(given))


@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (7, 1), (3, 2)])
@pytest.mark.parametrize("size", [(8, 64), (10, 24), (14, 5)])
def test_stripes_make_the_whole(monkeypatch, kernel, stride, size):
    conv, given = blocks.ReflectConv2d(3, 4, kernel, stride=stride), torch.randn(2, 3, *size)
    whole = conv(given)
    monkeypatch.setattr(blocks, "LARGE", 64)
    calls = []
    monkeypatch.setattr(blocks, "reflected_rows", lambda *args: calls.append(args) or REFLECTED_ROWS(*args))
    with torch.inference_mode():
        striped = conv(given)
    assert len(calls) > 1
    torch.testing.assert_close(striped, whole)


def test_resizing_leaves_no_checkerboard():
    flat = torch.ones(1, 3, 6, 8)
    spread = {}
    for upsample in blocks.UPSAMPLING:
        image = blocks.UpBlock(3, 4, norm=NORM, upsample=upsample).conv(flat)
        assert image.shape == (1, 4, 12, 16)
        spread[upsample] = image[..., 2:-2, 2:-2].std((2, 3)).max()
    assert spread["transposed"] > 0.01
    assert spread["resize"] < 1e-6


def test_resizing_repeats_pixels_and_convolves():
    block, given = blocks.UpBlock(2, 3, norm=NORM, upsample="resize"), torch.randn(1, 2, 4, 5)
    repeated = given.repeat_interleave(2, 2).repeat_interleave(2, 3)
    expected = nn.functional.conv2d(
        nn.functional.pad(repeated, (1, 1, 1, 1), mode="reflect"), block.conv.weight, block.conv.bias
    )
    torch.testing.assert_close(block(given), expected.relu())


def test_dropout_is_between_the_convolutions_in_training_alone():
    given = torch.randn(1, 4, 8, 8)
    plain, dropped = (blocks.ResidualBlock(4, norm=NORM, dropout=share) for share in (0.0, 1.0))
    dropped.load_state_dict(plain.state_dict())
    bias = dropped.second.conv.bias.view(1, -1, 1, 1)
    torch.testing.assert_close(dropped(given), given + bias)
    assert torch.equal(dropped.eval()(given), plain(given))


@pytest.mark.parametrize("name", ["pix2pixhd/global", "pix2pixhd/local", "pix2pixhd/instance_encoder"])
def test_networks_take_the_choices_and_keep_their_names(name):
    registry = ENCODERS if "encoder" in name else GENERATORS
    spec = {"type": name, "channels": 4, "downsamples": 1}
    options = {"upsample": "resize"} | ({} if registry is ENCODERS else {"dropout": 0.5})
    plain, changed = (registry.build(spec | more, in_channels=3) for more in ({}, options))
    assert plain.state_dict().keys() == changed.state_dict().keys()
    kinds = {type(module) for module in changed.modules()}
    assert blocks.ResizeConv2d in kinds and nn.ConvTranspose2d not in kinds
    shares = {module.p for module in changed.modules() if isinstance(module, nn.Dropout)}
    assert shares == (set() if registry is ENCODERS else {0.5})


def test_an_unknown_upsampling_is_named():
    with pytest.raises(ValueError, match="upsample is 'bilinear': choose one of transposed, resize"):
        blocks.UpBlock(2, 2, norm=NORM, upsample="bilinear")


@pytest.mark.parametrize(("mean", "deviation"), [(0, 1), (100, 0.01), (1000, 0.01)])
def test_synchronised_batch_norm_equals_torch_far_from_zero(monkeypatch, mean, deviation):
    """Two processes with the same images: the outputs and statistics are torch's of the joined batch."""
    torch.manual_seed(0)
    monkeypatch.setattr("synthkit.nn.norms.get_world_size", lambda: 2)
    monkeypatch.setattr("synthkit.nn.norms.all_reduce", lambda tensor: 2 * tensor)
    images = torch.randn(2, 3, 8, 8) * deviation + mean
    ours, torchs = BatchNorm(3), torch.nn.BatchNorm2d(3)
    joined = torchs(torch.cat([images, images]))
    torch.testing.assert_close(ours(images), joined[:2], atol=2e-2, rtol=0)
    torch.testing.assert_close(ours.running_mean, torchs.running_mean)
    torch.testing.assert_close(ours.running_var, torchs.running_var, atol=1e-5, rtol=1e-4)
