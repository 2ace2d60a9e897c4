"""Boundary sharpness against plain loops."""

import math

import pytest
import torch

from synthkit.metrics.boundary import boundary_sharpness, contrast


def by_loops(image, instance, label=None):
    differences = []
    height, width = instance.shape[-2:]
    for y in range(height):
        for x in range(width):
            for v, u in ((y + 1, x), (y, x + 1)):
                if v >= height or u >= width or instance[0, y, x] == instance[0, v, u]:
                    continue
                if label is None or label[0, y, x] == label[0, v, u]:
                    differences.append((image[:, y, x] - image[:, v, u]).abs().mean().item())
    return sum(differences) / len(differences)


@pytest.mark.parametrize("labelled", [False, True])
def test_contrast_is_that_of_plain_loops(labelled):
    generator = torch.Generator().manual_seed(0)
    image = torch.randn(2, 3, 7, 6, generator=generator)
    instance = torch.randint(0, 5, (2, 1, 7, 6), generator=generator, dtype=torch.int32)
    label = instance // 2 if labelled else None
    expected = [by_loops(image[i], instance[i], None if label is None else label[i]) for i in range(2)]
    assert contrast(image, instance, label).tolist() == pytest.approx(expected, rel=1e-5)


def test_sharpness_of_an_equal_a_faint_and_a_blurred_image():
    instance = torch.zeros(1, 1, 4, 8, dtype=torch.int32)
    instance[..., 4:] = 1
    real = instance.float().expand(1, 3, 4, 8) * 2 - 1
    blurred = torch.nn.functional.avg_pool2d(real, (1, 3), 1, (0, 1), count_include_pad=False)
    assert boundary_sharpness(real, real, instance).item() == 1
    assert boundary_sharpness(real / 2, real, instance).item() == pytest.approx(0.5)
    assert boundary_sharpness(blurred, real, instance).item() == pytest.approx(1 / 3)
    assert math.isnan(boundary_sharpness(real, real, instance * 0).item())
    assert math.isnan(boundary_sharpness(real, real, instance, label=instance).item())
