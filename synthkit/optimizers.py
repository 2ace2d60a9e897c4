"""Optimisers by their torch names, and the course of the learning rate."""

from collections.abc import Mapping

import torch
from torch import nn
from torch.optim import Optimizer

from synthkit import build
from synthkit.errors import ConfigError

OPTIMIZERS = {"Adam": {"fused": True}, "AdamW": {"fused": True}, "SGD": {"fused": True}, "RMSprop": {}}


class Optimizers(dict):
    """Optimisers by group; asking for a group that the model lacks is a ConfigError."""

    def __missing__(self, group: str) -> Optimizer:
        raise ConfigError(
            f"train.order updates the {group}, and the model has only {', '.join(self)}: "
            f"add model.{group}, or choose another order"
        )


def build_optimizers(section: Mapping, groups: Mapping[str, list[nn.Parameter]]) -> Optimizers:
    """An optimiser for each group of parameters.

    `section` is one set of settings for all groups ({type: Adam, lr: 2e-4}) or one per group
    ({generator: {…}, discriminator: {…}}).
    """
    build.check_mapping(section)
    if not set(section) & set(groups):
        return Optimizers({name: _optimizer(section, parameters) for name, parameters in groups.items()})
    build.check_keys(section, tuple(groups))
    return Optimizers(
        {name: _optimizer(build.need(section, name), parameters) for name, parameters in groups.items()}
    )


def _optimizer(section: Mapping, parameters: list[nn.Parameter]) -> Optimizer:
    build.check_mapping(section)
    kind = section.get("type", "Adam")
    if not isinstance(kind, str) or kind not in OPTIMIZERS:
        choices = ", ".join(OPTIMIZERS)
        raise ConfigError(f"{build.where(section, 'type')}: no optimizer {kind!r}; choose one of {choices}")
    settings = build.without(section, "type")
    other = {"fused", "foreach", "differentiable"} & set(settings)  # they exclude each other
    wired = {} if other else OPTIMIZERS[kind]
    return build.call(getattr(torch.optim, kind), settings, params=parameters, **wired)


def hold_and_decay(step: int, *, steps: int, hold: float = 0.5) -> float:
    """The learning rate's factor at `step` of `steps`: 1 for the share `hold`, then linear towards 0.

    pix2pixHD's schedule, which holds for 100 epochs and decays over 100.
    """
    if not 0 <= hold <= 1:
        raise ValueError(f"hold is {hold}: it must be between 0 and 1")
    start = hold * steps
    return 1.0 if step < start else (steps - step) / max(steps - start, 1)


def set_rate(optimizers: Mapping[str, Optimizer], factor: float) -> None:
    """Set the learning rate of all groups to `factor` times the one they were made with."""
    for optimizer in optimizers.values():
        for group in optimizer.param_groups:
            group["lr"] = factor * group.setdefault("initial_lr", group["lr"])
