"""Gradient penalties and LeCam against closed forms, and against slopes taken image by image."""

import math
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor, nn

from synthkit.discriminators import PatchGAN
from synthkit.errors import SynthkitError
from synthkit.registry import LOSSES
from synthkit.steps import Step
from synthkit.translator import Translator


class Linear(nn.Module):
    """Per scale a linear map of the image to some logits: (places, 3 * 4 * 5)."""

    def __init__(self, *places: int):
        super().__init__()
        self.maps = nn.ParameterList(torch.randn(count, 60) / 10 for count in places)

    def forward(self, condition: Tensor, image: Tensor) -> list[list[Tensor]]:
        return [[(image.flatten(1) @ each.T)[:, None, None]] for each in self.maps]


def step_of(discriminator: nn.Module, *, size=(4, 5), precision="fp32") -> Step:
    model = Translator({"discriminator": discriminator}, {}, precision=precision)
    model.training_step = 0
    image, fake = (torch.rand(2, 3, *size) * 2 - 1 for _ in range(2))
    return Step(model, {"image": image}, condition=torch.randn(2, 1, *size), fake=fake.requires_grad_())


def slopes(critic: Linear) -> list[float]:
    return [each.sum(0).norm().item() / math.sqrt(len(each)) for each in critic.maps]


@pytest.mark.parametrize(("scales", "share"), [("sum", 1), ("mean", 1 / 3)])
def test_r1_of_linear_critics(scales, share):
    critic = Linear(1, 4, 9)
    loss = LOSSES.build({"type": "r1", "gamma": 3, "every": 5, "scales": scales})
    expected = share * 5 * 3 / 2 * sum(slope**2 for slope in slopes(critic))
    assert math.isclose(loss.discriminator(step_of(critic)).item(), expected, rel_tol=1e-5)


@pytest.mark.parametrize(("scales", "share"), [("sum", 1), ("mean", 1 / 3)])
def test_wgan_gp_of_linear_critics(scales, share):
    critic = Linear(1, 4, 9)
    step = step_of(critic)
    gap = sum(
        (fake[-1].mean() - real[-1].mean()).item()
        for real, fake in zip(step.real_outputs, step.fake_outputs, strict=True)
    )
    penalty = sum((slope - 1) ** 2 for slope in slopes(critic))
    for settings, weight, tenfold in (({}, 1, 10), ({"penalty": 2, "discriminator_weight": 0.5}, 0.5, 2)):
        loss = LOSSES.build({"type": "wgan_gp", "scales": scales, **settings})
        expected = share * weight * (gap + tenfold * penalty)
        assert math.isclose(loss.discriminator(step).item(), expected, rel_tol=1e-4, abs_tol=1e-4)


def test_wgan_gp_looks_between_real_and_fake_pairs():
    """The critic -|x|^2 / 2 has the slope |x|; condition and image are taken at the same point of the way."""
    seen = []

    class Square(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.ones(()))

        def forward(self, condition, image):
            seen.append((condition, image))
            return [[-self.scale * image.square().sum((1, 2, 3)).view(-1, 1, 1, 1) / 2]]

    step = step_of(Square())
    step.past_condition = torch.randn_like(step.condition)
    loss = LOSSES.build("wgan_gp")
    total = loss.discriminator(step)
    condition, between = seen[0]
    for index in range(2):
        start, end = step.fake[index], step.batch["image"][index]
        shares = (between[index] - start) / (end - start)
        share = shares.median()
        assert 0 <= share <= 1
        torch.testing.assert_close(between[index], start + share * (end - start))
        start, end = step.past_condition[index], step.condition[index]
        torch.testing.assert_close(condition[index], start + share * (end - start))
    gap = step.fake_outputs[0][-1].mean() - step.real_outputs[0][-1].mean()
    penalty = sum((each.norm() - 1) ** 2 for each in between) / 2
    torch.testing.assert_close(total, gap + 10 * penalty)


def patch_r1(discriminator: PatchGAN, step: Step) -> Tensor:
    """R1 in float64, image by image and place by place: nothing is shared with `gradient_norms`."""
    total = 0
    for condition, image in zip(step.condition.double(), step.batch["image"].double(), strict=True):
        image = image[None].requires_grad_()
        logits = discriminator(condition[None], image)[0][-1].flatten()
        slope = sum(torch.autograd.grad(each, image, create_graph=True)[0] for each in logits)
        total = total + slope.square().sum() / len(logits)
    return 10 / 2 * total / len(step.condition)


@pytest.mark.parametrize("spectral", [False, True])
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_r1_and_its_gradients_in_float32(precision, spectral, layout):
    discriminator = PatchGAN(4, 4, layers=2, spectral=spectral).eval()  # spectral norm rests in evaluation
    step = step_of(discriminator, size=(16, 24), precision=precision)
    exact = PatchGAN(4, 4, layers=2, spectral=spectral).eval()
    exact.load_state_dict(discriminator.state_dict())
    exact.double()
    discriminator.to(memory_format=layout)
    penalty, expected = LOSSES.build({"type": "r1", "every": 1}).discriminator(step), patch_r1(exact, step)
    assert penalty.dtype == torch.float32
    torch.testing.assert_close(penalty.double(), expected, rtol=1e-4, atol=0)
    found = torch.autograd.grad(penalty, discriminator.parameters(), allow_unused=True)
    exact_gradients = torch.autograd.grad(expected, exact.parameters(), allow_unused=True)
    for gradient, reference in zip(found, exact_gradients, strict=True):
        reference = torch.zeros(()) if reference is None else reference
        gradient = torch.zeros(()) if gradient is None else gradient
        scale = float(reference.abs().max()) + 1e-3
        torch.testing.assert_close(gradient.double(), reference.double(), atol=1e-3 * scale, rtol=1e-3)


def test_penalties_do_not_reach_the_generator():
    step = step_of(PatchGAN(4, 4, layers=2), size=(16, 24))
    r1 = LOSSES.build("r1").discriminator(step)
    assert torch.autograd.grad(r1, step.fake, allow_unused=True) == (None,)
    with_penalty, without = (
        torch.autograd.grad(LOSSES.build(kind).discriminator(step), step.fake, retain_graph=True)[0]
        for kind in ("wgan_gp", "wgan")
    )
    assert torch.equal(with_penalty, without)


def test_r1_is_lazy_and_adds_up_to_the_same():
    step = step_of(Linear(1))
    always, lazy = LOSSES.build({"type": "r1", "every": 1}), LOSSES.build({"type": "r1", "every": 4})
    values = []
    for step.model.training_step in range(8):
        values.append(lazy.discriminator(step).item())
    assert [value > 0 for value in values] == 2 * [True, False, False, False]
    assert math.isclose(sum(values), 8 * always.discriminator(step).item(), rel_tol=1e-5)


def test_the_step_must_be_numbered_where_it_counts():
    step = step_of(Linear(1))
    step.model.training_step = None
    for spec in ("r1", {"type": "lecam", "start": 3}):
        with pytest.raises(SynthkitError, match=r"set model\.training_step"):
            LOSSES.build(spec).discriminator(step)
    for spec in ({"type": "r1", "every": 1}, "lecam", "wgan_gp"):
        LOSSES.build(spec).discriminator(step)


def logits(*places: int) -> list[list[Tensor]]:
    return [[torch.zeros(1), torch.randn(2, 1, 1, count)] for count in places]


@pytest.mark.parametrize(("scales", "share"), [("sum", 1), ("mean", 0.5)])
def test_lecam_follows_a_plain_loop(scales, share):
    loss = LOSSES.build({"type": "lecam", "decay": 0.75, "strength": 0.5, "scales": scales})
    history = []
    for _ in range(7):
        step = SimpleNamespace(real_outputs=logits(3, 2), fake_outputs=logits(3, 2))
        total = loss.discriminator(step)
        history.append(
            [[o[-1].mean().item() for o in side] for side in (step.real_outputs, step.fake_outputs)]
        )
        expected = 0
        for scale in range(2):
            means = []
            for side in range(2):
                mean = 0.0
                for count, each in enumerate(history, 1):
                    rate = max(1 / count, 0.25)
                    mean = (1 - rate) * mean + rate * each[side][scale]
                means.append(mean)
            real, fake = step.real_outputs[scale][-1], step.fake_outputs[scale][-1]
            expected += ((real - means[1]) ** 2).mean() + ((fake - means[0]) ** 2).mean()
        torch.testing.assert_close(total, 0.5 * share * expected)


def test_lecam_starts_late_with_means_that_were_followed_before():
    late, always = LOSSES.build({"type": "lecam", "start": 3}), LOSSES.build("lecam")
    for number in range(5):
        step = SimpleNamespace(
            real_outputs=logits(2), fake_outputs=logits(2), fake=torch.zeros(1), number=number
        )
        expected = always.discriminator(step) if number >= 3 else always.discriminator(step) * 0
        assert torch.equal(late.discriminator(step), expected)


def test_lecam_goes_on_from_its_buffers():
    first, second = LOSSES.build("lecam"), LOSSES.build("lecam")
    steps = [SimpleNamespace(real_outputs=logits(2, 1), fake_outputs=logits(2, 1)) for _ in range(4)]
    for step in steps[:2]:
        first.discriminator(step)
    for name, buffer in first.named_buffers(recurse=False):
        second.get_buffer(name).copy_(buffer)
    for step in steps[2:]:
        assert torch.equal(first.discriminator(step), second.discriminator(step))


def test_lecam_follows_the_means_over_all_processes(monkeypatch):
    monkeypatch.setattr("synthkit.distributed.mean", lambda tensor: tensor + 1)  # as if others' were higher
    loss = LOSSES.build("lecam")
    step = SimpleNamespace(real_outputs=logits(2), fake_outputs=logits(2))
    loss.discriminator(step)
    expected = [step.real_outputs[0][-1].mean() + 1, step.fake_outputs[0][-1].mean() + 1]
    torch.testing.assert_close(loss.means[:, 0], torch.stack(expected))


def test_wrong_settings_are_named():
    with pytest.raises(ValueError, match="every is 0: it must be at least 1"):
        LOSSES.get("r1")(every=0)
    with pytest.raises(ValueError, match="decay is 1.0: it must be at least 0 and below 1"):
        LOSSES.get("lecam")(decay=1.0)
