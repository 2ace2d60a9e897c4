"""Steps: `step(model, batch, optimizers) -> logs` updates the networks once."""

import copy
from collections.abc import Mapping

import torch
from torch import Tensor

from synthkit.discriminators import PatchGAN
from synthkit.inputs import build_inputs
from synthkit.losses.gan import LSGAN
from synthkit.losses.pixel import L1
from synthkit.optimizers import build_optimizers
from synthkit.registry import STEPS
from synthkit.testing.component import Component, check
from synthkit.testing.samples import CLASSES, SmallGenerator, batch
from synthkit.translator import Translator


def _model() -> Translator:
    networks = {"generator": SmallGenerator(CLASSES), "discriminator": PatchGAN(CLASSES + 3, 4, layers=2)}
    inputs = build_inputs({"label": {"classes": CLASSES}})
    model = Translator(networks, inputs, {"gan": LSGAN(), "pixels": L1()}, loss_weights={"pixels": 10})
    model.training_step = 0
    return model


def _updated(component: Component, model: Translator) -> Mapping[str, Tensor]:
    """The logs of a step that updates the model."""
    optimizers = build_optimizers({"type": "SGD", "lr": 0.1}, model.parameter_groups())
    logs = component.target(model, batch(), optimizers)
    assert isinstance(logs, Mapping), f"the losses by name are returned, to be logged, not {logs!r}"
    return logs


@check(STEPS)
def updates(component: Component) -> None:
    """It changes the generator, and the discriminator if it trains one, and logs every loss it used."""
    model = _model()
    before = copy.deepcopy(model.networks.state_dict())
    logs = _updated(component, model)
    after = model.networks.state_dict()
    changed = {key.split(".")[0] for key in after if not torch.equal(after[key], before[key])}
    trained = {"generator", "discriminator"} if "gan/discriminator" in logs else {"generator"}
    assert changed == trained, f"by its logs it trains {sorted(trained)}, and it changed {sorted(changed)}"
    assert {"gan", "pixels"} <= logs.keys(), f"each loss is logged by its name; there are only {sorted(logs)}"
    attached = [name for name, value in logs.items() if value.requires_grad]
    assert not attached, f"logs are detached, which {', '.join(attached)} are not: they would keep the graph"


@check(STEPS)
def uses_each_loss(component: Component) -> None:
    """With another weight of one of its losses, the generator becomes another one."""
    after = []
    for weights in ({}, {"gan": 2.0}, {"pixels": 20.0}):
        torch.manual_seed(0)
        model = _model()
        model.loss_weights |= weights
        _updated(component, model)
        after.append(model.networks["generator"].conv.weight)
    for name, each in zip(("gan", "pixels"), after[1:], strict=True):
        assert not torch.equal(after[0], each), (
            f"the loss {name!r} does not train the generator, whatever its weight"
        )
