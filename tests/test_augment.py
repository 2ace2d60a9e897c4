"""Differentiable augmentation: geometry, colours and gradients."""

import pytest
import torch

from synthkit.augment import POLICIES, Augment

ALL = tuple(POLICIES)


@pytest.mark.parametrize("policy", [*((name,) for name in ALL), ALL])
@pytest.mark.parametrize("size", [(16, 24), (17, 9), (1, 1)])
@pytest.mark.parametrize("channels", [0, 5])
def test_shapes_stay_and_gradients_flow(policy, size, channels):
    condition, image = torch.rand(3, channels, *size), torch.rand(3, 3, *size, dtype=torch.float64)
    transform = Augment(policy).draw(3, *size)
    moved, seen = transform(condition, image)
    assert moved.shape == condition.shape
    assert seen.shape == image.shape
    assert torch.autograd.gradcheck(
        lambda x: transform(condition, x)[1], image.requires_grad_(), fast_mode=True
    )


@pytest.mark.parametrize("policy", [("translation",), ("cutout",), ("translation", "cutout")])
def test_condition_and_image_move_together(policy):
    image = torch.rand(8, 3, 32, 48) + 1
    condition, seen = Augment(policy).draw(8, 32, 48)(image.repeat(1, 2, 1, 1), image)
    assert torch.equal(condition, seen.repeat(1, 2, 1, 1))
    assert not torch.equal(seen, image)


def test_colour_leaves_the_condition_and_acts_as_written():
    condition, image = torch.rand(4, 2, 5, 6), torch.rand(4, 3, 5, 6) * 2 - 1
    torch.manual_seed(7)
    moved, seen = Augment(["colour"]).draw(4, 5, 6)(condition, image)
    assert moved is condition
    torch.manual_seed(7)
    brightness, saturation, contrast = torch.rand(3, 4).tolist()
    for index, pixels in enumerate(image):
        pixels = pixels + brightness[index] - 0.5
        grey = pixels.mean(0)
        pixels = torch.stack([grey + 2 * saturation[index] * (channel - grey) for channel in pixels])
        pixels = pixels.mean() + (0.5 + contrast[index]) * (pixels - pixels.mean())
        torch.testing.assert_close(seen[index], pixels)


def test_translation_shifts_by_up_to_an_eighth_and_fills_with_zeros():
    image = torch.zeros(200, 3, 32, 48)
    image[:, :, 16, 24] = 1
    _, seen = Augment(["translation"]).draw(200, 32, 48)(image, image)
    _, rows, columns = seen[:, 0].nonzero(as_tuple=True)
    assert set((rows - 16).tolist()) == set(range(-4, 5))
    assert set((columns - 24).tolist()) == set(range(-6, 7))
    assert torch.equal(seen.sum((1, 2, 3)), torch.full((200,), 3.0))


def test_cutout_makes_one_hole_of_at_most_half_the_size():
    image = torch.ones(100, 3, 32, 48)
    _, seen = Augment(["cutout"]).draw(100, 32, 48)(image, image)
    for hole in 1 - seen[:, 0]:
        height, width = hole.any(1).sum(), hole.any(0).sum()
        assert hole.sum() == height * width, "it is a rectangle"
        assert 8 <= height <= 16 and 12 <= width <= 24


def test_the_same_random_state_draws_the_same_transform():
    image = torch.rand(2, 3, 16, 16)
    seen = []
    for _ in range(2):
        torch.manual_seed(3)
        transform = Augment().draw(2, 16, 16)
        seen += [transform(image, image)[1], transform(image, image)[1]]
    assert all(torch.equal(each, seen[0]) for each in seen)
