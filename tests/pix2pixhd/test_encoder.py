"""Instance-wise pooling, which the golden tensors cover for one image only."""

import torch

from synthkit.plugins import load

load("pix2pixhd")
from synthkit.plugins.pix2pixhd.encoder import instance_mean  # noqa: E402


def test_instance_mean_of_a_batch_is_a_loop_over_images_and_ids():
    features = torch.randn(3, 4, 9, 7)
    instance = torch.randint(-2, 3, (3, 1, 9, 7), dtype=torch.int32) * 10_000_000
    expected = torch.empty_like(features)
    for image, ids, out in zip(features, instance, expected, strict=True):
        for each in ids.unique():
            inside = (ids == each).expand_as(image)
            for channel in range(4):
                out[channel][inside[channel]] = image[channel][inside[channel]].mean()
    torch.testing.assert_close(instance_mean(features, instance), expected)


def test_instances_of_one_id_in_two_images_stay_apart():
    features = torch.stack([torch.zeros(1, 4, 4), torch.ones(1, 4, 4)])
    assert torch.equal(instance_mean(features, torch.zeros(2, 1, 4, 4, dtype=torch.int32)), features)


def test_gradients_reach_every_pixel():
    features = torch.randn(2, 3, 8, 8, requires_grad=True, dtype=torch.bfloat16)
    style = instance_mean(features, torch.randint(4, (2, 1, 8, 8)))
    assert style.dtype == torch.bfloat16
    style.square().sum().backward()
    assert (features.grad != 0).all()
