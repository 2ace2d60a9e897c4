"""Freezing parts of networks, so that a stage trains the others alone."""

from collections.abc import Sequence

from torch import nn

from synthkit.errors import ConfigError, did_you_mean, listed, shown


def freeze_all_but(networks: nn.ModuleDict, parts: Sequence[str]) -> None:
    """Train only these parts of the networks they belong to; other networks train wholly.

    A part is a network's name, a dot and the path of a module or parameter in it, such as
    generator.enhancers. What is frozen keeps its weights, and its running statistics too: its modules stay in
    evaluation mode. Raises ConfigError for a part that is not there or has no parameters.
    """
    for part in parts:
        _check(networks, part)
    for name in dict.fromkeys(part.partition(".")[0] for part in parts):
        network, inside = networks[name], [part.partition(".")[2] for part in parts if _within(part, name)]
        for path, parameter in network.named_parameters():
            parameter.requires_grad_(any(_within(path, each) for each in inside))
        for module in network.modules():
            if not any(parameter.requires_grad for parameter in module.parameters()):
                module.training = False


def _within(path: str, part: str) -> bool:
    """Whether a dotted path is the part itself or lies in it; the empty part is everything."""
    return not part or f"{path}.".startswith(f"{part}.")


def _check(networks: nn.ModuleDict, part: str) -> None:
    name, _, path = part.partition(".")
    if name not in networks:
        raise ConfigError(f"{shown(part)}: no network {shown(name)}; there are {listed(networks)}")
    parameters = [key for key, _ in networks[name].named_parameters()]
    if not any(_within(key, path) for key in parameters):
        near = {".".join(key.split(".")[:depth]) for key in parameters for depth in (1, 2)}
        known = [f"{name}.{each}" for each in sorted(near)]
        tops = dict.fromkeys(f"{name}.{key.split('.')[0]}" for key in parameters)
        raise ConfigError(
            f"{shown(part)}: the {name} has no such part with weights.{did_you_mean(part, known)} "
            f"Its parts: {listed(tops)}"
        )
