"""What a step hands to losses, and training in every order with every way of steadying the discriminator."""

import copy

import pytest
import torch

from synthkit.errors import ConfigError
from synthkit.optimizers import build_optimizers
from synthkit.registry import STEPS
from synthkit.steps import Step
from synthkit.translator import Translator

MODEL = {
    "inputs": {"label": {"classes": 4}},
    "generator": {"type": "pix2pixhd/global", "channels": 4, "downsamples": 1, "blocks": 1},
    "discriminator": {"type": "pix2pixhd/multiscale", "channels": 4, "layers": 1},
    "losses": {"gan": "lsgan", "features": {"type": "pix2pixhd/feature_matching", "weight": 10}},
}


def batch(count=2, size=(16, 24)) -> dict:
    return {"label": torch.randint(4, (count, 1, *size)), "image": torch.rand(count, 3, *size) * 2 - 1}


def built(**changes) -> Translator:
    return Translator.from_config(copy.deepcopy(MODEL | changes))


LOSSES = {
    **{kind: {"gan": kind} for kind in ("lsgan", "vanilla", "hinge", "wgan", "wgan_gp")},
    "steadied": {"gan": "hinge", "r1": {"type": "r1", "every": 2}, "lecam": {"type": "lecam", "start": 1}},
}


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("order", ["joint", "discriminator_first", "generator_first"])
@pytest.mark.parametrize("losses", LOSSES)
def test_every_order_trains_with_every_loss(losses, order, precision):
    section = {
        "losses": MODEL["losses"] | LOSSES[losses],
        "augment": {"policy": ["colour", "translation", "cutout"]},
        "pool": 3,
    }
    model = Translator.from_config(MODEL | section, precision=precision)
    optimizers = build_optimizers({"type": "Adam", "lr": 2e-4}, model.parameter_groups())
    before = copy.deepcopy(model.networks.state_dict())
    for model.training_step in range(3):
        logs = STEPS.get(order)(model, batch(), optimizers)
        assert all(torch.isfinite(value) for value in logs.values()), logs
    changed = {
        key.split(".")[0]
        for key, value in model.networks.state_dict().items()
        if not torch.equal(value, before[key])
    }
    assert changed == {"generator", "discriminator"}
    assert {f"{name}/discriminator" for name in section["losses"] if name != "features"} <= logs.keys()


def test_a_weight_scales_the_generators_term_or_the_only_one():
    losses = {"gan": {"type": "lsgan", "weight": 3}, "r1": {"type": "r1", "every": 1, "weight": 5}}
    plain, weighted = built(losses={"gan": "lsgan", "r1": {"type": "r1", "every": 1}}), built(losses=losses)
    weighted.networks.load_state_dict(plain.networks.state_dict())
    data = batch()
    terms = []
    for model in (plain, weighted):
        step = Step.forward(model, data)
        terms.append(model.generator_losses(step) | model.discriminator_losses(step))
    ratios = {name: (terms[1][name] / terms[0][name]).item() for name in terms[0]}
    assert ratios == pytest.approx({"gan": 3, "gan/discriminator": 1, "r1/discriminator": 5})


def test_a_pool_serves_the_discriminators_fakes_with_their_conditions():
    model, data = built(pool=1), [batch(1), batch(1)]
    first, second = (Step.forward(model, each) for each in data)
    assert torch.equal(first.pooled().fake, first.fake), "it fills"
    while torch.equal((pooled := second.pooled()).fake, second.fake):
        pass
    assert torch.equal(pooled.fake, first.fake)
    assert torch.equal(pooled.fake_condition, first.condition)
    assert torch.equal(pooled.condition, second.condition)
    assert not pooled.fake.requires_grad
    torch.testing.assert_close(pooled.fake_outputs, first.fake_outputs)
    assert pooled.real_outputs is second.real_outputs


def test_without_a_pool_the_discriminator_sees_the_step_itself():
    step = Step.forward(built(), batch())
    assert step.pooled() is step


def test_real_and_fake_are_augmented_alike_and_each_step_anew():
    model, data, seen = built(augment={}), batch(), []
    model.discriminate = lambda condition, image, *, full_precision: seen.append((condition, image))
    for _ in range(2):
        step = Step(model, data, torch.rand(2, 4, 16, 24), fake=data["image"].clone())
        assert step.real_outputs is step.fake_outputs
    (real, fake), (next_real, _) = seen[:2], seen[2:]
    assert torch.equal(real[0], fake[0])
    assert torch.equal(real[1], fake[1])
    assert not torch.equal(real[1], next_real[1])
    assert not torch.equal(real[1], data["image"])


def test_augmentation_is_off_at_inference():
    plain, augmented, data = built(), built(augment={}), batch()
    augmented.networks.load_state_dict(plain.networks.state_dict())
    assert torch.equal(plain.translate(data), augmented.translate(data))


def test_signals():
    model = built()
    fake = torch.zeros(1, 3, 16, 24, requires_grad=True)
    with torch.no_grad():
        fake[:, 0, 0], fake[:, 1, 1], fake[:, 2] = 1, -0.9995, 0.998
    step = Step(model, batch(1), condition=torch.rand(1, 4, 16, 24), fake=fake)
    assert step.signals() == {"saturation": pytest.approx(2 * 24 / (3 * 16 * 24))}
    step.real_outputs = [[torch.tensor([[[[1.0, 2.0, 3.0]]]])], [torch.tensor([[[[1.0]]]])]]
    assert "ranking" not in step.signals(), "the discriminator has not seen the fake"
    step.fake_outputs = [[torch.tensor([[[[0.0, 9.0, 9.0]]]])], [torch.tensor([[[[0.0]]]])]]
    assert step.signals()["ranking"].item() == 0.5
    assert step.signals()["logit gap"].item() == pytest.approx((1 - 7 - 6 + 1) / 4)
    assert not any(value.requires_grad for value in step.signals().values())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"losses": {"r1": "r1", "lecam": "lecam"}}, "no loss trains the discriminator; lecam, r1"),
        ({"losses": {}}, "no loss trains the discriminator"),
        ({"losses": {"r1": "r1"}, "discriminator": None}, "the loss 'r1' needs model.discriminator"),
        ({"losses": {}, "discriminator": None, "augment": {}}, "augment: it needs model.discriminator"),
        ({"losses": {}, "discriminator": None, "pool": 5}, "pool: it needs model.discriminator"),
        ({"pool": -1}, "-1 is not a number of fakes, 0 or more"),
        ({"pool": True}, "True is not a number of fakes"),
        ({"pool": "50"}, "'50' is not a number of fakes"),
        (
            {"augment": {"policy": ["flip"]}},
            "no augmentation 'flip': choose from colour, translation, cutout",
        ),
        ({"augment": {"policy": []}}, "policy is empty: choose from colour"),
        ({"augment": ["colour"]}, "a mapping is needed"),
    ],
)
def test_what_does_not_go_together_is_refused(changes, message):
    with pytest.raises(ConfigError, match=message):
        built(**changes)


def test_absent_null_and_zero_are_off():
    for changes in ({}, {"augment": None, "pool": None}, {"pool": 0}):
        model = built(**changes)
        assert model.augment is None and model.pool is None
