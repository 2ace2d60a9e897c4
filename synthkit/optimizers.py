"""Optimisers by their torch names, and how a step updates with them."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grads_with_norm_, get_total_norm
from torch.optim import Optimizer

from synthkit import build
from synthkit.distributed import get_world_size
from synthkit.errors import ConfigError, NotFiniteError, shown

OPTIMIZERS = {"Adam": {"fused": True}, "AdamW": {"fused": True}, "SGD": {"fused": True}, "RMSprop": {}}
SHOWN = 5

Parameters = Sequence[nn.Parameter | tuple[str, nn.Parameter]]


class Optimizers(dict):
    """Optimisers by group, used through `update`.

    Args:
        optimizers: by group, as in `Translator.parameter_groups`.
        clip: the norm to which a group's gradient is shortened where it is longer; None leaves it.

    `part` of `parts` is the micro-batch of a step that accumulates gradients; `norms` holds the norm of each
    group's last gradient before clipping. Asking for a group that the model lacks is a ConfigError.
    """

    def __init__(self, optimizers: Mapping[str, Optimizer], *, clip: float | None = None):
        super().__init__(optimizers)
        self.clip, self.part, self.parts = clip, 1, 1
        self.norms: dict[str, Tensor] = {}

    def __missing__(self, group: str) -> Optimizer:
        raise ConfigError(
            f"train.order updates the {group}, and the model has only {', '.join(self)}: "
            f"add model.{group}, or choose another order"
        )

    def update(self, group: str, losses: Mapping[str, Tensor], *, retain_graph: bool = False) -> None:
        """Step the group's optimiser down the sum of the losses; only its own parameters get gradients.

        In all but the last part of a step the gradients, divided by the number of parts, are kept for the
        next. Raises NotFiniteError, naming terms and parameters, before any parameter is touched, and
        ConfigError for terms that cannot train.
        """
        optimizer = self[group]
        parameters = [p for each in optimizer.param_groups for p in each["params"]]
        if self.part == 1:
            optimizer.zero_grad(set_to_none=True)
        total = _total(group, losses)
        total = total / self.parts if self.parts > 1 else total
        total.backward(inputs=parameters, retain_graph=retain_graph)
        if get_world_size() > 1 and self.part == self.parts:
            _check_all_reached(optimizer)
        norm = get_total_norm([p.grad for p in parameters if p.grad is not None])
        if not torch.isfinite(total + norm):
            raise NotFiniteError(_not_finite(group, losses, optimizer))
        if self.part == self.parts:
            self.norms[group] = norm
            if self.clip is not None:
                clip_grads_with_norm_(parameters, self.clip, norm)
            optimizer.step()

    def set_rate(self, factor: float) -> None:
        """Set the learning rate of all groups to `factor` times the one they were made with."""
        for optimizer in self.values():
            for group in optimizer.param_groups:
                group["lr"] = factor * group.setdefault("initial_lr", group["lr"])

    def rates(self) -> dict[str, float]:
        """The current learning rate of each group."""
        return {name: optimizer.param_groups[0]["lr"] for name, optimizer in self.items()}


def _total(group: str, losses: Mapping[str, Tensor]) -> Tensor:
    """The sum of the terms, each of which must be a scalar tensor, and one of which must have a gradient."""
    for name, loss in losses.items():
        if not isinstance(loss, Tensor) or loss.dim():
            kind = tuple(loss.shape) if isinstance(loss, Tensor) else shown(loss)
            raise ConfigError(f"the loss {name!r} of the {group} gave {kind}, not a scalar tensor")
    if not any(loss.requires_grad for loss in losses.values()):
        terms = f"{', '.join(losses)} depend on none of its weights" if losses else "model.losses has none"
        raise ConfigError(f"no loss trains the {group}: {terms}")
    return sum(losses.values())


def _named(optimizer: Optimizer) -> list[tuple[str, nn.Parameter]]:
    """The optimiser's parameters by name; nameless ones by their place."""
    return [
        (str(name), parameter)
        for each in optimizer.param_groups
        for name, parameter in zip(
            each.get("param_names", range(len(each["params"]))), each["params"], strict=True
        )
    ]


def _check_all_reached(optimizer: Optimizer) -> None:
    """Raise ConfigError where no loss reaches a parameter: several processes would wait for its gradient."""
    if idle := [name for name, parameter in _named(optimizer) if parameter.grad is None]:
        raise ConfigError(
            f"no loss reaches {_few(idle)}: freeze or remove them, or train in a single process"
        )


def _few(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _not_finite(group: str, losses: Mapping[str, Tensor], optimizer: Optimizer) -> str:
    """What is not finite: terms of the loss, else gradients."""
    values = ", ".join(f"{name} = {loss.item()}" for name, loss in losses.items())
    wrong = [name for name, p in _named(optimizer) if p.grad is not None and not torch.isfinite(p.grad).all()]
    gradients = _few(wrong) or "none alone, but their norm"
    return f"not finite in the update of the {group}: {values}; gradients that are not finite: {gradients}"


def build_optimizers(
    section: Mapping, groups: Mapping[str, Parameters], *, clip: float | None = None
) -> Optimizers:
    """An optimiser for each group of parameters.

    `section` holds settings for all groups ({type: Adam, lr: 2e-4}), and under a group's name what is
    different there ({lr: 2e-4, discriminator: {lr: 4e-4}}).

    Keys:
        type: Adam (the default), AdamW, SGD or RMSprop, with the keys and defaults of torch.optim beside it,
            such as lr, betas and weight_decay.
        generator: what is different for the generator and the encoder.
        discriminator: what is different for the discriminator.
    """
    build.check_mapping(section)
    settings = [key for key, value in section.items() if not isinstance(value, Mapping)]
    build.check_keys(build.without(section, *settings), tuple(groups))  # a group that is not there
    shared = build.without(section, *groups)
    made = {}
    for name, parameters in groups.items():
        if not parameters:
            raise ConfigError(f"the {name} has no weights to train")
        own = build.part(section, name)
        made[name] = _optimizer(_laid_over(shared, own), parameters)
    return Optimizers(made, clip=clip)


def _laid_over(shared: Mapping, own: Mapping) -> Mapping:
    if not own:
        return shared
    if not isinstance(shared, build.Section) or not isinstance(own, build.Section):
        return {**shared, **own}
    origins = {**shared.origins, **own.origins}
    return build.Section({**shared, **own}, path=shared.path, origin=shared.origin, origins=origins)


def _optimizer(section: Mapping, parameters: Parameters) -> Optimizer:
    kind = section.get("type", "Adam")
    if not isinstance(kind, str) or kind not in OPTIMIZERS:
        choices = ", ".join(OPTIMIZERS)
        raise ConfigError(f"{build.where(section, 'type')}: no optimizer {kind!r}; choose one of {choices}")
    settings = build.without(section, "type")
    if isinstance(betas := settings.get("betas"), list):  # torch takes no whole numbers, as in [0, 0.9]
        settings["betas"] = [float(each) if type(each) is int else each for each in betas]
    other = {"fused", "foreach"} & set(settings)  # they exclude each other
    wired = {} if other else OPTIMIZERS[kind]
    return build.call(getattr(torch.optim, kind), settings, params=parameters, differentiable=False, **wired)
